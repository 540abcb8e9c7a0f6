"""A sweep continues when a job fails, ends with exit code 1, and always writes a leaderboard."""

import os
import shutil
import signal

import pandas as pd
import pytest
from tiny import ROOT

from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.status import Status
from timevis.sweep.comparisons import write_comparisons
from timevis.sweep.leaderboard import (
    leaderboard_chart,
    write_leaderboard,
)
from timevis.training import stages
from timevis.utils.interrupts import StopRequest


@pytest.mark.parametrize("horizons", ["600,6,7", "6,600,7", "6,7,600"])
def test_the_other_jobs_of_a_sweep_complete_whichever_job_fails(sweep, horizons, capsys):
    code, folder = sweep("model=linear", f"horizon={horizons}")
    assert code == 1
    closing = capsys.readouterr().err.partition("Error: 1 of 3 jobs did not complete\n")[2]
    assert f"{horizons.split(',').index('600')} (horizon=600) failed: " in closing
    assert "too few" in closing
    table = pd.read_csv(folder / "leaderboard.csv")
    assert table["state"].tolist() == ["completed", "completed", "failed"]
    assert "too few" in table["reason"].iloc[2]
    assert table["setting"].iloc[2] == "horizon=600"


@pytest.mark.parametrize(
    ("wrong", "reason"), [("evaluation.stride=0,1", "evaluation.stride=0"), ("trainer.strategy=dpp,auto", "dpp")]
)
def test_a_job_that_is_refused_before_it_has_a_run_folder_is_listed(sweep, wrong, reason):
    code, folder = sweep("model=linear", "horizon=6", wrong)
    assert code == 1
    table = pd.read_csv(folder / "leaderboard.csv")
    assert len(table) == 2
    assert table["state"].iloc[-1] == "failed"
    assert reason in table["reason"].iloc[-1]
    assert table["model"].iloc[-1] == "linear"


def test_a_sweep_without_a_failure_ends_with_0_and_sorts_by_validation(sweep):
    code, folder = sweep("model=linear,seasonal_naive", "horizon=6", "seed=0,1")
    assert code == 0
    table = pd.read_csv(folder / "leaderboard.csv")
    assert len(table) == 4
    assert table["val/relative_wql"].is_monotonic_increasing
    assert table["test/wql"].notna().all()
    settings = pd.read_csv(folder / "leaderboard_settings.csv")
    assert settings["seeds"].tolist() == [2, 2]
    assert settings["val/relative_wql mean"].iloc[0] == pytest.approx(table["val/relative_wql"][:2].mean())
    text = (folder / "leaderboard.md").read_text()
    assert "## Mean and std over seeds" in text
    assert "±" in text
    assert (folder / "leaderboard.png").read_bytes().startswith(b"\x89PNG")
    assert list(leaderboard_chart(settings, "synthetic").marks[0].y) == [
        "seasonal_naive",
        "linear",
    ]
    compared = pd.read_csv(folder / "comparison_synthetic" / "differences.csv")
    assert set(compared["run"]) == {"linear, seed 1", "seasonal_naive, seed 0", "seasonal_naive, seed 1"}
    assert "reference: linear, seed 0" in (folder / "comparison_synthetic" / "comparison.md").read_text()


def test_a_sweep_that_scores_validation_shows_no_test_score(sweep):
    code, folder = sweep("model=linear,seasonal_naive", "horizon=6", "seed=0,1", "evaluation.split=validation")
    assert code == 0
    table = pd.read_csv(folder / "leaderboard.csv")
    assert table["val/relative_wql"].is_monotonic_increasing
    assert table[["test/wql", "test/mase", "skill_wql", "skill_mae"]].isna().all(axis=None)
    assert table["fit_seconds"].notna().all()
    text = (folder / "leaderboard.md").read_text()
    assert "test" not in text
    assert "nan" not in text
    assert (folder / "leaderboard.png").read_bytes().startswith(b"\x89PNG")
    compared = (folder / "comparison_synthetic" / "comparison.md").read_text()
    assert "Difference from linear" in compared


