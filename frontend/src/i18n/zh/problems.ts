import type { Area } from "../types";

const words: Area<"problems"> = {
  "bad-host": "服务不接受这个主机名。",
  "bad-request": "服务无法读取该请求。",
  "broker-unavailable": "无法连接消息队列。请启动 Redis 后重试。",
  conflict: "在当前状态下无法执行：{detail}。",
  "database-unavailable": "数据库无法使用。请重试；服务器日志中有详情。",
  forbidden: "不允许此操作。",
  "idempotency-key-reused": "同一个键已用于另一个请求。",
  "internal-error": "服务出现缺陷，详情见服务器日志。",
  "invalid-data": "数据无法使用：{detail}。",
  "invalid-request": "有一个值不被接受：{detail}。",
  "invalid-run": "模型的文件夹无法使用：{detail}。",
  "method-not-allowed": "服务不提供此操作。",
  "no-result": "该任务还没有结果。",
  "not-found": "不存在，或已被彻底删除。",
  "request-error": "服务拒绝了请求：{detail}。",
  "server-error": "服务未能响应，请重试。",
  "too-large": "文件超过了本服务允许的大小。",
  "too-many-requests": "短时间内请求过多，请稍候。",
  unauthorized: "请求没有有效的令牌。请打开服务启动时显示的链接。",
  "unsupported-media-type": "服务不接受这种类型的内容。",
};

export default words;
