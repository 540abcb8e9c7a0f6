import json

import pytest
from run_results import changed, results_with

from timevis.evaluation.scored_part import averaging
from timevis.evaluation.verdict import verdict_of
from timevis.intervals.recalibration_facts import Recalibration
from timevis.runs.results import Interval


def results(
    value,
    low,
    high,
    *,
    model="lstm",
    backbone=None,
    horizons=100,
    origins=500,
    channels=1,
    coverage=(0.81, 0.79, 0.83),
    **changes,
):
    scored = dict.fromkeys(("mae", "wql", "relative_wql"), 1.0)
    return results_with(
        {
            "run.model": model,
            "run.backbone": backbone,
            "metrics.wql": Interval(None, None, None),
            "metrics.coverage_80": Interval(*coverage),
            "by_channel": {str(i): scored if i < 3 else dict.fromkeys(scored) for i in range(channels)},
            "skill.wql": Interval(value, low, high),
            "window_set.origins": origins,
            "window_set.origins_with_truth": None,
            "window_set.scored_rows": horizons * 24,
            "window_set.channels": [str(i) for i in range(channels)],
            **{key.replace("__", "."): changed for key, changed in changes.items()},
        }
    )


def full_text(run_results):
    verdict = verdict_of(run_results)
    return " ".join([verdict.text, *(finding.text for finding in verdict.findings)])


@pytest.mark.parametrize(
    ("skill", "code", "severity", "sentence"),
    [
        (
            (0.34, 0.30, 0.38),
            "beats-seasonal-naive",
            "good",
            "its error (WQL) is 34.0 % lower (95 % interval 30.0 % to 38.0 %)",
        ),
        (
            (-0.1, -0.2, -0.05),
            "loses-to-seasonal-naive",
            "bad",
            "its error (WQL) is 10.0 % higher (95 % interval 5.0 % to 20.0 %)",
        ),
        (
            (0.02, -0.01, 0.05),
            "no-significant-difference",
            "warning",
            "do not differ significantly on the test part of traffic: the skill of lstm is 2.0 %",
        ),
        (
            (-0.02, -0.05, 0.01),
            "no-significant-difference",
            "warning",
            "the skill of lstm is −2.0 %, and its 95 % interval, −5.0 % to 1.0 %, includes zero",
        ),
        ((0.3, None, None), "no-interval", "warning", "too few windows to judge it (origins: 500, windows: 500)"),
        ((None, None, None), "wql-undefined", "warning", "no verdict"),
    ],
)
def test_the_verdict_claims_no_more_than_the_interval_shows(skill, code, severity, sentence):
    verdict = verdict_of(results(*skill))
    assert sentence in verdict.text
    assert (verdict.code, verdict.severity) == (code, severity)


def test_seasonal_naive_is_called_the_reference():
    run_results = results(0.0, 0.0, 0.0, model="seasonal_naive", skill__mae=Interval(0.0, 0.0, 0.0))
    assert "the reference" in full_text(run_results)
    assert verdict_of(run_results).code == "is-reference"


def test_seasonal_naive_with_another_season_is_not_called_the_reference():
    run_results = results(-0.1, -0.2, -0.05, model="seasonal_naive")
    assert full_text(run_results).startswith("seasonal_naive loses to seasonal naive")
    assert verdict_of(run_results).code == "loses-to-seasonal-naive"


def test_the_verdict_warns_of_a_test_part_of_few_horizons():
    assert "only 8 horizons long" in full_text(results(0.34, 0.30, 0.38, horizons=8))
    assert "too narrow" not in full_text(results(0.34, 0.30, 0.38, horizons=10))


