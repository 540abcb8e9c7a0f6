import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from tiny import ROOT

from timevis.evaluation.comparison import NAIVE_LABEL, compare
from timevis.models.backbone.files import PACKAGED_WEIGHTS, find_backbone_folder, weights_fingerprint
from timevis.runs.record import RunRecord
from timevis_research.suites.stored_losses import add_losses, stored_differences, stored_intervals
from timevis_research.suites.summary import summarise

ERRORS = pd.DataFrame(
    {"naive": [1.0, 2.0, 4.0], "good": [0.5, 1.0, 2.0], "mixed": [2.0, 2.0, 2.0]}, index=["a", "b", "c"]
)


def test_skill_is_one_minus_the_geometric_mean_of_relative_errors():
    models = summarise(ERRORS, "naive").models
    assert models.loc["naive", "skill"] == 0
    assert models.loc["good", "skill"] == pytest.approx(0.5)
    assert models.loc["mixed", "skill"] == pytest.approx(1 - (2.0 * 1.0 * 0.5) ** (1 / 3))


def test_a_win_rate_counts_pairs_of_a_data_set_and_another_model_and_a_tie_is_half_a_win():
    models = summarise(ERRORS, "naive").models
    assert models.loc["good", "win_rate"] == pytest.approx((2 + 2 + 1.5) / 6)
    assert models.loc["mixed", "win_rate"] == pytest.approx((0 + 0.5 + 1.5) / 6)
    assert models["win_rate"].mean() == pytest.approx(0.5)


def test_pairwise_tables_are_consistent_with_each_other():
    pairs = summarise(ERRORS, "naive").pairs.set_index(["model", "other"])
    assert len(pairs) == 6
    for model, other in (("naive", "good"), ("good", "mixed"), ("naive", "mixed")):
        one, reverse = pairs.loc[(model, other)], pairs.loc[(other, model)]
        assert one["win_rate"] + reverse["win_rate"] == pytest.approx(1)
        assert (1 - one["skill"]) * (1 - reverse["skill"]) == pytest.approx(1)
        assert one["win_rate_low"] <= one["win_rate"] <= one["win_rate_high"]
        assert one["skill_low"] <= one["skill"] <= one["skill_high"]


def test_intervals_contain_the_value_and_have_no_width_where_all_data_sets_agree():
    models = summarise(ERRORS, "naive").models
    assert (models["skill_low"] <= models["skill"]).all()
    assert (models["skill"] <= models["skill_high"]).all()
    assert models.loc["good", "skill_low"] == pytest.approx(models.loc["good", "skill_high"])
    assert models.loc["mixed", "skill_low"] < models.loc["mixed", "skill_high"]


def test_a_suite_that_is_scored_once_is_frozen_before_it_runs(tmp_path, script):
    suite = tmp_path / "once.yaml"
    values = {"fingerprints": {}, "commit": None, "data": {"waves": []}, "models": {"linear": {"overrides": []}}}
    suite.write_text(yaml.safe_dump(values))
    run = ("suite.py", "run", "--suite", suite, "--rows", tmp_path / "rows.json", "--series", tmp_path)
    code, _ = script(*run)
    assert "once.yaml is not frozen" in str(code)
    suite.write_text(yaml.safe_dump(values | {"commit": "4b825dc642cb6eb9a060e54bf8d69288fbee4904"}))  # an empty tree
    code, _ = script(*run)
    assert "changed since once.yaml was frozen" in str(code)
    code, _ = script(*run[:4], "--later", "--rows", tmp_path / "once.json", "--series", tmp_path)
    assert "needs --rows with a name of its own" in str(code)
    later = (*run[:4], "--later", "--rows", tmp_path / "later.json", "--series", tmp_path, "--models", "none")
    assert "--models=none is not in once.yaml" in str(script(*later)[0])  # it does not ask for the frozen code
    code, _ = script("suite.py", "freeze", "--suite", suite)
    assert "is frozen already" in str(code)


