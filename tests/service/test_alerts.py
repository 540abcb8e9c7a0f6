"""Alerts reach a web server and a mail server on this machine, once for each cause, whatever fails on the way."""

from __future__ import annotations

import base64
import email
import hashlib
import hmac
import json
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from receivers import MailBox, dripping_server, mail_server, web_receiver
from running_service import wait_until
from servers import free_port
from sqlalchemy import select

from timevis.messages import Text
from timevis.service.db.monitor_tables import COVERAGE, TRIAL, Alert, Delivery, Monitor
from timevis.service.db.tables import Sessions, Task
from timevis.service.monitoring import alerts, loop, sending
from timevis.service.monitoring.alerts import (
    LOST_SECONDS,
    Deliveries,
    deliver_due,
    failing_receivers,
    raise_alert,
    resolve_alerts,
)
from timevis.service.monitoring.sending import new_secret
from timevis.service.settings import Settings
from timevis.service.tasks.queue import make_celery


def test_an_alert_arrives_once_at_each_receiver_though_the_servers_fail_first(
    sessions: Sessions, make_settings: Callable[..., Settings]
) -> None:
    port, secret, box = free_port(), new_secret(), MailBox()
    settings = make_settings(TIMEVIS_SMTP_URL=f"smtp://127.0.0.1:{port}", TIMEVIS_MAIL_FROM="timevis@plant.example")
    with web_receiver() as web:
        receivers = [
            {"kind": "webhook", "address": web.address, "secret": secret},
            {"kind": "mail", "address": "team@plant.example", "alerts": ["coverage"]},
            {"kind": "mail", "address": "rows@plant.example", "alerts": ["no_rows"]},
        ]
        with sessions.begin() as session:
            columns = {"schedule": {}, "bounds": {}, "retraining": {}, "receivers": receivers, "state": {}}
            monitor = Monitor(name="Plant A", dataset_id="0" * 32, model_id="1" * 32, horizon=24, **columns)
            session.add(monitor)

        def raise_it(cause: str) -> Alert | None:
            with sessions.begin() as session:
                text = Text("this is a trial of the alerts of the monitor {name!r}", name="Plant A")
                values = {"data_time": "2026-03-01T00:00:00", "coverage_80": 0.5}
                return raise_alert(session, session.get_one(Monitor, monitor.id), COVERAGE, cause, text, **values)

        assert raise_it("forecast 1") is not None
        assert raise_it("forecast 1") is None  # an attempt that was taken for lost comes again
        assert raise_it("forecast 2") is None  # the condition lasts
        web.status, now = 503, time.time()
        assert deliver_due(sessions, settings, now) == 0  # one server refuses, the other one does not run
        assert deliver_due(sessions, settings, now + 1) == 0
        assert len(web.requests) == 1
        web.status = 204
        with mail_server(box, port), ThreadPoolExecutor(4) as pool:
            workers = [pool.submit(deliver_due, sessions, settings, now + 10) for _ in range(4)]
            assert sum(worker.result() for worker in workers) == 2
            assert deliver_due(sessions, settings, now + 10_000) == 0
            with sessions.begin() as session:
                resolve_alerts(session, session.get_one(Monitor, monitor.id), COVERAGE)
            assert raise_it("forecast 1") is None
            assert raise_it("forecast 3") is not None  # it has begun again
            assert deliver_due(sessions, settings, now + 20_000) == 2
    (first, body), (second, again), (third, _) = web.requests
    assert body == again
    assert first["webhook-id"] == second["webhook-id"] != third["webhook-id"]
    signed = f"{second['webhook-id']}.{second['webhook-timestamp']}.".encode() + again
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert second["webhook-signature"] == f"v1,{digest}"
    content = json.loads(body)
    assert (content["type"], content["monitor"]["name"]) == ("alert.coverage", "Plant A")
    assert content["values"] == {"coverage_80": 0.5}
    assert secret.encode() not in body
    mails = [email.message_from_bytes(envelope.content) for envelope in box.mails]
    assert [envelope.rcpt_tos for envelope in box.mails] == [["team@plant.example"]] * 2
    assert len({mail["Message-ID"] for mail in mails}) == 2
    assert mails[0]["Subject"] == "[TimeVis] Plant A: coverage"
    assert "this is a trial" in mails[0].get_payload()
    with sessions() as session:
        assert {row.state for row in session.scalars(select(Delivery))} == {"sent"}
        assert session.query(Alert).count() == 2


def monitor_with(sessions: Sessions, receivers: list[dict[str, Any]], alerts: int = 1) -> str:
    """A monitor with some alerts that wait; returns its identifier."""
    with sessions.begin() as session:
        columns = {"schedule": {}, "bounds": {}, "retraining": {}, "receivers": receivers, "state": {}}
        monitor = Monitor(name="Plant A", dataset_id="0" * 32, model_id="1" * 32, horizon=24, **columns)
        session.add(monitor)
        session.flush()
        for number in range(alerts):
            text = Text("this is a trial of the alerts of the monitor {name!r}", name=f"{number}")
            assert raise_alert(session, monitor, TRIAL, f"{number}", text) is not None
        return monitor.id


def webhook(address: str) -> dict[str, Any]:
    return {"kind": "webhook", "address": address, "secret": new_secret()}


