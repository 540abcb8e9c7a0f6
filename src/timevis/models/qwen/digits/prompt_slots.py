"""The context of a window in words and numbers, as indices into short lists of texts."""

from __future__ import annotations

import torch
from torch import Tensor

WORDS = {
    "hour": [f"{h:02d}" for h in range(24)],
    "minute": [f"{m:02d}" for m in range(60)],
    "month": [f"{m:02d}" for m in range(1, 13)],
    "peak": [f"{h:02d}" for h in range(24)],
    "trough": [f"{h:02d}" for h in range(24)],
}
SIGNIFICANT = 3
SIGNS, DIGITS = ["+", "-"], [str(d) for d in range(10)]


def number_slots(name: str) -> list[tuple[str, list[str]]]:
    """The slots of a number in the fixed form ``+1.23e+04``, named ``name.0`` and so on, with their texts."""
    digits = [DIGITS] * SIGNIFICANT
    forms = [SIGNS, digits[0], ["."], *digits[1:], ["e"], SIGNS, DIGITS, DIGITS]
    return [(f"{name}.{i}", texts) for i, texts in enumerate(forms)]


def _number(name: str, value: Tensor) -> dict[str, Tensor]:
    """Indices of the slots of `number_slots`, each int64 [B], of finite values [B]."""
    size = value.double().abs()
    exponent = torch.where(size > 0, size.clamp(min=1e-99).log10().floor(), 0.0)
    whole = (size / 10.0 ** (exponent - SIGNIFICANT + 1)).round()
    over = whole >= 10**SIGNIFICANT
    whole = torch.where(over, whole / 10, whole).long()
    exponent = (exponent + over).long().clamp(-99, 99)
    digits = [whole // 10**i % 10 for i in reversed(range(SIGNIFICANT))]
    zero = torch.zeros_like(whole)
    tens, ones = exponent.abs() // 10, exponent.abs() % 10
    values = [(value < 0).long(), digits[0], zero, *digits[1:], zero, (exponent < 0).long(), tens, ones]
    return {f"{name}.{i}": index for i, index in enumerate(values)}


def describe(context: Tensor, mask: Tensor, calendar: Tensor) -> dict[str, Tensor]:
    """What prompts say about windows, from observed context only.

    Parameters
    ----------
    context : float [B, L]
    mask : bool [B, L]
        True where observed.
    calendar : int64 [B, L, 5]

    Returns
    -------
    dict of int64 [B]
        Index of the text to take for every slot that depends on the window.
    """
    seen = mask | ~mask.any(1, keepdim=True)
    x = context.double()
    count = seen.sum(1)
    mean = torch.where(seen, x, 0.0).sum(1) / count
    spread = (torch.where(seen, x - mean.unsqueeze(1), 0.0).square().sum(1) / count).sqrt()
    half = x.shape[1] // 2
    late = torch.arange(x.shape[1], device=x.device) >= half
    rise = _mean(x, seen & late, mean) - _mean(x, seen & ~late, mean)
    hour = torch.nn.functional.one_hot(calendar[..., 1], 24).double() * seen.unsqueeze(-1)
    total, by_hour = hour.sum(1), torch.einsum("bl,blh->bh", torch.where(seen, x, 0.0), hour)
    profile = by_hour / total.clamp(min=1)
    end = calendar[:, -1]
    return {
        "minute": end[:, 0],
        "hour": end[:, 1],
        "weekday": end[:, 2],
        "month": end[:, 4],
        "trend": 1 + (rise > 0.25 * spread).long() - (rise < -0.25 * spread).long(),
        "peak": torch.where(total > 0, profile, -torch.inf).argmax(1),
        "trough": torch.where(total > 0, profile, torch.inf).argmin(1),
        **_number("level", mean),
        **_number("spread", spread),
        **_number("lowest", torch.where(seen, x, torch.inf).amin(1)),
        **_number("highest", torch.where(seen, x, -torch.inf).amax(1)),
    }


def _mean(x: Tensor, keep: Tensor, otherwise: Tensor) -> Tensor:
    """Mean of the rows [B, L] where `keep` is true; `otherwise` [B] where it never is."""
    count = keep.sum(1)
    return torch.where(count > 0, torch.where(keep, x, 0.0).sum(1) / count.clamp(min=1), otherwise)
