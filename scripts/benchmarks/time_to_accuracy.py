"""How long the shipped LSTM trains until it is as good as a tuned neuralforecast LSTM ends up being, on ETTh1.

Both read the same training part, context, hour, weekday and horizon, learn all quantiles by the pinball loss, and are
scored by that loss on the same validation windows, in deviations of the training part. The peer's learning rate is
the best of three after 300 steps by that very score, and is then tried for 1000 steps; only the fit that won counts
as its time. Ours is the shipped config, stopped at the first look (every 20 steps) that is as good. The time of
looking is taken out on both sides.

The peer needs an environment of its own: ``make peers`` makes one in .venv-peers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.lstm_train import PEERS, SILENT, config
from benchmarks.timing import worker_command

CONTEXT, HORIZON, EVERY, LOOK = 168, 24, 24, 20
# those of timevis.models.forecaster, which the peer's environment does not have
LEVELS = (0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975)
RATES, SHORT, LONG = (1e-3, 3e-3, 1e-2), 300, 1000


def score(quantiles: np.ndarray, truth: np.ndarray) -> float:
    """Twice the mean pinball loss of quantiles [N, Q, H] against truths [N, H]."""
    error = truth[:, None] - quantiles
    level = np.array(LEVELS)[None, :, None]
    return float(2 * np.maximum(level * error, (level - 1) * error).mean())


def data_and_config() -> tuple[Any, Any]:
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


def table(data: Any) -> dict[str, Any]:
    """Standardised values up to the end of validation, and the borders, for the peer."""
    panel, split = data.panel, data.split
    values = (panel.values[: split.val_end] - data.scaler.mean) / data.scaler.std
    return {
        "values": values.astype(float).tolist(),
        "start": str(panel.index[0]),
        "train_end": split.train_end,
        "channels": list(panel.channels),
    }


def origins(train_end: int, val_end: int) -> np.ndarray:
    return np.arange(train_end, val_end - HORIZON + 1, EVERY)


class Judge:
    """Scores a forecaster on the validation windows and keeps the time that this takes."""

    def __init__(self, data: Any) -> None:
        import torch

        rows = torch.from_numpy(origins(data.split.train_end, data.split.val_end))
        windows = data.windows["val"]
        every = data.gather("val", torch.arange(len(windows)))
        self.batch = data.gather("val", torch.nonzero(torch.isin(every.origin, rows)).flatten())
        self.seconds = 0.0

    def __call__(self, model: Any) -> float:
        import torch

        started, training = time.perf_counter(), model.training
        model.eval()
        with torch.no_grad():
            found = model.forecast(self.batch)
            mean, std = model.scale(self.batch.channel)
            quantiles = (found.quantiles - mean.unsqueeze(1)) / std.unsqueeze(1)
            truth = (self.batch.target - mean) / std
        model.train(training)
        self.seconds += time.perf_counter() - started
        return score(quantiles.numpy(), truth.numpy())


def ours(goals: dict[str, float]) -> dict[str, float]:
    """Seconds of training until each goal is met."""
    import pytorch_lightning as pl

    from timevis.runs.config import RunConfig

    cfg, data = data_and_config()
    judge, reached = Judge(data), {}

    class Look(pl.Callback):
        started = 0.0

        def on_train_start(self, trainer: Any, module: Any) -> None:
            self.started = time.perf_counter()

        def on_train_batch_end(self, trainer: Any, module: Any, *args: Any) -> None:
            if trainer.global_step % LOOK:
                return
            now = time.perf_counter() - self.started - judge.seconds
            error = judge(module)
            for name, goal in goals.items():
                if error <= goal and name not in reached:
                    reached[name] = now
            trainer.should_stop = len(reached) == len(goals)

    model = RunConfig.from_config(cfg).forecaster(data)
    model.prepare(data)
    trainer = pl.Trainer(
        max_epochs=cfg.model.fit.max_epochs,
        limit_train_batches=cfg.model.fit.steps_per_epoch,
        gradient_clip_val=cfg.model.fit.gradient_clip,
        limit_val_batches=0,
        **SILENT,
        callbacks=[Look()],
    )
    trainer.fit(model, datamodule=data)
    return reached


def linear() -> float:
    """The validation score that the linear baseline ends with."""

    _, data = data_and_config()
    cfg = config(["data=etth1", "model=linear"])
    from timevis.runs.config import RunConfig

    model = RunConfig.from_config(cfg).forecaster(data)
    model.prepare(data)
    model.calibrate(data)
    return Judge(data)(model)


def neuralforecast(place: str) -> dict[str, float]:
    """The peer's best learning rate and number of steps, its score with them, and the seconds of that fit."""
    import logging

    import pandas as pd
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MQLoss
    from neuralforecast.models import LSTM

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    given = json.loads(Path(place).read_text())
    values, end = np.array(given["values"]), given["train_end"]
    stamps = pd.date_range(given["start"], periods=len(values), freq="h")
    known = calendar(stamps)
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": stamps, "y": values[:, i], **known})
        for i, name in enumerate(given["channels"])
    )

    def fit(rate: float, steps: int) -> dict[str, float]:
        model = LSTM(
            h=HORIZON,
            input_size=CONTEXT,
            loss=MQLoss(quantiles=list(LEVELS)),
            learning_rate=rate,
            max_steps=steps,
            num_lr_decays=3,
            scaler_type="robust",
            futr_exog_list=list(known),
            windows_batch_size=128,
            val_check_steps=10**6,
            **SILENT,
        )
        forecaster = NeuralForecast(models=[model], freq="h")
        started = time.perf_counter()
        forecaster.fit(frame[frame["ds"] < stamps[end]])
        seconds = time.perf_counter() - started
        found = rolling(forecaster, frame, stamps, origins(end, len(values)))
        truth = np.stack([values[o : o + HORIZON].T for o in origins(end, len(values))]).reshape(-1, HORIZON)
        error = score(found, truth)
        told = f"  neuralforecast LSTM, learning rate {rate:g}, {steps} steps: {error:.4f} in {seconds:.0f} s"
        print(told, file=sys.stderr, flush=True)
        return {"rate": rate, "steps": steps, "error": error, "seconds": seconds}

    short = min((fit(rate, SHORT) for rate in RATES), key=lambda found: found["error"])
    return min(short, fit(short["rate"], LONG), key=lambda found: found["error"])


