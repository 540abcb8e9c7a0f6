import type { Area } from "../types";

const words: Area<"findings"> = {
  title: "数据质量",
};

export default words;
