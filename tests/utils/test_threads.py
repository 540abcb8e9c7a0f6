import os

from timevis.utils.machine import available_cores, threads_per_job


def test_parallel_jobs_share_the_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads_per_job(cores=8) == 8
    assert threads_per_job(3, cores=8) == 2
    assert threads_per_job(20, cores=8) == 1


def test_omp_num_threads_takes_precedence(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert threads_per_job(2) == 5


def test_only_cores_of_the_cpu_affinity_are_available():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
