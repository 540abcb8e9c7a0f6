"""Write sample series to try TimeVis on: timevis generate [FOLDER] [options]

Writes one file for each domain and format, for example traffic.csv, electricity.xlsx, weather.parquet. The series
resemble real data: they have daily and weekly seasons and noise. Unless --clean is given, each file has a gap, a
duplicate row and an outlier, which the cleaning of a run finds. The same options and seed give the same numbers.

    timevis generate
    timevis generate samples --domains traffic --formats csv --rows 20000 --series 5 --layout long
    timevis inspect samples/traffic.csv domain=traffic
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from timevis.utils.stdout import run_script

if TYPE_CHECKING:
    import pandas as pd

DOMAINS = ("traffic", "electricity", "weather")
FORMATS = ("csv", "xlsx", "json", "parquet")
SHEET_ROWS, SHEET_COLUMNS = 2**20, 2**14
"""The largest sheet of an XLSX workbook."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis generate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("outputs/samples"),
        metavar="FOLDER",
        help="(default: %(default)s)",
    )
    parser.add_argument("--domains", nargs="+", choices=DOMAINS, default=DOMAINS, help="domains (default: all)")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS, help="file formats (default: all)")
    parser.add_argument("--rows", type=int, default=24 * 180, help="rows of each series (default: %(default)s)")
    parser.add_argument("--series", type=int, default=2, help="series in each file (default: %(default)s)")
    parser.add_argument("--frequency", default="h", help="pandas frequency (default: %(default)s)")
    parser.add_argument(
        "--start", type=datetime.fromisoformat, default="2024-01-01", help="first time (default: %(default)s)"
    )
    parser.add_argument(
        "--layout",
        choices=("wide", "long"),
        default="wide",
        help="one column or one block of rows for each series (default: wide)",
    )
    parser.add_argument("--clean", action="store_true", help="without gap, duplicate row and outlier")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default: %(default)s)")
    args = parser.parse_args(arguments)
    if args.rows < 1 or args.series < 1:
        parser.error("--rows and --series must be at least 1")
    if args.seed < 0:
        parser.error(f"--seed {args.seed} must be at least 0")
    if args.start.tzinfo is not None:
        parser.error("--start must have no offset from UTC, for example 2024-01-01T00:00")
    rows, columns = (args.rows * args.series, 3) if args.layout == "long" else (args.rows, args.series + 1)
    if "xlsx" in args.formats and (rows >= SHEET_ROWS or columns > SHEET_COLUMNS):
        parser.error(
            f"--formats xlsx: a sheet has at most {SHEET_ROWS - 1:,} rows and {SHEET_COLUMNS:,} columns, but the "
            f"table has {rows:,} and {columns:,}; leave xlsx out of --formats, or lower --rows or --series"
        )
    if args.folder.exists() and not args.folder.is_dir():
        parser.error(f"{args.folder} is a file, not a folder")

    return run_script(lambda: generate(args))


def generate(args: argparse.Namespace) -> int:
    """Write one file for each domain and format."""
    from timevis.data.sample_tables import synthetic_table

    args.folder.mkdir(parents=True, exist_ok=True)
    for domain in args.domains:
        table = synthetic_table(
            domain,
            args.rows,
            args.series,
            frequency=args.frequency,
            start=args.start,
            layout=args.layout,
            clean=args.clean,
            seed=args.seed,
        )
        for extension in args.formats:
            path = args.folder / f"{domain}.{extension}"
            write_table(table, path)
            print(f"{path}: {len(table):,} rows")
    return 0


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table in the format of the file extension."""
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    elif path.suffix == ".xlsx":
        table.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_json(path, orient="records", date_format="iso", date_unit="s", indent=0)
