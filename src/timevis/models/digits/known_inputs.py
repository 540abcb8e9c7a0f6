"""What the digit network reads of each value besides its digits: calendar fields, and covariates known ahead."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from timevis.data.datamodule import WindowDataModule, covariate_scalers
from timevis.data.windows import Batch

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
