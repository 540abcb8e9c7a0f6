"""Number of processor cores and threads for a run."""

from __future__ import annotations

import os
from pathlib import Path


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
