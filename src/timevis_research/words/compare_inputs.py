"""Other ways to give a network the words of an event: ``python -m timevis_research.words.compare_inputs STAGE``.

The package reads a sentence with a reader of its own (`timevis_research.words.train`). Here the networks read the
words themselves: ``tokens`` continues the pretraining of nano-patch with the encoded sentence as tokens before the
patches, ``digits`` that of nano with the sentence as its prompt. Both train all weights, on series and sentences of
the same generators as the layers of the package. ``lstm`` trains an LSTM that gets what the sentences say as known
covariates, and reads no words. ``score_tokens``, ``score_digits`` and ``score_lstm`` score them on the windows of
src/timevis_research/words/evaluate.py. See docs/experiments/words.md.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from timevis.metrics.step_errors import pinball_loss
from timevis.models.digits.codec import DigitCodec
from timevis.models.digits.decoding import DecodingInputs, decode_windows, mean_and_quantiles, sobol_uniforms
from timevis.models.digits.network import DigitNetwork
from timevis.models.lstm import RecurrentNet
from timevis.models.patches.events.event import CHANNELS
from timevis.models.patches.events.reader import BUCKETS, MAX_TOKENS, encode
from timevis.models.patches.network import PassInputs, PatchInputs, PatchNetwork, patch_inputs
from timevis.models.patches.weights import load_patch_network
from timevis.utils.levels import QUANTILE_LEVELS
from timevis_research.nano.batches import DigitBatch
from timevis_research.nano.patch_batches import PatchBatch, PatchBatchStream
from timevis_research.nano.pretraining import digit_loss, inputs_of_batch, loss_of_inputs, scored_patches
from timevis_research.nano.tokenizer import build_tokenizer
from timevis_research.nano.zero_shot import load_network
from timevis_research.words.evaluate import (
    EventWindows,
    Quantiles,
    generated_tables,
    generated_windows,
    score_generated,
)
from timevis_research.words.generator import EventBatch, add_events
from timevis_research.words.train import Training

log = logging.getLogger("compare_word_inputs")
CONTEXT, HORIZON = 168, 48
"""Rows that nano and the LSTM read and forecast."""
SHARE_WITHOUT_EVENT = 0.3
SAMPLES = 20
VALUES_PER_BATCH = 12_000


class TextPatchNetwork(PatchNetwork):
    """nano-patch with tokens of a sentence before the patches.

    A token is the sum of the vectors of its character n-grams, its position, and its number in the units of the
    network; one encoder layer passes over the tokens of a sentence. Padding has a vector of its own.
    """

    def __init__(self, trained: PatchNetwork) -> None:
        super().__init__(trained.settings)
        self.load_state_dict(trained.state_dict())
        hidden = self.settings.hidden_size
        self.parts = nn.Embedding(BUCKETS, hidden)
        self.position = nn.Parameter(torch.randn(MAX_TOKENS, hidden) * 0.02)
        self.number = nn.Linear(2, hidden)
        self.encoder = nn.TransformerEncoderLayer(hidden, 4, 2 * hidden, 0.0, batch_first=True, norm_first=True)
        nn.init.normal_(self.parts.weight, std=0.1)
        self.prefix: Tensor | None = None

    def read(self, texts: Sequence[str | None], events: EventBatch, inputs: PatchInputs) -> None:
        """Encode the sentences of the windows that are forecast next."""
        sentences = encode([text or "" for text in texts])
        numbers = sentences.numbers
        value = numbers.nan_to_num(0.0) / torch.from_numpy(events.unit[:, None]).float()
        value = inputs.normalise(value + torch.from_numpy(events.zero[:, None]).float())
        is_number = (~numbers.isnan()).float()
        tokens = self.parts(sentences.parts) * (sentences.parts > 0).any(-1)[..., None, None]
        tokens = tokens.sum(2) + self.position[: tokens.shape[1]]
        self.prefix = self.encoder(tokens + self.number(torch.stack([value * is_number, is_number], -1)))

    def final_states(self, tokens: Tensor, first: int) -> Tensor:
        assert self.prefix is not None, "call `read` first"
        return super().final_states(torch.cat([self.prefix, tokens], 1), first + self.prefix.shape[1])

    def loss(self, batch: PatchBatch, events: EventBatch, texts: Sequence[str | None]) -> Tensor:
        """As `timevis_research.nano.pretraining.patch_loss`, with sentences."""
        inputs = inputs_of_batch(self, batch)
        self.read(texts, events, inputs)
        return loss_of_inputs(self, inputs, *scored_patches(self, inputs, batch))

    def forecast(self, batch: EventWindows, texts: Sequence[str | None]) -> Tensor:
        """Quantiles [B, Q, H] of windows with sentences."""
        rows = self.settings.patch_length

        def one_pass(series: PassInputs) -> tuple[Tensor, PatchInputs]:
            inputs = patch_inputs(series.values, series.mask, torch.ones_like(series.values), series.calendar, rows)
            self.read(texts, batch.added, inputs)
            return self.next_patches(inputs, series.first), inputs

        return self.forecast_in_passes(batch.context, torch.ones_like(batch.context), batch.calendar, one_pass)[1]


def train_tokens(folder: Path, minutes: float, seed: int) -> None:
    """Continue nano-patch on series with events, and sentences of two thirds of them."""
    network = TextPatchNetwork(load_patch_network("nano-patch").model).train().requires_grad_()
    training = Training(network, folder, minutes, rate=1e-3, decay=0.5)
    stream = PatchBatchStream(network.settings.patch_length, seed=seed, values_per_batch=28_000)

    def loss(number: int) -> Tensor:
        batch, rng = stream[number], np.random.default_rng([seed, number, 3])
        now = (torch.arange(batch.values.shape[1]) * batch.visible).argmax(1).numpy()
        added = with_events(rng, batch.values.double().numpy(), batch.calendar.numpy(), now)
        batch = replace(batch, values=torch.from_numpy(added.values).float())
        return network.loss(batch, added, [w.text if w else None for w in added.wordings])

    train(training, loss)


def train_digits(folder: Path, minutes: float, seed: int) -> None:
    """Continue nano on series with events, with the sentence as its prompt."""
    network, codec = load_network()
    network.train().requires_grad_()
    tokenizer = build_tokenizer()

    def loss(number: int) -> Tensor:
        calendar, added = short_windows(number, seed)
        series = torch.from_numpy(added.values)
        observed = torch.ones(series.shape, dtype=torch.bool)
        scaling = codec.fit(series[:, :CONTEXT], observed[:, :CONTEXT], series.std(1, keepdim=True))
        digits, _ = codec.encode(series, scaling)
        prompt = prompts(tokenizer, network, [w.text if w else None for w in added.wordings])
        return digit_loss(network, DigitBatch(prompt, digits, calendar, observed))

    train(Training(network, folder, minutes, rate=1e-3, decay=0.5), loss)


def train_lstm(folder: Path, minutes: float, seed: int) -> None:
    """Train an LSTM on series with events, which it gets as known covariates."""
    network = event_lstm().train()
    levels = torch.tensor(QUANTILE_LEVELS)

    def loss(number: int) -> Tensor:
        calendar, added = short_windows(number, seed)
        values = torch.from_numpy(added.values).float()
        mean, std = mean_and_std(values[:, :CONTEXT])
        covariates = event_covariates(torch.from_numpy(added.channels).float(), added, mean, std)
        quantiles = lstm_quantiles(network, (values[:, :CONTEXT] - mean) / std, calendar, covariates)
        return pinball_loss(quantiles, (values[:, CONTEXT:] - mean) / std, levels).mean()

    train(Training(network, folder, minutes, rate=3e-3, decay=0.7), loss)


def short_windows(number: int, seed: int) -> tuple[Tensor, EventBatch]:
    """A batch of CONTEXT + HORIZON rows with events: the calendar, and the series."""
    batch = PatchBatchStream(24, seed=seed, values_per_batch=VALUES_PER_BATCH)[number]
    rows = slice(-CONTEXT - HORIZON, None)
    values, calendar = batch.values[:, rows].double().numpy(), batch.calendar[:, rows]
    rng = np.random.default_rng([seed, number, 3])
    return calendar, with_events(rng, values, calendar.numpy(), np.full(len(values), CONTEXT - 1))


def event_lstm() -> RecurrentNet:
    """The network of ``model=lstm``, with the channels of events and the zero of the series as covariates."""
    options: dict[str, Any] = {"hidden_size": 256, "channel_embedding": False}
    return RecurrentNet(CONTEXT, HORIZON, 1, len(CHANNELS) + 1, len(QUANTILE_LEVELS), **options)


def mean_and_std(context: Tensor) -> tuple[Tensor, Tensor]:
    return context.mean(1, keepdim=True), context.std(1, keepdim=True).clamp(min=1e-3)


def event_covariates(channels: Tensor, events: EventBatch, mean: Tensor, std: Tensor) -> Tensor:
    """The channels [B, T, E] and the zero of the series, [B, T, E + 1]; values are standardised as the series is."""
    limit, value = CHANNELS.index("limit"), CHANNELS.index("limit_value")
    zero = (torch.from_numpy(events.zero).float()[:, None] - mean) / std
    channels = channels.clone()  # a limit is a distance from the zero of the series
    channels[..., value] = channels[..., value] / std + zero * channels[..., limit]
    return torch.cat([channels, zero[:, None].expand(-1, channels.shape[1], -1)], -1)


def lstm_quantiles(network: RecurrentNet, context: Tensor, calendar: Tensor, covariates: Tensor) -> Tensor:
    """Quantiles [B, Q, H] of standardised values."""
    channel, known = torch.zeros(len(context), dtype=torch.long), torch.ones_like(covariates)
    return network(context, torch.ones_like(context), calendar, covariates, known, channel)[1]


def with_events(rng: np.random.Generator, values: np.ndarray, calendar: np.ndarray, now: np.ndarray) -> EventBatch:
    return add_events(rng, values, calendar, now, share_without=SHARE_WITHOUT_EVENT)


def train(training: Training, loss_of_batch: Any) -> None:
    """Take steps until the minutes of the training are over."""
    smoothed = float("nan")
    while training.share_done < 1:
        began = time.process_time()
        loss = loss_of_batch(training.step)
        training.update(loss, began)
        smoothed = loss.item() if np.isnan(smoothed) else 0.98 * smoothed + 0.02 * loss.item()
        if training.step % 50 == 0:
            log.info("step %d, %.1f min: loss %.4f", training.step, training.seconds / 60, smoothed)


def prompts(tokenizer: Any, network: DigitNetwork, texts: Sequence[str | None]) -> Tensor:
    """Token ids of sentences, int64 [B, P]; shorter ones have padding in front."""
    ids = [tokenizer.encode(text or "", add_special_tokens=False) for text in texts]
    longest = max(len(i) for i in ids)
    return torch.tensor([[tokenizer.pad_token_id] * (longest - len(i)) + [network.layout.start_id] + i for i in ids])


@torch.no_grad()
def forecast_digits(network: DigitNetwork, codec: DigitCodec, tokenizer: Any, batch: EventWindows) -> Quantiles:
    """Forecasts of the digits from the last rows of the context, without text and with each text."""
    context = batch.context[:, -CONTEXT:].double()
    calendar, mask = batch.calendar[:, -CONTEXT - HORIZON :], torch.ones(context.shape, dtype=torch.bool)
    scaling = codec.fit(context, mask, batch.context.double().std(1, keepdim=True))
    digits, _ = codec.encode(context, scaling)
    window = torch.arange(len(context))
    levels = sobol_uniforms(0, window, torch.zeros_like(window), SAMPLES, HORIZON, codec.width)
    out = {}
    none: list[str | None] = [None] * len(context)
    for name, texts in {"no text": none, "text": batch.texts["text"]}.items():
        prompt = prompts(tokenizer, network, texts)
        probability = levels.new_empty(*levels.shape, 10, dtype=torch.float32)
        paths = decode_windows(
            network, DecodingInputs(prompt, digits, calendar, mask), levels=levels, probability=probability
        )
        values = codec.values(HORIZON, scaling)
        out[name] = mean_and_quantiles(paths, probability, values)[1].float()
    return out


@torch.no_grad()
def forecast_lstm(network: RecurrentNet, packaged: PatchNetwork, batch: EventWindows) -> Quantiles:
    """Forecasts from the last rows of the context, with the true channels and without any, and of nano-patch."""
    context, rows = batch.context[:, -CONTEXT:], slice(-CONTEXT - HORIZON, None)
    mean, std = mean_and_std(context)
    true, calendar = torch.from_numpy(batch.added.channels).float()[:, rows], batch.calendar[:, rows]
    out = {}
    for name, channels in {"no text": torch.zeros_like(true), "covariate": true}.items():
        covariates = event_covariates(channels, batch.added, mean, std)
        scaled = lstm_quantiles(network, (context - mean) / std, calendar, covariates)
        out[name] = scaled * std[:, None] + mean[:, None]
    return out | without_text(packaged, batch)


@torch.no_grad()
def forecast_tokens(network: TextPatchNetwork, packaged: PatchNetwork, batch: EventWindows) -> Quantiles:
    """Forecasts of the patches without text and with each text, and of the packaged weights."""
    none: list[str | None] = [None] * len(batch.context)
    out = {name: network.forecast(batch, texts) for name, texts in {"no text": none, **batch.texts}.items()}
    return out | without_text(packaged, batch)


def without_text(packaged: PatchNetwork, batch: EventWindows) -> Quantiles:
    """The forecasts of the packaged nano-patch, from the whole context."""
    return {"nano-patch": packaged(batch.context, torch.ones_like(batch.context), batch.calendar)[1]}


TRAIN = {"tokens": train_tokens, "digits": train_digits, "lstm": train_lstm}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=[*TRAIN, *(f"score_{kind}" for kind in TRAIN)])
    parser.add_argument("--folder", type=Path, default=Path("outputs/compare_word_inputs"))
    parser.add_argument("--minutes", type=float, default=30.0, help="of processor time")
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    kind = arguments.stage.removeprefix("score_")
    folder = arguments.folder / kind
    if arguments.stage in TRAIN:
        TRAIN[arguments.stage](folder, arguments.minutes, arguments.seed)
        return
    weights = torch.load(folder / "last.pt", weights_only=True)["network"]
    packaged: Any = load_patch_network("nano-patch").model.eval()
    if kind == "tokens":
        network: Any = TextPatchNetwork(packaged)
        forecast = partial(forecast_tokens, network, packaged)
    elif kind == "lstm":
        network = event_lstm()
        forecast = partial(forecast_lstm, network, packaged)
    else:
        network, codec = load_network()
        forecast = partial(forecast_digits, network, codec, build_tokenizer())
    network.load_state_dict(weights)
    network.eval()
    for held_out in (True, False):
        windows = generated_windows(arguments.batches, held_out, seed=1000, rows=24)
        scores = score_generated(windows, forecast)
        print(f"\n{'held-out' if held_out else 'trained'} wordings\n\n{generated_tables(scores)}")


if __name__ == "__main__":
    main()
