import type { Area } from "../types";

const words: Area<"models"> = {
  title: "模型",
  text: "所有训练好的模型。技能表示它在测试部分比季节朴素法好多少。",
  search: "按名称搜索",
  allKinds: "所有类型",
  emptyTitle: "还没有模型",
  emptyText: "训练完成后，模型会出现在这里，可用于预测和比较。",
  choose: "选择",
  chooseOne: "选择 {name}",
  forecast: "用所选模型预测",
  compare: "比较所选模型",
  edit: "编辑 {name}",
  editTitle: "名称、标签和备注",
  delete: "删除 {name}",
  deleted: "已删除 {name}。",
  restored: "已恢复 {name}。",
  tags: "标签",
  tagsHelp: "输入标签后按回车",
  notes: "备注",
  column: { name: "名称", kind: "类型", skill: "技能", wql: "测试 WQL", validation: "验证 WQL", fit: "训练时间", created: "创建时间" },
};

export default words;
