"""Preparing batches of windows: the loader of TimeVis, a DataLoader over slices, and a plain copy as the limit."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.contest import contest, peak_memory_mb, ratio, script, serve

ROWS, CHANNELS, CONTEXT, HORIZON, BATCH, BATCHES = 17_544, 862, 720, 96, 256, 40


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


def ours(full: bool) -> None:
    import torch

    from timevis.data.datamodule import WindowDataModule

    values = make_values()
    # libraries are warm: a small module first, so that only this data set's own cost is counted
    small = make_panel(values)
    warm = WindowDataModule(small, context_length=8, horizon=2, max_windows=10)
    warm.gather("train", torch.arange(4))
    before, start = peak_memory_mb(), time.perf_counter()
    data = WindowDataModule(
        make_panel(values), context_length=CONTEXT, horizon=HORIZON, batch_size=BATCH, max_windows=None
    )
    data.gather("train", next(iter(data.train_dataloader())))
    first, extra = time.perf_counter() - start, peak_memory_mb() - before
    loader = data.train_dataloader()

    def work() -> None:
        for _, index in zip(range(BATCHES), loader, strict=False):
            batch = data.gather("train", index)
            if full:
                _ = batch.calendar

    serve(work, units=BATCH * BATCHES, first_batch_seconds=first, extra_memory=extra * 2**20 / values.nbytes)


def peer(full: bool) -> None:
    import pandas as pd
    import torch
    from torch.utils.data import DataLoader, Dataset

    from timevis.data.calendar import calendar_fields

    values = torch.from_numpy(make_values())
    calendar = torch.from_numpy(calendar_fields(pd.date_range("2016-07-01", periods=ROWS, freq="h")))
    origins = int(ROWS * 0.7) - CONTEXT - HORIZON + 1

    class Slices(Dataset):
        def __len__(self) -> int:
            return origins * CHANNELS

        def __getitem__(self, i: int) -> tuple[torch.Tensor | int, ...]:
            start, channel = i // CHANNELS, i % CHANNELS
            middle = start + CONTEXT
            context, target = values[start:middle, channel], values[middle : middle + HORIZON, channel]
            if not full:
                return context, target
            marks = calendar[start : middle + HORIZON]
            return context, torch.isfinite(context), target, torch.isfinite(target), marks, channel, middle

    sampler = torch.utils.data.RandomSampler(Slices(), replacement=True, num_samples=BATCH * BATCHES)
    loader = DataLoader(Slices(), batch_size=BATCH, sampler=sampler)

    def work() -> None:
        for _ in loader:
            pass

    serve(work, units=BATCH * BATCHES)


def limit() -> None:
    import torch

    source = torch.randn(BATCH, CONTEXT + HORIZON)
    target = torch.empty_like(source)

    def work() -> None:
        for _ in range(BATCHES):
            target.copy_(source)

    serve(work, units=BATCH * BATCHES)


def main(rounds: int, threads: int) -> dict[str, float]:
    names = ("ours", "ours-full", "peer", "peer-full", "limit")
    found = contest({name: script("windows", name) for name in names}, rounds, threads)
    mine = found["ours"]
    numbers = {
        "windows_per_second": mine.rate,
        "ratio_peer": ratio(found["peer"], mine),
        "ratio_peer_full": ratio(found["peer-full"], found["ours-full"]),
        "ratio_limit": ratio(mine, found["limit"]),
        "first_batch_seconds": mine.facts["first_batch_seconds"],
        "extra_memory": mine.facts["extra_memory"],
    }
    print(f"  {ROWS} x {CHANNELS} values, context {CONTEXT}, horizon {HORIZON}, batch {BATCH}, shuffled")
    print(f"  ours: {numbers['windows_per_second']:,.0f} windows/s")
    print(f"  against slices of context and target alone: {numbers['ratio_peer']:.1f}x the peer's rate")
    print(f"  against slices of the same fields (masks, calendar): {numbers['ratio_peer_full']:.1f}x (goal 20x)")
    print(f"  {numbers['ratio_limit']:.1f}x the time of copying as many bytes once, hot in cache")
    print(
        f"  first batch {numbers['first_batch_seconds']:.2f} s after the array, "
        f"with {numbers['extra_memory']:.2f}x of the array in further memory (goal 1 s, 0.3x)"
    )
    return numbers


if __name__ == "__main__":
    name, _, kind = sys.argv[1].partition("-")
    limit() if name == "limit" else {"ours": ours, "peer": peer}[name](kind == "full")
