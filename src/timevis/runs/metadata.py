"""Who a run was: data, model, backbone, seed, and the versions that made it."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import timevis
from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel, normalize_nans
from timevis.models.forecaster import Forecaster
from timevis.runs.config import RunConfig
from timevis.runs.record import backbone_name

LIBRARIES = ("torch", "pytorch-lightning", "transformers", "peft", "numpy", "pandas")


def git_commit() -> str | None:
    """The commit of the source tree, with ``+`` if it has changes; None outside one."""
    root = Path(timevis.__file__).parents[2]
    if not (root / ".git").exists():
        return None

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True).stdout

    try:
        changed = git("status", "--porcelain", "--untracked-files=no").strip()
        return git("rev-parse", "HEAD").strip() + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def data_hash(panel: Panel, rows: int) -> str:
    """Of the cleaned values and covariates in the first `rows` rows, of which covariates a channel reads, and of the
    times and the names of the channels."""
    digest = hashlib.sha256(normalize_nans(panel.values[:rows]).data)
    for columns in panel.channel_covariate_columns:
        first, *others = normalize_nans(panel.covariates[:rows, np.unique(columns)].T)
        if all(np.array_equal(first, other, equal_nan=True) for other in others):
            digest.update(first.data)  # whether the series differ later is not of these rows
        else:
            digest.update(normalize_nans(panel.covariates[:rows, columns]).data)
    digest.update(repr((panel.channels, str(panel.index[0]), panel.freq, panel.timezone)).encode())
    return digest.hexdigest()[:16]


def run_metadata(config: RunConfig, datamodule: WindowDataModule, forecaster: Forecaster) -> dict[str, Any]:
    """The run section of results.json."""
    description, panel = forecaster.describe(), datamodule.panel
    return {
        "data": panel.card.name,
        "domain": panel.card.domain,
        "public": panel.card.public,
        "model": config.model.name,
        "backbone": description.get("backbone"),
        "description": description,
        "seed": config.run.seed,
        "git_commit": git_commit(),
        "versions": {
            "timevis": timevis.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "data_hash": data_hash(panel, datamodule.split.test_end),
    }


def run_tags(run: dict[str, Any]) -> list[str]:
    """Data, model and, where there is one, backbone, its size and its fingerprint."""
    about = run["backbone"] or {}
    size = f"{about['parameters'] / 1e6:.1f} M parameters" if "parameters" in about else None
    return [tag for tag in (run["data"], run["model"], backbone_name(run), size, about.get("fingerprint")) if tag]
