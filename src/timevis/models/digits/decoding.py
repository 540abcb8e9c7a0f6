"""Decode forecasts digit by digit: one prefill per window, shared by all sample paths of the window."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from timevis.models.backbone.shared_prefix_attention import NUM_TOKEN_GROUPS, SharedPrefixCache
from timevis.models.digits.network import DigitNetwork

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
