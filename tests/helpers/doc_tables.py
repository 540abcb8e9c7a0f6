"""Tables of the documentation, and the tables that `scripts/suite.py` prints from the recorded rows."""

from __future__ import annotations

import runpy
import sys
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Table = list[dict[str, str]]


def tables(text: str) -> list[Table]:
    """The Markdown tables of a text: a list of rows for each, with the cells by the names of the columns.

    A column whose name occurs more than once is called `NAME of THE COLUMN BEFORE IT`.
    """
    found: list[Table] = []
    header: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
        if not line.startswith("|"):
            header = []  # the table has ended
        elif not header:
            header = [f"{name} of {cells[i - 1]}" if cells.count(name) > 1 else name for i, name in enumerate(cells)]
            found.append([])
        elif set(line) - set("| -"):
            found[-1].append(dict(zip(header, cells, strict=True)))
    return found


def section(text: str, heading: str) -> str:
    """The text below a heading, up to the next heading of any level."""
    return text.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]


@cache
def printed(*arguments: str) -> list[Table]:
    """The tables that `scripts/suite.py` prints with these arguments.

    It runs in this process, since a new process would import PyTorch again, which takes longer than the tables.
    """
    script = ROOT / "scripts" / "suite.py"
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as output:
        patch.setattr(sys, "argv", [str(script), *arguments])
        patch.syspath_prepend(script.parent)
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(script), run_name="__main__")
    assert ended.value.code == 0
    return tables(output.getvalue())


def means(suite: str) -> Table:
    """The rows of the means over the data sets of a suite, trained models first."""
    trained, untrained = printed("table", "--suite", str(ROOT / f"scripts/{suite}.yaml"))[:2]
    return trained + untrained
