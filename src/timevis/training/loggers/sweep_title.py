"""The name by which a person recognises a sweep: its models, its data, and what else it varies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from timevis.training.loggers.privacy import shown_data, shown_model
from timevis.utils.phrases import join_names

SETTINGS_FILE = "multirun.yaml"
"""Hydra writes the config of a sweep to this file in the folder of the sweep."""
MAX_NAMES = 4
TITLE_SECTIONS = ("model", "trainer", "evaluation", "seed", "horizon", "context_length", "conformal", "experiment")
"""Sections whose keys are words of TimeVis. Keys of other sections may be words of the user."""


def sweep_title(run: Path, sweep: str) -> str:
    """Models, data sets and varied keys of a sweep, such as ``linear, lstm on traffic by seed``; empty if unknown.

    Names of the user's own models and data sets are replaced; see `timevis.training.loggers.privacy`.

    Parameters
    ----------
    run : Path
        Folder of one of its runs.
    sweep : str
        Name of the folder of the sweep.
    """
    folder = next((parent for parent in run.absolute().parents if parent.name == sweep), None)
    if folder is None or not (folder / SETTINGS_FILE).is_file():
        return ""
    config = OmegaConf.load(folder / SETTINGS_FILE)
    values = _values(OmegaConf.select(config, "hydra.overrides.task") or [])
    values |= _values([f"{k}={v}" for k, v in (OmegaConf.select(config, "hydra.sweeper.params") or {}).items()])
    names = {}
    for key, shown in (("model", shown_model), ("data", shown_data)):
        swept = values.get(key) or [OmegaConf.select(config, f"{key}.name")]
        names[key] = join_names(list(dict.fromkeys(shown(name) for name in swept)), MAX_NAMES)
    varied = [
        key.rpartition(".")[2]
        for key, swept in values.items()
        if len(swept) != 1 and key.partition(".")[0] in TITLE_SECTIONS and key != "model"
    ]
    return f"{names['model']} on {names['data']}" + (f" by {join_names(varied, MAX_NAMES)}" if varied else "")


def _values(overrides: Any) -> dict[str, list[str]]:
    """Key and values of each override; no values for a range or an interval."""
    out: dict[str, list[str]] = {}
    for text in overrides:
        try:
            parsed = OverridesParser.create().parse_override(str(text))
        except HydraException:
            continue
        if parsed.is_choice_sweep():
            out[parsed.key_or_group] = [str(value) for value in parsed.sweep_string_iterator()]
        elif parsed.is_sweep_override():
            out[parsed.key_or_group] = []
        elif not isinstance(parsed.value(), Mapping | list):
            out[parsed.key_or_group] = [str(parsed.value())]
    return out
