import type { Area } from "../types";

const words: Area<"tasks"> = {
  title: "任务",
  text: "正在运行、等待中和已结束的训练、预测与比较。",
  active: "{n} 个正在运行或等待",
  kind: { train: "训练", predict: "预测", compare: "比较" },
  state: { queued: "等待中", running: "运行中", completed: "已完成", failed: "失败", cancelled: "已取消" },
  stage: {
    start: "启动",
    data: "读取数据",
    prepare: "准备",
    fit: "训练",
    calibrate: "校准",
    validate: "在验证窗口上评分",
    test: "在测试窗口上评分",
    report: "撰写报告",
  },
};

export default words;
