"""Send alerts: a signed HTTP request or an e-mail, repeated until it is accepted.

A delivery is claimed by one UPDATE before it is sent, so that of several workers one sends it. Each attempt has the
identifier of the delivery, in the header ``webhook-id`` or as Message-ID, by which a receiver recognises a repetition
that follows the loss of a worker between the sending and its record.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import logging
import secrets
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import or_, select, update

from timevis import __version__
from timevis.service.db.monitor_tables import Alert, Delivery, Monitor
from timevis.service.db.tables import Sessions, rows_changed
from timevis.service.settings import Settings
from timevis.utils.json_types import to_json_types

log = logging.getLogger(__name__)

WAITING, SENDING, SENT, FAILED = "waiting", "sending", "sent", "failed"
WAIT_SECONDS = (5.0, 30.0, 120.0, 600.0, 1800.0)
"""Time between two attempts; the last one repeats."""
GIVE_UP_SECONDS = 3 * 86_400.0
"""A delivery that was not accepted for this long has failed; it can be sent again by hand."""
TIMEOUT_SECONDS = 10.0
LOST_SECONDS = 120.0
"""An attempt that has not ended for this long is taken for lost."""
SECRET_PREFIX = "whsec_"
MAX_ERROR_CHARACTERS = 500


def new_secret() -> str:
    """A secret for the signatures of a web address."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def signature(secret: str, delivery_id: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature`` of the specification Standard Webhooks: HMAC-SHA256 of id, time and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def deliver_due(sessions: Sessions, settings: Settings, seconds: float, now: float | None = None) -> int:
    """Send the deliveries whose time has come, for at most some seconds; returns how many were accepted."""
    started, accepted = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        delivery = _claim(sessions, time.time() if now is None else now)
        if delivery is None:
            break
        with sessions() as session:
            alert = session.get_one(Alert, delivery.alert_id)
            monitor = session.get_one(Monitor, alert.monitor_id)
        error = _send(settings, delivery, alert, monitor)
        accepted += error is None
        _record(sessions, delivery, alert, error, time.time() if now is None else now)
    return accepted


def _claim(sessions: Sessions, now: float) -> Delivery | None:
    """The next delivery that is due, which no other worker then sends."""
    is_due = (Delivery.state.in_((WAITING, SENDING)), Delivery.next_attempt <= now)
    with sessions() as session:
        due = session.scalars(select(Delivery).where(*is_due).order_by(Delivery.next_attempt).limit(20)).all()
    for delivery in due:
        own = (Delivery.id == delivery.id, Delivery.attempts == delivery.attempts, *is_due)
        values = {"state": SENDING, "attempts": delivery.attempts + 1, "next_attempt": now + LOST_SECONDS}
        statement = update(Delivery).where(*own).values(**values).execution_options(synchronize_session=False)
        with sessions.begin() as session:
            if rows_changed(session, statement):
                return session.get_one(Delivery, delivery.id)
    return None


def _record(sessions: Sessions, delivery: Delivery, alert: Alert, error: str | None, now: float) -> None:
    if error is None:
        values: dict[str, Any] = {"state": SENT, "sent": now, "error": None}
    else:
        wait = WAIT_SECONDS[min(delivery.attempts, len(WAIT_SECONDS)) - 1]
        is_over = now - alert.created > GIVE_UP_SECONDS
        values = {"state": FAILED if is_over else WAITING, "next_attempt": now + wait}
        values["error"] = error[:MAX_ERROR_CHARACTERS]
        log.warning("delivery %s of alert %s was not accepted: %s", delivery.id, alert.id, error)
    own = (Delivery.id == delivery.id, Delivery.attempts == delivery.attempts)
    with sessions.begin() as session:
        session.execute(update(Delivery).where(*own).values(**values).execution_options(synchronize_session=False))


def send_again(sessions: Sessions, alert_id: str) -> None:
    """Let the deliveries of an alert that were not accepted be tried at once."""
    is_open = or_(Delivery.state == FAILED, Delivery.state == WAITING)
    with sessions.begin() as session:
        statement = update(Delivery).where(Delivery.alert_id == alert_id, is_open)
        session.execute(statement.values(state=WAITING, next_attempt=time.time()))


def _send(settings: Settings, delivery: Delivery, alert: Alert, monitor: Monitor) -> str | None:
    """Send one alert; returns why it was not accepted."""
    try:
        if delivery.target["kind"] == "webhook":
            return _post(delivery, webhook_body(alert, monitor))
        return _mail(settings, delivery, alert, monitor)
    except (OSError, smtplib.SMTPException, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def webhook_body(alert: Alert, monitor: Monitor) -> bytes:
    """What a web address receives."""
    content = {
        "type": f"alert.{alert.kind}",
        "alert": alert.id,
        "created": alert.created,
        "data_time": alert.data_time,
        "monitor": {"id": monitor.id, "name": monitor.name, "dataset": monitor.dataset_id, "model": monitor.model_id},
        **{key: alert.content[key] for key in ("text", "code", "params", "values")},
    }
    return json.dumps(to_json_types(content), ensure_ascii=False).encode()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An address that redirects does not accept the request."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _post(delivery: Delivery, body: bytes) -> str | None:
    target, timestamp = delivery.target, int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"TimeVis/{__version__}",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(target["secret"], delivery.id, timestamp, body),
    }
    request = urllib.request.Request(target["address"], body, headers, method="POST")
    opener = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler())
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return None if 200 <= answer.status < 300 else f"the address answered with {answer.status}"
    except urllib.error.HTTPError as error:
        error.close()
        return f"the address answered with {error.code}"


def _mail(settings: Settings, delivery: Delivery, alert: Alert, monitor: Monitor) -> str | None:
    if not settings.smtp_url:
        return "TIMEVIS_SMTP_URL is not set"
    message = EmailMessage()
    message["Subject"] = f"[TimeVis] {monitor.name}: {alert.kind.replace('_', ' ')}"
    message["From"], message["To"] = settings.mail_from, delivery.target["address"]
    message["Date"] = formatdate(alert.created)
    message["Message-ID"] = f"<{delivery.id}@timevis>"
    about = {"Monitor": f"{monitor.name} ({monitor.id})", "Time of the data": alert.data_time or "-"}
    lines = "\n".join(f"{name}: {value}" for name, value in about.items())
    message.set_content(f"{alert.content['text']}\n\n{lines}\n")
    with _connect(settings.smtp_url) as server:
        server.send_message(message)
    return None


def _connect(url: str) -> smtplib.SMTP:
    """Connect to ``smtp://[user:password@]host[:port]``, with STARTTLS where another machine offers it, or ``smtps://``.

    A password is never sent to another machine in the clear.
    """
    parts, context = urlsplit(url), ssl.create_default_context()
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo()
        is_local = host in ("localhost", "127.0.0.1", "::1")
        if parts.scheme == "smtp" and server.has_extn("starttls") and not is_local:
            server.starttls(context=context)
            server.ehlo()
        elif parts.scheme == "smtp" and parts.username and not is_local:
            raise OSError(f"{host} offers no STARTTLS, so the password is not sent")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def shown_target(target: Mapping[str, Any]) -> dict[str, Any]:
    """A receiver without its secret."""
    return {key: value for key, value in target.items() if key != "secret"}
