"""One pass over a window set: the model's metrics, the reference's on the very same windows, and their rows."""

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
from timevis.data.windows import Batch, evenly
from timevis.metrics import ForecastMetrics
from timevis.models.forecaster import Forecast, Forecaster

SAVED_SAMPLES = 64
SAVED_WORST = 8


@dataclass(frozen=True)
class Backtest:
    """What one pass over a window set leaves.

    Attributes
    ----------
    metrics, reference_metrics : dict
        ``overall``, ``by_channel`` and ``by_horizon`` of `ForecastMetrics.compute`.
    windows, reference_windows : DataFrame
        One row per window, by origin and then channel: origin, timestamp, channel, std, mase_scale and the sums of
        `timevis.metrics.SUMS`.
    predictions : DataFrame
        Evenly spread windows (``spread``) and the worst ones (``worst``), with list columns.
    samples : DataFrame or None
        Sampled paths of the first windows, with the model's extras.
    seconds : float
        Wall time of the model's own steps on this process.
    """

    metrics: dict[str, Any]
    windows: pd.DataFrame
    reference_metrics: dict[str, Any]
    reference_windows: pd.DataFrame
    predictions: pd.DataFrame
    samples: pd.DataFrame | None
    seconds: float


def spread(origins: int, channels: int, number: int) -> np.ndarray:
    """At most `number` window numbers, evenly over all origins; all channels of an origin where they fit."""
    if channels > number:
        return evenly(origins * channels, number)
    chosen = evenly(origins, number // channels)
    return (chosen[:, None] * channels + np.arange(channels)).ravel()


class Recorder(pl.Callback):
    """Collects the rows of a test pass and scores a reference beside the model.

    Parameters
    ----------
    datamodule : WindowDataModule
    reference : Forecaster
        Forecasts the same batches; never trained here.
    save_windows : int
        How many evenly spread windows keep their full forecast.
    """

    def __init__(self, datamodule: WindowDataModule, reference: Forecaster, save_windows: int) -> None:
        self.datamodule, self.reference = datamodule, reference
        self.saved = spread(len(datamodule.windows["test"].origins), datamodule.num_channels, save_windows)
        self.windows: list[pd.DataFrame] = []
        self.reference_windows: list[pd.DataFrame] = []
        self.predictions: list[pd.DataFrame] = []
        self.worst = pd.DataFrame()
        self.samples: list[pd.DataFrame] = []
        self.seconds = 0.0
        self._start = 0.0
        self._origins = datamodule.windows["test"].origins.numpy()

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.reference.to(pl_module.device).eval()
        self.reference_metrics = self.reference.new_metrics()

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
        assert isinstance(pl_module, Forecaster)
        rows = self._rows(pl_module.test_metrics, outputs, batch)
        self.windows.append(rows)
        beside = self.reference.forecast(batch)
        self.reference_metrics.update_batch(beside, batch)
        self.reference_windows.append(self._rows(self.reference_metrics, beside, batch))
        number = rows["number"].to_numpy()
        self.predictions.append(self._forecasts(outputs, batch, rows, np.flatnonzero(np.isin(number, self.saved))))
        self._keep_worst(outputs, batch, rows)
        if outputs.samples is not None:
            self._keep_samples(outputs, rows, np.flatnonzero(number < SAVED_SAMPLES))

    def _rows(self, metrics: ForecastMetrics, forecast: Forecast, batch: Batch) -> pd.DataFrame:
        sums = metrics.window_sums(forecast.point, forecast.quantiles, batch.target, batch.target_mask)
        channel, origin = batch.channel.cpu().numpy(), batch.origin.cpu().numpy()
        panel = self.datamodule.panel
        return pd.DataFrame(
            {
                "number": np.searchsorted(self._origins, origin) * self.datamodule.num_channels + channel,
                "origin": origin,
                "timestamp": panel.index[origin],
                "channel": np.asarray(panel.channels, dtype=object)[channel],
                "std": metrics.channel_std.cpu().numpy()[channel],
                "mase_scale": metrics.mase_scale.cpu().numpy()[channel],
                **{name: value.cpu().numpy() for name, value in sums.items()},
            }
        )

    def _forecasts(self, forecast: Forecast, batch: Batch, rows: pd.DataFrame, keep: np.ndarray) -> pd.DataFrame:
        index = torch.from_numpy(keep).to(batch.target.device)
        target = torch.where(batch.target_mask, batch.target, torch.nan)
        context = torch.where(batch.context_mask, batch.context, torch.nan)
        return rows.iloc[keep][["number", "origin", "timestamp", "channel"]].assign(
            truth=list(target[index].float().cpu().numpy()),
            observed=list(batch.target_mask[index].cpu().numpy()),
            context=list(context[index].float().cpu().numpy()),
            point=list(forecast.point[index].float().cpu().numpy()),
            quantiles=[[row.tolist() for row in q] for q in forecast.quantiles[index].float().cpu().numpy()],
        )

    def _keep_worst(self, forecast: Forecast, batch: Batch, rows: pd.DataFrame) -> None:
        error = rows["median_abs_error"] / rows["std"] / rows["count"].where(rows["count"] > 0)
        keep = np.argsort(-error.to_numpy(), kind="stable")[: min(SAVED_WORST, error.count())]
        found = self._forecasts(forecast, batch, rows, keep).assign(error=error.iloc[keep].to_numpy())
        both = pd.concat([self.worst, found]) if len(self.worst) else found
        self.worst = both.sort_values("error", ascending=False, kind="stable").head(SAVED_WORST)

    def _keep_samples(self, forecast: Forecast, rows: pd.DataFrame, keep: np.ndarray) -> None:
        if not len(keep):
            return
        assert forecast.samples is not None
        paths = forecast.samples[torch.from_numpy(keep).to(forecast.samples.device)].float().cpu().numpy()
        table = rows.iloc[keep][["number", "origin", "timestamp", "channel"]].assign(
            samples=[[path.tolist() for path in window] for window in paths]
        )
        extras = {name: [value[i] for i in keep] for name, value in forecast.extras.items()}
        self.samples.append(table.assign(**extras))


def evaluate(
    trainer: pl.Trainer,
    forecaster: Forecaster,
    datamodule: WindowDataModule,
    *,
    reference: Forecaster,
    save_windows: int = 500,
) -> Backtest:
    """Score a fitted forecaster once on the test windows.

    Parameters
    ----------
    trainer : Trainer
        With any strategy; rows of all processes are gathered.
    forecaster : Forecaster
    datamodule : WindowDataModule
    reference : Forecaster
        Seasonal naive, prepared and calibrated.
    save_windows : int
        How many evenly spread windows keep their full forecast.
    """
    recorder = Recorder(datamodule, reference, save_windows)
    callbacks: list[pl.Callback] = vars(trainer)["callbacks"]
    callbacks.append(recorder)
    try:
        trainer.test(forecaster, datamodule=datamodule, verbose=False)
    finally:
        callbacks.remove(recorder)
    predictions, worst = _gather(recorder.predictions), _gather([recorder.worst])
    predictions = predictions.assign(spread=True, worst=False)
    if len(worst):
        worst = worst.sort_values("error", ascending=False, kind="stable").head(SAVED_WORST).drop(columns="error")
        extra = worst[~worst.index.isin(predictions.index)].assign(spread=False)
        predictions = pd.concat([predictions, extra]).sort_index()
        predictions["worst"] = predictions.index.isin(worst.index)
    samples = _gather(recorder.samples)
    return Backtest(
        metrics=forecaster.test_metrics.compute(),
        windows=_gather(recorder.windows).reset_index(drop=True),
        reference_metrics=recorder.reference_metrics.compute(),
        reference_windows=_gather(recorder.reference_windows).reset_index(drop=True),
        predictions=predictions.reset_index(drop=True),
        samples=samples.reset_index(drop=True) if len(samples) else None,
        seconds=recorder.seconds,
    )


def _gather(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all processes in window order, indexed by window number."""
    if dist.is_available() and dist.is_initialized():
        everyone: list[Any] = [None] * dist.get_world_size()
        dist.all_gather_object(everyone, parts)
        parts = [part for one in everyone for part in one]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts).sort_values("number", kind="stable").set_index("number") if parts else pd.DataFrame()
