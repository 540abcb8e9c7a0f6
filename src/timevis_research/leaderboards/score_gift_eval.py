r"""Score a model of TimeVis on GIFT-Eval: writes all_results.csv, which its leaderboard reads.

    python -m timevis_research.leaderboards.score_gift_eval --timevis /path/to/timevis/.venv/bin/python --model lstm
    python -m timevis_research.leaderboards.score_gift_eval --timevis PYTHON --model qwen_patch --datasets m4_weekly \
        model.tune=none

Run this script with the Python of the environment of GIFT-Eval (https://github.com/SalesforceAIResearch/gift-eval,
packages `gift_eval` and `gluonts`), with GIFT_EVAL set to the folder of its data; it does not import TimeVis.
--timevis names the Python of the environment of TimeVis, which fits the model on the rows before the first test
window and forecasts all windows. Windows and metrics are computed by GIFT-Eval and gluonts. Rows that exist are not
computed again. Further arguments are settings as for train.py; they are part of the name of the model.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SHORT = [
    "m4_yearly",
    "m4_quarterly",
    "m4_monthly",
    "m4_weekly",
    "m4_daily",
    "m4_hourly",
    "electricity/15T",
    "electricity/H",
    "electricity/D",
    "electricity/W",
    "solar/10T",
    "solar/H",
    "solar/D",
    "solar/W",
    "hospital",
    "covid_deaths",
    "us_births/D",
    "us_births/M",
    "us_births/W",
    "saugeenday/D",
    "saugeenday/M",
    "saugeenday/W",
    "temperature_rain_with_missing",
    "kdd_cup_2018_with_missing/H",
    "kdd_cup_2018_with_missing/D",
    "car_parts_with_missing",
    "restaurant",
    "hierarchical_sales/D",
    "hierarchical_sales/W",
    "LOOP_SEATTLE/5T",
    "LOOP_SEATTLE/H",
    "LOOP_SEATTLE/D",
    "SZ_TAXI/15T",
    "SZ_TAXI/H",
    "M_DENSE/H",
    "M_DENSE/D",
    "ett1/15T",
    "ett1/H",
    "ett1/D",
    "ett1/W",
    "ett2/15T",
    "ett2/H",
    "ett2/D",
    "ett2/W",
    "jena_weather/10T",
    "jena_weather/H",
    "jena_weather/D",
    "bitbrains_fast_storage/5T",
    "bitbrains_fast_storage/H",
    "bitbrains_rnd/5T",
    "bitbrains_rnd/H",
    "bizitobs_application",
    "bizitobs_service",
    "bizitobs_l2c/5T",
    "bizitobs_l2c/H",
]
MEDIUM_AND_LONG = [
    "electricity/15T",
    "electricity/H",
    "solar/10T",
    "solar/H",
    "kdd_cup_2018_with_missing/H",
    "LOOP_SEATTLE/5T",
    "LOOP_SEATTLE/H",
    "SZ_TAXI/15T",
    "M_DENSE/H",
    "ett1/15T",
    "ett1/H",
    "ett2/15T",
    "ett2/H",
    "jena_weather/10T",
    "jena_weather/H",
    "bitbrains_fast_storage/5T",
    "bitbrains_rnd/5T",
    "bizitobs_application",
    "bizitobs_service",
    "bizitobs_l2c/5T",
    "bizitobs_l2c/H",
]
SHORT_NAMES = {
    "saugeenday": "saugeen",
    "temperature_rain_with_missing": "temperature_rain",
    "kdd_cup_2018_with_missing": "kdd_cup_2018",
    "car_parts_with_missing": "car_parts",
}
METRICS = (
    "MSE[mean]",
    "MSE[0.5]",
    "MAE[0.5]",
    "MASE[0.5]",
    "MAPE[0.5]",
    "sMAPE[0.5]",
    "MSIS",
    "RMSE[mean]",
    "NRMSE[mean]",
    "ND[0.5]",
    "mean_weighted_sum_quantile_loss",
)


def series_of(dataset: Any) -> pd.DataFrame:
    """All rows of a data set but the horizon of the last window, as a long table; ids are numbers in its order."""
    parts = []
    for number, entry in enumerate(dataset.test_data.input):
        item, window = divmod(number, dataset.windows)
        if window == dataset.windows - 1:
            times = pd.period_range(entry["start"], periods=len(entry["target"])).to_timestamp()
            parts.append(pd.DataFrame({"id": f"{item:07d}", "timestamp": times, "target": entry["target"]}))
    return pd.concat(parts, ignore_index=True)


def forecasts_of(dataset: Any, table: pd.DataFrame) -> Iterator[Any]:
    """The forecasts of the table as forecasts of gluonts, in the order of the test windows."""
    from gluonts.model.forecast import QuantileForecast

    columns = [name for name in table if name.startswith("q0")]
    keys = ["mean", *(name[1:] for name in columns)]
    values = table[["point", *columns]].to_numpy(float).reshape(-1, dataset.prediction_length, len(keys))
    for entry, value in zip(dataset.test_data.input, values, strict=True):
        yield QuantileForecast(
            forecast_arrays=np.ascontiguousarray(value.T),
            forecast_keys=keys,
            start_date=entry["start"] + len(entry["target"]),
            item_id=entry.get("item_id"),
        )


def evaluate(dataset: Any, season: int, model: str, overrides: list[str], python: str, folder: Path) -> pd.Series:
    """Let TimeVis forecast the test windows of a data set, and score the forecasts.

    Raises
    ------
    RuntimeError
        TimeVis reports an error.
    """
    from gluonts.ev.metrics import (
        MAE,
        MAPE,
        MASE,
        MSE,
        MSIS,
        ND,
        NRMSE,
        RMSE,
        SMAPE,
        MeanWeightedSumQuantileLoss,
    )
    from gluonts.model import evaluate_forecasts

    folder.mkdir(parents=True, exist_ok=True)
    series_of(dataset).to_parquet(folder / "series.parquet", index=False)
    job = {"model": model, "overrides": overrides, "season": season}
    job |= {"horizon": dataset.prediction_length, "windows": dataset.windows}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    command = [python, "-m", "timevis_research.leaderboards.gift_eval", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        lines = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
        raise RuntimeError(lines[-1] if lines else ended.stderr[-500:])
    levels = [round(0.1 * i, 1) for i in range(1, 10)]
    metrics = [MSE(forecast_type="mean"), MSE(forecast_type=0.5), MAE(), MASE(), MAPE(), SMAPE(), MSIS()]
    metrics += [RMSE(), NRMSE(), ND(), MeanWeightedSumQuantileLoss(quantile_levels=levels)]
    return evaluate_forecasts(
        forecasts_of(dataset, pd.read_parquet(folder / "forecasts.parquet")),
        test_data=dataset.test_data,
        metrics=metrics,
        batch_size=512,
        axis=None,
        mask_invalid_label=True,
        allow_nan_forecast=False,
        seasonality=season,
    ).iloc[0]


def main() -> int:
    """Read the arguments and score the data sets that have no row; the exit code is 1 if one has none at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timevis", required=True, metavar="PYTHON", help="Python of the environment of TimeVis")
    parser.add_argument("--model", required=True, help="a choice of conf/model")
    parser.add_argument("--datasets", type=lambda text: text.split(","), default=SHORT, help="default: all")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: results/timevis_MODEL, with settings")
    parser.add_argument(
        "--properties",
        type=Path,
        default=Path("notebooks/dataset_properties.json"),
        help="domains and numbers of variates of the data sets (default: the file of GIFT-Eval)",
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings as for train.py")
    args = parser.parse_args()
    from gift_eval.data import Dataset
    from gluonts.time_feature import get_seasonality

    properties = json.loads(args.properties.read_text(encoding="utf-8"))
    label = re.sub(r"[^\w.=-]+", "_", "_".join(["timevis", args.model, *args.overrides]))
    out = (args.out or Path("results") / label) / "all_results.csv"
    out.parent.mkdir(parents=True, exist_ok=True)
    rows = pd.read_csv(out) if out.is_file() else pd.DataFrame(columns=["dataset", "model"])
    if others := set(rows["model"]) - {label}:
        parser.error(f"{out} has rows of {', '.join(sorted(others))}, not of {label}; give another folder with --out")
    done = set(rows["dataset"])
    if not out.is_file():
        header = ["dataset", "model", *(f"eval_metrics/{name}" for name in METRICS), "domain", "num_variates"]
        out.write_text(",".join(header) + "\n", encoding="utf-8")
    failures = []
    for name in args.datasets:
        for term in ("short", "medium", "long") if name in MEDIUM_AND_LONG else ("short",):
            key = name.partition("/")[0].lower()
            key = SHORT_NAMES.get(key, key)
            description = properties.get(key)
            if description is None:
                failures.append(name)
                print(f"{name}: {args.properties} has no data set {key}", file=sys.stderr)
                continue
            config = f"{key}/{name.partition('/')[2] or description['frequency']}/{term}"
            if config in done:
                continue
            started = time.monotonic()
            folder = out.parent / "jobs" / config.replace("/", "_")
            try:
                dataset = Dataset(name=name, term=term, to_univariate=False)
                if dataset.target_dim > 1:
                    dataset = Dataset(name=name, term=term, to_univariate=True)
                season = get_seasonality(dataset.freq)
                scores = evaluate(dataset, season, args.model, args.overrides, args.timevis, folder)
            except Exception as error:  # the other data sets continue
                failures.append(config)
                print(f"{config}: {type(error).__name__}: {error}", file=sys.stderr)
                continue
            row = [config, label, *(scores[metric] for metric in METRICS)]
            row += [description["domain"], description["num_variates"]]
            with out.open("a", newline="", encoding="utf-8") as file:
                csv.writer(file).writerow(row)
            print(f"{config}: MASE {scores['MASE[0.5]']:.3f} after {time.monotonic() - started:.0f} s", flush=True)
    if failures:
        print(f"without a row: {', '.join(failures)}", file=sys.stderr)
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
