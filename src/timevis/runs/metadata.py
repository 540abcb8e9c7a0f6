"""Describe a run: its data, model, backbone and seed, and the versions of the code."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

import timevis
from timevis.data.datamodule import WindowDataModule
from timevis.data.panel import Panel, normalize_nans
from timevis.data.split.split import mask_after
from timevis.messages import Text
from timevis.models.forecaster import Forecaster
from timevis.runs.config import RunConfig
from timevis.runs.results import RunFacts

LIBRARIES = ("torch", "pytorch-lightning", "transformers", "peft", "numpy", "pandas")


def git_commit() -> str | None:
    """The git commit of the source code, with ``+`` if files outside docs have changed; None outside a repository."""
    root = Path(timevis.__file__).parents[2]
    if not (root / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True).stdout

    try:
        changes = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs").strip()
        return git("rev-parse", "HEAD").strip() + ("+" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def data_hash(panel: Panel, ends: int | np.ndarray) -> str:
    """A hash of the rows before `ends`: values, covariates of each channel, times and names of the channels.

    `ends` is one row for all channels, or int64 [C] with the row after the last one of each channel.
    """
    rows = int(np.max(ends))
    values = panel.values[:rows] if np.ndim(ends) == 0 else mask_after(panel.values[:rows], np.asarray(ends))
    digest = hashlib.sha256(normalize_nans(values).data)
    for columns in panel.channel_covariate_columns:
        first, *other_series = normalize_nans(panel.covariates[:rows, np.unique(columns)].T)
        if all(np.array_equal(first, other, equal_nan=True) for other in other_series):
            digest.update(first.data)  # later rows, in which the series may differ, must not change the hash
        else:
            digest.update(normalize_nans(panel.covariates[:rows, columns]).data)
    digest.update(repr((panel.channels, str(panel.index[0]), panel.freq, panel.timezone)).encode())
    return digest.hexdigest()[:16]


def run_metadata(
    config: RunConfig,
    datamodule: WindowDataModule,
    forecaster: Forecaster,
    numbers_left_out: Mapping[str, Text],
) -> RunFacts:
    """The section ``run`` of results.json; see `QualityReport.numbers_left_out`."""
    description, panel = forecaster.describe(), datamodule.panel
    return RunFacts(
        data=panel.card.name,
        domain=panel.card.domain,
        public=panel.card.public,
        model=config.model.name,
        backbone=description.get("backbone"),
        description=description,
        seed=config.run.seed,
        covariates_read=[panel.covariate_names[k] for k in forecaster.covariates_read],
        git_commit=git_commit(),
        versions={
            "timevis": timevis.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        data_hash=data_hash(panel, datamodule.split.borders[..., 2]),
        numbers_left_out={
            name: reason.to_json() | {"text": reason.english} for name, reason in numbers_left_out.items()
        },
    )


def run_tags(run: RunFacts) -> list[str]:
    """Data and model, and the name, size and fingerprint of the backbone if there is one."""
    backbone = run.backbone or {}
    size = f"{backbone['parameters'] / 1e6:.1f} M parameters" if "parameters" in backbone else None
    return [tag for tag in (run.data, run.model, run.backbone_name, size, backbone.get("fingerprint")) if tag]
