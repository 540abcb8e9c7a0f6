import common from "./common";
import compare from "./compare";
import data from "./data";
import forecast from "./forecast";
import help from "./help";
import models from "./models";
import monitors from "./monitors";
import results from "./results";
import system from "./system";
import tasks from "./tasks";
import train from "./train";

export default { common, compare, data, forecast, help, models, monitors, results, system, tasks, train };
