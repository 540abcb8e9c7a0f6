import type { Area } from "../types";

const words: Area<"forecast"> = {
  title: "预测",
};

export default words;
