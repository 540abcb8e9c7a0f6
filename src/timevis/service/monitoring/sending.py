"""Send one alert to one receiver, by a signed HTTP request or an e-mail, within a limit of time for all of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import smtplib
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote, urlsplit

from timevis import __version__
from timevis.service.db.monitor_tables import Alert, Delivery, Monitor
from timevis.service.settings import Settings
from timevis.utils.json_types import to_json_types

SECONDS = 15.0
"""Limit of a whole attempt: from connecting to the header of the answer, or to the last answer of a mail server."""
SECRET_PREFIX = "whsec_"
Connect = Callable[..., socket.socket]


def send(settings: Settings, delivery: Delivery, alert: Alert, monitor: Monitor) -> str | None:
    """Send one alert; returns why it was not accepted, without a secret, or None."""
    with _limited_connections(SECONDS) as (connect, is_over):
        try:
            if delivery.target["kind"] == "webhook":
                error = _post(connect, delivery, webhook_body(alert, monitor))
            else:
                error = _mail(connect, settings, delivery, alert, monitor)
        except smtplib.SMTPAuthenticationError as refused:  # whose text may repeat what it was sent
            error = f"the mail server refused the name or the password ({refused.smtp_code})"
        except http.client.HTTPException as failed:  # whose text may be a part of the answer
            error = f"the address gave no answer of HTTP ({type(failed).__name__})"
        except (OSError, smtplib.SMTPException, ValueError) as failed:
            error = f"{type(failed).__name__}: {failed}"
        if is_over.is_set():  # also if what had arrived until then looks like an answer
            error = f"there was no complete answer within {SECONDS:g} s"
    return error


@contextmanager
def _limited_connections(seconds: float) -> Iterator[tuple[Connect, threading.Event]]:
    """A function that connects as `socket.create_connection` does, and an event that says that the time is over.

    After `seconds` all connections that it made are shut down, whatever the other end does: the timeout of a socket
    begins again with each byte. How long the name of a host is looked up is limited by the system.
    """
    deadline, is_over, lock = time.monotonic() + seconds, threading.Event(), threading.Lock()
    connections: list[socket.socket] = []

    def connect(address: tuple[str, int], *_: Any) -> socket.socket:
        failure: OSError = TimeoutError("timed out")
        for family, kind, protocol, _name, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
            if (left := deadline - time.monotonic()) <= 0:
                break
            made = socket.socket(family, kind, protocol)
            made.settimeout(left)
            try:
                made.connect(place)
            except OSError as error:
                made.close()
                failure = error
                continue
            with lock:
                connections.append(made.dup())  # shutting down a copy also works when TLS has taken over the socket
            if is_over.is_set():
                end()
            return made
        raise failure

    def end() -> None:
        is_over.set()
        with lock:
            for made in connections:
                with suppress(OSError):  # the other end has closed it
                    made.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield connect, is_over
    finally:
        timer.cancel()
        timer.join()
        for made in connections:
            made.close()


def new_secret() -> str:
    """A secret for the signatures of a web address."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def signature(secret: str, delivery_id: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature`` of the specification Standard Webhooks: HMAC-SHA256 of id, time and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


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


class _Http(urllib.request.HTTPHandler):
    """Opens ``http://`` by a function that connects."""

    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self.connect = connect

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_connecting(http.client.HTTPConnection, self.connect), request)


class _Https(urllib.request.HTTPSHandler):
    """Opens ``https://`` by a function that connects."""

    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self.connect = connect

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_connecting(http.client.HTTPSConnection, self.connect), request)


def _connecting(kind: type[http.client.HTTPConnection], connect: Connect) -> Any:
    def make(*arguments: Any, **options: Any) -> http.client.HTTPConnection:
        made = kind(*arguments, **options)
        made._create_connection = connect  # type: ignore[attr-defined]  # what its method connect calls
        return made

    return make


def _post(connect: Connect, delivery: Delivery, body: bytes) -> str | None:
    """Send a request; of the answer only the status is read."""
    target, timestamp = delivery.target, int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"TimeVis/{__version__}",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(target["secret"], delivery.id, timestamp, body),
    }
    request = urllib.request.Request(target["address"], body, headers, method="POST")
    handlers = (_NoRedirects(), urllib.request.ProxyHandler(), _Http(connect), _Https(connect))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=SECONDS) as answer:
            return None if 200 <= answer.status < 300 else f"the address answered with {answer.status}"
    except urllib.error.HTTPError as error:
        error.close()
        return f"the address answered with {error.code}"


class _Smtp(smtplib.SMTP):
    """Connects by a function."""

    def __init__(self, connect: Connect, host: str, port: int) -> None:
        self.make_connection = connect
        super().__init__(host, port, timeout=SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # what its method connect calls
        return self.make_connection((host, port))


class _Smtps(smtplib.SMTP_SSL):
    """The same with TLS from the start."""

    def __init__(self, connect: Connect, host: str, port: int, context: ssl.SSLContext) -> None:
        self.make_connection = connect
        super().__init__(host, port, timeout=SECONDS, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(self.make_connection((host, port)), server_hostname=host)


def _mail(connect: Connect, settings: Settings, delivery: Delivery, alert: Alert, monitor: Monitor) -> str | None:
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
    server = _mail_server(connect, settings.smtp_url.get_secret_value())
    try:
        server.send_message(message)
        with suppress(OSError, smtplib.SMTPException):  # it has accepted the message, whatever it says now
            server.quit()
    finally:
        server.close()
    return None


def _mail_server(connect: Connect, url: str) -> smtplib.SMTP:
    """Connect to ``smtp://[user:password@]host[:port]``, with STARTTLS where another machine offers it, or ``smtps://``.

    A password is never sent to another machine in the clear.
    """
    parts, context = urlsplit(url), ssl.create_default_context()
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        server: smtplib.SMTP = _Smtps(connect, host, parts.port or 465, context)
    else:
        server = _Smtp(connect, host, parts.port or 25)
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
