from itertools import pairwise

import pytest
import torch

from timevis.models.qwen.optimizer import warm_cosine


def rates(total: int, warmup: float, start: float) -> list[tuple[float, float]]:
    """Learning rates of a group that starts late and of one that does not, before each step."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 1.0} for _ in range(2)]
    groups[0]["start"] = start
    made = warm_cosine(groups, total, warmup)
    optimizer, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
    found = []
    for _ in range(total):
        found.append(tuple(group["lr"] for group in optimizer.param_groups))
        optimizer.step()
        schedule.step()
    return found


def test_learning_rates_rise_and_fall_to_zero():
    late, usual = zip(*rates(100, 0.1, start=0.0), strict=True)
    assert late == usual
    assert list(usual[:10]) == pytest.approx([0.1 * i for i in range(1, 11)])
    assert usual[10] == max(usual) == 1.0
    assert 0 < usual[-1] < 1e-3
    assert all(a > b for a, b in pairwise(usual[10:]))


def test_a_group_that_starts_late_stands_still_first():
    late, usual = zip(*rates(100, 0.1, start=0.2), strict=True)
    assert set(late[:20]) == {0.0}
    assert list(late[20:28]) == pytest.approx([0.125 * i for i in range(1, 9)])
    assert 0 < late[-1] < 1e-2
    assert usual == tuple(u for _, u in rates(100, 0.1, start=0.0))
