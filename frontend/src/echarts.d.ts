declare module "echarts/lib/i18n/langZH.js" {
  const words: Record<string, unknown>;
  export default words;
}
