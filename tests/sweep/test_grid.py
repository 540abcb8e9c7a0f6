import json

import pytest

from timevis.sweep.grid import grid_jobs


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ({}, [["a=1", "b=x"], ["a=2", "b=x"]]),
        ({"sweeper": {"_target_": "hydra_plugins.OptunaSweeper"}}, []),
        ({"launcher": {"_target_": "hydra_plugins.hydra_submitit_launcher.SlurmLauncher"}}, []),
        ({"sweep": {"subdir": "${hydra.job.override_dirname}"}}, []),
        ({"overrides": {"task": ["model=glob(*)"]}}, []),
    ],
)
def test_only_the_jobs_of_a_grid_are_listed_in_advance(tmp_path, change, jobs):
    hydra = {
        "sweeper": {"_target_": "hydra._internal.core_plugins.basic_sweeper.BasicSweeper", "params": {"a": "1,2"}},
        "launcher": {"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"},
        "sweep": {"subdir": "${hydra.job.num}"},
        "overrides": {"task": ["b=x"]},
    }
    assert grid_jobs(tmp_path) == {}
    (tmp_path / "multirun.yaml").write_text(json.dumps({"hydra": hydra | change}))
    assert list(grid_jobs(tmp_path).values()) == jobs
