"""scripts/reproduce.py runs the commands of recorded rows again and compares the scores."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from tiny import TINY


def test_a_row_is_run_once_and_a_wrong_number_is_named(finished_run, tmp_path: Path, script) -> None:
    rows, runs = tmp_path / "rows.json", tmp_path / "runs"
    script("suite.py", "record", finished_run("model=linear"), "--rows", rows)
    (row,) = json.loads(rows.read_text())
    row["command"] = shlex.join(["python", "train.py", "model=linear", *TINY])
    rows.write_text(json.dumps([row]))
    of_these = ("bundled", "--rows", rows, "--runs", runs)
    assert "1 of 1 rows to run: about" in script("reproduce.py", *of_these, "--plan")[1]
    code, printed = script("reproduce.py", *of_these)
    assert (code, "| +0.00% | reproduced |" in printed) == (0, True), printed
    assert "0 of 1 rows to run" in script("reproduce.py", *of_these)[1]
    rows.write_text(json.dumps([row | {"relative_wql": row["relative_wql"] * 1.05}]))
    code, printed = script("reproduce.py", *of_these, "--check")
    assert (code, "| differs |" in printed) == (1, True)


def test_the_recalibration_of_a_row_is_written_only_where_the_run_or_the_command_says_it(
    finished_run, tmp_path: Path, script
) -> None:
    rows, linear, naive = tmp_path / "rows.json", finished_run("model=linear"), finished_run("model=seasonal_naive")
    script("suite.py", "record", linear, naive, "--rows", rows)
    known = {row["model"]: row for row in json.loads(rows.read_text())}
    row, other = ({k: v for k, v in known[m].items() if k != "recalibration"} for m in ("linear", "seasonal_naive"))
    runs = tmp_path / "runs" / "rows" / row["data"]
    for model, run in (("linear", linear), ("seasonal_naive", naive)):
        (runs / model).mkdir(parents=True)
        (runs / model / "seed0").symlink_to(run)
    set_by_command = row | {"seed": 1, "command": "python train.py model=linear conformal=split"}
    changed = other | {"wql": other["wql"] * 1.001}
    rows.write_text(json.dumps([row, set_by_command, changed, changed | {"data": "not run"}]))
    few = json.loads((naive / "results.json").read_text())["recalibration"]["reason"] == "few-windows"
    command = ("reproduce.py", "bundled", "--rows", rows, "--runs", tmp_path / "runs", "--check", "--recalibration")
    assert f"written into {2 + few} rows, not known of {2 - few} of 4" in script(*command)[1]
    *ran, not_run = json.loads(rows.read_text())
    assert "recalibration" not in not_run
    written = {(r["model"], r["seed"]): r.get("recalibration") for r in ran}
    assert written["linear", 0] == known["linear"]["recalibration"]
    assert written["linear", 1] == "split"
    assert written["seasonal_naive", 0] == ("online" if few else None)


def test_the_code_of_another_checkout_is_run(finished_run, tmp_path: Path, script) -> None:
    rows = tmp_path / "rows.json"
    script("suite.py", "record", finished_run("model=linear"), "--rows", rows)
    (tmp_path / "src/timevis").mkdir(parents=True)
    (tmp_path / "src/timevis/__init__.py").write_text("COMMIT = 'an earlier one'\n")
    (tmp_path / "train.py").write_text("import sys, timevis\nsys.exit(f'Error: this is {timevis.COMMIT}')\n")
    of_these = ("bundled", "--rows", rows, "--runs", tmp_path / "runs")
    code, printed = script("reproduce.py", *of_these, "--code", tmp_path)
    assert (code, "Error: this is an earlier one" in printed, "| not run |" in printed) == (1, True, True), printed


def test_every_printed_row_has_a_command_that_can_be_run_again(script) -> None:
    total = {}
    for table in ("readme", "bundled", "unseen2", "unseen", "suite"):
        code, printed = script("reproduce.py", table, "--plan")
        assert code == 0
        total[table] = int(re.match(r"(\d+) of \d+ rows to run: about", printed)[1])
    assert total["readme"] == total["bundled"] + total["unseen2"] > total["unseen"] > 100
