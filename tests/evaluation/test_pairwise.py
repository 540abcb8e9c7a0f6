import pytest
from tiny import TINY_LSTM

from timevis.evaluation.comparison import compare, difference_table, scores_of
from timevis.evaluation.over_seeds import (
    MAX_RUNS_IN_ALL_PAIRS,
    NAIVE_KEY,
    differing_settings,
    pairs_to_compare,
    training_curve,
)
from timevis.runs.record import RunRecord


@pytest.fixture(scope="module")
def records(finished_run):
    return {"lstm": RunRecord.load(finished_run(*TINY_LSTM)), "linear": RunRecord.load(finished_run("model=linear"))}


def test_every_run_is_compared_with_every_other_one_and_with_seasonal_naive(records):
    scores = scores_of(records, NAIVE_KEY)
    table = difference_table(scores, pairs_to_compare(list(records)), records["lstm"].horizon)
    assert set(zip(table["a"], table["b"], strict=True)) == {
        ("lstm", NAIVE_KEY),
        ("linear", NAIVE_KEY),
        ("linear", "lstm"),
    }
    pair = table[(table["b"] == "lstm") & (table["metric"] == "wql")].iloc[0]
    expected = records["linear"].results.metrics["wql"].value - records["lstm"].results.metrics["wql"].value
    assert pair["difference"] == pytest.approx(expected)
    alone = compare(list(records.values()), records["lstm"]).differences
    assert pair["p"] == pytest.approx(alone[alone["metric"] == "wql"]["p"].iloc[0])
    assert pair["p_holm"] >= pair["p"]


def test_many_runs_are_compared_with_seasonal_naive_and_the_reference_only():
    keys = [f"run {number}" for number in range(MAX_RUNS_IN_ALL_PAIRS + 1)]
    assert pairs_to_compare(keys) == [(key, NAIVE_KEY) for key in keys]
    assert pairs_to_compare(keys, "run 3")[len(keys) :] == [(key, "run 3") for key in keys if key != "run 3"]


def test_curves_and_differing_settings_are_listed(records):
    curve = training_curve(records["lstm"])
    tuned = [(point["step"], point["tuning"]) for point in curve if point["tuning"] is not None]
    assert tuned == list(zip(*records["lstm"].history.curve("tuning/wql"), strict=True))
    assert tuned[-1][0] == 11  # the val windows are scored at step 12, after the fit
    assert training_curve(records["linear"]) == []
    differing = {entry["key"]: entry["values"] for entry in differing_settings(records)}
    assert differing["model.name"] == {"lstm": "lstm", "linear": "linear"}
    assert differing["model.hidden_size"]["linear"] is None
    assert "horizon" not in differing
