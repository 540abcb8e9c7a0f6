"""Find the files of a backbone on the disk or on the Hugging Face hub, and read its config.json."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from timevis.errors import ConfigError, TimeVisError
from timevis.messages import Setting, Text
from timevis.models.backbone.download import PATH_KEY, Report, find_or_download

PACKAGED_WEIGHTS = {"nano": "nano", "nano-patch": "nano_patch"}
"""Values of `model.backbone.path` for weights in this package, and their folders in `timevis.models.weights`."""
ITS_WEIGHTS = Text("its-weights", "weights")
FOLDER_OR_HUB_ID = Text("folder-or-hub-id", "give a folder, or a hub id such as Qwen/Qwen2.5-0.5B")
SUPPORTED_MODEL_TYPES = ("qwen2", "qwen3")


def read_model_config(path: str | None, layers: int | None) -> tuple[Path, dict[str, Any], Any]:
    """Find a backbone and read its config.json.

    Parameters
    ----------
    path, layers
        As in `timevis.models.backbone.load.load_backbone`.

    Returns
    -------
    folder : Path
    raw_config : dict
        Content of config.json.
    config : transformers config

    Raises
    ------
    TimeVisError
        The backbone cannot be found, its config.json cannot be read, or its architecture is not supported.
    """
    if not path:
        raise backbone_not_set()
    from transformers import AutoConfig

    folder = find_backbone_folder(path)
    try:
        raw_config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise damaged_backbone_error(path, "config.json", error) from error
    if raw_config.get("model_type") not in SUPPORTED_MODEL_TYPES:
        message = Text(
            "backbone-type",
            "{path} has the model type {kind}",
            path=Setting(PATH_KEY, path),
            kind=raw_config.get("model_type"),
        )
        raise ConfigError(message, Text("a-qwen-model", "choose a Qwen2, Qwen2.5 or Qwen3 model"), PATH_KEY)
    config = AutoConfig.from_pretrained(folder)
    if set(getattr(config, "layer_types", None) or ["full_attention"]) != {"full_attention"}:
        message = Text("sliding-window", "{path} uses sliding-window attention", path=Setting(PATH_KEY, path))
        raise ConfigError(message, Text("other-backbone", "choose another backbone"), PATH_KEY)
    if layers is not None and not 1 <= layers <= config.num_hidden_layers:
        message = Text("backbone-layers", "{layers} is out of range", layers=Setting("model.backbone.layers", layers))
        advice = Text(
            "layers-of-backbone", "choose 1 to {maximum} for {path}", maximum=config.num_hidden_layers, path=path
        )
        raise ConfigError(message, advice, "model.backbone.layers")
    return folder, raw_config, config


def backbone_not_set() -> ConfigError:
    """The error of a backbone without a path."""
    return ConfigError(
        Text("backbone-not-set", "{path} is missing", path=Setting(PATH_KEY)), FOLDER_OR_HUB_ID, PATH_KEY
    )


def find_backbone_folder(path: str, report: Report | None = None) -> Path:
    """The local folder of a backbone; downloads a hub id that is not in the cache, with a progress bar.

    The environment variables HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE have their usual effect. `report` is called with
    the bytes so far and the bytes of all files while files are downloaded.

    Raises
    ------
    TimeVisError
        The folder does not exist or has no model, or the hub cannot be reached.
    """
    if path in PACKAGED_WEIGHTS:
        folder = Path(str(files("timevis.models.weights"))) / PACKAGED_WEIGHTS[path]
        if not (folder / "model.safetensors").is_file():
            message = Text("packaged-weights-missing", "this installation lacks the weights of {name}", name=path)
            raise TimeVisError(message, Text("install-again", "install TimeVis again, with its package data"))
        return folder
    local = Path(path).expanduser()
    if local.is_dir():
        if not (local / "config.json").is_file() or not any(local.glob("*.safetensors")):
            message = Text("backbone-not-a-model", "{path} is not a model folder", path=Setting(PATH_KEY, path))
            advice = Text(
                "files-of-a-model",
                "it needs config.json, the tokenizer files and *.safetensors, as save_pretrained writes them",
            )
            raise TimeVisError(message, advice, PATH_KEY)
        return local
    if is_local_path(path):
        message = Text("backbone-not-found", "{path} does not exist", path=Setting(PATH_KEY, path))
        raise TimeVisError(message, FOLDER_OR_HUB_ID, PATH_KEY)
    return find_or_download(path, report)


def damaged_backbone_error(path: str, file: Text | str, error: Exception) -> TimeVisError:
    """The error for a part of a backbone that cannot be read; `file` names the part."""
    reason = (str(error) or type(error).__name__).splitlines()[0]
    message = Text(
        "backbone-file-damaged",
        "{path}: its {file} cannot be read ({reason})",
        path=Setting(PATH_KEY, path),
        file=file,
        reason=reason,
    )
    return incomplete_backbone_error(message)


def incomplete_backbone_error(message: Text) -> TimeVisError:
    """The error for a folder of which a part is missing or damaged."""
    advice = Text("copy-model-again", "the copy or download of the folder is incomplete; copy or download it again")
    return TimeVisError(message, advice, PATH_KEY)


def is_local_path(path: str) -> bool:
    """Whether a path is a folder, or does not have the form owner/name of a hub id."""
    return Path(path).expanduser().is_dir() or path.startswith(("/", ".", "~")) or path.count("/") != 1


def weights_fingerprint(folder: Path) -> str:
    """16 hex digits of the SHA-256 of all weights in a model folder, without the tables of TimeVis."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        if path.name != "tables.safetensors":
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
