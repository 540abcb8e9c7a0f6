export default {
  title: "Forecast",
};
