"""The packaged reader of events in words, and the layers that give what it read to a patch network."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from timevis.data.events import EventReading, EventRows
from timevis.models.patches.events.event import CHANNELS, FACTORS, KINDS, Event
from timevis.models.patches.events.network import EventLayers
from timevis.models.patches.network import PatchSettings

BUCKETS = 4096
"""Rows of the table of n-gram vectors; 0 is the padding."""
MAX_TOKENS, MAX_PARTS = 48, 12
MAX_SMALL_NUMBER = 99
DAYS_AROUND = 30
"""Days before and after the day to which a sentence refers."""
MAX_DURATION = 14
HOURS = 25
TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[^\sa-z\d]")
NUM_DAYS = 2 * DAYS_AROUND + 1
DAY_FEATURES = 7 + 31 + 12 + NUM_DAYS


def _bucket(part: str) -> int:
    return 1 + zlib.crc32(part.encode()) % (BUCKETS - 1)


def tokenise(text: str) -> tuple[list[list[int]], list[float]]:
    """Split a sentence into words, numbers, single Chinese characters and signs.

    Returns
    -------
    parts : list of lists of int
        Rows of the table of n-gram vectors, of each token.
    numbers : list of float
        The value of each token that is a number, NaN for the others.
    """
    parts, numbers = [], []
    for token in TOKEN.findall(text.lower())[:MAX_TOKENS]:
        if token[0].isdigit():
            value = float(token)
            small = value.is_integer() and value <= MAX_SMALL_NUMBER
            name = f"#{int(value)}" if small else f"#{len(str(int(value)))} digits"
            parts.append([_bucket("#"), _bucket(name)])
            numbers.append(value)
            continue
        word = f"<{token}>"
        grams = [word[i : i + 3] for i in range(len(word) - 2)] if len(word) > 3 else []
        parts.append([_bucket(p) for p in (word, *grams)][:MAX_PARTS])
        numbers.append(float("nan"))
    return parts or [[_bucket("<>")]], numbers or [float("nan")]


@dataclass(frozen=True)
class Sentences:
    """S encoded sentences.

    Attributes
    ----------
    parts : int64 [S, N, MAX_PARTS]
        0 is the padding.
    numbers : float32 [S, N]
        NaN where a token is no number.
    """

    parts: Tensor
    numbers: Tensor


def encode(texts: Sequence[str]) -> Sentences:
    """Tokenise sentences and pad them to the longest."""
    tokens = [tokenise(text) for text in texts]
    longest = max(len(numbers) for _, numbers in tokens)
    parts = np.zeros((len(texts), longest, MAX_PARTS), np.int64)
    values = np.full((len(texts), longest), np.nan, np.float32)
    for s, (of_sentence, numbers) in enumerate(tokens):
        for n, ids in enumerate(of_sentence):
            parts[s, n, : len(ids)] = ids
        values[s, : len(numbers)] = numbers
    return Sentences(torch.from_numpy(parts), torch.from_numpy(values))


def drop_parts(sentences: Sentences, share: float = 0.2, share_of_tokens: float = 0.04) -> Sentences:
    """Drop n-grams of words, and whole words, at random, so that the reader relies on no single one in training."""
    parts = sentences.parts
    is_word = sentences.numbers.isnan()[..., None]
    several = (parts > 0).sum(-1, keepdim=True) > 3
    dropped = (torch.rand(parts.shape) < share) & several
    dropped |= torch.rand(*parts.shape[:2], 1) < share_of_tokens
    dropped[:, 0] = False  # so that no sentence is empty
    return Sentences(torch.where(dropped & is_word, 0, parts), sentences.numbers)


def day_features(now: Sequence[int]) -> Tensor:
    """Features of the days around days since 1970 [S]: weekday, day, month, offset; float32 [S, NUM_DAYS, F]."""
    offsets = np.arange(-DAYS_AROUND, DAYS_AROUND + 1)
    days = np.asarray(now)[:, None] + offsets
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    fields = ((days + 3) % 7, (dates - months).astype(np.int64), months.astype(np.int64) % 12)
    one_hot = [
        functional.one_hot(torch.from_numpy(field), size).float()
        for field, size in zip(fields, (7, 31, 12), strict=True)
    ]
    offset = torch.eye(NUM_DAYS).expand(len(days), -1, -1)
    return torch.cat([*one_hot, offset], -1)


@dataclass(frozen=True)
class Reading:
    """What the reader reads in S sentences; log-probabilities unless said otherwise.

    Attributes
    ----------
    kind : float [S, len(KINDS)]
    factor : float [S, len(FACTORS)]
    limit : float [S, N]
        Over the tokens.
    first_day, last_day : float [S, NUM_DAYS]
        Days from `DAYS_AROUND` before the day to which the sentence refers.
    first_hour, last_hour : float [S, HOURS]
    is_open, is_daily : float [S]
        Probabilities that the event does not end, and that the hours are of each day.
    """

    kind: Tensor
    factor: Tensor
    limit: Tensor
    first_day: Tensor
    last_day: Tensor
    first_hour: Tensor
    last_hour: Tensor
    is_open: Tensor
    is_daily: Tensor


class EventReader(nn.Module):
    """Reads sentences about events.

    Parameters
    ----------
    width : int
        Of the token vectors.
    layers : int
        Of the transformer, which reads in both directions.
    slots : int
        Pooled vectors of a sentence.
    """

    def __init__(self, width: int = 96, layers: int = 2, slots: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(BUCKETS, width, padding_idx=0)
        self.position = nn.Parameter(0.1 * torch.randn(MAX_TOKENS, width))
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, 0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.slots = nn.Linear(width, slots)
        pooled = slots * width
        self.hidden = nn.Sequential(nn.Linear(pooled, 256), nn.SiLU())
        sizes = (len(KINDS), len(FACTORS), DAY_FEATURES, DAY_FEATURES, MAX_DURATION + 1, HOURS, HOURS, 3)
        self.sizes = list(sizes)
        self.out = nn.Linear(pooled + 256, sum(sizes))
        self.limit = nn.Linear(width, 1)

    def forward(self, sentences: Sentences, now: Sequence[int]) -> Reading:
        """Read sentences whose relative times refer to days since 1970, [S]."""
        vectors = self.embed(sentences.parts)
        present = (sentences.parts > 0).sum(-1, keepdim=True)
        tokens = vectors.sum(-2) / present.clamp(min=1).sqrt() + self.position[: vectors.shape[1]]
        padding = present.squeeze(-1) == 0
        tokens = self.norm(self.encoder(tokens, src_key_padding_mask=padding))
        weight = self.slots(tokens).masked_fill(padding.unsqueeze(-1), -torch.inf).softmax(1)
        pooled = torch.einsum("sne,snk->ske", tokens, weight).flatten(1)
        outputs = self.out(torch.cat([pooled, self.hidden(pooled)], -1)).split(self.sizes, -1)
        kind, factor, first, last, duration, first_hour, last_hour, switches = outputs
        days = day_features(now).to(first)
        first_day = torch.einsum("sdf,sf->sd", days, first).log_softmax(-1)
        stated = torch.einsum("sdf,sf->sd", days, last).log_softmax(-1)
        counted = self._later(first_day, duration.log_softmax(-1))
        is_counted = switches[:, 0, None]
        last_day = torch.logaddexp(
            functional.logsigmoid(is_counted) + counted, functional.logsigmoid(-is_counted) + stated
        )
        is_number = ~sentences.numbers.isnan()
        limit = self.limit(tokens).squeeze(-1).masked_fill(~is_number, -30.0).log_softmax(-1)
        return Reading(
            kind.log_softmax(-1), factor.log_softmax(-1), limit, first_day, last_day,
            first_hour.log_softmax(-1), last_hour.log_softmax(-1), switches[:, 1].sigmoid(), switches[:, 2].sigmoid(),
        )  # fmt: skip

    @staticmethod
    def _later(first_day: Tensor, duration: Tensor) -> Tensor:
        """The distribution of a day that is a number of days after another one."""
        shifted = [
            functional.pad(first_day, (days, 0), value=-30.0)[:, :NUM_DAYS] + duration[:, days, None]
            for days in range(MAX_DURATION + 1)
        ]
        return torch.stack(shifted).logsumexp(0)


def reading_loss(
    reading: Reading, events: Sequence[Event], now: Sequence[int], numbers: Tensor, has_time: Sequence[bool]
) -> Tensor:
    """Mean negative log-likelihood of events, given their sentences.

    Parameters
    ----------
    reading : Reading
    events : sequence of Event
    now : sequence of int
        Days since 1970 to which the sentences refer.
    numbers : float [S, N]
        Of `Sentences`, to find the token of a limit.
    has_time : sequence of bool
        Whether a sentence says when the event is.
    """
    rows = torch.arange(len(events))
    kinds = torch.tensor([KINDS.index(event.kind) for event in events])
    loss = -reading.kind[rows, kinds]
    is_factor = torch.tensor([event.kind == "factor" for event in events]).float()
    factors = torch.tensor([FACTORS.index(e.factor) if e.kind == "factor" else 0 for e in events])
    loss = loss - is_factor * reading.factor[rows, factors]
    limits = torch.tensor([event.limit if event.kind == "limit" else float("nan") for event in events])
    is_limit_token = (numbers - limits[:, None]).abs() <= 1e-5 * limits[:, None].abs()
    of_limit = torch.where(is_limit_token, reading.limit, -30.0).logsumexp(-1)
    loss = loss - torch.where(is_limit_token.any(-1), of_limit, 0.0)
    offset = lambda day, today: max(-DAYS_AROUND, min(DAYS_AROUND, day - today)) + DAYS_AROUND  # noqa: E731
    first = torch.tensor([offset(e.first_day, today) for e, today in zip(events, now, strict=True)])
    last = torch.tensor([offset(e.last_day or e.first_day, today) for e, today in zip(events, now, strict=True)])
    is_open = torch.tensor([event.last_day is None for event in events]).float()
    daily = torch.tensor([event.daily for event in events]).float()
    matters = torch.tensor([e.last_day not in (None, e.first_day) and not e.whole_days for e in events]).float()
    of_open, of_daily = (
        functional.binary_cross_entropy(probability.clamp(1e-6, 1 - 1e-6), truth, reduction="none")
        for probability, truth in ((reading.is_open, is_open), (reading.is_daily, daily))
    )
    of_end = reading.last_day[rows, last] + reading.last_hour[rows, torch.tensor([e.last_hour for e in events])]
    of_start = reading.first_day[rows, first] + reading.first_hour[rows, torch.tensor([e.first_hour for e in events])]
    of_time = of_open + matters * of_daily - of_start - (1 - is_open) * of_end
    return (loss + torch.tensor(has_time).float() * of_time).mean()


def row_probability(reading: Reading, day: Tensor, minute: Tensor) -> Tensor:
    """Probability that rows lie in the event; float [S, T].

    Parameters
    ----------
    day : int64 [S, T]
        Days from the day to which the sentence refers.
    minute : int64 [S, T]
        Minute of the day.
    """
    first, last = reading.first_day.exp(), reading.last_day.exp()
    begun = functional.pad(first.cumsum(-1), (1, 1))
    begun[:, -1] = 1.0
    ends = functional.pad(last.flip(-1).cumsum(-1).flip(-1), (1, 1))
    ends[:, 0] = 1.0
    first, last = functional.pad(first, (1, 1)), functional.pad(last, (1, 1))
    index = (day + DAYS_AROUND + 1).clamp(0, NUM_DAYS + 1)
    take = lambda table: table.gather(1, index)  # noqa: E731
    hour = minute // 60
    begun_at = reading.first_hour.exp().cumsum(-1).gather(1, hour)
    ends_after = 1 - reading.last_hour.exp().cumsum(-1).gather(1, hour)
    begun_day, ends_day, first_day, last_day = take(begun), take(ends), take(first), take(last)
    open_end = reading.is_open[:, None]
    started = (begun_day - first_day + first_day * begun_at).clamp(0, 1)
    continues = open_end + (1 - open_end) * (ends_day - last_day + last_day * ends_after).clamp(0, 1)
    each_day = begun_day * ends_day * begun_at * ends_after
    is_daily = (reading.is_daily * (1 - reading.is_open))[:, None]
    return is_daily * each_day + (1 - is_daily) * started * continues


def reading_channels(reading: Reading, numbers: Tensor, inside: Tensor) -> Tensor:
    """Channels of rows, float [S, T, len(CHANNELS)], given the probability that they lie in the event, [S, T]."""
    kind = reading.kind.exp()
    of = lambda *names: kind[:, [KINDS.index(name) for name in names]].sum(-1)  # noqa: E731
    log2 = torch.tensor(FACTORS).log2()
    factor = (reading.factor.exp() * log2).sum(-1)
    limit = (reading.limit.exp() * numbers.nan_to_num(0.0)).sum(-1)
    of_sentence = [
        of("closed", "sensor_off"), of("reduction"), of("increase"), of("factor"), of("limit"), of("holiday"),
        of("factor") * factor, of("limit") * limit,
    ]  # fmt: skip
    assert len(of_sentence) == len(CHANNELS)
    return torch.stack(of_sentence, -1)[:, None] * inside[..., None]


WEIGHTS = resources.files("timevis.models.weights") / "events"
FILES = ("reader", "layers")


@dataclass(frozen=True)
class TextReading(EventReading):
    """How a text is read.

    Attributes
    ----------
    channels : tuple of float
        `CHANNELS` of the rows of the event; the limit is in the unit of the text.
    """

    channels: tuple[float, ...]


@cache
def load_reader() -> EventReader:
    """The packaged reader."""
    return _load(EventReader(), "reader")


@cache
def load_layers() -> EventLayers:
    """The packaged event layers, for the packaged weights of nano-patch."""
    return _load(EventLayers(PatchSettings()), "layers")


def _load(module: Any, name: str) -> Any:
    with resources.as_file(WEIGHTS) as folder:
        weights = load_file(folder / f"{name}.safetensors")
    module.load_state_dict({key: value.float() for key, value in weights.items()})
    return module.eval().requires_grad_(False)


def read_config() -> dict[str, str]:
    """The note on the training, and the fingerprint of the weights of the patch network that the layers belong to."""
    config: dict[str, str] = json.loads((WEIGHTS / "config.json").read_text(encoding="utf-8"))
    return config


def save_event_weights(reader: EventReader, layers: EventLayers, folder: Path, note: str, patch_weights: str) -> None:
    """Write the weights in float16, and config.json with a note and the fingerprint of the patch network."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in zip(FILES, (reader, layers), strict=True):
        half = {key: value.to(torch.float16).contiguous() for key, value in module.state_dict().items()}
        save_file(half, folder / f"{name}.safetensors", metadata={"format": "pt"})
    config = {"note": note, "patch_weights": patch_weights}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


