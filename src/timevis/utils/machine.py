"""Threads and memory of this process, and the garbage collector.

By default glibc returns large freed blocks to the system and gives each thread its own heap. Every tensor of several
megabytes is then mapped, cleared and unmapped again in each step, which is slow.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def available_cores() -> int:
    """Cores that this process may use, limited by its CPU affinity and the quota of its control group."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return cores


def threads_per_job(parallel_jobs: int = 1, cores: int | None = None) -> int:
    """Threads for each of several jobs that run at the same time.

    Parameters
    ----------
    parallel_jobs : int
    cores : int, optional
        Cores that the jobs share; `available_cores` when None. OMP_NUM_THREADS takes precedence.
    """
    omp_num_threads = os.environ.get("OMP_NUM_THREADS", "")
    if omp_num_threads.isdigit() and int(omp_num_threads) > 0:
        return int(omp_num_threads)
    return max(1, (cores or available_cores()) // max(1, parallel_jobs))


# parameters of mallopt(3)
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
MMAP_THRESHOLD_BYTES, MAX_MMAP_THRESHOLD_BYTES_OLD_GLIBC = 2**30, 2**25
CGROUP = Path("/sys/fs/cgroup")


def reuse_freed_memory() -> None:
    """Configure glibc to reuse freed memory.

    Environment variables ``MALLOC_...`` and ``GLIBC_TUNABLES`` take precedence. Other C libraries are left unchanged.
    """
    is_configured_by_user = any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
    mallopt = _glibc_function("mallopt")
    if mallopt is not None and not is_configured_by_user:
        configure_malloc(mallopt)


def configure_malloc(mallopt: Callable[[int, int], int]) -> None:
    """Keep freed blocks in the process, in one heap for all threads, by calls of `mallopt`."""
    mallopt(M_TRIM_THRESHOLD, -1)
    if not mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES):
        mallopt(M_MMAP_THRESHOLD, MAX_MMAP_THRESHOLD_BYTES_OLD_GLIBC)
    mallopt(M_ARENA_MAX, 1)


def release_freed_memory() -> None:
    """Return freed memory to the system, where glibc is in use."""
    if malloc_trim := _glibc_function("malloc_trim"):
        malloc_trim(ctypes.c_size_t(0))


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Context for importing large libraries: no garbage collection in it, nor of these objects at process exit.

    Nearly all objects that an import creates stay alive, so searching them for garbage only costs time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def available_bytes(cgroup: Path = CGROUP) -> int:
    """Bytes that this process can still allocate.

    Parameters
    ----------
    cgroup : Path
        Folder of the control group (version 2), whose limit counts besides the memory of the machine.
    """
    import psutil

    machine: int = psutil.virtual_memory().available
    try:
        limit = int((cgroup / "memory.max").read_text())  # not a number if there is no limit
        statistics = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        used = int((cgroup / "memory.current").read_text()) - int(statistics["inactive_file"])
    except (OSError, ValueError, KeyError):
        return machine
    return min(machine, max(0, limit - used))


def total_megabytes(cgroup: Path = CGROUP) -> int:
    """Memory of this machine, or of the control group if that is less, in MB of 2**20 bytes."""
    import psutil

    machine: int = psutil.virtual_memory().total
    with suppress(OSError, ValueError):  # there is no limit
        machine = min(machine, int((cgroup / "memory.max").read_text()))
    return machine // 2**20


def _glibc_function(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
