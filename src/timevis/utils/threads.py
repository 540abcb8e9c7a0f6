"""How many processor cores a run may use."""

from __future__ import annotations

import os
from pathlib import Path


def available_cores() -> int:
    """Cores of this process: its affinity, and the quota of its control group where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return cores


def threads_per_job(parallel_jobs: int = 1) -> int:
    """Threads for one of several jobs on this machine; OMP_NUM_THREADS has the last word."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdigit() and int(told) > 0:
        return int(told)
    return max(1, available_cores() // max(1, parallel_jobs))
