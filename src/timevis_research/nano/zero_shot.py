"""Zero-shot forecasts of a backbone on a data set, scored against seasonal naive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.models.backbone.load import load_backbone
from timevis.models.digits.codec import DigitCodec
from timevis.models.digits.decoding import DecodingInputs, decode_windows, mean_and_quantiles, sobol_uniforms
from timevis.models.digits.network import DigitNetwork
from timevis.models.digits.settings import DigitSettings
from timevis.models.forecaster import Forecast
from timevis.models.patches.network import PatchNetwork
from timevis.models.scoring import new_metrics
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.utils.levels import QUANTILE_LEVELS

ForecastFunction: TypeAlias = Callable[[Batch, Tensor], Forecast]
"""Forecasts a batch, given the standard deviations [B, 1] of its channels over the training part."""


def load_network(path: str = "nano") -> tuple[DigitNetwork, DigitCodec]:
    """Load a backbone that was pretrained by TimeVis: its digit network in float32, and its codec.

    Parameters
    ----------
    path : str
        ``nano``, or a folder that `timevis_research.nano.pretraining.save_backbone` wrote.
    """
    backbone = load_backbone(path, dtype="float32")
    settings = DigitSettings.resolve(backbone)
    return settings.build_network(backbone).eval(), settings.codec


@torch.no_grad()
def forecast_windows(
    network: DigitNetwork, codec: DigitCodec, batch: Batch, deviation: Tensor, num_samples: int, seed: int = 0
) -> Forecast:
    """Forecast windows with sample paths, without a prompt.

    Parameters
    ----------
    deviation : float [B, 1]
        Standard deviation of each window's channel over the training part.
    num_samples : int
        Sample paths per window.
    """
    scaling = codec.fit(batch.context, batch.context_mask, deviation)
    context, _ = codec.encode(batch.context, scaling)
    prompt = torch.full((len(batch), 1), network.layout.start_id, device=context.device)
    horizon = batch.target.shape[1]
    levels = sobol_uniforms(seed, batch.origin, batch.channel, num_samples, horizon, codec.width)
    inputs = DecodingInputs(prompt, context, batch.calendar, batch.context_mask)
    probability = levels.new_empty(*levels.shape, 10, dtype=torch.float32)
    digits = decode_windows(network, inputs, levels=levels, probability=probability)
    return Forecast(
        *mean_and_quantiles(digits, probability, codec.values(horizon, scaling)), codec.decode(digits, scaling)
    )


def forecast_patches(network: PatchNetwork, batch: Batch, deviation: Tensor) -> Forecast:
    """Forecast windows with a patch network; `deviation` as for `forecast_windows`."""
    calendar = batch.calendar[:, : batch.context.shape[1] + batch.target.shape[1]]
    deviation = deviation.float()
    median, quantiles = network(batch.context / deviation, batch.context_mask, calendar)
    return Forecast(median * deviation, quantiles * deviation.unsqueeze(1))


@torch.no_grad()
def score_zero_shot(
    forecast: ForecastFunction,
    datamodule: WindowDataModule,
    split: str = "val",
    device: torch.device | str = "cpu",
) -> dict[str, float]:
    """Score the forecasts of all windows of a split, and compare them with seasonal naive on the same windows.

    Parameters
    ----------
    forecast : ForecastFunction
    split : str
        ``val`` or ``test``.
    device : torch.device
        Where the batches are gathered.

    Returns
    -------
    dict
        ``wql``, ``mase`` and ``coverage_80`` of the network. ``wql_ratio`` and ``mase_ratio``: divided by the score
        of `SeasonalNaive`. ``mae_ratio``: mean over the channels of the network's MAE, divided by the MAE of the
        better of daily and weekly seasonal naive.
    """
    naive = SeasonalNaive.fitted(datamodule)
    shape = (datamodule.context_length, datamodule.horizon, datamodule.num_channels)
    naive.to(device)
    network_metrics, naive_metrics = new_metrics(naive), new_metrics(naive)
    fixed_naives = [
        SeasonalNaive(*shape, season=season).to(device) for season in datamodule.seasons[1:] or datamodule.seasons
    ]
    # summed absolute errors: row 0 of the network, the others of seasonal naive with each season
    errors = torch.zeros(1 + len(fixed_naives), datamodule.num_channels, dtype=torch.float64, device=device)
    for batch in datamodule.batches(split, device):
        deviation = naive.channel_std[batch.channel].unsqueeze(1)
        prediction = forecast(batch, deviation)
        network_metrics.update_batch(prediction, batch)
        naive_metrics.update_batch(naive.forecast(batch), batch)
        median = prediction.quantiles[:, QUANTILE_LEVELS.index(0.5)]
        for row, path in enumerate([median, *(fixed.point(batch) for fixed in fixed_naives)]):
            error = ((path - batch.target).abs() * batch.target_mask).sum(1)
            errors[row].index_add_(0, batch.channel, error.double())
    scores, naive_scores = network_metrics.summary(), naive_metrics.summary()
    out = {name: scores[name] for name in ("wql", "mase", "coverage_80")}
    out |= {f"{name}_ratio": scores[name] / naive_scores[name] for name in ("wql", "mase")}
    out["mae_ratio"] = float((errors[0] / errors[1:].amin(0)).mean())
    return out