def states_of(sessions: Sessions) -> dict[str, set[str]]:
    """The states of the deliveries to each address."""
    found = defaultdict[str, set[str]](set)
    with sessions() as session:
        for row in session.scalars(select(Delivery)):
            found[row.target["address"]].add(row.state)
    return dict(found)


def test_receivers_that_answer_byte_by_byte_delay_no_other_and_are_left_after_the_deadline(
    sessions: Sessions, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SECONDS", 8.0)
    with dripping_server() as (web_port, web_seconds), dripping_server(b"220 mail") as (mail_port, mail_seconds):
        settings = make_settings(TIMEVIS_SMTP_URL=f"smtp://127.0.0.1:{mail_port}")
        slow = f"http://127.0.0.1:{web_port}/hook"
        monitor_with(sessions, [webhook(slow), {"kind": "mail", "address": "team@plant.example"}], alerts=3)
        with web_receiver() as fast:
            monitor = monitor_with(sessions, [webhook(fast.address)], alerts=3)
            running = Deliveries(sessions, settings, time.time())
            running.wake()
            wait_until(lambda: len(fast.requests) == 3, seconds=7)  # while both others are still being tried
            assert states_of(sessions)[slow] == {"sending", "waiting"}
            running.join()
        wait_until(lambda: len(web_seconds) == len(mail_seconds) == 1, seconds=20)  # not once for each alert
        assert max(web_seconds + mail_seconds) < 30
    assert states_of(sessions) == {slow: {"waiting"}, "team@plant.example": {"waiting"}, fast.address: {"sent"}}
    with sessions() as session:
        errors = {row.error for row in session.scalars(select(Delivery).where(Delivery.attempts > 0))}
        assert errors == {None, "there was no complete answer within 8 s"}
        assert failing_receivers(session, session.get_one(Monitor, monitor)) == []


def test_alerts_of_a_receiver_that_fails_wait_together_and_follow_when_it_accepts_one(
    sessions: Sessions, make_settings: Callable[..., Settings]
) -> None:
    settings, now = make_settings(), time.time() + 10  # after the alerts

    def failing() -> list[dict[str, Any]]:
        with sessions() as session:
            return failing_receivers(session, session.get_one(Monitor, monitor))

    with web_receiver() as web:
        monitor = monitor_with(sessions, [webhook(web.address)], alerts=4)
        web.status = 503
        assert deliver_due(sessions, settings, now) == 0
        assert len(web.requests) == 1  # the others wait with the one that was refused
        assert [row["since"] for row in failing()] == [now]
        assert deliver_due(sessions, settings, now + 4) == 0
        assert deliver_due(sessions, settings, now + 6) == 0
        assert len({headers["webhook-id"] for headers, _ in web.requests}) == len(web.requests) == 2
        assert deliver_due(sessions, settings, now + 6 + 29) == 0
        assert len(web.requests) == 2  # the second failure in a row waits for 30 s
        reason = {"since": now, "error": "the address answered with 503"}
        assert failing() == [{"kind": "webhook", "address": web.address, **reason}]
        web.status = 204
        assert deliver_due(sessions, settings, now + 6 + 31) == 4
    assert failing() == []
    assert states_of(sessions) == {web.address: {"sent"}}


def test_an_alert_that_its_receiver_never_accepts_stops_no_other_and_is_given_up(
    sessions: Sessions, make_settings: Callable[..., Settings]
) -> None:
    settings, now = make_settings(), time.time() + 10  # after the alerts
    with web_receiver() as web:
        monitor_with(sessions, [webhook(web.address)], alerts=3)
        web.refuses = b"monitor '0'"
        for _ in range(8):
            deliver_due(sessions, settings, now)
            now += 2000
        accepted = [body for _, body in web.requests if web.refuses not in body]
        assert len(accepted) == 2
        assert states_of(sessions) == {web.address: {"sent", "waiting"}}
        deliver_due(sessions, settings, now + 4 * 86_400)
    assert states_of(sessions) == {web.address: {"sent", "failed"}}


def test_a_delivery_whose_worker_was_killed_is_repeated_with_the_same_identifier(
    sessions: Sessions, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SECONDS", 1.0)
    settings = make_settings()
    with dripping_server() as (port, _), web_receiver() as web:
        monitor_with(sessions, [webhook(f"http://127.0.0.1:{port}/hook"), webhook(web.address)])
        assert len(_claimed(sessions, 2)) == 2  # a worker claimed both and was killed
        assert deliver_due(sessions, settings) == 0
        assert web.requests == []
        with sessions() as session:
            identifiers = {row.target["address"]: row.id for row in session.scalars(select(Delivery))}
        settled = time.time() + LOST_SECONDS + 1
        assert deliver_due(sessions, settings, settled) == 1
    (request,) = web.requests
    assert request[0]["webhook-id"] == identifiers[web.address]


def _claimed(sessions: Sessions, count: int) -> list[Delivery]:
    claimed = [alerts._claim(sessions, time.time(), []) for _ in range(count)]
    return [delivery for delivery in claimed if delivery is not None]


def test_the_lock_in_which_cycles_start_is_not_held_while_the_broker_is_asked(
    sessions: Sessions, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    monkeypatch.setattr(loop, "queue_due", lambda *_: [Task(id="0" * 32, queue="interactive")])
    monkeypatch.setattr(loop, "send", lambda *_: held.append(loop._is_looking.locked()))
    loop.look(sessions, make_celery(make_settings()))
    assert held == [False]
