"""results.json of a run: metrics with intervals, and their cost."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from timevis.data.datamodule import WindowDataModule
from timevis.evaluation.backtest import Backtest
from timevis.evaluation.bootstrap import Interval
from timevis.evaluation.error_profile import SavedForecasts, excess_coverage_from_ties
from timevis.evaluation.significance import score_intervals
from timevis.intervals.recalibration_facts import Recalibration
from timevis.models.forecaster import Forecaster
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.runs.results import Cost, Results, RunFacts, WindowSetFacts
from timevis.utils import machine
from timevis.utils.levels import QUANTILE_LEVELS

_PROCESS = Path("/proc/self")


def reset_peak_memory() -> None:
    """Free unused memory and restart the measurement of its peak, where the operating system allows it."""
    machine.release_freed_memory()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with contextlib.suppress(OSError):
        (_PROCESS / "clear_refs").write_text("5")


def peak_memory_mb(device: torch.device) -> float:
    """Peak GPU memory, or on the CPU the peak resident memory of the process, in MiB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        lines = (_PROCESS / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def run_cost(
    forecaster: Forecaster,
    backtest: Backtest,
    device: torch.device,
    *,
    fit_seconds: float | None,
    calibrate_seconds: float | None,
    test_seconds: float,
) -> Cost:
    """The cost section of results.json; one forecast is one window of one channel.

    Parameters
    ----------
    forecaster : Forecaster
    backtest : Backtest
    device : torch.device
    fit_seconds, calibrate_seconds, test_seconds : float
        Wall time of each stage.
    """
    trainable_parameters, parameters = forecaster.parameter_counts()
    return Cost(
        trainable_parameters=trainable_parameters,
        parameters=parameters,
        fit_seconds=fit_seconds and round(fit_seconds, 3),
        calibrate_seconds=calibrate_seconds and round(calibrate_seconds, 3),
        test_seconds=round(test_seconds, 3),
        forecasts_per_second=len(backtest.windows) / max(backtest.seconds, 1e-9),
        peak_memory_mb=round(peak_memory_mb(device), 1),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        threads=torch.get_num_threads(),
    )


def build_results(
    *,
    run: RunFacts,
    datamodule: WindowDataModule,
    backtest: Backtest,
    naive: SeasonalNaive,
    validation: Mapping[str, float | None],
    cost: Cost,
    recalibration: Recalibration | None = None,
) -> Results:
    """Assemble the results of a run.

    Parameters
    ----------
    run : RunFacts
    datamodule : WindowDataModule
    backtest : Backtest
    naive : SeasonalNaive
        The reference of the backtest.
    validation : dict
        Headline metrics on the validation windows; models are selected by its ``relative_wql``.
    cost : Cost
    recalibration : Recalibration, optional

    Raises
    ------
    RuntimeError
        Not every window of the window set was scored.
    """
    split, windows = datamodule.split, backtest.window_set
    if len(backtest.windows) != len(windows):
        raise RuntimeError(
            f"only {len(backtest.windows)} of the {len(windows)} windows in the window set were scored"
        )
    intervals = score_intervals(backtest.windows, backtest.reference_windows, datamodule.horizon)
    channels = datamodule.panel.channels
    overall = backtest.metrics["overall"]
    saved = SavedForecasts.from_tables(backtest.predictions, backtest.windows, datamodule.panel.freq)
    scored_origins = backtest.windows.loc[backtest.windows["count"] > 0, "origin"]
    window_set = WindowSetFacts(
        hash=datamodule.window_set_hash(backtest.split),
        part="test" if backtest.split == "test" else "validation",
        windows=len(windows),
        without_truth=int((backtest.windows["count"] == 0).sum()),
        origins=len(windows.origins),
        origins_with_truth=int(scored_origins.nunique()),
        scored_rows=int(np.ptp(scored_origins)) + datamodule.horizon if len(scored_origins) else 0,
        first_origin=str(datamodule.panel.index[int(windows.origins[0])]),
        last_origin=str(datamodule.panel.index[int(windows.origins[-1])]),
        split_by="series" if split.by_series else "axis",
        series=datamodule.panel.num_series,
        series_not_scored=datamodule.num_series_not_scored,
        borders=None if split.by_series else split.borders.tolist(),
        horizon=datamodule.horizon,
        context_length=datamodule.context_length,
        season=datamodule.season,
        channels=list(channels),
        freq=datamodule.panel.freq,
    )
    return Results.of(
        run=run,
        window_set=window_set,
        interval_method=intervals["method"],
        validation=validation,
        metrics=_with_intervals(overall, intervals["metrics"]),
        seasonal_naive=_with_intervals(backtest.reference_metrics["overall"], intervals["seasonal_naive"]),
        seasonal_naive_season=dict(zip(channels, naive.chosen.tolist(), strict=True)),
        quantile_levels=list(QUANTILE_LEVELS),
        skill={name: value._asdict() for name, value in intervals["skill"].items()},
        recalibration=recalibration,
        coverage_80_from_ties=excess_coverage_from_ties(saved.evenly_spaced),
        by_horizon=backtest.metrics["by_horizon"],
        seasonal_naive_by_horizon=backtest.reference_metrics["by_horizon"],
        by_channel=_by_channel(backtest.metrics, channels),
        seasonal_naive_by_channel=_by_channel(backtest.reference_metrics, channels),
        cost=cost,
    )


def _with_intervals(values: dict[str, float], intervals: dict[str, Interval]) -> dict[str, Any]:
    return {name: intervals[name]._asdict() | {"value": value} for name, value in values.items()}


def _by_channel(metrics: dict[str, Any], channels: tuple[str, ...]) -> dict[str, dict[str, float]]:
    return {c: {name: values[i] for name, values in metrics["by_channel"].items()} for i, c in enumerate(channels)}
