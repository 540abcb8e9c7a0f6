"""The learning-rate schedule of the digit forecaster."""

from itertools import pairwise

import pytest
import torch

from timevis.models.digits.forecaster import adamw_with_cosine_schedule


def test_learning_rates_warm_up_and_then_fall_to_zero():
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in (1.0, 2.0)]
    configured = adamw_with_cosine_schedule(groups, total=100, warmup=0.1)
    optimizer, schedule = configured["optimizer"], configured["lr_scheduler"]["scheduler"]
    history = []
    for _ in range(100):
        history.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    rates, doubled = zip(*history, strict=True)
    assert list(doubled) == pytest.approx([2 * rate for rate in rates])
    assert list(rates[:10]) == pytest.approx([0.1 * i for i in range(1, 11)])
    assert rates[10] == max(rates) == 1.0
    assert 0 < rates[-1] < 1e-3
    assert all(a > b for a, b in pairwise(rates[10:]))
