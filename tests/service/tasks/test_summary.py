"""A model that nobody named is named by what differs from the defaults."""

from __future__ import annotations

from timevis.service.tasks.summary import automatic_name


def test_the_name_says_what_differs_and_names_no_date() -> None:
    request = {
        "model": "lstm",
        "dataset": "0" * 32,
        "options": {"members": 3, "dropout": 0.2},
        "horizon": 48,
        "seed": 0,
    }
    assert automatic_name("LSTM", request, ()) == "LSTM, 3 members, dropout 0.2, horizon 48"
    assert automatic_name("Linear", {"model": "linear", "preset": "best", "seed": 2}, ()) == "Linear, best, seed 2"
    assert automatic_name("Linear", {"model": "linear"}, {"Linear", "Linear (2)"}) == "Linear (3)"
    qwen = {"model": "qwen", "backbone": {"name": "qwen3-0.6b"}, "lora": {"rank": 8, "dora": True}}
    assert automatic_name("Qwen, digits", qwen, ()) == "Qwen, digits, qwen3-0.6b, rank 8, dora"
