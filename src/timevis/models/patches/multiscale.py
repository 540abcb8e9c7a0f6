"""The second patch network: it reads up to 4,128 rows in patches of three scales and forecasts quantiles.

Recent rows are read one by one in fine patches, older ones as means of several rows, so that a context of 4,128 rows
has 49 patches. As in the first network (`timevis.models.patches.network`), each state forecasts the next fine
patch, and a horizon of several patches is forecast in one pass by appending patches whose values are missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from timevis.models.patches.features import CALENDAR_ROWS, CALENDAR_WAVES, calendar_waves, extend_calendar
from timevis.models.patches.multiscale_inputs import (
    PERIOD_FEATURES,
    PERIODS,
    REFERENCES,
    Layout,
    MultiscaleInputs,
    calendar_periods,
    multiscale_inputs,
)
from timevis.utils.levels import QUANTILE_LEVELS

MAX_LOG_SPREAD = 4.0
"""Bound of the logarithm of the factor by which a state widens or narrows its quantiles."""
ROPE_BASE = 10_000.0
INITIAL_DEVIATION = 0.02
"""Standard deviation of the random weights of the layers, as in Qwen3."""


@dataclass(frozen=True)
class MultiscaleSettings:
    """Sizes of a multiscale patch network, as in its config.json.

    Attributes
    ----------
    patch_length : int
        Values of a patch.
    fine_patches : int
        Most patches of single rows in a context.
    coarse : sequence of (rows_per_value, patches)
        Further scales of a context, from the recent one to the oldest.
    hidden_size, num_layers, num_heads, intermediate_size, head_size : int
        Of the decoder layers, and the width of the hidden layers of embedding and head.
    horizon_patches : int
        Patches that are forecast in one pass; longer horizons are forecast in several passes.
    """

    patch_length: int = 24
    fine_patches: int = 32
    coarse: tuple[tuple[int, int], ...] = ((4, 8), (12, 9))
    hidden_size: int = 224
    num_layers: int = 5
    num_heads: int = 4
    intermediate_size: int = 672
    head_size: int = 448
    horizon_patches: int = 8

    @property
    def context_length(self) -> int:
        """Rows of the longest context that the network reads."""
        return self.patch_length * (self.fine_patches + sum(factor * patches for factor, patches in self.coarse))

    def coarse_number(self, rows_per_value: int) -> int:
        """Number of a coarse scale, from 1 on."""
        return 1 + [factor for factor, _ in self.coarse].index(rows_per_value)

    def layout(self, context_length: int, forecast_patches: int) -> Layout:
        """The fewest patches that contain a context of so many rows, which are at most `context_length`."""
        fine = min(self.fine_patches, max(1, -(-context_length // self.patch_length)))
        left, coarse = context_length - fine * self.patch_length, []
        for factor, most in self.coarse:
            patches = min(most, max(0, -(-left // (factor * self.patch_length))))
            left -= patches * factor * self.patch_length
            if patches:
                coarse.append((factor, patches))
        return Layout(tuple(reversed(coarse)), fine + forecast_patches)


def product_dtype(device: torch.device) -> torch.dtype:
    """In which matrix products are computed: of autocast where it is enabled, so that inputs are converted once."""
    return torch.get_autocast_dtype(device.type) if torch.is_autocast_enabled(device.type) else torch.float32


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary position embedding (Su et al., 2021, arXiv:2104.09864) of x [B, heads, N, size]."""
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


