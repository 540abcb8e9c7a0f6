"""Digit-by-digit decoding: one prefill per window, its samples side by side on that one prefix."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from timevis.models.qwen.backbone.attention import KINDS, SharedPrefixCache
from timevis.models.qwen.backbone.load import SMALL
from timevis.models.qwen.digits.network import DigitNetwork
from timevis.utils import memory
from timevis.utils.explain import is_out_of_memory

log = logging.getLogger(__name__)

MODES = ("sample", "greedy", "median")
# of prefixes read in one pass: enough for fast products, few enough to take little memory
PREFILL_TOKENS = {"cpu": 2048, "accelerator": 32768}
# of paths, at least, for a core to decode them by itself: with fewer, Python between the operations takes longer
ROWS_OF_A_CORE = 200


class Known(NamedTuple):
    """What there is of B windows before a digit of their targets is written.

    Attributes
    ----------
    prompt : int64 [B, P]
    context : int64 [B, L, width]
        Digits.
    calendar : int64 [B, L + H, 5]
    observed : bool [B, L]
    """

    prompt: Tensor
    context: Tensor
    calendar: Tensor
    observed: Tensor

    @property
    def horizon(self) -> int:
        return self.calendar.shape[1] - self.context.shape[1]

    def windows(self, start: int, end: int) -> Known:
        """Some of them."""
        return Known(*(x[start:end] for x in self))


def _choose(logits: Tensor, level: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The digit where the distribution function passes `level`, and how far into that digit's share it lies.

    Parameters
    ----------
    logits : float [B, S, 10]
    level : float64 [B, S], optional
        None takes the most likely digit.
    """
    if level is None:
        return logits.argmax(-1), None
    chance = logits.double().softmax(-1)
    edge = chance.cumsum(-1)
    digit = (edge <= level.unsqueeze(-1)).sum(-1).clamp(max=9)
    here = digit.unsqueeze(-1)
    inside = (level.unsqueeze(-1) - edge.gather(-1, here)) / chance.gather(-1, here) + 1
    return digit, inside.squeeze(-1).clamp(0, 1)


def rows_per_pass(model: Any, tokens: int, suffix: int, samples: int, passes: int = 1) -> int:
    """Paths to decode side by side in the memory at hand: at most a quarter of it, and what a CPU's cache likes.

    Parameters
    ----------
    model : transformers causal language model
    tokens, suffix : int
        Of a whole window, and of the part that every path stores for itself.
    samples : int
        Paths that share the rest.
    passes : int
        At the same time.
    """
    config, weight = model.config, next(model.parameters())
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    stored = 2 * config.num_hidden_layers * config.num_key_value_heads * size * (suffix + (tokens - suffix) / samples)
    passing = 8 * config.hidden_size + 3 * config.intermediate_size + heads * tokens
    if weight.device.type == "cuda":
        free = torch.cuda.mem_get_info(weight.device)[0]
    else:
        free = memory.available_bytes()
    fitting = int(free / 4 / passes / ((stored + passing) * weight.element_size()))
    return max(1, min(fitting, 1600 if weight.device.type == "cpu" else 16384))


@torch.no_grad()
def decode(
    network: DigitNetwork,
    known: Known,
    *,
    mode: str = "sample",
    levels: Tensor | None = None,
    samples: int = 1,
    temperature: Tensor | None = None,
) -> Tensor:
    """Digits of the values after a context.

    Parameters
    ----------
    known : Known
    mode : str
        ``sample`` draws S paths; ``greedy`` takes the most likely digit; ``median`` follows the conditional
        median of each value, digit by digit.
    levels : float64 [B, S, H * width], optional
        The uniform numbers of ``sample``, and nothing in other modes.
    samples : int
        S; 1 for the other modes.
    temperature : float [width], optional
        Divides the logits of each place.

    Returns
    -------
    int64 [B, S, H, width]
    """
    width, horizon = network.layout.width, known.horizon
    hidden, cache, at = _prefill(network, known)
    hidden = hidden.expand(-1, samples, -1)
    cache.fork(samples)
    written, head = _WrittenDigits(network, known), network.head()
    out = known.context.new_empty(len(known.context), samples, horizon, width)
    level: Tensor | None = None
    for value in range(horizon):
        for place in range(width):
            logits = _digit_logits(hidden, head, place, temperature)
            if levels is not None:
                level = levels[:, :, value * width + place]
            elif mode == "median" and place == 0:
                level = logits.new_full(logits.shape[:2], 0.5, dtype=torch.double)
            digit, level = _choose(logits, level)
            out[:, :, value, place] = digit
            if value == horizon - 1 and place == width - 1:
                break
            step, new = written(digit, value, place)
            cache.alike = digit if samples > KINDS else None
            position = torch.arange(at, at + new, device=step.device).repeat(samples).unsqueeze(0)
            hidden = network.hidden(step, cache=cache, position_ids=position)
            hidden = hidden.unflatten(1, (samples, new))[:, :, -1]
            at += new
    return out


