"""The real config, composed once into a temporary folder with tiny settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from timevis.command_line import register_resolvers

ROOT = Path(__file__).parents[1]

TINY = (
    "data=synthetic",
    "data.rows=600",
    "context_length=24",
    "horizon=6",
    "trainer=cpu",
    "trainer.enable_progress_bar=false",
    "trainer.log_every_n_steps=1",
    "logger=none",
    "evaluation.max_windows=20",
    "evaluation.val_windows=10",
    "evaluation.num_samples=8",
    "evaluation.save_windows=8",
)
TINY_LSTM = (
    "model=lstm",
    "model.hidden_size=8",
    "model.num_layers=2",
    "model.dropout=0.3",
    "model.fit.batch_size=16",
    "model.fit.max_epochs=3",
    "model.fit.steps_per_epoch=4",
)

Compose = Callable[..., DictConfig]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["WANDB_MODE"] = "offline"


@pytest.fixture(scope="session")
def compose_config() -> Compose:
    """Compose conf/train.yaml with tiny settings and further overrides."""
    register_resolvers()

    def composed(*overrides: str) -> DictConfig:
        other_data = any(o.startswith("data=") for o in overrides)
        tiny = [t for t in TINY if not (other_data and t.startswith("data"))]
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            return compose("train", overrides=[*tiny, *overrides])

    return composed


@pytest.fixture(scope="session")
def lstm_config(compose_config: Compose) -> Compose:
    """`compose_config` of a small LSTM with dropout, three epochs of four steps."""
    return lambda *overrides: compose_config(*TINY_LSTM, *overrides)


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
