import gc
import os
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import psutil
import pytest

from timevis.utils import memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the allocator of glibc")

# pages that are mapped anew while tensors of 16 MiB come and go, here and in a thread
FAULTS = """
import resource, threading
import timevis, torch

def work():
    for _ in range(20):
        torch.ones(2**22)

def faults(run):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    run()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def in_thread():
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

work()
print(faults(work), faults(in_thread))
"""

# resident MiB before tensors of 256 MiB in all, after they are freed, and once that is given back
RESIDENT = """
import os
import timevis, torch
from timevis.utils import memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20

torch.ones(2**22)
before = resident()
tensors = [torch.ones(2**22) for _ in range(16)]
del tensors
kept = resident()
memory.release_freed_memory()
print(before, kept, resident())
"""


def _numbers(code: str, **environment: str) -> list[int]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=kept | environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return [int(number) for number in done.stdout.split()]


def test_tensors_that_come_and_go_take_no_new_pages():
    assert max(_numbers(FAULTS)) < 2**24 // os.sysconf("SC_PAGE_SIZE")  # fewer than one of them has


def test_the_environment_has_the_last_word():
    # 0.25 MiB: every larger block is mapped anew
    assert min(_numbers(FAULTS, MALLOC_MMAP_THRESHOLD_="262144")) >= 20 * 2**24 // os.sysconf("SC_PAGE_SIZE") // 2


def test_an_older_glibc_keeps_the_largest_blocks_that_it_can(monkeypatch):
    taken = {}

    def mallopt(parameter, value):
        refused = parameter == memory._MMAP_THRESHOLD and value > 2**25  # as up to 2.34
        return 0 if refused else taken.update({parameter: value}) or 1

    monkeypatch.setattr(memory, "_glibc_function", lambda name: mallopt)
    monkeypatch.setattr(os, "environ", {})
    memory.reuse_freed_memory()
    assert taken[memory._MMAP_THRESHOLD] == 2**25


def test_what_is_kept_can_be_given_back():
    before, kept, after = _numbers(RESIDENT)
    assert kept > before + 200
    assert after < before + 50


@pytest.mark.parametrize(("limit", "expected"), [("max\n", 9 * 2**30), ("4294967296\n", 3 * 2**30), ("1048576\n", 0)])
def test_the_limit_of_a_control_group_counts(tmp_path, monkeypatch, limit, expected):
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text(f"{3 * 2**29}\n")
    (tmp_path / "memory.stat").write_text(f"anon 7\ninactive_file {2**29}\n")  # which may be dropped
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=9 * 2**30))
    assert memory.available_bytes() == expected


def test_without_a_control_group_the_machine_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    assert 0 < memory.available_bytes() <= psutil.virtual_memory().total


@pytest.mark.parametrize("collecting", [True, False])
def test_the_garbage_collector_rests_during_imports_and_is_then_as_before(collecting: bool) -> None:
    (gc.enable if collecting else gc.disable)()
    try:
        with suppress(ImportError), memory.without_garbage_collection():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() == collecting
    finally:
        gc.enable()


def test_a_program_ends_without_collecting_what_it_imported() -> None:
    watched = (
        "import gc; from timevis import memory\n"
        "with memory.without_garbage_collection(): import pandas\n"
        "gc.callbacks.append(lambda phase, info: print(phase, gc.get_freeze_count() > 50_000, flush=True))"
    )
    ran = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, check=True)
    assert "start True" in ran.stdout
    assert "start False" not in ran.stdout
