"""Speed of batches of windows: WindowDataModule, a DataLoader over slices, and a memory copy as the lower limit."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import peak_memory_mb, serve_rounds, time_ratio, time_workers, worker_command

ROWS, CHANNELS, CONTEXT_LENGTH, HORIZON = 17_544, 862, 720, 96
BATCH_SIZE, BATCHES = 256, 40


def make_values() -> Any:
    import numpy as np

    return np.random.default_rng(0).normal(size=(CHANNELS, ROWS)).astype(np.float32).T


def make_panel(values: Any) -> Any:
    import numpy as np
    import pandas as pd

    from timevis.data.panel import DatasetCard, Panel

    return Panel(
        values=values,
        index=pd.date_range("2016-07-01", periods=ROWS, freq="h"),
        freq="h",
        channels=tuple(str(i) for i in range(CHANNELS)),
        covariates=np.zeros((ROWS, 0), np.float32),
        covariate_names=(),
        covariate_known=(),
        card=DatasetCard("like LTSF Traffic"),
    )


def run_timevis(with_calendar: bool) -> None:
    """Gather batches with WindowDataModule, with contexts, targets and masks."""
    import torch

    from timevis.data.datamodule import WindowDataModule

    values = make_values()
    # warm up the libraries, so that the first batch includes only the cost of this data set
    warmup = WindowDataModule(make_panel(values), context_length=8, horizon=2, max_windows=10)
    warmup.gather("train", torch.arange(4))
    memory_before, start = peak_memory_mb(), time.perf_counter()
    data = WindowDataModule(
        make_panel(values), context_length=CONTEXT_LENGTH, horizon=HORIZON, batch_size=BATCH_SIZE, max_windows=None
    )
    data.gather("train", next(iter(data.train_dataloader())))
    first_batch_seconds = time.perf_counter() - start
    extra_memory = (peak_memory_mb() - memory_before) * 2**20 / values.nbytes
    loader = data.train_dataloader()

    def work() -> None:
        for _, index in zip(range(BATCHES), loader, strict=False):
            batch = data.gather("train", index)
            if with_calendar:
                _ = batch.calendar

    serve_rounds(work, units=BATCH_SIZE * BATCHES, first_batch_seconds=first_batch_seconds, extra_memory=extra_memory)


def run_slices(with_masks: bool) -> None:
    """Collate slices of single windows with a DataLoader, contexts and targets alone or all fields."""
    import pandas as pd
    import torch
    from torch.utils.data import DataLoader, Dataset

    from timevis.data.calendar import calendar_fields

    values = torch.from_numpy(make_values())
    calendar = torch.from_numpy(calendar_fields(pd.date_range("2016-07-01", periods=ROWS, freq="h")))
    origins = int(ROWS * 0.7) - CONTEXT_LENGTH - HORIZON + 1

    class Slices(Dataset):
        def __len__(self) -> int:
            return origins * CHANNELS

        def __getitem__(self, i: int) -> tuple[torch.Tensor | int, ...]:
            start, channel = i // CHANNELS, i % CHANNELS
            origin = start + CONTEXT_LENGTH
            context, target = values[start:origin, channel], values[origin : origin + HORIZON, channel]
            if not with_masks:
                return context, target
            rows = calendar[start : origin + HORIZON]
            return context, torch.isfinite(context), target, torch.isfinite(target), rows, channel, origin

    sampler = torch.utils.data.RandomSampler(Slices(), replacement=True, num_samples=BATCH_SIZE * BATCHES)
    loader = DataLoader(Slices(), batch_size=BATCH_SIZE, sampler=sampler)

    def work() -> None:
        for _ in loader:
            pass

    serve_rounds(work, units=BATCH_SIZE * BATCHES)


def run_copy() -> None:
    """Copy a tensor of the size of a batch."""
    import torch

    source = torch.randn(BATCH_SIZE, CONTEXT_LENGTH + HORIZON)
    target = torch.empty_like(source)

    def work() -> None:
        for _ in range(BATCHES):
            target.copy_(source)

    serve_rounds(work, units=BATCH_SIZE * BATCHES)


WORKERS = {
    "timevis": lambda: run_timevis(with_calendar=False),
    "timevis-full": lambda: run_timevis(with_calendar=True),
    "slices": lambda: run_slices(with_masks=False),
    "slices-full": lambda: run_slices(with_masks=True),
    "copy": run_copy,
}


def main(rounds: int, threads: int) -> dict[str, float]:
    workers = time_workers({name: worker_command("windows", name) for name in WORKERS}, rounds, threads)
    timevis = workers["timevis"]
    numbers = {
        "windows_per_second": timevis.rate,
        "ratio_peer": time_ratio(workers["slices"], timevis),
        "ratio_peer_full": time_ratio(workers["slices-full"], workers["timevis-full"]),
        "ratio_limit": time_ratio(timevis, workers["copy"]),
        "first_batch_seconds": timevis.facts["first_batch_seconds"],
        "extra_memory": timevis.facts["extra_memory"],
    }
    print(f"  {ROWS} x {CHANNELS} values, context {CONTEXT_LENGTH}, horizon {HORIZON}, batch size {BATCH_SIZE}")
    print(f"  TimeVis: {numbers['windows_per_second']:,.0f} windows/s")
    print(f"  {numbers['ratio_peer']:.1f}x the rate of slices of context and target")
    print(f"  {numbers['ratio_peer_full']:.1f}x the rate of slices of all fields, with masks and calendar (goal 20x)")
    print(f"  {numbers['ratio_limit']:.1f}x the time of copying the same number of bytes within the cache")
    print(
        f"  first batch {numbers['first_batch_seconds']:.2f} s after the array is in memory (goal 1 s), "
        f"additional memory {numbers['extra_memory']:.2f}x the array (goal 0.3x)"
    )
    return numbers


if __name__ == "__main__":
    WORKERS[sys.argv[1]]()
