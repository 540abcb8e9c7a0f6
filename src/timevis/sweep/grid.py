"""List the jobs of a grid sweep from the config that Hydra wrote into the sweep folder."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from timevis.config.compose import register_resolvers


def grid_jobs(sweep: Path) -> dict[str, list[str]]:
    """The overrides of each job of a grid sweep, by the name of its run folder.

    The order is the order of Hydra's basic sweeper: the last override changes fastest.

    Empty if the jobs cannot be listed in advance: trials of a search depend on each other, only Hydra expands `glob`
    and shuffles, and run folders may have other names than job numbers. Also empty for jobs of submitit, which are
    all queued at once and may still run after the sweep was stopped.
    """
    if not (sweep / "multirun.yaml").is_file():
        return {}
    hydra = OmegaConf.load(sweep / "multirun.yaml").hydra
    stored: dict[str, Any] = OmegaConf.to_container(hydra)  # type: ignore[assignment]
    is_grid = stored["sweeper"]["_target_"].endswith(".BasicSweeper")
    is_numbered = stored["sweep"]["subdir"] == "${hydra.job.num}"
    if not is_grid or not is_numbered or "submitit" in stored["launcher"]["_target_"]:
        return {}
    register_resolvers()
    params = [f"{key}={value}" for key, value in (hydra.sweeper.params or {}).items()]
    try:
        overrides = OverridesParser.create().parse_overrides([*params, *stored["overrides"]["task"]])
        values = {override.get_key_element(): _values(override) for override in overrides}
    except HydraException:
        return {}
    if any(getattr(override.value(), "shuffle", False) for override in overrides):
        return {}
    choices = [[f"{key}={value}" for value in texts] for key, texts in values.items()]
    return {str(number): list(job) for number, job in enumerate(product(*choices))}


def _values(override: Override) -> list[str]:
    """The values that an override gives to the jobs, as text; raises HydraException for `interval` and `glob`."""
    if override.is_sweep_override():
        return list(override.sweep_string_iterator())
    return [override.get_value_element_as_str()]
