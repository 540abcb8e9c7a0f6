"""Measure the cost of a run: parameters, wall time, memory, speed and device."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

import torch

from timevis.evaluation.backtest import Backtest
from timevis.models.forecaster import Forecaster
from timevis.runs.results import Cost
from timevis.utils import memory

_PROCESS = Path("/proc/self")


def reset_peak_memory() -> None:
    """Free unused memory and restart the measurement of its peak, where the operating system allows it."""
    memory.release_freed_memory()
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
