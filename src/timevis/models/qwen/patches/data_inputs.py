"""Layers through which a patch network that is tuned reads covariates and which channel a window belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class WindowData:
    """What belongs to the windows of a batch beside their values and calendar.

    Attributes
    ----------
    covariates : float [B, N + 1, P, 2 K]
        Covariates of the rows of each patch, and 1 where they may be read.
    channel : int64 [B]
    """

    covariates: Tensor
    channel: Tensor


class DataInputs(nn.Module):
    """Adds covariates and an embedding of the channel to the inputs of a patch network.

    They are added before the first activation of the embedding of each patch and of the head. Moreover, each covariate
    shifts the forecast of its row, by a factor that depends on the state. All weights are zero at first, so that the
    network forecasts as it was pretrained until it is tuned.

    Parameters
    ----------
    hidden_size, patch_length : int
        Of the patch network.
    num_channels, num_covariates : int
        Of the data; with one channel, there is no embedding.
    """

    def __init__(self, hidden_size: int, patch_length: int, num_channels: int, num_covariates: int) -> None:
        super().__init__()
        width, size = 2 * hidden_size, 2 * num_covariates * patch_length
        channels = num_channels if num_channels > 1 else 0
        self.embed_covariates = nn.Linear(2 * size, width, bias=False)
        self.head_covariates = nn.Linear(size, width, bias=False)
        self.factors = nn.Linear(hidden_size, 2 * num_covariates)
        self.embed_channel = nn.Embedding(channels, width)
        self.head_channel = nn.Embedding(channels, width)
        self.has_covariates, self.has_channels = size > 0, channels > 0
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def added_to_embedding(self, hidden: Tensor, data: WindowData) -> Tensor:
        """`hidden` [B, N, 2 * hidden_size] with what the data add for each patch and the one after it."""
        if self.has_covariates:
            rows = data.covariates.flatten(2)
            hidden = hidden + self.embed_covariates(torch.cat([rows[:, :-1], rows[:, 1:]], -1))
        return hidden + self.embed_channel(data.channel).unsqueeze(1) if self.has_channels else hidden

    def added_to_head(self, hidden: Tensor, data: WindowData, first: int) -> Tensor:
        """`hidden` [B, N - first, 2 * hidden_size] with what the data add for the patches after patch `first`."""
        if self.has_covariates:
            hidden = hidden + self.head_covariates(data.covariates[:, 1 + first :].flatten(2))
        return hidden + self.head_channel(data.channel).unsqueeze(1) if self.has_channels else hidden

    def added_to_rows(self, base: Tensor, state: Tensor, data: WindowData, first: int) -> Tensor:
        """`base` [B, N - first, P] with what the covariates of each row add to its forecast."""
        if not self.has_covariates:
            return base
        return base + (data.covariates[:, 1 + first :] * self.factors(state).unsqueeze(2)).sum(-1).float()
