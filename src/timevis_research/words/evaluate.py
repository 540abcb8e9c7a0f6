"""Evaluate forecasts with sentences about events.

    python -m timevis_research.words.evaluate [generated] [holidays]

``generated`` scores series with events and held-out wordings, ``holidays`` the public holidays of traffic and
electricity as sentences. Each is compared with the forecast without text and with the same information as known event
channels. See docs/experiments/words.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from timevis.config.compose import compose
from timevis.data.calendar import calendar_fields
from timevis.data.catalog import load_panel
from timevis.data.options import DataOptions
from timevis.metrics.step_errors import pinball_loss
from timevis.models.patches.events.event import CHANNELS, FLAGS, KINDS
from timevis.models.patches.events.reader import EventReader, encode, reading_channels, row_probability
from timevis.models.patches.network import PatchNetwork
from timevis.models.patches.weights import load_patch_network
from timevis.utils.formatting import markdown_table
from timevis.utils.levels import QUANTILE_LEVELS
from timevis_research.nano.patch_batches import PatchBatchStream
from timevis_research.words.generator import EventBatch, add_events
from timevis_research.words.train import load_layers, load_reader, read_channels

ForecastWithEvents: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
PATCHES_AHEAD = 2
RESAMPLES = 2000
SMALLEST_GAIN = 0.05
"""Gain of the covariate below which no share of it is given."""
SCORED = [QUANTILE_LEVELS.index(level / 10) for level in range(1, 10)]
"""Levels of the weighted quantile loss."""


def quantile_losses(quantiles: Tensor, target: Tensor) -> np.ndarray:
    """Mean quantile loss of each window over the levels 0.1 to 0.9, [B]; quantiles [B, Q, H], target [B, H]."""
    levels = torch.tensor(QUANTILE_LEVELS)[SCORED]
    return 2 * pinball_loss(quantiles[:, SCORED], target, levels).mean((1, 2)).numpy()


def interval(losses: np.ndarray, reference: np.ndarray, groups: np.ndarray | None = None) -> str:
    """The ratio of summed losses, with a paired 95 % bootstrap interval over windows, or over groups of them."""
    if groups is not None:
        losses, reference = (pd.Series(x).groupby(groups).sum().to_numpy() for x in (losses, reference))
    if not len(losses):
        return ""
    draws = np.random.default_rng(0).integers(0, len(losses), (RESAMPLES, len(losses)))
    ratios = losses[draws].sum(1) / reference[draws].sum(1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return f"{losses.sum() / reference.sum():.3f} ({low:.3f} to {high:.3f})"


def share_of_gain(text: np.ndarray, covariate: np.ndarray, reference: np.ndarray) -> str:
    """The gain of the text divided by the gain of the covariate, with a 95 % bootstrap interval over windows."""
    if covariate.sum() > (1 - SMALLEST_GAIN) * reference.sum():
        return ""
    draws = np.random.default_rng(0).integers(0, len(text), (RESAMPLES, len(text)))
    share = lambda rows: (reference - text)[rows].sum(-1) / (reference - covariate)[rows].sum(-1)  # noqa: E731
    low, high = np.quantile(share(draws), (0.025, 0.975))
    return f"{100 * share(slice(None)):.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def shuffle_words(rng: np.random.Generator, text: str) -> str:
    """The same words, or Chinese characters, in random order."""
    english = text.isascii()
    parts = text.split() if english else list(text)
    shuffled = [parts[i] for i in rng.permutation(len(parts))]
    return (" " if english else "").join(shuffled)


@dataclass
class Generated:
    """Losses of each window by arm, and what the windows contain."""

    losses: dict[str, np.ndarray]
    table: pd.DataFrame


@dataclass(frozen=True)
class EventWindows:
    """B generated windows of L context rows and H rows to forecast, with their sentences.

    Attributes
    ----------
    context : float32 [B, L]
    calendar : int64 [B, L + H, 5]
    added : EventBatch
    texts : dict of lists
        The sentences of each arm with text; None where there is no sentence.
    """

    context: Tensor
    calendar: Tensor
    added: EventBatch
    texts: dict[str, list[str | None]]


Quantiles: TypeAlias = dict[str, Tensor]
"""Forecasts [B, Q, H] of each arm."""


def generated_windows(batches: int, held_out: bool, seed: int, rows: int) -> Iterator[EventWindows]:
    """Series with events; the last PATCHES_AHEAD * `rows` rows of each are forecast."""
    stream = PatchBatchStream(rows, seed=seed, values_per_batch=40_000)
    for number in range(batches):
        rng = np.random.default_rng([seed, number, 7])
        batch = stream[number]
        length = batch.values.shape[1] - PATCHES_AHEAD * rows
        values, calendar = batch.values.double().numpy(), batch.calendar
        now = np.full(len(values), length - 1)
        added = add_events(rng, values, calendar.numpy(), now, held_out=held_out)
        texts = [w.text if w else None for w in added.wordings]
        written = [b for b, text in enumerate(texts) if text]
        others: list[str | None] = list(texts)
        for b, other in zip(written, np.roll(written, 1), strict=True):
            others[b] = texts[other]
        shuffled = [shuffle_words(rng, text) if text else None for text in texts]
        arms = {"text": texts, "shuffled words": shuffled, "text of another event": others}
        yield EventWindows(torch.from_numpy(added.values).float()[:, :length], calendar, added, arms)


@torch.no_grad()
def score_generated(windows: Iterable[EventWindows], forecast: Callable[[EventWindows], Quantiles]) -> Generated:
    """Score the forecasts of each arm."""
    losses: dict[str, list[np.ndarray]] = {}
    facts = []
    for batch in windows:
        length, added = batch.context.shape[1], batch.added
        target = torch.from_numpy(added.values).float()[:, length:]
        scale = batch.context.std(1, keepdim=True).clamp(min=1e-3)
        for name, quantiles in forecast(batch).items():
            losses.setdefault(name, []).append(quantile_losses(quantiles / scale[:, None], target / scale))
        inside = added.channels[:, length:, :FLAGS].sum(-1) > 0
        for b, (event, wording) in enumerate(zip(added.events, added.wordings, strict=True)):
            facts.append(
                {
                    "kind": event.kind if event else "",
                    "language": wording.language if wording else "",
                    "rows": int(inside[b].sum()),
                    "wrong": bool(added.wrong[b]),
                }
            )
    return Generated({name: np.concatenate(parts) for name, parts in losses.items()}, pd.DataFrame(facts))


def forecast_with_reader(
    forecast: ForecastWithEvents, network: PatchNetwork, reader: EventReader, batch: EventWindows
) -> Quantiles:
    """Forecasts of nano-patch with event channels: read in each text, true, none, and reversed in time."""
    true = torch.from_numpy(batch.added.channels).float()
    arms = {"no text": torch.zeros_like(true)}
    arms |= {name: read_channels(reader, batch.added, batch.calendar, t) for name, t in batch.texts.items()}
    arms |= {"covariate": true, "reversed time": arms["text"].flip(1)}
    mask, zero = torch.ones_like(batch.context), torch.from_numpy(batch.added.zero).float()[:, None]
    out = {name: forecast(batch.context, mask, batch.calendar, c, zero)[1] for name, c in arms.items()}
    return out | {"nano-patch": network(batch.context, mask, batch.calendar)[1]}


def generated_tables(scores: Generated) -> str:
    """Tables of WQL relative to no text, by group of windows and by kind of event."""
    facts, losses = scores.table, scores.losses
    happens = (facts.rows > 0) & ~facts.wrong
    groups = {
        "an event in the horizon": happens,
        "English": happens & (facts.language == "en"),
        "Chinese": happens & (facts.language == "zh"),
        **{f"kind {kind}": happens & (facts.kind == kind) for kind in KINDS[1:]},
        "an event elsewhere": (facts.rows == 0) & ~facts.kind.isin(["", "none"]) & ~facts.wrong,
        "a sentence without an effect": facts.kind == "none",
        "a wrong sentence": facts.wrong & (facts.rows > 0),
        "every window with a sentence": facts.kind != "",
        "no sentence": facts.kind == "",
    }
    order = ["text", "covariate", "shuffled words", "text of another event", "reversed time", "nano-patch"]
    names = [name for name in order if name in losses]
    out = []
    for title, rows in groups.items():
        chosen = rows.to_numpy()
        cells: dict[str, Any] = {"windows": title, "number": int(chosen.sum())}
        reference = losses["no text"][chosen]
        for name in names:
            cells[name] = interval(losses[name][chosen], reference)
        if {"text", "covariate"} <= losses.keys():
            cells["share of the gain"] = share_of_gain(losses["text"][chosen], losses["covariate"][chosen], reference)
        out.append(cells)
    return markdown_table(pd.DataFrame(out))


def holiday_channels(index: pd.DatetimeIndex, days: Mapping[Any, str]) -> np.ndarray:
    """The channels of the holidays as known covariates, float32 [T, len(CHANNELS)]."""
    flags = index.normalize().isin(pd.to_datetime(list(days)))
    out = np.zeros((len(index), len(CHANNELS)), np.float32)
    out[:, CHANNELS.index("holiday")] = flags
    return out


@torch.no_grad()
def read_days(
    reader: EventReader, index: pd.DatetimeIndex, sentences: Mapping[pd.Timestamp, str], now: pd.Timestamp
) -> Tensor:
    """Channels [T, len(CHANNELS)] of sentences as read on the day `now`; where they overlap, the largest of each."""
    today = (now.normalize() - pd.Timestamp(0)).days
    encoded = encode(list(sentences.values()))
    reading = reader(encoded, [today] * len(sentences))
    day = torch.tensor((index.normalize() - now.normalize()).days.to_numpy()).expand(len(sentences), -1)
    minute = torch.tensor((index.hour * 60 + index.minute).to_numpy()).expand(len(sentences), -1)
    channels = reading_channels(
        reading, encoded.numbers, row_probability(reading, day.contiguous(), minute.contiguous())
    )
    return channels[channels[..., :FLAGS].sum(-1).argmax(0), torch.arange(len(index))]


@torch.no_grad()
def score_holidays(
    forecast: ForecastWithEvents, reader: EventReader, name: str, context_length: int = 528
) -> list[dict[str, Any]]:
    """Forecast the days of holidays, and all other days, of one bundled set; one row of a table for each group."""
    import holidays

    options = DataOptions.from_config(compose([f"data={name}"]).data)
    panel, _ = load_panel(options)
    index = panel.index.tz_localize(None)
    country, _, state = panel.card.country.partition("-")
    years = range(index[0].year, index[-1].year + 1)
    official = holidays.country_holidays(country, subdiv=state or None, years=years, language="en_US")
    values = torch.from_numpy(panel.values[:, 0]).double()
    mask = ~values.isnan()
    values = values.nan_to_num(0.0)
    scale = values[mask].std()
    windows: dict[str, list[Any]] = {"day": [], "holiday": []}
    losses: dict[str, list[np.ndarray]] = {}
    calendar = torch.from_numpy(calendar_fields(index))
    true = torch.from_numpy(holiday_channels(index, official))
    rng = np.random.default_rng(0)
    starts = [t for t in range(context_length, len(index) - 24) if index[t].hour == 0]
    for start in starts:
        rows = slice(start - context_length, start + 24)
        near = {
            pd.Timestamp(day): f"{day.day} {day:%B} is a public holiday: {title}."
            for day, title in official.items()
            if index[rows][0] <= pd.Timestamp(day) <= index[rows][-1]
        }
        is_holiday = index[start] in near
        if not near or not mask[start : start + 24].all() or (not is_holiday and rng.random() > 0.3):
            continue
        now = index[start - 1]
        text = read_days(reader, index[rows], near, now)
        arms = {"no text": torch.zeros_like(text), "text": text, "covariate": true[rows]}
        if is_holiday:  # the sentence names the day a week earlier
            moved = {day: sentence for day, sentence in near.items() if day != index[start]}
            other = index[start] - pd.Timedelta(days=int(rng.integers(2, 7)))
            moved[other] = f"{other.day} {other:%B} is a public holiday: {near[index[start]]}"
            arms["text with another date"] = read_days(reader, index[rows], moved, now)
        context = (values[rows][:context_length] / scale).float()[None]
        for arm, channels in arms.items():
            _, quantiles = forecast(
                context,
                mask[rows][None, :context_length],
                calendar[rows][None],
                channels[None].float(),
                torch.zeros(1, 1),
            )
            losses.setdefault(arm, []).append(
                quantile_losses(quantiles, (values[start : start + 24] / scale).float()[None])[0]
            )
        if not is_holiday:
            losses.setdefault("text with another date", []).append(losses["text"][-1])
        windows["day"].append(index[start])
        windows["holiday"].append(is_holiday)
    table = pd.DataFrame(windows)
    out = []
    for title, chosen in (("holidays", table.holiday), ("other days", ~table.holiday)):
        of = {arm: np.array(parts)[chosen.to_numpy()] for arm, parts in losses.items()}
        cells: dict[str, Any] = {"data": name, "days": title, "number": int(chosen.sum())}
        cells["WQL without text"] = f"{of['no text'].sum() / (values / scale)[mask].mean() / len(of['no text']):.4f}"
        for arm in ("text", "covariate", "text with another date"):
            cells[arm] = interval(of[arm], of["no text"])
        out.append(cells)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["generated", "holidays"])
    parser.add_argument("--folder", type=Path, default=Path("outputs/pretrain_words"))
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    reader = load_reader(arguments.folder / "reader" / "last.pt")
    layers = load_layers(arguments.folder / "layers" / "last.pt")
    network: Any = load_patch_network("nano-patch").model.eval()
    forecast = partial(layers, network)
    if "generated" in arguments.parts:
        for held_out in (True, False):
            windows = generated_windows(arguments.batches, held_out, arguments.seed, network.settings.patch_length)
            scores = score_generated(windows, partial(forecast_with_reader, forecast, network, reader))
            print(f"\n{'held-out' if held_out else 'trained'} wordings\n\n{generated_tables(scores)}")
    if "holidays" in arguments.parts:
        rows = [row for name in ("traffic", "electricity") for row in score_holidays(forecast, reader, name)]
        print(f"\n{markdown_table(pd.DataFrame(rows))}")


if __name__ == "__main__":
    main()
