"""The data of a run, read again: with the channels, their order and the borders that the model was trained with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import accumulate
from typing import Any, TypeVar

from timevis.data.catalog import load_panel
from timevis.data.cleaning.quality_report import QualityReport
from timevis.data.panel import Panel
from timevis.data.schema.channel_selection import reorder_channels
from timevis.errors import DataError, RunFolderError
from timevis.runs import metadata
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder

P = TypeVar("P", bound=Panel)


def load_again(folder: RunFolder, *, future: bool = False) -> tuple[RunConfig, Panel, QualityReport]:
    """The data that a run's config names, as they are now; they may have grown.

    Parameters
    ----------
    folder : RunFolder
    future : bool
        See `timevis.data.catalog.load_panel`.

    Returns
    -------
    config
        The run's, with the split in rows and the frequency that the run found, by which the data were cleaned.
    panel, report

    Raises
    ------
    DataError
        A channel or covariate of the run is no longer there.
    RunFolderError
        See `as_trained`.
    """
    report = folder.data_report
    ends = list(accumulate(part["rows"] for part in report["split"].values()))
    config = RunConfig.from_config(folder.config)
    config = replace(config, data=replace(config.data, split=tuple(ends), frequency=report["frequency"]))
    panel, quality = load_panel(config.data, future=future, channels=tuple(report["channels"]))
    return config, as_trained(panel, report, panel.card.name), quality


def as_trained(panel: P, report: Mapping[str, Any], where: str) -> P:
    """The panel with exactly the channels and covariates of a run's data report, in its order.

    Raises
    ------
    DataError
        One of them is missing; `where` names the panel.
    RunFolderError
        The run is of a time when covariates were told apart by the names of series behind theirs.
    """
    covariates = report["covariates"]
    if old := [name for name, entry in covariates.items() if "/" in name and "of_each_series" not in entry]:
        raise RunFolderError(
            f"the run was trained by an older version, which may have read {old[0]!r} as a covariate of one series",
            "train it again",
        )
    panel = reorder_channels(panel, tuple(report["channels"]), where)
    if absent := [name for name in covariates if name not in panel.covariate_names]:
        raise DataError(
            f"{where} has no covariate {absent[0]!r}, which the run was trained with",
            "add the column, with values for every series of the run",
        )
    return panel.select(covariates=[panel.covariate_names.index(name) for name in covariates])


def with_unread(panel: P, report: Mapping[str, Any], read: Collection[str]) -> P:
    """The panel with an empty column for each covariate of a run that it lacks and the model does not `read`."""
    kinds = report["covariates"]
    absent = [name for name in kinds if name not in panel.covariate_names and name not in read]
    return panel.with_covariates({name: kinds[name]["kind"] == "known" for name in absent})


def require_unchanged(folder: RunFolder, panel: Panel, rows: int) -> None:
    """Refuse data whose rows up to the end of the test part, `rows`, are not those that the run was trained on.

    Raises
    ------
    DataError
        Values, covariates, times, names or borders have changed.
    """
    before = folder.data_report.get("data_hash")
    if before not in (None, metadata.data_hash(panel, rows)):
        raise DataError(
            f"{panel.card.name}: the data are not those that {folder.shown} was trained on: "
            "up to its test part's end values, times or names have changed, or the run is of an earlier version",
            "put them back as they were, or start a new run",
        )
