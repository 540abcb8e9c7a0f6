"""The network of the patch forecaster: patches of a series in, the layers of a language model, quantiles out.

The series is cut as PatchTST does (Nie et al., 2023, arXiv:2211.14730) and read by pretrained layers as GPT4TS does
(Zhou et al., 2023, arXiv:2302.11939).
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
from timevis.models.layers import CalendarEmbedding, InstanceNorm, Normalization, ordered_quantiles
from timevis.models.qwen.patches.heads import QueryHead, Readout, StateHead

VOCABULARY_SAMPLE = 4096


class DecoderLayers(nn.Module):
    """The layers of a causal language model, and its last normalisation, without its vocabulary.

    Parameters
    ----------
    model : transformers causal language model
        Gives its layers away: afterwards it can't read tokens any more.

    Attributes
    ----------
    input_scale : float
        Standard deviation of its token embeddings, the size at which inputs should enter.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        tokens = model.get_input_embeddings().weight.detach()[:VOCABULARY_SAMPLE]
        self.input_scale = float(tokens.float().std())
        self.in_bfloat16 = model.dtype == torch.bfloat16
        decoder: Any = model.get_decoder()
        decoder.embed_tokens = None  # hundreds of megabytes in a real Qwen
        self.decoder = decoder

    def forward(self, x: Tensor) -> Tensor:
        """Last hidden states of inputs, both [B, N, hidden]; causal, each of mean square one."""
        # layers in bfloat16 need it, since what is trained of them is float32
        precision = torch.autocast(x.device.type, torch.bfloat16) if self.in_bfloat16 else nullcontext()
        with precision:
            no_padding = {"full_attention": None}
            state = self.decoder(inputs_embeds=x, attention_mask=no_padding, use_cache=False).last_hidden_state
        return functional.rms_norm(state.float(), state.shape[-1:])  # those of a real Qwen are many times larger


class AttentionBlock(nn.Module):
    """One causal self-attention layer with random weights, in place of a language model.

    What Tan et al. (2024, arXiv:2406.16964) put there to ask whether the language model helps.
    """

    input_scale = 1.0

    def __init__(self, size: int) -> None:
        super().__init__()
        self.heads = size // 64 if size % 64 == 0 else 1
        self.before, self.after = nn.RMSNorm(size), nn.RMSNorm(size)
        self.inner, self.outer = nn.Linear(size, 3 * size), nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        """As `DecoderLayers`."""
        parts = self.inner(self.before(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = parts
        read = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.after(x + self.outer(read.transpose(1, 2).flatten(2)))


class NoBackbone(nn.Identity):
    """No layers at all: patches go straight to the head."""

    input_scale = 1.0


class PatchNet(nn.Module):
    """Patches of the context, through a backbone, to the whole horizon.

    All that the forecast knows of the context, but for its shift and scale, has passed the backbone.

    Parameters
    ----------
    backbone : DecoderLayers, AttentionBlock or NoBackbone
    hidden_size : int
        Of the backbone.
    context_length, horizon, num_channels, num_quantiles : int
    patch_length, stride : int
        In rows; the last value is repeated for one more stride.
    normalization : {"none", "last", "mean_std", "revin"}
        How each window is normalised by its context; see `timevis.models.layers.InstanceNorm`.
    calendar : sequence of str
        Fields of `CALENDAR_FIELDS` that tell when a patch ends; empty for none.
    calendar_size : int
        Width of their embedding.
    readout : {"states", "queries"}
        How states become a forecast: `StateHead`, or `QueryHead`, which needs a backbone that mixes tokens.
    rank : int
        Of ``states``.
    dropout : float
        Before the head.

    Raises
    ------
    ConfigError
        Patches do not fit into the context, or the backbone can't serve the readout.
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
                f"model.patch_length={patch_length} and model.stride={stride} do not fit context_length "
                f"{context_length}",
                "a stride may be as long as a patch at most, and a patch as long as the context",
            )
        if readout == "queries" and isinstance(backbone, NoBackbone):
            raise ConfigError(
                "model.readout=queries needs a backbone through which queries see the patches",
                "with model.backbone.path=none set model.readout=states",
            )
        self.patch_length, self.stride = patch_length, stride
        self.num_patches = (context_length + stride - patch_length) // stride + 1
        self.norm = InstanceNorm(normalization, num_channels)
        self.calendar = CalendarEmbedding(calendar, calendar_size) if calendar else None
        ends = torch.arange(self.num_patches) * stride + patch_length - 1
        self.ends: Tensor
        self.register_buffer("ends", ends.clamp(max=context_length - 1), persistent=False)
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

    def _patches(self, rows: Tensor) -> Tensor:
        """Rows [B, L] as overlapping patches [B, N, patch_length], the last row repeated at the end."""
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
        """Forecast standardised values; as `timevis.models.lstm.RecurrentNet`, but covariates are not read.

        Returns
        -------
        point : float32 [B, H]
        quantiles : float32 [B, Q, H]
            Non-decreasing along dim 1.
        """
        shift, scale = self.norm(context, context_mask, channel)
        value = (context - shift) / scale
        parts = [self._patches(value), self._patches(1 - context_mask.to(value.dtype))]
        if self.calendar is not None:
            parts.append(self.calendar(calendar[:, self.ends]))
        tokens = self.embed(torch.cat(parts, dim=-1))
        asked = self.readout.asked(tokens, calendar[:, context.shape[1] :], channel)
        # quantiles are summed up in full precision, whatever the precision of the layers
        output = self.readout(self.backbone(asked * self.backbone.input_scale))
        point, quantiles = output[:, 0], ordered_quantiles(output[:, 1:])
        return point * scale + shift, torch.addcmul(shift.unsqueeze(1), quantiles, scale.unsqueeze(1))
