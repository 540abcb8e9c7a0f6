import pytest

from timevis.evaluation.report.verdict import averages, outcome, verdict
from timevis.runs.record import model_label


def results(value, low, high, model="lstm", backbone=None, spans=100, origins=500, channels=2):
    return {
        "run": {"model": model, "backbone": backbone, "data": "traffic"},
        "metrics": {"wql": {"value": None}},
        "by_channel": {name: dict.fromkeys(("mae", "wql"), 1.0 if name < 3 else None) for name in range(channels)},
        "skill": {"wql": {"value": value, "low": low, "high": high}},
        "window_set": {"borders": [7000, 8000, 8000 + spans * 24], "horizon": 24, "origins": origins, "part": "test"}
        | {"channels": list(range(channels))},
    }


@pytest.mark.parametrize(
    ("skill", "word", "said"),
    [
        ((0.34, 0.30, 0.38), "wins", "lstm beats seasonal naive by 34.0 % on WQL (95 % interval 30.0 to 38.0 %)"),
        ((-0.1, -0.2, -0.05), "loses", "its WQL is 10.0 % higher (95 % interval 5.0 to 20.0 %)"),
        ((0.02, -0.01, 0.05), "open", "can't be told apart"),
        ((-0.02, -0.05, 0.01), "open", "is 2.0 % higher, but the interval of its skill includes zero"),
        ((0.3, None, None), "open", "too few windows"),
        ((None, None, None), "open", "no verdict"),
    ],
)
def test_the_verdict_claims_no_more_than_the_interval_shows(skill, word, said):
    assert said in verdict(results(*skill))
    assert outcome(results(*skill)) == word


def test_seasonal_naive_is_called_the_reference():
    found = results(0.0, 0.0, 0.0, model="seasonal_naive")
    assert "the reference" in verdict(found)
    assert outcome(found) == "reference"


def test_a_naive_of_another_season_is_not_called_the_reference():
    found = results(-0.1, -0.2, -0.05, model="seasonal_naive")
    assert verdict(found).startswith("seasonal_naive loses to seasonal naive")
    assert outcome(found) == "loses"


def test_a_test_part_of_few_horizons_is_owned_up_to():
    assert "only 8 horizons long" in verdict(results(0.34, 0.30, 0.38, spans=8))
    assert "too narrow" not in verdict(results(0.34, 0.30, 0.38, spans=10))


@pytest.mark.parametrize(
    ("freq", "seen", "said"),
    [
        ("h", None, "on 2023-02-01 00:00 to 2023-06-17 03:00 of traffic."),
        ("D", 0, "on 2023-02-01 to 2023-06-17 of traffic."),
        ("D", 1, "of traffic (1 of its 500 origins was seen in training or tuning)."),
        ("h", 30, "03:00 of traffic (30 of its 500 origins were seen in training or tuning)."),
    ],
)
def test_a_rescored_run_names_its_dates_and_what_it_has_seen_of_them(freq, seen, said):
    found = results(0.34, 0.30, 0.38)
    found["window_set"]["freq"] = freq
    found["run"] |= {"first_target": "2023-02-01 00:00:00", "last_target": "2023-06-17 03:00:00+08:00"}
    found["run"]["seen_origins"] = seen
    assert verdict(found).endswith(said)
    assert "test part" not in verdict(found)


def test_a_reference_without_error_is_not_taken_for_a_metric_without_value():
    found = results(None, None, None)
    assert "WQL is not defined" in verdict(found)
    found["metrics"]["wql"]["value"] = 0.1
    assert "seasonal naive makes no error at all" in verdict(found)


def test_a_verdict_over_some_of_the_channels_says_so():
    assert "averaged" not in verdict(results(0.34, 0.30, 0.38, channels=3))
    said = verdict(results(0.34, 0.30, 0.38, channels=60))
    assert said.endswith("WQL is averaged over the 3 of 60 channels with values other than zero in these windows.")


def test_channels_of_zeros_alone_are_not_said_to_be_in_the_mean_of_wql():
    found = results(0.34, 0.30, 0.38, channels=3)
    found["by_channel"] = {c: {"mae": 1.0, "wql": 1.0, "mase": 1.0} for c in range(3)}
    assert averages(found) == "the 3 channels"
    found["by_channel"][1] |= {"wql": None, "mase": None}
    assert "WQL is averaged over the 2 of 3 channels with values other than zero" in verdict(found)
    assert averages(found) == (
        "the 3 channels, WQL and WAPE over the 2 of 3 channels with values other than zero in these windows, "
        "MASE over the 2 of 3 channels on which seasonal naive erred in the training part"
    )


def test_few_test_origins_are_owned_up_to_however_long_the_test_part():
    assert "only 2 origins" in verdict(results(0.34, 0.30, 0.38, origins=2))
    assert "too narrow" not in verdict(results(0.34, 0.30, 0.38, origins=10))


def test_a_language_model_is_never_named_without_its_backbone():
    assert verdict(results(0.1, 0.05, 0.2, "qwen", {"name": "nano"})).startswith("qwen [nano] beats")
    assert (
        model_label({"model": "qwen", "backbone": {"name": "Qwen2.5-0.5B", "parameters": 5}}) == "qwen [Qwen2.5-0.5B]"
    )