def _digit_logits(hidden: Tensor, head: Tensor, place: int, temperature: Tensor | None) -> Tensor:
    """Logits [..., 10] of hidden states; in float32, whatever the Trainer's precision."""
    with torch.autocast(hidden.device.type, enabled=False):
        logits = hidden.float() @ head[place].t()
    return logits if temperature is None else logits / temperature[place]


def _prefill(network: DigitNetwork, known: Known) -> tuple[Tensor, SharedPrefixCache, int]:
    """Last hidden state [B, 1, hidden] of prompt and context, their cache, and their number of tokens."""
    prompt, context, calendar, observed = known
    x = network.embed(prompt, context, calendar[:, : context.shape[1] + 1], observed)
    position = torch.arange(x.shape[1], device=x.device).unsqueeze(0)
    most = max(1, PREFILL_TOKENS["cpu" if x.device.type == "cpu" else "accelerator"] // x.shape[1])
    last, caches = [], []
    for part in x.split(most):
        caches.append(SharedPrefixCache(network.backbone.config.num_hidden_layers))
        last.append(network.hidden(part, cache=caches[-1], position_ids=position)[:, -1:].clone())
    return torch.cat(last), SharedPrefixCache.joined(caches), x.shape[1]


@torch.no_grad()
def first_value_distribution(network: DigitNetwork, known: Known, temperature: Tensor | None = None) -> Tensor:
    """The distribution of the first value after a context, exactly: every digit string is tried, none is drawn.

    Parameters
    ----------
    known, temperature
        As in `decode`.

    Returns
    -------
    float64 [B, 10 ** width]
        Probability of each code; a row sums to one.
    """
    hidden, cache, at = _prefill(network, known)
    written, head = _WrittenDigits(network, known), network.head()
    chance = torch.ones(len(hidden), 1, device=hidden.device, dtype=torch.double)
    for place in range(network.layout.width):
        if place:
            codes = torch.arange(10**place, device=hidden.device).expand(len(hidden), -1)
            tokens = [written(codes // 10 ** (place - 1 - p) % 10, 0, p)[0] for p in range(place)]
            step = torch.stack(tokens, 2).flatten(1, 2)
            position = torch.arange(at, at + place, device=hidden.device).repeat(10**place).unsqueeze(0)
            cache.fork(10**place)
            hidden = network.hidden(step, cache=cache, position_ids=position)
            hidden = hidden.unflatten(1, (10**place, place))[:, :, -1]
        logits = _digit_logits(hidden, head, place, temperature)
        chance = (chance.unsqueeze(-1) * logits.double().softmax(-1)).flatten(1)
    return chance


class _WrittenDigits:
    """Input embeddings of digits as they are written."""

    def __init__(self, network: DigitNetwork, known: Known) -> None:
        calendar = known.calendar[:, -known.horizon :]
        embedding, tables, layout = network.backbone.get_input_embeddings(), network.tables, network.layout
        self.digits = embedding(network.table).float() + tables.digit
        self.separator = None
        if layout.separator is not None:
            self.separator = embedding(torch.tensor(layout.separator, device=calendar.device)).float()
        self.own = tables.when(tables.own, calendar).unsqueeze(1)
        self.coming = tables.when(tables.next, calendar).unsqueeze(1)
        self.last_place, self.dtype = layout.width - 1, embedding.weight.dtype

    def __call__(self, digit: Tensor, value: int, place: int) -> tuple[Tensor, int]:
        """Of the digits int64 [B, S] at a place of a value: float [B, S * n, hidden], and their n tokens each."""
        token = self.digits[place, digit] + self.own[:, :, value]
        if place < self.last_place:
            return (token + self.coming[:, :, value]).to(self.dtype), 1
        if self.separator is None:
            return (token + self.coming[:, :, value + 1]).to(self.dtype), 1
        after = (self.separator + self.own[:, :, value] + self.coming[:, :, value + 1]).expand_as(token)
        both = torch.stack([token + self.coming[:, :, value], after], 2)  # a separator travels with its digit
        return both.flatten(1, 2).to(self.dtype), 2


def decode_windows(
    network: DigitNetwork,
    known: Known,
    *,
    rows: int | Literal["auto"] = "auto",
    mode: str = "sample",
    levels: Tensor | None = None,
    temperature: Tensor | None = None,
) -> Tensor:
    """`decode`, some windows at a time, and half as many, or half of one's paths, whenever memory runs out.

    The operations of a small network are too short to be worth dividing among the cores of a CPU: there each core
    decodes windows of its own.

    Parameters
    ----------
    rows : int or ``auto``
        Paths side by side, of each core; ``auto`` follows `rows_per_pass`.
    levels : float64 [B, S, H * width], optional
        Sets S, which is 1 without it.
    """
    samples = 1 if levels is None else levels.shape[1]
    windows = len(known.prompt)
    threads = max(1, min(_threads(network), windows, windows * samples // ROWS_OF_A_CORE))
    if rows == "auto":
        group = network.layout.group
        suffix, tokens = known.horizon * group, known.prompt.shape[1] + known.calendar.shape[1] * group
        rows = rows_per_pass(network.backbone, tokens, suffix, samples, threads)

    def share(start: int, end: int) -> Tensor:
        own = None if levels is None else levels[start:end]
        part = known.windows(start, end)
        return _decode_in_passes(network, part, int(rows), samples, own, mode=mode, temperature=temperature)

    if threads == 1:
        return share(0, windows)
    bounds = [windows * i // threads for i in range(threads + 1)]
    with _one_core_each(threads) as pool:
        return torch.cat(list(pool.map(share, bounds[:-1], bounds[1:])))


def _decode_in_passes(
    network: DigitNetwork, known: Known, rows: int, samples: int, levels: Tensor | None, **options: Any
) -> Tensor:
    """`decode` of `rows` paths at a time, or as many as memory allows."""
    windows = len(known.prompt)
    step, paths = max(1, min(windows, rows // samples)), max(1, min(samples, rows))
    step = -(-windows // -(-windows // step))  # as few passes, of equal size
    start, parts = 0, []
    while start < windows:
        part, some = slice(start, start + step), known.windows(start, start + step)
        try:
            found = []
            for first in range(0, samples, paths):
                own = None if levels is None else levels[part, first : first + paths]
                count = min(paths, samples - first)
                found.append(decode(network, some, levels=own, samples=count, **options))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or step == paths == 1:
                raise
            step, paths = (step // 2, paths) if step > 1 else (1, paths // 2)
            log.warning("out of memory: now decoding %d windows of %d paths at a time", step, paths)
            continue
        parts.append(torch.cat(found, 1))
        start += step
    return torch.cat(parts)


def _threads(network: DigitNetwork) -> int:
    """How many cores decode windows of their own: all of a CPU's for a small network, else one after another."""
    weights = list(network.parameters())
    small = weights[0].device.type == "cpu" and sum(p.numel() for p in weights) < SMALL
    # autocast is of a thread, and would not hold in others
    return torch.get_num_threads() if small and not torch.is_autocast_enabled("cpu") else 1


@contextmanager
def _one_core_each(threads: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads whose operations are not divided further."""
    before = torch.get_num_threads()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            yield pool
        finally:
            torch.set_num_threads(before)  # which is also what new threads start with
