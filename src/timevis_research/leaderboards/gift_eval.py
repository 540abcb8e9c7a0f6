"""Forecasts of the test windows of GIFT-Eval, for a process that has the package `gluonts`.

GIFT-Eval (Aksu et al. 2024, "GIFT-Eval: A benchmark for general time series forecasting model evaluation") needs
older libraries than TimeVis. So `score_gift_eval.py` runs in the environment of GIFT-Eval and starts this module in
the environment of TimeVis: ``python -m timevis_research.leaderboards.gift_eval FOLDER``. The folder has
``series.parquet`` (a long table: ``id``, ``timestamp``, ``target``; all rows but the horizon of the last window) and
``job.json`` (``model``, ``overrides``, ``horizon``, ``windows``, ``season``). ``forecasts.parquet`` is written.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from timevis.api import train
from timevis.config.stored import override
from timevis.errors import DataError
from timevis.messages import Text
from timevis.utils.levels import QUANTILE_COLUMNS
from timevis.utils.stdout import run_script
from timevis_research.leaderboards.fev_tasks import ID_COLUMN, split_of


def forecast_windows(
    series: pd.DataFrame,
    *,
    model: str,
    overrides: Sequence[str],
    horizon: int,
    windows: int,
    season: int,
    folder: Path,
) -> pd.DataFrame:
    """Fit a model on the rows before the first test window, and forecast all windows.

    Parameters
    ----------
    series : DataFrame
        Columns ``id``, ``timestamp`` and ``target``; each series ends before the horizon of its last window.
    model : str
        A choice of conf/model.
    overrides : sequence of str
        Further settings, as on the command line.
    horizon, windows : int
        Windows follow each other without a gap.
    season : int
        Rows of a season.
    folder : Path
        The run folder, new or empty.

    Returns
    -------
    DataFrame
        `horizon` rows for each id and window, in this order: ``id``, ``window`` (0 is the first), ``timestamp``,
        ``point`` and the quantiles.

    Raises
    ------
    TimeVisError
        The data do not suit the model, or a series has no forecast.
    """
    series = series.astype({ID_COLUMN: str}).sort_values([ID_COLUMN, "timestamp"], kind="stable")
    rows_after = series.groupby(ID_COLUMN).cumcount(ascending=False)
    training = series[rows_after >= (windows - 1) * horizon]
    settings = {
        "id": [ID_COLUMN],
        "time": "timestamp",
        "target": ["target"],
        "season": season,
        "split": split_of(training, horizon, horizon),
    }
    words = [override(f"data.{key}", value) for key, value in settings.items()]
    run = train(training, model, horizon=horizon, overrides=[*words, *overrides], folder=folder, name="gift_eval")
    tables = []
    for window in range(windows):
        past = series[rows_after >= (windows - 1 - window) * horizon]
        forecast = run.predict(past).rename(columns={"channel": ID_COLUMN}).assign(window=window)
        tables.append(forecast[[ID_COLUMN, "window", "timestamp", "point", *QUANTILE_COLUMNS]])
    table = pd.concat(tables, ignore_index=True)
    table[ID_COLUMN] = table[ID_COLUMN].astype(str)
    if series[ID_COLUMN].nunique() == 1:  # the channel of a single series has the name of its column
        table[ID_COLUMN] = series[ID_COLUMN].iloc[0]
    counts = table.groupby([ID_COLUMN, "window"]).size()
    expected = pd.MultiIndex.from_product([series[ID_COLUMN].unique(), range(windows)])
    if len(missing := expected.difference(counts[counts == horizon].index)):
        message = Text("the series {name} has no forecast", name=missing[0][0])
        raise DataError(message, Text("leave the data set out, or take another model"))
    return table.sort_values([ID_COLUMN, "window", "timestamp"], kind="stable", ignore_index=True)


def main() -> int:
    """Carry out the job of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    run = folder / f"run-{time.strftime('%Y%m%d-%H%M%S')}"
    table = forecast_windows(pd.read_parquet(folder / "series.parquet"), folder=run, **job)
    table.to_parquet(folder / "forecasts.parquet", index=False)
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
