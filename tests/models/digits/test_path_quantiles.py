"""The mixture of the distributions that sample paths were drawn from."""

from __future__ import annotations

import pytest
import torch

from timevis.models.digits import decoding
from timevis.models.digits.decoding import code_distribution, mean_and_quantiles
from timevis.utils.levels import QUANTILE_LEVELS


def drawn_paths(windows: int, samples: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Paths of one step of two digits that were drawn from a known distribution of codes [100], and their chances."""
    generator = torch.Generator().manual_seed(seed)
    exact = torch.softmax(-((torch.arange(100.0) - 43) ** 2) / 200, 0).double()
    by_first = exact.view(10, 10)
    first = torch.multinomial(by_first.sum(1), windows * samples, replacement=True, generator=generator)
    conditional = (by_first / by_first.sum(1, keepdim=True))[first]
    second = torch.multinomial(conditional, 1, generator=generator)[:, 0]
    digits = torch.stack([first, second], -1).view(windows, samples, 1, 2)
    chances = torch.stack([by_first.sum(1).expand_as(conditional), conditional], 1)
    return digits, chances.view(windows, samples, 1, 2, 10), exact


def test_the_mixture_is_exact_where_all_paths_have_the_same_past() -> None:
    digits, chances, exact = drawn_paths(windows=3, samples=400)
    distribution = code_distribution(digits, chances)
    assert torch.allclose(distribution.sum(-1), torch.ones(3, 1, dtype=torch.double))
    has_paths = torch.zeros(3, 10, dtype=torch.bool).scatter(1, digits[:, :, 0, 0], True)
    assert torch.allclose(
        distribution[:, 0].view(3, 10, 10)[has_paths], exact.view(10, 10).expand(3, -1, -1)[has_paths]
    )
    without_paths = distribution[:, 0].view(3, 10, 10)[~has_paths]
    assert torch.allclose(without_paths, without_paths[:, :1].expand_as(without_paths))


def test_quantiles_are_values_of_the_codes_at_which_the_mixture_passes_the_levels() -> None:
    digits, chances, exact = drawn_paths(windows=1, samples=2000)
    values = (1000.0 + 3 * torch.arange(100)).view(1, 100, 1)
    mean, quantiles = mean_and_quantiles(digits, chances, values)
    expected = [1000 + 3 * int((exact.cumsum(0) < level).sum()) for level in QUANTILE_LEVELS]
    assert quantiles[0, :, 0].tolist() == expected
    assert float(mean) == pytest.approx(float((exact * values[0, :, 0]).sum()), rel=1e-5)


def test_a_value_that_is_certain_is_returned_unchanged() -> None:
    digits = torch.tensor([4, 2]).expand(2, 5, 3, 2)
    chances = torch.nn.functional.one_hot(digits, 10).double()
    values = torch.rand(2, 100, 3, generator=torch.Generator().manual_seed(0))
    mean, quantiles = mean_and_quantiles(digits, chances, values)
    assert torch.equal(quantiles, values[:, 42].unsqueeze(1).expand(-1, 15, -1))
    assert torch.allclose(mean, values[:, 42])


def test_windows_are_summarised_in_parts_that_fit_the_memory(monkeypatch) -> None:
    digits, chances, _ = drawn_paths(windows=7, samples=9)
    values = torch.rand(7, 100, 1, generator=torch.Generator().manual_seed(1)).cumsum(1)
    whole = mean_and_quantiles(digits, chances, values)
    monkeypatch.setattr(decoding, "MAX_CODES_AT_ONCE", 250)
    for together, in_parts in zip(whole, mean_and_quantiles(digits, chances, values), strict=True):
        assert torch.equal(together, in_parts)


def test_the_quantiles_of_few_paths_are_nearer_to_the_distribution_than_the_sorted_paths_are() -> None:
    digits, chances, exact = drawn_paths(windows=200, samples=8)
    values = torch.arange(100.0).view(1, 100, 1).expand(200, -1, -1)
    true = torch.tensor([float((exact.cumsum(0) < level).sum()) for level in QUANTILE_LEVELS])
    of_mixture = mean_and_quantiles(digits, chances, values)[1][:, :, 0]
    of_paths = (10.0 * digits[:, :, 0, 0] + digits[:, :, 0, 1]).quantile(torch.tensor(QUANTILE_LEVELS), dim=1).T
    assert float((of_mixture - true).square().mean()) < 0.25 * float((of_paths - true).square().mean())
