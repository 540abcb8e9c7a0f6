"""A Python client of the service.

token = (Path.home() / ".timevis" / "token").read_text()
client = Client("http://localhost:5000", token)
dataset = client.upload("my.csv", name="Plant A")
task = client.wait(client.train(dataset["id"], "lstm", horizon=24))
forecast = client.forecast(task["result"]["model"])
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

FINAL_STATES = ("completed", "failed", "cancelled")
REQUEST_SECONDS = 330


class ServiceError(Exception):
    """An answer of the service that is a problem; `problem` has its code, detail, advice and errors."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__("\n  ".join(filter(None, (problem.get("detail"), problem.get("advice")))))
        self.problem = problem
        self.status: int = problem.get("status", 0)
        self.code: str = problem.get("code", "")


class Client:
    """Calls the service.

    Parameters
    ----------
    address : str
        For example ``http://localhost:5000``.
    token : str
    """

    def __init__(self, address: str, token: str) -> None:
        self.address = address.rstrip("/")
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """One request; returns the JSON of the answer, or its text.

        Raises
        ------
        ServiceError
        """
        answer = self._session.request(method, f"{self.address}/api/{path}", timeout=REQUEST_SECONDS, **arguments)
        is_json = "json" in answer.headers.get("Content-Type", "")
        if not answer.ok:
            raise ServiceError(
                answer.json() if is_json else {"status": answer.status_code, "detail": answer.text[:200]}
            )
        return answer.json() if is_json else answer.text

    def health(self) -> dict[str, Any]:
        answer = self._session.get(f"{self.address}/api/health", timeout=REQUEST_SECONDS)
        return dict(answer.json())

    def upload(self, path: str | Path, **details: str) -> dict[str, Any]:
        """Upload a file; returns the dataset with its quality report."""
        with Path(path).open("rb") as file:
            return self._dataset(self.call("POST", "upload", files={"file": (Path(path).name, file)}, data=details))

    def add_rows(self, dataset: str, path: str | Path) -> dict[str, Any]:
        """Append the newer rows of a file to a dataset; returns its new version."""
        with Path(path).open("rb") as file:
            files = {"file": (Path(path).name, file)}
            return self._dataset(self.call("POST", f"datasets/{dataset}/rows", files=files))

    def _dataset(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The dataset of an answer, which is a task while the file is being read."""
        if answer.get("kind") != "read":
            return dict(answer)
        task = self.complete(answer)
        return dict(self.call("GET", f"datasets/{task['result']['dataset']}"))

    def train(self, dataset: str, model: str, key: str | None = None, **settings: Any) -> dict[str, Any]:
        """Start a training; `key` makes the call repeatable. Returns the task."""
        headers = {"Idempotency-Key": key} if key else {}
        return dict(
            self.call("POST", "train", json={"dataset": dataset, "model": model, **settings}, headers=headers)
        )

    def task(self, task_id: str, since: int = 0) -> dict[str, Any]:
        return dict(self.call("GET", f"tasks/{task_id}", params={"since": since}))

    def cancel(self, task_id: str) -> dict[str, Any]:
        return dict(self.call("POST", f"tasks/{task_id}/cancel"))

    def retry(self, task_id: str) -> dict[str, Any]:
        return dict(self.call("POST", f"tasks/{task_id}/retry"))

    def wait(
        self,
        task: dict[str, Any],
        seconds: float = 3600,
        progress: Callable[[dict[str, Any]], None] | None = None,
        poll_seconds: float = 0.3,
    ) -> dict[str, Any]:
        """Wait until a task ends, and return it; `progress` is called with the task at every poll.

        Raises
        ------
        TimeoutError
        """
        deadline = time.monotonic() + seconds
        while (current := self.task(task["id"]))["state"] not in FINAL_STATES:
            if progress is not None:
                progress(current)
            if time.monotonic() > deadline:
                raise TimeoutError(f"task {task['id']} is {current['state']} after {seconds:g} s")
            time.sleep(poll_seconds)
        return current

    def complete(self, task: dict[str, Any], seconds: float = 3600) -> dict[str, Any]:
        """Wait until a task has completed, and return it.

        Raises
        ------
        ServiceError
            The task failed or was cancelled.
        TimeoutError
        """
        ended = self.wait(task, seconds)
        if ended["state"] != "completed":
            reason = ended.get("error") or f"the task {ended['id']} is {ended['state']}"
            raise ServiceError({"status": 422, "detail": reason, "advice": ended.get("advice")})
        return ended

    def forecast(self, *models: str, seconds: float = 600, **data: Any) -> dict[str, Any]:
        """Forecast with models, wait, and return the items; see `PredictRequest` for `data`."""
        body = {"models": list(models), **data}
        task = self.call("POST", "predict", json=body, headers={"Prefer": "wait=10"})
        return self.result(self.wait(task, seconds))

    def compare(self, *models: str, reference: str | None = None, seconds: float = 600) -> dict[str, Any]:
        """Compare models, wait, and return the tables."""
        body = {"models": list(models), **({"reference": reference} if reference else {})}
        task = self.call("POST", "compare", json=body, headers={"Prefer": "wait=10"})
        return self.result(self.wait(task, seconds))

    def result(self, task: dict[str, Any], format: str = "json") -> Any:
        """The result of a completed task; of a forecast also as ``csv``."""
        return self.call("GET", f"tasks/{task['id']}/result", params={"format": format})