def test_freeze_writes_the_commit_and_the_weights_and_keeps_the_rest_of_the_suite(tmp_path, script, monkeypatch):
    monkeypatch.setattr("timevis_research.suites.suite.git_commit", lambda: "0" * 40)  # of a tree without changes
    suite = tmp_path / "once.yaml"
    suite.write_text("fingerprints: {} # of the weights\ncommit: null # of the code\n\ndata: {waves: []}\n")
    assert script("suite.py", "freeze", "--suite", suite)[0] == 0
    frozen = yaml.safe_load(suite.read_text())
    weights = {name: weights_fingerprint(find_backbone_folder(name)) for name in PACKAGED_WEIGHTS}
    assert frozen == {"fingerprints": weights, "commit": "0" * 40, "data": {"waves": []}}
    assert "# of the code" in suite.read_text()


def test_the_order_of_data_sets_does_not_change_the_scores():
    reordered = summarise(ERRORS.loc[["c", "a", "b"]], "naive").models
    columns = ["win_rate", "skill"]
    pd.testing.assert_frame_equal(summarise(ERRORS, "naive").models[columns], reordered[columns])


@pytest.mark.parametrize("value", [np.nan, 0.0, np.inf])
def test_an_error_that_is_missing_or_not_positive_is_refused(value):
    with pytest.raises(ValueError, match="positive and complete"):
        summarise(ERRORS.assign(good=[0.5, value, 2.0]), "naive")


def test_a_suite_asks_for_the_folder_of_the_series_only_where_it_reads_one(tmp_path, script):
    suite = tmp_path / "files.yaml"
    data = {"inside": ["data=traffic"], "outside": ["data=file", "data.path=SERIES/x.csv"]}
    models = {"linear": {"overrides": []}}
    suite.write_text(yaml.safe_dump({"fingerprints": {}, "common": [], "data": data, "models": models}))
    run = ("suite.py", "run", "--suite", suite, "--rows", tmp_path / "rows.json")
    assert "--series must name the folder with the files of outside" in str(script(*run)[0])
    assert not (tmp_path / "rows.json").exists()
    (tmp_path / "rows.json").write_text(json.dumps([{"data": "inside", "model": "linear", "seed": 0}]))
    assert script(*run, "--data", "inside")[0] == 0  # which has its row already


@pytest.mark.parametrize("name", PACKAGED_WEIGHTS)
def test_the_suite_was_run_with_the_weights_that_the_package_has(name):
    suite = yaml.safe_load((ROOT / "scripts" / "suite.yaml").read_text())
    assert suite["fingerprints"][name] == weights_fingerprint(find_backbone_folder(name))


def test_recorded_rows_have_the_scores_of_their_runs_and_the_differences_from_the_reference(finished_run, tmp_path):
    naive, linear = finished_run("model=seasonal_naive"), finished_run("model=linear")
    rows = tmp_path / "rows.json"
    suite = [sys.executable, str(ROOT / "scripts" / "suite.py")]
    command = [*suite, "record", str(naive), str(linear), "--rows", str(rows), "--reference", str(naive)]
    subprocess.run(command, check=True)
    recorded = {row["model"]: row for row in json.loads(rows.read_text())}
    assert "against_reference" not in recorded["seasonal_naive"]

    expected = compare([RunRecord.load(linear)], RunRecord.load(naive)).differences.query("metric == 'relative_wql'")
    assert recorded["linear"]["against_reference"]["percent"] == expected["percent"].item()
    assert recorded["linear"]["relative_wql"] == RunRecord.load(linear).results.metrics["relative_wql"].value
    assert recorded["linear"]["command"] == "python train.py model=linear"
    assert recorded["linear"]["libraries"]["torch"]
    coverage = RunRecord.load(linear).results.metrics["coverage_80"]
    assert recorded["linear"]["coverage_80_interval"] == [coverage.low, coverage.high]
    assert recorded["linear"]["recalibration"] == RunRecord.load(linear).results.recalibration.method

    for experiment in ("qwen_cpu", "ablation/lora"):
        run = shutil.copytree(linear, tmp_path / experiment)
        (run / "overrides.yaml").write_text(f"- experiment={experiment}\n")
        subprocess.run([*suite, "record", str(run), "--rows", str(rows)], check=True)
    assert {row["model"] for row in json.loads(rows.read_text())} == {"seasonal_naive", "linear", "qwen_cpu", "lora"}

    table = [*suite, "table", "--data", recorded["linear"]["data"], "--rows", str(rows)]
    printed = subprocess.run(table, check=True, capture_output=True, text=True).stdout
    assert f"| {expected['percent'].item():+.1f} % (" in printed
    excludes = "" if coverage.low <= 0.8 <= coverage.high else "*"
    assert f"{coverage.value:.0%} ({coverage.low:.0%} to {coverage.high:.0%}){excludes} |" in printed


