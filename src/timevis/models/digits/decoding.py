"""Decode digits: sample paths, greedy and median forecasts, in one pass over the prompt."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.quasirandom import SobolEngine

from timevis.models.backbone.attention import NUM_TOKEN_GROUPS, SharedPrefixCache
from timevis.models.backbone.load import SMALL_MODEL_PARAMETERS
from timevis.models.digits.network import DigitNetwork
from timevis.utils import machine
from timevis.utils.explain import is_out_of_memory
from timevis.utils.levels import QUANTILE_LEVELS

log = logging.getLogger(__name__)

MAX_CODES_AT_ONCE = 1 << 23
"""Codes of all windows and steps whose probabilities are computed together; they take 8 bytes each."""


def code_distribution(digits: Tensor, probability: Tensor) -> Tensor:
    """The distribution of the codes at each step: a mixture of the distributions that the paths were drawn from.

    The network gave the probability of every digit that a path could have had at the place of the drawn one. These
    probabilities are averaged: of the first digit over all paths, of a later digit over the paths that have the same
    digits before it. So the mixture has less sampling error than the drawn codes (Rao and Blackwell). Where no path
    has the digits before, the next digit is uniform.

    Parameters
    ----------
    digits : int64 [B, S, H, width]
        Of S sample paths.
    probability : float [B, S, H, width, 10]
        Of each digit, given the digits that were drawn before it.

    Returns
    -------
    float64 [B, H, 10 ** width]
        Rows sum to one.
    """
    probability = probability.double()
    codes = probability[:, :, :, 0].mean(1)  # [B, H, 10]
    prefix = digits[..., 0]
    for place in range(1, digits.shape[-1]):
        index = prefix.transpose(1, 2).unsqueeze(-1).expand(-1, -1, -1, 10)
        next_digit = torch.zeros(*codes.shape, 10, dtype=torch.double, device=digits.device)
        next_digit.scatter_add_(2, index, probability[:, :, :, place].transpose(1, 2))
        total = next_digit.sum(-1, keepdim=True)
        next_digit = torch.where(total > 0, next_digit / total.clamp(min=1e-300), 0.1)
        codes = (codes.unsqueeze(-1) * next_digit).flatten(2)
        prefix = 10 * prefix + digits[..., place]
    return codes


def mean_and_quantiles(digits: Tensor, probability: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and quantiles at `QUANTILE_LEVELS` of `code_distribution`.

    Parameters
    ----------
    digits, probability
        As for `code_distribution`.
    values : float [B, 10 ** width, H]
        The value of each code.

    Returns
    -------
    mean : float32 [B, H]
    quantiles : float32 [B, 15, H]
    """
    levels = torch.tensor(QUANTILE_LEVELS, dtype=torch.float64, device=digits.device)
    windows_at_once = max(1, MAX_CODES_AT_ONCE // values[0].numel())
    means, quantiles = [], []
    parts = zip(*(x.split(windows_at_once) for x in (digits, probability, values)), strict=True)
    for some_digits, some_probability, some_values in parts:
        distribution = code_distribution(some_digits, some_probability)
        means.append((distribution * some_values.transpose(1, 2)).sum(-1))
        below = distribution.cumsum(-1)
        wanted = levels.expand(*below.shape[:2], -1).contiguous()
        code = torch.searchsorted(below, wanted).clamp(max=below.shape[-1] - 1)
        quantiles.append(some_values.gather(1, code.transpose(1, 2)))
    return torch.cat(means).float(), torch.cat(quantiles).float()


CANDIDATES = [round(0.5 * 1.03**i, 4) for i in range(95)]
"""Temperatures that are tried: 0.5 to 8, in steps of 3 %."""


def fit_temperature(logits: Tensor, digits: Tensor) -> Tensor:
    """Find the temperature of each decimal place with the smallest log loss (Guo et al. 2017).

    Parameters
    ----------
    logits : float [N, width, 10]
    digits : int64 [N, width]
        True digits of the N values.

    Returns
    -------
    float [width]
    """
    if not len(digits):
        return torch.ones(digits.shape[1])
    best = [
        min(CANDIDATES, key=lambda t: float(F.cross_entropy(logits[:, place] / t, digits[:, place])))
        for place in range(digits.shape[1])
    ]
    log.info("temperatures %s", ", ".join(f"{t:.2f}" for t in best))
    # only the first place is checked: the last digits of a noisy series are close to random
    if best[0] in (CANDIDATES[0], CANDIDATES[-1]):
        message = "the temperature of the first digit, %.2f, is at the edge of the search range: "
        log.warning(message + "the model is probably undertrained", best[0])
    return torch.tensor(best)


log = logging.getLogger(__name__)

_GOLDEN_RATIO = 0x9E3779B97F4A7C15 - (1 << 64)
_SPLITMIX_FACTORS = (0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64))
_SOBOL_BITS = 30
"""Bits of a point of torch's Sobol sequence; points are shifted up to 32 bits."""
_LOW_32_BITS = (1 << 32) - 1
_BIT_SWAPS = ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF), (16, 0x0000FFFF))


