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
  on: "{what} · {data}",
  cancelling: "正在停止…",
  resume: "继续",
  openResults: "查看结果",
  openForecast: "查看预测",
  openComparison: "查看比较",
  position: "队列中第 {n} 位",
  done: "用时 {duration} 完成",
  cancelledTraining: "已取消。检查点已保留，继续时将从检查点开始。",
  list: {
    kind: "类型",
    state: "状态",
    group: "同一组训练",
    allKinds: "所有类型",
    allStates: "所有状态",
    emptyTitle: "还没有任务",
    emptyText: "训练、预测和比较在运行时显示于此，并会保留。",
  },
  fact: { created: "创建时间", elapsed: "已用时间", left: "剩余时间", step: "步数", epoch: "轮次", attempt: "尝试次数" },
  curve: {
    title: "训练曲线",
    text: "左轴是训练部分的损失，右轴是验证窗口上相对于季节朴素法的 WQL，权重由它选择。越低越好；低于 1 表示优于季节朴素法。",
    train: "训练损失",
    validation: "验证，相对 WQL",
    soon: "最初几步之后曲线就会出现。",
    label: "截至第 {step} 步的训练曲线：训练损失 {train}，验证得分 {validation}。",
  },
  log: { title: "日志", soon: "日志马上开始。", empty: "此任务没有日志。" },
};

export default words;
