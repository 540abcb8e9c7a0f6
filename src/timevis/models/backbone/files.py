"""Find the files of a backbone on the disk or on the Hugging Face hub, and download them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from timevis.errors import Cancelled, ConfigError, TimeVisError
from timevis.messages import Setting, Text

Report: TypeAlias = Callable[[int, int], None]
"""Receives the bytes that were downloaded and the bytes of all files."""
PATH_KEY = "model.backbone.path"
DOWNLOADED_FILES = ("*.json", "*.safetensors", "*.txt", "*.jinja")
CHUNK_BYTES = 2**18
REPORT_SECONDS = 0.5
STOP_SECONDS = 5.0
"""Time in which a child that is stopped removes the files that have not arrived as a whole."""

_stopping = threading.Event()


def find_or_download(hub_id: str, report: Report | None = None) -> Path:
    """The folder of a model in the cache of the hub; it is downloaded if it is not there.

    Parameters
    ----------
    hub_id : str
        Such as ``Qwen/Qwen2.5-0.5B``.
    report : callable, optional
        Is called while files are downloaded, not for a model in the cache.

    Raises
    ------
    TimeVisError
        The id is invalid, the hub does not have the model, or cannot be reached.
    """
    folder = _in_cache(hub_id)
    if folder is not None:
        return folder
    command = [sys.executable, "-m", "timevis.models.backbone.files", hub_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                said = json.loads(line)
                if "error" in said:
                    raise TimeVisError.from_json(said["error"])
                if "folder" in said:
                    return Path(said["folder"])
                if report is not None:
                    report(said["bytes"], said["total"])
        except BaseException:  # also the error that a signal raises, so that a cancelled download stops at once
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    message = Text(
        "the download of {identifier} ended with exit code {exit_code}",
        code="download-ended",
        identifier=hub_id,
        exit_code=process.returncode,
    )
    raise TimeVisError(message, Text("try again"))


def _in_cache(hub_id: str) -> Path | None:
    """The folder of a model that was downloaded to its end."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        folder = Path(snapshot_download(hub_id, allow_patterns=list(DOWNLOADED_FILES), local_files_only=True))
    except HFValidationError as error:
        raise _invalid_id(hub_id) from error
    except OSError:  # it is absent or incomplete
        return None
    return folder if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")) else None


def _invalid_id(hub_id: str) -> TimeVisError:
    message = Text("{path} is neither a folder nor a valid hub id", path=Setting(PATH_KEY, hub_id))
    return TimeVisError(message, Text("give a hub id such as Qwen/Qwen2.5-0.5B"), PATH_KEY)


def main() -> None:
    """The child process."""
    hub_id = sys.argv[1]
    signal.signal(signal.SIGTERM, lambda *_: _stopping.set())
    try:
        _write({"folder": _download(hub_id)})
    except TimeVisError as error:
        _write({"error": error.to_json()})


def _download(hub_id: str) -> str:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES  # the progress grows by chunks
    try:
        return str(snapshot_download(hub_id, allow_patterns=list(DOWNLOADED_FILES), tqdm_class=_progress_bar()))
    except RepositoryNotFoundError as error:
        message = Text("the hub has no model {identifier}", code="hub-has-no-model", identifier=hub_id)
        advice = Text("check the id in {path}; private models need HF_TOKEN", path=Setting(PATH_KEY))
        raise TimeVisError(message, advice) from error
    except Exception as error:  # the errors of the HTTP library depend on the version of huggingface_hub
        url = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
        offline = Text(" (offline mode is on)") if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0") else ""
        message = Text(
            "{identifier} is not in the local cache, and {url} cannot be reached{offline}",
            code="hub-out-of-reach",
            identifier=hub_id,
            url=url,
            offline=offline,
        )
        advice = Text(
            "set {path} to a local copy of the model folder, set HF_ENDPOINT to a mirror, or set HF_HOME to a cache "
            "that contains the model; model/backbone=nano needs no network",
            code="local-copy-or-mirror",
            path=Setting(PATH_KEY),
        )
        raise TimeVisError(message, advice) from error


