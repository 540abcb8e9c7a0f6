"""From the states of a backbone that has read patches to the whole horizon: two ways."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from timevis.models.layers import CalendarEmbedding, start_narrow

Readout: TypeAlias = Literal["states", "queries"]


class StateHead(nn.Module):
    """A linear map from all states to all outputs, of limited rank.

    Of full rank it would need N * hidden * H * 16 weights (13 million for nano, 88 million for Qwen2.5-0.5B, from 512
    rows to 96). Unlike the mean of the states or the last one, it still reads every patch by itself.

    Parameters
    ----------
    states, hidden_size : int
        N, and the size of each.
    outputs, horizon : int
    rank : int
    dropout : float
    """

    def __init__(self, states: int, hidden_size: int, outputs: int, horizon: int, rank: int, dropout: float) -> None:
        super().__init__()
        self.shape = (outputs, horizon)
        self.dropout = nn.Dropout(dropout)
        self.squeeze = nn.Linear(states * hidden_size, rank)
        self.head = nn.Linear(rank, outputs * horizon)
        # unit weights, inputs scaled down: Adam's step then suits nano's 8 thousand inputs and Qwen's 57 thousand
        nn.init.normal_(self.squeeze.weight)
        nn.init.zeros_(self.squeeze.bias)
        self.scale = self.squeeze.in_features**-0.5
        start_narrow(self.head.bias.view(outputs, horizon))

    def asked(self, tokens: Tensor, later: Tensor, channel: Tensor) -> Tensor:
        """What the backbone reads: the patches alone."""
        return tokens

    def forward(self, states: Tensor) -> Tensor:
        """Float32 outputs [B, outputs, H] of states [B, N, hidden]."""
        output: Tensor = self.head(self.squeeze(self.dropout(states.flatten(1)) * self.scale))
        return output.float().view(len(states), *self.shape)


class QueryHead(nn.Module):
    """Learnt tokens after the patches, one for each patch of the horizon; each is told when and whose that is.

    The backbone turns each into a state, and one head, shared by all, into the rows of its patch: the parallel
    decoding of SegRNN (Lin et al., 2023, arXiv:2308.11200), done by a language model.

    Parameters
    ----------
    hidden_size, outputs, horizon : int
    length : int
        Rows of a patch of the horizon.
    num_channels : int
    calendar : CalendarEmbedding, optional
    calendar_size : int
        Width of its embeddings.
    dropout : float
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
        # sizes of about one, as those of embedded patches
        self.position = nn.Parameter(torch.randn(count, hidden_size) / 2)
        self.channel = nn.Embedding(num_channels, hidden_size)
        nn.init.normal_(self.channel.weight, std=0.5)
        self.when = nn.Linear(calendar_size, hidden_size) if calendar else None
        self.ends: Tensor
        self.register_buffer("ends", (torch.arange(1, count + 1) * length).clamp(max=horizon) - 1, persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, outputs * length)
        nn.init.zeros_(self.head.bias)
        start_narrow(self.head.bias.view(outputs, length))

    def asked(self, tokens: Tensor, later: Tensor, channel: Tensor) -> Tensor:
        """What the backbone reads: patches [B, N, hidden], and after them a query for every patch of the horizon.

        Parameters
        ----------
        later : int64 [B, H, 5]
            Calendar of the horizon.
        channel : int64 [B]
        """
        queries = self.position + self.channel(channel).unsqueeze(1)
        if self.when is not None and self.calendar is not None:
            queries = queries + self.when(self.calendar(later[:, self.ends]))
        return torch.cat([tokens, queries.to(tokens.dtype)], 1)

    def forward(self, states: Tensor) -> Tensor:
        """Float32 outputs [B, outputs, H] of states [B, N + queries, hidden]."""
        parts = self.head(self.dropout(states[:, -len(self.position) :])).float()
        return parts.unflatten(-1, (self.outputs, -1)).transpose(1, 2).flatten(2)[..., : self.horizon]
