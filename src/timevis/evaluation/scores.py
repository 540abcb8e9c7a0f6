"""The metrics of a forecaster under a Lightning Trainer: a callback that scores what validation and test forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytorch_lightning as pl

from timevis.data.windows import Batch
from timevis.metrics import ForecastMetrics
from timevis.models.forecaster import Forecaster
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
