"""Check that a path is a file of a format that TimeVis reads. Importing this module is fast, unlike the readers."""

from __future__ import annotations

from pathlib import Path

from timevis.data.readers.compression import decompressed_name
from timevis.errors import DataError
from timevis.messages import Text, listed

FORMAT_OF_SUFFIX = {
    ".csv": "text",
    ".tsv": "text",
    ".txt": "text",
    ".dat": "text",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def check_file(path: Path) -> None:
    """Raise a DataError if a path is not a file, or if no supported format has its suffix."""
    if path.is_dir():
        advice = Text("one-file-of-folder", "give one file; the folder contains {tables}", tables=_list_tables(path))
        raise DataError(Text("path-is-a-folder", "{path} is a folder", path=str(path)), advice, "data.path")
    if path.exists() and not path.is_file():
        message = Text("path-is-a-device", "{path} is a pipe or a device, not a file", path=str(path))
        raise DataError(message, Text("write-into-file", "write its content into a file first"), "data.path")
    if not path.is_file():
        folder = str(path.parent.resolve())
        raise DataError(
            Text("no-such-file", "there is no file {path}", path=str(path)),
            Text(
                "searched-folder",
                "TimeVis looked in {folder}, which contains {tables}",
                folder=folder,
                tables=_list_tables(path.parent, path.suffix),
            )
            if path.parent.is_dir()
            else Text("no-such-folder", "TimeVis looked in {folder}, which does not exist either", folder=folder),
            "data.path",
        )
    format_from_name(path)


def format_from_name(path: Path) -> str:
    """The format that the suffix of a file names, without the suffix of its compression."""
    suffix = Path(decompressed_name(path)).suffix.lower()
    if suffix not in FORMAT_OF_SUFFIX:
        raise DataError(
            Text(
                "file-name-ending",
                "{source}: TimeVis does not read files with the suffix {suffix}",
                source=path.name,
                suffix=suffix,
            )
            if suffix
            else Text("file-name-without-ending", "{source}: the name of the file has no suffix", source=path.name),
            Text(
                "known-suffixes",
                "supported suffixes: {suffixes}, also in .gz, or as the only file in a .zip",
                suffixes=" ".join(FORMAT_OF_SUFFIX),
            ),
        )
    return FORMAT_OF_SUFFIX[suffix]


def _list_tables(folder: Path, suffix: str = "") -> list[str | Text]:
    """Names of the tables in a folder; text files, which may contain anything, only if a .txt file was asked for."""
    suffixes = {*FORMAT_OF_SUFFIX, ".gz", ".zip"}.difference({".txt"} - {suffix})
    names = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in suffixes)
    return listed(names, 8) or [Text("no-tables", "no tables")]
