"""The network of the patch forecaster: an embedding of patches, the layers of a language model, and a head.

Patches are those of PatchTST (Nie et al., 2023, arXiv:2211.14730); pretrained layers read them as in GPT4TS (Zhou et
al., 2023, arXiv:2302.11939).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from timevis.config.options import FractionBelowOne, PositiveInt
from timevis.data.calendar import CalendarField
from timevis.errors import ConfigError
from timevis.messages import Setting, Text
from timevis.models.layers import CalendarEmbedding, InstanceNorm, Normalization, ordered_quantiles
from timevis.models.qwen.patches.heads import QueryHead, Readout, StateHead

SAMPLED_TOKENS = 4096  # token embeddings from which the input scale is estimated


class DecoderLayers(nn.Module):
    """The layers of a causal language model with its last normalisation, without embedding and output layer.

    Parameters
    ----------
    model : transformers causal language model
        Loses its token embedding, so that it cannot read tokens afterwards.

    Attributes
    ----------
    input_scale : float
        Standard deviation of the token embeddings; inputs should have the same.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        embeddings = model.get_input_embeddings().weight.detach()[:SAMPLED_TOKENS]
        self.input_scale = float(embeddings.float().std())
        self.in_bfloat16 = model.dtype == torch.bfloat16
        decoder: Any = model.get_decoder()
        decoder.embed_tokens = None  # frees hundreds of megabytes of a real Qwen
        self.decoder = decoder

    def forward(self, x: Tensor) -> Tensor:
        """Last hidden states of inputs, both [B, N, hidden]; causal, with mean square 1."""
        # layers in bfloat16 need autocast, because their trained parameters are float32
        precision = torch.autocast(x.device.type, torch.bfloat16) if self.in_bfloat16 else nullcontext()
        with precision:
            no_padding = {"full_attention": None}
            state = self.decoder(inputs_embeds=x, attention_mask=no_padding, use_cache=False).last_hidden_state
        return functional.rms_norm(state.float(), state.shape[-1:])  # states of a real Qwen are much larger than 1


