"""LSTM training steps: TimeVis as shipped, a bare loop over pre-gathered batches, and neuralforecast's LSTM.

The neuralforecast peer needs an environment of its own: ``make peers`` makes one in .venv-peers.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import serve_rounds, time_ratio, time_workers, worker_command

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
WARMUP, STEPS, BATCH, CONTEXT, HORIZON = 20, 100, 128, 168, 24
SILENT: dict[str, Any] = {
    "accelerator": "cpu",
    **dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False),
}
"""Options of a Trainer that writes and prints nothing."""
# the network of neuralforecast's LSTM, which reads values alone
STEPWISE = ["model.segment_length=1", "model.num_layers=2", "model.hidden_size=128", "model.dropout=0"]
STEPWISE += ["model.calendar=[]", "model.channel_embedding=false", "model.highway=false"]


def config(overrides: list[str]) -> Any:
    """The shipped config of the LSTM on real data, with a fit of a fixed number of steps and no validation."""
    from timevis.config.compose import compose

    return compose(
        [
            "model=lstm",
            "data=electricity",
            "logger=none",
            "callbacks.early_stopping=null",
            f"context_length={CONTEXT}",
            f"horizon={HORIZON}",
            f"model.fit.batch_size={BATCH}",
            f"model.fit.steps_per_epoch={WARMUP + STEPS}",
            "model.fit.max_epochs=1",
            "+trainer.limit_val_batches=0",
            "trainer.accelerator=cpu",
            "trainer.enable_progress_bar=false",
            *overrides,
        ]
    )


def parts(overrides: list[str]) -> tuple[Any, Any, Any]:
    from timevis.data.catalog import load_panel
    from timevis.runs.config import RunConfig
    from timevis.utils.logs import silence_libraries

    silence_libraries()
    cfg = config(overrides)
    run_config = RunConfig.from_config(cfg)
    data = run_config.datamodule(load_panel(run_config.data)[0])
    return cfg, data, lambda: run_config.forecaster(data)


def stopwatch(base: Any) -> Any:
    """A Lightning callback that times the steps after the warm-up."""

    class Stopwatch(base):
        def __init__(self) -> None:
            self.started = self.seconds = 0.0

        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if batch_idx == WARMUP:
                self.started = time.perf_counter()

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            self.seconds = time.perf_counter() - self.started

    return Stopwatch()


def ours(overrides: list[str]) -> None:
    import pytorch_lightning as pl

    from timevis.runs.config import RunConfig
    from timevis.runs.folder import RunFolder
    from timevis.runs.status import Status
    from timevis.training.callbacks.step_hooks import FitClock
    from timevis.training.loggers.metrics_csv import MetricsCsv
    from timevis.training.trainer import make_trainer
    from timevis.utils.interrupts import StopRequest

    cfg, data, forecaster = parts(overrides)

    def work() -> dict[str, float]:
        model = forecaster()
        model.prepare(data)
        with tempfile.TemporaryDirectory() as place:
            folder = RunFolder.create(Path(place) / "run", cfg, [])
            with Status(folder.path, 0.0) as status:
                loggers = [MetricsCsv(folder.path, None)]
                trainer = make_trainer(RunConfig.from_config(cfg), folder, status, StopRequest(), FitClock(), loggers)
                watch = stopwatch(pl.Callback)
                vars(trainer)["callbacks"].append(watch)
                trainer.fit(model, datamodule=data)
                status.finish("completed")
        return {"seconds": watch.seconds}

    serve_rounds(work, units=STEPS * BATCH)


def bare(overrides: list[str]) -> None:
    import torch

    cfg, data, forecaster = parts(overrides)
    batches = []
    for _, index in zip(range(WARMUP + STEPS), data.loader("train", shuffle=True), strict=False):
        batch = data.gather("train", index)
        _ = batch.calendar, batch.covariates
        batches.append(batch)

    def work() -> dict[str, float]:
        model = forecaster()
        model.prepare(data)
        model.train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        for i, batch in enumerate(batches):
            if i == WARMUP:
                started = time.perf_counter()
            optimizer.zero_grad()
            model.loss(batch).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), cfg.model.fit.gradient_clip)
            optimizer.step()
        return {"seconds": time.perf_counter() - started}

    serve_rounds(work, units=STEPS * BATCH)


def neuralforecast() -> None:
    import logging

    import numpy as np
    import pandas as pd
    import pytorch_lightning as pl
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    rows = 18_412  # the training part of electricity
    values = np.random.default_rng(0).normal(size=rows)
    table = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2012", periods=rows, freq="h"), "y": values})

    def work() -> dict[str, float]:
        watch = stopwatch(pl.Callback)
        model = LSTM(
            h=HORIZON,
            input_size=CONTEXT,
            encoder_n_layers=2,
            encoder_hidden_size=128,
            decoder_hidden_size=128,
            decoder_layers=2,
            max_steps=WARMUP + STEPS,
            windows_batch_size=BATCH,
            scaler_type="standard",
            val_check_steps=10**6,
            **SILENT,
            callbacks=[CountedSteps(watch)],
        )
        NeuralForecast(models=[model], freq="h").fit(table)
        return {"seconds": watch.seconds}

    class CountedSteps(pl.Callback):
        """Their epochs have one step each, so steps are counted by the trainer."""

        def __init__(self, watch: Any) -> None:
            self.watch = watch

        def __deepcopy__(self, memo: Any) -> Any:
            # neuralforecast trains a copy of the model, whose callbacks would keep their time to themselves
            return self

        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            self.watch.on_train_batch_start(trainer, pl_module, batch, trainer.global_step)

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            self.watch.on_train_batch_end(trainer, pl_module, outputs, batch, trainer.global_step)

    serve_rounds(work, units=STEPS * BATCH)


def main(rounds: int, threads: int) -> dict[str, float]:
    hidden = config([]).model.hidden_size
    numbers: dict[str, float] = {}
    for name, overrides in (("shipped", []), ("quarter", [f"model.hidden_size={hidden // 4}"])):
        workers = {w: worker_command("lstm_train", w, *overrides) for w in ("ours", "bare")}
        found = time_workers(workers, rounds, threads)
        rate = found["ours"].rate
        numbers |= {
            f"{name}_windows_per_second": rate,
            f"{name}_ratio_bare": time_ratio(found["bare"], found["ours"]),
        }
        print(
            f"  {name} width: {rate:,.0f} windows/s, {numbers[f'{name}_ratio_bare']:.2f} of a bare loop (goal 0.95)"
        )
    if not PEERS.exists():
        print("  neuralforecast is not installed: run `make peers` to compare with it")
        return numbers
    workers = {
        "ours": worker_command("lstm_train", "ours", *STEPWISE),
        "neuralforecast": worker_command("lstm_train", "neuralforecast", python=str(PEERS)),
    }
    found = time_workers(workers, rounds, threads)
    numbers["stepwise_ratio_neuralforecast"] = time_ratio(found["neuralforecast"], found["ours"])
    print(
        f"  stepwise, 2 layers of 128, context {CONTEXT}, horizon {HORIZON}, batch {BATCH}: "
        f"{numbers['stepwise_ratio_neuralforecast']:.2f}x neuralforecast's rate (goal above 1)"
    )
    return numbers


if __name__ == "__main__":
    if sys.argv[1] == "neuralforecast":
        neuralforecast()
    else:
        {"ours": ours, "bare": bare}[sys.argv[1]](sys.argv[2:])