@pytest.mark.parametrize(
    ("freq", "seen_origins", "end_of_verdict"),
    [
        ("h", None, "on 2023-02-01 00:00 to 2023-06-17 03:00 of traffic."),
        ("D", 0, "on 2023-02-01 to 2023-06-17 of traffic."),
        ("D", 1, "of traffic (1 of its 500 origins used in training or tuning)."),
        ("h", 30, "03:00 of traffic (30 of its 500 origins used in training or tuning)."),
    ],
)
def test_the_verdict_on_a_rescored_run_names_its_dates_and_the_origins_used_in_training(
    freq, seen_origins, end_of_verdict
):
    run_results = results(
        *(0.34, 0.30, 0.38),
        window_set__freq=freq,
        run__rescored_from="earlier",
        run__first_target="2023-02-01 00:00:00",
        run__last_target="2023-06-17 03:00:00+08:00",
        run__seen_origins=seen_origins,
    )
    assert full_text(run_results).endswith(end_of_verdict)
    assert "test part" not in full_text(run_results)


def test_the_verdict_distinguishes_an_undefined_metric_from_a_reference_without_error():
    assert "WQL is not defined" in full_text(results(None, None, None))
    assert "seasonal naive has no error" in full_text(
        results(None, None, None, metrics__wql=Interval(0.1, None, None))
    )


def test_the_verdict_on_several_channels_names_the_geometric_mean_and_any_channels_that_are_left_out():
    text = full_text(results(0.34, 0.30, 0.38, channels=3))
    assert "its error (WQL, geometric mean over 3 channels) is 34.0 % lower (95 % interval" in text
    assert "averaged" not in text
    text = full_text(results(0.34, 0.30, 0.38, channels=60))
    assert "The relative WQL is averaged over the 3 of 60 channels that have nonzero values in these" in text


def test_channels_of_only_zeros_are_not_counted_in_the_average_of_wql():
    scored = dict.fromkeys(("mae", "wql", "relative_wql", "mase"), 1.0)
    by_channel = {str(c): scored for c in range(3)}
    assert str(averaging(results(0.34, 0.30, 0.38, channels=3, by_channel=by_channel))) == "the 3 channels"
    by_channel["1"] = dict.fromkeys(scored) | {"mae": 1.0}
    run_results = results(0.34, 0.30, 0.38, channels=3, by_channel=by_channel)
    assert "WQL is averaged over the 2 of 3 channels that have nonzero values" in full_text(run_results)
    assert str(averaging(run_results)) == (
        "the 3 channels, WQL and WAPE over the 2 of 3 channels that have nonzero values in these windows, "
        "MASE over the 2 of 3 channels on which seasonal naive has errors in the training part"
    )


def test_the_verdict_warns_of_few_origins_however_long_the_test_part_is():
    assert "only 2 origins" in full_text(results(0.34, 0.30, 0.38, origins=2))
    assert "too narrow" not in full_text(results(0.34, 0.30, 0.38, origins=10))


def test_a_language_model_is_named_with_its_backbone():
    assert full_text(results(0.1, 0.05, 0.2, model="qwen", backbone={"name": "nano"})).startswith("qwen [nano] beats")
    backbone = {"name": "Qwen2.5-0.5B", "parameters": 5}
    assert results(0.1, 0.05, 0.2, model="qwen", backbone=backbone).run.label == "qwen [Qwen2.5-0.5B]"


def test_intervals_that_hold_too_few_truths_are_a_warning_beside_a_model_that_wins():
    run_results = results(
        *(0.395, 0.35, 0.43),
        coverage=(0.55, 0.52, 0.58),
        validation__wql=0.046,
        metrics__wql=Interval(0.107, 0.09, 0.12),
    )
    verdict = verdict_of(run_results)
    assert (verdict.code, verdict.severity) == ("beats-seasonal-naive", "warning")
    assert [finding.code for finding in verdict.findings] == ["intervals-too-narrow", "test-unlike-validation"]
    assert full_text(run_results).endswith(
        "The intervals are too narrow: the 80 % interval contains 55.0 % of the test values. "
        "The test part was much harder to forecast than validation (WQL 0.107 instead of 0.046), so the series may "
        "behave differently now."
    )
    sent = json.loads(json.dumps(verdict.to_dict()))["findings"]
    assert sent[0]["params"]["coverage"] == {"share": 0.55, "text": "55.0 %"}
    assert (sent[1]["params"]["validation_wql"], sent[1]["params"]["wql"]) == (0.046, 0.107)
    assert [finding["severity"] for finding in sent] == ["warning", "warning"]


