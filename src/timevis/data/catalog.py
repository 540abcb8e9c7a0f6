"""The door of the data room: from a `data` config to a cleaned panel and its report."""

from __future__ import annotations

import hashlib
import logging
import os
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from timevis.config.suggestions import did_you_mean
from timevis.data.cleaning.clean import add_holidays, clean, finalize_panel
from timevis.data.cleaning.quality_report import QualityReport
from timevis.data.new_files import read_new_file
from timevis.data.options import CleaningOptions, DataOptions, shown_name
from timevis.data.panel import DatasetCard, Panel
from timevis.data.readers.read_table import check_file, read_table
from timevis.data.readers.table import Table
from timevis.data.schema.columns import missing_column
from timevis.data.synthetic import synthetic_panel
from timevis.errors import AmbiguousDataError, ConfigError, DataError

log = logging.getLogger(__name__)
BUNDLED = resources.files("timevis.data") / "bundled"


def load_panel(
    data: DataOptions | Mapping[str, Any], *, future: bool = False, channels: Sequence[str] | None = None
) -> tuple[Panel, QualityReport]:
    """Read, clean and describe the data that a config's `data` group names.

    Parameters
    ----------
    data : DataOptions or mapping
        With `path`, the user's own file; otherwise `name` is ``synthetic`` or a bundled or public data set.
    future : bool
        Keep the rows after the last value of any target: they tell known covariates of the future.
    channels : names, optional
        Those of a run, by whose values the rows of a file are chosen; see
        `timevis.data.schema.channel_selection.select_channels`.

    Raises
    ------
    ConfigError
        An unknown key, choice or data set; names the nearest.
    DataError
        The file cannot become a panel; names file, row and column.
    """
    options = data if isinstance(data, DataOptions) else DataOptions.from_config(data)
    check_source(options)
    if options.path is None and options.name == "synthetic":
        panel, report = _synthetic(options)
    else:
        table, card = open_table(options)
        panel, report = clean(table, options, _said(card, options), future=future, channels=channels)
    for line in (report.summary(), *report.notes):
        log.info(line)
    return panel, report


def _said(card: DatasetCard, options: DataOptions) -> DatasetCard:
    """The card with what the user said in its place."""
    said = options.unit
    unit, units = (said, {}) if isinstance(said, str) else (card.unit, card.units | (said or {}))
    return replace(
        card,
        domain=options.domain or card.domain,
        unit=unit,
        units=units,
        description=options.description or card.description,
    )


def check_source(options: DataOptions) -> None:
    """Refuse data before anything is read: the user's own without a file, made ones with what is said of a file.

    Raises
    ------
    ConfigError, DataError
    """
    if options.path is not None:
        check_file(Path(options.path).expanduser())
    elif options.name == "file":
        raise ConfigError("data=file needs a file", "for example: data=file data.path=my.csv")
    elif options.name == "synthetic" and (useless := _of_a_file(options)):
        raise ConfigError(
            f"{useless[0]} is given, which data=synthetic has no use for: its series come from no file",
            "leave it out; data.rows, channels, frequency, domain, seed and covariates.holiday say what is made",
        )


def _of_a_file(options: DataOptions) -> list[str]:
    """The options given that say something of the columns or cells of a file."""
    said = {name: getattr(options, name) for name in ("time", "id", "target", "timezone", "sheet")}
    said |= {f"covariates.{name}": kind for name, kind in (options.covariates or {}).items() if name != "holiday"}
    of_cells = ("day_first", "encoding", "decimal", "missing")
    said |= {f"cleaning.{name}": getattr(options.cleaning, name) for name in of_cells}
    return [f"data.{name}" for name, value in said.items() if value not in (None, ())]


def open_table(options: DataOptions) -> tuple[Table, DatasetCard]:
    """The raw table that the options name, and its dataset card."""
    if options.path is not None:
        cleaning = options.cleaning
        path = Path(options.path).expanduser()
        table = read_table(path, sheet=options.sheet, encoding=cleaning.encoding, decimal=cleaning.decimal)
        if options.name in catalog() and (absent := missing_column(table, options)) is not None:
            raise DataError(
                f"{table.source} has no column {absent!r}",
                f"data={options.name} brings the columns of its own file; for yours say data=file",
            )
        return table, DatasetCard(shown_name(options.name, options.path))
    entries = catalog()
    if options.name not in entries:
        raise ConfigError(
            f"there is no data set {options.name!r}", did_you_mean(options.name, [*entries, "file", "synthetic"])
        )
    card, entry = read_card(options.name)
    return read_table(find_file(entry) if "url" in entry else Path(str(BUNDLED / f"{options.name}.csv.gz"))), card


