export default {
  title: "Tasks",
  text: "Trainings, forecasts and comparisons: those that run, wait and have ended.",
  active: "{n} running or waiting",
  kind: { train: "Training", predict: "Forecast", compare: "Comparison" },
  state: { queued: "Waiting", running: "Running", completed: "Completed", failed: "Failed", cancelled: "Cancelled" },
  stage: {
    start: "Starting",
    data: "Reading the data",
    prepare: "Preparing",
    fit: "Training",
    calibrate: "Calibrating",
    validate: "Scoring the validation windows",
    test: "Scoring the test windows",
    report: "Writing the report",
  },
};
