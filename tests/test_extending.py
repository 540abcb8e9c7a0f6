"""The examples of docs/extending.md, added to a copy of TimeVis, appear in all interfaces."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from tiny import ROOT, TINY


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources with the files that the page shows."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "static")
    for source in ("src/timevis", "conf"):
        shutil.copytree(ROOT / source, folder / source, ignore=ignored)
    page = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    blocks = re.findall(r'^```\w+ title="(\S+)"\n(.*?)^```$', page, flags=re.MULTILINE | re.DOTALL)
    assert blocks
    for name, text in blocks:
        assert not (folder / name).exists(), "an example is a new file"
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def call(copy: Path, *arguments: str) -> str:
    """The output of ``python -m`` with the copy."""
    variables = {**os.environ, "PYTHONPATH": str(copy / "src")}
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=copy, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_model_is_a_choice_of_the_command_line_and_stands_in_the_leaderboard(copy: Path) -> None:
    assert re.search(r"^model: .*\blast_value\b", call(copy, "timevis", "train", "--help"), flags=re.MULTILINE)
    sweep = ("-m", "model=last_value,seasonal_naive", f"hydra.sweep.dir={copy / 'sweep'}", *TINY)
    call(copy, "timevis", "train", *sweep)
    board = pd.read_csv(copy / "sweep/leaderboard.csv")
    assert set(board["model"]) == {"last_value", "seasonal_naive"}
    assert board["val/relative_wql"].notna().all()


def test_a_new_model_has_its_options_in_the_service(copy: Path) -> None:
    call(copy, "timevis.models.catalog")
    catalog = json.loads((copy / "src/timevis/models/catalog.json").read_text(encoding="utf-8"))
    assert next(iter(catalog)) == "last_value", "the fastest model comes first"
    (option,) = catalog["last_value"]["options"]
    assert (option["name"], option["default"]) == ("rows", 1)
    assert option["help"] == "Number of values whose mean is repeated."

    schemas = json.loads(call(copy, "timevis.service.specification"))["components"]["schemas"]
    request = schemas["TrainLastValue"]["properties"]
    assert request["model"]["const"] == "last_value"
    options = schemas["LastValueOptions"]["properties"]
    assert options["rows"] == {
        "title": "Rows",
        "description": "Number of values whose mean is repeated.",
        "type": "integer",
        "minimum": 1,
        "maximum": 10_000_000,
        "default": 1,
    }
    assert "last_value" in json.dumps(schemas["PredictRequest"]["properties"]["method"])
