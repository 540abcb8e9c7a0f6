"""The network of the digit forecaster: a causal language model that reads and writes digits and nothing else."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from timevis.models.qwen.digits.layout import Layout, ValueTables


class DigitNetwork(nn.Module):
    """Logits over the ten digits at every place, from the digit rows of a language model's head.

    Knows nothing of Lightning, units or windows.

    Parameters
    ----------
    backbone : transformers causal language model
        Qwen2 or Qwen3 architecture; with adapters injected or not.
    layout : Layout
    tables : ValueTables
    """

    def __init__(self, backbone: Any, layout: Layout, tables: ValueTables) -> None:
        super().__init__()
        self.backbone, self.layout, self.tables = backbone, layout, tables
        self.table: Tensor
        self.register_buffer("table", torch.tensor(layout.table), persistent=False)

    def embed(self, prompt: Tensor, digits: Tensor, calendar: Tensor, observed: Tensor) -> Tensor:
        """Input embeddings of a prompt and the values after it.

        Parameters
        ----------
        prompt : int64 [B, P]
            P >= 1.
        digits : int64 [B, V, width]
        calendar : int64 [B, V or V + 1, 5]
            Of each value; with one more, the last token knows when the value is that it predicts.
        observed : bool [B, V]

        Returns
        -------
        float [B, P + V * group, hidden]
        """
        start, group, total = prompt.shape[1], self.layout.group, digits.shape[1] * self.layout.group
        ids = torch.cat([prompt, self.layout.tokens(digits)], 1)
        x = self.backbone.get_input_embeddings()(ids)
        added = self.tables.values(digits, calendar[:, : digits.shape[1]], observed, group).flatten(1, 2)
        coming = self.tables.when(self.tables.next, calendar).repeat_interleave(group, 1)[:, : total + 1]
        # the token before a digit is told when that digit's value is
        extra = x.new_zeros(*x.shape, dtype=added.dtype)
        extra[:, start:] = added
        extra[:, start - 1 : start - 1 + coming.shape[1]] += coming
        return (x + extra).to(x.dtype)

    def hidden(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Last hidden states [B, T, hidden] of input embeddings, causal; `kwargs` go to the backbone."""
        no_padding = {"full_attention": None}
        decoder = self.backbone.get_decoder()
        return decoder(inputs_embeds=x, attention_mask=no_padding, use_cache=False, **kwargs).last_hidden_state

    def head(self) -> Tensor:
        """Digit rows of the output layer, float32 [width, 10, hidden]."""
        return self.backbone.get_output_embeddings().weight[self.table].float() + self.tables.head

    def forward(self, prompt: Tensor, digits: Tensor, calendar: Tensor, observed: Tensor, first: int = 0) -> Tensor:
        """Logits of each digit given everything before it (teacher forcing).

        Parameters
        ----------
        prompt : int64 [B, P]
        digits : int64 [B, V, width]
            Context, then target.
        calendar : int64 [B, V, 5]
        observed : bool [B, V]
            False for values that were filled in.
        first : int
            Values from this one on are predicted; L for the target alone.

        Returns
        -------
        float32 [B, V - first, width, 10]
        """
        width, group = self.layout.width, self.layout.group
        x = self.embed(prompt, digits, calendar, observed)
        x = x[:, : x.shape[1] - 1 - (group - width)]  # nothing follows the last digit
        hidden = self.hidden(x)
        value = torch.arange(first, digits.shape[1], device=x.device) * group
        place = torch.arange(width, device=x.device)
        chosen = hidden[:, prompt.shape[1] - 1 + value[:, None] + place]
        with torch.autocast(x.device.type, enabled=False):  # a loss of bfloat16 logits has two digits
            return torch.einsum("bvwh,wkh->bvwk", chosen.float(), self.head())