class AttentionBlock(nn.Module):
    """One causal self-attention layer with random weights that replaces the language model.

    Tan et al. (2024, arXiv:2406.16964) use this ablation to test whether the language model helps.
    """

    input_scale = 1.0

    def __init__(self, size: int) -> None:
        super().__init__()
        self.heads = size // 64 if size % 64 == 0 else 1
        self.before, self.after = nn.RMSNorm(size), nn.RMSNorm(size)
        self.inner, self.outer = nn.Linear(size, 3 * size), nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        """Hidden states of inputs, both [B, N, hidden]; causal, as those of `DecoderLayers`."""
        projected = self.inner(self.before(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = projected
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.after(x + self.outer(attended.transpose(1, 2).flatten(2)))


class NoBackbone(nn.Identity):
    """An identity that replaces the language model; the head reads the embedded patches."""

    input_scale = 1.0


class PatchNet(nn.Module):
    """Embeds patches of the context, passes them through a backbone, and maps its states to the whole horizon.

    Apart from shift and scale, all information of the context in the forecast has passed through the backbone.

    Parameters
    ----------
    backbone : DecoderLayers, AttentionBlock or NoBackbone
    hidden_size : int
        Size of the states of the backbone.
    context_length, horizon, num_channels, num_quantiles : int
    patch_length, stride : int
        In rows; the context is extended by one stride with its last value.
    normalization : {"none", "last", "mean_std", "revin"}
        How each window is normalised by its context; see `timevis.models.layers.InstanceNorm`.
    calendar : sequence of str
        Fields of `CALENDAR_FIELDS`, read at the last row of each patch; may be empty.
    calendar_size : int
        Size of the calendar embedding.
    readout : {"states", "queries"}
        The head: `StateHead`, or `QueryHead`, which needs a backbone with attention.
    rank : int
        Rank of the head ``states``.
    dropout : float
        Applied to the states before the head.

    Raises
    ------
    ConfigError
        Patches do not fit into the context, or the readout needs a backbone with attention.
    """

    def __init__(
        self,
        backbone: DecoderLayers | AttentionBlock | NoBackbone,
        hidden_size: int,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_quantiles: int = 15,
        *,
        patch_length: PositiveInt = 16,
        stride: PositiveInt = 8,
        normalization: Normalization = "mean_std",
        calendar: Sequence[CalendarField] = ("hour", "weekday"),
        calendar_size: PositiveInt = 16,
        readout: Readout = "states",
        rank: PositiveInt = 64,
        dropout: FractionBelowOne = 0.1,
    ) -> None:
        super().__init__()
        if not 1 <= stride <= patch_length <= context_length:
            raise ConfigError(
                Text(
                    "patches-do-not-fit",
                    "{patch_length} and {stride} do not fit {context_length}",
                    patch_length=Setting("model.patch_length", patch_length),
                    stride=Setting("model.stride", stride),
                    context_length=Setting("context_length", context_length),
                ),
                Text(
                    "order-of-patch-lengths",
                    "choose {stride} <= {patch_length} <= {context_length}",
                    stride=Setting("model.stride"),
                    patch_length=Setting("model.patch_length"),
                    context_length=Setting("context_length"),
                ),
                "model.patch_length",
            )
        if readout == "queries" and isinstance(backbone, NoBackbone):
            raise ConfigError(
                Text(
                    "queries-without-backbone",
                    "{readout} needs a backbone with attention from queries to patches",
                    readout=Setting("model.readout", "queries"),
                ),
                Text(
                    "states-without-backbone",
                    "set {readout} with {path}",
                    readout=Setting("model.readout", "states"),
                    path=Setting("model.backbone.path", "none"),
                ),
                "model.readout",
            )
        self.patch_length, self.stride = patch_length, stride
        self.num_patches = (context_length + stride - patch_length) // stride + 1
        self.norm = InstanceNorm(normalization, num_channels)
        self.calendar = CalendarEmbedding(calendar, calendar_size) if calendar else None
        patch_ends = torch.arange(self.num_patches) * stride + patch_length - 1
        self.patch_ends: Tensor
        self.register_buffer("patch_ends", patch_ends.clamp(max=context_length - 1), persistent=False)
        self.embed = nn.Linear(2 * patch_length + (calendar_size if calendar else 0), hidden_size)
        self.backbone = backbone
        outputs = 1 + num_quantiles
        self.readout = (
            StateHead(self.num_patches, hidden_size, outputs, horizon, rank, dropout)
            if readout == "states"
            else QueryHead(
                hidden_size, outputs, horizon, patch_length, num_channels, self.calendar, calendar_size, dropout
            )
        )

    def split_into_patches(self, rows: Tensor) -> Tensor:
        """Split rows [B, L] into overlapping patches [B, N, patch_length]; the last row is repeated."""
        padded = torch.cat([rows, rows[:, -1:].expand(-1, self.stride)], dim=1)
        return padded.unfold(1, self.patch_length, self.stride)

    def forward(
        self,
        context: Tensor,
        context_mask: Tensor,
        calendar: Tensor,
        covariates: Tensor,
        covariate_mask: Tensor,
        channel: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Forecast standardised values.

        Parameters
        ----------
        context, context_mask, calendar, covariates, covariate_mask, channel
            As for `timevis.models.lstm.RecurrentNet`; covariates are ignored.

        Returns
        -------
        point : float32 [B, H]
        quantiles : float32 [B, Q, H]
            Non-decreasing along dim 1.
        """
        shift, scale = self.norm(context, context_mask, channel)
        value = (context - shift) / scale
        inputs = [self.split_into_patches(value), self.split_into_patches(1 - context_mask.to(value.dtype))]
        if self.calendar is not None:
            inputs.append(self.calendar(calendar[:, self.patch_ends]))
        tokens = self.embed(torch.cat(inputs, dim=-1))
        backbone_input = self.readout.backbone_input(tokens, calendar[:, context.shape[1] :], channel)
        # the head returns float32, so that quantiles are summed in full precision
        output = self.readout(self.backbone(backbone_input * self.backbone.input_scale))
        point, quantiles = output[:, 0], ordered_quantiles(output[:, 1:])
        return point * scale + shift, torch.addcmul(shift.unsqueeze(1), quantiles, scale.unsqueeze(1))
