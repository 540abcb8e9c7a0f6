/**
 * Label and description of each metric. English is the text of the service itself (GET /api/metric-specs), which is also
 * shown for a metric that has no words here.
 */
const words: Record<string, { label: string; description: string }> = {
  relative_wql: { label: "相对 WQL", description: "WQL 除以季节朴素法在相同窗口上的 WQL；多个通道取几何平均" },
  wql: { label: "WQL", description: "0.1 至 0.9 分位数的加权分位数损失，评价整个分布" },
  sql: { label: "SQL", description: "缩放分位数损失：以训练集上季节朴素法的误差为单位" },
  crps: { label: "CRPS", description: "连续分级概率评分，由各分位数的 pinball 损失计算" },
  mase: { label: "MASE", description: "平均绝对误差除以训练集上季节朴素法的平均绝对误差" },
  mae: { label: "MAE", description: "中位数预测的平均绝对误差" },
  rmse: { label: "RMSE", description: "点预测的均方根误差" },
  wape: { label: "WAPE", description: "绝对误差之和除以真实值绝对值之和" },
  smape: { label: "对称 MAPE", description: "对称平均绝对百分比误差" },
  mse_scaled: { label: "标准化 MSE", description: "按训练集标准化后的均方误差" },
  mae_scaled: { label: "标准化 MAE", description: "按训练集标准化后的平均绝对误差" },
  bias: { label: "偏差", description: "点预测减真实值的均值" },
  coverage_50: { label: "50% 区间覆盖率", description: "落在 50% 区间内的真实值比例" },
  coverage_80: { label: "80% 区间覆盖率", description: "落在 80% 区间内的真实值比例" },
  coverage_95: { label: "95% 区间覆盖率", description: "落在 95% 区间内的真实值比例" },
};

export default words;
