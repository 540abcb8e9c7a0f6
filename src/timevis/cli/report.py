"""Write the report of a run again, in English or in Chinese: timevis report RUN [--language zh]

The report is made from the files of the run folder; no model is loaded. In English it is RUN/report.html, which a run
writes itself, with the charts as PNG files in RUN/plots. In Chinese it is RUN/report.zh.html; the PNG files stay in
English.

    timevis report outputs/traffic/lstm/2026-01-01_12-00-00-1a2b --language zh
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from timevis.utils.files import write_text
from timevis.utils.language import Language
from timevis.utils.stdout import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument(
        "--language", choices=get_args(Language), default="en", help="of the report (default: en, English)"
    )
    args = parser.parse_args(arguments)
    return run_script(lambda: write(args.run, args.language))


def write(run: Path, language: Language) -> int:
    """Write the report in a language, and print its path."""
    from timevis.report.page import report_page, write_report

    if language == "en":
        path = write_report(run)
    else:
        path = run / f"report.{language}.html"
        write_text(path, report_page(run, language))
    print(f"report: {path}")
    return 0
