export default {
  title: "Data",
};
