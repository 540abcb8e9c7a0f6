"""The commands that docs/service.md shows, with a file that has missing hours and a column of text."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from running_service import RunningService
from service_data import TOKEN, plant_csv

PAGE = Path(__file__).resolve().parents[2] / "docs/service.md"
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("started")]


def test_the_commands_of_the_page_lead_from_a_file_to_a_forecast(service: RunningService, tmp_path: Path) -> None:
    (tmp_path / "plant.csv").write_bytes(plant_csv(rows=400, seed=3))
    (tmp_path / "token").write_text(TOKEN)
    section = PAGE.read_text().partition("## Use it")[2].partition("\n## ")[0]
    commands, python = re.findall(r"```(?:bash|python)\n(.*?)```", section, re.DOTALL)
    variables = {"TIMEVIS_HOME": str(tmp_path), "API": f"{service.client.address}/api"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr)
    printed = done.stdout
    header = "model,item,channel,timestamp,point,q0.025"
    assert printed.count(header) == 2
    assert "Seasonal naive,plant,load,2026-01-17T16:00:00" in printed
    events = re.findall(r"^event: (\w+)$", printed, re.MULTILINE)
    assert (events[0], events[-1]) == ("state", "end")
    assert {"progress", "log"} <= set(events)
    assert len(printed.rpartition(header)[2].partition("{")[0].strip().splitlines()) == 1 + 24
    assert '"reference": "seasonal_naive"' in printed.replace('":"', '": "')
    names: dict[str, Any] = {"token": TOKEN}
    python = python.replace("http://localhost:5000", service.client.address)
    python = python.replace('Path.home() / ".timevis"', f"Path({str(tmp_path)!r})")
    exec(python.replace("plant.csv", str(tmp_path / "plant.csv")), names)
    assert len(names["forecast"]["point"]) == 24
