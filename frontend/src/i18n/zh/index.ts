import type { Words } from "../types";
import common from "./common";
import compare from "./compare";
import data from "./data";
import findings from "./findings";
import forecast from "./forecast";
import help from "./help";
import metrics from "./metrics";
import models from "./models";
import problems from "./problems";
import results from "./results";
import service from "./service";
import system from "./system";
import tasks from "./tasks";
import train from "./train";

const words: Words = { common, compare, data, findings, forecast, help, models, problems, results, system, tasks, train };

export default { ...words, metrics, service };
