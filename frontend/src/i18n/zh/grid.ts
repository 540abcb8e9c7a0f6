import type { Area } from "../types";

const words: Area<"grid"> = {
  title: "所有序列",
  ofData: "每条序列的缺失值和异常值。选择一条，即可在上方查看。",
  ofModel: "每条序列的平均绝对误差，以及相对季节朴素法的改进。误差来自 {model}。",
  ofResults: "每条序列的平均绝对误差，以及其 WQL 比季节朴素法低多少。选择一条即可查看整个评分时段。",
  label: "{n} 条序列",
  search: "按名称搜索",
  sort: "排序",
  ascending: "从小到大；点击反转顺序",
  descending: "从大到小；点击反转顺序",
  by: {
    position: "文件中的顺序",
    channel: "名称",
    skill: "优于季节朴素法",
    mae: "误差（MAE）",
    missing: "缺失值",
    outliers: "异常值",
    mean: "均值",
  },
  mean: "均值",
  missingCount: "缺失 {n} 个",
  outlierCount: "异常 {n} 个",
  moreColumns: "另有 {n} 列",
  comma: "，",
  results: "结果",
  resultsOf: "{channel} 的结果",
};

export default words;
