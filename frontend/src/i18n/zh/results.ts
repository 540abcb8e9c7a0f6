import type { Area } from "../types";

const words: Area<"results"> = {
  title: "结果",
};

export default words;
