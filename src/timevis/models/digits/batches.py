"""Windows as batches of digits, with what is known ahead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from timevis.data.datamodule import WindowDataModule, covariate_scalers
from timevis.data.windows import Batch
from timevis.models.digits.decoding import hashed_uniforms

MAX_SPELLED_PATHS = 5
"""Sample paths of a window whose digits are saved as text."""


def shuffle_contexts(batch: Batch, seed: int) -> Batch:
    """Permute the context of each window at random, gaps included; the calendar keeps its order."""
    # ~seed: other numbers than those that the first sample path is drawn with
    order = hashed_uniforms(~seed, batch.origin, batch.channel, 1, batch.context.shape[1]).squeeze(1).argsort(1)
    return replace(batch, context=batch.context.gather(1, order), context_mask=batch.context_mask.gather(1, order))


def forward_fill(values: Tensor, mask: Tensor, last: Tensor) -> Tensor:
    """Fill gaps with the last observed value.

    Parameters
    ----------
    values : float [B, H]
    mask : bool [B, H]
        False in gaps.
    last : float [B, 1]
        The value before the first of `values`.
    """
    step = torch.arange(1, values.shape[1] + 1, device=values.device)
    source = torch.where(mask, step, 0).cummax(1).values
    return torch.cat([last, values], 1).gather(1, source)


def digit_texts(context: Tensor, paths: Tensor, prompts: Iterable[str]) -> dict[str, list]:
    """Spell digits as numbers with spaces between them, such as ``"650 042"``, and add the texts of the prompts.

    Parameters
    ----------
    context : int64 [B, L, width]
    paths : int64 [B, S, H, width]
        Only the first `MAX_SPELLED_PATHS` paths of each window are used.
    prompts : iterable of str
        B texts.

    Returns
    -------
    dict
        ``prompt`` and ``context``: B texts; ``digits``: B lists of texts.
    """
    return {
        "prompt": list(prompts),
        "context": [_spell(digits) for digits in context],
        "digits": [[_spell(path) for path in window[:MAX_SPELLED_PATHS]] for window in paths],
    }


def _spell(digits: Tensor) -> str:
    return " ".join("".join(map(str, value)) for value in digits.tolist())


MAX_DEVIATION = 3.0
"""Standardised covariates are clipped to this size."""


class KnownInputs(nn.Module):
    """Joins the calendar fields of a batch with standardised covariates, which are zero where they are missing.

    Parameters
    ----------
    columns : sequence of int
        Column numbers of the covariates.
    """

    def __init__(self, columns: Sequence[int]) -> None:
        super().__init__()
        self.columns = list(columns)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.zeros(len(self.columns)))
        self.register_buffer("std", torch.ones(len(self.columns)))

    def prepare(self, datamodule: WindowDataModule) -> None:
        """Take mean and standard deviation from the training part."""
        for i, scaler in enumerate(covariate_scalers(datamodule, self.columns)):
            self.mean[i], self.std[i] = scaler.mean.item(), scaler.std.item()

    def forward(self, batch: Batch) -> Tensor:
        """Calendar fields int64 [B, L + H, 5], or with K covariates float [B, L + H, 5 + K]."""
        if not self.columns:
            return batch.calendar
        scaled = (batch.covariates[..., self.columns] - self.mean) / self.std
        covariates = torch.where(
            batch.covariate_mask[..., self.columns], scaled.clamp(-MAX_DEVIATION, MAX_DEVIATION), 0.0
        )
        return torch.cat([batch.calendar.to(covariates), covariates], -1)
