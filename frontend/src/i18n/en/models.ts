export default {
  title: "Models",
};
