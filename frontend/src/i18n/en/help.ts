export default {
  title: "Help",
};
