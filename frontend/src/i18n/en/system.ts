export default {
  title: "System",
};
