"""Digit-by-digit decoding: one prefill per window, its samples side by side on that one prefix."""

from __future__ import annotations

import logging
from typing import Any

import psutil
import torch
from torch import Tensor

from timevis.models.qwen.attention import SharedPrefixCache
from timevis.models.qwen.network import DigitNetwork

log = logging.getLogger(__name__)

MODES = ("sample", "greedy", "median")
_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
_MIX = (0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64))


def _splitmix(x: Tensor) -> Tensor:
    """The output function of SplitMix64 (Steele et al. 2014) on int64, which wraps as uint64 does."""
    for shift, factor in zip((30, 27), _MIX, strict=True):
        x = (x ^ ((x >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def uniforms(seed: int, origin: Tensor, channel: Tensor, samples: int, steps: int) -> Tensor:
    """Numbers in (0, 1) that depend on (seed, window, sample, step) and on nothing else.

    Parameters
    ----------
    origin, channel : int64 [B]
        Name a window.

    Returns
    -------
    float64 [B, samples, steps]
    """
    key = ((seed + 1) * _GOLDEN + (1 << 63)) % (1 << 64) - (1 << 63)  # wrapped to int64
    state = _splitmix(origin + torch.tensor(key, device=origin.device))
    state = _splitmix(state ^ ((channel + 1) * _GOLDEN)).view(-1, 1, 1)
    sample = torch.arange(1, samples + 1, device=origin.device).view(1, -1, 1)
    step = torch.arange(1, steps + 1, device=origin.device).view(1, 1, -1)
    state = _splitmix(_splitmix(state + sample * _GOLDEN) + step * _GOLDEN)
    return (((state >> 11) & ((1 << 53) - 1)).double() + 0.5) / (1 << 53)


def _choose(logits: Tensor, level: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The digit where the distribution function passes `level`, and how far into that digit's share it lies.

    Parameters
    ----------
    logits : float [B, S, 10]
    level : float64 [B, S], optional
        None takes the most likely digit.
    """
    if level is None:
        return logits.argmax(-1), None
    chance = logits.double().softmax(-1)
    edge = chance.cumsum(-1)
    digit = (edge <= level.unsqueeze(-1)).sum(-1).clamp(max=9)
    here = digit.unsqueeze(-1)
    inside = (level.unsqueeze(-1) - edge.gather(-1, here)) / chance.gather(-1, here) + 1
    return digit, inside.squeeze(-1).clamp(0, 1)


def rows_per_pass(model: Any, tokens: int, suffix: int) -> int:
    """Paths to decode side by side in the memory at hand: at most a quarter of it, and what a CPU's cache likes.

    Parameters
    ----------
    model : transformers causal language model
    tokens, suffix : int
        Of a whole window, and of the part that every path stores for itself.
    """
    config, weight = model.config, next(model.parameters())
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    stored = 2 * config.num_hidden_layers * config.num_key_value_heads * size * suffix
    passing = 8 * config.hidden_size + 3 * config.intermediate_size + heads * tokens
    if weight.device.type == "cuda":
        free = torch.cuda.mem_get_info(weight.device)[0]
    else:
        free = psutil.virtual_memory().available
    fitting = int(free / 4 / ((stored + passing) * weight.element_size()))
    return max(1, min(fitting, 1600 if weight.device.type == "cpu" else 16384))


@torch.no_grad()
def decode(
    network: DigitNetwork,
    prompt: Tensor,
    context: Tensor,
    calendar: Tensor,
    observed: Tensor,
    *,
    mode: str = "sample",
    levels: Tensor | None = None,
    samples: int = 1,
    temperature: Tensor | None = None,
) -> Tensor:
    """Digits of the values after a context.

    Parameters
    ----------
    prompt : int64 [B, P]
    context : int64 [B, L, width]
        Digits.
    calendar : int64 [B, L + H, 5]
    observed : bool [B, L]
    mode : str
        ``sample`` draws S paths; ``greedy`` takes the most likely digit; ``median`` follows the conditional
        median of each value, digit by digit.
    levels : float64 [B, S, H * width], optional
        The uniform numbers of ``sample``.
    samples : int
        S; 1 for the other modes.
    temperature : float [width], optional
        Divides the logits of each place.

    Returns
    -------
    int64 [B, S, H, width]
    """
    layout, tables = network.layout, network.tables
    width, group = layout.width, layout.group
    batch, length = context.shape[:2]
    horizon = calendar.shape[1] - length
    x = network.embed(prompt, context, calendar[:, : length + 1], observed)
    cache = SharedPrefixCache(network.backbone.config.num_hidden_layers, horizon * group)
    position = torch.arange(x.shape[1], device=x.device).unsqueeze(0)
    hidden = network.hidden(x, cache=cache, position_ids=position)[:, -1:].expand(-1, samples, -1)
    cache.fork(samples)

    rows = network.backbone.get_input_embeddings()(network.table).float() + tables.digit
    own, coming = tables.when(tables.own, calendar[:, length:]), tables.when(tables.next, calendar[:, length:])
    separator = None
    if layout.separator is not None:
        token = torch.tensor(layout.separator, device=x.device)
        separator = network.backbone.get_input_embeddings()(token).float()
    head = network.head()
    out = context.new_empty(batch, samples, horizon, width)
    at, inside = position.shape[1], None
    for value in range(horizon):
        for place in range(width):
            logits = hidden.float() @ head[place].t()
            if temperature is not None:
                logits = logits / temperature[place]
            if mode == "greedy":
                level = None
            elif mode == "sample":
                assert levels is not None
                level = levels[:, :, value * width + place]
            else:
                level = inside if inside is not None and place else logits.new_full(logits.shape[:2], 0.5).double()
            digit, inside = _choose(logits, level)
            out[:, :, value, place] = digit
            last = place == width - 1
            if last and value == horizon - 1:
                return out
            following = value + 1 if last else value
            x_own, x_coming = own[:, value, None], coming[:, following, None]
            step, new = rows[place, digit] + x_own + x_coming, 1
            if last and separator is not None:  # travels with the digit before it
                before = rows[place, digit] + x_own + coming[:, value, None]
                after = (separator + x_own + x_coming).expand_as(before)
                step, new = torch.stack([before, after], 2).flatten(1, 2), 2
            position = torch.arange(at, at + new, device=x.device).repeat(samples).unsqueeze(0)
            hidden = network.hidden(step.to(x.dtype), cache=cache, position_ids=position)
            hidden = hidden.unflatten(1, (samples, new))[:, :, -1]
            at += new
    return out


def decode_windows(
    network: DigitNetwork,
    prompt: Tensor,
    context: Tensor,
    calendar: Tensor,
    observed: Tensor,
    *,
    rows: int | str = "auto",
    mode: str = "sample",
    levels: Tensor | None = None,
    temperature: Tensor | None = None,
) -> Tensor:
    """`decode`, some windows at a time, and half as many whenever memory runs out.

    Parameters
    ----------
    rows : int or ``auto``
        Paths side by side; ``auto`` follows `rows_per_pass`.
    levels : float64 [B, S, H * width], optional
        Sets S, which is 1 without it.
    """
    samples = 1 if levels is None else levels.shape[1]
    if rows == "auto":
        suffix = (calendar.shape[1] - context.shape[1]) * network.layout.group
        tokens = prompt.shape[1] + context.shape[1] * network.layout.group + suffix
        rows = rows_per_pass(network.backbone, tokens, suffix)
    step, start, parts = max(1, int(rows) // samples), 0, []
    while start < len(prompt):
        part = slice(start, start + step)
        try:
            parts.append(
                decode(
                    network,
                    prompt[part],
                    context[part],
                    calendar[part],
                    observed[part],
                    mode=mode,
                    levels=None if levels is None else levels[part],
                    samples=samples,
                    temperature=temperature,
                )
            )
        except torch.OutOfMemoryError:
            if step == 1:
                raise
            step //= 2
            log.warning("out of memory: now decoding %d windows at a time", step)
            continue
        start += step
    return torch.cat(parts)
