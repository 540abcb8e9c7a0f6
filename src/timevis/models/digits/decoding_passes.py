"""Decode many windows in passes that fit the memory, on several CPU threads where that is faster."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor

from timevis.models.backbone.precision import SMALL_MODEL_PARAMETERS
from timevis.models.digits.decoding import DecodingInputs, decode
from timevis.models.digits.network import DigitNetwork
from timevis.utils import memory
from timevis.utils.explain import is_out_of_memory

log = logging.getLogger(__name__)

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
        free_bytes = torch.cuda.mem_get_info(weight.device)[0] if on_cuda else memory.available_bytes()
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
