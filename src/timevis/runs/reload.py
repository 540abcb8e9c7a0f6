"""The data of a run, read again, and what results.json says of them."""

from __future__ import annotations

import hashlib
import logging
import platform
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

import timevis
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.options import DataOptions
from timevis.data.panel import Panel, normalize_nans
from timevis.data.quality.quality_report import QualityReport
from timevis.data.schema.channel_selection import reorder_channels
from timevis.data.split import RowEnds, Split, SplitSpec, StoredSplit, mask_after
from timevis.errors import DataError
from timevis.messages import Text
from timevis.models.forecaster import Forecaster
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.results import RunFacts
from timevis.utils.files import damaged_file_error

log = logging.getLogger(__name__)

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


P = TypeVar("P", bound=Panel)


def load_run_data(folder: RunFolder, *, future: bool = False) -> tuple[RunConfig, Panel, QualityReport]:
    """Load the data that the config of a run names. The file may have grown since the run.

    Parameters
    ----------
    folder : RunFolder
    future : bool
        See `timevis.data.catalog.load_panel`.

    Returns
    -------
    config : RunConfig
        The config of the run; the split is in rows, in the rows of each series if the run split each series, and the
        frequency is the one that the run inferred.
    panel : Panel
    report : QualityReport

    Raises
    ------
    DataError
        The data no longer have a channel or covariate of the run.
    """
    return _load_rows_of_run(folder, RunConfig.from_config(folder.config), future)


def _load_rows_of_run(folder: RunFolder, config: RunConfig, future: bool) -> tuple[RunConfig, Panel, QualityReport]:
    report = folder.data_report
    options = with_columns_of_long_table(config.data, report)
    config = replace(config, data=replace(options, split=_stored_split(folder), frequency=report["frequency"]))
    panel, quality = load_panel(config.data, future=future, channels=tuple(report["channels"]))
    return config, select_trained_channels(panel, report, panel.card.name), quality


def with_columns_of_long_table(options: DataOptions, report: Mapping[str, Any]) -> DataOptions:
    """Options with the columns that a run found in a long table, so that newer rows do not change their roles.

    They are the targets and the columns that name the series.
    """
    roles, series_columns = report["roles"], tuple(report.get("series_columns", ()))
    if "id" not in roles.values():
        return options
    targets = tuple(name for name, role in roles.items() if role == "target")
    return replace(options, target=options.target or targets, id=options.id or series_columns or None)


def _stored_split(folder: RunFolder) -> SplitSpec:
    report = folder.data_report
    if report.get("split_by") != "series":
        return RowEnds(*accumulate(part["rows"] for part in report["split"].values()))
    table = folder.table("splits")
    try:
        rows = table[["start", "train_end", "val_end", "test_end"]].to_numpy(np.int64)
        return StoredSplit(zip(table["channel"], map(tuple, rows.tolist()), strict=True))
    except (KeyError, ValueError, TypeError) as error:
        raise damaged_file_error(folder.path / "splits.parquet", error) from error


def split_table(datamodule: WindowDataModule) -> pd.DataFrame | None:
    """The borders of each series for splits.parquet, a row per channel; None for a split on the common axis."""
    split = datamodule.split
    if split.starts is None:
        return None
    borders = dict(zip(("train_end", "val_end", "test_end"), split.borders.T, strict=True))
    scored = split.scored(datamodule.context_length, datamodule.horizon)
    return pd.DataFrame({"channel": datamodule.panel.channels, "start": split.starts, **borders, "scored": scored})


def load_data_to_resume(folder: RunFolder, config: RunConfig) -> tuple[RunConfig, Panel, QualityReport]:
    """Load the data of a run that is resumed.

    If rows were appended to the file since, shares of its rows would give another split. The run then goes on with
    the split that it had, in rows, and a warning says so.

    Parameters
    ----------
    folder : RunFolder
    config : RunConfig
        Config of the run, with what the resumed run changes.

    Returns
    -------
    config : RunConfig
        The split is in rows if rows were appended.
    panel : Panel
    report : QualityReport

    Raises
    ------
    DataError
        Values, covariates, times or names of the rows of the run have changed.
    """
    panel, quality = load_panel(config.data)
    if _has_data_of_run(folder, panel, config.data.split_rows(panel)):
        return config, panel, quality
    try:
        config, panel, quality = _load_rows_of_run(folder, config, future=False)
    except DataError:
        raise _data_changed_error(folder, panel) from None
    split = config.data.split_rows(panel)
    check_data_unchanged(folder, panel, split)
    log.warning(
        "%s has %d rows after those that the run was started with: the run goes on with its own %d rows; to use all "
        "rows, start a new run",
        panel.card.name,
        len(panel) - split.test_end,
        split.test_end,
    )
    return config, panel, quality


def select_trained_channels(panel: P, report: Mapping[str, Any], source: str) -> P:
    """Select the channels and covariates that a run was trained with, in its order.

    Parameters
    ----------
    panel : Panel
    report : mapping
        data_report.json of the run.
    source : str
        Name of the data, for error messages.

    Raises
    ------
    DataError
        The panel has no such channel or covariate.
    """
    panel = reorder_channels(panel, tuple(report["channels"]), source)
    covariates = report["covariates"]
    if absent := [name for name in covariates if name not in panel.covariate_names]:
        message = Text(
            "{source} has no covariate {column!r}, which the run was trained with", source=source, column=absent[0]
        )
        raise DataError(message, Text("add the column, with values for every series of the run"))
    return panel.select(covariates=[panel.covariate_names.index(name) for name in covariates])


def add_unread_covariates(panel: P, report: Mapping[str, Any], covariates_read: Collection[str]) -> P:
    """Append a column without values for each covariate of a run that the panel lacks and the model does not read.

    Parameters
    ----------
    panel : Panel
    report : mapping
        data_report.json of the run.
    covariates_read : names
        Covariates that the model of the run reads.
    """
    covariates = report["covariates"]
    absent = [name for name in covariates if name not in panel.covariate_names and name not in covariates_read]
    return panel.with_covariates({name: covariates[name]["kind"] == "known" for name in absent})


def check_data_unchanged(folder: RunFolder, panel: Panel, split: Split) -> None:
    """Check that the rows up to the end of the test part are those that the run was trained on.

    Parameters
    ----------
    folder : RunFolder
    panel : Panel
        The data of the run as they are now.
    split : Split
        Of the run.

    Raises
    ------
    DataError
        Values, covariates, times, names or the split have changed.
    """
    if not _has_data_of_run(folder, panel, split):
        raise _data_changed_error(folder, panel)


def _has_data_of_run(folder: RunFolder, panel: Panel, split: Split) -> bool:
    """Whether the rows up to the end of the test part are those that the run was started with."""
    ends = split.borders[..., 2]
    return split.test_end <= len(panel) and folder.data_report.get("data_hash") == data_hash(panel, ends)


def _data_changed_error(folder: RunFolder, panel: Panel) -> DataError:
    message = Text(
        "{source}: the data differ from the data that {path} was trained on: values, times or names have changed "
        "before the end of the test part",
        source=panel.card.name,
        path=str(folder.display_path),
    )
    advice = Text("restore the rows that the run was started with (more rows may follow them), or start a new run")
    return DataError(message, advice)
