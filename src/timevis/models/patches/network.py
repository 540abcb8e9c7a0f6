"""The patch network: layers of the Qwen3 architecture that read a series in patches and forecast quantiles.

Each patch is one input vector, as in PatchTST (Nie et al., 2023, arXiv:2211.14730), and each state forecasts the next
patch, as in TimesFM (Das et al., 2024, arXiv:2310.10688). A horizon of several patches is forecast in one pass by
appending patches whose values are missing (TiRex; Auer et al., 2025, arXiv:2505.23719).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from timevis.models.patches.features import (
    CALENDAR_ROWS,
    CALENDAR_WAVES,
    DataInputs,
    WindowData,
    carried_values,
    detect_periods,
    extend_calendar,
    patch_calendars,
    patch_roughness,
    periodic_references,
)
from timevis.utils.levels import QUANTILE_LEVELS

MIN_VARIANCE = 1e-6
"""Added to the variance of a window; the network expects series with a standard deviation of about 1."""
MAX_INPUT = 8.0
"""Largest value that the network reads, after the inverse hyperbolic sine; 1,490 standard deviations."""
REFERENCES = 5
"""Curves that precede each patch: the last value; for a short and a long period the last values and their mean."""
USUAL_CONTEXT = 528
"""Rows of most contexts of the pretraining."""
MAX_LOG_SPREAD = 4.0
"""Bound of the logarithm of the factor by which a state widens or narrows its quantiles."""


@dataclass(frozen=True)
class PatchSettings:
    """Sizes of a patch network, as in its config.json.

    Attributes
    ----------
    patch_length : int
        Rows of a patch.
    hidden_size, num_layers, num_heads, intermediate_size : int
        Of the Qwen3 architecture; `intermediate_size` is the width of the MLP.
    horizon_patches : int
        Patches that are forecast in one pass; longer horizons are forecast in several passes.
    context_length : int
        Rows of the longest context in the pretraining.
    """

    patch_length: int = 24
    hidden_size: int = 160
    num_layers: int = 4
    num_heads: int = 4
    intermediate_size: int = 480
    horizon_patches: int = 8
    context_length: int = 1032


@dataclass(frozen=True)
class PatchInputs:
    """Normalised inputs of N + 1 patches of P rows; patch n forecasts patch n + 1.

    Attributes
    ----------
    values, mask : float [B, N + 1, P]
    features : float [B, N + 1, F]
        Calendar features of each patch.
    roughness : float [B, N + 1, 1]
        See `timevis.models.patches.features.patch_roughness`.
    references : float [B, N + 1, REFERENCES, P]
        Curves from earlier patches that the forecast of each patch starts from.
    strength : float [B, 2]
        Autocorrelation at both periods.
    shift, scale : float [B, 1]
        Of the values before the inverse hyperbolic sine.
    """

    values: Tensor
    mask: Tensor
    features: Tensor
    roughness: Tensor
    references: Tensor
    strength: Tensor
    shift: Tensor
    scale: Tensor

    def normalise(self, values: Tensor) -> Tensor:
        """Values [B, T] in the units of the network."""
        return torch.asinh((values - self.shift) / self.scale).clamp(-MAX_INPUT, MAX_INPUT)


def patch_inputs(values: Tensor, mask: Tensor, visible: Tensor, calendar: Tensor, patch_length: int) -> PatchInputs:
    """Normalise series and compute all inputs of the network.

    Parameters
    ----------
    values, mask : float [B, T]
        T is a multiple of `patch_length`. The mask is 1 where a value may be read.
    visible : float [B, T]
        1 where a value counts for shift, scale and periods: the context, or the first part of it in the pretraining.
    calendar : int64 [B, T, 5]
    patch_length : int
    """
    counted = mask * visible
    count = counted.sum(1, keepdim=True).clamp(min=1)
    shift = (values * counted).sum(1, keepdim=True) / count
    variance = ((values - shift).square() * counted).sum(1, keepdim=True) / count
    scale = (variance + MIN_VARIANCE).sqrt()
    z = torch.asinh((values - shift) / scale).clamp(-MAX_INPUT, MAX_INPUT) * mask
    period, strength = detect_periods(z * visible, counted)
    last = carried_values(z, mask)[:, patch_length - 1 :: patch_length]
    last = functional.pad(last, (1, 0))[:, :-1].repeat_interleave(patch_length, 1)  # before the first row of a patch
    lags = period * (-patch_length // period).neg()  # the fewest periods that are not shorter than a patch
    references = [last, *(x for lag in lags.unbind(1) for x in periodic_references(z, mask, lag, last))]
    z, mask, *references = (x.unflatten(1, (-1, patch_length)) for x in (z, mask, *references))
    features, roughness = patch_calendars(calendar, patch_length), patch_roughness(z, mask)
    return PatchInputs(z, mask, features, roughness, torch.stack(references, 2), strength, shift, scale)


@dataclass(frozen=True)
class PassInputs:
    """What one pass over T rows, a multiple of the patch length, reads.

    Attributes
    ----------
    values, mask : float [B, T]
    calendar : int64 [B, T, 5]
    first : int
        The patch whose successors are forecast.
    padding : int
        Rows that were added before the context.
    """

    values: Tensor
    mask: Tensor
    calendar: Tensor
    first: int
    padding: int


def stretch_of(context_length: int, season: int, patch_length: int) -> int:
    """The rows that each row of a context becomes, so that a season is as long as a patch; 1 for most data.

    The network reads values of earlier seasons only from before the patch that it forecasts. If a patch has several
    seasons, such as 24 quarters, the last of them are not among these values.
    """
    factor = patch_length // season if season > 1 and patch_length % season == 0 else 1
    return factor if factor * context_length <= USUAL_CONTEXT else 1


def stretch_context(context: Tensor, mask: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Make each row [B, L] the last of `factor` rows, with values on the line between observed neighbours."""
    share = torch.arange(1, factor + 1, device=context.device, dtype=context.dtype) / factor
    before = torch.cat([context[:, :1], context[:, :-1]], 1)
    rows = before[..., None] + share * (context - before)[..., None]
    rows[..., -1] = context  # exactly
    both = mask * functional.pad(mask[:, :-1], (1, 0))
    return rows.flatten(1), torch.cat([both[..., None].expand(-1, -1, factor - 1), mask[..., None]], -1).flatten(1)


