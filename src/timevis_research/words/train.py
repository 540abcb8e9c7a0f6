"""Train the reader of events and the patch network with event channels.

    python -m timevis_research.words.train STAGE

``reader`` trains on sentences and the events from which they were written. ``layers`` trains what is added to
nano-patch, on series with events, half of which the reader reads in sentences; the weights of nano-patch stay as they
are, so that forecasts without events do. Both write a checkpoint each minute, and resume from it. ``package`` writes
the weights of both in the form in which the package has them. Without a reader in the folder, the packaged one reads;
``--packaged_layers`` starts from the packaged layers, to adapt them to new weights of nano-patch.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn

from timevis.models.patches.events.event import CHANNELS, Event
from timevis.models.patches.events.network import EventLayers, event_inputs
from timevis.models.patches.events.reader import (
    EventReader,
    drop_parts,
    encode,
    read_config,
    reading_channels,
    reading_loss,
    row_probability,
    save_event_weights,
)
from timevis.models.patches.events.reader import load_layers as packaged_layers
from timevis.models.patches.events.reader import load_reader as packaged_reader
from timevis.models.patches.network import PatchNetwork, PatchSettings
from timevis.models.patches.weights import load_patch_network
from timevis_research.nano.patch_batches import PatchBatch, PatchBatchStream
from timevis_research.nano.pretraining import inputs_of_batch, scored_loss, scored_patches
from timevis_research.words.generator import MAX_DAYS, EventBatch, add_events, draw_event
from timevis_research.words.wordings import Wording, write_sentence

log = logging.getLogger("pretrain_words")

FIRST_DAY, LAST_DAY = 14_000, 22_000
"""Days since 1970 to which sentences refer."""
SHARE_WITHOUT_TIME = 0.15
"""Share of the sentences that do not say when the event is."""


def draw_sentences(rng: Generator, size: int, held_out: bool = False) -> tuple[list[Event], list[int], list[Wording]]:
    """Draw events, the days to which their sentences refer, and the sentences, some of which do not say when."""
    events, days, wordings = [], [], []
    for today in rng.integers(FIRST_DAY, LAST_DAY, size).tolist():
        offset = int(rng.integers(-14, 15)) if rng.random() < 0.7 else int(rng.integers(-MAX_DAYS, MAX_DAYS + 1))
        event = draw_event(rng, today + offset, 60 if rng.random() < 0.8 else 1440)
        if event.kind == "limit":
            limit = float(f"{np.exp(rng.uniform(np.log(0.5), np.log(20_000))):.3g}")
            event = replace(event, limit=limit)
        events.append(event)
        days.append(today)
        with_time = rng.random() > SHARE_WITHOUT_TIME
        wordings.append(write_sentence(rng, event, Event.date(today), held_out=held_out, with_time=with_time))
    return events, days, wordings


class Training:
    """AdamW with warm-up and decay by time, and a checkpoint."""

    def __init__(self, network: nn.Module, folder: Path, minutes: float, rate: float, decay: float) -> None:
        self.network, self.folder, self.minutes, self.rate, self.decay = network, folder, minutes, rate, decay
        self.optimizer = torch.optim.AdamW(network.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.step, self.seconds, self.saved = 0, 0.0, time.monotonic()
        self.path = folder / "last.pt"
        folder.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            state: dict[str, Any] = torch.load(self.path, weights_only=True)
            network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds = state["step"], state["seconds"]

    @property
    def share_done(self) -> float:
        return self.seconds / 60 / self.minutes

    def update(self, loss: torch.Tensor, began: float) -> None:
        """Take one step, and write a checkpoint if it is due."""
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        factor = min(1.0, (self.step + 1) / 100, max(0.0, (1 - self.share_done) / self.decay))
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * factor
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.seconds += time.process_time() - began
        if time.monotonic() - self.saved > 60 or self.share_done >= 1:
            self.save()

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(), "optimizer": self.optimizer.state_dict(),
            "step": self.step, "seconds": self.seconds,
        }  # fmt: skip
        torch.save(state, self.path.with_suffix(".part"))
        os.replace(self.path.with_suffix(".part"), self.path)
        self.saved = time.monotonic()


def train_reader(folder: Path, minutes: float, seed: int, batch_size: int = 256) -> None:
    """Train the reader on sentences and the events from which they were written."""
    reader = EventReader()
    training = Training(reader, folder, minutes, rate=2e-3, decay=0.4)

    def loss_of(drawn: tuple[list[Event], list[int], list[Wording]], drops: bool) -> Tensor:
        events, days, wordings = drawn
        sentences = encode([wording.text for wording in wordings])
        reading = reader(drop_parts(sentences) if drops else sentences, days)
        return reading_loss(reading, events, days, sentences.numbers, [wording.has_time for wording in wordings])

    while training.share_done < 1:
        began = time.process_time()
        loss = loss_of(draw_sentences(np.random.default_rng([seed, training.step]), batch_size), drops=True)
        training.update(loss, began)
        if training.step % 50 == 0:
            with torch.no_grad():
                scores = [
                    loss_of(draw_sentences(np.random.default_rng([seed, 10**9]), 512, held_out), drops=False).item()
                    for held_out in (False, True)
                ]
            text = "step %d, %.1f min: loss %.3f, of new sentences %.3f, with held-out wordings %.3f"
            log.info(text, training.step, training.seconds / 60, loss.item(), *scores)


def read_channels(reader: EventReader, batch: EventBatch, calendar: Tensor, texts: list[str | None]) -> Tensor:
    """Event channels of series, float32 [B, T, len(CHANNELS)], as the reader reads them in sentences."""
    channels = torch.zeros(*calendar.shape[:2], len(CHANNELS))
    chosen = [b for b, text in enumerate(texts) if text is not None]
    if not chosen:
        return channels
    sentences = encode([text for text in texts if text is not None])
    today = batch.day[np.arange(len(batch.now)), batch.now][chosen]
    with torch.no_grad():
        reading = reader(sentences, today.tolist())
        day = torch.from_numpy(batch.day[chosen] - today[:, None])
        minute = calendar[chosen, :, 1] * 60 + calendar[chosen, :, 0]
        numbers = sentences.numbers / torch.from_numpy(batch.unit[chosen, None]).float()
        channels[chosen] = reading_channels(reading, numbers, row_probability(reading, day, minute))
    return channels


def event_loss(
    network: PatchNetwork, layers: EventLayers, batch: PatchBatch, channels: Tensor, zero: Tensor
) -> Tensor:
    """As `timevis_research.nano.pretraining.patch_loss`, with event channels."""
    inputs = inputs_of_batch(network, batch)
    events = event_inputs(batch.values, batch.shown, batch.visible, batch.calendar, channels, zero, inputs)
    quantiles = layers.next_patches(network, inputs, events).flatten(0, 1)
    return scored_loss(quantiles, *scored_patches(network, inputs, batch))


def load_reader(path: Path) -> EventReader:
    """The reader of a checkpoint of this script, or the packaged one if there is no checkpoint."""
    if not path.exists():
        return packaged_reader()
    reader = EventReader()
    reader.load_state_dict(torch.load(path, weights_only=True)["network"])
    return reader.eval()


def load_layers(path: Path) -> EventLayers:
    """The layers of a checkpoint of this script, or the packaged ones if there is no checkpoint."""
    if not path.exists():
        return packaged_layers()
    layers = EventLayers(PatchSettings())
    layers.load_state_dict(torch.load(path, weights_only=True)["network"])
    return layers.eval()


def draw_batch(stream: PatchBatchStream, seed: int, number: int) -> tuple[PatchBatch, EventBatch]:
    """The batch of the pretraining of nano-patch with this number, with events."""
    batch, rng = stream[number], np.random.default_rng([seed, number, 3])
    length = batch.values.shape[1]
    now = (torch.arange(length) * batch.visible).argmax(1).numpy()
    added = add_events(rng, batch.values.double().numpy(), batch.calendar.numpy(), now, share_without=0.0)
    return replace(batch, values=torch.from_numpy(added.values).float()), added


def train_layers(folder: Path, reader: EventReader, arguments: argparse.Namespace) -> None:
    """Train the layers of events of a patch network; the reader reads the sentences of half of the series."""
    minutes, seed, batch_size = arguments.minutes, arguments.seed, arguments.batch_size
    network: Any = load_patch_network(arguments.initial_weights).model
    layers = EventLayers(network.settings)
    layers.start_from(network)
    if arguments.packaged_layers:
        layers.load_state_dict(packaged_layers().state_dict())
    training = Training(layers, folder, minutes, rate=2e-3, decay=0.5)
    stream = PatchBatchStream(network.settings.patch_length, seed=seed, values_per_batch=batch_size)
    smoothed = float("nan")
    while training.share_done < 1:
        began = time.process_time()
        batch, events = draw_batch(stream, seed, training.step)
        texts = [None if w is None or b % 2 else w.text for b, w in enumerate(events.wordings)]
        channels, zero = torch.from_numpy(events.channels).float(), torch.from_numpy(events.zero).float()[:, None]
        is_read = torch.tensor([text is not None for text in texts])
        channels = torch.where(is_read[:, None, None], read_channels(reader, events, batch.calendar, texts), channels)
        loss = event_loss(network, layers, batch, channels, zero)
        training.update(loss, began)
        smoothed = loss.item() if np.isnan(smoothed) else 0.98 * smoothed + 0.02 * loss.item()
        if training.step % 50 == 0:
            log.info("step %d, %.1f min: loss %.4f", training.step, training.seconds / 60, smoothed)


def package(folder: Path, patch_weights: str, continued: bool) -> None:
    """Write the trained weights to the subfolder event_weights, as the package has them."""
    earlier, parts = read_config()["note"].split("; "), []
    for number, stage in enumerate(("reader", "layers")):
        path = folder / stage / "last.pt"
        if not path.exists():
            parts.append(earlier[number])
            continue
        state = torch.load(path, weights_only=True)
        trained = f"{state['step']} steps, {state['seconds'] / 60:.0f} min"
        parts.append(f"{earlier[number]}, then {trained}" if continued else f"{stage}: {trained}")
    fingerprint = load_patch_network(patch_weights).fingerprint
    reader, layers = load_reader(folder / "reader" / "last.pt"), load_layers(folder / "layers" / "last.pt")
    save_event_weights(reader, layers, folder / "event_weights", "; ".join(parts), fingerprint)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("reader", "layers", "package"))
    parser.add_argument("--folder", type=Path, default=Path("outputs/pretrain_words"))
    parser.add_argument("--minutes", type=float, default=10.0, help="of processor time")
    parser.add_argument("--initial_weights", default="nano-patch", help="nano-patch, or a folder of pretrain_nano.py")
    parser.add_argument("--batch_size", type=int, default=28_000, help="values of one step of the layers")
    parser.add_argument("--packaged_layers", action="store_true", help="start the layers from the packaged ones")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    folder, reader = arguments.folder, arguments.folder / "reader"
    if arguments.stage == "reader":
        train_reader(reader, arguments.minutes, arguments.seed)
    elif arguments.stage == "package":
        package(folder, arguments.initial_weights, arguments.packaged_layers)
    else:
        trained = load_reader(reader / "last.pt")
        train_layers(folder / "layers", trained, arguments)


if __name__ == "__main__":
    main()
