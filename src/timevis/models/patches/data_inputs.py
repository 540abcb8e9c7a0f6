"""Layers through which a patch network that is tuned reads covariates and which channel a window belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


class DataInputs(nn.Module):
    """Weights for covariates and channels, which a patch network has in addition when it is tuned on data.

    All are zero at first, so that the network forecasts as it was pretrained until it is tuned.

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
        self.embed_covariates = nn.Parameter(torch.zeros(width, 2 * size))
        self.head_covariates = nn.Parameter(torch.zeros(width, size))
        self.factors = nn.Parameter(torch.zeros(2 * num_covariates, hidden_size))
        self.factor_bias = nn.Parameter(torch.zeros(2 * num_covariates))
        self.embed_channel = nn.Parameter(torch.zeros(channels, width))
        self.head_channel = nn.Parameter(torch.zeros(channels, width))


@dataclass(frozen=True)
class WindowData:
    """Covariates and channels of some windows, and the layers that read them.

    They are added before the first activation of the embedding of each patch and of the head. Each covariate also
    shifts the forecast of its row, by a factor that depends on the state.

    Attributes
    ----------
    layers : DataInputs
    covariates : float [B, N + 1, P, 2 K]
        Covariates of the rows of each patch, and 1 where they may be read.
    channel : int64 [B]
    """

    layers: DataInputs
    covariates: Tensor
    channel: Tensor

    def add_to_embedding(self, hidden: Tensor) -> Tensor:
        """Add to `hidden` [B, N, 2 * hidden_size] what belongs to each patch and to the one after it."""
        if self.covariates.shape[-1]:
            rows = self.covariates.flatten(2)
            own_and_next = torch.cat([rows[:, :-1], rows[:, 1:]], -1)
            hidden = hidden + functional.linear(own_and_next, self.layers.embed_covariates)
        return self._with_channel(hidden, self.layers.embed_channel)

    def add_to_head(self, hidden: Tensor, first: int) -> Tensor:
        """Add to `hidden` [B, N - first, 2 * hidden_size] what belongs to the patches after patch `first`."""
        if self.covariates.shape[-1]:
            hidden = hidden + functional.linear(
                self.covariates[:, 1 + first :].flatten(2), self.layers.head_covariates
            )
        return self._with_channel(hidden, self.layers.head_channel)

    def add_to_rows(self, base: Tensor, state: Tensor, first: int) -> Tensor:
        """Add to `base` [B, N - first, P] the covariates of each row, times the factors of the state."""
        factors = functional.linear(state, self.layers.factors, self.layers.factor_bias)
        return base + (self.covariates[:, 1 + first :] * factors.unsqueeze(2)).sum(-1).float()

    def _with_channel(self, hidden: Tensor, embedding: Tensor) -> Tensor:
        return hidden + embedding[self.channel].unsqueeze(1) if len(embedding) else hidden
