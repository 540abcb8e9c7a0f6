"""Which jobs a sweep was to have, from what Hydra left in its folder."""

from __future__ import annotations

from pathlib import Path

import yaml
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException


def planned_jobs(sweep: Path) -> dict[str, list[str]]:
    """The overrides of each job of a grid, by its folder; empty where they are not known before it ends.

    That is so of a search, whose trials depend on each other, and of jobs with folders that are not their numbers.
    Jobs of submitit all begin at once, or wait in a queue even when the sweep is stopped.
    """
    if not (sweep / "multirun.yaml").is_file():
        return {}
    hydra = yaml.safe_load((sweep / "multirun.yaml").read_text(encoding="utf-8"))["hydra"]
    grid = hydra["sweeper"]["_target_"].endswith(".BasicSweeper") and hydra["sweep"]["subdir"] == "${hydra.job.num}"
    if not grid or "submitit" in hydra["launcher"]["_target_"]:
        return {}
    swept = [f"{key}={value}" for key, value in (hydra["sweeper"]["params"] or {}).items()]
    try:
        overrides = OverridesParser.create().parse_overrides([*swept, *hydra["overrides"]["task"]])
        (jobs,) = BasicSweeper.split_arguments(overrides, None)
    except HydraException:  # a glob, which only Hydra itself can spell out
        return {}
    return {str(number): job for number, job in enumerate(jobs)}
