export default {
  title: "Results",
};
