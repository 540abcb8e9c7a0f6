import os

from timevis.utils.threads import available_cores, threads_per_job


def test_parallel_jobs_share_the_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr("timevis.utils.threads.available_cores", lambda: 8)
    assert threads_per_job() == 8
    assert threads_per_job(3) == 2
    assert threads_per_job(20) == 1


def test_omp_num_threads_has_the_last_word(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert threads_per_job(2) == 5


def test_only_cores_of_the_own_affinity_count():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
