"""What a backbone forecasts without having seen the data set, scored beside seasonal naive."""

from __future__ import annotations

import torch
from safetensors.torch import load_file
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.data.windows import Batch
from timevis.models.forecaster import QUANTILE_LEVELS, Forecast, sample_quantiles
from timevis.models.qwen.backbone.load import load_backbone
from timevis.models.qwen.digits.codec import DigitCodec
from timevis.models.qwen.digits.decoding import DecodingInputs
from timevis.models.qwen.digits.decoding_passes import decode_windows
from timevis.models.qwen.digits.layout import TokenLayout, ValueTables
from timevis.models.qwen.digits.network import DigitNetwork
from timevis.models.qwen.digits.sampling import sobol_uniforms
from timevis.models.seasonal_naive import SeasonalNaive


def load_network(path: str = "nano") -> tuple[DigitNetwork, DigitCodec]:
    """A backbone made for TimeVis (`timevis.json` beside its weights) as a network in float32, and its codec."""
    backbone = load_backbone(path, dtype="float32")
    settings = backbone.settings
    tables = ValueTables(backbone.model.config.hidden_size, settings["digits"], settings["fields"])
    tables.load_state_dict(load_file(backbone.folder / "tables.safetensors"))
    layout = TokenLayout.from_tokenizer(backbone.tokenizer, settings["digits"], settings["separator"])
    return DigitNetwork(backbone.model, layout, tables).eval(), DigitCodec(settings["digits"], **settings["codec"])


@torch.no_grad()
def forecast_windows(
    network: DigitNetwork, codec: DigitCodec, batch: Batch, deviation: Tensor, samples: int, seed: int = 0
) -> Forecast:
    """Sampled forecasts of windows without a prompt; deviation float [B, 1] of each window's channel."""
    scaling = codec.fit(batch.context, batch.context_mask, deviation)
    context, _ = codec.encode(batch.context, scaling)
    prompt = torch.full((len(batch), 1), network.layout.start_id, device=context.device)
    horizon = batch.target.shape[1]
    levels = sobol_uniforms(seed, batch.origin, batch.channel, samples, horizon, codec.width)
    known = DecodingInputs(prompt, context, batch.calendar, batch.context_mask)
    digits = decode_windows(network, known, levels=levels)
    paths = codec.decode(digits, scaling)
    return Forecast(paths.mean(1), sample_quantiles(paths), paths)


@torch.no_grad()
def zero_shot(
    network: DigitNetwork, codec: DigitCodec, datamodule: WindowDataModule, part: str = "val", samples: int = 20
) -> dict[str, float]:
    """Scores of a part's windows and their ratios to seasonal naive's on the same windows.

    Returns
    -------
    dict
        ``wql``, ``mase``, ``coverage_80``; ``wql_ratio``, ``mase_ratio`` to `SeasonalNaive`; ``mae_ratio``, the
        mean over channels of the ratio to the better of the daily and the weekly naive of each channel.
    """
    naive = SeasonalNaive.fitted(datamodule)
    device = next(network.parameters()).device
    shape = (datamodule.context_length, datamodule.horizon, datamodule.num_channels)
    naive.to(device)
    metrics = [naive.new_metrics(), naive.new_metrics()]
    naives = [
        SeasonalNaive(*shape, season=season).to(device) for season in datamodule.seasons[1:] or datamodule.seasons
    ]
    errors = torch.zeros(1 + len(naives), datamodule.num_channels, dtype=torch.float64, device=device)  # row 0: ours
    network.eval()
    for batch in datamodule.batches(part, device):
        ours = forecast_windows(network, codec, batch, naive.channel_std[batch.channel].unsqueeze(1), samples)
        metrics[0].update_batch(ours, batch)
        metrics[1].update_batch(naive.forecast(batch), batch)
        paths = [ours.quantiles[:, QUANTILE_LEVELS.index(0.5)], *(fixed.point(batch) for fixed in naives)]
        for row, path in enumerate(paths):
            error = ((path - batch.target).abs() * batch.target_mask).sum(1)
            errors[row].index_add_(0, batch.channel, error.double())
    network.train()
    mine, theirs = (m.summary() for m in metrics)
    out = {name: mine[name] for name in ("wql", "mase", "coverage_80")}
    out |= {f"{name}_ratio": mine[name] / theirs[name] for name in ("wql", "mase")}
    out["mae_ratio"] = float((errors[0] / errors[1:].amin(0)).mean())
    return out
