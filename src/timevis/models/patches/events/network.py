"""Layers that give a patch network event channels: what is known about events of each row, also ahead of time.

The curves from which the patch network starts its forecast are computed a second time, from values without the
effects of events, and the events of the forecast rows are applied to them. The layers learn from series with events
how far to trust these curves. The weights of the patch network stay as they are, so that forecasts without events do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from timevis.models.patches.events.event import CHANNELS, FLAGS
from timevis.models.patches.features import (
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    carried_values,
    detect_periods,
    periodic_references,
)
from timevis.models.patches.network import (
    MAX_INPUT,
    MAX_LOG_SPREAD,
    REFERENCES,
    PassInputs,
    PatchInputs,
    PatchNetwork,
    PatchSettings,
    patch_inputs,
)
from timevis.utils.levels import QUANTILE_LEVELS

FEATURES = FLAGS + 3
"""Features of each row: the flags, the logarithm of the factor, and the levels of zero and of the limit."""
UNKNOWN_REDUCTION, UNKNOWN_INCREASE = 0.55, 1.6
"""Factors where a sentence states none; the network corrects them."""
SUNDAYS = 4
"""How many Sundays back the values of a holiday are looked up."""
FIRST_BIAS = 2.0
"""How much more weight the curves with events have than those without, before training."""


@dataclass(frozen=True)
class EventInputs:
    """What is known about the events of N + 1 patches of P rows.

    Attributes
    ----------
    features : float [B, N + 1, P, FEATURES]
    references : float [B, N + 1, REFERENCES, P]
        The curves of `timevis.models.patches.network.PatchInputs` with the events of their rows.
    has_events : bool [B]
        Whether any row of the window has an event.
    """

    features: Tensor
    references: Tensor
    has_events: Tensor

    def activity(self) -> Tensor:
        """The probability that a row has an event, [B, N + 1, P]."""
        return self.features[..., :FLAGS].sum(-1).clamp(0, 1)


def sunday_values(z: Tensor, mask: Tensor, calendar: Tensor, patch_length: int) -> tuple[Tensor, Tensor]:
    """The value at the same time on the last observed Sunday before the day and the patch of each row.

    Returns
    -------
    value, observed : [B, T]
        A Sunday is looked up only where a whole number of rows makes a day.
    """
    minute = calendar[..., 2] * MINUTES_PER_DAY + calendar[..., 1] * 60 + calendar[..., 0]
    step = ((minute[:, 1] - minute[:, 0]) % MINUTES_PER_WEEK)[:, None].clamp(min=1)
    fits = (MINUTES_PER_DAY % step == 0) & (step > 1)
    per_day = MINUTES_PER_DAY // step
    rows = torch.arange(z.shape[1], device=z.device)
    first_of_patch = rows - rows % patch_length
    value, observed = torch.zeros_like(z), torch.zeros_like(z, dtype=torch.bool)
    for week in range(SUNDAYS):
        index = rows - (calendar[..., 2] + 1 + 7 * week) * per_day
        source = index.clamp(min=0)
        usable = fits & (index >= 0) & (index < first_of_patch) & (mask.gather(1, source) > 0) & ~observed
        value, observed = torch.where(usable, z.gather(1, source), value), observed | usable
    return value, observed


def event_inputs(
    values: Tensor,
    mask: Tensor,
    visible: Tensor,
    calendar: Tensor,
    channels: Tensor,
    zero: Tensor,
    inputs: PatchInputs,
) -> EventInputs:
    """Compute what the network reads of events.

    Parameters
    ----------
    values, mask, visible, calendar
        As for `timevis.models.patches.network.patch_inputs`.
    channels : float [B, T, len(CHANNELS)]
        See `timevis.models.patches.events.event.CHANNELS`; the limit is in the unit of the values, above zero.
    zero : float [B, 1]
        The value that is zero.
    inputs : PatchInputs
        Of the same series.
    """
    rows = inputs.values.shape[-1]
    flags = channels[..., :FLAGS]
    is_zero, reduced, increased, _, limited, holiday = flags.unbind(-1)
    log2_factor = channels[..., CHANNELS.index("log2_factor")]
    cap = zero + channels[..., CHANNELS.index("limit_value")] / limited.clamp(min=1e-3)
    to_z = lambda x: torch.asinh((x - inputs.shift) / inputs.scale).clamp(-MAX_INPUT, MAX_INPUT)  # noqa: E731
    to_x = lambda z: z.sinh() * inputs.scale + inputs.shift  # noqa: E731
    usable = mask * ((is_zero + reduced + increased + holiday) < 0.5)
    z = to_z(zero + (values - zero) * torch.exp2(-log2_factor)) * usable
    period, _ = detect_periods(z * visible, usable * visible)
    last = carried_values(z, usable)[:, rows - 1 :: rows]
    last = functional.pad(last, (1, 0))[:, :-1].repeat_interleave(rows, 1)
    lags = period * (-rows // period).neg()
    curves = [last, *(x for lag in lags.unbind(1) for x in periodic_references(z, usable, lag, last))]
    sunday, has_sunday = sunday_values(z, usable, calendar, rows)
    sunday_x = to_x(sunday)
    changed = []
    for curve in curves:
        x = to_x(curve)
        x = x + holiday * has_sunday * (sunday_x - x)
        x = zero + (x - zero) * torch.exp2(log2_factor)
        x = zero + (x - zero) * (1 + reduced * (UNKNOWN_REDUCTION - 1) + increased * (UNKNOWN_INCREASE - 1))
        x = x + limited * (torch.minimum(x, cap) - x)
        changed.append(to_z(x + is_zero * (zero - x)).unflatten(1, (-1, rows)))
    active = flags.sum(-1).clamp(0, 1)
    levels = [to_z(zero) * active, to_z(cap) * limited]
    features = torch.cat([flags, log2_factor[..., None], torch.stack(levels, -1)], -1)
    return EventInputs(features.unflatten(1, (-1, rows)), torch.stack(changed, 2), (active > 0.01).any(1))


class EventLayers(nn.Module):
    """What a patch network needs in addition, to read event channels.

    Parameters
    ----------
    settings : PatchSettings
        Of the patch network.
    """

    def __init__(self, settings: PatchSettings) -> None:
        super().__init__()
        hidden, rows = settings.hidden_size, settings.patch_length
        size = FEATURES * rows
        self.embed_events = nn.Linear(2 * size, 2 * hidden, bias=False)
        self.head_events = nn.Linear(size, 2 * hidden, bias=False)
        self.event_head = nn.Sequential(
            nn.Linear(hidden + size, hidden), nn.SiLU(), nn.Linear(hidden, len(QUANTILE_LEVELS) * rows)
        )
        self.event_mixing = nn.Linear(hidden, REFERENCES)
        self.row_spread = nn.Linear(FEATURES, 1, bias=False)

    @torch.no_grad()
    def start_from(self, network: PatchNetwork) -> None:
        """Let events change the curves only, and give curves with events the weights of those without."""
        last: Any = self.event_head[-1]
        for parameter in (self.embed_events.weight, self.head_events.weight, last.weight, last.bias):
            parameter.zero_()
        self.row_spread.weight.zero_()
        of_references = slice(1, 1 + REFERENCES)
        self.event_mixing.weight.copy_(network.mixing.weight[of_references])
        self.event_mixing.bias.copy_(network.mixing.bias[of_references] + FIRST_BIAS)

    def next_patches(self, network: PatchNetwork, inputs: PatchInputs, events: EventInputs, first: int = 0) -> Tensor:
        """As `PatchNetwork.next_patches`, with what is known about events; float32 [B, N - first, Q, P]."""
        before, after = slice(None, -1), slice(1, None)
        last, *periodic = inputs.references[:, after].unbind(2)
        patches = inputs.features.shape[1] - 1
        strength = inputs.strength.unsqueeze(1).expand(-1, patches, -1)
        next_patch = torch.cat([inputs.features[:, after], *periodic, last[..., :1], strength], -1)
        own = [x[:, before] for x in (inputs.values, inputs.mask, inputs.features, inputs.roughness)]
        features = events.features.flatten(2)
        own_and_next = torch.cat([features[:, before], features[:, after]], -1)
        hidden = network.embed[0](torch.cat([*own, next_patch], -1)) + self.embed_events(own_and_next)
        state = network.final_states(network.embed[2](network.embed[1](hidden)), first)
        ahead = features[:, 1 + first :]
        hidden = network.head[0](torch.cat([state, next_patch[:, first:]], -1)) + self.head_events(ahead)
        deviation = network.head[2](network.head[1](hidden)).float().unflatten(-1, (len(QUANTILE_LEVELS), -1))
        weight, spread = network.mixing(state).float().split([1 + REFERENCES, 1], -1)
        of_events = self.event_mixing(state).float().masked_fill(~events.has_events[:, None, None], -torch.inf)
        share = torch.cat([weight, of_events], -1).softmax(-1)[..., 1:, None]
        curves = torch.cat([inputs.references[:, 1 + first :], events.references[:, 1 + first :]], 2)
        base = (share * curves).sum(2)
        spread = (MAX_LOG_SPREAD * torch.tanh(spread / MAX_LOG_SPREAD)).unsqueeze(-1)
        of_rows = self.row_spread(events.features[:, 1 + first :]).transpose(-1, -2).float()
        deviation = deviation * (spread + of_rows.clamp(-6, 2)).exp()
        added = self.event_head(torch.cat([state, ahead], -1)).float().unflatten(-1, (len(QUANTILE_LEVELS), -1))
        active = events.activity()[:, 1 + first :].unsqueeze(2)
        return deviation + added * active + base.unsqueeze(2)

    def forward(
        self,
        network: PatchNetwork,
        context: Tensor,
        context_mask: Tensor,
        calendar: Tensor,
        channels: Tensor,
        zero: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Forecast the horizon, in the same way as the patch network where there is no event.

        Parameters
        ----------
        network : PatchNetwork
        context, context_mask, calendar
            As for `PatchNetwork.forward`.
        channels : float [B, L + H, len(CHANNELS)]
            Event channels; the limit is in the unit of the context.
        zero : float [B, 1]
            The value of the context that is zero.

        Returns
        -------
        median : float32 [B, H]
        quantiles : float32 [B, Q, H]
        """
        rows = network.settings.patch_length

        def one_pass(series: PassInputs) -> tuple[Tensor, PatchInputs]:
            everywhere, length = torch.ones_like(series.values), series.values.shape[1]
            of_rows = channels.repeat_interleave(network.stretch, 1)
            padded = functional.pad(of_rows, (0, 0, series.padding, length))[:, :length]
            inputs = patch_inputs(series.values, series.mask, everywhere, series.calendar, rows)
            events = event_inputs(series.values, series.mask, everywhere, series.calendar, padded, zero, inputs)
            return self.next_patches(network, inputs, events, series.first), inputs

        return network.forecast_in_passes(context, context_mask, calendar, one_pass)
