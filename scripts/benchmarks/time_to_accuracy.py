"""Training time of the LSTM until its error equals the errors of the linear model and of a tuned neuralforecast LSTM.

The data set is ETTh1. Both LSTMs have the same training part, context, horizon, hours and weekdays, and learn all
quantiles with the pinball loss. Their error is that loss on the same validation windows, in standard deviations of
the training part. neuralforecast uses the best of three learning rates after 300 steps, and 1000 steps if they are
better; only the time of the best fit counts. TimeVis uses its default config, and its error is computed every 20
steps. The time of computing errors is excluded for both.

neuralforecast runs in a separate environment, .venv-peers, which ``make peers`` creates.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.lstm_train import PEERS_PYTHON, SILENT, config
from benchmarks.timing import run_once, send_answer, worker_command

CONTEXT_LENGTH, HORIZON = 168, 24
ORIGIN_STRIDE = 24
"""Rows between the origins of the scored windows."""
SCORE_INTERVAL = 20
"""Training steps of TimeVis between two errors."""
# copied from timevis.models.forecaster, which is not installed in the environment of neuralforecast
QUANTILE_LEVELS = (0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975)
LEARNING_RATES = (1e-3, 3e-3, 1e-2)
SHORT_FIT_STEPS, LONG_FIT_STEPS = 300, 1000
"""Of neuralforecast: steps with each learning rate, and steps with the best one."""


def quantile_error(quantiles: np.ndarray, target: np.ndarray) -> float:
    """Twice the mean pinball loss of quantiles [N, Q, H] and targets [N, H]."""
    error = target[:, None] - quantiles
    level = np.array(QUANTILE_LEVELS)[None, :, None]
    return float(2 * np.maximum(level * error, (level - 1) * error).mean())


def config_and_data() -> tuple[Any, Any]:
    """The config of the LSTM on ETTh1 and its data module."""
    from timevis.data.catalog import load_panel
    from timevis.runs.config import RunConfig
    from timevis.utils.logs import silence_libraries

    silence_libraries()
    cfg = config(
        [
            "data=etth1",
            "callbacks.early_stopping=null",
            "model.fit.steps_per_epoch=300",
            "evaluation.val_windows=null",
        ]
    )
    cfg.model.fit.max_epochs = 20
    run_config = RunConfig.from_config(cfg)
    data = run_config.datamodule(load_panel(run_config.data)[0])
    data.setup("fit")
    return cfg, data


def exported_data(data: Any) -> dict[str, Any]:
    """Standardised values of training and validation, for neuralforecast."""
    panel, split = data.panel, data.split
    values = (panel.values[: split.val_end] - data.scaler.mean) / data.scaler.std
    return {
        "values": values.astype(float).tolist(),
        "start": str(panel.index[0]),
        "train_end": split.train_end,
        "channels": list(panel.channels),
    }


def scored_origins(train_end: int, val_end: int) -> np.ndarray:
    """First rows of the targets of the scored validation windows."""
    return np.arange(train_end, val_end - HORIZON + 1, ORIGIN_STRIDE)


class ValidationError:
    """Computes the error of a forecaster on the scored windows, and sums up the seconds that this takes."""

    def __init__(self, data: Any) -> None:
        import torch

        origins = torch.from_numpy(scored_origins(data.split.train_end, data.split.val_end))
        origin, channel = origins.repeat_interleave(data.num_channels), torch.arange(data.num_channels)
        self.batch = data.series.gather(origin, channel.repeat(len(origins)), data.context_length, data.horizon)
        self.seconds = 0.0

    def __call__(self, model: Any) -> float:
        import torch

        started, was_training = time.perf_counter(), model.training
        model.eval()
        with torch.no_grad():
            forecast = model.forecast(self.batch)
            mean, std = model.scale(self.batch.channel)
            quantiles = (forecast.quantiles - mean.unsqueeze(1)) / std.unsqueeze(1)
            target = (self.batch.target - mean) / std
        model.train(was_training)
        self.seconds += time.perf_counter() - started
        return quantile_error(quantiles.numpy(), target.numpy())


def seconds_to_reach(goals: dict[str, float]) -> dict[str, float]:
    """Train the LSTM of TimeVis and return the seconds until its error is at most each goal, if it is."""
    import pytorch_lightning as pl

    from timevis.runs.config import RunConfig

    cfg, data = config_and_data()
    validation_error, seconds = ValidationError(data), {}

    class StopAtGoals(pl.Callback):
        started = 0.0

        def on_train_start(self, trainer: Any, module: Any) -> None:
            self.started = time.perf_counter()

        def on_train_batch_end(self, trainer: Any, module: Any, *args: Any) -> None:
            if trainer.global_step % SCORE_INTERVAL:
                return
            training_seconds = time.perf_counter() - self.started - validation_error.seconds
            error = validation_error(module)
            for name, goal in goals.items():
                if error <= goal and name not in seconds:
                    seconds[name] = training_seconds
            trainer.should_stop = len(seconds) == len(goals)

    model = RunConfig.from_config(cfg).forecaster(data)
    model.prepare(data)
    trainer = pl.Trainer(
        max_epochs=cfg.model.fit.max_epochs,
        limit_train_batches=cfg.model.fit.steps_per_epoch,
        gradient_clip_val=cfg.model.fit.gradient_clip,
        limit_val_batches=0,
        **SILENT,
        callbacks=[StopAtGoals()],
    )
    trainer.fit(model, datamodule=data)
    return seconds


def linear_error() -> float:
    """Validation error of the linear model."""
    from timevis.runs.config import RunConfig

    _, data = config_and_data()
    cfg = config(["data=etth1", "model=linear"])
    model = RunConfig.from_config(cfg).forecaster(data)
    model.prepare(data)
    model.calibrate(data)
    return ValidationError(data)(model)


def best_neuralforecast_fit(data_file: str) -> dict[str, float]:
    """The best learning rate and number of steps of neuralforecast's LSTM, with the error and seconds of that fit."""
    import logging

    import pandas as pd
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MQLoss
    from neuralforecast.models import LSTM

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    data = json.loads(Path(data_file).read_text())
    values, train_end = np.array(data["values"]), data["train_end"]
    times = pd.date_range(data["start"], periods=len(values), freq="h")
    calendar = calendar_waves(times)
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": times, "y": values[:, i], **calendar})
        for i, name in enumerate(data["channels"])
    )
    origins = scored_origins(train_end, len(values))
    target = np.stack([values[o : o + HORIZON].T for o in origins]).reshape(-1, HORIZON)

    def fit(learning_rate: float, steps: int) -> dict[str, float]:
        model = LSTM(
            h=HORIZON,
            input_size=CONTEXT_LENGTH,
            loss=MQLoss(quantiles=list(QUANTILE_LEVELS)),
            learning_rate=learning_rate,
            max_steps=steps,
            num_lr_decays=3,
            scaler_type="robust",
            futr_exog_list=list(calendar),
            windows_batch_size=128,
            val_check_steps=10**6,
            **SILENT,
        )
        forecaster = NeuralForecast(models=[model], freq="h")
        started = time.perf_counter()
        forecaster.fit(frame[frame["ds"] < times[train_end]])
        seconds = time.perf_counter() - started
        error = quantile_error(rolling_quantiles(forecaster, frame, times, origins), target)
        message = f"learning rate {learning_rate:g}, {steps} steps: error {error:.4f} in {seconds:.0f} s"
        print(f"  neuralforecast LSTM, {message}", file=sys.stderr, flush=True)
        return {"rate": learning_rate, "steps": steps, "error": error, "seconds": seconds}

    short = min((fit(rate, SHORT_FIT_STEPS) for rate in LEARNING_RATES), key=lambda fitted: fitted["error"])
    return min(short, fit(short["rate"], LONG_FIT_STEPS), key=lambda fitted: fitted["error"])