def test_resuming_a_job_updates_the_leaderboard_of_its_sweep(sweep, train_in_process):
    code, folder = sweep("model=lstm", "horizon=6", "trainer.max_epochs=1,2", "model.hidden_size=8")
    before = pd.read_csv(folder / "leaderboard.csv").set_index("run")
    (folder / "9").mkdir()
    (folder / "9/status.json").write_text('{"state": "failed", "heartbeat": 0, "error": "why"}')
    assert code == train_in_process(f"resume={folder / '0'}", "trainer.max_epochs=3") == 0
    after = pd.read_csv(folder / "leaderboard.csv").set_index("run")
    assert (
        after.loc[0, "val/relative_wql"]
        == RunFolder(folder / "0").results.validation["relative_wql"]
        != before.loc[0, "val/relative_wql"]
    )
    assert after.loc[1, "val/relative_wql"] == before.loc[1, "val/relative_wql"]
    assert after.loc[9, "state"] == "failed"
    assert "trainer.max_epochs=3" in after.loc[0, "setting"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([], "has completed"),
        (["model=lstm"], "model=lstm cannot change"),
        (["model.cell=gru"], "model.cell cannot change"),
        (["horizon=0"], "horizon=0 must be"),
    ],
)
def test_a_job_that_cannot_be_resumed_leaves_its_sweep_unchanged(
    train_in_process, finished_run, tmp_path, capsys, overrides, message
):
    shutil.copytree(finished_run("model=linear"), tmp_path / "0")
    write_leaderboard(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    capsys.readouterr()
    assert train_in_process(f"resume={tmp_path / '0'}", *overrides) == 1
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    printed = capsys.readouterr()
    assert message in printed.out + printed.err
    assert "leaderboard" not in printed.out


def test_jobs_that_a_stopped_sweep_did_not_start_are_listed(sweep, train_in_process, monkeypatch, capsys):
    create, calls = RunConfig.forecaster, []

    def interrupt_second_job(*args):
        calls.append(args)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return create(*args)

    monkeypatch.setattr(RunConfig, "forecaster", interrupt_second_job)
    code, folder = sweep("model=linear", "horizon=6,7", "seed=0,1")
    assert code == 128 + signal.SIGINT
    closing = capsys.readouterr().err.partition("Error: 3 of 4 jobs did not complete\n")[2]
    assert "\n  3 (horizon=7 seed=1) not started: the sweep has not started it" in closing
    table = pd.read_csv(folder / "leaderboard.csv")
    assert table["state"].tolist() == ["completed", "cancelled", "not started", "not started"]
    assert table["run"].tolist() == [0, 1, 2, 3]
    assert table["model"].tolist() == ["linear"] * 4
    assert train_in_process(f"resume={folder / '1'}") == 0
    table = pd.read_csv(folder / "leaderboard.csv").set_index("run")
    assert table["state"].to_dict() == {0: "completed", 1: "completed", 2: "not started", 3: "not started"}
    assert table["setting"].to_dict() == {0: "horizon=6", 1: "horizon=6", 2: "horizon=7", 3: "horizon=7"}


def test_a_signal_during_the_report_of_a_job_ends_the_sweep(sweep, monkeypatch, capsys):
    monkeypatch.setattr(stages, "write_report", lambda folder: signal.raise_signal(signal.SIGTERM))
    code, folder = sweep("model=seasonal_naive", "horizon=6,7")
    assert code == 128 + signal.SIGTERM
    assert pd.read_csv(folder / "leaderboard.csv")["state"].tolist() == ["completed", "not started"]
    assert "1 (horizon=7) not started" in capsys.readouterr().err


def test_all_jobs_of_a_sweep_are_in_the_configured_sweep_folder(sweep, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    configured = (ROOT / "conf/sweep/grid.yaml").read_text().split("dir: ")[1].split("\n")[0]
    code, _ = sweep("model=seasonal_naive", "horizon=5,6,7", f"hydra.sweep.dir={configured}")
    assert code == 0
    (folder,) = (tmp_path / "outputs/sweeps").iterdir()
    assert len(pd.read_csv(folder / "leaderboard.csv")) == 3


def test_the_jobs_of_a_sweep_are_compared_within_each_window_set(sweep):
    code, folder = sweep("model=linear", "horizon=6,7", "context_length=12,24")
    assert code == 0
    for comparison in folder.glob("comparison_*"):
        compared = pd.read_csv(comparison / "differences.csv")
        assert list(compared["run"].unique()) == ["linear, context_length=24"]
    assert len(list(folder.glob("comparison_*"))) == 2
    assert len(write_comparisons(folder)) == len(list(folder.glob("comparison_*")))  # they replace the earlier ones
    assert not [path for path in folder.iterdir() if path.name.startswith("tmp")]


def test_jobs_with_different_seasons_are_not_compared(sweep):
    code, folder = sweep("model=linear,seasonal_naive", "horizon=6", "data.season=12,24,48")
    assert code == 0
    assert len(list(folder.glob("comparison_*"))) == 3


def test_optuna_continues_after_failed_trials_and_finds_the_best(sweep):
    code, folder = sweep(
        "hparams_search=optuna", "model=linear", "horizon=choice(6,600,7)", "hydra.sweeper.n_trials=5"
    )
    table = pd.read_csv(folder / "leaderboard.csv")
    assert len(table) == 5
    assert set(table["state"]) == {"completed", "failed"}
    assert code == 1
    best = table["setting"].iloc[0].replace("=", ": ")
    assert best in (folder / "optimization_results.yaml").read_text()


def test_an_optuna_sweep_in_which_every_trial_fails_writes_a_leaderboard(sweep):
    code, folder = sweep(
        "hparams_search=optuna", "model=linear", "horizon=choice(599,600)", "hydra.sweeper.n_trials=2"
    )
    assert code == 1
    assert pd.read_csv(folder / "leaderboard.csv")["state"].tolist() == ["failed", "failed"]


def test_a_mistyped_key_ends_a_sweep_before_its_first_job(sweep, capsys):
    code, folder = sweep("model=linear,lstm", "horizont=6,7")
    assert code == 1
    assert "did you mean 'horizon'?" in capsys.readouterr().err
    assert not folder.exists()


def test_a_sweep_in_the_folder_of_another_sweep_names_the_option_to_change(sweep, capsys):
    assert sweep("model=linear", "horizon=6")[0] == 0
    capsys.readouterr()
    code, folder = sweep("model=linear", "horizon=7")
    assert code == 1
    assert "choose another hydra.sweep.dir, or start the same sweep" in capsys.readouterr().err
    assert pd.read_csv(folder / "leaderboard.csv")["state"].tolist() == ["completed"]


def test_a_sweep_without_a_job_writes_no_leaderboard(sweep, capsys):
    code, folder = sweep("model=nope,linear", "horizon=6")
    assert code == 1
    assert not (folder / "leaderboard.md").exists()
    assert "leaderboard" not in capsys.readouterr().out


@pytest.mark.parametrize("resume", ["resume=outputs/a", "resume=outputs/a,outputs/b"])
def test_a_sweep_cannot_resume_runs(sweep, capsys, resume):
    code, folder = sweep(resume)
    assert code == 1
    assert f"{resume} is for one run" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "option", "horizons"),
    [
        ("joblib", "hydra.launcher.n_jobs=2", "600,6"),
        ("joblib", "hydra.launcher.n_jobs=2", "6,600,7"),
        ("joblib", "hydra.launcher.n_jobs=2", "6,600"),
        ("submitit_local", "hydra.launcher.timeout_min=5", "600,6"),
    ],
)
def test_sweeps_complete_with_launchers_that_use_other_processes(sweep, name, option, horizons):
    code, folder = sweep(f"hydra/launcher={name}", option, "model=linear", f"horizon={horizons}")
    assert code == 1
    table = pd.read_csv(folder / "leaderboard.csv")
    jobs = horizons.split(",")
    assert table["state"].tolist() == ["completed"] * (len(jobs) - 1) + ["failed"]
    assert sorted(table["run"]) == list(range(len(jobs)))


def test_a_sweep_that_is_started_again_runs_only_what_is_missing(sweep, capsys):
    code, folder = sweep("model=linear", "horizon=6,7", "seed=0")
    assert code == 0
    finished, missing = folder / "0" / "results.json", folder / "1" / "results.json"
    before = finished.stat().st_mtime_ns
    missing.unlink()
    Status(folder / "1").finish("cancelled", StopRequest().to_error())
    code, folder = sweep("model=linear", "horizon=6,7", "seed=0")
    assert code == 0
    assert finished.stat().st_mtime_ns == before
    assert missing.is_file()
    assert pd.read_csv(folder / "leaderboard.csv")["state"].tolist() == ["completed", "completed"]
    code, folder = sweep("model=linear", "horizon=8,7", "seed=0")
    assert code == 1
    assert "contains a run with other settings" in capsys.readouterr().err
    assert finished.stat().st_mtime_ns == before
