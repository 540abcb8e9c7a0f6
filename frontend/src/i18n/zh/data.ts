import type { Area } from "../types";

const words: Area<"data"> = {
  title: "数据",
};

export default words;