def test_rows_of_several_horizons_stand_beside_each_other(finished_run, tmp_path):
    runs = [finished_run("model=linear"), finished_run("model=linear", "horizon=4")]
    suite, rows = [sys.executable, str(ROOT / "scripts" / "suite.py")], ["--rows", str(tmp_path / "rows.json")]
    subprocess.run([*suite, "record", *map(str, runs), *rows, "--model", "map", "--by-horizon"], check=True)
    results = [RunRecord.load(run).results for run in runs]
    errors = {r.window_set.horizon: r.metrics["mse_scaled"].value for r in results}
    assert len(errors) == 2
    table = [*suite, "table", "--data", results[0].run.data, *rows]
    printed = subprocess.run(table, check=True, capture_output=True, text=True).stdout
    for horizon, error in errors.items():
        assert f"| {horizon} | map | 1 | {error:.4f} |" in printed


def test_rows_and_losses_of_several_files_are_merged_into_what_one_run_would_have_written(
    finished_run, tmp_path, script
):
    runs = {model: finished_run(f"model={model}") for model in ("linear", "seasonal_naive")}
    script("suite.py", "record", *runs.values(), "--rows", tmp_path / "one.json")
    for model, run in runs.items():
        script("suite.py", "record", run, "--rows", tmp_path / f"{model}.json")
    files = [tmp_path / f"{model}.json" for model in runs]
    for _ in range(2):  # the second time adds nothing
        assert script("suite.py", "merge", *files, "--rows", tmp_path / "merged.json")[0] == 0
        assert json.loads((tmp_path / "merged.json").read_text()) == json.loads((tmp_path / "one.json").read_text())
        merged, one = (pd.read_parquet(tmp_path / f"{name}.losses.parquet") for name in ("merged", "one"))
        pd.testing.assert_frame_equal(merged, one)
    failed = {"data": "synthetic", "model": "lstm", "seed": 0, "failure": "timeout"}
    (tmp_path / "failed.json").write_text(json.dumps([failed]))  # has no losses
    script("suite.py", "merge", tmp_path / "failed.json", "--rows", tmp_path / "merged.json")
    assert failed in json.loads((tmp_path / "merged.json").read_text())
    (tmp_path / "linear.losses.parquet").unlink()
    code, _ = script("suite.py", "merge", *files, "--rows", tmp_path / "other.json")
    assert "linear.json has no linear.losses.parquet beside it" in str(code)
    assert not (tmp_path / "other.json").exists()


