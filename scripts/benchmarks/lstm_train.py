"""Speed of LSTM training: a TimeVis run, a bare loop over prepared batches, and neuralforecast's LSTM.

neuralforecast runs in a separate environment, .venv-peers, which ``make peers`` creates.
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
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
WARMUP_STEPS, STEPS, BATCH_SIZE, CONTEXT_LENGTH, HORIZON = 20, 100, 128, 168, 24
SILENT: dict[str, Any] = {
    "accelerator": "cpu",
    **dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False),
}
"""Options of a Trainer that writes and prints nothing."""
# a network of the size of neuralforecast's LSTM, which reads only values
STEPWISE = ["model.segment_length=1", "model.num_layers=2", "model.hidden_size=128", "model.dropout=0"]
STEPWISE += ["model.calendar=[]", "model.channel_embedding=false", "model.highway=false"]


def config(overrides: list[str]) -> Any:
    """The default config of the LSTM on electricity, with a fixed number of training steps and no validation."""
    from timevis.config.compose import compose

    return compose(
        [
            "model=lstm",
            "data=electricity",
            "logger=none",
            "callbacks.early_stopping=null",
            f"context_length={CONTEXT_LENGTH}",
            f"horizon={HORIZON}",
            f"model.fit.batch_size={BATCH_SIZE}",
            f"model.fit.steps_per_epoch={WARMUP_STEPS + STEPS}",
            "model.fit.max_epochs=1",
            "trainer.check_val_every_n_epoch=2",  # more than max_epochs, so that no validation runs
            "trainer.accelerator=cpu",
            "trainer.enable_progress_bar=false",
            *overrides,
        ]
    )


def load(overrides: list[str]) -> tuple[Any, Any, Any]:
    """The config, its data module, and a function that builds its forecaster."""
    from timevis.data.catalog import load_panel
    from timevis.runs.config import RunConfig
    from timevis.utils.logs import silence_libraries

    silence_libraries()
    cfg = config(overrides)
    run_config = RunConfig.from_config(cfg)
    data = run_config.datamodule(load_panel(run_config.data)[0])
    return cfg, data, lambda: run_config.forecaster(data)


def stopwatch(base: Any) -> Any:
    """A callback that times the steps after the warm-up; `base` is the Callback class of Lightning."""

    class Stopwatch(base):
        def __init__(self) -> None:
            self.started = self.seconds = 0.0

        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if batch_idx == WARMUP_STEPS:
                self.started = time.perf_counter()

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            self.seconds = time.perf_counter() - self.started

    return Stopwatch()


def run_timevis(overrides: list[str]) -> None:
    """Train as `train.py` does, with its callbacks, its loggers and a run folder."""
    import pytorch_lightning as pl

    from timevis.runs.config import RunConfig
    from timevis.runs.folder import RunFolder
    from timevis.runs.status import Status
    from timevis.training.callbacks.step_hooks import FitClock
    from timevis.training.loggers.open_loggers import MetricsCsv
    from timevis.training.trainer import make_trainer
    from timevis.utils.interrupts import StopRequest

    cfg, data, forecaster = load(overrides)

    def work() -> dict[str, float]:
        model = forecaster()
        model.prepare(data)
        with tempfile.TemporaryDirectory() as parent:
            folder = RunFolder.create(Path(parent) / "run", cfg, [])
            with Status(folder.path, 0.0) as status:
                loggers = [MetricsCsv(folder.path, None)]
                trainer = make_trainer(RunConfig.from_config(cfg), folder, status, StopRequest(), FitClock(), loggers)
                watch = stopwatch(pl.Callback)
                trainer.callbacks.append(watch)  # type: ignore[attr-defined]
                trainer.fit(model, datamodule=data)
                status.finish("completed")
        return {"seconds": watch.seconds}

    serve_rounds(work, units=STEPS * BATCH_SIZE)


def run_bare_loop(overrides: list[str]) -> None:
    """Train the same model in a loop over batches that are in memory."""
    import torch

    cfg, data, forecaster = load(overrides)
    batches = []
    for _, index in zip(range(WARMUP_STEPS + STEPS), data.loader("train", shuffle=True), strict=False):
        batch = data.gather("train", index)
        _ = batch.calendar, batch.covariates
        batches.append(batch)

    def work() -> dict[str, float]:
        model = forecaster()
        model.prepare(data)
        model.train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        for i, batch in enumerate(batches):
            if i == WARMUP_STEPS:
                started = time.perf_counter()
            optimizer.zero_grad()
            model.loss(batch).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), cfg.model.fit.gradient_clip)
            optimizer.step()
        return {"seconds": time.perf_counter() - started}

    serve_rounds(work, units=STEPS * BATCH_SIZE)


def run_neuralforecast() -> None:
    """Train neuralforecast's LSTM on random values of the same length."""
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
            input_size=CONTEXT_LENGTH,
            encoder_n_layers=2,
            encoder_hidden_size=128,
            decoder_hidden_size=128,
            decoder_layers=2,
            max_steps=WARMUP_STEPS + STEPS,
            windows_batch_size=BATCH_SIZE,
            scaler_type="standard",
            val_check_steps=10**6,
            **SILENT,
            callbacks=[CountedSteps(watch)],
        )
        NeuralForecast(models=[model], freq="h").fit(table)
        return {"seconds": watch.seconds}

    class CountedSteps(pl.Callback):
        """Passes the global step as batch number, since an epoch of neuralforecast has one step."""

        def __init__(self, watch: Any) -> None:
            self.watch = watch

        def __deepcopy__(self, memo: Any) -> Any:
            # neuralforecast trains a copy of the model; its callback must be this object, whose time is read
            return self

        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            self.watch.on_train_batch_start(trainer, pl_module, batch, trainer.global_step)

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            self.watch.on_train_batch_end(trainer, pl_module, outputs, batch, trainer.global_step)

    serve_rounds(work, units=STEPS * BATCH_SIZE)


