"""Report on data before training: timevis inspect FILE|NAME [key=value ...]

Prints and draws the rows, duplicates, gaps, missing values and outliers of the data, statistics, seasonality and
autocorrelation of each channel, and the split. Nothing is trained, and the file is not changed.

    timevis inspect traffic
    timevis inspect my.csv 'target=[load]' 'covariates={holiday:DE}' 'split=[0.8,0.1,0.1]'
    timevis inspect sensors.xlsx sheet=2 id=sensor frequency=15min context_length=336 horizon=96
    timevis inspect etth1 'split=[2017-07-01,2017-11-01]'

FILE is CSV, TSV, XLSX, XLS, JSON or Parquet, wide or long. NAME is traffic, electricity, weather, etth1 or synthetic.
The keys are context_length, horizon and the keys of the config section data, with or without the prefix `data.`;
conf/data/file.yaml explains them.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path

from timevis.utils.stdout import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis inspect", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", metavar="FILE|NAME", help="a file, or the name of a data set")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="for example 'target=[load]'")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the picture and the JSON report (default: outputs/inspect)"
    )
    parser.add_argument("--no-plot", action="store_true", help="do not draw a picture")
    args = parser.parse_intermixed_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")

    out = args.out or Path("outputs/inspect")
    return run_script(lambda: inspect_data(args.source, args.overrides, out, not args.no_plot))


def inspect_data(source: str, overrides: list[str], out: Path, plot: bool) -> int:
    """Load, print, draw and write the report of one source."""
    from timevis.data.catalog import load_panel
    from timevis.data.options import DataOptions
    from timevis.report.data_console import compose_data_config, print_data_report
    from timevis.runs.default_lengths import default_lengths

    cfg, context_length, horizon = compose_data_config(source, overrides)
    options = DataOptions.from_config(cfg)
    panel, report = load_panel(options)
    ends = options.split_rows(panel).longest_ends
    defaults = default_lengths(panel.freq, ends, horizon)
    lengths = (context_length or defaults.context_length, defaults.horizon)
    print_data_report(panel, report, options.split, lengths)
    out.mkdir(parents=True, exist_ok=True)
    path = str(Path(cfg["path"]).expanduser().resolve()) if cfg["path"] else None
    name = report_name(out, panel.card.name, path)
    written = [out / f"{name}.json"]
    content = report.to_dict() | {"path": path}
    written[0].write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    if plot:
        from timevis.report.data_report import save_data_report

        written.append(save_data_report(panel, report, options.split, out / f"{name}.png"))
    print(f"\nwritten: {', '.join(map(str, written))}")
    return 0


def report_name(out: Path, data: str, path: str | None) -> str:
    """The name of a report in a folder, without extension.

    It has a number if the name is taken by another file than an earlier report on the same data.
    """
    name, number = f"{data}.report", 1
    while (out / f"{name}.json").exists() and not is_report_of(out / f"{name}.json", path):
        number += 1
        name = f"{data}-{number}.report"
    return name


def is_report_of(file: Path, path: str | None) -> bool:
    """Whether a file is an earlier report on the data in `path`, which may be replaced."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(content, dict) and "rows_read" in content and content.get("path", "") == path
