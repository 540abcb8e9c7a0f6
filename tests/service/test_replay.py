"""scripts/replay.py sends rows day by day through the daily loop; a drift is put in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_replay_finds_the_drift_after_it_began_and_promotes_a_challenger(tmp_path: Path) -> None:
    picture, drift_day = tmp_path / "replay.png", 30
    command = ["scripts/replay.py", "--days", "55", "--drift-day", str(drift_day), "--out", str(picture)]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr  # the web server of the script received both alerts
    days = {kind: int(day) for day, kind in re.findall(r"^day (\d+): alert\.(\w+):", done.stdout, re.MULTILINE)}
    assert drift_day < days["drift"] <= days["new_champion"]
    assert re.search(r"champions: \['test', 'first'\]", done.stdout), done.stdout
    assert picture.stat().st_size > 10_000
