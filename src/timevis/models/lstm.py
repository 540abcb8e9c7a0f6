"""The LSTM forecaster and its network, which forecasts the whole horizon at once.

With ``segment_length=1`` the network is the classic step-wise LSTM or GRU with a direct multi-horizon decoder. Larger
segments follow SegRNN (Lin et al., 2023, arXiv:2308.11200): the encoder takes fewer recurrent steps, and the decoder
computes all segments of the horizon in parallel, each from the last state and an embedding of its position.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import torch
from annotated_types import Interval
from torch import Tensor, nn
from torch.nn import functional

from timevis.config.options import FractionBelowOne
from timevis.data.calendar import CalendarField
from timevis.data.datamodule import WindowDataModule
from timevis.models.boosted import CovariateChoice
from timevis.models.declaration import Declaration, recurrent_size
from timevis.models.direct import (
    CalendarEmbedding,
    DirectForecaster,
    InstanceNorm,
    Normalization,
    ordered_quantiles,
    start_narrow,
)
from timevis.utils.levels import QUANTILE_LEVELS

LayerWidth: TypeAlias = Annotated[int, Interval(ge=1, le=8192)]
NumLayers: TypeAlias = Annotated[int, Interval(ge=1, le=32)]
SegmentLength: TypeAlias = Annotated[int, Interval(ge=1, le=100_000)]
Members: TypeAlias = Annotated[int, Interval(ge=1, le=100)]
Cell: TypeAlias = Literal["lstm", "gru"]
CELLS: dict[Cell, Any] = {"lstm": nn.LSTM, "gru": nn.GRU}


class LSTM(DirectForecaster):
    """Direct multi-horizon LSTM or GRU that outputs quantiles.

    Its keyword arguments are the arguments of `DirectForecaster`, `RecurrentEnsemble` (``members``) and
    `RecurrentNet`.
    """

    declaration = Declaration(
        title="LSTM",
        rough_seconds=0.05,
        queue="gpu",
        basic_options=("learning_rate", "cell", "hidden_size", "num_layers", "dropout"),
        presets={
            "quick": {"model.fit.max_epochs": 5, "model.fit.patience": 2},
            "best": {"model.members": 3, "model.fit.max_epochs": 40, "model.fit.patience": 5},
        },
    )

    readable_covariates = {**DirectForecaster.readable_covariates, "static": "known"}
    network_size = staticmethod(recurrent_size)

    @classmethod
    def network_arguments(cls, datamodule: WindowDataModule, covariates: CovariateChoice) -> dict[str, Any]:
        statics = datamodule.panel.statics
        return {} if statics is None or covariates == "none" else {"static_sizes": statics.sizes}

    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        if (statics := datamodule.panel.statics) is not None:
            for module in self.modules():
                if isinstance(module, StaticEmbedding):
                    module.set_values(statics.values)

    def build_network(self, **options: Any) -> RecurrentEnsemble:
        columns, levels = len(self.covariate_columns), len(QUANTILE_LEVELS)
        return RecurrentEnsemble(self.context_length, self.horizon, self.num_channels, columns, levels, **options)

    @classmethod
    def option_sources(cls) -> tuple[Callable[..., Any], ...]:
        return *super().option_sources(), RecurrentEnsemble, RecurrentNet


class RecurrentNet(nn.Module):
    """Recurrent encoder over the context, and a decoder with one step per segment of the horizon.

    Parameters
    ----------
    context_length, horizon : int
        In rows; neither needs to be a multiple of `segment_length`.
    num_channels, num_covariates, num_quantiles : int
    segment_length : int
        Rows that one recurrent step reads or forecasts.
    cell : {"lstm", "gru"}
        Kind of the recurrent layers.
    hidden_size : int
        Width of the hidden state.
    num_layers : int
        Number of stacked recurrent layers.
    dropout : float
        Before the head, and between layers.
    normalization : {"none", "last", "mean_std", "revin"}
        How each window is normalised by its context; see `timevis.models.direct.InstanceNorm`.
    channel_embedding : bool
        Add an embedding of the channel to the input of the decoder. The embeddings of static covariates are always
        added.
    calendar : sequence of str
        Fields of `CALENDAR_FIELDS` that encoder and decoder read; may be empty.
    calendar_size : int
        Size of the calendar embedding.
    highway : bool
        Add a linear map of the context to every output (the autoregressive part of LSTNet; Lai et al., 2018).
    static_sizes : sequence of int
        Categories of each static covariate, 0 for a number; set by `LSTM.from_data`.
    """

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        num_quantiles: int = 15,
        *,
        segment_length: SegmentLength = 24,
        cell: Cell = "lstm",
        hidden_size: LayerWidth = 128,
        num_layers: NumLayers = 1,
        dropout: FractionBelowOne = 0.1,
        normalization: Normalization = "last",
        channel_embedding: bool = True,
        calendar: Sequence[CalendarField] = ("hour", "weekday"),
        calendar_size: LayerWidth = 16,
        highway: bool = False,
        static_sizes: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.horizon, self.segment_length, self.hidden_size = horizon, segment_length, hidden_size
        self.context_segments = -(-context_length // segment_length)
        self.horizon_segments = -(-horizon // segment_length)
        self.num_outputs = 1 + num_quantiles
        self.padding = self.context_segments * segment_length - context_length
        self.norm = InstanceNorm(normalization, num_channels)
        self.calendar = CalendarEmbedding(calendar, calendar_size) if calendar else None
        calendar_width = calendar_size if calendar else 0
        context_width = segment_length * (2 + 2 * num_covariates) + calendar_width
        is_stepwise = segment_length == 1
        input_size = context_width if is_stepwise else hidden_size
        self.embed = nn.Identity() if is_stepwise else nn.Sequential(nn.Linear(context_width, hidden_size), nn.ReLU())
        shape = {"num_layers": num_layers, "batch_first": True, "dropout": dropout if num_layers > 1 else 0.0}
        recurrent = CELLS[cell]
        self.encoder = recurrent(input_size, hidden_size, **shape)
        # encoder and decoder share a cell, as in SegRNN, unless the encoder reads rows, which have another size
        self.decoder = recurrent(hidden_size, hidden_size, **shape) if is_stepwise else self.encoder
        self.position = nn.Parameter(torch.randn(self.horizon_segments, hidden_size) * hidden_size**-0.5)
        self.channel = nn.Embedding(num_channels, hidden_size) if channel_embedding else None
        if self.channel is not None:
            nn.init.normal_(self.channel.weight, std=hidden_size**-0.5)
        self.statics = StaticEmbedding(num_channels, static_sizes, hidden_size) if static_sizes else None
        future_width = segment_length * 2 * num_covariates + calendar_width
        self.ahead = nn.Linear(future_width, hidden_size, bias=False) if future_width else None
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, segment_length * self.num_outputs)
        self.highway = nn.Linear(context_length, horizon, bias=False) if highway else None
        with torch.no_grad():
            if self.highway is not None:
                self.highway.weight.zero_()
            start_narrow(self.head.bias.view(self.num_outputs, segment_length))

    def _segments(self, rows: Tensor, count: int, pad_front: bool) -> Tensor:
        """Rows [B, n, F] as [B, count, segment_length * F], padded with zeros at the front or at the end."""
        missing = count * self.segment_length - rows.shape[1]
        if missing:
            rows = functional.pad(rows, (0, 0, missing, 0) if pad_front else (0, 0, 0, missing))
        return rows.reshape(len(rows), count, -1)

    def _encode(self, value: Tensor, missing: Tensor, calendar: Tensor, covariates: Tensor | None) -> Tensor | tuple:
        """Last state of the encoder."""
        rows = torch.stack([value, missing], dim=-1)
        if covariates is not None:
            rows = torch.cat([rows, covariates], dim=-1)
        features = self._segments(rows, self.context_segments, pad_front=True)
        if self.calendar is not None:
            # each segment has the calendar of its last row, which is never padding
            segment_calendar = calendar[:, self.segment_length - 1 - self.padding :: self.segment_length]
            features = torch.cat([features, self.calendar(segment_calendar)], dim=-1)
        return _run_recurrent(self.encoder, self.embed(features))[1]

    def _queries(self, calendar: Tensor, covariates: Tensor | None, channel: Tensor) -> Tensor:
        """Decoder input of each segment of the horizon, [B, M, hidden]."""
        query = self.position.expand(len(channel), -1, -1)
        if self.channel is not None:
            query = query + self.channel(channel).unsqueeze(1)
        if self.statics is not None:
            query = query + self.statics(channel).unsqueeze(1)
        features = []
        if covariates is not None:
            features.append(self._segments(covariates, self.horizon_segments, pad_front=False))
        if self.calendar is not None:
            features.append(self.calendar(calendar[:, :: self.segment_length]))
        if self.ahead is not None:
            query = query + self.ahead(torch.cat(features, dim=-1))
        return query

    def _decode(self, query: Tensor, state: Tensor | tuple[Tensor, Tensor]) -> Tensor:
        """Outputs of all segments, each after one step from the encoder's last state; [B * M, outputs]."""
        segments = query.shape[1]
        start = (
            tuple(s.repeat_interleave(segments, dim=1) for s in state)
            if isinstance(state, tuple)
            else state.repeat_interleave(segments, dim=1)
        )
        decoded = _run_recurrent(self.decoder, query.flatten(0, 1).unsqueeze(1), start)[0].squeeze(1)
        return self.head(self.dropout(decoded))

    def forward(
        self,
        context: Tensor,
        context_mask: Tensor,
        calendar: Tensor,
        covariates: Tensor,
        covariate_mask: Tensor,
        channel: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Forecast standardised values from the fields of a `timevis.data.windows.Batch`, standardised as well.

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
        past = future = None
        if covariates.shape[-1]:
            masked_covariates = torch.cat([covariates, covariate_mask.to(value.dtype)], dim=-1)
            past, future = masked_covariates[:, :length], masked_covariates[:, length:]
        state = self._encode(value, missing, calendar[:, :length], past)
        query = self._queries(calendar[:, length:], future, channel)
        # the sums over quantiles and the highway need float32 even if the layers run in bfloat16
        output = self._decode(query, state).float()
        output = output.view(batch, self.horizon_segments, self.num_outputs, self.segment_length)
        output = output.transpose(1, 2).reshape(batch, self.num_outputs, -1)[..., : self.horizon]
        point, quantiles = output[:, 0], ordered_quantiles(output[:, 1:])
        if self.highway is not None:
            with torch.autocast(value.device.type, enabled=False):
                linear = self.highway(value)
            point, quantiles = point + linear, quantiles + linear.unsqueeze(1)
        return point * scale + shift, torch.addcmul(shift.unsqueeze(1), quantiles, scale.unsqueeze(1))


def _run_recurrent(cell: nn.LSTM | nn.GRU, inputs: Tensor, start: Any = None) -> Any:
    """Outputs and last state of a recurrent layer; an LSTM runs in float32 where oneDNN does not support bfloat16."""
    is_autocast = inputs.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    if not is_autocast or isinstance(cell, nn.GRU) or not torch.backends.mkldnn.is_available():
        return cell(inputs, start)
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return cell(inputs, start)
    with torch.autocast("cpu", enabled=False):
        return cell(inputs.float(), start)


class StaticEmbedding(nn.Module):
    """The sum of embeddings of the static covariates of each channel.

    A category has an embedding, and a number is standardised over the channels and multiplied by one; a missing value
    adds nothing.

    Parameters
    ----------
    num_channels : int
    sizes : sequence of int
        Categories of each covariate, 0 for a number.
    width : int
        Size of the embedding.
    """

    def __init__(self, num_channels: int, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        self.sizes = tuple(sizes)
        self.tables = nn.ParameterList(torch.randn(max(size, 1), width) * width**-0.5 for size in sizes)
        self.values: Tensor
        self.register_buffer("values", torch.full((num_channels, len(sizes)), torch.nan))

    def set_values(self, values: np.ndarray) -> None:
        """Set the covariates of the channels, float32 [C, S]; see `timevis.data.covariates`."""
        is_number = np.array(self.sizes) == 0
        mean, std = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        scaled = (values - mean) / np.where(std > 0, std, 1)
        self.values.copy_(torch.from_numpy(np.where(is_number, scaled, values)))

    def forward(self, channel: Tensor) -> Tensor:
        """The embeddings of channels [B], float32 [B, width]."""
        values = self.values[channel]
        known, filled = values.isfinite().unsqueeze(-1), values.nan_to_num(0.0)
        parts = [
            table[filled[:, k].long()] if size else filled[:, k, None] * table[0]
            for k, (size, table) in enumerate(zip(self.sizes, self.tables, strict=True))
        ]
        return (torch.stack(parts, 1) * known).sum(1)


class RecurrentEnsemble(nn.Module):
    """Deep ensemble: the average forecast of networks with different initial weights (Lakshminarayanan et al., 2017).

    Quantiles are averaged level by level. So they do not cross, and intervals have the mean width of the members'.

    Parameters
    ----------
    members : int
        Number of networks whose forecasts are averaged.
    *args, **kwargs
        Arguments of each `RecurrentNet`.
    """

    def __init__(self, *args: Any, members: Members = 1, **kwargs: Any) -> None:
        super().__init__()
        self.members = nn.ModuleList(RecurrentNet(*args, **kwargs) for _ in range(members))

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """As `RecurrentNet.forward`, but in training the outputs of all N members are concatenated, [N * B, ...]."""
        points, quantiles = zip(*(member(*inputs) for member in self.members), strict=True)
        if len(points) == 1:
            return points[0], quantiles[0]
        if self.training:
            return torch.cat(points), torch.cat(quantiles)
        return torch.stack(points).mean(0), torch.stack(quantiles).mean(0)
