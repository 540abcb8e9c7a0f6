"""Download a language model from the Hugging Face hub in a child process, which can be stopped at any moment.

The child is ``python -m timevis.models.backbone.download HUB_ID``. It writes one JSON object in each line of its
standard output: the bytes so far, and at the end the folder or an error. A child that is stopped keeps the files that
have arrived as a whole, and removes the others.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from timevis.errors import Cancelled, TimeVisError
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
    command = [sys.executable, "-m", "timevis.models.backbone.download", hub_id]
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
        "download-ended",
        "the download of {identifier} ended with exit code {exit_code}",
        identifier=hub_id,
        exit_code=process.returncode,
    )
    raise TimeVisError(message, Text("try-again", "try again"))


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
    message = Text("not-a-hub-id", "{path} is neither a folder nor a valid hub id", path=Setting(PATH_KEY, hub_id))
    return TimeVisError(message, Text("give-hub-id", "give a hub id such as Qwen/Qwen2.5-0.5B"), PATH_KEY)


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
        message = Text("hub-has-no-model", "the hub has no model {identifier}", identifier=hub_id)
        advice = Text("check-hub-id", "check the id in {path}; private models need HF_TOKEN", path=Setting(PATH_KEY))
        raise TimeVisError(message, advice) from error
    except Exception as error:  # the errors of the HTTP library depend on the version of huggingface_hub
        url = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
        offline = (
            Text("offline-mode", " (offline mode is on)")
            if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0")
            else ""
        )
        message = Text(
            "hub-out-of-reach",
            "{identifier} is not in the local cache, and {url} cannot be reached{offline}",
            identifier=hub_id,
            url=url,
            offline=offline,
        )
        advice = Text(
            "local-copy-or-mirror",
            "set {path} to a local copy of the model folder, set HF_ENDPOINT to a mirror, or set HF_HOME to a cache "
            "that contains the model; model/backbone=nano needs no network",
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
                raise Cancelled(Text("download-stopped", "the download was stopped"))
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
