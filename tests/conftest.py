"""The real config, composed with tiny settings, and runs of it in temporary folders."""

from __future__ import annotations

import os
import runpy
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
from plant import READ_AS, plant_rows
from tiny import ROOT, TINY, TINY_LSTM

from timevis.config.compose import register_resolvers

Compose = Callable[..., DictConfig]

settings.register_profile("no clock", deadline=None)  # machines are noisy
settings.load_profile("no clock")


@pytest.fixture(scope="session", autouse=True)
def _quiet_machine() -> None:
    """One thread, and no word to any server."""
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["WANDB_MODE"] = "offline"
    torch.set_num_threads(1)
    register_resolvers()


@pytest.fixture
def _no_hydra() -> Iterator[None]:
    """Tests that run Hydra's main function in this process leave no trace of it."""
    GlobalHydra.instance().clear()
    yield
    GlobalHydra.instance().clear()


@pytest.fixture(scope="session")
def compose_config() -> Compose:
    """Compose conf/train.yaml with tiny settings and further overrides."""

    def composed(*overrides: str) -> DictConfig:
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            other_data = any(o.startswith("data=") for o in overrides)
            tiny = [o for o in TINY if not (other_data and o.startswith("data"))]
            return compose("train", overrides=[*tiny, *overrides])

    return composed


@pytest.fixture(scope="session")
def lstm_config(compose_config: Compose) -> Compose:
    """`compose_config` of a small LSTM with dropout, three epochs of four steps."""
    return lambda *overrides: compose_config(*TINY_LSTM, *overrides)


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the report, whose pictures take longer than a tiny run."""
    monkeypatch.setattr("timevis.experiment.write_report", lambda folder: None)


@pytest.fixture(scope="session")
def train_py() -> Callable[..., subprocess.CompletedProcess]:
    """Run train.py as its user does."""

    def run(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess:
        command = [sys.executable, str(ROOT / "train.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=ROOT)

    return run


@pytest.fixture
def train_here(monkeypatch: pytest.MonkeyPatch, _no_hydra: None) -> Callable[..., int]:
    """Run train.py's main function in this process; returns the exit code."""

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "train.py"), run_name="__main__")
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


@pytest.fixture(scope="session")
def finished_run(compose_config: Compose, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Folder of a real, finished run with the overrides; each set of overrides is run once and only read."""
    from timevis.experiment import run

    folders: dict[tuple[str, ...], Path] = {}

    def finished(*overrides: str) -> Path:
        if overrides not in folders:
            folder = tmp_path_factory.mktemp("run") / "run"
            run(compose_config(*overrides), folder, overrides)
            folders[overrides] = folder
        return folders[overrides]

    return finished


@pytest.fixture(scope="session")
def plant_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 600 rows as `plant.plant_rows` makes them."""
    path = tmp_path_factory.mktemp("data") / "plant.csv"
    plant_rows(600).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def plant(finished_run: Callable[..., Path], plant_file: Path) -> Path:
    """A linear map fitted to that file."""
    return finished_run("model=linear", "data=file", f"data.path={plant_file}", *READ_AS)
