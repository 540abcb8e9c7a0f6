"""A web server and a mail server on this machine, which accept alerts, refuse them for a while, or answer slowly."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class WebReceiver:
    """What a web server has received: headers and bodies. It answers with `status`, or 400 to what it refuses."""

    address: str = ""
    status: int = 204
    refuses: bytes | None = None
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def web_receiver() -> Iterator[WebReceiver]:
    receiver = WebReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
            is_refused = receiver.refuses is not None and receiver.refuses in body
            self.send_response(400 if is_refused else receiver.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.address = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join()


class MailBox:
    """A handler of aiosmtpd that keeps what it accepts."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return "250 accepted"


@contextmanager
def mail_server(box: MailBox, port: int) -> Iterator[None]:
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield
    controller.stop()


DRIP_SECONDS = 0.2


@contextmanager
def dripping_server(greeting: bytes = b"HTTP/1.1 204 No Content") -> Iterator[tuple[int, list[float]]]:
    """A server that answers with one byte of a header after the other, and never ends it.

    Yields its port, and a list with the seconds that each connection was open, which grows as they end.
    """
    lasted: list[float] = []
    stopped = threading.Event()

    def answer(connection: socket.socket) -> None:
        started, position = time.monotonic(), 0
        with connection:
            while not stopped.wait(DRIP_SECONDS):
                try:
                    connection.sendall(greeting[position : position + 1] or b"x")
                except OSError:
                    break
                position += 1
        lasted.append(time.monotonic() - started)

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], lasted
        stopped.set()
        server.shutdown(socket.SHUT_RDWR)
