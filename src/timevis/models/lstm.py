"""The LSTM (or GRU) forecaster and its network, which forecasts the whole horizon at once.

With ``segment_length=1`` this is the classic step-wise LSTM or GRU with a direct multi-horizon decoder. Larger
segments follow SegRNN (Lin et al., 2023, arXiv:2308.11200): fewer recurrent steps, and every segment of the
horizon decoded in parallel from the last state and an embedding of its position.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from timevis.models.direct import DirectForecaster
from timevis.models.forecaster import QUANTILE_LEVELS
from timevis.models.layers import CalendarEmbedding, InstanceNorm, ordered_quantiles, start_narrow

CELLS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU}


class LSTM(DirectForecaster):
    """Direct multi-horizon LSTM or GRU with quantile output.

    Its parameters are those of `DirectForecaster`, of `RecurrentEnsemble` (``members``) and of `RecurrentNet`.
    """

    choices = {**DirectForecaster.choices, "cell": CELLS}

    def build_network(self, **options: Any) -> RecurrentEnsemble:
        columns, levels = len(self.covariate_columns), len(QUANTILE_LEVELS)
        return RecurrentEnsemble(self.context_length, self.horizon, self.num_channels, columns, levels, **options)

    @classmethod
    def takers(cls) -> tuple[Callable[..., Any], ...]:
        return *super().takers(), RecurrentEnsemble, RecurrentNet


class RecurrentNet(nn.Module):
    """Encoder over the context, one decoder step per segment of the horizon.

    Parameters
    ----------
    context_length, horizon : int
        In rows; neither needs to be a multiple of `segment_length`.
    num_channels, num_covariates, num_quantiles : int
    segment_length : int
        Rows read, and written, by one recurrent step.
    cell : {"lstm", "gru"}
    hidden_size, num_layers : int
    dropout : float
        Before the head, and between layers.
    normalization : {"none", "last", "mean_std", "revin"}
    channel_embedding : bool
        Tell the decoder which channel it forecasts.
    calendar : sequence of str
        Fields of `CALENDAR_FIELDS` that encoder and decoder see; empty for none.
    calendar_size : int
        Width of their embedding.
    highway : bool
        Add a linear map of the context to every output (the autoregressive part of LSTNet; Lai et al., 2018).
    """

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        num_quantiles: int = 15,
        *,
        segment_length: int = 24,
        cell: str = "lstm",
        hidden_size: int = 128,
        num_layers: int = 1,
        dropout: float = 0.1,
        normalization: str = "last",
        channel_embedding: bool = True,
        calendar: Sequence[str] = ("hour", "weekday"),
        calendar_size: int = 16,
        highway: bool = False,
    ) -> None:
        super().__init__()
        self.horizon, self.segment_length, self.hidden_size = horizon, segment_length, hidden_size
        self.context_segments = -(-context_length // segment_length)
        self.horizon_segments = -(-horizon // segment_length)
        self.num_outputs = 1 + num_quantiles
        self.padding = self.context_segments * segment_length - context_length
        self.norm = InstanceNorm(normalization, num_channels)
        self.calendar = CalendarEmbedding(calendar, calendar_size) if calendar else None
        extra = calendar_size if calendar else 0
        context_width = segment_length * (2 + 2 * num_covariates) + extra
        stepwise = segment_length == 1
        inputs = context_width if stepwise else hidden_size
        self.embed = nn.Identity() if stepwise else nn.Sequential(nn.Linear(context_width, hidden_size), nn.ReLU())
        shape = {"num_layers": num_layers, "batch_first": True, "dropout": dropout if num_layers > 1 else 0.0}
        recurrent = CELLS[cell]
        self.encoder = recurrent(inputs, hidden_size, **shape)
        # a segment net decodes with its own cell, as SegRNN does; rows are too narrow to carry a position
        self.decoder = recurrent(hidden_size, hidden_size, **shape) if stepwise else self.encoder
        self.position = nn.Parameter(torch.randn(self.horizon_segments, hidden_size) * hidden_size**-0.5)
        self.channel = nn.Embedding(num_channels, hidden_size) if channel_embedding else None
        if self.channel is not None:
            nn.init.normal_(self.channel.weight, std=hidden_size**-0.5)
        ahead_width = segment_length * 2 * num_covariates + extra
        self.ahead = nn.Linear(ahead_width, hidden_size, bias=False) if ahead_width else None
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, segment_length * self.num_outputs)
        self.highway = nn.Linear(context_length, horizon, bias=False) if highway else None
        with torch.no_grad():
            if self.highway is not None:
                self.highway.weight.zero_()
            start_narrow(self.head.bias.view(self.num_outputs, segment_length))

    def _segments(self, rows: Tensor, count: int, front: int) -> Tensor:
        """Rows [B, n, F] as [B, count, segment_length * F], padded with zeros in front or at the end."""
        missing = count * self.segment_length - rows.shape[1]
        if missing:
            rows = functional.pad(rows, (0, 0, missing * front, missing * (1 - front)))
        return rows.reshape(len(rows), count, -1)

    def _encode(self, value: Tensor, missing: Tensor, calendar: Tensor, extra: Tensor | None) -> Tensor | tuple:
        rows = torch.stack([value, missing], dim=-1)
        if extra is not None:
            rows = torch.cat([rows, extra], dim=-1)
        features = self._segments(rows, self.context_segments, front=1)
        if self.calendar is not None:
            # the last row of a segment tells the time of all of it, padded or not
            stamps = calendar[:, self.segment_length - 1 - self.padding :: self.segment_length]
            features = torch.cat([features, self.calendar(stamps)], dim=-1)
        return _recur(self.encoder, self.embed(features))[1]

    def _query(self, calendar: Tensor, extra: Tensor | None, channel: Tensor) -> Tensor:
        """What is asked of each segment of the horizon, [B, M, hidden]."""
        query = self.position.expand(len(channel), -1, -1)
        if self.channel is not None:
            query = query + self.channel(channel).unsqueeze(1)
        parts = []
        if extra is not None:
            parts.append(self._segments(extra, self.horizon_segments, front=0))
        if self.calendar is not None:
            parts.append(self.calendar(calendar[:, :: self.segment_length]))
        if self.ahead is not None:
            query = query + self.ahead(torch.cat(parts, dim=-1))
        return query

    def forward(
        self,
        context: Tensor,
        context_mask: Tensor,
        calendar: Tensor,
        covariates: Tensor,
        covariate_mask: Tensor,
        channel: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Forecast standardised values; arguments as in `timevis.data.windows.Batch`, standardised.

        Returns
        -------
        point : float32 [B, H]
        quantiles : float32 [B, Q, H]
            Non-decreasing along dim 1.
        """
        batch, length = context.shape
        shift, scale = self.norm(context, context_mask, channel)
        value = (context - shift) / scale
        missing = 1 - context_mask.to(value.dtype)
        extra = torch.cat([covariates, covariate_mask.to(value.dtype)], dim=-1) if covariates.shape[-1] else None
        past, ahead = (None, None) if extra is None else (extra[:, :length], extra[:, length:])
        state = self._encode(value, missing, calendar[:, :length], past)
        query = self._query(calendar[:, length:], ahead, channel)
        # quantiles are summed up, and values carried past the layers, in full precision, whatever that of the layers
        output = self._decode(query, state).float()
        output = output.view(batch, self.horizon_segments, self.num_outputs, self.segment_length)
        output = output.transpose(1, 2).reshape(batch, self.num_outputs, -1)[..., : self.horizon]
        point, quantiles = output[:, 0], ordered_quantiles(output[:, 1:])
        if self.highway is not None:
            with torch.autocast(value.device.type, enabled=False):
                straight = self.highway(value)
            point, quantiles = point + straight, quantiles + straight.unsqueeze(1)
        return point * scale + shift, torch.addcmul(shift.unsqueeze(1), quantiles, scale.unsqueeze(1))

    def _decode(self, query: Tensor, state: Tensor | tuple[Tensor, Tensor]) -> Tensor:
        """One step from the last state for every segment of the horizon at once; [B * M, outputs]."""
        count = query.shape[1]
        start = (
            tuple(s.repeat_interleave(count, dim=1) for s in state)
            if isinstance(state, tuple)
            else state.repeat_interleave(count, dim=1)
        )
        decoded = _recur(self.decoder, query.flatten(0, 1).unsqueeze(1), start)[0].squeeze(1)
        return self.head(self.dropout(decoded))