def main(rounds: int, threads: int) -> dict[str, float]:
    hidden_size = config([]).model.hidden_size
    numbers: dict[str, float] = {}
    for name, overrides in (("shipped", []), ("quarter", [f"model.hidden_size={hidden_size // 4}"])):
        commands = {w: worker_command("lstm_train", w, *overrides) for w in ("timevis", "bare-loop")}
        workers = time_workers(commands, rounds, threads)
        rate, ratio = workers["timevis"].rate, time_ratio(workers["bare-loop"], workers["timevis"])
        numbers |= {f"{name}_windows_per_second": rate, f"{name}_ratio_bare": ratio}
        print(f"  {name} width: {rate:,.0f} windows/s, {ratio:.2f} of the rate of a bare loop (goal 0.95)")
    if not PEERS_PYTHON.exists():
        print("  neuralforecast is not installed; run `make peers` to compare with it")
        return numbers
    commands = {
        "timevis": worker_command("lstm_train", "timevis", *STEPWISE),
        "neuralforecast": worker_command("lstm_train", "neuralforecast", python=str(PEERS_PYTHON)),
    }
    workers = time_workers(commands, rounds, threads)
    numbers["stepwise_ratio_neuralforecast"] = time_ratio(workers["neuralforecast"], workers["timevis"])
    print(
        f"  stepwise, 2 layers of 128, context {CONTEXT_LENGTH}, horizon {HORIZON}, batch size {BATCH_SIZE}: "
        f"{numbers['stepwise_ratio_neuralforecast']:.2f}x the rate of neuralforecast (goal above 1)"
    )
    return numbers


if __name__ == "__main__":
    if sys.argv[1] == "neuralforecast":
        run_neuralforecast()
    else:
        {"timevis": run_timevis, "bare-loop": run_bare_loop}[sys.argv[1]](sys.argv[2:])
