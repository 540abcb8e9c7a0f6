"""What of a config may leave the machine, and the title of a sweep."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from timevis.config.instantiate import OWN_PACKAGES
from timevis.config.paths import BUILT_IN_BACKBONES, CONF
from timevis.config.sections import TrainerOptions
from timevis.data.catalog import catalog
from timevis.utils.phrases import join_names

HIDDEN = "(hidden)"
CHECKED_SECTIONS = ("model.", "evaluation.", "conformal")
"""Sections whose texts are choices of TimeVis, or are compared with `without_user_texts`."""
OMITTED_SECTIONS = ("callbacks", "logger", "resume")
AUTOMATIC_FOLDER_NAME = re.compile(r"\d+|\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-[0-9a-f]{4})?")
"""Name of a run folder or sweep folder that TimeVis made: a time with a token, or the number of a job."""


def without_user_texts(config: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved config in which every text that may be a word of the user is replaced by `HIDDEN`."""
    shown = {key: value for key, value in config.items() if key not in OMITTED_SECTIONS}
    data, model, trainer = (dict(config[name]) for name in ("data", "model", "trainer"))
    shown["data"] = {key: hide_texts(value) for key, value in data.items()} | {"name": shown_data(data["name"])}
    known_options = [field.name for field in fields(TrainerOptions)]
    shown["trainer"] = {key: value if key in known_options else hide_texts(value) for key, value in trainer.items()}
    if not str(model["_target_"]).startswith(OWN_PACKAGES):
        model = {key: hide_texts(value) for key, value in model.items()}
    if isinstance(model.get("prompt"), Mapping):
        model["prompt"] = model["prompt"] | {"text": hide_texts(model["prompt"].get("text"))}
    if isinstance(model.get("backbone"), Mapping):
        model["backbone"] = shown_backbone(model["backbone"], model["backbone"].get("path"))
    shown["model"] = model | {"name": shown_model(model["name"])}
    return shown


def has_user_texts(config: Mapping[str, Any], overrides: Sequence[str]) -> bool:
    """Whether the model or the command line of a run may hold a word of the user.

    Model files and the report have both. Numbers and choices of TimeVis are no words of the user.
    """
    model, shown = config["model"], without_user_texts(config)["model"]
    if isinstance(prompt := model.get("prompt"), Mapping):
        if prompt.get("text"):
            return True
        shown = shown | {"prompt": prompt}
    if shown != model:
        return True
    for text in overrides:
        parsed = OverridesParser.create().parse_override(text)
        key, value = parsed.key_or_group, parsed.value()
        is_choice = (CONF / key / f"{value}.yaml").is_file()
        if not (is_choice or key.startswith(CHECKED_SECTIONS) or hide_texts(value) == value):
            return True
    return False


def hide_texts(value: Any) -> Any:
    """Numbers and booleans of a value; texts are hidden, and mappings wholly, because their keys may be names."""
    if isinstance(value, list | tuple):
        return [hide_texts(part) for part in value]
    if isinstance(value, Mapping):
        return HIDDEN if value else {}
    return value if value is None or isinstance(value, bool | int | float) else HIDDEN


def shown_data(name: object) -> str:
    """The name of a data set of TimeVis."""
    return str(name) if name in (*catalog(), "synthetic", "file") else "own data"


def shown_model(name: object) -> str:
    """The name of a model of TimeVis."""
    return str(name) if (CONF / "model" / f"{name}.yaml").is_file() else "own model"


def shown_backbone(about: Mapping[str, Any], path: object) -> dict[str, Any]:
    """Facts or options of a backbone; of one that is neither part of TimeVis nor a public Qwen, without its texts."""
    if is_public_backbone(path):
        return dict(about)
    return {key: value if key == "fingerprint" else hide_texts(value) for key, value in about.items()}


def is_public_backbone(path: object) -> bool:
    """Whether a backbone is part of TimeVis, or has a hub id of its publisher."""
    return path in BUILT_IN_BACKBONES or str(path).startswith("Qwen/")


def shown_tags(tags: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """The tags of `timevis.runs.reload.run_tags` (data, model, and name, size and fingerprint of a backbone)."""
    data, model, *backbone = tags
    if backbone and not is_public_backbone((config["model"].get("backbone") or {}).get("path")):
        backbone[0] = "own backbone"
    return [shown_data(data), shown_model(model), *backbone]


def shown_folder(name: str) -> str:
    """The name of a folder if TimeVis made it, else a hash, by which runs of one sweep still form one group."""
    return name if AUTOMATIC_FOLDER_NAME.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:8]


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
