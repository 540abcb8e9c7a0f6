"""Replay months of a bundled data set through the daily loop of the service, with a drift, and draw what happened.

    python scripts/replay.py --days 150 --out docs/monitoring.png

The hourly electricity load is cut after 250 days, and a linear model is trained on it by the API of the service. A
monitor of it then gets one day of rows at a time, as a user would send them. On one day the meter is replaced by one
with noise. The monitor forecasts each day, scores each forecast with the rows of the next day, finds
the drift, sends alerts to a web server of this script, and trains challengers. Requests, cycles, training runs and
deliveries are those of the service. Only the clock is simulated: each day takes about a second, so the script queues
a cycle after each day of rows and carries it out in this process, which also reads the files.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from flask.testing import FlaskClient
from sqlalchemy import select

import timevis.service.monitoring.cycle  # noqa: F401  so that cycles can be carried out
from timevis.data.sample_tables import bundled_table
from timevis.service import profiling
from timevis.service.api import datasets
from timevis.service.app import create_app
from timevis.service.context import Context
from timevis.service.db.tables import Task
from timevis.service.monitoring.alerts import deliver_due
from timevis.service.monitoring.loop import queue_due
from timevis.service.settings import Settings
from timevis.service.tasks.jobs import Worker, execute
from timevis.service.tasks.states import QUEUED

matplotlib.use("agg")
TOKEN = "a-token-of-the-replay"
TRAINING_DAYS = 250
HORIZON = 24
TRAINING: dict[str, Any] = {"model": "linear", "horizon": HORIZON, "context_length": 168}
NOISE = 1.5
"""Standard deviation of the noise of the new meter, relative to the one of the hourly changes of the load."""
ROLLING = 7
"""Forecasts in the moving averages of the picture."""


class Replay:
    """The service in this process, and a web server that receives its alerts.

    Parameters
    ----------
    home : Path
        New folder for the files of the service.
    """

    def __init__(self, home: Path) -> None:
        profiling.run_child = lambda request, *_: profiling.carry_out(request)
        environment = {"TIMEVIS_HOME": str(home), "TIMEVIS_TOKEN": TOKEN, "TIMEVIS_BROKER_URL": "memory://"}
        self.settings = Settings.from_environment(environment)
        datasets.send = self._read_at_once  # type: ignore[assignment]
        app = create_app(self.settings)
        self.service: Context = app.extensions["timevis"]
        self.worker = Worker(self.settings, self.service.sessions, ("interactive", "cpu"))
        self.http: FlaskClient = app.test_client()
        self.http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
        self.received: list[dict[str, Any]] = []
        self.server = self._start_receiver()

    def _start_receiver(self) -> ThreadingHTTPServer:
        received = self.received

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Print nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def _read_at_once(self, _: Any, task_id: str, queue: str) -> bool:
        """Carry out the task that reads the file of a request within the request."""
        execute(self.worker, task_id)
        return True

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """One request; ends the script if it is refused."""
        answer = self.http.open(f"/api/{path}", method=method, **arguments)
        if answer.status_code >= 400:
            raise SystemExit(f"{method} {path}: {answer.json}")
        return answer.json

    def upload(self, path: str, rows: pd.DataFrame) -> str:
        """Send rows as a file; returns the identifier of the dataset."""
        file = (io.BytesIO(rows.to_csv(index=False).encode()), "load.csv")
        return str(self.call("POST", path, data={"file": file}, content_type="multipart/form-data")["id"])

    def work(self) -> None:
        """Carry out what is queued, as workers do, until nothing is; then send the alerts."""
        while True:
            with self.service.sessions() as session:
                queued = list(session.scalars(select(Task.id).where(Task.state == QUEUED).order_by(Task.created)))
            if not (queued := queued or [task.id for task in queue_due(self.service.sessions, time.time())]):
                break
            for task_id in queued:
                execute(self.worker, task_id)
                with self.service.sessions() as session:
                    task = session.get_one(Task, task_id)
                if task.state != "completed":
                    raise SystemExit(f"{task.kind}: {task.error} {task.advice}")
        deliver_due(self.service.sessions, self.settings)


def rows_with_new_meter(days: int, drift_day: int, seed: int) -> pd.DataFrame:
    """The load of `TRAINING_DAYS` and some days, from a day of the replay on with the noise of the new meter."""
    table, _ = bundled_table("electricity", None)
    rows = table.iloc[: 24 * (TRAINING_DAYS + days), :2].set_axis(["time", "load"], axis=1)
    start, rng = 24 * (TRAINING_DAYS + drift_day), np.random.default_rng(seed)
    load = rows["load"].to_numpy(float).copy()
    noise = NOISE * np.diff(load[:start]).std()
    load[start:] = np.maximum(0, load[start:] + rng.normal(0, noise, len(load) - start))
    return rows.assign(load=load.round(1))


def replay(home: Path, days: int, drift_day: int, seed: int) -> dict[str, Any]:
    """Send the rows day by day; returns the scores, alerts and champions as the API shows them."""
    rows, service = rows_with_new_meter(days, drift_day, seed), Replay(home)
    dataset = service.upload("upload", rows.iloc[: 24 * TRAINING_DAYS])
    task = service.call("POST", "train", json={**TRAINING, "dataset": dataset, "name": "Linear, first"})
    service.work()
    model = service.call("GET", f"tasks/{task['id']}")["result"]["model"]
    body = {
        "dataset": dataset,
        "model": model,
        "name": "Electricity",
        "retraining": {"on_drift": True, "promote": "test"},
        "receivers": [{"kind": "webhook", "address": f"http://127.0.0.1:{service.server.server_port}/alerts"}],
    }
    monitor = service.call("POST", "monitors", json=body)["id"]
    drift_time = str(rows["time"].iloc[24 * (TRAINING_DAYS + drift_day)])
    note = {"start": pd.Timestamp(drift_time).isoformat(), "text": "Meter replaced."}
    service.call("POST", f"datasets/{dataset}/annotations", json=note)
    service.work()
    for day in range(days):
        start, received = 24 * (TRAINING_DAYS + day), len(service.received)
        dataset = service.upload(f"datasets/{dataset}/rows", rows.iloc[start : start + 24])
        service.work()
        for alert in service.received[received:]:
            print(f"day {day + 1}: {alert['type']}: {alert['text']}", flush=True)
    service.server.shutdown()
    return {
        "drift": drift_time,
        "received": service.received,
        "scores": service.call("GET", f"monitors/{monitor}/scores")["items"],
        "alerts": service.call("GET", f"alerts?monitor={monitor}&per_page=200")["items"],
        "history": service.call("GET", f"monitors/{monitor}/champions"),
        "monitor": service.call("GET", f"monitors/{monitor}"),
    }


COLOURS = {
    "worse_than_naive": "tab:orange",
    "coverage": "tab:purple",
    "drift": "tab:red",
    "new_champion": "tab:green",
}


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw the error and the coverage of each forecast, the alerts, and the champions."""
    from matplotlib import pyplot

    scores = [item for item in found["scores"] if item["complete"]]
    times = pd.to_datetime([item["origin"] for item in scores])
    bounds, drift = found["monitor"]["bounds"], pd.Timestamp(found["drift"])
    panels = (
        ("wql", "WQL", None),
        ("relative_wql", "WQL relative to\nseasonal naive", (1.0,)),
        ("coverage_80", "Values inside the\n80 % interval", (bounds["coverage_low"], bounds["coverage_high"])),
    )
    figure, axes = pyplot.subplots(3, 1, figsize=(10, 7.5), sharex=True, layout="constrained")
    for axis, (metric, label, lines) in zip(axes, panels, strict=True):
        values = pd.Series([item["metrics"][metric] for item in scores], times, dtype=float)
        axis.plot(values.index, values, ".", color="0.75", markersize=4)
        axis.plot(values.rolling(ROLLING).mean(), color="tab:blue")
        for line in lines or ():
            axis.axhline(line, color="0.4", linewidth=0.8, linestyle="--")
        axis.axvline(drift, color="black", linewidth=1)
        axis.set_ylabel(label)
        axis.spines[["top", "right"]].set_visible(False)
        for alert in found["alerts"]:
            if alert["kind"] != "new_champion":
                time_of_alert = pd.Timestamp(alert["data_time"])
                axis.axvline(time_of_alert, color=COLOURS[alert["kind"]], linewidth=1, linestyle=":")
        for champion in found["history"]["champions"][:-1]:
            axis.axvline(pd.Timestamp(champion["first_origin"]), color=COLOURS["new_champion"], linewidth=1.2)
    axes[1].set_ylim(0, min(3, axes[1].get_ylim()[1]))
    axes[0].annotate(
        "meter replaced",
        (drift, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, 0),
        va="top",
        textcoords="offset points",
    )
    labels = {"drift": "drift found", "coverage": "coverage outside bounds", "worse_than_naive": "worse than naive"}
    handles = [
        pyplot.Line2D([], [], color=COLOURS[kind], linestyle=":", label=label)
        for kind, label in labels.items()
        if any(alert["kind"] == kind for alert in found["alerts"])
    ]
    handles.append(pyplot.Line2D([], [], color=COLOURS["new_champion"], label="first forecast of a new champion"))
    axes[0].legend(handles=handles, loc="center left", frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=150)
    parser.add_argument("--drift-day", type=int, default=60, help="day of the replay on which the meter is replaced")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="picture, for example docs/monitoring.png")
    args = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="timevis-replay-") as home:
        found = replay(Path(home), args.days, args.drift_day, args.seed)
    if args.out:
        draw(found, args.out)
    kinds = {alert["type"].removeprefix("alert.") for alert in found["received"]}
    reasons = [champion["reason"] for champion in found["history"]["champions"]]
    print(f"{args.days} days in {time.monotonic() - started:.0f} s; champions: {reasons}; alerts: {sorted(kinds)}")
    if missing := {"drift", "new_champion"} - kinds:
        raise SystemExit(f"not received: {sorted(missing)}")


if __name__ == "__main__":
    main()
