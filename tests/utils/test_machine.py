"""The allocator reuses freed memory, control groups limit it, and imports run without garbage collection."""

import gc
import os
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import psutil
import pytest

from timevis.utils import machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only glibc is configured")

# prints the page faults while tensors of 16 MiB are allocated and freed, in the main thread and in another one
PAGE_FAULTS = """
import resource, threading
import timevis, torch

def allocate():
    for _ in range(20):
        torch.ones(2**22)

def faults(function):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    function()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def in_thread():
    thread = threading.Thread(target=allocate)
    thread.start()
    thread.join()

allocate()
print(faults(allocate), faults(in_thread))
"""

# prints the resident MiB before 256 MiB of tensors exist, after they are freed, and after the memory is released
RESIDENT_MEMORY = """
import os
import timevis, torch
from timevis.utils import machine

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20

torch.ones(2**22)
before = resident()
tensors = [torch.ones(2**22) for _ in range(16)]
del tensors
after_freeing = resident()
machine.release_freed_memory()
print(before, after_freeing, resident())
"""


def printed_numbers(code: str, **environment: str) -> list[int]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    completed = subprocess.run(
        [sys.executable, "-c", code], env=inherited | environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return [int(number) for number in completed.stdout.split()]


def test_tensors_reuse_the_pages_of_freed_tensors():
    assert max(printed_numbers(PAGE_FAULTS)) < 2**24 // os.sysconf(
        "SC_PAGE_SIZE"
    )  # fewer than the pages of one tensor


def test_malloc_variables_of_the_environment_take_precedence():
    # with this threshold, glibc maps every block above 0.25 MiB anew
    assert (
        min(printed_numbers(PAGE_FAULTS, MALLOC_MMAP_THRESHOLD_="262144"))
        >= 20 * 2**24 // os.sysconf("SC_PAGE_SIZE") // 2
    )


def test_an_old_glibc_gets_the_largest_threshold_that_it_accepts():
    accepted = {}

    def mallopt(parameter, value):
        if parameter == machine.M_MMAP_THRESHOLD and value > 2**25:  # refused by glibc up to 2.34
            return 0
        accepted[parameter] = value
        return 1

    machine.configure_malloc(mallopt)
    assert accepted[machine.M_MMAP_THRESHOLD] == 2**25


def test_freed_memory_can_be_released_to_the_system():
    before, after_freeing, after_release = printed_numbers(RESIDENT_MEMORY)
    assert after_freeing > before + 200
    assert after_release < before + 50


@pytest.mark.parametrize(("limit", "expected"), [("max\n", 9 * 2**30), ("4294967296\n", 3 * 2**30), ("1048576\n", 0)])
def test_the_limit_of_the_control_group_is_respected(tmp_path, monkeypatch, limit, expected):
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text(f"{3 * 2**29}\n")
    (tmp_path / "memory.stat").write_text(f"anon 7\ninactive_file {2**29}\n")  # the kernel can drop these pages
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=9 * 2**30))
    assert machine.available_bytes(tmp_path) == expected


def test_without_a_control_group_the_memory_of_the_machine_is_available(tmp_path):
    assert 0 < machine.available_bytes(tmp_path) <= psutil.virtual_memory().total


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_garbage_collector_is_disabled_during_imports_and_restored_afterwards(is_enabled: bool) -> None:
    (gc.enable if is_enabled else gc.disable)()
    try:
        with suppress(ImportError), machine.without_garbage_collection():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() == is_enabled
    finally:
        gc.enable()


def test_a_process_exits_without_collecting_imported_objects() -> None:
    code = (
        "import gc; from timevis.utils import machine\n"
        "with machine.without_garbage_collection(): import pandas\n"
        "gc.callbacks.append(lambda phase, info: print(phase, gc.get_freeze_count() > 50_000, flush=True))"
    )
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "start True" in completed.stdout
    assert "start False" not in completed.stdout
