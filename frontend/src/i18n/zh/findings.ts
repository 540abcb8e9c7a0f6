import type { Area } from "../types";

const words: Area<"findings"> = {
  averaged_duplicates: "{rows} 行与同一时间的另一行取值不同，已取平均：{places}。",
  card_note: "数据卡的备注：{note}。",
  declared_defect: "数据卡声明，{start} 至 {end}：{reason}；{masked} 个值被屏蔽。",
  filled_duplicates: "{rows} 行补全了同一时间另一行的缺失值：{places}。",
  gaps: "{count} 处缺口共 {rows} 行没有值，最长的缺口为 {longest} 行。最长者在前（附行数）：{places}。缺口不会被填补。",
  identical_duplicates: "{rows} 行与同一时间的另一行完全相同，已删除：{places}。",
  missing_values: "缺失 {values} 个值：{channels}。训练和评分会忽略它们。",
  outliers: "{channel}：{count} 个异常值，其中 {masked} 个不参与训练：{places}。",
  outliers_kept: "{channel}：{count} 个异常值：{places}。它们被保留。如果是错误，请更正文件，或在训练时将异常值视为缺失。",
  outliers_in_other_channels: "其他 {channels} 个通道中有 {count} 个异常值。",
  rows_left_out_of_grid: "{rows} 行位于时间网格的两步之间，未被采用。",
  rows_moved_to_grid: "{rows} 行略微偏离规则的时间网格，已移至网格上。",
  sentinels: "{column} 列有 {count} 个单元格表示缺失：{cells}。",
  unsorted_rows: "各行未按时间排序，已重新排序。",
  unused_columns: "未使用的列：{columns}。",
};

export default words;
