import type { Area } from "../types";

const words: Area<"train"> = {
  title: "训练",
};

export default words;
