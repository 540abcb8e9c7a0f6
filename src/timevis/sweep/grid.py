"""List the jobs of a grid sweep from the config that Hydra wrote into the sweep folder."""

from __future__ import annotations

from pathlib import Path

import yaml

# Hydra has no public function that splits a sweep into jobs; a test compares this one with the jobs that it ran
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException


def grid_jobs(sweep: Path) -> dict[str, list[str]]:
    """The overrides of each job of a grid sweep, by the name of its run folder.

    Empty if the jobs cannot be listed in advance: trials of a search depend on each other, only Hydra expands `glob`,
    and run folders may have other names than job numbers. Also empty for jobs of submitit, which are all queued at
    once and may still run after the sweep was stopped.
    """
    if not (sweep / "multirun.yaml").is_file():
        return {}
    hydra = yaml.safe_load((sweep / "multirun.yaml").read_text(encoding="utf-8"))["hydra"]
    is_grid = hydra["sweeper"]["_target_"].endswith(".BasicSweeper")
    is_numbered = hydra["sweep"]["subdir"] == "${hydra.job.num}"
    if not is_grid or not is_numbered or "submitit" in hydra["launcher"]["_target_"]:
        return {}
    params = [f"{key}={value}" for key, value in (hydra["sweeper"]["params"] or {}).items()]
    try:
        overrides = OverridesParser.create().parse_overrides([*params, *hydra["overrides"]["task"]])
        (jobs,) = BasicSweeper.split_arguments(overrides, None)
    except HydraException:
        return {}
    return {str(number): job for number, job in enumerate(jobs)}