def _progress_bar() -> Any:
    """The class of the progress bars of the hub. A bar of bytes also writes its numbers to standard output."""
    from tqdm.auto import tqdm

    bars: list[Any] = []
    lock, last = threading.Lock(), [0.0]  # the time of the last report

    class ProgressBar(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.done = int(options.get("initial") or 0)
            super().__init__(*arguments, **options | {"disable": not sys.stderr.isatty()})
            if options.get("unit") == "B":
                bars.append(self)

        def update(self, n: float | None = 1) -> Any:
            if _stopping.is_set():
                raise Cancelled(Text("the download was stopped"))
            with lock:  # each file has a thread
                self.done += int(n or 0)
                if self in bars and time.monotonic() - last[0] >= REPORT_SECONDS:
                    last[0] = time.monotonic()
                    done, total = max(bar.done for bar in bars), max(int(bar.total or 0) for bar in bars)
                    _write({"bytes": min(done, total), "total": total})
            return super().update(n)

    return ProgressBar


def _write(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()


PACKAGED_WEIGHTS = {"nano": "nano", "nano-patch": "nano_patch"}
"""Values of `model.backbone.path` for weights in this package, and their folders in `timevis.models.weights`."""
ITS_WEIGHTS = Text("weights")
FOLDER_OR_HUB_ID = Text("give a folder, or a hub id such as Qwen/Qwen2.5-0.5B")
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
            "{path} has the model type {kind}", path=Setting(PATH_KEY, path), kind=raw_config.get("model_type")
        )
        raise ConfigError(message, Text("choose a Qwen2, Qwen2.5 or Qwen3 model"), PATH_KEY)
    config = AutoConfig.from_pretrained(folder)
    if set(getattr(config, "layer_types", None) or ["full_attention"]) != {"full_attention"}:
        message = Text("{path} uses sliding-window attention", path=Setting(PATH_KEY, path))
        raise ConfigError(message, Text("choose another backbone"), PATH_KEY)
    if layers is not None and not 1 <= layers <= config.num_hidden_layers:
        message = Text("{layers} is out of range", layers=Setting("model.backbone.layers", layers))
        advice = Text("choose 1 to {maximum} for {path}", maximum=config.num_hidden_layers, path=path)
        raise ConfigError(message, advice, "model.backbone.layers")
    return folder, raw_config, config


def backbone_not_set() -> ConfigError:
    """The error of a backbone without a path."""
    return ConfigError(Text("{path} is missing", path=Setting(PATH_KEY)), FOLDER_OR_HUB_ID, PATH_KEY)


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
            message = Text("this installation lacks the weights of {name}", name=path)
            raise TimeVisError(message, Text("install TimeVis again, with its package data"))
        return folder
    local = Path(path).expanduser()
    if local.is_dir():
        if not (local / "config.json").is_file() or not any(local.glob("*.safetensors")):
            message = Text("{path} is not a model folder", path=Setting(PATH_KEY, path))
            advice = Text(
                "it needs config.json, the tokenizer files and *.safetensors, as save_pretrained writes them"
            )
            raise TimeVisError(message, advice, PATH_KEY)
        return local
    if is_local_path(path):
        message = Text("{path} does not exist", path=Setting(PATH_KEY, path))
        raise TimeVisError(message, FOLDER_OR_HUB_ID, PATH_KEY)
    return find_or_download(path, report)


def damaged_backbone_error(path: str, file: Text | str, error: Exception) -> TimeVisError:
    """The error for a part of a backbone that cannot be read; `file` names the part."""
    reason = (str(error) or type(error).__name__).splitlines()[0]
    message = Text(
        "{path}: its {file} cannot be read ({reason})", path=Setting(PATH_KEY, path), file=file, reason=reason
    )
    return incomplete_backbone_error(message)


def incomplete_backbone_error(message: Text) -> TimeVisError:
    """The error for a folder of which a part is missing or damaged."""
    advice = Text("the copy or download of the folder is incomplete; copy or download it again")
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