def test_two_windows_show_neither_a_skill_nor_intervals_that_fail_nor_a_test_part_unlike_validation():
    counts = {"windows": 2, "origins": 2, "origins_with_truth": 2, "scored_rows": 2, "horizon": 1, "without_truth": 0}
    changes = {f"window_set.{name}": count for name, count in counts.items()}
    few = {"coverage": (0.0, None, None), "validation__wql": 0.0077, "metrics__wql": Interval(0.629, None, None)}
    verdict = verdict_of(changed(results(-2.313, None, None, **few), changes))
    assert verdict.text.endswith(
        "These are too few windows to judge it (origins: 2, windows: 2): a confidence interval needs origins that "
        "span at least 5 horizons, here 5 rows."
    )
    assert [finding.code for finding in verdict.findings] == ["intervals-may-be-too-narrow"]


def test_the_verdict_on_an_ensemble_whose_members_were_not_selected_names_those_that_forecast():
    members = [
        {"name": name, "model": name, "label": name, "state": state, "weight": weight, "validation": validation}
        for name, state, weight, validation in (
            ("seasonal_naive", "completed", 0.5, 1.0),
            ("qwen_patch", "completed", 0.5, 1.3),
            ("lstm", "skipped", 0.0, None),
        )
    ]
    combination = {"tuning": 1.1, "validation": 1.1, "is_selected": False}
    verdict = verdict_of(
        results(0.1, None, None, model="auto", run__description={"members": members, "combination": combination})
    )
    (finding,) = verdict.findings
    assert finding.code == "members-not-selected"
    assert finding.text.endswith("the forecast is made by seasonal_naive, qwen_patch.")


@pytest.mark.parametrize(
    ("coverage", "severity"),
    [
        ((0.77, 0.75, 0.79), None),
        ((0.70, 0.6, 0.85), "info"),
        ((0.70, 0.65, 0.74), "warning"),
        ((0.55, None, None), "warning"),
        ((0.25, None, None), "warning"),
        ((0.95, 0.93, 0.97), "info"),
    ],
)
def test_the_severity_of_a_wrong_coverage_follows_from_its_size_and_its_certainty(coverage, severity):
    findings = verdict_of(results(0.3, 0.2, 0.4, coverage=coverage)).findings
    assert [finding.severity for finding in findings] == ([severity] if severity else [])


def test_the_verdict_names_intervals_that_cannot_be_used_and_too_little_data_to_calibrate_them():
    run_results = results(
        0.3, 0.2, 0.4, coverage=(0.25, 0.2, 0.3), recalibration=Recalibration("online", "few-windows", 2.54, {}, {})
    )
    codes = [finding.code for finding in verdict_of(run_results).findings]
    assert codes == ["intervals-unusable", "little-calibration-data"]
    assert "Do not use these intervals: the 80 % interval contains only 25.0 %" in full_text(run_results)
    assert "about 2.5 independent horizons" in full_text(run_results)


def test_the_coverage_of_the_verdict_is_the_metric_also_where_truths_equal_an_end_of_the_interval():
    tied = {"coverage_80_from_ties": 0.1}
    assert "contains 70.0 % of" in full_text(results(0.3, 0.2, 0.4, coverage=(0.7, 0.65, 0.74), **tied))
    assert verdict_of(results(0.3, 0.2, 0.4, coverage=(0.9, 0.88, 0.92), **tied)).findings == ()


def test_a_validation_score_near_the_test_score_is_no_finding():
    near, far = (Interval(wql, wql / 2, 2 * wql) for wql in (0.07, 0.2))
    assert verdict_of(results(0.3, 0.2, 0.4, metrics__wql=near)).findings == ()
    assert verdict_of(results(0.3, 0.2, 0.4, metrics__wql=far)).findings != ()
    assert verdict_of(results(0.3, 0.2, 0.4, metrics__wql=far, window_set__part="validation")).findings == ()


def test_origins_without_a_truth_do_not_count_as_scored():
    scored = {"window_set__origins_with_truth": 8, "window_set__scored_rows": 31}
    run_results = results(0.34, 0.30, 0.38, origins=500, **scored)
    assert "too narrow" in full_text(run_results)
