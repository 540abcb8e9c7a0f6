import pytest

from timevis.evaluation.report.verdict import averaging, outcome, verdict
from timevis.runs.record import model_label


def results(value, low, high, model="lstm", backbone=None, horizons=100, origins=500, channels=2):
    return {
        "run": {"model": model, "backbone": backbone, "data": "traffic"},
        "metrics": {"wql": {"value": None}},
        "by_channel": {name: dict.fromkeys(("mae", "wql"), 1.0 if name < 3 else None) for name in range(channels)},
        "skill": {"wql": {"value": value, "low": low, "high": high}},
        "window_set": {
            "borders": [7000, 8000, 8000 + horizons * 24],
            "horizon": 24,
            "origins": origins,
            "part": "test",
        }
        | {"channels": list(range(channels))},
    }


@pytest.mark.parametrize(
    ("skill", "expected_outcome", "sentence"),
    [
        ((0.34, 0.30, 0.38), "wins", "lstm beats seasonal naive by 34.0 % on WQL (95 % interval 30.0 to 38.0 %)"),
        ((-0.1, -0.2, -0.05), "loses", "its WQL is 10.0 % higher (95 % interval 5.0 to 20.0 %)"),
        ((0.02, -0.01, 0.05), "open", "lstm and seasonal naive do not differ significantly"),
        ((-0.02, -0.05, 0.01), "open", "is 2.0 % higher, but the interval of its skill includes zero"),
        ((0.3, None, None), "open", "too few windows"),
        ((None, None, None), "open", "no verdict"),
    ],
)
def test_the_verdict_claims_no_more_than_the_interval_shows(skill, expected_outcome, sentence):
    assert sentence in verdict(results(*skill))
    assert outcome(results(*skill)) == expected_outcome


def test_seasonal_naive_is_called_the_reference():
    run_results = results(0.0, 0.0, 0.0, model="seasonal_naive")
    assert "the reference" in verdict(run_results)
    assert outcome(run_results) == "reference"


def test_seasonal_naive_with_another_season_is_not_called_the_reference():
    run_results = results(-0.1, -0.2, -0.05, model="seasonal_naive")
    assert verdict(run_results).startswith("seasonal_naive loses to seasonal naive")
    assert outcome(run_results) == "loses"


def test_the_verdict_warns_of_a_test_part_of_few_horizons():
    assert "only 8 horizons long" in verdict(results(0.34, 0.30, 0.38, horizons=8))
    assert "too narrow" not in verdict(results(0.34, 0.30, 0.38, horizons=10))


@pytest.mark.parametrize(
    ("freq", "seen_origins", "end_of_verdict"),
    [
        ("h", None, "on 2023-02-01 00:00 to 2023-06-17 03:00 of traffic."),
        ("D", 0, "on 2023-02-01 to 2023-06-17 of traffic."),
        ("D", 1, "of traffic (1 of its 500 origins was used in training or tuning)."),
        ("h", 30, "03:00 of traffic (30 of its 500 origins were used in training or tuning)."),
    ],
)
def test_the_verdict_on_a_rescored_run_names_its_dates_and_the_origins_used_in_training(
    freq, seen_origins, end_of_verdict
):
    run_results = results(0.34, 0.30, 0.38)
    run_results["window_set"]["freq"] = freq
    run_results["run"] |= {"first_target": "2023-02-01 00:00:00", "last_target": "2023-06-17 03:00:00+08:00"}
    run_results["run"]["seen_origins"] = seen_origins
    assert verdict(run_results).endswith(end_of_verdict)
    assert "test part" not in verdict(run_results)


def test_the_verdict_distinguishes_an_undefined_metric_from_a_reference_without_error():
    run_results = results(None, None, None)
    assert "WQL is not defined" in verdict(run_results)
    run_results["metrics"]["wql"]["value"] = 0.1
    assert "seasonal naive has no error" in verdict(run_results)


def test_the_verdict_says_if_wql_is_averaged_over_some_channels_only():
    assert "averaged" not in verdict(results(0.34, 0.30, 0.38, channels=3))
    text = verdict(results(0.34, 0.30, 0.38, channels=60))
    assert text.endswith("WQL is averaged over the 3 of 60 channels that have nonzero values in these windows.")


def test_channels_of_only_zeros_are_not_counted_in_the_average_of_wql():
    run_results = results(0.34, 0.30, 0.38, channels=3)
    run_results["by_channel"] = {c: {"mae": 1.0, "wql": 1.0, "mase": 1.0} for c in range(3)}
    assert averaging(run_results) == "the 3 channels"
    run_results["by_channel"][1] |= {"wql": None, "mase": None}
    assert "WQL is averaged over the 2 of 3 channels that have nonzero values" in verdict(run_results)
    assert averaging(run_results) == (
        "the 3 channels, WQL and WAPE over the 2 of 3 channels that have nonzero values in these windows, "
        "MASE over the 2 of 3 channels on which seasonal naive has errors in the training part"
    )


def test_the_verdict_warns_of_few_origins_however_long_the_test_part_is():
    assert "only 2 origins" in verdict(results(0.34, 0.30, 0.38, origins=2))
    assert "too narrow" not in verdict(results(0.34, 0.30, 0.38, origins=10))


def test_a_language_model_is_named_with_its_backbone():
    assert verdict(results(0.1, 0.05, 0.2, "qwen", {"name": "nano"})).startswith("qwen [nano] beats")
    assert (
        model_label({"model": "qwen", "backbone": {"name": "Qwen2.5-0.5B", "parameters": 5}}) == "qwen [Qwen2.5-0.5B]"
    )
