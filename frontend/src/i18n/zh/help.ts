import type { Area } from "../types";

const words: Area<"help"> = {
  title: "帮助",
};

export default words;
