from itertools import pairwise

import pytest
import torch

from timevis.models.qwen.digits.optimizer import warm_cosine


def test_learning_rates_rise_and_fall_to_zero():
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in (1.0, 2.0)]
    made = warm_cosine(groups, total=100, warmup=0.1)
    optimizer, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
    found = []
    for _ in range(100):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    rates, doubled = zip(*found, strict=True)
    assert list(doubled) == pytest.approx([2 * rate for rate in rates])
    assert list(rates[:10]) == pytest.approx([0.1 * i for i in range(1, 11)])
    assert rates[10] == max(rates) == 1.0
    assert 0 < rates[-1] < 1e-3
    assert all(a > b for a, b in pairwise(rates[10:]))
