import service from "../../../../src/timevis/messages/zh.json";

import type { Words } from "../types";
import common from "./common";
import compare from "./compare";
import data from "./data";
import forecast from "./forecast";
import help from "./help";
import metrics from "./metrics";
import models from "./models";
import monitors from "./monitors";
import results from "./results";
import system from "./system";
import tasks from "./tasks";
import train from "./train";

const words: Words = { common, compare, data, forecast, help, models, monitors, results, system, tasks, train };

export default { ...words, metrics, service };
