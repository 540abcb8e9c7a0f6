"""Score a model and seasonal naive on the same windows in one test pass, and collect the rows that a run saves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
import torch.distributed as dist

from timevis.data.datamodule import WindowDataModule
from timevis.data.window_sampling import evenly_spaced, windows_of_spaced_origins
from timevis.data.windows import Batch, WindowSet
from timevis.metrics.forecast_metrics import ForecastMetrics
from timevis.metrics.specs import PINBALL
from timevis.models.forecaster import Forecast, Forecaster
from timevis.models.scoring import ValidationReference, new_metrics


class Scores(pl.Callback):
    """Scores the forecasts of validation and test, and logs their metrics.

    A validation logs ``relative_wql`` and others after the name of its windows. ``tuning/relative_wql`` selects the
    best checkpoint and decays learning rates. A test logs all headline metrics. On validation, seasonal naive
    forecasts the same windows.

    Attributes
    ----------
    validation, test : ForecastMetrics
        Of the last validation and of the last test.
    reference : ValidationReference
        Made at the first fit or validation.
    """

    validation: ForecastMetrics
    test: ForecastMetrics
    reference: ValidationReference

    def validation_scores(self) -> dict[str, float]:
        """The headline metrics of the last validation; models are selected by its ``relative_wql``.

        Where seasonal naive has no error on any channel, so that there is no relative WQL, the WQL replaces it.
        """
        values = self.validation.summary()
        return values if np.isfinite(values["relative_wql"]) else values | {"relative_wql": values["wql"]}

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not hasattr(self, "reference"):
            self.reference = ValidationReference(trainer.datamodule, pl_module.device)  # type: ignore[attr-defined]

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.on_fit_start(trainer, pl_module)
        self.validation = _new_pass(pl_module)

    def on_validation_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *args: Any
    ) -> None:
        if outputs is not None:
            batch = outputs["batch"]
            self.validation.update_batch(outputs["forecast"], batch)
            self.validation.add_reference(self.reference.losses(batch), batch.channel)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        values, windows = self.validation_scores(), trainer.datamodule.validated_windows  # type: ignore[attr-defined]
        for name in ("relative_wql", "wql", "mase", "mae_scaled"):
            is_shown = name == "relative_wql"
            key = f"{windows}/{name}"
            pl_module.log(key, values[name], prog_bar=is_shown, sync_dist=False, rank_zero_only=False)

    def on_test_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.test = _new_pass(pl_module)

    def on_test_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Batch, *args: Any
    ) -> None:
        self.test.update_batch(outputs, batch)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        split = trainer.datamodule.scored_split  # type: ignore[attr-defined]  # Lightning sets it at run time
        pl_module.log_dict({f"{split}/{name}": value for name, value in self.test.summary().items()}, sync_dist=False)


def scores_of(trainer: pl.Trainer) -> Scores:
    """The callback of a Trainer that scores forecasts; it is added if the Trainer has none."""
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]  # Lightning sets it at run time
    for callback in callbacks:
        if isinstance(callback, Scores):
            return callback
    scores = Scores()
    callbacks.insert(0, scores)
    return scores


def _new_pass(forecaster: pl.LightningModule) -> ForecastMetrics:
    """Empty metrics for a pass over windows, before which an adapted recalibration starts anew."""
    assert isinstance(forecaster, Forecaster)
    forecaster.conformal.reset()
    return new_metrics(forecaster)


MAX_WINDOWS_WITH_SAMPLES = 64
NUM_WORST_WINDOWS = 8


@dataclass(frozen=True)
class Backtest:
    """Result of one pass over a window set.

    Attributes
    ----------
    metrics, reference_metrics : dict
        ``overall``, ``by_channel`` and ``by_horizon`` of `ForecastMetrics.compute`.
    split : {"test", "validation"}
        The part of the data that was scored.
    window_set : WindowSet
        Its windows.
    windows, reference_windows : DataFrame
        One row per window, in the order of the window set: origin, timestamp, channel, std, mase_scale and the sums
        of `timevis.metrics.specs.terms`; if each series has its own borders, also series.
    predictions : DataFrame
        Evenly spaced windows (``spread``) and the windows with the largest errors (``worst``), with list columns.
        Forecasts are NaN in closed hours.
    samples : DataFrame or None
        Sample paths of the first windows, or of evenly spaced ones if each series has its own origins, with the
        extra outputs of the model.
    seconds : float
        Wall time of the model's own test steps on this process.
    """

    split: str
    window_set: WindowSet
    metrics: dict[str, Any]
    windows: pd.DataFrame
    reference_metrics: dict[str, Any]
    reference_windows: pd.DataFrame
    predictions: pd.DataFrame
    samples: pd.DataFrame | None
    seconds: float

    @property
    def tables(self) -> dict[str, pd.DataFrame | None]:
        """The tables that a run folder stores, by the name of their file."""
        return {
            "windows": self.windows,
            "windows_seasonal_naive": self.reference_windows,
            "predictions": self.predictions,
            "samples": self.samples,
        }


class Recorder(pl.Callback):
    """Collects the rows of a test pass, and scores a reference model on the same batches.

    Parameters
    ----------
    datamodule : WindowDataModule
    windows : WindowSet
        The windows of the pass.
    scores : Scores
        Comes before this callback, and scores the forecasts.
    reference : Forecaster
        Forecasts the same batches; it must be ready to forecast.
    save_windows : int
        Number of evenly spaced windows whose full forecast is saved.
    """

    def __init__(
        self,
        datamodule: WindowDataModule,
        windows: WindowSet,
        scores: Scores,
        reference: Forecaster,
        save_windows: int,
    ) -> None:
        self.datamodule, self.scores, self.reference = datamodule, scores, reference
        if windows.selected is None:
            self.saved_windows = windows_of_spaced_origins(len(windows.origins), windows.channels, save_windows)
            self.sampled_windows = np.arange(MAX_WINDOWS_WITH_SAMPLES)
        else:
            self.saved_windows = evenly_spaced(len(windows), save_windows)
            self.sampled_windows = evenly_spaced(len(windows), MAX_WINDOWS_WITH_SAMPLES)
        self.windows: list[pd.DataFrame] = []
        self.reference_windows: list[pd.DataFrame] = []
        self.predictions: list[pd.DataFrame] = []
        self.worst = pd.DataFrame()
        self.samples: list[pd.DataFrame] = []
        self.seconds = 0.0
        self._start = 0.0
        self._window_set = windows
        self._is_closed = np.broadcast_to(datamodule.panel.closed_values, datamodule.panel.values.shape)
        self._channel_names = np.asarray(datamodule.panel.channels, dtype=object)

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.reference.to(pl_module.device).eval()
        self.reference_metrics = new_metrics(self.reference)

    def on_test_batch_start(self, *args: Any, **kwargs: Any) -> None:
        self._start = time.perf_counter()

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self.seconds += time.perf_counter() - self._start
        rows = self._window_rows(self.scores.test, batch)
        self.windows.append(rows)
        self.reference_metrics.update_batch(self.reference.forecast(batch), batch)
        losses = self.reference_metrics.last_elements[PINBALL.name]
        for metrics in (self.reference_metrics, self.scores.test):
            metrics.add_reference(losses, batch.channel)
        self.reference_windows.append(self._window_rows(self.reference_metrics, batch))
        number = rows["number"].to_numpy()
        saved = np.flatnonzero(np.isin(number, self.saved_windows))
        if len(saved):
            self.predictions.append(self._forecast_rows(outputs, batch, rows, saved))
        self._update_worst(outputs, batch, rows)
        if outputs.samples is not None:
            self._save_samples(outputs, rows, np.flatnonzero(np.isin(number, self.sampled_windows)))

    def _window_rows(self, metrics: ForecastMetrics, batch: Batch) -> pd.DataFrame:
        sums = {name: value.sum(1) for name, value in metrics.last_elements.items()}
        channel, origin = batch.channel.cpu().numpy(), batch.origin.cpu().numpy()
        panel = self.datamodule.panel
        series = {"series": panel.channel_series[channel]} if self.datamodule.split.by_series else {}
        return pd.DataFrame(
            {
                "number": self._window_set.number(origin, channel),
                "origin": origin,
                "timestamp": panel.index[origin],
                "channel": self._channel_names[channel],
                **series,
                "std": metrics.channel_std.cpu().numpy()[channel],
                "mase_scale": metrics.mase_scale.cpu().numpy()[channel],
                **{name: value.cpu().numpy() for name, value in sums.items()},
            }
        )

    def _forecast_rows(
        self, forecast: Forecast, batch: Batch, rows: pd.DataFrame, selected: np.ndarray
    ) -> pd.DataFrame:
        index = torch.from_numpy(selected).to(batch.target.device)
        target = torch.where(batch.target_mask, batch.target, torch.nan)
        context = torch.where(batch.context_mask, batch.context, torch.nan)
        steps = rows["origin"].to_numpy()[selected][:, None] + np.arange(target.shape[1])
        closed = self._is_closed[steps, batch.channel[index].cpu().numpy()[:, None]]
        point = np.where(closed, np.nan, forecast.point[index].float().cpu().numpy())
        quantiles = np.where(closed[:, None], np.nan, forecast.quantiles[index].float().cpu().numpy())
        return rows.iloc[selected][["number", "origin", "timestamp", "channel"]].assign(
            truth=list(target[index].float().cpu().numpy()),
            observed=list(batch.target_mask[index].cpu().numpy()),
            context=list(context[index].float().cpu().numpy()),
            point=list(point.astype(np.float32)),
            quantiles=[[row.tolist() for row in q] for q in quantiles],
        )

    def _update_worst(self, forecast: Forecast, batch: Batch, rows: pd.DataFrame) -> None:
        error = rows["median_abs_error"] / rows["std"] / rows["count"].where(rows["count"] > 0)
        if len(self.worst) == NUM_WORST_WINDOWS:
            error = error.where(error > self.worst["error"].min())
        if not error.count():
            return
        selected = np.argsort(-error.to_numpy(), kind="stable")[: min(NUM_WORST_WINDOWS, error.count())]
        candidates = self._forecast_rows(forecast, batch, rows, selected).assign(
            error=error.iloc[selected].to_numpy()
        )
        worst = pd.concat([self.worst, candidates]) if len(self.worst) else candidates
        self.worst = worst.sort_values("error", ascending=False, kind="stable").head(NUM_WORST_WINDOWS)

    def _save_samples(self, forecast: Forecast, rows: pd.DataFrame, selected: np.ndarray) -> None:
        if not len(selected):
            return
        assert forecast.samples is not None
        paths = forecast.samples[torch.from_numpy(selected).to(forecast.samples.device)].float().cpu().numpy()
        table = rows.iloc[selected][["number", "origin", "timestamp", "channel"]].assign(
            samples=[[path.tolist() for path in window] for window in paths]
        )
        extras = {name: [value[i] for i in selected] for name, value in forecast.extras.items()}
        self.samples.append(table.assign(**extras))


def evaluate(
    trainer: pl.Trainer,
    forecaster: Forecaster,
    datamodule: WindowDataModule,
    *,
    split: str = "test",
    reference: Forecaster,
    save_windows: int = 500,
) -> Backtest:
    """Score a fitted forecaster once on the windows of a split.

    Parameters
    ----------
    trainer : Trainer
        With any strategy; the rows of all processes are gathered.
    forecaster : Forecaster
    datamodule : WindowDataModule
    split : {"test", "validation"}
        See `WindowDataModule.scoring`.
    reference : Forecaster
        Seasonal naive, prepared and calibrated.
    save_windows : int
        Number of evenly spaced windows whose full forecast is saved.
    """
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]  # Lightning sets it at run time
    with datamodule.scoring(split) as window_set:
        scores = scores_of(trainer)
        recorder = Recorder(datamodule, window_set, scores, reference, save_windows)
        callbacks.append(recorder)
        try:
            trainer.test(forecaster, datamodule=datamodule, verbose=False)
        finally:
            callbacks.remove(recorder)
    predictions, worst = _gather(recorder.predictions), _gather([recorder.worst])
    predictions = predictions.assign(spread=True, worst=False)
    if len(worst):
        worst = (
            worst.sort_values("error", ascending=False, kind="stable").head(NUM_WORST_WINDOWS).drop(columns="error")
        )
        only_worst = worst[~worst.index.isin(predictions.index)].assign(spread=False)
        predictions = pd.concat([predictions, only_worst]).sort_index()
        predictions["worst"] = predictions.index.isin(worst.index)
    samples = _gather(recorder.samples)
    return Backtest(
        split=split,
        window_set=window_set,
        metrics=scores.test.compute(),
        windows=_gather(recorder.windows).reset_index(drop=True),
        reference_metrics=recorder.reference_metrics.compute(),
        reference_windows=_gather(recorder.reference_windows).reset_index(drop=True),
        predictions=predictions.reset_index(drop=True),
        samples=samples.reset_index(drop=True) if len(samples) else None,
        seconds=recorder.seconds,
    )


def _gather(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all processes in window order, indexed by window number."""
    if dist.is_available() and dist.is_initialized():
        by_process: list[Any] = [None] * dist.get_world_size()
        dist.all_gather_object(by_process, tables)
        tables = [table for process_tables in by_process for table in process_tables]
    tables = [table for table in tables if len(table)]
    return pd.concat(tables).sort_values("number", kind="stable").set_index("number") if tables else pd.DataFrame()