Forecasts: TypeAlias = tuple[Tensor, Tensor]
OnePass: TypeAlias = Callable[[PassInputs], tuple[Tensor, PatchInputs]]


class PatchNetwork(nn.Module):
    """Embeds patches, passes them through decoder layers, and maps each state to the quantiles of the next patch.

    Parameters
    ----------
    settings : PatchSettings

    Attributes
    ----------
    model : transformers Qwen3Model
        The decoder layers, without token embeddings.
    stretch : int
        Rows that each row becomes; see `stretch_of`.
    """

    stretch = 1

    def __init__(self, settings: PatchSettings) -> None:
        super().__init__()
        from transformers import Qwen3Config, Qwen3Model

        self.settings = settings
        config = Qwen3Config(
            vocab_size=1,
            hidden_size=settings.hidden_size,
            intermediate_size=settings.intermediate_size,
            num_hidden_layers=settings.num_layers,
            num_attention_heads=settings.num_heads,
            num_key_value_heads=settings.num_heads,
            head_dim=settings.hidden_size // settings.num_heads,
            max_position_embeddings=4096,
            rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        )
        decoder: Any = Qwen3Model(config)
        decoder.set_attn_implementation("eager")  # the fused CPU kernel is slow in the backward pass
        decoder.embed_tokens = None
        self.model: nn.Module = decoder
        hidden, rows, features = settings.hidden_size, settings.patch_length, CALENDAR_ROWS * CALENDAR_WAVES
        next_patch = features + (REFERENCES - 1) * rows + 3
        self.embed = nn.Sequential(
            nn.Linear(2 * rows + features + 1 + next_patch, 2 * hidden), nn.SiLU(), nn.Linear(2 * hidden, hidden)
        )
        self.head = nn.Sequential(
            nn.Linear(hidden + next_patch, 2 * hidden),
            nn.SiLU(),
            nn.Linear(2 * hidden, len(QUANTILE_LEVELS) * rows),
        )
        self.data_inputs: DataInputs | None = None  # set by a forecaster that is tuned
        self.mixing = nn.Linear(hidden, 1 + REFERENCES + 1)  # weights of zero and of the references, and the spread
        start = torch.special.ndtri(torch.tensor(QUANTILE_LEVELS)).unsqueeze(1).expand(-1, rows)
        with torch.no_grad():
            last: Any = self.head[-1]
            last.weight.mul_(0.1)
            last.bias.copy_(0.5 * start.flatten())

    def final_states(self, tokens: Tensor, first: int) -> Tensor:
        """Final states of the decoder from number `first` on; the MLP of the last layer computes no others.

        `tokens` is [B, N, hidden], the result [B, N - first, hidden]; causal.
        """
        decoder: Any = self.model
        positions = torch.arange(tokens.shape[1], device=tokens.device)[None]
        later = torch.full((tokens.shape[1],) * 2, float("-inf"), device=tokens.device).triu(1)
        inputs = {"attention_mask": later, "position_embeddings": decoder.rotary_emb(tokens, positions)}
        *layers, last = decoder.layers
        for layer in layers:
            tokens = layer(tokens, **inputs)
        attended = last.self_attn(last.input_layernorm(tokens), **inputs)[0]
        state = (tokens + attended)[:, first:]
        out: Tensor = decoder.norm(state + last.mlp(last.post_attention_layernorm(state)))
        return out

    def next_patches(self, inputs: PatchInputs, first: int = 0, data: WindowData | None = None) -> Tensor:
        """Quantiles of the patches after patch `first` and its successors, in normalised units.

        They are not sorted along the levels, since the loss of each level is its own.

        Parameters
        ----------
        inputs : PatchInputs
        first : int
        data : WindowData, optional
            Covariates and channels, for a network that was tuned with them.

        Returns
        -------
        float32 [B, N - first, Q, P]
        """
        before, after = slice(None, -1), slice(1, None)
        last, *periodic = inputs.references[:, after].unbind(2)
        patches = len(inputs.features[0]) - 1
        strength = inputs.strength.unsqueeze(1).expand(-1, patches, -1)
        next_patch = torch.cat([inputs.features[:, after], *periodic, last[..., :1], strength], -1)
        own = [x[:, before] for x in (inputs.values, inputs.mask, inputs.features, inputs.roughness)]
        hidden = self.embed[0](torch.cat([*own, next_patch], -1))
        if data is not None:
            hidden = data.add_to_embedding(hidden)
        state = self.final_states(self.embed[2](self.embed[1](hidden)), first)
        hidden = self.head[0](torch.cat([state, next_patch[:, first:]], -1))
        if data is not None:
            hidden = data.add_to_head(hidden, first)
        deviation = self.head[2](self.head[1](hidden)).float()
        weight, spread = self.mixing(state).float().split([1 + REFERENCES, 1], -1)
        base = (weight.softmax(-1)[..., 1:, None] * inputs.references[:, 1 + first :]).sum(2)
        if data is not None:
            base = data.add_to_rows(base, state, first)
        deviation = deviation * (MAX_LOG_SPREAD * torch.tanh(spread / MAX_LOG_SPREAD)).exp()
        return deviation.unflatten(-1, (len(QUANTILE_LEVELS), -1)) + base.unsqueeze(2)

    def forward(
        self,
        context: Tensor,
        context_mask: Tensor,
        calendar: Tensor,
        covariates: Tensor | None = None,
        covariate_mask: Tensor | None = None,
        channel: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Forecast the horizon.

        Parameters
        ----------
        context, context_mask : [B, L]
            Series with a standard deviation of about 1.
        calendar : int64 [B, L + H, 5]
        covariates, covariate_mask : [B, L + H, K], optional
        channel : int64 [B], optional
            All three are required, and read, where `data_inputs` is set.

        Returns
        -------
        median : float32 [B, H]
        quantiles : float32 [B, Q, H]
            Non-decreasing along dim 1.
        """
        rows = self.settings.patch_length

        def one_pass(series: PassInputs) -> tuple[Tensor, PatchInputs]:
            inputs = patch_inputs(series.values, series.mask, torch.ones_like(series.values), series.calendar, rows)
            if self.data_inputs is None:
                return self.next_patches(inputs, series.first), inputs
            assert covariates is not None, "a network with data_inputs reads covariates, their mask and the channel"
            assert covariate_mask is not None
            assert channel is not None
            length = series.values.shape[1]
            both = torch.cat([covariates, covariate_mask.to(covariates.dtype)], -1)
            both = both.repeat_interleave(self.stretch, 1)
            padded = functional.pad(both, (0, 0, series.padding, length))[:, :length]
            data = WindowData(self.data_inputs, padded.unflatten(1, (-1, rows)), channel)
            return self.next_patches(inputs, series.first, data), inputs

        return self.forecast_in_passes(context, context_mask, calendar, one_pass)

    def forecast_in_passes(
        self, context: Tensor, context_mask: Tensor, calendar: Tensor, one_pass: OnePass
    ) -> Forecasts:
        """Forecast a horizon of any length: a pass that needs later values than the last one reads its median.

        Parameters
        ----------
        context, context_mask, calendar
            As for `forward`.
        one_pass : callable
            Takes `PassInputs`; returns the quantiles of the next patches, as `next_patches` does, and the inputs.

        Returns
        -------
        median, quantiles
            As `forward`.
        """
        mask = context_mask.to(context.dtype)
        if self.stretch > 1:
            context, mask = stretch_context(context, mask, self.stretch)
            calendar = calendar.repeat_interleave(self.stretch, 1)
        rows, length = self.settings.patch_length, context.shape[1]
        horizon = calendar.shape[1] - length
        parts, done, step = [], 0, rows * self.settings.horizon_patches
        while done < horizon:
            ahead = min(step, horizon - done)
            before, after = -(length + done) % rows, -ahead % rows
            known = functional.pad(torch.where(mask > 0, context, 0.0), (before, ahead + after))
            may_read = functional.pad(mask, (before, ahead + after))
            calendar_rows = extend_calendar(calendar[:, : length + done + ahead], before, after)
            first = known.shape[1] // rows - (ahead + after) // rows - 1
            quantiles, inputs = one_pass(PassInputs(known, may_read, calendar_rows, first, before))
            quantiles = quantiles.transpose(1, 2).flatten(2)[..., :ahead].sort(1).values
            part = quantiles.sinh() * inputs.scale.unsqueeze(1) + inputs.shift.unsqueeze(1)
            parts.append(part)
            done += ahead
            if done < horizon:  # the median takes the place of the values that are not known
                median = part[:, len(QUANTILE_LEVELS) // 2].to(context.dtype)
                context, mask = torch.cat([context, median], 1), functional.pad(mask, (0, ahead), value=1.0)
        quantiles = torch.cat(parts, -1)[..., self.stretch - 1 :: self.stretch]
        return quantiles[:, len(QUANTILE_LEVELS) // 2], quantiles