@cache
def read_text(text: str) -> TextReading:
    """Read a text of which the time is known: what happens, but not when."""
    sentences = encode([text])
    with torch.no_grad():
        reading = load_reader()(sentences, [0])
        channels = reading_channels(reading, sentences.numbers, torch.ones(1, 1))[0, 0]
    probability, number = reading.kind.exp()[0].max(0)
    kind = KINDS[int(number)]
    value = None
    if kind == "factor":
        value = FACTORS[int(reading.factor[0].argmax())]
    elif kind == "limit" and not sentences.numbers.isnan().all():
        value = float(sentences.numbers[0, reading.limit[0].argmax()])
    return TextReading(kind, value, float(probability), _unknown_words(text), tuple(channels.tolist()))


@cache
def _trained_words() -> frozenset[str]:
    """The words of the sentences that the reader was trained on."""
    return frozenset((WEIGHTS / "words.txt").read_text(encoding="utf-8").split())


def _unknown_words(text: str) -> tuple[str, ...]:
    words = [token for token in TOKEN.findall(text.lower()) if token.isalpha() and token not in _trained_words()]
    return tuple(dict.fromkeys(words))


def channels_of_events(events: tuple[EventRows, ...], first_row: Tensor, length: int) -> Tensor:
    """Event channels of windows; where events overlap, the channels of the later one in the list.

    Parameters
    ----------
    events : tuple of EventRows
    first_row : int64 [B]
        Of each window.
    length : int
        T, rows of a window.

    Returns
    -------
    float32 [B, T, len(CHANNELS)]
    """
    rows = first_row[:, None] + torch.arange(length, device=first_row.device)
    channels = torch.zeros(*rows.shape, len(CHANNELS), device=first_row.device)
    for part in events:
        inside = (rows >= part.start) & (rows < part.end)
        channels[inside] = torch.tensor(read_text(part.event.text).channels, device=first_row.device)
    return channels
