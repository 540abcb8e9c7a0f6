"""The parts of a prompt that depend on the window, as indices into short lists of texts.

Each such part is a *slot* of the prompt template. A slot has a list of possible texts, which the prompt builder
tokenises once; for a window only the index of the text is computed, on tensors and without a tokenizer.
"""

from __future__ import annotations

import torch
from torch import Tensor

SLOT_TEXTS = {
    "hour": [f"{h:02d}" for h in range(24)],
    "minute": [f"{m:02d}" for m in range(60)],
    "month": [f"{m:02d}" for m in range(1, 13)],
    "peak": [f"{h:02d}" for h in range(24)],
    "trough": [f"{h:02d}" for h in range(24)],
}
SIGNIFICANT_DIGITS = 3
SIGNS, DIGITS = ["+", "-"], [str(d) for d in range(10)]


def number_slots(name: str) -> list[tuple[str, list[str]]]:
    """Slots of a number in the fixed form ``+1.23e+04``.

    Returns
    -------
    list of (str, list of str)
        One pair for each character: the name of its slot (``name.0``, ``name.1``, ...), and its possible texts.
    """
    digits = [DIGITS] * SIGNIFICANT_DIGITS
    characters = [SIGNS, digits[0], ["."], *digits[1:], ["e"], SIGNS, DIGITS, DIGITS]
    return [(f"{name}.{i}", texts) for i, texts in enumerate(characters)]


def _number_indices(name: str, value: Tensor) -> dict[str, Tensor]:
    """Indices of the texts of `number_slots`, int64 [B] for each slot, of finite values [B]."""
    size = value.double().abs()
    exponent = torch.where(size > 0, size.clamp(min=1e-99).log10().floor(), 0.0)
    mantissa = (size / 10.0 ** (exponent - SIGNIFICANT_DIGITS + 1)).round()
    overflow = mantissa >= 10**SIGNIFICANT_DIGITS  # 9.999 is rounded to 10.0
    mantissa = torch.where(overflow, mantissa / 10, mantissa).long()
    exponent = (exponent + overflow).long().clamp(-99, 99)
    digits = [mantissa // 10**i % 10 for i in reversed(range(SIGNIFICANT_DIGITS))]
    zero = torch.zeros_like(mantissa)
    tens, ones = exponent.abs() // 10, exponent.abs() % 10
    indices = [(value < 0).long(), digits[0], zero, *digits[1:], zero, (exponent < 0).long(), tens, ones]
    return {f"{name}.{i}": index for i, index in enumerate(indices)}


def slot_indices(context: Tensor, mask: Tensor, calendar: Tensor) -> dict[str, Tensor]:
    """Describe windows by their observed context: time of the last value, level, spread, range, trend, daily peak.

    Parameters
    ----------
    context : float [B, L]
    mask : bool [B, L]
        True where observed.
    calendar : int64 [B, L, 5]

    Returns
    -------
    dict of int64 [B]
        For each slot that depends on the window, the index of its text.
    """
    observed = mask | ~mask.any(1, keepdim=True)
    x = context.double()
    count = observed.sum(1)
    mean = torch.where(observed, x, 0.0).sum(1) / count
    spread = (torch.where(observed, x - mean.unsqueeze(1), 0.0).square().sum(1) / count).sqrt()
    second_half = torch.arange(x.shape[1], device=x.device) >= x.shape[1] // 2
    rise = _masked_mean(x, observed & second_half, mean) - _masked_mean(x, observed & ~second_half, mean)
    hour = torch.nn.functional.one_hot(calendar[..., 1], 24).double() * observed.unsqueeze(-1)
    hour_count = hour.sum(1)
    hour_sum = torch.einsum("bl,blh->bh", torch.where(observed, x, 0.0), hour)
    profile = hour_sum / hour_count.clamp(min=1)
    end = calendar[:, -1]
    return {
        "minute": end[:, 0],
        "hour": end[:, 1],
        "weekday": end[:, 2],
        "month": end[:, 4],
        "trend": 1 + (rise > 0.25 * spread).long() - (rise < -0.25 * spread).long(),
        "peak": torch.where(hour_count > 0, profile, -torch.inf).argmax(1),
        "trough": torch.where(hour_count > 0, profile, torch.inf).argmin(1),
        **_number_indices("level", mean),
        **_number_indices("spread", spread),
        **_number_indices("lowest", torch.where(observed, x, torch.inf).amin(1)),
        **_number_indices("highest", torch.where(observed, x, -torch.inf).amax(1)),
    }


def _masked_mean(x: Tensor, mask: Tensor, default: Tensor) -> Tensor:
    """Mean of each row [B, L] where `mask` is true; `default` [B] for rows where it is false everywhere."""
    count = mask.sum(1)
    return torch.where(count > 0, torch.where(mask, x, 0.0).sum(1) / count.clamp(min=1), default)