def calendar(stamps: Any) -> dict[str, np.ndarray]:
    """Hour and weekday, which our LSTM reads as well, in the form that a network without embeddings takes them."""
    turns = {"hour": stamps.hour / 24, "weekday": stamps.day_of_week / 7}
    return {
        f"{name}_{wave.__name__}": wave(2 * np.pi * np.asarray(turn))
        for name, turn in turns.items()
        for wave in (np.sin, np.cos)
    }


def rolling(forecaster: Any, frame: Any, stamps: Any, rows: np.ndarray) -> np.ndarray:
    """Quantiles [N, Q, H] of every origin and series, by predicting from the rows before each origin."""
    parts = []
    for row in rows:
        past = frame[(frame["ds"] < stamps[row]) & (frame["ds"] >= stamps[row - CONTEXT])]
        ahead = frame[(frame["ds"] >= stamps[row]) & (frame["ds"] < stamps[row] + HORIZON * (stamps[1] - stamps[0]))]
        found = forecaster.predict(df=past, futr_df=ahead.drop(columns="y"))
        columns = [c for c in found.columns if c not in ("unique_id", "ds")]
        order = frame["unique_id"].unique()
        found = found.set_index("unique_id")
        parts.append(np.stack([found.loc[name, columns].to_numpy().T for name in order]))
    return np.concatenate(parts)


def _answer(command: list[str], threads: int) -> Any:
    count = str(threads)
    env = {**os.environ, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env, check=True)
    return json.loads(next(line[1:] for line in done.stdout.splitlines() if line.startswith("@")))


def main(rounds: int, threads: int) -> dict[str, float]:
    goals = {"linear": _answer(worker_command("time_to_accuracy", "linear"), threads)}
    numbers = {"linear_error": goals["linear"]}
    if PEERS.exists():
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            given = Path(folder) / "given.json"
            given.write_text(json.dumps(table(data_and_config()[1])))
            peer = _answer(
                worker_command("time_to_accuracy", "neuralforecast", str(given), python=str(PEERS)), threads
            )
        goals["neuralforecast"] = peer["error"]
        numbers |= {"neuralforecast_error": peer["error"], "neuralforecast_seconds": peer["seconds"]}
    else:
        print("  neuralforecast is not installed: run `make peers` to compare with it")
    reached = _answer(worker_command("time_to_accuracy", "ours", json.dumps(goals)), threads)
    for name, goal in goals.items():
        seconds = reached.get(name)
        took = "not reached" if seconds is None else f"{seconds:.1f} s of training"
        print(f"  as good as {name} ({goal:.4f}): {took}")
        numbers[f"seconds_to_{name}"] = float("nan") if seconds is None else seconds
    if "neuralforecast" in reached:
        numbers["ratio_neuralforecast"] = numbers["neuralforecast_seconds"] / reached["neuralforecast"]
        print(f"  neuralforecast took {numbers['ratio_neuralforecast']:.1f} times as long (goal 10)")
    return numbers


if __name__ == "__main__":
    role, given = sys.argv[1], sys.argv[2:]
    if role == "neuralforecast":
        answer: Any = neuralforecast(given[0])
    else:
        answer = linear() if role == "linear" else ours(json.loads(given[0]))
    print("@" + json.dumps(answer))
