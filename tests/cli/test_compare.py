"""`timevis compare`, and the tables and pictures of a comparison."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from timevis.cli.compare import main
from timevis.errors import RunFolderError
from timevis.evaluation.comparison import compare, unique_labels
from timevis.report.comparison import comparison_charts, differences_table, sentences, write_comparison
from timevis.report.draw_matplotlib import draw_figure
from timevis.runs.record import RunRecord


@pytest.fixture(scope="module")
def runs(finished_run):
    return [finished_run("model=linear"), finished_run("model=seasonal_naive", "conformal=none")]


def test_compare_prints_and_writes_tables_and_pictures(runs, tmp_path, capsys):
    out = tmp_path / "comparison"
    assert main([*map(str, runs), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "linear" in printed
    assert "Difference from linear" in printed
    assert {p.name for p in out.iterdir()} == {
        "comparison.md",
        "comparison.tex",
        "metrics.csv",
        "differences.csv",
        "by_horizon.csv",
        "cost.csv",
        "error_by_horizon.png",
        "differences.png",
        "cost.png",
    }
    table = [line for line in (out / "comparison.tex").read_text().splitlines() if line.endswith(r"\\")]
    assert len(table) == 3
    assert {line.count("&") - line.count(r"\&") for line in table} == {8}
    assert table[2].startswith(r"seasonal\_naive") or table[1].startswith(r"seasonal\_naive")
    metrics = pd.read_csv(out / "metrics.csv", index_col="run")
    for run in runs:
        results = RunRecord.load(run).results
        assert metrics.loc[results.run.model, "wql"] == pytest.approx(results.metrics["wql"].value)


def test_a_failed_run_is_left_out_and_named(runs, tmp_path, capsys):
    failed = tmp_path / "failed"
    shutil.copytree(runs[0], failed)
    (failed / "results.json").unlink()
    status = json.loads((failed / "status.json").read_text())
    (failed / "status.json").write_text(json.dumps(status | {"state": "failed"}))
    assert main([str(failed), *map(str, runs), "--out", str(tmp_path / "out")]) == 0
    assert f"left out (failed): {failed}" in capsys.readouterr().err
    assert main([str(failed), "--out", str(tmp_path / "alone")]) == 1
    assert f"resume={failed}" in capsys.readouterr().err


def test_a_run_with_another_schema_version_is_not_compared(runs, tmp_path):
    older = shutil.copytree(runs[0], tmp_path / "older")
    results = json.loads((older / "results.json").read_text())
    (older / "results.json").write_text(json.dumps(results | {"schema_version": 1}))
    with pytest.raises(RunFolderError, match=r"older.*schema_version 1") as caught:
        RunRecord.load(older)
    assert "run it again" in str(caught.value.advice)


@pytest.mark.parametrize("state", ["failed", "cancelled", "running"])
def test_old_results_of_a_run_that_is_trained_further_are_not_used(runs, tmp_path, capsys, state):
    stale = shutil.copytree(runs[0], tmp_path / "stale")
    status = json.loads((stale / "status.json").read_text()) | {"state": state, "heartbeat": 4e9, "host": "elsewhere"}
    (stale / "status.json").write_text(json.dumps(status))
    assert main([str(stale), *map(str, runs), "--out", str(tmp_path / "out")]) == 0
    assert f"left out ({state}): {stale}" in capsys.readouterr().err
    assert len(pd.read_csv(tmp_path / "out" / "cost.csv")) == 2
    assert main([str(stale), "--out", str(tmp_path / "alone")]) == 1
    assert "none of these runs has completed" in capsys.readouterr().err
    assert main([str(runs[0]), "--reference", str(stale), "--out", str(tmp_path / "alone")]) == 1
    assert f"--reference {stale}: {state}" in capsys.readouterr().err
    assert not (tmp_path / "alone").exists()


def test_files_that_are_not_runs_are_left_out_and_named_and_a_repeated_run_counts_once(runs, tmp_path, capsys):
    (tmp_path / "leaderboard.md").touch()
    (tmp_path / "comparison").mkdir()
    others = [tmp_path / "leaderboard.md", tmp_path / "comparison"]
    again = runs[0] / ".." / runs[0].name
    assert main([*map(str, [*others, runs[0], again]), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr()
    assert f"left out (not a run folder): {', '.join(map(str, others))}" in printed.err
    assert "Difference from seasonal naive" in printed.out
    assert main([str(runs[0]), str(tmp_path / "mistyped"), "--out", str(tmp_path / "no")]) == 1
    assert "mistyped is not a run folder" in capsys.readouterr().err
    assert main([str(runs[0].parent), "--out", str(tmp_path / "no")]) == 1
    assert f"such as {runs[0].parent}/" in capsys.readouterr().err


def test_a_folder_with_results_but_without_a_status_is_compared(runs, tmp_path):
    scored = shutil.copytree(runs[0], tmp_path / "scored")
    (scored / "status.json").unlink()
    assert main([str(scored), str(runs[1]), "--out", str(tmp_path / "out")]) == 0


def test_many_runs_are_the_rows_of_one_table_with_their_differences(finished_run, tmp_path, capsys):
    runs = [finished_run("model=linear", f"context_length={n}") for n in (6, 8, 10, 12)]
    assert main([*map(str, [*runs, finished_run("model=seasonal_naive")]), "--out", str(tmp_path / "some")]) == 0
    assert "Coverage of 50 %" in capsys.readouterr().out
    runs.append(finished_run("model=linear", "context_length=14"))
    capsys.readouterr()
    assert main([*map(str, [*runs]), "--out", str(tmp_path / "many")]) == 0
    printed = capsys.readouterr().out
    assert "Coverage of 50 %" not in printed
    lines = (tmp_path / "many" / "comparison.md").read_text().splitlines()
    start = lines.index(
        "| run | relative WQL | difference | p (Holm) | WQL | MASE | 80 % coverage | trainable | fit | test |"
    )
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start + 2 : start + 8]]
    assert [float(row[1]) for row in rows] == sorted(float(row[1]) for row in rows)
    found = compare([RunRecord.load(run) for run in runs], RunRecord.load(runs[0]))
    frame = found.differences.query("metric == 'relative_wql'").set_index("run")
    assert (frame["p_holm"] >= frame["p"]).all()
    assert frame["p_holm"].min() == pytest.approx(min(1, frame["p"].min() * len(frame)))
    for row in rows:
        if row[0] in frame.index:
            assert row[2].startswith(f"{frame.loc[row[0], 'percent']:+.1f} % (".replace("-", "−"))
    assert sum(row[2] == "reference" for row in rows) == 1


def test_the_name_of_a_model_includes_its_backbone(runs, tmp_path, capsys):
    run = shutil.copytree(runs[0], tmp_path / "run")
    results = json.loads((run / "results.json").read_text())
    results["run"] |= {"model": "qwen", "backbone": {"name": "nano"}}
    (run / "results.json").write_text(json.dumps(results))
    assert main([str(run), str(runs[1]), "--out", str(tmp_path / "comparison")]) == 0
    printed = capsys.readouterr().out
    assert printed.count("qwen [nano]") >= 3
    assert "qwen" not in printed.replace("qwen [nano]", "")


def test_the_difference_is_that_of_the_metrics_and_has_the_sign_of_the_test_statistic(runs):
    linear, naive = map(RunRecord.load, runs)
    table = compare([linear, naive], naive).differences.set_index(["run", "metric"])
    for metric in ("relative_wql", "wql", "sql", "mase", "mse_scaled"):
        value, naive_value = (r.results.metrics[metric].value for r in (linear, naive))
        row = table.loc[("linear", metric)]
        assert row["difference"] == pytest.approx(value - naive_value)
        assert row["percent"] == pytest.approx(100 * (value / naive_value - 1))
        assert np.sign(row["dm_statistic"]) == np.sign(row["difference"])


def test_the_difference_from_seasonal_naive_in_percent_is_the_skill(runs):
    linear, naive = map(RunRecord.load, runs)
    found = compare([linear, naive], naive).differences.set_index(["run", "metric"]).loc[("linear", "relative_wql")]
    skill = linear.results.skill.wql
    assert (found.percent_low, found.percent_high) == pytest.approx((-100 * skill.high, -100 * skill.low))


def test_a_single_run_is_compared_with_seasonal_naive(runs, tmp_path, capsys):
    assert main([str(runs[0]), "--out", str(tmp_path / "one")]) == 0
    assert "Difference from seasonal naive" in capsys.readouterr().out


def test_a_comparison_on_few_windows_warns_that_its_intervals_may_be_too_narrow(runs, finished_run):
    few = finished_run("model=linear", "evaluation.max_windows=6")
    assert "only 6 origins" in sentences(compare([RunRecord.load(few)]))[-1]
    too_few = finished_run("model=linear", "evaluation.max_windows=3")
    assert "too few windows for a 95 % interval" in " ".join(sentences(compare([RunRecord.load(too_few)])))
    assert "too narrow" not in " ".join(sentences(compare([RunRecord.load(run) for run in runs])))


def test_a_comparison_names_the_channels_over_which_the_relative_wql_is_averaged(runs):
    records = [RunRecord.load(run) for run in runs]
    assert not any("averaged" in said for said in sentences(compare(records[:2], records[0])))
    first = next(iter(records[0].results.by_channel.values()))
    first["relative_wql"] = None
    said = " ".join(sentences(compare(records[:2], records[0])))
    assert "relative WQL is averaged over the 1 of 2 channels that have nonzero values" in said


def test_a_run_with_itself_as_reference_has_a_table_of_metrics_and_no_differences(runs, tmp_path, capsys):
    assert main([str(runs[0]), "--reference", str(runs[0]), "--out", str(tmp_path / "self")]) == 0
    assert "Metrics on" in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "self" / "differences.csv").empty


@pytest.mark.parametrize(
    ("difference", "percent", "expected"),
    [
        (np.nan, np.nan, "the relative WQL is not defined"),
        (0.2, np.nan, "the relative WQL is 0.2 higher"),
        (-0.2, -10.0, "the relative WQL is 10.0 % lower"),
    ],
)
def test_a_sentence_replaces_a_difference_that_is_not_defined(runs, difference, percent, expected):
    comparison = compare([RunRecord.load(runs[0])])
    comparison.differences[["difference", "percent"]] = difference, percent
    assert expected in sentences(comparison)[0]
    assert "nan" not in differences_table(comparison).to_string() + sentences(comparison)[0]


def test_a_run_equal_to_its_reference_does_not_differ(runs, tmp_path, capsys):
    shutil.copytree(runs[0], tmp_path / "copy")
    assert main([str(runs[0]), str(tmp_path / "copy"), "--out", str(tmp_path / "out")]) == 0
    assert "the relative WQL equals the value of" in capsys.readouterr().out
    naive = RunRecord.load(runs[1])
    table = compare([naive]).differences
    assert (table["difference"] == 0).all()
    assert (table["p"] == 1).all()
    assert (table["dm_p"] == 1).all()


def test_runs_with_different_window_sets_are_an_error_that_names_hashes_and_reason(
    runs, finished_run, tmp_path, capsys
):
    other = finished_run("model=seasonal_naive", "horizon=4")
    assert main([str(runs[1]), str(other), "--out", str(tmp_path / "no")]) == 1
    said = capsys.readouterr().err
    for run in (runs[1], other):
        assert json.loads((run / "results.json").read_text())["window_set"]["hash"] in said
    assert "horizon 6 and 4" in said
    assert not (tmp_path / "no").exists()


def test_the_largest_group_of_runs_with_the_same_windows_is_compared_and_the_others_are_named(
    runs, finished_run, tmp_path, capsys
):
    other = finished_run("model=seasonal_naive", "horizon=4")
    assert main([str(other), *map(str, runs), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err
    assert "left out (other windows than the compared runs: horizon 6 and 4" in said
    assert str(other) in said
    assert set(pd.read_csv(tmp_path / "out" / "cost.csv")["run"]) == {"linear", "seasonal_naive"}
    assert main([*map(str, [*runs, other]), "--reference", str(other), "--out", str(tmp_path / "other")]) == 0
    assert "horizon 4 and 6" in capsys.readouterr().err
    assert len(pd.read_csv(tmp_path / "other" / "cost.csv")) == 1


def test_runs_with_different_seasons_of_mase_are_not_compared(runs, finished_run):
    other = finished_run("model=seasonal_naive", "data.season=12")
    with pytest.raises(RunFolderError, match="season of MASE 24 and 12"):
        compare([RunRecord.load(runs[1]), RunRecord.load(other)])


def test_runs_on_different_values_are_not_compared(runs, finished_run):
    other = finished_run("model=seasonal_naive", "data.seed=5")
    with pytest.raises(RunFolderError, match="values differ"):
        compare([RunRecord.load(runs[1]), RunRecord.load(other)])


def test_an_output_folder_with_files_is_not_changed(runs, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("keep")
    assert main([str(runs[0]), "--out", str(tmp_path)]) == 1
    assert "not an empty folder" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_runs_of_one_model_have_different_labels(runs, finished_run, tmp_path):
    records = [RunRecord.load(runs[0]), RunRecord.load(finished_run("model=linear", "seed=1"))]
    assert unique_labels(records) == ["linear, seed 0", "linear, seed 1"]
    copy = RunRecord.load(shutil.copytree(runs[0], tmp_path / "copy"))
    assert unique_labels([records[0], copy]) == ["linear, run", "linear, copy"]
    (copy.folder / "overrides.yaml").write_text("- model=linear\n- context_length=24\n")
    labels = unique_labels([RunRecord.load(run) for run in (runs[0], runs[1], copy.folder)])
    assert labels == ["linear", "seasonal_naive", "linear, context_length=24"]


def test_every_picture_has_a_row_for_each_of_many_runs(runs, tmp_path):
    records = []
    for i in range(9):
        run = shutil.copytree(runs[0], tmp_path / str(i))
        (run / "overrides.yaml").write_text(f"- model=linear\n- context_length={10 + i}\n")
        records.append(RunRecord.load(run))
    comparison = compare(records, records[0])
    names = {f"linear, context_length={10 + i}" for i in range(9)}
    for name, charts in comparison_charts(comparison).items():
        for chart in charts:
            shown = {y for mark in chart.marks for y in mark.y if isinstance(y, str)}
            wanted = names - {"linear, context_length=10"} if name == "differences" else names
            assert shown - {"seasonal naive"} == wanted, name
            assert not any(mark.name for mark in chart.marks)
    write_comparison(comparison, tmp_path / "out")
    assert (tmp_path / "out" / "cost.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_has_the_same_colour_in_every_picture_and_legends_do_not_overlap_charts(runs, tmp_path):
    records = []
    for i in range(8):
        run = shutil.copytree(runs[0], tmp_path / str(i))
        (run / "overrides.yaml").write_text(f"- model=linear\n- context_length={10 + i}\n")
        results = json.loads((run / "results.json").read_text())
        results["metrics"]["relative_wql"]["value"] *= 1 + (i * 3) % 8
        (run / "results.json").write_text(json.dumps(results))
        records.append(RunRecord.load(run))
    for shown in (records[:7], records):
        roles = {}
        comparison = compare(shown, shown[0])
        for charts in comparison_charts(comparison).values():
            for mark in (mark for chart in charts for mark in chart.marks if mark.name):
                assert roles.setdefault(mark.name, mark.role) == mark.role
            picture = draw_figure(charts)
            assert not any(axes.get_legend() for axes in picture.axes)
            for legend in picture.legends:
                box = legend.get_window_extent()
                assert picture.bbox.x0 <= box.x0 <= box.x1 <= picture.bbox.x1
                assert not any(box.overlaps(axes.get_tightbbox()) for axes in picture.axes)
        assert len(set(roles.values())) == len(roles) == 8


def with_seed(run, folder, seed, factor):
    """A copy of a run as another seed would have made it: all its errors are larger by a factor."""
    copy = shutil.copytree(run, folder)
    results = json.loads((copy / "results.json").read_text())
    results["run"]["seed"] = seed
    (copy / "results.json").write_text(json.dumps(results))
    config = (copy / "config.yaml").read_text()
    assert config.count("\nseed: 0\n") == 1
    (copy / "config.yaml").write_text(config.replace("\nseed: 0\n", f"\nseed: {seed}\n"))
    windows = pd.read_parquet(copy / "windows.parquet")
    windows[["pinball_wql", "pinball_integral", "median_abs_error"]] *= factor
    windows.to_parquet(copy / "windows.parquet")
    return copy


def test_runs_that_differ_only_in_their_seed_are_compared_as_one_model(runs, finished_run, tmp_path, capsys):
    other = finished_run("model=linear", "context_length=12")
    seeds = [with_seed(runs[0], tmp_path / f"seed{n}", n, factor) for n, factor in ((1, 1.3), (2, 0.6))]
    repeated = with_seed(runs[0], tmp_path / "repeated", 1, 3.0)  # the first run of a seed counts
    chosen = [other, runs[0], *seeds, repeated]
    assert main([*map(str, chosen), "--reference", str(other), "--out", str(tmp_path / "out")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "There is one run of linear, context_length=12" in printed
    assert "The models read different inputs" in printed

    table = pd.read_csv(tmp_path / "out" / "over_seeds.csv").query("metric == 'wql'").set_index("run")
    single = compare([RunRecord.load(run) for run in chosen], RunRecord.load(other)).differences
    single = single.query("metric == 'wql'").set_index("run")
    assert len(table) == 2
    row, reference = table.drop("linear, context_length=12").iloc[0], table.loc["linear, context_length=12"]
    assert (row["seeds"], reference["seeds"]) == (3, 1)
    value = RunRecord.load(runs[0]).results.metrics["wql"].value
    assert [row[name] for name in ("value", "lowest", "highest")] == pytest.approx(
        [value * 2.9 / 3, value * 0.6, value * 1.3], rel=1e-4
    )
    assert row["percent"] == pytest.approx(100 * (row["value"] / reference["value"] - 1), rel=1e-4)
    widths = single["percent_high"] - single["percent_low"]
    assert row["percent_high"] - row["percent_low"] > 1.5 * widths.iloc[0]
    page = (tmp_path / "out" / "comparison.md").read_text()
    assert "## Over seeds, difference from linear, context_length=12" in page

    assert (
        main([*map(str, [runs[0], seeds[0], repeated]), "--reference", str(repeated), "--out", str(tmp_path / "b")])
        == 0
    )
    assert pd.read_csv(tmp_path / "b" / "over_seeds.csv")["seeds"].tolist() == [2] * 7
    assert compare([RunRecord.load(run) for run in runs]).over_seeds.empty
