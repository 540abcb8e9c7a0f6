"""Read and write folders with the weights of a patch network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from timevis.config.options import NonNegativeInt
from timevis.errors import ConfigError
from timevis.messages import Setting, Text
from timevis.models.backbone.files import (
    ITS_WEIGHTS,
    PATH_KEY,
    backbone_not_set,
    damaged_backbone_error,
    find_backbone_folder,
    weights_fingerprint,
)
from timevis.models.backbone.load import Backbone
from timevis.models.patches.network import PatchNetwork, PatchSettings

MODEL_TYPE = "timevis_patches"
RANDOM_WEIGHTS = "random"
"""The path that stands for a network with random weights."""


def read_settings(path: str | None) -> tuple[Path, PatchSettings, str]:
    """Find the weights of a patch network, and read its config.json: folder, sizes, and note on the pretraining.

    Raises
    ------
    TimeVisError
        The folder does not exist, is damaged, or contains another kind of model.
    """
    if not path:
        raise backbone_not_set()
    folder = find_backbone_folder(path)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise damaged_backbone_error(path, "config.json", error) from error
    if config.get("model_type") != MODEL_TYPE:
        raise ConfigError(
            Text(
                "{path} is a model of the type {kind}, which does not read patches",
                path=path,
                kind=config.get("model_type"),
            ),
            Text(
                "set {path} to nano-patch, or to a folder that scripts/pretrain_nano.py wrote; {model} reads it",
                path=Setting(PATH_KEY),
                model=Setting("model", "qwen"),
            ),
            PATH_KEY,
        )
    return folder, PatchSettings(**config["settings"]), config["note"]


def check_weights(options: Mapping[str, Any]) -> None:
    """Raise the errors of `load_patch_network` that need no weights; `options` are its arguments."""
    if options.get("path") != RANDOM_WEIGHTS:
        read_settings(options.get("path"))


def load_patch_network(path: str | None = "nano-patch", *, seed: NonNegativeInt = 0, note: str = "") -> Backbone:
    """Load a pretrained patch network in float32.

    Parameters
    ----------
    path : str
        ``nano-patch``, a folder that ``scripts/pretrain_nano.py`` wrote, or ``random`` for random weights, for
        ablations.
    seed : int
        Seed of the random weights.
    note : str
        Added to the note that belongs to the weights.

    Raises
    ------
    TimeVisError
        The folder does not exist, is damaged, or contains another kind of model.
    """
    if path == RANDOM_WEIGHTS:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = PatchNetwork(PatchSettings())
        folder, own_note, name = Path(), "", "random patches"
        fingerprint = hashlib.sha256(f"random {seed} {network.settings}".encode()).hexdigest()[:16]
    else:
        folder, settings, own_note = read_settings(path)
        assert path is not None
        network, name = PatchNetwork(settings), path if path == "nano-patch" else folder.resolve().name
        try:
            weights = load_file(folder / "model.safetensors")
            network.load_state_dict({key: value.float() for key, value in weights.items()})
        except (SafetensorError, OSError, RuntimeError) as error:
            raise damaged_backbone_error(path, ITS_WEIGHTS, error) from error
        fingerprint = weights_fingerprint(folder)
    return Backbone(
        model=network.train().requires_grad_(False),
        tokenizer=None,
        name=name,
        path=str(folder.resolve()) if path not in ("nano-patch", RANDOM_WEIGHTS) else path,
        fingerprint=fingerprint,
        note=" ".join(text for text in (own_note, note) if text),
        parameters=sum(p.numel() for p in network.parameters()),
        folder=folder,
    )


def save_patch_network(weights: Mapping[str, Tensor], settings: PatchSettings, folder: Path, note: str) -> None:
    """Write weights in float16 and config.json to a folder that `load_patch_network` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {name: value.to(torch.float16).contiguous() for name, value in weights.items()}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
    config = {"model_type": MODEL_TYPE, "note": note, "settings": asdict(settings)}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
