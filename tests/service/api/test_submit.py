"""Requests that wait for the end of their task."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from flask.testing import FlaskClient
from running_service import wait_until
from service_data import TINY_RUN, TOKEN

from timevis.service.settings import WEB_THREADS


def test_a_quarter_of_the_threads_wait_and_the_other_requests_are_answered_at_once(
    http: FlaskClient, dataset: str
) -> None:
    places = WEB_THREADS // 4
    body = {"dataset": dataset, "model": "seasonal_naive", **TINY_RUN}
    headers = {"Authorization": f"Bearer {TOKEN}", "Prefer": "wait=30"}

    def train(_: int) -> int:
        return http.application.test_client().post("/api/train", json=body, headers=headers).status_code

    with ThreadPoolExecutor(2 * places) as pool:
        answers = [pool.submit(train, number) for number in range(2 * places)]
        wait_until(lambda: sum(answer.done() for answer in answers) >= places)
        assert sum(answer.done() for answer in answers) == places
        assert {answer.result() for answer in answers if answer.done()} == {202}
        waiting = [answer for answer in answers if not answer.done()]
        wait_until(lambda: http.get("/api/tasks").json["total"] == len(answers))
        for task in http.get("/api/tasks").json["items"]:
            http.post(f"/api/tasks/{task['id']}/cancel")
        assert {answer.result() for answer in waiting} == {200}
