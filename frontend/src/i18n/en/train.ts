export default {
  title: "Train",
};
