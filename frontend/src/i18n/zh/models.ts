import type { Area } from "../types";

const words: Area<"models"> = {
  title: "模型",
};

export default words;