def catalog() -> list[str]:
    """Names of the bundled and public data sets."""
    return sorted(p.name.removesuffix(".yaml") for p in BUNDLED.iterdir() if p.name.endswith(".yaml"))


def read_card(name: str) -> tuple[DatasetCard, dict[str, Any]]:
    """The dataset card of a bundled or public data set, and its whole entry (which may add file, url and sha256)."""
    entry = yaml.safe_load((BUNDLED / f"{name}.yaml").read_text(encoding="utf-8"))
    known = {f.name for f in fields(DatasetCard)}
    given: dict[str, Any] = {k: tuple(v) if k in ("defects", "notes") else v for k, v in entry.items() if k in known}
    return DatasetCard(**given, public=True), entry


def data_folders() -> list[Path]:
    """Where public data sets are looked for: TIMEVIS_DATA, ../shared/data (from here or the source), the cache."""
    given = os.environ.get("TIMEVIS_DATA")
    beside = [Path("../shared/data"), *(p / "shared/data" for p in Path(__file__).parents[4:5])]
    folders = [*([Path(given).expanduser()] if given else []), *beside, cache_folder()]
    return list(dict.fromkeys(f.resolve() for f in folders))


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "timevis"


def find_file(entry: Mapping[str, Any]) -> Path:
    """A public file, from a local folder or else downloaded to the cache; its content is checked either way.

    Raises
    ------
    DataError
        It is nowhere and cannot be downloaded, or its content is another.
    """
    name = entry["file"]
    for folder in data_folders():
        if (folder / name).is_file():
            _check(folder / name, entry)
            log.info("reading %s", folder / name)
            return folder / name
    target = cache_folder() / name
    looked = ", ".join(map(str, data_folders()))
    log.info("downloading %s", entry["url"])
    part = target.with_name(f"{name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(entry["url"], timeout=30) as answer:
            part.write_bytes(answer.read())
        _check(part, entry)
        part.replace(target)
    except OSError as error:
        raise DataError(
            f"{name} is in none of {looked}, and could not be downloaded from {entry['url']} ({error})",
            f"put the file into one of these folders, or set TIMEVIS_DATA to the folder that holds it "
            f"(sha256 {entry['sha256'][:16]}...)",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _check(path: Path, entry: Mapping[str, Any]) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != entry["sha256"]:
        raise DataError(
            f"{path} is not the published {entry['file']} (sha256 {found[:16]}..., not {entry['sha256'][:16]}...)",
            f"delete it, or replace it by {entry['url']}",
        )


def _synthetic(options: DataOptions) -> tuple[Panel, QualityReport]:
    panel = synthetic_panel(
        options.rows,
        options.channels,
        domain=options.domain or "electricity",
        freq=options.frequency or "h",
        seed=options.seed,
    )
    panel = add_holidays(replace(panel, card=_said(panel.card, options)), options)
    return finalize_panel(panel, options, QualityReport("synthetic", rows_read=len(panel)))


def load_files(
    paths: Sequence[str | Path],
    options: DataOptions,
    channels: Sequence[str],
    *,
    freq: str | None = None,
    usual: CleaningOptions | None = None,
) -> dict[str, Panel]:
    """Read new files the way an existing run read its data, for forecasts beyond their last row.

    Parameters
    ----------
    paths : files
        A file with the run's channels is one item, named after the file. A long file whose series are not the run's
        channels is one item for each of its series, named ``series`` or ``file/series``.
    options : DataOptions
        Of the run.
    channels : names
        Channels of the run, in its order.
    freq : str, optional
        The run's frequency; another one in a file is an error.
    usual : CleaningOptions, optional
        The decimal mark and the order of day and month in the run's own file, for files that do not show theirs.

    Returns
    -------
    dict
        Item name to panel. Nothing is left out for being constant, and no outlier is masked.

    Raises
    ------
    DataError
        See `read_new_file`; or two items have one name.
    """
    card = read_card(options.name)[0] if options.name in catalog() else DatasetCard(options.name)
    card = replace(_said(card, options), public=False)
    items: dict[str, Panel] = {}
    for path in map(Path, paths):
        try:
            found = read_new_file(path, options, tuple(channels), freq, card, usual or CleaningOptions())
        except AmbiguousDataError as error:
            raise DataError(
                error.message,
                f"{error.advice}; a run reads new files with its own data.cleaning: mend the file, or train with it",
            ) from error
        for name, panel in found.items():
            if name in items:
                name = f"{path.stem}/{name}"
            if name in items:
                raise DataError(f"{path}: two items are named {name!r}", "give the files different names")
            items[name] = panel
    return items
