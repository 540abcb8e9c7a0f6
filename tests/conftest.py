"""The real config, compose_tiny with tiny settings, and runs of it in temporary folders."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hypothesis import settings
from omegaconf import DictConfig
from plant import PLANT_COLUMNS, plant_rows
from tiny import ROOT, TINY, TINY_LSTM
from trainers import leave_out_reports

from timevis.config.compose import register_resolvers

Compose = Callable[..., DictConfig]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--skipped-file", type=Path, help="write the skipped tests to this file, one a line, for `pytest @FILE`"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if path := config.getoption("--skipped-file"):
        tests = sorted({report.nodeid for report in terminalreporter.stats.get("skipped", [])})
        path.write_text("".join(f"{test}\n" for test in tests))


settings.register_profile("no clock", deadline=None)  # machines are noisy
settings.load_profile("no clock")


@pytest.fixture(scope="session", autouse=True)
def _single_thread_offline() -> None:
    """One thread in this process and in those that it starts, and no connection to Weights & Biases."""
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["WANDB_MODE"] = "offline"
    torch.set_num_threads(1)
    register_resolvers()


@pytest.fixture
def _clear_hydra() -> Iterator[None]:
    """Clear the global state of Hydra before and after a test that runs its main function in this process."""
    GlobalHydra.instance().clear()
    yield
    GlobalHydra.instance().clear()


@pytest.fixture(scope="session")
def compose_config() -> Compose:
    """Compose conf/train.yaml with tiny settings and further overrides."""

    def compose_tiny(*overrides: str) -> DictConfig:
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            other_data = any(o.startswith("data=") for o in overrides)
            tiny = [o for o in TINY if not (other_data and o.startswith("data"))]
            return compose("train", overrides=[*tiny, *overrides])

    return compose_tiny


@pytest.fixture(scope="session")
def lstm_config(compose_config: Compose) -> Compose:
    """`compose_config` of a small LSTM with dropout, three epochs of four steps."""
    return lambda *overrides: compose_config(*TINY_LSTM, *overrides)


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and rescored runs of the test get no report, whose pictures take longer than a tiny run."""
    leave_out_reports(monkeypatch)


@pytest.fixture(scope="session")
def train_py() -> Callable[..., subprocess.CompletedProcess]:
    """Run train.py in a process of its own, as a user does."""

    def run(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess:
        command = [sys.executable, str(ROOT / "train.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=ROOT)

    return run


@pytest.fixture
def train_in_process(monkeypatch: pytest.MonkeyPatch, _clear_hydra: None) -> Iterator[Callable[..., int]]:
    """Run the main function of train.py in this process; returns the exit code."""

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "train.py"), run_name="__main__")
        assert isinstance(ended.value.code, int)
        return ended.value.code

    sigterm_handler = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, sigterm_handler)


@pytest.fixture(scope="session")
def finished_run(compose_config: Compose, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Folder of a finished run with the given overrides, which tests only read.

    Each set of overrides is run once. Only a run that is asked for with ``report=True`` has a report.
    """
    from timevis.training.run import run

    folders: dict[tuple[object, ...], Path] = {}

    def finished(*overrides: str, report: bool = False) -> Path:
        key = (*overrides, report)
        if key not in folders:
            folder = tmp_path_factory.mktemp("run") / "run"
            with pytest.MonkeyPatch.context() as patch:
                if not report:
                    leave_out_reports(patch)
                run(compose_config(*overrides), folder, overrides)
            folders[key] = folder
        return folders[key]

    return finished


@pytest.fixture(scope="session")
def plant_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with 600 rows of `plant.plant_rows`."""
    path = tmp_path_factory.mktemp("data") / "plant.csv"
    plant_rows(600).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def plant(finished_run: Callable[..., Path], plant_file: Path) -> Path:
    """A finished run of the linear model on `plant_file`."""
    return finished_run("model=linear", "data=file", f"data.path={plant_file}", *PLANT_COLUMNS)