def calendar_waves(times: Any) -> dict[str, np.ndarray]:
    """Sine and cosine of hour and weekday, since neuralforecast's LSTM has no embeddings."""
    cycles = {"hour": times.hour / 24, "weekday": times.day_of_week / 7}
    return {
        f"{name}_{wave.__name__}": wave(2 * np.pi * np.asarray(cycle))
        for name, cycle in cycles.items()
        for wave in (np.sin, np.cos)
    }


def rolling_quantiles(forecaster: Any, frame: Any, times: Any, origins: np.ndarray) -> np.ndarray:
    """Quantiles [N, Q, H] of all origins and series, each forecast from the context before its origin."""
    parts, horizon = [], HORIZON * (times[1] - times[0])
    for origin in origins:
        start = times[origin]
        past = frame[(frame["ds"] < start) & (frame["ds"] >= times[origin - CONTEXT_LENGTH])]
        future = frame[(frame["ds"] >= start) & (frame["ds"] < start + horizon)]
        forecast = forecaster.predict(df=past, futr_df=future.drop(columns="y"))
        columns = [c for c in forecast.columns if c not in ("unique_id", "ds")]
        forecast = forecast.set_index("unique_id")
        parts.append(np.stack([forecast.loc[name, columns].to_numpy().T for name in frame["unique_id"].unique()]))
    return np.concatenate(parts)


def main(rounds: int, threads: int) -> dict[str, float]:
    goals = {"linear": run_once(worker_command("time_to_accuracy", "linear"), threads)}
    numbers = {"linear_error": goals["linear"]}
    if PEERS_PYTHON.exists():
        with tempfile.TemporaryDirectory() as folder:
            data_file = Path(folder) / "data.json"
            data_file.write_text(json.dumps(exported_data(config_and_data()[1])))
            command = worker_command("time_to_accuracy", "neuralforecast", str(data_file), python=str(PEERS_PYTHON))
            best = run_once(command, threads)
        goals["neuralforecast"] = best["error"]
        numbers |= {"neuralforecast_error": best["error"], "neuralforecast_seconds": best["seconds"]}
    else:
        print("  neuralforecast is not installed; run `make peers` to compare with it")
    reached = run_once(worker_command("time_to_accuracy", "timevis", json.dumps(goals)), threads)
    for name, goal in goals.items():
        seconds = reached.get(name, float("nan"))
        duration = f"{seconds:.1f} s of training" if name in reached else "not reached"
        print(f"  error of {name} ({goal:.4f}): {duration}")
        numbers[f"seconds_to_{name}"] = seconds
    if "neuralforecast" in reached:
        numbers["ratio_neuralforecast"] = numbers["neuralforecast_seconds"] / reached["neuralforecast"]
        print(f"  neuralforecast takes {numbers['ratio_neuralforecast']:.1f} times as long (goal 10)")
    return numbers


if __name__ == "__main__":
    if sys.argv[1] == "neuralforecast":
        send_answer(best_neuralforecast_fit(sys.argv[2]))
    elif sys.argv[1] == "linear":
        send_answer(linear_error())
    else:
        send_answer(seconds_to_reach(json.loads(sys.argv[2])))