def _splitmix(x: Tensor) -> Tensor:
    """The output function of SplitMix64 (Steele et al. 2014) on int64, which wraps as uint64 does."""
    for shift, factor in zip((30, 27), _SPLITMIX_FACTORS, strict=True):
        x = (x ^ ((x >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def _window_hash(seed: int, origin: Tensor, channel: Tensor) -> Tensor:
    """A hash of seed and window, int64 [B]."""
    key = ((seed + 1) * _GOLDEN_RATIO + (1 << 63)) % (1 << 64) - (1 << 63)  # wrapped to int64
    state = _splitmix(origin + torch.tensor(key, device=origin.device))
    return _splitmix(state ^ ((channel + 1) * _GOLDEN_RATIO))


def _numbered_hashes(state: Tensor, count: int) -> Tensor:
    """Hashes of a state [..., 1] and each of the numbers 1 to `count`, int64 [..., count]."""
    number = torch.arange(1, count + 1, device=state.device)
    return _splitmix(state + number * _GOLDEN_RATIO)


def hashed_uniforms(seed: int, origin: Tensor, channel: Tensor, samples: int, steps: int) -> Tensor:
    """Independent uniform numbers in (0, 1), one for each seed, window, sample path and step.

    Parameters
    ----------
    seed : int
    origin, channel : int64 [B]
        Identify the windows.
    samples, steps : int
        Sample paths per window, and numbers per path.

    Returns
    -------
    float64 [B, samples, steps]
    """
    sample = _numbered_hashes(_window_hash(seed, origin, channel).unsqueeze(1), samples)
    state = _numbered_hashes(sample.unsqueeze(2), steps)
    return (((state >> 11) & ((1 << 53) - 1)).double() + 0.5) / (1 << 53)


def sobol_uniforms(seed: int, origin: Tensor, channel: Tensor, samples: int, horizon: int, width: int) -> Tensor:
    """Uniform numbers in (0, 1) for the digits of sample paths, spread evenly over the paths of a window.

    The numbers of one value's digits are the last coordinates of a point of a Sobol sequence with Owen's scrambling
    (Owen 1995). The points of a value are ordered by their first coordinate, which is the rank of the path that takes
    them (see `timevis.models.digits.decoding.decode`). So the numbers of one path are uniform and independent,
    while together the paths of a window cover each distribution evenly, given any past: this is randomised
    quasi-Monte Carlo. As in `hashed_uniforms`, the numbers depend on seed, window, rank and step only.

    Parameters
    ----------
    seed : int
    origin, channel : int64 [B]
        Identify the windows.
    samples, horizon : int
        Sample paths per window, and values per path.
    width : int
        Digits per value.

    Returns
    -------
    float64 [B, samples, horizon, width]
    """
    window = _window_hash(seed, origin, channel).unsqueeze(1)
    value = _numbered_hashes(window, horizon)  # [B, H]
    coordinate = _numbered_hashes(value.unsqueeze(2), 1 + width)  # [B, H, 1 + width]
    sequence = _sobol_points(torch.arange(samples, device=origin.device), 1 + width)  # [S, 1 + width]
    points = _owen_scrambled(sequence.view(1, samples, 1, -1), coordinate.unsqueeze(1))  # [B, S, H, 1 + width]
    order = points[..., :1].argsort(1).expand(-1, -1, -1, width)
    return (points[..., 1:].gather(1, order).double() + 0.5) / (1 << 32)


@cache
def _sobol_directions(width: int) -> Tensor:
    """Direction numbers of the first dimensions (Joe and Kuo 2008), int64 [width, _SOBOL_BITS]."""
    return SobolEngine(width).sobolstate.clone()


def _sobol_points(index: Tensor, width: int) -> Tensor:
    """Points of the Sobol sequence, 32 bits for each coordinate: index int64 [...] to int64 [..., width]."""
    directions = _sobol_directions(width).to(index.device)
    points = torch.zeros(*index.shape, width, dtype=torch.long, device=index.device)
    for bit in range(_SOBOL_BITS):
        points ^= ((index >> bit) & 1).unsqueeze(-1) * directions[:, bit]
    return points << (32 - _SOBOL_BITS)


def _owen_scrambled(x: Tensor, key: Tensor) -> Tensor:
    """Flip each bit of a 32-bit number by a hash of the key and of the bits above it.

    Laine and Karras (2011, "Stratified sampling for stochastic transparency"), with the constants of Vegdahl (2021).
    """
    key = key & _LOW_32_BITS
    x = _reversed_bits(x)
    x = x ^ ((x * 0x3D20ADEA) & _LOW_32_BITS)
    x = (x + key) & _LOW_32_BITS
    x = (x * ((key >> 16) | 1)) & _LOW_32_BITS
    x = x ^ ((x * 0x05526C56) & _LOW_32_BITS)
    x = x ^ ((x * 0x53A22864) & _LOW_32_BITS)
    return _reversed_bits(x)


def _reversed_bits(x: Tensor) -> Tensor:
    """A 32-bit number with its bits in reverse order."""
    for shift, mask in _BIT_SWAPS:
        x = ((x & mask) << shift) | ((x >> shift) & mask)
    return x


DecodingMode: TypeAlias = Literal["sample", "greedy", "median"]
# Tokens of prefixes in one prefill pass: enough for efficient matrix products, few enough to need little memory.
PREFILL_TOKENS_PER_PASS = {"cpu": 2048, "accelerator": 32768}

PAST_WEIGHT = 0.8
"""Of one step back in `recent_level`."""


class DecodingInputs(NamedTuple):
    """What the network reads of B windows before it writes their targets.

    Attributes
    ----------
    prompt : int64 [B, P]
        Token ids.
    context : int64 [B, L, width]
        Digits of the context.
    calendar : int64 [B, L + H, 5] or float [B, L + H, 5 + K]
        Calendar fields of context and target, and their K covariates.
    observed : bool [B, L]
        False for context values that fill a gap.
    """

    prompt: Tensor
    context: Tensor
    calendar: Tensor
    observed: Tensor

    @property
    def horizon(self) -> int:
        return self.calendar.shape[1] - self.context.shape[1]

    def windows(self, start: int, end: int) -> DecodingInputs:
        """The inputs of the windows from `start` to before `end`."""
        return DecodingInputs(*(x[start:end] for x in self))


def digit_at_level(probability: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """Invert the distribution function of digits: the digit at which it passes a level.

    Parameters
    ----------
    probability : float64 [B, S, 10]
    level : float64 [B, S]
        Within (0, 1).

    Returns
    -------
    digit : int64 [B, S]
    remainder : float64 [B, S]
        Where the level lies between the digit's lower and upper probability, 0 to 1: the level for the next digit.
    """
    cumulative = probability.cumsum(-1)
    digit = (cumulative <= level.unsqueeze(-1)).sum(-1).clamp(max=9)
    index = digit.unsqueeze(-1)
    remainder = (level.unsqueeze(-1) - cumulative.gather(-1, index)) / probability.gather(-1, index) + 1
    return digit, remainder.squeeze(-1).clamp(0, 1)


@torch.no_grad()
def decode(
    network: DigitNetwork,
    inputs: DecodingInputs,
    *,
    mode: str = "sample",
    levels: Tensor | None = None,
    samples: int = 1,
    temperature: Tensor | None = None,
    probability: Tensor | None = None,
) -> Tensor:
    """Decode the digits of the values after a context.

    Parameters
    ----------
    inputs : DecodingInputs
    mode : str
        ``sample`` draws S sample paths. ``greedy`` takes the most likely digit. ``median`` follows the conditional
        median of each value, digit by digit.
    levels : float64 [B, S, H, width], optional
        Uniform random numbers in (0, 1) for the mode ``sample``; None in the other modes. At each step after the
        first, the paths of a window are ordered by `recent_level`, and the path of rank s takes the numbers s.
    samples : int
        S; 1 for the other modes.
    temperature : float [width], optional
        Divides the logits of each decimal place.
    probability : float [B, S, H, width, 10], optional
        Receives the probability of every digit, given the digits before it.

    Returns
    -------
    int64 [B, S, H, width]
    """
    width, horizon = network.layout.width, inputs.horizon
    hidden, cache, position = _prefill(network, inputs)
    hidden = hidden.expand(-1, samples, -1)
    cache.fork(samples)
    embed_digit, head = _DigitEmbedder(network, inputs), network.head()
    out = inputs.context.new_empty(len(inputs.context), samples, horizon, width)
    past = out.new_zeros(out.shape[:2], dtype=torch.double)
    for value in range(horizon):
        remainder = torch.full_like(past, 0.5)
        if levels is not None:
            rank = past.argsort(dim=1, stable=True).argsort(dim=1)
            levels_of_value = levels[:, :, value].gather(1, rank.unsqueeze(-1).expand(-1, -1, width))
        for place in range(width):
            chances = network.digit_logits(hidden, head, place, temperature).double().softmax(-1)
            if levels is not None:
                digit, _ = digit_at_level(chances, levels_of_value[:, :, place])
            elif mode == "median":
                digit, remainder = digit_at_level(chances, remainder)
            else:
                digit = chances.argmax(-1)
            out[:, :, value, place] = digit
            if probability is not None:
                probability[:, :, value, place] = chances
            if value == horizon - 1 and place == width - 1:
                break
            embeddings, new = embed_digit(digit, value, place)
            cache.token_groups = digit if samples > NUM_TOKEN_GROUPS else None
            position_ids = torch.arange(position, position + new, device=embeddings.device)
            position_ids = position_ids.repeat(samples).unsqueeze(0)
            hidden = network.hidden(embeddings, cache=cache, position_ids=position_ids)
            hidden = hidden.unflatten(1, (samples, new))[:, :, -1]
            position += new
        past = recent_level(past, out[:, :, value])
    return out


def recent_level(past: Tensor, digits: Tensor) -> Tensor:
    """How high the paths have been so far: the sum of their codes, each step back counting `PAST_WEIGHT` as much.

    Paths that are at the same level go on in much the same way. If they take their random numbers in this order, all
    steps of the paths together are spread evenly, not only each step by itself (L'Ecuyer, Lécot and Tuffin 2008,
    "A randomized quasi-Monte Carlo simulation method for Markov chains", Operations Research 56).

    Parameters
    ----------
    past : float64 [B, S]
        Before the step.
    digits : int64 [B, S, width]
        Of the step.
    """
    code = torch.zeros_like(past)
    for place in range(digits.shape[-1]):
        code = 10 * code + digits[..., place]
    return PAST_WEIGHT * past + code


def _prefill(network: DigitNetwork, inputs: DecodingInputs) -> tuple[Tensor, SharedPrefixCache, int]:
    """Last hidden state [B, 1, hidden] of prompt and context, their cache, and their number of tokens."""
    prompt, context, calendar, observed = inputs
    x = network.embed(prompt, context, calendar[:, : context.shape[1] + 1], observed)
    position_ids = torch.arange(x.shape[1], device=x.device).unsqueeze(0)
    tokens_per_pass = PREFILL_TOKENS_PER_PASS["cpu" if x.device.type == "cpu" else "accelerator"]
    last, caches = [], []
    for windows in x.split(max(1, tokens_per_pass // x.shape[1])):
        caches.append(SharedPrefixCache(network.backbone.config.num_hidden_layers))
        last.append(network.hidden(windows, cache=caches[-1], position_ids=position_ids)[:, -1:].clone())
    return torch.cat(last), SharedPrefixCache.concatenate(caches), x.shape[1]


@torch.no_grad()
def first_value_distribution(
    network: DigitNetwork, inputs: DecodingInputs, temperature: Tensor | None = None
) -> Tensor:
    """The exact distribution of the first value after a context, from all of its digit strings; nothing is drawn.

    Parameters
    ----------
    inputs, temperature
        As for `decode`.

    Returns
    -------
    float64 [B, 10 ** width]
        Probability of each code; every row sums to one.
    """
    hidden, cache, position = _prefill(network, inputs)
    embed_digit, head = _DigitEmbedder(network, inputs), network.head()
    probability = torch.ones(len(hidden), 1, device=hidden.device, dtype=torch.double)
    for place in range(network.layout.width):
        if place:
            codes = torch.arange(10**place, device=hidden.device).expand(len(hidden), -1)
            tokens = [embed_digit(codes // 10 ** (place - 1 - p) % 10, 0, p)[0] for p in range(place)]
            embeddings = torch.stack(tokens, 2).flatten(1, 2)
            position_ids = torch.arange(position, position + place, device=hidden.device)
            position_ids = position_ids.repeat(10**place).unsqueeze(0)
            cache.fork(10**place)
            hidden = network.hidden(embeddings, cache=cache, position_ids=position_ids)
            hidden = hidden.unflatten(1, (10**place, place))[:, :, -1]
        logits = network.digit_logits(hidden, head, place, temperature)
        probability = (probability.unsqueeze(-1) * logits.double().softmax(-1)).flatten(1)
    return probability


class _DigitEmbedder:
    """Computes the input embeddings of target digits while they are decoded."""

    def __init__(self, network: DigitNetwork, inputs: DecodingInputs) -> None:
        calendar = inputs.calendar[:, -inputs.horizon :]
        embedding, tables, layout = network.backbone.get_input_embeddings(), network.tables, network.layout
        self.digits = embedding(network.digit_ids).float() + tables.digit
        self.separator = None
        if layout.separator_id is not None:
            self.separator = embedding(torch.tensor(layout.separator_id, device=calendar.device)).float()
        self.own = tables.own_vectors(calendar).unsqueeze(1)
        self.coming = tables.next_vectors(calendar).unsqueeze(1)
        self.last_place, self.dtype = layout.width - 1, embedding.weight.dtype

    def __call__(self, digit: Tensor, value: int, place: int) -> tuple[Tensor, int]:
        """Embed the digits int64 [B, S] at one place of one value: float [B, S * n, hidden], and n tokens each."""
        token = self.digits[place, digit] + self.own[:, :, value]
        if place < self.last_place:
            return (token + self.coming[:, :, value]).to(self.dtype), 1
        if self.separator is None:
            return (token + self.coming[:, :, value + 1]).to(self.dtype), 1
        separator = (self.separator + self.own[:, :, value] + self.coming[:, :, value + 1]).expand_as(token)
        both = torch.stack([token + self.coming[:, :, value], separator], 2)  # one pass reads digit and separator
        return both.flatten(1, 2).to(self.dtype), 2


# A CPU thread decodes by itself only from this number of sample paths on: below it, Python's overhead dominates.
MIN_PATHS_PER_THREAD = 200


def max_paths_per_pass(
    model: Any, tokens: int, suffix: int, samples: int, passes: int = 1, free_bytes: int | None = None
) -> int:
    """Number of sample paths that can be decoded together in the available memory.

    They take at most a quarter of the memory. The number is limited to 1,600 on a CPU, because of its cache, and to
    16,384 on an accelerator.

    Parameters
    ----------
    model : transformers causal language model
    tokens, suffix : int
        Tokens of a whole window, and of its target, which every path stores separately.
    samples : int
        Paths that share the prompt and the context of a window.
    passes : int
        Passes that run at the same time.
    free_bytes : int, optional
        Available memory; measured when None.
    """
    config, weight = model.config, next(model.parameters())
    heads = config.num_attention_heads
    head_size = getattr(config, "head_dim", None) or config.hidden_size // heads
    cached_tokens = suffix + (tokens - suffix) / samples
    cached = 2 * config.num_hidden_layers * config.num_key_value_heads * head_size * cached_tokens
    activations = 8 * config.hidden_size + 3 * config.intermediate_size + heads * tokens
    if free_bytes is None:
        on_cuda = weight.device.type == "cuda"
        free_bytes = torch.cuda.mem_get_info(weight.device)[0] if on_cuda else machine.available_bytes()
    fitting = int(free_bytes / 4 / passes / ((cached + activations) * weight.element_size()))
    return max(1, min(fitting, 1600 if weight.device.type == "cpu" else 16384))


def decode_windows(
    network: DigitNetwork,
    inputs: DecodingInputs,
    *,
    paths_per_pass: int | Literal["auto"] = "auto",
    mode: str = "sample",
    levels: Tensor | None = None,
    temperature: Tensor | None = None,
    probability: Tensor | None = None,
    min_paths_per_thread: int = MIN_PATHS_PER_THREAD,
) -> Tensor:
    """Decode windows with `decode`, in passes that fit the memory.

    When memory runs out, the number of windows per pass is halved. All paths of a window are in one pass. The
    operations of a small network are too short to be divided among the cores of a CPU, so there each thread decodes
    other windows.

    Parameters
    ----------
    paths_per_pass : int or ``auto``
        Sample paths that one thread decodes together, but at least the paths of one window; ``auto`` takes
        `max_paths_per_pass`.
    levels : float64 [B, S, H, width], optional
        Sets S, which is 1 without it.
    probability : float [B, S, H, width, 10], optional
        Receives the probability of every digit, given the digits before it.
    min_paths_per_thread : int
        The number of threads is limited so that each decodes at least this number of paths.

    Returns
    -------
    int64 [B, S, H, width]
    """
    samples = 1 if levels is None else levels.shape[1]
    windows = len(inputs.prompt)
    threads = max(1, min(_usable_threads(network), windows, windows * samples // min_paths_per_thread))
    if paths_per_pass == "auto":
        tokens_per_value = network.layout.tokens_per_value
        suffix = inputs.horizon * tokens_per_value
        tokens = inputs.prompt.shape[1] + inputs.calendar.shape[1] * tokens_per_value
        paths_per_pass = max_paths_per_pass(network.backbone, tokens, suffix, samples, threads)
    paths = int(paths_per_pass)
    in_inference_mode = torch.is_inference_mode_enabled()

    def decode_range(start: int, end: int) -> Tensor:
        # the mode applies to one thread, and a tensor made in it can only be changed in it
        with torch.inference_mode(in_inference_mode):
            return _decode_in_passes(
                network,
                inputs.windows(start, end),
                paths,
                samples,
                _part(levels, start, end),
                _part(probability, start, end),
                mode=mode,
                temperature=temperature,
            )

    if threads == 1:
        return decode_range(0, windows)
    bounds = [windows * i // threads for i in range(threads + 1)]
    with _single_core_threads(threads) as pool:
        return torch.cat(list(pool.map(decode_range, bounds[:-1], bounds[1:])))


def _decode_in_passes(
    network: DigitNetwork,
    inputs: DecodingInputs,
    paths_per_pass: int,
    samples: int,
    levels: Tensor | None,
    probability: Tensor | None,
    **options: Any,
) -> Tensor:
    """Run `decode` on at most `paths_per_pass` paths at a time, or on fewer windows when memory runs out."""
    windows = len(inputs.prompt)
    step = max(1, min(windows, paths_per_pass // samples))
    step = -(-windows // -(-windows // step))  # the smallest number of passes, of equal size
    start, decoded = 0, []
    while start < windows:
        part, end = inputs.windows(start, start + step), start + step
        some_levels, some_probability = _part(levels, start, end), _part(probability, start, end)
        try:
            digits = decode(
                network, part, samples=samples, levels=some_levels, probability=some_probability, **options
            )
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or step == 1:
                raise
            step //= 2
            log.warning("out of memory: now decoding %d windows of %d paths at a time", step, samples)
            continue
        decoded.append(digits)
        start = end
    return torch.cat(decoded)


def _part(x: Tensor | None, start: int, end: int) -> Tensor | None:
    return None if x is None else x[start:end]


def _usable_threads(network: DigitNetwork) -> int:
    """Threads that can decode at the same time: the threads of PyTorch for a small network on a CPU, else one."""
    weights = list(network.parameters())
    small = weights[0].device.type == "cpu" and sum(p.numel() for p in weights) < SMALL_MODEL_PARAMETERS
    # autocast applies to one thread and would not be active in new threads
    return torch.get_num_threads() if small and not torch.is_autocast_enabled("cpu") else 1


@contextmanager
def _single_core_threads(threads: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads whose PyTorch operations use one core each."""
    before = torch.get_num_threads()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            yield pool
        finally:
            torch.set_num_threads(before)  # new threads start with this number
