"""Forecast beyond the data with a run, or score the run again: timevis predict RUN [FILE ...]

Forecasts the rows that follow the last value of the data of the run, or of new files with the same columns. Writes a
picture and one table with the columns item, channel, timestamp, point and quantiles, in the unit of the data, and
scored, which is False for a series that was too short for the run to score. Rows at the end of a file that have
covariates but no targets contain the known future of the covariates. Each file, and each series of a long file, is an
item of the table.

    timevis predict outputs/traffic/lstm/2026-01-01_12-00-00-1a2b
    timevis predict RUN --refit --out next_day.csv
    timevis predict RUN plant_a.csv plant_b.csv --out plants.parquet
    timevis predict RUN --events events.csv                 # what if the road is closed tomorrow
    timevis predict RUN --backtest                          # hides the last rows and forecasts them

With --rescore, the run is not used to forecast beyond the data. Instead it is scored, without training, on windows of
new files or of other dates. The results (results.json, report.html, ...) are written to DIR:

    timevis predict RUN --rescore --start 2018-01-01 --end 2018-03-31
    timevis predict RUN this_year.csv --rescore --out outputs/this_year
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from timevis.data.readers.file_checks import check_file
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.runs.folder import RunFolder
from timevis.utils.files import atomic_write, require_absent, require_writable
from timevis.utils.machine import without_garbage_collection
from timevis.utils.stdout import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument(
        "files", nargs="*", default=[], type=Path, metavar="FILE", help="new data (default: the data of the run)"
    )
    parser.add_argument("--refit", action="store_true", help="first fit again on all rows of the data of the run")
    parser.add_argument(
        "--horizon", type=int, metavar="ROWS", help="rows of the forecast, at most the horizon of the run"
    )
    parser.add_argument(
        "--backtest",
        action="store_true",
        help="hide the last rows, as many as the horizon, forecast them, and add their values as a column truth",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE|DIR",
        help="a .csv or .parquet file; with --rescore a new folder (default: in RUN/forecasts or RUN/rescored)",
    )
    parser.add_argument(
        "--events",
        type=Path,
        metavar="FILE",
        help="events in words that are known ahead: a file with the columns from, to and text",
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file of --out")
    parser.add_argument("--no-plot", action="store_true", help="do not draw a picture")
    parser.add_argument("--rescore", action="store_true", help="score the run on other dates or data")
    parser.add_argument("--start", metavar="TIME", help="with --rescore: first time of the targets")
    parser.add_argument(
        "--end",
        metavar="TIME",
        help="with --rescore: last time of the targets; a day or month includes all its hours",
    )
    args = parser.parse_intermixed_args(arguments)
    if args.rescore and args.refit:
        parser.error("--rescore scores the model of the run without fitting it again; leave --refit out")
    if args.rescore and (args.backtest or args.horizon is not None):
        parser.error("--rescore scores all windows of the dates given; leave --backtest and --horizon out")
    if args.rescore and args.events:
        parser.error("--rescore scores with the events of the run; leave --events out")
    if not args.rescore and (args.start or args.end):
        parser.error("--start and --end need --rescore")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")

    def forecast_or_rescore() -> int:
        check_inputs(args.run, args.files)
        return rescore_run(args) if args.rescore else forecast_future(args)

    return run_script(forecast_or_rescore)


def check_inputs(run: Path, files: Sequence[Path]) -> None:
    """Check that the run and the files exist, before large libraries are imported.

    Raises
    ------
    RunFolderError
        The folder is not a run folder.
    DataError
        Names the file that does not exist or has no format that TimeVis reads.
    """
    RunFolder(run)
    for file in files:
        check_file(file.expanduser())


def _now() -> str:
    return datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


def forecast_future(args: argparse.Namespace) -> int:
    """Forecast, and write the table and its picture."""
    out: Path = args.out or args.run / "forecasts" / f"{_now()}{'_refitted' * args.refit}.csv"
    if out.suffix not in (".csv", ".parquet"):
        message = Text("--out {path} is neither a .csv nor a .parquet file", path=str(out))
        raise ConfigError(message, Text("give a name that ends with one of them"))
    picture = out.with_suffix(".png")
    for path in (out, *([] if args.no_plot else [picture])):
        if not args.force:
            require_absent(path, Text("choose another --out, or overwrite it with --force"))
    require_writable(out.parent, "--out")
    with without_garbage_collection():
        from timevis.inference.predict import forecast_items, load_panels
        from timevis.report.charts import future_charts
        from timevis.report.draw_matplotlib import save_png
        from timevis.utils.logs import silence_libraries
        from timevis.utils.spreadsheets import to_csv

    silence_libraries()
    logging.getLogger("timevis.training.refit").setLevel(logging.INFO)
    folder = RunFolder(args.run)
    if args.out is None:
        folder.require_links_inside()
    items = load_panels(folder, args.files or None, args.events)
    table = forecast_items(folder, items, refit=args.refit, horizon=args.horizon, backtest=args.backtest)
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(out) as path:
        if out.suffix == ".csv":
            to_csv(table, path, index=False)
        else:
            table.to_parquet(path, index=False)
    first, last = table["timestamp"].min(), table["timestamp"].max()
    num_series, num_items = len(table.drop_duplicates(["item", "channel"])), table["item"].nunique()
    series = f"{num_series} series" + (f" in {num_items} items" if num_items > 1 else "")
    print(f"{len(table)} rows, {series}, {first} to {last}{', from the refitted model' * args.refit}: {out}")
    if not args.no_plot:
        save_png(out.parent, out.stem, future_charts(table, items), one_legend=True)
        print(f"picture: {picture}")
    return 0


def rescore_run(args: argparse.Namespace) -> int:
    """Score the run on other windows and print the results."""
    with without_garbage_collection():
        from timevis.inference.rescore import rescore
        from timevis.report.console import print_results
        from timevis.utils.logs import silence_libraries

    silence_libraries()
    out: Path = args.out or args.run / "rescored" / _now()
    require_writable(out, "--out")
    if args.out is None:
        RunFolder(args.run).require_links_inside()
    for results in rescore(args.run, out, args.files or None, start=args.start, end=args.end).values():
        print_results(results)
    print(f"written: {out}")
    return 0
