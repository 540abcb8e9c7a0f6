"""Alerts reach a web server and a mail server on this machine, once for each cause, whatever fails on the way."""

from __future__ import annotations

import base64
import email
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from receivers import MailBox, mail_server, web_receiver
from servers import free_port
from sqlalchemy import select

from timevis.messages import Text
from timevis.service.db.monitor_tables import COVERAGE, Alert, Delivery, Monitor
from timevis.service.db.tables import Sessions
from timevis.service.monitoring.alerts import raise_alert, resolve_alerts
from timevis.service.monitoring.deliveries import deliver_due, new_secret
from timevis.service.settings import Settings


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
                text = Text("alert-trial", "this is a trial of the alerts of the monitor {name!r}", name="Plant A")
                values = {"data_time": "2026-03-01T00:00:00", "coverage_80": 0.5}
                return raise_alert(session, session.get_one(Monitor, monitor.id), COVERAGE, cause, text, **values)

        assert raise_it("forecast 1") is not None
        assert raise_it("forecast 1") is None  # an attempt that was taken for lost comes again
        assert raise_it("forecast 2") is None  # the condition lasts
        web.status, now = 503, time.time()
        assert deliver_due(sessions, settings, 20, now) == 0  # one server refuses, the other one does not run
        assert deliver_due(sessions, settings, 20, now + 1) == 0
        assert len(web.requests) == 1
        web.status = 204
        with mail_server(box, port), ThreadPoolExecutor(4) as pool:
            workers = [pool.submit(deliver_due, sessions, settings, 20, now + 10) for _ in range(4)]
            assert sum(worker.result() for worker in workers) == 2
            assert deliver_due(sessions, settings, 20, now + 10_000) == 0
            with sessions.begin() as session:
                resolve_alerts(session, session.get_one(Monitor, monitor.id), COVERAGE)
            assert raise_it("forecast 1") is None
            assert raise_it("forecast 3") is not None  # it has begun again
            assert deliver_due(sessions, settings, 20, now + 20_000) == 2
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
