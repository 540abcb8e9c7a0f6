"""Free ports, and nginx with deploy/nginx.conf before a service: https with an own certificate, below a path."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "deploy/nginx.conf"
PREFIX = "/timevis"
SETTINGS = {"TIMEVIS_ROOT_PATH": PREFIX, "TIMEVIS_TRUSTED_PROXY": "127.0.0.1"}
"""What the service before which nginx stands needs."""
WORKER_CONNECTIONS = 4096
"""What the example recommends."""
START_SECONDS = 20


@contextmanager
def nginx(
    folder: Path, service_port: int, program: str = "nginx", openssl: str = "openssl"
) -> Iterator[tuple[str, Path]]:
    """Start nginx with the example, of which only names, ports and paths are changed; it ends with the context.

    Parameters
    ----------
    folder : Path
        For certificate, configuration and temporary files.
    service_port : int
    program, openssl : str
        The programs.

    Yields
    ------
    address : str
        Of the page, such as ``https://localhost:40000/timevis``.
    certificate : Path
        With which clients check the server.
    """
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    options = ["-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem"]
    certificate = folder / "fullchain.pem"
    subprocess.run([*command.split(), *options, "-out", str(certificate)], check=True, capture_output=True)
    plain_port, port = free_port(), free_port()
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in {
        "forecasts.example": "localhost",
        "/etc/ssl/timevis": str(folder),
        "listen 80;": f"listen 127.0.0.1:{plain_port};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "http://127.0.0.1:5000": f"http://127.0.0.1:{service_port}",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    assert f"worker_connections {WORKER_CONNECTIONS};" in text
    paths = "".join(f"{name}_temp_path {folder};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr;\nevents {{ worker_connections {WORKER_CONNECTIONS}; }}\n"
        f"http {{ access_log off; {paths}{text} }}\n"
    )
    process = subprocess.Popen([program, "-c", str(config), "-e", "stderr"])
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_listening(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("nginx did not start")
            time.sleep(0.05)
        yield f"https://localhost:{port}{PREFIX}", certificate
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
