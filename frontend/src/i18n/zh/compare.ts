import type { Area } from "../types";

const words: Area<"compare"> = {
  title: "比较",
};

export default words;
