"""Random numbers of sample paths: reproducible, uniform, and evenly spread over the paths of a window."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.models.digits.decoding import hashed_uniforms, sobol_uniforms


@settings(max_examples=30)
@given(seed=st.integers(0, 2**31), origin=st.integers(0, 10**9), channel=st.integers(0, 1000))
def test_random_numbers_depend_on_seed_window_path_and_step_only(seed: int, origin: int, channel: int) -> None:
    window, two_windows = torch.tensor([origin]), torch.tensor([origin + 1, origin])
    channels = torch.tensor([channel, channel])
    alone = hashed_uniforms(seed, window, channels[:1], 4, 6)
    together = hashed_uniforms(seed, two_windows, channels, 3, 9)
    assert torch.equal(alone[0, :3], together[1, :, :6])
    assert not torch.equal(alone[0, :3], together[0, :, :6])
    assert bool(((alone > 0) & (alone < 1)).all())
    alone = sobol_uniforms(seed, window, channels[:1], 4, 2, 3)
    together = sobol_uniforms(seed, two_windows, channels, 4, 5, 3)
    assert torch.equal(alone[0], together[1, :, :2])
    assert not torch.equal(alone[0], together[0, :, :2])
    assert bool(((alone > 0) & (alone < 1)).all())


@pytest.mark.parametrize(
    ("numbers", "dims"),
    [
        (hashed_uniforms(0, torch.arange(50), torch.zeros(50, dtype=torch.long), 20, 30), range(3)),
        # the paths of a window, dim 1, are correlated on purpose
        (sobol_uniforms(0, torch.arange(50), torch.zeros(50, dtype=torch.long), 20, 10, 3), (0, 2)),
    ],
)
def test_random_numbers_are_uniform_and_uncorrelated(numbers: torch.Tensor, dims: Sequence[int]) -> None:
    assert float(numbers.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(numbers.var()) == pytest.approx(1 / 12, abs=0.002)
    for dim in dims:
        before, after = numbers.narrow(dim, 0, numbers.shape[dim] - 1), numbers.narrow(dim, 1, numbers.shape[dim] - 1)
        both = torch.stack([before.flatten(), after.flatten()])
        assert abs(float(torch.corrcoef(both)[0, 1])) < 0.02


def test_the_numbers_of_one_path_are_uniform_and_pairwise_independent() -> None:
    """Over many windows, any two numbers of a path fill the unit square evenly (chi-square, 63 degrees)."""
    windows = torch.arange(6400)
    levels = sobol_uniforms(3, windows, torch.zeros_like(windows), 2, 3, 2)[:, 1].flatten(1)
    for first in range(levels.shape[1]):
        for second in range(first):
            cell = (levels[:, first] * 8).long() * 8 + (levels[:, second] * 8).long()
            count = cell.bincount(minlength=64).double()
            assert float(((count - 100) ** 2 / 100).sum()) < 120


@pytest.mark.parametrize("width", [2, 3, 4])
def test_the_paths_of_a_window_cover_every_part_of_a_distribution(width: int) -> None:
    levels = sobol_uniforms(1, torch.tensor([5, 900]), torch.tensor([0, 3]), 64, 4, width)
    ranks = (levels * 64).long().sort(1).values
    assert torch.equal(ranks, torch.arange(64).view(1, 64, 1, 1).expand_as(ranks))
    rank = torch.arange(64).view(1, 64, 1)
    cell = rank // 8 * 8 + (levels[..., 0] * 8).long()  # eight ranks next to each other, and an eighth of the levels
    assert torch.equal(cell.sort(1).values, rank.expand_as(cell))


def test_quantiles_of_paths_that_take_the_numbers_by_rank_have_a_fifth_of_the_variance() -> None:
    """The median over 20 paths of a sum of six uniform steps, over 400 windows."""
    windows = torch.arange(400)
    channel = torch.zeros_like(windows)
    independent = hashed_uniforms(0, windows, channel, 20, 6).sum(2).median(1).values.var()
    levels, total = sobol_uniforms(0, windows, channel, 20, 6, 1)[..., 0], torch.zeros(400, 20, dtype=torch.double)
    for step in range(6):
        total = total + levels[:, :, step].gather(1, total.argsort(1).argsort(1))
    assert float(total.median(1).values.var()) < 0.2 * float(independent)
