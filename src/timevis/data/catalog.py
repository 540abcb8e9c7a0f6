"""Load the data that a config names: a cleaned panel and its quality report."""

from __future__ import annotations

import hashlib
import logging
import os
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from timevis.config.suggestions import did_you_mean
from timevis.data.clean import add_holidays, clean, finalize_panel
from timevis.data.options import DataOptions, display_name
from timevis.data.panel import DatasetCard, Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.data.read_events import read_events
from timevis.data.read_options import ReadOptions
from timevis.data.readers.file_checks import check_file
from timevis.data.readers.header import units_of_names
from timevis.data.readers.read_table import read_table
from timevis.data.schema.columns import missing_column, no_such_column
from timevis.data.schema.time_column import stack_hour_columns
from timevis.data.synthetic import synthetic_panel
from timevis.data.table import Table
from timevis.errors import ConfigError, DataError
from timevis.messages import Setting, Text

log = logging.getLogger(__name__)
BUNDLED = resources.files("timevis.data") / "bundled"
DOWNLOAD_TIMEOUT_SECONDS = 30
LARGE_FILE_BYTES, MANY_ROWS = 2**25, 5_000_000
"""Size of a file, and rows, from which on reading and checking them have a line in the log."""


def load_panel(
    data: DataOptions | Mapping[str, Any],
    *,
    future: bool = False,
    channels: Sequence[str] | None = None,
    on_table: Callable[[Table], None] | None = None,
) -> tuple[Panel, QualityReport]:
    """Read, clean and describe the data that the `data` section of a config names.

    Parameters
    ----------
    data : DataOptions or mapping
        With `path`, a file; otherwise `name` is ``synthetic`` or a bundled or public data set.
    future : bool
        Keep the rows after the last value of any target, which contain future values of known covariates.
    channels : names, optional
        The channels of a finished run, if its data are loaded again; see
        `timevis.data.schema.channel_selection.select_channels`.
    on_table : callable, optional
        Is called with the table of a file before it is cleaned.

    Returns
    -------
    panel : Panel
    report : QualityReport

    Raises
    ------
    ConfigError
        A key, a choice or the data set is unknown; the advice names the nearest one.
    DataError
        The file cannot become a panel; the message names the file, the row and the column.
    """
    options = data if isinstance(data, DataOptions) else DataOptions.from_config(data)
    check_source(options)
    if options.path is None and options.name == "synthetic":
        panel, report = _synthetic(options)
    else:
        table, card = open_table(options)
        if on_table is not None:
            on_table(table)
        card = apply_options_to_card(replace(card, units=_units_of_table(table) | card.units), options)
        panel, report = clean(table, options, card, future=future, channels=channels)
    if options.events is not None:
        panel = replace(panel, events=read_events(options.events))
    for line in (report.summary(), *report.notes):
        log.info(line)
    return panel, report


def _units_of_table(table: Table) -> dict[str, str]:
    """Column to unit: the row of units below the header, else what stands in brackets in the column name."""
    return units_of_names(map(str, table.frame.columns)) | table.units


def apply_options_to_card(card: DatasetCard, options: DataOptions) -> DatasetCard:
    """The card with the domain, units and description of the options, where they are given."""
    if isinstance(options.unit, str):
        unit, units = options.unit, {}
    else:
        unit, units = card.unit, card.units | (options.unit or {})
    return replace(
        card,
        domain=options.domain or card.domain,
        unit=unit,
        units=units,
        description=options.description or card.description,
    )


def check_source(options: DataOptions) -> None:
    """Check that the source of the data exists, before anything is read.

    Raises
    ------
    ConfigError
        ``data=file`` has no path, or ``data=synthetic`` has options that describe a file.
    DataError
        There is no such file.
    """
    if options.path is not None:
        check_file(Path(options.path).expanduser())
    elif options.name == "file":
        advice = Text("for example: {data} {path}", data=Setting("data", "file"), path=Setting("data.path", "my.csv"))
        raise ConfigError(Text("{data} needs a file", data=Setting("data", "file")), advice, "data.path")
    elif options.name == "synthetic" and (keys := _keys_about_a_file(options)):
        message = Text(
            "{setting} is given, but {data} reads no file",
            setting=Setting(keys[0]),
            data=Setting("data", "synthetic"),
        )
        advice = Text(
            "leave it out; {settings} describe the series",
            settings=[
                Setting(f"data.{key}")
                for key in ("rows", "channels", "frequency", "domain", "seed", "covariates.holiday")
            ],
        )
        raise ConfigError(message, advice, keys[0])


def _keys_about_a_file(options: DataOptions) -> list[str]:
    """The config keys that describe columns or cells of a file, and are given."""
    names = ("time", "id", "target", "timezone", *(option.name for option in fields(ReadOptions)))
    values = {name: getattr(options, name) for name in names}
    values |= {f"covariates.{name}": kind for name, kind in (options.covariates or {}).items() if name != "holiday"}
    return [f"data.{name}" for name, value in values.items() if value not in (None, ())]


