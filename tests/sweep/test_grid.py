"""List the jobs of a grid sweep before they run."""

import json

import pytest

from timevis.runs.folder import read_overrides
from timevis.sweep.leaderboard import grid_jobs

BASIC_SWEEPER = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ({}, [["a=1", "b=x"], ["a=2", "b=x"]]),
        (
            {"sweeper": {"_target_": BASIC_SWEEPER, "params": {"model/prompt": "${timevis.choices:model/prompt}"}}},
            [[f"model/prompt={name}", "b=x"] for name in ("auto", "none", "shuffled", "wrong_domain")],
        ),
        ({"sweeper": {"_target_": "hydra_plugins.OptunaSweeper"}}, []),
        ({"launcher": {"_target_": "hydra_plugins.hydra_submitit_launcher.SlurmLauncher"}}, []),
        ({"sweep": {"subdir": "${hydra.job.override_dirname}"}}, []),
        ({"overrides": {"task": ["model=glob(*)"]}}, []),
        ({"overrides": {"task": ["b=shuffle(1,2)"]}}, []),
    ],
)
def test_only_the_jobs_of_a_grid_are_listed_in_advance(tmp_path, change, jobs):
    hydra = {
        "sweeper": {"_target_": BASIC_SWEEPER, "params": {"a": "1,2"}},
        "launcher": {"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"},
        "sweep": {"subdir": "${hydra.job.num}"},
        "overrides": {"task": ["b=x"]},
    }
    assert grid_jobs(tmp_path) == {}
    (tmp_path / "multirun.yaml").write_text(json.dumps({"hydra": hydra | change}))
    assert list(grid_jobs(tmp_path).values()) == jobs


def test_the_listed_jobs_are_those_that_hydra_starts(sweep):
    """Each job is refused before it reads data, after Hydra has composed it and named its folder."""
    grid = ("model=linear", "horizon=choice(4,6)", "seed=range(2)", "+trainer.fast_dev_run=true", "horizon=6,8")
    _, folder = sweep("data.unit='kW, net'", *grid)
    listed = grid_jobs(folder)
    assert len(listed) == 2 * 2
    assert {name: read_overrides(folder / name) for name in listed} == listed
