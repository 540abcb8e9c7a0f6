"""The network of the digit forecaster: a causal language model that reads digits and predicts digits."""

from __future__ import annotations

from typing import Any, get_args

import torch
from torch import Tensor, nn

from timevis.config.options import check_choice
from timevis.models.backbone.lora import Tuning, set_trainable
from timevis.models.digits.layout import TokenLayout, ValueTables


class DigitNetwork(nn.Module):
    """Computes logits over the ten digits, from the digit rows of a language model's output layer.

    It is a plain PyTorch module: it depends neither on Lightning nor on units nor on batches of windows.

    Parameters
    ----------
    backbone : transformers causal language model
        Qwen2 or Qwen3 architecture, with or without LoRA adapters.
    layout : TokenLayout
    tables : ValueTables
    """

    def __init__(self, backbone: Any, layout: TokenLayout, tables: ValueTables) -> None:
        super().__init__()
        self.backbone, self.layout, self.tables = backbone, layout, tables
        self.digit_ids: Tensor
        self.register_buffer("digit_ids", torch.tensor(layout.digit_ids), persistent=False)

    def set_trainable(self, mode: str, **adapters: Any) -> None:
        """Choose which parameters are trained; adapters are injected in place.

        Parameters
        ----------
        mode : str
            ``lora`` trains adapters (Hu et al. 2022) and the tables, ``full`` all weights, ``head`` only the tables,
            which contain the digit rows of the head, and ``none`` nothing (zero-shot).
        adapters
            Arguments of `timevis.models.backbone.lora.add_adapters`.

        Raises
        ------
        ConfigError
            The mode or a target layer is unknown.
        """
        check_choice(mode, get_args(Tuning), "model.tune")
        set_trainable(self.backbone, mode, **adapters)
        self.tables.requires_grad_(mode != "none")

    def embed(self, prompt: Tensor, digits: Tensor, calendar: Tensor, observed: Tensor) -> Tensor:
        """Compute the input embeddings of a prompt and the values after it.

        Parameters
        ----------
        prompt : int64 [B, P]
            Token ids; P is at least 1.
        digits : int64 [B, V, width]
        calendar : int64 [B, V or V + 1, 5] or float [B, V or V + 1, 5 + K]
            Calendar fields of each value, and its K covariates. Row V + 1 is the value that the last token predicts.
        observed : bool [B, V]

        Returns
        -------
        float [B, P + V * tokens_per_value, hidden]
        """
        start, tokens_per_value = prompt.shape[1], self.layout.tokens_per_value
        total = digits.shape[1] * tokens_per_value
        ids = torch.cat([prompt, self.layout.token_ids(digits)], 1)
        x = self.backbone.get_input_embeddings()(ids)
        own = self.tables.token_vectors(digits, calendar[:, : digits.shape[1]], observed, tokens_per_value)
        own = own.flatten(1, 2)
        coming = self.tables.next_vectors(calendar)
        coming = coming.repeat_interleave(tokens_per_value, 1)[:, : total + 1]
        added = x.new_zeros(*x.shape, dtype=own.dtype)
        added[:, start:] = own
        # a token gets the calendar vector of the value that the next token belongs to
        added[:, start - 1 : start - 1 + coming.shape[1]] += coming
        return (x + added).to(x.dtype)

    def hidden(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Last hidden states [B, T, hidden] of input embeddings, causal; `kwargs` are passed to the backbone."""
        no_padding = {"full_attention": None}
        decoder = self.backbone.get_decoder()
        return decoder(inputs_embeds=x, attention_mask=no_padding, use_cache=False, **kwargs).last_hidden_state

    def head(self) -> Tensor:
        """Digit rows of the output layer, float32 [width, 10, hidden]."""
        return self.backbone.get_output_embeddings().weight[self.digit_ids].float() + self.tables.head

    def digit_logits(self, hidden: Tensor, head: Tensor, place: int, temperature: Tensor | None) -> Tensor:
        """Logits of one digit, in float32 also under autocast.

        Parameters
        ----------
        hidden : float [..., hidden]
            Hidden states of the tokens before the digit.
        head : float32 [width, 10, hidden]
            What `head` returns.
        place : int
            Decimal place; 0 is the most significant.
        temperature : float [width], optional
            Divides the logits of each place.

        Returns
        -------
        float32 [..., 10]
        """
        with torch.autocast(hidden.device.type, enabled=False):
            logits = hidden.float() @ head[place].t()
        return logits if temperature is None else logits / temperature[place]

    def forward(self, prompt: Tensor, digits: Tensor, calendar: Tensor, observed: Tensor, first: int = 0) -> Tensor:
        """Logits of each digit given everything before it (teacher forcing).

        Parameters
        ----------
        prompt : int64 [B, P]
        digits : int64 [B, V, width]
            Context, then target.
        calendar : int64 [B, V, 5]
        observed : bool [B, V]
            False for values that fill a gap.
        first : int
            First value that is predicted; the context length predicts the target only.

        Returns
        -------
        float32 [B, V - first, width, 10]
        """
        width, tokens_per_value = self.layout.width, self.layout.tokens_per_value
        x = self.embed(prompt, digits, calendar, observed)
        x = x[:, : x.shape[1] - 1 - (tokens_per_value - width)]  # nothing is predicted after the last digit
        hidden = self.hidden(x)
        value = torch.arange(first, digits.shape[1], device=x.device) * tokens_per_value
        place = torch.arange(width, device=x.device)
        chosen = hidden[:, prompt.shape[1] - 1 + value[:, None] + place]
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 logits would have two significant digits
            return torch.einsum("bvwh,wkh->bvwk", chosen.float(), self.head())
