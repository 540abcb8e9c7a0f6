import type { Area } from "../types";

const words: Area<"system"> = {
  title: "系统",
  text: "各部分是否正常、存储了什么、完成了多少。",
  health: "健康状况",
  ready: "一切正常",
  notReady: "有部分不能工作",
  works: "正常",
  connected: "已连接",
  free: "可用空间 {size}",
  broken: "不能工作",
  part: { database: "数据库", broker: "消息队列", worker: "工作进程", disk: "磁盘" },
  counts: "数量",
  datasets: "数据集",
  models: "模型",
  tasks: { queued: "等待中的任务", running: "运行中的任务", completed: "已完成的任务", failed: "失败的任务", cancelled: "已取消的任务" },
  storage: "存储",
  kind: { uploads: "上传的文件", datasets: "已读取的数据", runs: "运行与模型", results: "预测", logs: "日志", database: "数据库" },
  throughput: "每日任务数",
  throughputText: "最近 14 天每天结束的任务。",
  throughputLabel: "最近 14 天结束了 {n} 个任务。",
  queueName: { cpu: "训练队列", interactive: "预测与比较队列", gpu: "GPU 训练队列" },
  queueRow: "{queued} 个等待，{running} 个运行",
};

export default words;
