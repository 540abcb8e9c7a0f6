import type { Area } from "../types";

const words: Area<"system"> = {
  title: "系统",
};

export default words;