class DecoderLayer(nn.Module):
    """A decoder layer of the Qwen3 architecture: attention with normalised queries and keys, and a gated MLP."""

    def __init__(self, settings: MultiscaleSettings) -> None:
        super().__init__()
        hidden, middle = settings.hidden_size, settings.intermediate_size
        self.heads, self.size = settings.num_heads, hidden // settings.num_heads
        self.input_norm, self.mlp_norm = nn.RMSNorm(hidden, eps=1e-6), nn.RMSNorm(hidden, eps=1e-6)
        self.q_norm, self.k_norm = nn.RMSNorm(self.size, eps=1e-6), nn.RMSNorm(self.size, eps=1e-6)
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(hidden, hidden, bias=False) for _ in range(4))
        self.gate_proj, self.up_proj = (nn.Linear(hidden, middle, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(middle, hidden, bias=False)
        projections = self.q_proj, self.k_proj, self.v_proj, self.o_proj, self.gate_proj, self.up_proj, self.down_proj
        for linear in projections:
            nn.init.normal_(linear.weight, std=INITIAL_DEVIATION)

    def forward(self, tokens: Tensor, rotation: tuple[Tensor, Tensor], later: Tensor, first: int = 0) -> Tensor:
        """Tokens float32 [B, N, hidden]; returns those from number `first` on."""
        dtype = product_dtype(tokens.device)
        x = self.input_norm(tokens).to(dtype)
        query, key, value = (
            projection(y).unflatten(-1, (self.heads, self.size)).transpose(1, 2)
            for projection, y in ((self.q_proj, x[:, first:]), (self.k_proj, x), (self.v_proj, x))
        )
        query = rotate(self.q_norm(query.float()), *(r[first:] for r in rotation)).to(dtype)
        key = rotate(self.k_norm(key.float()), *rotation).to(dtype)
        weight = (query @ key.transpose(2, 3)).float() * self.size**-0.5 + later[first:]
        attended = weight.softmax(-1).to(dtype) @ value
        state = tokens[:, first:] + self.o_proj(attended.transpose(1, 2).flatten(2))
        x = self.mlp_norm(state).to(dtype)
        return state + self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class MultiscaleNetwork(nn.Module):
    """Embeds patches of three scales, passes them through decoder layers, and forecasts the next fine patches.

    Parameters
    ----------
    settings : MultiscaleSettings
    """

    def __init__(self, settings: MultiscaleSettings) -> None:
        super().__init__()
        self.settings = settings
        hidden, rows, width = settings.hidden_size, settings.patch_length, settings.head_size
        calendar = CALENDAR_ROWS * CALENDAR_WAVES
        next_patch = calendar + (REFERENCES - 2) * rows + 2 + PERIODS * PERIOD_FEATURES
        scales = 1 + len(settings.coarse)
        self.embed = nn.Sequential(
            nn.Linear(2 * rows + calendar + 1 + scales + next_patch, width), nn.SiLU(), nn.Linear(width, hidden)
        )
        self.layers = nn.ModuleList(DecoderLayer(settings) for _ in range(settings.num_layers))
        self.norm = nn.RMSNorm(hidden, eps=1e-6)
        self.head = nn.Sequential(
            nn.Linear(hidden + next_patch, width), nn.SiLU(), nn.Linear(width, len(QUANTILE_LEVELS) * rows)
        )
        self.mixing = nn.Linear(hidden, 1 + REFERENCES + 1)  # weights of zero and of the references, and the spread
        start = torch.special.ndtri(torch.tensor(QUANTILE_LEVELS)).unsqueeze(1).expand(-1, rows)
        with torch.no_grad():
            last: Any = self.head[-1]
            last.weight.mul_(0.1)
            last.bias.copy_(0.5 * start.flatten())

    def tokens(self, inputs: MultiscaleInputs, waves: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs of the embedding [B, N - 1, *], and what is known of the fine patches from the second one on.

        `waves` are the calendar features of all tokens, [B, N, CALENDAR_ROWS * CALENDAR_WAVES].
        """
        layout = inputs.layout
        last, level, *curves = inputs.references.unbind(2)
        fine = layout.fine - 1
        periods = inputs.periods.unsqueeze(1).expand(-1, fine, -1)
        next_patch = torch.cat([waves[:, -fine:], *curves, last[..., :1], level[..., :1], periods], -1)
        padded = functional.pad(next_patch, (0, 0, layout.coarse_tokens, 0))
        counts = [(self.settings.coarse_number(factor), patches) for factor, patches in layout.coarse]
        numbers = [number for number, patches in counts for _ in range(patches)] + [0] * fine
        scale = functional.one_hot(torch.tensor(numbers, device=waves.device), 1 + len(self.settings.coarse)).to(
            waves
        )
        scale = scale.expand(len(waves), -1, -1)
        own = [x[:, :-1] for x in (inputs.values, inputs.mask, waves, inputs.roughness)]
        return torch.cat([*own, scale, padded], -1), next_patch

    def next_patches(self, inputs: MultiscaleInputs, waves: Tensor, first: int = 0) -> Tensor:
        """Quantiles of the fine patches after fine patch `first` and its successors, in normalised units.

        They are not sorted along the levels, since the loss of each level is its own.

        Returns
        -------
        float32 [B, F - 1 - first, Q, P]
        """
        tokens, next_patch = self.tokens(inputs, waves)
        state = self.embed(tokens).float()
        positions = inputs.layout.positions()[:-1].to(state.device)
        half = self.settings.hidden_size // self.settings.num_heads // 2
        angle = positions[:, None] * ROPE_BASE ** (-torch.arange(half, device=state.device) / half)
        rotation = angle.cos(), angle.sin()
        later = torch.full((len(positions),) * 2, float("-inf"), device=state.device).triu(1)
        *layers, last = self.layers
        for layer in layers:
            state = layer(state, rotation, later)
        state = self.norm(last(state, rotation, later, inputs.layout.coarse_tokens + first))
        deviation = self.head(torch.cat([state, next_patch[:, first:].to(state.dtype)], -1)).float()
        weight, spread = self.mixing(state).float().split([1 + REFERENCES, 1], -1)
        base = (weight.softmax(-1)[..., 1:, None] * inputs.references[:, first:]).sum(2)
        deviation = deviation * (MAX_LOG_SPREAD * torch.tanh(spread / MAX_LOG_SPREAD)).exp()
        return deviation.unflatten(-1, (len(QUANTILE_LEVELS), -1)) + base.unsqueeze(2)

    def waves(self, calendar: Tensor, layout: Layout) -> Tensor:
        """Calendar features [B, N, *] of the tokens, of calendar rows int64 [B, T, 5]."""
        rows = layout.calendar_rows(self.settings.patch_length, CALENDAR_ROWS).to(calendar.device)
        return calendar_waves(calendar[:, rows]).flatten(2)

    def forward(self, context: Tensor, context_mask: Tensor, calendar: Tensor) -> tuple[Tensor, Tensor]:
        """Forecast the horizon.

        Parameters
        ----------
        context, context_mask : [B, L]
            Series with a standard deviation of about 1; rows before the longest context are not read.
        calendar : int64 [B, L + H, 5]

        Returns
        -------
        median : float32 [B, H]
        quantiles : float32 [B, Q, H]
            Non-decreasing along dim 1.
        """
        rows, mask = self.settings.patch_length, context_mask.to(context.dtype)
        horizon = calendar.shape[1] - context.shape[1]
        parts, done, step = [], 0, rows * self.settings.horizon_patches
        while done < horizon:
            too_long = max(0, context.shape[1] - self.settings.context_length)
            context, mask, calendar = context[:, too_long:], mask[:, too_long:], calendar[:, too_long:]
            length, ahead = context.shape[1], min(step, horizon - done)
            patches = -(-ahead // rows)
            layout = self.settings.layout(length, patches)
            before, after = layout.rows(rows) - patches * rows - length, patches * rows
            known = functional.pad(torch.where(mask > 0, context, 0.0), (before, after))
            may_read = functional.pad(mask, (before, after))
            everything = torch.ones_like(known)
            usual = calendar_periods(calendar[:, :length])
            inputs = multiscale_inputs(known, may_read, everything, layout, rows, usual)
            days = extend_calendar(calendar[:, : length + ahead], before, after - ahead)
            quantiles = self.next_patches(inputs, self.waves(days, layout), layout.fine - patches - 1)
            quantiles = quantiles.transpose(1, 2).flatten(2)[..., :ahead].sort(1).values
            part = quantiles.sinh() * inputs.scale.unsqueeze(1) + inputs.shift.unsqueeze(1)
            parts.append(part)
            done += ahead
            if done < horizon:  # the median takes the place of the values that are not known
                median = part[:, len(QUANTILE_LEVELS) // 2].to(context.dtype)
                context, mask = torch.cat([context, median], 1), functional.pad(mask, (0, ahead), value=1.0)
        quantiles = torch.cat(parts, -1)
        return quantiles[:, len(QUANTILE_LEVELS) // 2], quantiles
