"""The Python script that the page shows beside a task runs as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from running_service import RunningService
from service_data import TINY_RUN, TOKEN

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("started")]


def run_script(text: str, folder: Path, token: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(text, encoding="utf-8")
    environment = {**os.environ, "TIMEVIS_TOKEN": token}
    command = [sys.executable, "script.py"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)


def test_the_script_of_a_training_trains_forecasts_and_saves_the_forecast(
    service: RunningService, plant: str, tmp_path: Path
) -> None:
    body = {**TINY_RUN, "model": "seasonal_naive", "dataset": plant, "dry_run": True}
    script = service.client.call("POST", "train", json=body)["commands"]["python"]
    done = run_script(script, tmp_path, TOKEN)
    assert done.returncode == 0, done.stderr
    forecast = pd.read_csv(tmp_path / "forecast-1-seasonal_naive.csv")
    assert len(forecast) == TINY_RUN["horizon"]
    assert forecast["q0.5"].notna().all()
    assert forecast["model_id"][0] in done.stdout

    refused = run_script(script, tmp_path, "a wrong token")
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert refused.stderr.startswith("error: ")
