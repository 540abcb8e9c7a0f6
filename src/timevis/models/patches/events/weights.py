"""The packaged weights of the reader and of the event layers, and how a text is read with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from timevis.data.events import EventReading, EventRows
from timevis.models.patches.events.event import CHANNELS, FACTORS, KINDS
from timevis.models.patches.events.network import EventLayers
from timevis.models.patches.events.reader import TOKEN, EventReader, encode, reading_channels
from timevis.models.patches.network import PatchSettings

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
