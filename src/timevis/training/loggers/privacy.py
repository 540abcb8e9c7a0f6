"""What a run sends to a server while `logger.log_data` is false: numbers and words of TimeVis, no words of the user.

Words of the user are names of files, folders, columns, series and sweeps, descriptions, units, prompts, and the names
of classes and backbones that are not part of TimeVis. `logger.wandb.project`, `entity` and `tags` are written for
Weights & Biases and are sent.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from timevis.config.instantiate import OWN_PACKAGES
from timevis.config.paths import BUILT_IN_BACKBONES, CONF
from timevis.config.sections import TrainerOptions
from timevis.data.catalog import catalog

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
    """The tags of `timevis.runs.metadata.run_tags` (data, model, and name, size and fingerprint of a backbone)."""
    data, model, *backbone = tags
    if backbone and not is_public_backbone((config["model"].get("backbone") or {}).get("path")):
        backbone[0] = "own backbone"
    return [shown_data(data), shown_model(model), *backbone]


def shown_folder(name: str) -> str:
    """The name of a folder if TimeVis made it, else a hash, by which runs of one sweep still form one group."""
    return name if AUTOMATIC_FOLDER_NAME.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:8]
