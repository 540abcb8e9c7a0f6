"""Check that a path is a file of a format that TimeVis reads. Importing this module is fast, unlike the readers."""

from __future__ import annotations

from pathlib import Path

from timevis.data.readers.compression import decompressed_name
from timevis.errors import DataError
from timevis.messages import Text
from timevis.utils.formatting import join_names

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
    """Raise a DataError if a path is not a file, or if its suffix is not that of a supported format."""
    if path.is_dir():
        raise DataError(f"{path} is a folder", f"give one file; the folder holds {_list_tables(path)}")
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is a pipe or a device, not a file", "write its content into a file first")
    if not path.is_file():
        content = (
            f"which holds {_list_tables(path.parent, path.suffix)}"
            if path.parent.is_dir()
            else "which does not exist either"
        )
        raise DataError(f"there is no file {path}", f"TimeVis looked in {path.parent.resolve()}, {content}")
    format_from_name(path)


def format_from_name(path: Path) -> str:
    """The format that the suffix of a file names, without that of its compression."""
    suffix = Path(decompressed_name(path)).suffix.lower()
    if suffix not in FORMAT_OF_SUFFIX:
        raise DataError(
            Text(
                "file-name-ending",
                "{source}: the suffix {suffix} is not that of a format that TimeVis reads",
                source=path.name,
                suffix=suffix or "(none)",
            ),
            Text(
                "known-suffixes",
                "supported suffixes: {suffixes}, also in .gz, or as the only file in a .zip",
                suffixes=" ".join(FORMAT_OF_SUFFIX),
            ),
        )
    return FORMAT_OF_SUFFIX[suffix]


def _list_tables(folder: Path, suffix: str = "") -> str:
    """Names of the tables in a folder; text files, which may hold anything, only if a .txt file was asked for."""
    suffixes = {*FORMAT_OF_SUFFIX, ".gz", ".zip"}.difference({".txt"} - {suffix})
    names = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in suffixes)
    return join_names(names, 8) or "no tables"