def _recur(cell: nn.LSTM | nn.GRU, inputs: Tensor, start: Any = None) -> Any:
    """Outputs and last state of a recurrent layer; an LSTM in full precision where oneDNN has none in bfloat16."""
    half = inputs.device.type == "cpu" and torch.is_autocast_enabled("cpu") and torch.backends.mkldnn.is_available()
    if not half or isinstance(cell, nn.GRU) or torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return cell(inputs, start)
    with torch.autocast("cpu", enabled=False):
        return cell(inputs.float(), start)


class RecurrentEnsemble(nn.Module):
    """Networks that differ in their random start alone, their forecasts averaged (Lakshminarayanan et al., 2017).

    Quantiles are averaged level by level, which keeps their order and the width of the members.

    Parameters
    ----------
    members : int
    args, kwargs
        Of each `RecurrentNet`.
    """

    def __init__(self, *args: Any, members: int = 1, **kwargs: Any) -> None:
        super().__init__()
        self.members = nn.ModuleList(RecurrentNet(*args, **kwargs) for _ in range(members))

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """As `RecurrentNet`; in training one member after another, [N * B, ...]."""
        points, quantiles = zip(*(member(*inputs) for member in self.members), strict=True)
        if len(points) == 1:
            return points[0], quantiles[0]
        if self.training:
            return torch.cat(points), torch.cat(quantiles)
        return torch.stack(points).mean(0), torch.stack(quantiles).mean(0)
