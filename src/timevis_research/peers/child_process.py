"""The process that runs forecasters of other libraries, in an environment of theirs; it does not import timevis.

`timevis_research.peers.process` starts it and sends one JSON object per line; arrays are exchanged as Parquet files.
Each class below is one library: `fit` is called at most once, `forecast` for each batch of windows. Networks
also have `save` and `restore`, which takes the place of `fit`.
"""

# The environment of this file has other versions of its libraries than TimeVis, so it is not type-checked.
# mypy: ignore-errors

from __future__ import annotations

import json
import os
import queue
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable
from importlib.metadata import version
from statistics import NormalDist
from typing import Any, TextIO

import numpy as np
import pandas as pd

Request = dict[str, Any]


def interval_levels(quantile_levels: list[float]) -> list[float]:
    """Central intervals, in percent, whose ends are the quantile levels other than the median."""
    return sorted({round(100 * abs(1 - 2 * q), 6) for q in quantile_levels if q != 0.5})


def at_levels(values: np.ndarray, known: list[float], wanted: list[float]) -> np.ndarray:
    """Quantiles [W, Q', H] at `known` levels, interpolated to the `wanted` levels [W, Q, H].

    Between and beyond the known levels the quantiles are linear in the quantiles of the normal distribution.
    """
    normal = NormalDist()
    z_known = np.array([normal.inv_cdf(q) for q in known])
    z_wanted = np.array([normal.inv_cdf(q) for q in wanted])
    out = np.empty((len(values), len(wanted), values.shape[2]))
    for i, z in enumerate(z_wanted):
        right = int(np.clip(np.searchsorted(z_known, z), 1, len(z_known) - 1))
        weight = (z - z_known[right - 1]) / (z_known[right] - z_known[right - 1])
        out[:, i] = values[:, right - 1] + weight * (values[:, right] - values[:, right - 1])
    return out