def test_two_models_are_compared_from_the_stored_losses_of_their_windows(finished_run, tmp_path, script):
    runs = {model: finished_run(f"model={model}") for model in ("linear", "seasonal_naive")}
    rows = tmp_path / "rows.json"
    script("suite.py", "record", *runs.values(), "--rows", rows)
    file = tmp_path / "rows.losses.parquet"
    add_losses(file, "b", "linear", 0, RunRecord.load(runs["linear"]))  # a data set that only one model has
    assert stored_differences(file, "b", "linear", "seasonal_naive", 0).empty
    expected = compare([RunRecord.load(runs["linear"])], RunRecord.load(runs["seasonal_naive"])).differences
    again = stored_differences(file, "synthetic", "linear", "seasonal_naive", 0)
    columns = ["percent", "percent_low", "percent_high", "p", "dm_p"]
    np.testing.assert_allclose(again[columns].astype(float), expected[columns].astype(float), rtol=1e-3, atol=1e-5)
    command = ("suite.py", "compare", "linear", "seasonal_naive", "--rows", rows)
    code, _ = script(*command, "--seed", "1")
    assert "of seed 1" in str(code)
    _, printed = script(*command)
    assert printed.startswith("| data | WQL of linear map against seasonal naive |")
    titles = ("linear map", "seasonal naive")
    assert script("suite.py", "compare", *titles, "--rows", rows)[1] == printed
    (row,) = [line for line in printed.splitlines() if line.startswith("| synthetic |")]
    relative = expected.query("metric == 'relative_wql'")
    assert row.startswith(f"| synthetic | {relative['percent'].item():+.1f} % (")
    assert f"{relative['p'].item():.3f}" in row
    for seed, factor in ((1, 1.2), (2, 0.9)):
        run = RunRecord.load(runs["linear"])
        sums = {name: run.windows[name] * factor for name in ("pinball_wql", "inside_80")}
        run.windows = run.windows.assign(**sums)
        add_losses(file, "synthetic", "linear", seed, run)
    seeds = stored_differences(file, "synthetic", "linear", "seasonal_naive").query("metric == 'relative_wql'")
    ratio = 1 + relative["percent"].item() / 100
    assert seeds["percent"].item() == pytest.approx(100 * (ratio * 3.1 / 3 - 1), rel=1e-3)
    assert (seeds["seeds"].item(), seeds["seeds_of_other"].item()) == (3, 1)
    width, single = (t["percent_high"].item() - t["percent_low"].item() for t in (seeds, relative))
    assert width > 1.1 * single
    _, printed = script(*command)
    assert "| 3 and 1 |" in printed
    recorded = json.loads(rows.read_text())
    rows.write_text(json.dumps(recorded + [row | {"seed": seed} for seed in (1, 2) for row in recorded]))
    _, printed = script("suite.py", "table", "--data", "synthetic", "--rows", rows)
    of_all = stored_differences(file, "synthetic", "linear", NAIVE_LABEL).query("metric == 'relative_wql'").iloc[0]
    skill = [-of_all[name] / 100 for name in ("percent", "percent_high", "percent_low")]
    assert "| linear map | 3 |" in printed
    assert "{:.0%} ({:.0%} to {:.0%})".format(*skill) in printed
    (intervals,) = stored_intervals(file, "synthetic", "linear", ["relative_wql", "coverage_80"]).values()
    assert [1 - intervals["relative_wql"].value, *skill[1:]] == pytest.approx(skill)
    coverage, single = intervals["coverage_80"], RunRecord.load(runs["linear"]).results.metrics["coverage_80"]
    assert coverage.value == pytest.approx(single.value * 3.1 / 3, rel=1e-5)
    assert coverage.high - coverage.low > single.high - single.low  # over seeds, too
    assert f"{coverage.value:.0%} ({coverage.low:.0%} to {coverage.high:.0%})" in printed
    changed = json.loads(rows.read_text())
    for row in changed:
        row["wql"] *= (1, 1.2, 0.9)[row["seed"]]
    rows.write_text(json.dumps(changed))
    _, printed = script("suite.py", "table", "--rows", rows)
    deviation = 100 * np.std([1, 1.2, 0.9], ddof=1) / np.mean([1, 1.2, 0.9])
    assert f"| linear map | {deviation:.1f} |" in printed
    method = RunRecord.load(runs["linear"]).results.recalibration.method
    too_low, too_high = (3 * int(outside) for outside in (single.high < 0.8, single.low > 0.8))
    share = f"{single.value:.0%}, synthetic"
    assert f"| linear map | 3 | {share} | {share} | {too_low} | {too_high} | {method} |" in printed
    least, most = (extreme(changed, key=lambda row: row["coverage_80"]) for extreme in (min, max))
    low = sum(row["coverage_80_interval"][1] < 0.8 for row in changed)
    high = sum(row["coverage_80_interval"][0] > 0.8 for row in changed)
    titles = {"linear": "linear map", "seasonal_naive": "seasonal naive"}
    ends = " | ".join(f"{row['coverage_80']:.0%}, {titles[row['model']]}" for row in (least, most))
    for name in ("synthetic", "all"):
        assert f"| {name} | {len(changed)} | {ends} | {low} | {high} |" in printed
    against = script("suite.py", "table", "--against", "linear", "--rows", rows)[1]
    assert "time of a forecast, relative to it" in against
    errors = {row["model"]: row["relative_wql"] for row in changed}
    percent = 100 * (errors["linear"] / errors["seasonal_naive"] - 1)
    above = f"1 data sets: synthetic ({percent:.1f} %)" if percent > 0 else "0 data sets"
    assert f"linear map is above seasonal naive on {above}" in against
    median = f"{-percent / 100:.1%}" if 0.05 <= abs(percent) < 0.5 else f"{-round(percent) / 100:.0%}"
    assert f" | {median} | {median}, synthetic |" in printed
    size = file.stat().st_size
    add_losses(file, "b", "linear", 0, RunRecord.load(runs["linear"]))
    assert file.stat().st_size == size  # in place of the earlier rows
