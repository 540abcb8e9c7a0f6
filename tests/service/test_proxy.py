"""nginx with deploy/nginx.conf before the service: https, the path /timevis, and the address of the client."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from running_service import RunningService, wait_until
from servers import server_program
from service_data import TOKEN

ROOT = Path(__file__).parents[2]
PREFIX = "/timevis"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, RunningService]]:
    """The address of nginx, its certificate, and the service behind it."""
    nginx, openssl = server_program("nginx", "nginx-light"), server_program("openssl", "openssl")
    folder = tmp_path_factory.mktemp("nginx")
    name = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 {name}"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    service_port, plain_port, port = free_port(), free_port(), free_port()
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    for old, new in {
        "forecasts.example": "localhost",
        "/etc/ssl/timevis": str(folder),
        "listen 80;": f"listen 127.0.0.1:{plain_port};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "http://127.0.0.1:5000": f"http://127.0.0.1:{service_port}",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    paths = "".join(f"{name}_temp_path {folder};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; {paths}{text} }}\n"
    )
    home = tmp_path_factory.mktemp("home")
    service = RunningService(home, service_port, {"TIMEVIS_ROOT_PATH": PREFIX, "TIMEVIS_TRUSTED_PROXY": "127.0.0.1"})
    process = subprocess.Popen([nginx, "-c", str(config), "-e", "stderr"])
    wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
    yield f"https://localhost:{port}{PREFIX}", folder / "fullchain.pem", service
    process.terminate()
    process.wait(20)
    service.stop()


def test_the_service_works_below_a_path_with_https(proxied: tuple[str, Path, RunningService]) -> None:
    address, certificate, service = proxied
    browser = requests.Session()
    browser.verify, browser.trust_env = str(certificate), False  # REQUESTS_CA_BUNDLE would win otherwise

    assert browser.get(f"{address}/api/live").json().keys() == {"version"}
    assert browser.get(address).url == f"{address}/"
    opened = browser.get(f"{address}/data?dataset=x&token={TOKEN}", allow_redirects=False)
    assert opened.headers["Location"].startswith(f"{PREFIX}/data")
    assert browser.get(f"{address}/api/stats").status_code == 200  # by the cookie

    documentation = browser.get(f"{address}/api/docs").text
    for asset in re.findall(r'(?:src|href)="([^"]+)"', documentation):
        assert browser.get(f"{address}/api/{asset}").status_code == 200, asset
    assert browser.get(f"{address}/api/openapi.json").json()["servers"] == [{"url": PREFIX}]

    made = browser.post(
        f"{address}/api/sample-data", json={"domain": "traffic"}, headers={"Origin": address[: -len(PREFIX)]}
    )
    assert made.ok, made.text  # a task, if it takes longer than a second
    [dataset] = wait_until(lambda: browser.get(f"{address}/api/datasets").json()["items"])
    forecast = browser.post(f"{address}/api/predict", json={"method": "seasonal_naive", "dataset": dataset["id"]})
    assert forecast.status_code == 202, forecast.text
    assert forecast.headers["Location"] == f"{PREFIX}/api/tasks/{forecast.json()['id']}"
    events = browser.get(f"{address}/api/tasks/{forecast.json()['id']}/events", timeout=60).text
    assert "event: end" in events
    log = "".join(path.read_text() for path in (service.home / "logs").glob("*web*"))
    assert re.search(r"POST /api/predict 20\d in \d+ ms from 127\.0\.0\.1", log), log[-2000:]
