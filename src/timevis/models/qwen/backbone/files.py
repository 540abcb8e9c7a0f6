"""The files of a backbone: a folder, or the hub's copy of one, and what its config.json says."""

from __future__ import annotations

import hashlib
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from timevis.errors import ConfigError, TimeVisError

BACKBONE_SUBSTITUTES = {"attention": "one attention block", "none": "no backbone"}
"""What `qwen_patch` may have in a backbone's place, and its name."""
ARCHITECTURES = ("qwen2", "qwen3")
FILES = ("*.json", "*.safetensors", "*.txt", "*.jinja")
COPY_AGAIN = "the folder's copy or download is not whole: get it again"


def read_architecture(path: str | None, layers: int | None) -> tuple[Path, dict[str, Any], Any]:
    """The folder of a backbone, its config.json, and that as transformers reads it; raises as `load_backbone`."""
    if not path:
        raise ConfigError("model.backbone.path is missing", "give a folder, or a hub id such as Qwen/Qwen2.5-0.5B")
    from transformers import AutoConfig

    folder = find_backbone_folder(path)
    try:
        raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise TimeVisError(
            f"model.backbone.path={path}: its config.json cannot be read ({error})", COPY_AGAIN
        ) from error
    if raw.get("model_type") not in ARCHITECTURES:
        raise ConfigError(
            f"model.backbone.path={path} is of type {raw.get('model_type')}",
            "TimeVis decodes Qwen2, Qwen2.5 and Qwen3 models",
        )
    config = AutoConfig.from_pretrained(folder)
    if set(getattr(config, "layer_types", None) or ["full_attention"]) != {"full_attention"}:
        raise ConfigError(f"model.backbone.path={path} uses sliding-window attention", "choose another backbone")
    if layers is not None and not 1 <= layers <= config.num_hidden_layers:
        raise ConfigError(
            f"model.backbone.layers={layers}", f"{path} has {config.num_hidden_layers} layers; keep 1 or more"
        )
    return folder, raw, config


def find_backbone_folder(path: str) -> Path:
    """The local folder of a backbone, downloaded if it is a hub id that is not in the cache.

    HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE are honoured; a download shows a bar.

    Raises
    ------
    TimeVisError
        No such folder, or the hub cannot be reached.
    """
    if path == "nano":
        folder = Path(str(files("timevis.models.qwen.nano"))) / "weights"
        if not (folder / "model.safetensors").is_file():
            raise TimeVisError(
                "this installation has no nano backbone", "install TimeVis again, with its package data"
            )
        return folder
    local = Path(path).expanduser()
    if local.is_dir():
        if not (local / "config.json").is_file() or not any(local.glob("*.safetensors")):
            raise TimeVisError(
                f"model.backbone.path={path} is no model folder",
                "it needs config.json, the tokenizer's files and *.safetensors, as save_pretrained writes them",
            )
        return local
    if is_local_path(path):
        raise TimeVisError(
            f"model.backbone.path={path} does not exist", "give a folder, or a hub id such as Qwen/Qwen2.5-0.5B"
        )
    return _download(path)


def is_local_path(path: str) -> bool:
    """Whether a path is a folder, or could be no id of the hub."""
    return Path(path).expanduser().is_dir() or path.startswith(("/", ".", "~")) or path.count("/") != 1


def _download(name: str) -> Path:
    import httpx
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except HFValidationError as error:
        raise TimeVisError(
            f"model.backbone.path={name} is neither a folder nor an id of the hub",
            "give one such as Qwen/Qwen2.5-0.5B",
        ) from error
    except RepositoryNotFoundError as error:
        raise TimeVisError(
            f"the hub has no model {name}", "check the id in model.backbone.path; private models need HF_TOKEN"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, httpx.HTTPError, OSError) as error:
        where = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
        offline = " (offline mode is on)" if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0") else ""
        raise TimeVisError(
            f"{name} is not in the local cache, and {where} cannot be reached{offline}",
            "point model.backbone.path at a local copy of the model folder, set HF_ENDPOINT to a mirror, or set "
            "HF_HOME to a cache that holds it; model/backbone=nano needs no network",
        ) from error


def weights_fingerprint(folder: Path) -> str:
    """Of all weights in a model folder: 16 hex digits of a SHA-256."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        if path.name != "tables.safetensors":
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
