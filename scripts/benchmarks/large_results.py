"""Requests for a model of 30,490 series, whose results.json has tens of megabytes, without a server or a network."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from timevis.metrics.specs import METRICS
from timevis.runs.folder import RunFolder
from timevis.service.app import create_app
from timevis.service.db.tables import Model, new_id
from timevis.service.settings import Settings
from timevis.service.tasks.summary import summarise

SERIES = 30_490
TOKEN = "a-token-of-the-benchmark"


def main(rounds: int, threads: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        environment = {"TIMEVIS_HOME": name, "TIMEVIS_TOKEN": TOKEN, "TIMEVIS_BROKER_URL": "redis://127.0.0.1:1/0"}
        app = create_app(Settings.from_environment(environment))
        http, service = app.test_client(), app.extensions["timevis"]
        http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
        run, model = service.storage.run(new_id()), new_id()
        _write_run(run)
        with service.sessions.begin() as session:
            summary = summarise(RunFolder(run).results)
            session.add(Model(id=model, name="large", kind="linear", run_id=run.name, summary=summary))
        megabytes = (run / "results.json").stat().st_size / 1e6
        print(f"  results.json: {megabytes:.1f} MB")
        results: dict[str, Any] = {"results.json MB": megabytes}
        for path in ("models", f"models/{model}", f"models/{model}/verdict"):
            seconds, size = [], 0
            for _ in range(rounds + 1):
                begin = time.perf_counter()
                answer = http.get(f"/api/{path}")
                seconds.append(time.perf_counter() - begin)
                assert answer.status_code == 200, answer.text[:300]
                size = len(answer.data)
            label = path.replace(model, "{id}")
            results[label] = {"first": seconds[0], "again": statistics.median(seconds[1:]), "MB": size / 1e6}
            again = results[label]["again"]
            print(f"  GET /api/{label}: first {seconds[0]:.2f} s, again {again:.3f} s, {size / 1e6:.2f} MB")
        del home
    return results


def _write_run(folder: Path) -> None:
    """A finished run of few series, whose results then name many."""
    from timevis.api import train

    train("synthetic", "linear", horizon=24, context_length=48, overrides=["data.rows=600"], folder=folder)
    path, random = folder / "results.json", np.random.default_rng(0)
    content = json.loads(path.read_text(encoding="utf-8"))
    names = [f"HOBBIES_1_{number:05d}_CA_1_evaluation" for number in range(SERIES)]
    content["window_set"]["channels"] = names
    content["seasonal_naive_season"] = dict.fromkeys(names, 7)
    for key in ("by_channel", "seasonal_naive_by_channel"):
        content[key] = {name: dict(zip(METRICS, random.random(len(METRICS)).tolist(), strict=True)) for name in names}
    path.write_text(json.dumps(content), encoding="utf-8")
