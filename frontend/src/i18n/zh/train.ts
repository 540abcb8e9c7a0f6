import type { Area } from "../types";

const words: Area<"train"> = {
  title: "训练",
  text: "选择数据和模型。默认值已经合理，其余设置都收起。",
  noData: { title: "没有可用于训练的数据", text: "请先上传文件或使用示例数据。", open: "前往数据页" },
  section: {
    data: "数据",
    model: "模型",
    modelText: "可选一个或多个；多个模型会依次训练并比较。",
    task: "预测什么",
    advanced: "高级设置",
    advancedText: "留空的字段使用所显示的默认值。用逗号分隔的多个值会逐一训练。",
  },
  severalText: "用逗号分隔多个值，会产生多次训练。",
  field: {
    dataset: "数据",
    target: "通道",
    horizon: "预测步数",
    horizonHelp: "向前预测的行数；留空则由频率决定，例如每小时数据的一天。",
    context: "上下文长度",
    contextHelp: "模型读取的过去行数；留空则由频率决定。",
    name: "模型名称",
    seed: "随机种子",
  },
  facts: "{rows} 行，频率 {frequency}，{start} 至 {end}",
  allChannels: "全部",
  split: "划分：训练、验证、测试为 {parts}。",
  recommended: "推荐起点",
  start: "开始训练",
  startSeveral: "开始 {n} 次训练",
  tooMany: "超过了 {n} 次训练；请减少取值。",
  estimate: {
    title: "开始之前",
    time: "约 {low} 至 {high}",
    timeTotal: "总计约 {low} 至 {high}",
    memory: "内存 {memory}",
    steps: "{n} 个训练步",
    checking: "正在检查设置…",
    valid: "设置有效。",
  },
  model: {
    seasonal_naive: { title: "季节朴素法", text: "重复上一个周期，是其他所有模型的基准。", cost: "几秒" },
    linear: { title: "线性模型", text: "从上下文到预测的线性映射，在规律的序列上很难被超越。", cost: "几秒" },
    boosted: { title: "提升树", text: "使用日历和滞后特征的 LightGBM，有协变量时表现强。", cost: "一分钟左右" },
    lstm: { title: "LSTM", text: "一次预测整个区间并给出不确定性的循环网络。", cost: "几分钟" },
    qwen: { title: "Qwen（数字）", text: "把序列当作文本阅读并逐位写出数字的语言模型。", cost: "较长；有 GPU 更好" },
    qwen_patch: { title: "Qwen（分块）", text: "以语言模型为骨干的分块预测器。", cost: "较长；有 GPU 更好" },
  },
};

export default words;
