"""The layout of a window in the language model's input: token ids of digits, and what is added to their embeddings.

The input of one window is a prompt of P tokens, then the context, then the target. Every value takes
``tokens_per_value`` tokens: its digits, most significant first, and a separator if there is one. With three digits
and the separator ",", the encoded values 650 and 42 are the tokens ``6 5 0 , 0 4 2 ,``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from timevis.data.calendar import CALENDAR_FIELDS, CALENDAR_SIZES
from timevis.errors import ConfigError
from timevis.messages import Setting, Text


@dataclass(frozen=True)
class TokenLayout:
    """The token ids that represent a value.

    Attributes
    ----------
    digit_ids : tuple of `width` tuples of 10 ints
        Token id of each digit at each decimal place, most significant place first. A pretrained tokenizer has one
        token per digit, so its rows are equal; nano has separate tokens for each place.
    separator_id : int, optional
        Token id that follows every value.
    start_id : int
        Token id of the empty prompt; the first digit needs a token before it.
    """

    digit_ids: tuple[tuple[int, ...], ...]
    separator_id: int | None
    start_id: int

    @property
    def width(self) -> int:
        """Digits per value."""
        return len(self.digit_ids)

    @property
    def tokens_per_value(self) -> int:
        return self.width + (self.separator_id is not None)

    @classmethod
    def from_tokenizer(cls, tokenizer: Any, width: int, separator: str = "") -> TokenLayout:
        """Look up the token ids in a Hugging Face tokenizer.

        If the tokenizer has tokens ``<p:d>`` (digit d at place p), they are used. Otherwise each of the digits 0 to
        9 must be one token. The separator must be one token in both cases.

        Raises
        ------
        ConfigError
            The tokenizer has no such tokens.
        """
        vocabulary = tokenizer.get_vocab()

        def single_id(text: str) -> int:
            ids = tokenizer.encode(text, add_special_tokens=False)
            if not ids:
                message = Text("the backbone's tokenizer cannot encode {text!r}", text=text)
                advice = Text("copy the tokenizer's files, such as tokenizer.json, into the backbone's folder")
                raise ConfigError(message, advice)
            if len(ids) != 1:
                raise ConfigError(
                    Text(
                        "the backbone's tokenizer encodes {text!r} as {count} tokens, not one",
                        text=text,
                        count=len(ids),
                    ),
                    Text("choose another {separator}, such as a comma", separator=Setting("model.separator"))
                    if text == separator
                    else Text("use a Qwen2.5 or Qwen3 backbone, whose digits are single tokens"),
                )
            return int(ids[0])

        if "<0:0>" in vocabulary:
            if f"<{width - 1}:0>" not in vocabulary:
                message = Text("this backbone has no tokens for {width} digits", width=width)
                advice = Text("set {digits} to the width it was trained with", digits=Setting("model.digits"))
                raise ConfigError(message, advice, "model.digits")
            digit_ids = tuple(tuple(vocabulary[f"<{p}:{d}>"] for d in range(10)) for p in range(width))
        else:
            digit_ids = (tuple(single_id(str(d)) for d in range(10)),) * width
        special_ids = (tokenizer.bos_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id)
        start = next((i for i in special_ids if i is not None), None)
        return cls(
            digit_ids, single_id(separator) if separator else None, single_id("\n") if start is None else int(start)
        )

    def token_ids(self, digits: Tensor) -> Tensor:
        """Convert digits int64 [..., V, width] to token ids int64 [..., V * tokens_per_value]."""
        table = torch.tensor(self.digit_ids, device=digits.device)
        ids = table[torch.arange(self.width, device=digits.device), digits]
        if self.separator_id is not None:
            ids = torch.cat([ids, torch.full_like(ids[..., :1], self.separator_id)], -1)
        return ids.flatten(-2)


class ValueTables(nn.Module):
    """Learned vectors that are added to the embeddings of digit tokens and to the digit rows of the output layer.

    They tell the language model the calendar time of every value without any further token. A token gets the
    calendar vector of the value that it belongs to (`own`) and of the value that the next token belongs to (`next`).
    The two values differ only at the last token of a value; a prediction needs the second. While all tables are
    zero, the language model works as without them.

    Parameters
    ----------
    hidden_size, width : int
        Size of the embeddings, and digits per value.
    fields : sequence of str
        Calendar fields that are used, from `timevis.data.calendar.CALENDAR_FIELDS`; may be empty.
    init_std : float
        Standard deviation of the calendar tables at the start; 0 for a pretrained backbone.
    num_covariates : int
        Covariates known ahead that are read. Their columns follow the columns of the calendar.

    Attributes
    ----------
    own, next : float [sum of the fields' sizes, hidden]
        The rows of all fields, one field after the other. With the fields hour and weekday, rows 0 to 23 are the
        hours and rows 24 to 30 the weekdays; the vector of Tuesday 06:00 is row 6 plus row 25.
    own_covariates, next_covariates : float [num_covariates, hidden], optional
        Projections of the standardised covariates of the same values, zero at the start; None without covariates.
    digit : float [width, 10, hidden]
        Added to the embedding of a digit. It distinguishes the decimal places where the tokenizer does not.
    missing : float [hidden]
        Added to the tokens of values that fill a gap.
    head : float [width, 10, hidden]
        Added to the digit rows of the output layer.
    """

    def __init__(
        self, hidden_size: int, width: int, fields: Sequence[str], init_std: float = 0.0, num_covariates: int = 0
    ) -> None:
        super().__init__()
        if unknown := set(fields) - set(CALENDAR_FIELDS):
            message = Text(
                "{calendar} has unknown fields: {fields}", calendar=Setting("model.calendar"), fields=sorted(unknown)
            )
            raise ConfigError(message, Text("choose among {choices}", choices=CALENDAR_FIELDS), "model.calendar")
        self.columns = [CALENDAR_FIELDS.index(name) for name in fields]
        sizes = [CALENDAR_SIZES[c] for c in self.columns]
        self.offsets: Tensor
        offsets = torch.tensor([sum(sizes[:i]) for i in range(len(sizes))], dtype=torch.long)
        self.register_buffer("offsets", offsets, persistent=False)
        self.own = nn.Parameter(torch.randn(sum(sizes), hidden_size) * init_std)
        self.next = nn.Parameter(torch.randn(sum(sizes), hidden_size) * init_std)
        self.own_covariates, self.next_covariates = (
            nn.Parameter(torch.zeros(num_covariates, hidden_size)) if num_covariates else None for _ in range(2)
        )
        self.digit = nn.Parameter(torch.zeros(width, 10, hidden_size))
        self.missing = nn.Parameter(torch.zeros(hidden_size))
        self.head = nn.Parameter(torch.zeros(width, 10, hidden_size))

    def load_pretrained(self, state: dict[str, Tensor], fields: Sequence[str]) -> None:
        """Copy the tables of a backbone that was pretrained with the calendar `fields`.

        Calendar fields that only one of the two has are skipped.
        """
        rows, start = {}, 0
        for name in fields:
            size = CALENDAR_SIZES[CALENDAR_FIELDS.index(name)]
            rows[CALENDAR_FIELDS.index(name)] = slice(start, start + size)
            start += size
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name in ("own", "next"):
                    for column, offset in zip(self.columns, self.offsets.tolist(), strict=True):
                        if column in rows:
                            values = state[name][rows[column]]
                            parameter[offset : offset + len(values)] = values
                elif not name.endswith("_covariates"):
                    parameter.copy_(state[name])

    def own_vectors(self, known: Tensor) -> Tensor:
        """What is added to the tokens of a value, from its calendar fields and covariates.

        Parameters
        ----------
        known : int64 [..., 5] or float [..., 5 + num_covariates]
            One column for each of `timevis.data.calendar.CALENDAR_FIELDS`, then one for each covariate.

        Returns
        -------
        float [..., hidden]
        """
        return self._vectors(known, self.own, self.own_covariates)

    def next_vectors(self, known: Tensor) -> Tensor:
        """What is added to the token before a value, as `own_vectors`."""
        return self._vectors(known, self.next, self.next_covariates)

    def _vectors(self, known: Tensor, table: Tensor, projection: Tensor | None) -> Tensor:
        vectors = table[known[..., self.columns].long() + self.offsets].sum(-2)
        return vectors if projection is None else vectors + known[..., len(CALENDAR_FIELDS) :] @ projection

    def token_vectors(self, digits: Tensor, calendar: Tensor, observed: Tensor, tokens_per_value: int) -> Tensor:
        """Sum `own`, `digit` and `missing` for each token of each value.

        Parameters
        ----------
        digits : int64 [..., V, width]
        calendar : int64 [..., V, 5] or float [..., V, 5 + num_covariates]
        observed : bool [..., V]
            False for values that fill a gap.
        tokens_per_value : int

        Returns
        -------
        float [..., V, tokens_per_value, hidden]
        """
        places = torch.arange(self.digit.shape[0], device=digits.device)
        of_value = self.own_vectors(calendar) + (~observed).unsqueeze(-1) * self.missing
        vectors = self.digit[places, digits] + of_value.unsqueeze(-2)
        if tokens_per_value > len(places):
            vectors = torch.cat([vectors, of_value.unsqueeze(-2)], -2)
        return vectors
