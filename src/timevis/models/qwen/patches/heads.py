"""Heads of the patch forecaster, which turn the states of its backbone into outputs for the whole horizon."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from timevis.models.layers import CalendarEmbedding, start_narrow

Readout: TypeAlias = Literal["states", "queries"]


class StateHead(nn.Module):
    """A low-rank linear map from all states to all outputs.

    A map of full rank would need N * hidden * H * 16 weights: 13 million for nano and 88 million for Qwen2.5-0.5B,
    with context length 512 and horizon 96. Unlike a head that reads the mean or the last state, it has weights for
    each patch.

    Parameters
    ----------
    states, hidden_size : int
        Number N of states and size of each.
    outputs, horizon : int
        Number of outputs per time step and number of time steps H.
    rank : int
    dropout : float
        Applied to the states.
    """

    def __init__(self, states: int, hidden_size: int, outputs: int, horizon: int, rank: int, dropout: float) -> None:
        super().__init__()
        self.shape = (outputs, horizon)
        self.dropout = nn.Dropout(dropout)
        self.squeeze = nn.Linear(states * hidden_size, rank)
        self.head = nn.Linear(rank, outputs * horizon)
        # unit weights and scaled inputs, so that one learning rate of Adam suits any number of inputs
        nn.init.normal_(self.squeeze.weight)
        nn.init.zeros_(self.squeeze.bias)
        self.scale = self.squeeze.in_features**-0.5
        start_narrow(self.head.bias.view(outputs, horizon))

    def backbone_input(self, tokens: Tensor, horizon_calendar: Tensor, channel: Tensor) -> Tensor:
        """The input of the backbone: the embedded patches without any addition."""
        return tokens

    def forward(self, states: Tensor) -> Tensor:
        """Float32 outputs [B, outputs, H] of states [B, N, hidden]."""
        output: Tensor = self.head(self.squeeze(self.dropout(states.flatten(1)) * self.scale))
        return output.float().view(len(states), *self.shape)


class QueryHead(nn.Module):
    """Learnt query tokens after the context patches, one for each patch of the horizon.

    A query is the sum of embeddings of its position, of the channel, and of the calendar at the end of its patch. The
    backbone turns each query into a state, and one linear layer for all queries turns a state into the rows of its
    patch. This is the parallel decoding of SegRNN (Lin et al., 2023, arXiv:2308.11200) with a language model.

    Parameters
    ----------
    hidden_size, outputs, horizon : int
        As for `StateHead`.
    length : int
        Number of rows in a patch of the horizon.
    num_channels : int
    calendar : CalendarEmbedding, optional
    calendar_size : int
        Size of the calendar embedding.
    dropout : float
        Applied to the states.
    """

    def __init__(
        self,
        hidden_size: int,
        outputs: int,
        horizon: int,
        length: int,
        num_channels: int,
        calendar: CalendarEmbedding | None,
        calendar_size: int,
        dropout: float,
    ) -> None:
        super().__init__()
        count = -(-horizon // length)
        self.outputs, self.horizon, self.calendar = outputs, horizon, calendar
        # standard deviation 0.5, so that a query is about as large as an embedded patch
        self.position = nn.Parameter(torch.randn(count, hidden_size) / 2)
        self.channel = nn.Embedding(num_channels, hidden_size)
        nn.init.normal_(self.channel.weight, std=0.5)
        self.when = nn.Linear(calendar_size, hidden_size) if calendar else None
        self.patch_ends: Tensor
        patch_ends = (torch.arange(1, count + 1) * length).clamp(max=horizon) - 1
        self.register_buffer("patch_ends", patch_ends, persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, outputs * length)
        nn.init.zeros_(self.head.bias)
        start_narrow(self.head.bias.view(outputs, length))

    def backbone_input(self, tokens: Tensor, horizon_calendar: Tensor, channel: Tensor) -> Tensor:
        """The input of the backbone: embedded patches, followed by one query for each patch of the horizon.

        Parameters
        ----------
        tokens : float [B, N, hidden]
            Embedded patches of the context.
        horizon_calendar : int64 [B, H, 5]
        channel : int64 [B]

        Returns
        -------
        float [B, N + queries, hidden]
        """
        queries = self.position + self.channel(channel).unsqueeze(1)
        if self.when is not None and self.calendar is not None:
            queries = queries + self.when(self.calendar(horizon_calendar[:, self.patch_ends]))
        return torch.cat([tokens, queries.to(tokens.dtype)], 1)

    def forward(self, states: Tensor) -> Tensor:
        """Float32 outputs [B, outputs, H] of states [B, N + queries, hidden]."""
        patches = self.head(self.dropout(states[:, -len(self.position) :])).float()
        return patches.unflatten(-1, (self.outputs, -1)).transpose(1, 2).flatten(2)[..., : self.horizon]
