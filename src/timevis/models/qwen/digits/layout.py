"""How a window lies in the language model's input: prompt, context digits, target digits, and when each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from timevis.data.calendar import CALENDAR_FIELDS, CALENDAR_SIZES
from timevis.errors import ConfigError


@dataclass(frozen=True)
class Layout:
    """Which tokens write a value.

    Attributes
    ----------
    table : tuple of `width` tuples of 10 ints
        Token id of each digit at each place, most significant first. A pretrained tokenizer has one token per
        digit, so its rows are equal; nano has tokens of its own for every place.
    separator : int, optional
        Token id after every value.
    start : int
        Token id of an empty prompt; there is always a token before the first digit.
    """

    table: tuple[tuple[int, ...], ...]
    separator: int | None
    start: int

    @property
    def width(self) -> int:
        return len(self.table)

    @property
    def group(self) -> int:
        """Tokens per value."""
        return self.width + (self.separator is not None)

    @classmethod
    def from_tokenizer(cls, tokenizer: Any, width: int, separator: str = "") -> Layout:
        """Read the ids off a Hugging Face tokenizer.

        A tokenizer with tokens ``<p:d>`` (digit d at place p) uses them; any other must write each of 0 to 9, and
        the separator, as one token.

        Raises
        ------
        ConfigError
            The tokenizer has no such tokens.
        """
        vocabulary = tokenizer.get_vocab()

        def single(text: str) -> int:
            ids = tokenizer.encode(text, add_special_tokens=False)
            if not ids:
                raise ConfigError(
                    f"the backbone's tokenizer cannot write {text!r}",
                    "its folder needs the tokenizer's files as well, such as tokenizer.json: copy them there",
                )
            if len(ids) != 1:
                raise ConfigError(
                    f"the backbone's tokenizer writes {text!r} as {len(ids)} tokens, not one",
                    "choose another model.separator, such as a comma"
                    if text == separator
                    else "use a Qwen2.5 or Qwen3 backbone, whose digits are single tokens",
                )
            return int(ids[0])

        if "<0:0>" in vocabulary:
            missing = f"<{width - 1}:0>" not in vocabulary
            if missing:
                raise ConfigError(
                    f"this backbone has no tokens for {width} digits",
                    "set model.digits to the width it was trained on",
                )
            table = tuple(tuple(vocabulary[f"<{p}:{d}>"] for d in range(10)) for p in range(width))
        else:
            table = (tuple(single(str(d)) for d in range(10)),) * width
        ends = (tokenizer.bos_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id)
        start = next((i for i in ends if i is not None), None)
        return cls(table, single(separator) if separator else None, single("\n") if start is None else int(start))

    def tokens(self, digits: Tensor) -> Tensor:
        """Digits int64 [..., V, width] to token ids int64 [..., V * group]."""
        table = torch.tensor(self.table, device=digits.device)
        ids = table[torch.arange(self.width, device=digits.device), digits]
        if self.separator is not None:
            ids = torch.cat([ids, torch.full_like(ids[..., :1], self.separator)], -1)
        return ids.flatten(-2)


class ValueTables(nn.Module):
    """What is added to the embedding of a digit token, at no extra token, and to the head's digit rows.

    A token carries *when* its own value is (`own`) and when the value is that the next digit belongs to (`next`):
    the two differ at the last token of a value only, and the second is what a predictor needs. `digit` tells the
    places apart where the tokenizer doesn't; `missing` marks values that were carried over a gap. `head` is added
    to the digit rows of the output layer. At zero, all of it leaves the language model as it is.

    Parameters
    ----------
    hidden_size, width : int
    fields : sequence of str
        Calendar fields that are used, of `timevis.data.calendar.CALENDAR_FIELDS`; may be empty.
    init_std : float
        Deviation of the calendar tables at the start; 0 beside a pretrained backbone.
    """

    def __init__(self, hidden_size: int, width: int, fields: Sequence[str], init_std: float = 0.0) -> None:
        super().__init__()
        if unknown := set(fields) - set(CALENDAR_FIELDS):
            raise ConfigError(
                f"model.calendar has {', '.join(sorted(unknown))}", f"choose among {', '.join(CALENDAR_FIELDS)}"
            )
        self.columns = [CALENDAR_FIELDS.index(name) for name in fields]
        sizes = [CALENDAR_SIZES[c] for c in self.columns]
        self.offsets: Tensor
        offsets = torch.tensor([sum(sizes[:i]) for i in range(len(sizes))], dtype=torch.long)
        self.register_buffer("offsets", offsets, persistent=False)
        self.own = nn.Parameter(torch.randn(sum(sizes), hidden_size) * init_std)
        self.next = nn.Parameter(torch.randn(sum(sizes), hidden_size) * init_std)
        self.digit = nn.Parameter(torch.zeros(width, 10, hidden_size))
        self.missing = nn.Parameter(torch.zeros(hidden_size))
        self.head = nn.Parameter(torch.zeros(width, 10, hidden_size))

    def load_fields(self, state: dict[str, Tensor], fields: Sequence[str]) -> None:
        """Take over the tables of a backbone made with `fields`, as far as both have them."""
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
                else:
                    parameter.copy_(state[name])

    def when(self, table: Tensor, calendar: Tensor) -> Tensor:
        """Sum of the rows of the fields: calendar int64 [..., 5] to float [..., hidden]."""
        return table[calendar[..., self.columns] + self.offsets].sum(-2)

    def values(self, digits: Tensor, calendar: Tensor, observed: Tensor, group: int) -> Tensor:
        """Additions to the tokens of values, all but `next`.

        Parameters
        ----------
        digits : int64 [..., V, width]
        calendar : int64 [..., V, 5]
        observed : bool [..., V]
        group : int
            Tokens per value.

        Returns
        -------
        float [..., V, group, hidden]
        """
        places = torch.arange(self.digit.shape[0], device=digits.device)
        whole = self.when(self.own, calendar) + (~observed).unsqueeze(-1) * self.missing
        added = self.digit[places, digits] + whole.unsqueeze(-2)
        if group > len(places):
            added = torch.cat([added, whole.unsqueeze(-2)], -2)
        return added
