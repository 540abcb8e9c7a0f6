"""Large answers, written once into a compressed file and sent from it, and a limit of those that one caller reads.

The memory of the web process therefore does not grow with the number of readers.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path
from typing import IO, Any

from flask import Response, current_app, g, request, send_file

from timevis import __version__
from timevis.messages import Text
from timevis.service.problems import too_many_requests
from timevis.utils.files import atomic_write

SUFFIX = ".gz"
COMPRESSION = 1
"""Of gzip. Digits compress hardly better with a higher one, which takes three times as long."""
CHUNK_BYTES = 2**18
MAX_FOLDER_BYTES = 2 * 2**30
"""Written answers that are kept; above this size the oldest ones are removed."""
KEPT_SECONDS = 60.0
"""A younger file is not removed, since another thread may be about to open it."""
MAX_READS = 4
"""Large answers that one caller may ask for at the same time."""
MAX_WRITERS = 2
"""Answers that are made at the same time, of all callers."""
RETRY_SECONDS = 2


class WrittenAnswers:
    """Files of answers in a folder. The same answer is made once, also if several ask for it at the same time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.reads = folder, ReadLimit()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._writers = threading.BoundedSemaphore(MAX_WRITERS)

    def path(self, name: str, state: Any, kind: str, write: Callable[[IO[str]], None]) -> Path:
        """The file of an answer, which `write` makes if there is none.

        Parameters
        ----------
        name : str
            What the answer is about: hexadecimal digits.
        state : Any
            JSON; an answer that was written with another state is made again.
        kind : str
            Ending of the file, such as ``json``.
        write : callable
            Receives a file to which it writes text.
        """
        assert re.fullmatch(r"[0-9a-f]+", name), name
        digest = hashlib.sha256(json.dumps([__version__, state]).encode()).hexdigest()[:16]
        path = self.folder / f"{name}.{digest}.{kind}{SUFFIX}"
        with self._locks[path.name]:
            if not path.exists():
                with (
                    self._writers,
                    atomic_write(path) as temporary,
                    gzip.open(temporary, "wt", compresslevel=COMPRESSION, encoding="utf-8", newline="") as file,
                ):
                    write(file)
                self._remove_others(path)
        return path

    def _remove_others(self, newest: Path) -> None:
        """Remove what an older state of the same answer has left, and the oldest files if all take too much space."""
        name, kind = newest.name.split(".")[0], newest.name.split(".", 2)[2]
        found = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(OSError):  # another thread has removed it
                found.append((path.stat().st_mtime, path.stat().st_size, path))
        total = sum(size for _, size, _ in found)
        for changed, size, path in sorted(found, key=lambda entry: entry[0]):
            is_older = path.name.startswith(f"{name}.") and path.name.endswith(f".{kind}")
            if changed < time.time() - KEPT_SECONDS and path != newest and (is_older or total > MAX_FOLDER_BYTES):
                total -= size
                with suppress(OSError):  # Windows removes no file that is being sent
                    path.unlink()


def send_written(path: Path, mimetype: str, download_name: str | None = None) -> Response:
    """Send a written answer as it is to a client that accepts gzip, and decompressed in parts to another one."""
    if request.accept_encodings["gzip"] > 0:
        response = send_file(path, mimetype=mimetype, conditional=False, etag=False)
        response.headers["Content-Encoding"] = "gzip"
    else:
        file = gzip.open(path, "rb")  # noqa: SIM115  # before another thread can remove it; the response closes it
        response = Response(iter(partial(file.read, CHUNK_BYTES), b""), mimetype=mimetype)
        response.call_on_close(file.close)
    response.headers.update({"Vary": "Accept-Encoding", "Cache-Control": "no-store"})
    if download_name is not None:
        response.headers.set("Content-Disposition", "attachment", filename=download_name)
    return response


class ReadLimit:
    """Counts the large answers that each caller is reading."""

    def __init__(self, maximum: int = MAX_READS) -> None:
        self.maximum = maximum
        self._reads: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, caller: str) -> Callable[[], None]:
        """Count a read of a caller; returns a function that ends it, and that may be called more than once.

        Raises
        ------
        Problem
            The caller reads too many already.
        """
        with self._lock:
            if self._reads[caller] >= self.maximum:
                raise too_many_requests(
                    RETRY_SECONDS,
                    Text("this caller is reading {maximum} large results already", maximum=self.maximum),
                )
            self._reads[caller] += 1
        is_open = [True]

        def end() -> None:
            with self._lock:
                if is_open:
                    is_open.clear()
                    self._reads[caller] -= 1
                    self._reads += Counter()  # without callers that read nothing

        return end


def limited_read(view: Callable[..., Any]) -> Callable[..., Any]:
    """A route whose answer is large: one caller has at most `MAX_READS` of them at the same time.

    An answer from a file takes neither a thread nor memory after the route has returned; an answer in parts counts
    until its last part.
    """

    @wraps(view)
    def limited(*arguments: Any, **options: Any) -> Any:
        caller = getattr(g, "caller", None)
        limit: ReadLimit = current_app.extensions["timevis"].written_answers.reads
        end = limit.begin(caller.name if caller else f"address {request.remote_addr}")
        try:
            response = view(*arguments, **options)
        except BaseException:
            end()
            raise
        if not (isinstance(response, Response) and response.is_streamed and not response.direct_passthrough):
            end()
            return response
        parts = response.response

        def counted() -> Iterator[Any]:
            try:
                yield from parts
            finally:
                end()

        response.response = counted()
        response.call_on_close(end)  # of an answer that nobody begins to read
        return response

    return limited
