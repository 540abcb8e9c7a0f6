"""Write a long table of thousands of synthetic series of counts, or forecast it with another library.

    python scripts/many_series.py table sales.parquet --series 30490 --days 1941      # the size of M5
    python scripts/many_series.py statsforecast sales.parquet                         # seasonal naive
    python scripts/many_series.py neuralforecast sales.parquet --steps 1000           # an LSTM

The libraries are those of requirements-peers.txt. They read the table, fit, and forecast the next 14 days of all
series; they do not score anything. GNU time measures processor time and memory: ``/usr/bin/time -v python ...``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

HORIZON, CONTEXT_LENGTH, SEASON = 14, 56, 7
SERIES_AT_ONCE = 1000
WEEK = np.array([1, 0.9, 0.9, 0.95, 1.1, 1.5, 1.4])
"""Mean of each day of the week, Monday first, relative to Monday."""


def write_table(path: Path, series: int, days: int, seed: int) -> None:
    """Write counts with many zeros, a weekly and a yearly season and a level that drifts, to a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    generator = np.random.default_rng(seed)
    dates = pd.date_range("2011-01-29", periods=days)
    week, year = WEEK[dates.day_of_week], 1 + 0.15 * np.sin(2 * np.pi * np.arange(days) / 365.25)
    writer = None
    for start in range(0, series, SERIES_AT_ONCE):
        count = min(SERIES_AT_ONCE, series - start)
        level = np.exp(generator.normal(-0.3, 1.3, (count, 1)))
        drift = np.exp(np.cumsum(generator.normal(0, 0.01, (count, days)), 1))
        rate = level * drift * week ** generator.normal(1, 0.3, (count, 1)) * year
        rate *= generator.gamma(1.5, 1 / 1.5, (count, days))
        sales = generator.poisson(np.minimum(rate, 400)).astype(np.int16)
        ids = [f"ITEM_{i // 10:05d}_STORE_{i % 10}" for i in range(start, start + count)]
        columns = {
            "id": pa.array(np.repeat(ids, days)),
            "date": pa.array(np.tile(dates.to_numpy().astype("datetime64[D]"), count)),
            "sales": pa.array(sales.ravel()),
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def read_for_nixtla(path: Path) -> pd.DataFrame:
    """The table with the column names of the libraries of Nixtla."""
    frame = pd.read_parquet(path).set_axis(["unique_id", "ds", "y"], axis=1)
    return frame.assign(ds=pd.to_datetime(frame["ds"]), y=frame["y"].astype(np.float32))


def forecast_with_statsforecast(path: Path) -> pd.DataFrame:
    """Seasonal naive of statsforecast."""
    from statsforecast import StatsForecast
    from statsforecast.models import SeasonalNaive

    forecaster = StatsForecast([SeasonalNaive(season_length=SEASON)], freq="D", n_jobs=1)
    return forecaster.forecast(df=read_for_nixtla(path), h=HORIZON, level=[80, 95])


def forecast_with_neuralforecast(path: Path, steps: int) -> pd.DataFrame:
    """The LSTM of neuralforecast with the lengths and the batch size of TimeVis, and nine quantiles."""
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MQLoss
    from neuralforecast.models import LSTM

    model = LSTM(
        h=HORIZON,
        input_size=CONTEXT_LENGTH,
        encoder_hidden_size=128,
        encoder_n_layers=1,
        recurrent=False,
        loss=MQLoss(quantiles=[k / 10 for k in range(1, 10)]),
        max_steps=steps,
        batch_size=128,
        windows_batch_size=128,
        scaler_type="standard",
        random_seed=0,
        logger=False,
        enable_progress_bar=False,
        accelerator="cpu",
    )
    forecaster = NeuralForecast([model], freq="D")
    forecaster.fit(read_for_nixtla(path))
    return forecaster.predict()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["table", "statsforecast", "neuralforecast"])
    parser.add_argument("path", type=Path)
    parser.add_argument("--series", type=int, default=5000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1000, help="training steps of neuralforecast")
    args = parser.parse_args()
    if args.action == "table":
        write_table(args.path, args.series, args.days, args.seed)
    elif args.action == "statsforecast":
        print(forecast_with_statsforecast(args.path).shape)
    else:
        print(forecast_with_neuralforecast(args.path, args.steps).shape)


if __name__ == "__main__":
    main()