class StatsForecast:
    """Methods of statsforecast, fitted anew on the history of each window."""

    package = "statsforecast"

    def __init__(self, request: Request) -> None:
        from statsforecast import StatsForecast as Library
        from statsforecast import models

        season, seasons = request["season"], request["seasons"]
        # exponential smoothing and ARIMA are too slow with more states
        short = season if season <= 24 else max([s for s in seasons if s <= 24], default=1)
        trend = models.AutoETS(model="ZZN")
        model = {
            "autoarima": lambda: models.AutoARIMA(season_length=short, approximation=True),
            "autoets": lambda: models.AutoETS(season_length=short),
            "autotheta": lambda: models.AutoTheta(season_length=season),
            "mstl": lambda: models.MSTL(season_length=seasons, trend_forecaster=trend),
            "seasonalnaive": lambda: models.SeasonalNaive(season_length=season),
        }[request["method"]]()
        self.failed = failed = [0]

        class Fallback(models.SeasonalNaive):
            """Takes the place of the method where it fails, and counts."""

            def forecast(self, *arguments: Any, **options: Any) -> Any:
                failed[0] += 1
                return super().forecast(*arguments, **options)

        self.library = Library(models=[model], freq=1, n_jobs=1, fallback_model=Fallback(season))
        self.horizon, self.levels = request["horizon"], request["quantile_levels"]

    def fit(self, request: Request) -> dict[str, Any]:
        return {}

    def forecast(self, history: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        count, length = history.shape
        frame = pd.DataFrame(
            {
                "unique_id": np.repeat(np.arange(count), length),
                "ds": np.tile(np.arange(length), count),
                "y": history.reshape(-1).astype(np.float64),
            }
        ).dropna(subset="y")
        result = self.library.forecast(df=frame, h=self.horizon, level=interval_levels(self.levels))
        name = str(self.library.models[0])
        columns = [
            name
            if q == 0.5
            else f"{name}-{'lo' if q < 0.5 else 'hi'}-{_percent(100 * abs(1 - 2 * q), result.columns, name)}"
            for q in self.levels
        ]
        values = result.sort_values(["unique_id", "ds"])[columns].to_numpy()
        return values.reshape(count, self.horizon, len(columns)).swapaxes(1, 2)


def _percent(value: float, columns: Any, name: str) -> str:
    """The text with which the library writes a level in the names of its columns."""
    texts = [column.rsplit("-", 1)[1] for column in columns if column.startswith(f"{name}-lo-")]
    return next(text for text in texts if abs(float(text) - value) < 1e-3)


def _time_is_over(minutes: float) -> Callable[[], bool]:
    """Whether this process has used so many minutes of processor time since now, also on a busy machine."""
    end = time.process_time() + 60 * minutes
    return lambda: time.process_time() > end


def _fit_limit(minutes: float) -> Any:
    """A callback that ends a fit after so many minutes of processor time."""
    from pytorch_lightning import Callback

    is_over = _time_is_over(minutes)

    class Limit(Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            trainer.should_stop = trainer.should_stop or is_over()

    return Limit()


def search_limit(minutes: float) -> Callable[[Any, Any], None]:
    """A callback that ends a search of Optuna after the trial in which so many minutes of processor time end."""
    is_over = _time_is_over(minutes)

    def stop(study: Any, _: Any) -> None:
        if is_over():
            study.stop()

    return stop


def _best_weights() -> Any:
    """A callback that ends a fit with the weights of the lowest validation loss; the library keeps the last ones."""
    from pytorch_lightning import Callback

    class Best(Callback):
        loss, best_step, steps, weights = float("inf"), 0, 0, None

        def __deepcopy__(self, _: Any) -> Any:
            return self  # the library copies the model and its callbacks before it trains

        def on_validation_end(self, trainer: Any, model: Any) -> None:
            _, loss = model.valid_trajectories[-1]
            if loss < self.loss:
                self.loss, self.best_step = float(loss), int(trainer.global_step)
                self.weights = {name: values.clone() for name, values in model.state_dict().items()}

        def on_train_end(self, trainer: Any, model: Any) -> None:
            self.steps = int(trainer.global_step)
            if self.weights is not None:
                model.load_state_dict(self.weights)

    return Best()


class NeuralForecast:
    """NHITS, PatchTST, TFT, DeepAR, TiDE and LSTM of neuralforecast: one network for all channels.

    The learning rate and the step whose weights are used are those with the lowest validation loss. With `trials`,
    the library's own search is used instead.
    """

    package = "neuralforecast"
    class_names = {
        "nhits": "NHITS",
        "patchtst": "PatchTST",
        "tft": "TFT",
        "deepar": "DeepAR",
        "tide": "TiDE",
        "lstm": "LSTM",
    }

    def __init__(self, request: Request) -> None:
        self.request, self.horizon, self.length = request, request["horizon"], request["context_length"]
        self.fitted: Any = None

    def _losses(self) -> dict[str, Any]:
        from neuralforecast.losses.pytorch import DistributionLoss, MQLoss

        quantiles = self.request["quantile_levels"]
        is_deepar = self.request["method"] == "deepar"
        loss = DistributionLoss("StudentT", quantiles=quantiles) if is_deepar else MQLoss(quantiles=quantiles)
        return {"loss": loss, "valid_loss": MQLoss(quantiles=quantiles)}

    def _inputs_and_trainer(self) -> dict[str, Any]:
        """What a search does not choose."""
        return {
            "futr_exog_list": self.request["known"] or None,
            "hist_exog_list": self.request["observed"] or None,
            "accelerator": "cpu",
            "devices": 1,
            "logger": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "enable_checkpointing": False,
        }

    def _model(self, learning_rate: float, callbacks: list[Any]) -> Any:
        from neuralforecast import models

        request, method = self.request, self.request["method"]
        return getattr(models, self.class_names[method])(
            h=self.horizon,
            input_size=self.length,
            learning_rate=learning_rate,
            windows_batch_size=request["windows_batch_size"],
            max_steps=request["max_steps"],
            val_check_steps=request["val_check_steps"],
            early_stop_patience_steps=request["patience"],
            scaler_type="identity" if method == "patchtst" else "standard",
            random_seed=request["seed"],
            callbacks=callbacks,
            **self._losses(),
            **self._inputs_and_trainer(),
        )

    def _search(self, request: Request, frame: pd.DataFrame) -> dict[str, Any]:
        """Fit the Auto class of the library: its own ranges, Optuna's sampler, and the weights of the last step.

        Contexts are at most as long as the context of the other models, and `max_steps` ends each fit. As many
        configurations are tried as start within two thirds of the processor time; the best is fitted again.
        """
        import optuna
        from neuralforecast import NeuralForecast as Library
        from neuralforecast import auto
        from ray import tune

        cls = getattr(auto, "Auto" + self.class_names[self.request["method"]])
        ranges = {k: v for k, v in cls.get_default_config(self.horizon, "ray").items() if k not in ("h", "loss")}
        if request["max_steps"] < ranges["max_steps"].upper:
            ranges["max_steps"] = request["max_steps"]
        sizes = {min(size, self.length) for size in ranges["input_size"].categories}
        ranges |= {"input_size": tune.choice(sorted(sizes))} | self._inputs_and_trainer()
        searched = cls(
            h=self.horizon,
            config=cls._ray_config_to_optuna(ranges),
            backend="optuna",
            search_alg=optuna.samplers.TPESampler(seed=self.request["seed"]),
            num_samples=request["trials"],
            callbacks=[search_limit(request["minutes"] * 2 / 3)],
            refit_with_val=True,
            **self._losses(),
        )
        self.fitted = Library(models=[searched], freq=1)
        self.fitted.fit(frame, val_size=request["validation_rows"])
        study = self.fitted.models[0].results
        chosen = study.best_trial.params
        parameters = sum(p.numel() for p in self.fitted.models[0].model.parameters())
        losses = [trial.value for trial in study.trials]
        return {"trials": len(losses), "trial_losses": losses, "chosen": chosen, "parameters": parameters}

    def fit(self, request: Request) -> dict[str, Any]:
        from neuralforecast import NeuralForecast as Library

        frame = pd.read_parquet(request["data"])
        if request["trials"]:
            return self._search(request, frame)
        rates, best = request["learning_rates"], None
        minutes = 0.8 * request["minutes"] / len(rates)  # the rest is for the last validation
        for rate in rates:
            kept = _best_weights()
            library = Library(models=[self._model(rate, [_fit_limit(minutes), kept])], freq=1)
            library.fit(frame, val_size=request["validation_rows"])
            if best is None or kept.loss < best[0].loss:
                best = (kept, rate, library)
        kept, rate, self.fitted = best
        parameters = sum(p.numel() for p in self.fitted.models[0].parameters())
        return {"learning_rate": rate, "steps": kept.steps, "best_step": kept.best_step, "parameters": parameters}

    def save(self, archive: str) -> None:
        """Write the fitted network, as the library stores it: safetensors and JSON."""
        folder = archive.removesuffix(".zip")
        self.fitted.save(folder, save_dataset=False)
        shutil.make_archive(folder, "zip", folder)
        shutil.rmtree(folder)

    def restore(self, archive: str) -> None:
        """Read what `save` wrote; the library runs no code of these files."""
        from neuralforecast import NeuralForecast as Library

        folder = archive.removesuffix(".zip")
        shutil.unpack_archive(archive, folder, "zip")
        self.fitted = Library.load(folder)
        shutil.rmtree(folder)

    def forecast(self, history: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        count, length = history.shape
        rows = np.arange(length + self.horizon)
        frame = pd.DataFrame({"unique_id": np.repeat(np.arange(count), len(rows)), "ds": np.tile(rows, count)})
        observed = self.request["observed"]
        for j, name in enumerate([*self.request["known"], *observed]):
            frame[name] = inputs[:, :, j].reshape(-1)
        past = frame[frame["ds"] < length].assign(y=history.reshape(-1))
        result = self.fitted.predict(df=past, futr_df=frame[frame["ds"] >= length].drop(columns=observed))
        columns = [c for c in result.columns if "-lo-" in c or "-hi-" in c or c.endswith("-median")]
        if len(columns) != len(self.request["quantile_levels"]):
            raise RuntimeError(f"neuralforecast returned the columns {list(result.columns)}")
        values = result.sort_values(["unique_id", "ds"])[columns].to_numpy()
        return np.sort(values.reshape(count, self.horizon, len(columns)).swapaxes(1, 2), axis=1)


class Chronos:
    """A pretrained Chronos, Chronos-Bolt or Chronos-2, untuned."""

    package = "chronos-forecasting"

    def __init__(self, request: Request) -> None:
        from chronos import BaseChronosPipeline

        self.pipeline = BaseChronosPipeline.from_pretrained(request["path"], device_map="cpu")
        self.horizon, self.levels, self.seed = request["horizon"], request["quantile_levels"], request["seed"]

    def fit(self, request: Request) -> dict[str, Any]:
        return {"parameters": sum(p.numel() for p in self.pipeline.model.parameters())}

    def forecast(self, history: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        import torch

        torch.manual_seed(self.seed)
        windows = [torch.from_numpy(row[~np.isnan(row)].astype(np.float32)) for row in history]
        quantiles, _ = self.pipeline.predict_quantiles(
            windows, prediction_length=self.horizon, quantile_levels=self.levels
        )
        if isinstance(quantiles, list):  # Chronos-2 returns [1, H, Q] for each series
            quantiles = torch.cat(list(quantiles))
        return np.sort(quantiles.float().numpy().swapaxes(1, 2), axis=1)


class Fracast:
    """Fracast-0, a pretrained convolutional network whose weights are in its package, untuned."""

    package = "fracast"

    def __init__(self, request: Request) -> None:
        from fracast import FracastModel

        self.model = FracastModel.from_pretrained()
        self.horizon, self.levels = request["horizon"], request["quantile_levels"]

    def fit(self, request: Request) -> dict[str, Any]:
        return {
            "parameters": sum(p.numel() for part in (self.model.core, self.model.head) for p in part.parameters())
        }

    def forecast(self, history: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        result = np.empty((len(history), len(self.levels), self.horizon))
        missing = np.isnan(history).sum(1)  # rows before the start of the series
        for count in np.unique(missing):
            windows = np.ascontiguousarray(history[missing == count, count:])
            values = self.model.forecast_batch(windows, horizon=self.horizon).swapaxes(1, 2)
            result[missing == count] = at_levels(np.sort(values, axis=1), self.model.quantiles, self.levels)
        return result


class Flair:
    """FLAIR: a periodic shape times a level, which a ridge regression forecasts; fitted anew at each origin."""

    package = "flaircast"
    num_samples = 200  # the default of the library

    def __init__(self, request: Request) -> None:
        from flaircast import forecast

        self.forecast_series = forecast
        self.horizon, self.levels, self.seed = request["horizon"], request["quantile_levels"], request["seed"]
        self.freq = request["freq"]

    def fit(self, request: Request) -> dict[str, Any]:
        return {}

    def forecast(self, history: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        result = np.empty((len(history), len(self.levels), self.horizon))
        for window, row in enumerate(history.astype(np.float64)):
            values = row[~np.isnan(row)]
            paths = self.forecast_series(values, self.horizon, self.freq, n_samples=self.num_samples, seed=self.seed)
            result[window] = np.quantile(paths, self.levels, axis=0)
        return result


LIBRARIES = {library.package: library for library in (StatsForecast, NeuralForecast, Chronos, Fracast, Flair)}


def _read_requests(stream: TextIO, requests: queue.Queue) -> None:
    """Queue each line; end the process when the stream ends, since then its parent has ended."""
    for line in stream:
        requests.put(json.loads(line))
    os._exit(0)


def answer(request: Request, model: Any) -> tuple[Any, dict[str, Any]]:
    """Carry out one request; returns the model and what is written back."""
    if request["command"] == "load":
        library = LIBRARIES[request["library"]]
        return library(request), {"version": version(library.package)}
    if request["command"] == "fit":
        return model, model.fit(request)
    if request["command"] in ("save", "restore"):
        getattr(model, request["command"])(request["archive"])
        return model, {}
    windows = pd.read_parquet(request["windows"])
    history = np.stack(windows["history"].to_numpy())
    inputs = np.stack(windows["inputs"].to_numpy()).reshape(len(windows), -1, max(1, request["input_columns"]))
    quantiles = model.forecast(history, inputs)
    table = pd.DataFrame({"quantiles": list(quantiles.reshape(len(quantiles), -1).astype(np.float32))})
    table.to_parquet(request["result"])
    return model, {"failed_windows": model.failed[0]} if isinstance(model, StatsForecast) else {}


def main() -> None:
    """Answer requests until the standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print goes to standard error
    requests: queue.Queue = queue.Queue()
    threading.Thread(target=_read_requests, args=(sys.stdin, requests), daemon=True).start()
    model: Any = None
    while True:
        request = requests.get()
        try:
            model, result = answer(request, model)
        except Exception as error:
            traceback.print_exc()
            result = {"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
