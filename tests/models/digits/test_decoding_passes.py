"""Windows are decoded in passes that fit the memory, and each CPU thread decodes other windows."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
from small_networks import random_levels, random_windows, small_network

from timevis.models.digits import decoding as decoding_passes
from timevis.models.digits.decoding import decode, decode_windows, max_paths_per_pass


@pytest.mark.parametrize("kind", ["qwen3", "nano"])
@pytest.mark.parametrize("paths", [4, 28])
def test_sample_paths_do_not_depend_on_the_batching_of_windows(kind: str, paths: int) -> None:
    network, windows = small_network(kind), random_windows(batch=9)
    levels = random_levels(9, 4)
    probability, in_parts = torch.zeros(2, *levels.shape, 10)
    inputs = windows.decoding_inputs()
    whole = decode(network, inputs, samples=4, levels=levels, probability=probability)
    parts = decode_windows(network, inputs, paths_per_pass=paths, levels=levels, probability=in_parts)
    assert float((whole == parts).all(-1).double().mean()) >= 0.999
    assert torch.allclose(probability, in_parts, atol=1e-3)


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def count_windows_by_thread(network) -> dict[int, int]:
    """Windows that each thread decodes from now on; asserts that threads other than the main one use one core."""
    windows: dict[int, int] = {}

    def count(module, args, kwargs) -> None:
        thread = threading.get_ident()
        if not kwargs["cache"].samples:  # the prefill reads every window once
            windows[thread] = windows.get(thread, 0) + len(kwargs["inputs_embeds"])
        assert torch.get_num_threads() == (1 if thread != threading.main_thread().ident else 2)

    network.backbone.get_decoder().register_forward_pre_hook(count, with_kwargs=True)
    return windows


@pytest.mark.parametrize("inference", [False, True])
def test_each_thread_decodes_other_windows(two_threads, inference: bool) -> None:
    network, windows = small_network("nano"), random_windows(batch=9)
    levels = random_levels(9, 4)
    whole = decode(network, windows.decoding_inputs(), samples=4, levels=levels)
    windows_by_thread = count_windows_by_thread(network)
    with torch.inference_mode(inference):
        probability = torch.zeros(*levels.shape, 10)  # in inference mode only its threads may write into it
        out = decode_windows(
            network, windows.decoding_inputs(), levels=levels, probability=probability, min_paths_per_thread=4
        )
    assert torch.equal(out, whole)
    assert torch.allclose(probability.sum(-1), torch.ones(levels.shape))
    assert sorted(windows_by_thread.values()) == [4, 5]
    assert threading.main_thread().ident not in windows_by_thread
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("reason", ["few paths", "autocast", "large network"])
def test_one_thread_decodes_all_windows_where_several_would_not_be_faster(
    monkeypatch, two_threads, reason: str
) -> None:
    network, windows = small_network("nano"), random_windows(batch=3)
    if reason == "large network":
        monkeypatch.setattr(decoding_passes, "SMALL_MODEL_PARAMETERS", 10)
    windows_by_thread = count_windows_by_thread(network)
    levels = random_levels(3, 2 if reason == "few paths" else 4)
    with torch.autocast("cpu", torch.bfloat16, enabled=reason == "autocast"):
        decode_windows(network, windows.decoding_inputs(), levels=levels, min_paths_per_thread=4)
    assert windows_by_thread == {threading.main_thread().ident: 3}


@pytest.mark.parametrize(
    ("max_paths", "error"), [(8, torch.OutOfMemoryError()), (2, RuntimeError("can't allocate memory"))]
)
def test_running_out_of_memory_halves_the_windows(monkeypatch, max_paths: int, error: Exception) -> None:
    network, windows = small_network("qwen3"), random_windows(batch=8)
    levels = random_levels(8, 2)
    whole = decode(network, windows.decoding_inputs(), samples=2, levels=levels)
    hidden = network.hidden

    def hidden_in_small_memory(x: torch.Tensor, **kwargs) -> torch.Tensor:
        if len(x) * kwargs["cache"].samples > max_paths:
            raise error
        return hidden(x, **kwargs)

    monkeypatch.setattr(network, "hidden", hidden_in_small_memory)
    out = decode_windows(network, windows.decoding_inputs(), paths_per_pass=100, levels=levels)
    assert torch.equal(out, whole)


def test_the_number_of_paths_per_pass_follows_the_available_memory() -> None:
    backbone = small_network("qwen3").backbone
    paths = {
        mebibytes: max_paths_per_pass(backbone, 600, 72, samples=20, free_bytes=mebibytes * 2**20)
        for mebibytes in (0, 1, 64, 128, 2**30)
    }
    assert paths[0] == 1
    assert 1 < paths[64] < 1600
    assert paths[128] // 2 == paths[64]
    assert paths[2**30] == 1600
    assert max_paths_per_pass(backbone, 600, 72, samples=20, passes=2, free_bytes=2**50) == 1600


def test_every_retry_after_running_out_of_memory_is_smaller(monkeypatch) -> None:
    network, windows = small_network("qwen3"), random_windows(batch=8)
    sizes = []

    def decode_without_memory(network, inputs, samples: int, **kwargs) -> None:
        sizes.append(len(inputs.prompt) * samples)
        raise MemoryError

    monkeypatch.setattr(decoding_passes, "decode", decode_without_memory)
    with pytest.raises(MemoryError):
        decode_windows(network, windows.decoding_inputs(), paths_per_pass=1000, levels=random_levels(8, 2))
    assert sizes == [16, 8, 4, 2]


def test_other_errors_are_raised_unchanged(monkeypatch) -> None:
    network, windows = small_network("qwen3"), random_windows(batch=2)

    def broken(x: torch.Tensor, **kwargs) -> torch.Tensor:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(network, "hidden", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        decode_windows(network, windows.decoding_inputs(), levels=random_levels(2, 2))
