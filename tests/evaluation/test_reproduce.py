"""scripts/reproduce.py runs the commands of recorded rows again and compares the scores."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from tiny import TINY


def test_a_row_is_run_once_and_a_wrong_number_is_named(finished_run, tmp_path: Path, script) -> None:
    rows, runs = tmp_path / "rows.json", tmp_path / "runs"
    script("suite.py", "record", finished_run("model=linear"), "--rows", rows)
    (row,) = json.loads(rows.read_text())
    row["command"] = shlex.join(["python", "train.py", "model=linear", *TINY])
    rows.write_text(json.dumps([row]))
    of_these = ("readme", "--rows", rows, "--runs", runs)
    assert "1 of 1 rows to run: about" in script("reproduce.py", *of_these, "--plan")[1]
    code, printed = script("reproduce.py", *of_these)
    assert (code, "| +0.00% | reproduced |" in printed) == (0, True), printed
    assert "0 of 1 rows to run" in script("reproduce.py", *of_these)[1]
    rows.write_text(json.dumps([row | {"relative_wql": row["relative_wql"] * 1.05}]))
    code, printed = script("reproduce.py", *of_these, "--check")
    assert (code, "| differs |" in printed) == (1, True)


def test_every_printed_row_has_a_command_that_can_be_run_again(script) -> None:
    for table in ("readme", "suite"):
        code, printed = script("reproduce.py", table, "--plan")
        assert code == 0
        assert "rows to run: about" in printed
