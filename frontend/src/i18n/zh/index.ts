import type { Words } from "../types";
import common from "./common";
import compare from "./compare";
import data from "./data";
import forecast from "./forecast";
import grid from "./grid";
import help from "./help";
import models from "./models";
import monitors from "./monitors";
import results from "./results";
import search from "./search";
import system from "./system";
import tasks from "./tasks";
import train from "./train";
import users from "./users";

const words: Words = { common, compare, data, forecast, grid, help, models, monitors, results, search, system, tasks, train, users };

export default words;