def open_table(options: DataOptions) -> tuple[Table, DatasetCard]:
    """Read the table that the options name; returns it with its dataset card."""
    if options.path is not None:
        path = Path(options.path).expanduser()
        if path.is_file() and (size := path.stat().st_size) >= LARGE_FILE_BYTES:
            log.info("reading %s (%.0f MB)", path.name, size / 1e6)
        table = read_table(options.path, options)
        if len(table.frame) >= MANY_ROWS:
            log.info("%d rows read; columns, times and values are checked", len(table.frame))
        if options.name in catalog() and (absent := missing_column(table, options)) is not None:
            advice = Text(
                "{data} names the columns of the bundled file; for your own file use {file}",
                data=Setting("data", options.name),
                file=Setting("data", "file"),
            )
            raise DataError(no_such_column(table, absent), advice, "data.name")
        return stack_hour_columns(table, options), DatasetCard(display_name(options.name, options.path))
    entries = catalog()
    if options.name not in entries:
        message = Text("there is no data set {name!r}", name=options.name)
        raise ConfigError(message, did_you_mean(options.name, [*entries, "file", "synthetic"]), "data.name")
    card, entry = read_card(options.name)
    return read_table(find_file(entry) if "url" in entry else Path(str(BUNDLED / f"{options.name}.csv.gz"))), card


def catalog() -> list[str]:
    """Names of the bundled and public data sets."""
    return sorted(p.name.removesuffix(".yaml") for p in BUNDLED.iterdir() if p.name.endswith(".yaml"))


def read_card(name: str) -> tuple[DatasetCard, dict[str, Any]]:
    """Read the entry of a bundled or public data set.

    Returns
    -------
    card : DatasetCard
    entry : dict
        All keys of the entry. The entry of a public data set has also ``file``, ``url`` and ``sha256``.
    """
    entry = yaml.safe_load((BUNDLED / f"{name}.yaml").read_text(encoding="utf-8"))
    names = {f.name for f in fields(DatasetCard)}
    values: dict[str, Any] = {k: tuple(v) if k in ("defects", "notes") else v for k, v in entry.items() if k in names}
    return DatasetCard(**values, public=True), entry


def data_folders() -> list[Path]:
    """The folders that are searched for the files of public data sets, in this order.

    They are the folder in TIMEVIS_DATA, ``../shared/data`` from the working directory and from the repository, and
    the cache.
    """
    configured = os.environ.get("TIMEVIS_DATA")
    shared = [Path("../shared/data"), *(p / "shared/data" for p in Path(__file__).parents[4:5])]
    folders = [*([Path(configured).expanduser()] if configured else []), *shared, cache_folder()]
    return list(dict.fromkeys(f.resolve() for f in folders))


def cache_folder() -> Path:
    """The folder for downloaded files."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "timevis"


def local_file(name: str, path: str | None) -> Path | None:
    """The file that a config names, if it is on this machine; None for generated series."""
    if path is None and name not in catalog():
        return None
    if path is not None:
        paths = [Path(path).expanduser()]
    elif "url" in (entry := read_card(name)[1]):
        paths = [folder / entry["file"] for folder in data_folders()]
    else:
        paths = [Path(str(BUNDLED / f"{name}.csv.gz"))]
    return next((path for path in paths if path.is_file()), None)


def find_file(entry: Mapping[str, Any]) -> Path:
    """Find the file of a public data set in a local folder, or download it to the cache.

    Raises
    ------
    DataError
        The file is in no local folder and cannot be downloaded, or its SHA-256 differs from the entry.
    """
    name = entry["file"]
    for folder in data_folders():
        if (folder / name).is_file():
            _check_content(folder / name, entry)
            log.info("reading %s", folder / name)
            return folder / name
    target = cache_folder() / name
    log.info("downloading %s", entry["url"])
    part = target.with_name(f"{name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(entry["url"], timeout=DOWNLOAD_TIMEOUT_SECONDS) as response:
            part.write_bytes(response.read())
        _check_content(part, entry)
        part.replace(target)
    except OSError as error:
        message = Text(
            "{file} is in none of {folders}, and could not be downloaded from {url} ({reason})",
            file=name,
            folders=[str(folder) for folder in data_folders()],
            url=entry["url"],
            reason=str(error),
        )
        advice = Text(
            "put the file into one of these folders, or set TIMEVIS_DATA to the folder that contains it (sha256 "
            "{sha256}...)",
            sha256=entry["sha256"][:16],
        )
        raise DataError(message, advice) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _check_content(path: Path, entry: Mapping[str, Any]) -> None:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 != entry["sha256"]:
        message = Text(
            "{path} is not the published {file} (sha256 {sha256}..., not {expected}...)",
            path=str(path),
            file=entry["file"],
            sha256=sha256[:16],
            expected=entry["sha256"][:16],
        )
        raise DataError(message, Text("delete it, or replace it with {url}", url=entry["url"]))


def _synthetic(options: DataOptions) -> tuple[Panel, QualityReport]:
    panel = synthetic_panel(
        options.rows,
        options.channels,
        domain=options.domain or "electricity",
        freq=options.frequency or "h",
        seed=options.seed,
    )
    panel = add_holidays(replace(panel, card=apply_options_to_card(panel.card, options)), options)
    return finalize_panel(panel, options, QualityReport("synthetic", rows_read=len(panel)), options.split_rows(panel))
