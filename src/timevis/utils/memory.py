"""Memory of this process: what it may still take, and what it has freed, which is kept for the next tensors.

glibc hands large blocks back to the system as soon as they are freed and, in each thread, works on a heap of its own.
A tensor of megabytes is then mapped, cleared and unmapped at every step, which took a tenth of the time of a training
step and most of that of a batch's calendar.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# parameters of mallopt(3)
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_KEPT, _LARGEST_OF_OLDER = 2**30, 2**25  # bytes of a block; an older glibc refuses more than the second
_GROUP = Path("/sys/fs/cgroup")


def reuse_freed_memory() -> None:
    """Reuse freed memory rather than return it, in one heap for all threads; only with glibc, and not where the
    environment says otherwise (``MALLOC_...``, ``GLIBC_TUNABLES``)."""
    told = any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
    mallopt = _glibc_function("mallopt")
    if mallopt is None or told:
        return
    mallopt(_TRIM_THRESHOLD, -1)
    mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT) or mallopt(_MMAP_THRESHOLD, _LARGEST_OF_OLDER)
    mallopt(_ARENA_MAX, 1)


def release_freed_memory() -> None:
    """Return what is free to the system, where that is possible."""
    if trim := _glibc_function("malloc_trim"):
        trim(ctypes.c_size_t(0))


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Import large libraries within: without the garbage collector, at the end of the process as well.

    It would walk again and again through what they make, nearly all of which stays: a sixth of the time to import
    PyTorch and Lightning, and more than a second when the process ends.
    """
    collecting = gc.isenabled()
    gc.disable()
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def available_bytes() -> int:
    """Bytes that may still be taken: of the machine's memory, and of the control group's where it has a limit."""
    import psutil

    free: int = psutil.virtual_memory().available
    try:
        limit = int((_GROUP / "memory.max").read_text())  # or "max"
        rows = dict(line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())
        taken = int((_GROUP / "memory.current").read_text()) - int(rows["inactive_file"])
    except (OSError, ValueError, KeyError):
        return free
    return min(free, max(0, limit - taken))


def _glibc_function(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
