"""A service whose owner has asked for nothing more has no users, monitors, alerts, or further ports."""

from __future__ import annotations

import json
import subprocess
import sys

import psutil
from flask.testing import FlaskClient
from running_service import RunningService
from sqlalchemy import select

from timevis.service.db.monitor_tables import Alert, Delivery, Monitor
from timevis.service.db.tables import Share, Task, Token, User
from timevis.service.monitoring.loop import look

OPTIONAL_PACKAGES = {"mcp", "aiosmtpd", "s3fs", "wandb"}
SHOWN = f"""
import json, sys
import timevis.cli.serve, timevis.service.app, timevis.service.processes
print(json.dumps([name for name in {sorted(OPTIONAL_PACKAGES)} if name in sys.modules]))
"""


def test_nothing_of_users_and_monitors_is_there_until_it_is_asked_for(http: FlaskClient, dataset: str) -> None:
    service = http.application.extensions["timevis"]
    shown = http.get("/api/session").json
    assert (shown["name"], shown["role"], shown["users"], shown["passwords"]) == ("owner", "owner", False, False)
    look(service.sessions, service.celery)  # what beat asks for every few seconds
    with service.sessions() as session:
        for table in (User, Token, Share, Monitor, Alert, Delivery):
            assert session.scalars(select(table)).all() == [], table
        assert session.scalars(select(Task)).all() == []
    for path in ("users", "tokens", "shares", "monitors", "alerts"):
        assert http.get(f"/api/{path}").json["items"] == [], path
    settings = service.settings
    assert (settings.sso_header, settings.trusted_proxy, settings.root_path) == ("", "", "")
    assert settings.smtp_url.get_secret_value() == ""
    anonymous = http.application.test_client().get("/api/tasks", headers={"X-Auth-Request-Email": "owner"})
    assert anonymous.status_code == 401


def test_the_service_imports_none_of_the_optional_packages() -> None:
    answer = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == []


def test_a_started_service_listens_on_one_port_of_this_machine(started: RunningService) -> None:
    listening = [
        connection.laddr
        for process in psutil.Process(started.process.pid).children(recursive=True)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", started.port)]
