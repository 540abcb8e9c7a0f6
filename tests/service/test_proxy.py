"""nginx with deploy/nginx.conf before the service: https, the path /timevis, and the address of the client."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from running_service import RunningService, wait_until
from servers import server_program
from service_data import TOKEN

ROOT = Path(__file__).parents[2]
PROXY = runpy.run_path(str(ROOT / "scripts/benchmarks/servers.py"))
PREFIX = PROXY["PREFIX"]


class FromAddress(HTTPAdapter):
    """Connects from an address that is not the one of nginx."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, source_address=("127.0.0.2", 0))


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, RunningService]]:
    """The address of nginx, its certificate, and the service behind it."""
    program, openssl = server_program("nginx", "nginx-light"), server_program("openssl", "openssl")
    port = PROXY["free_port"]()
    service = RunningService(tmp_path_factory.mktemp("home"), port, dict(PROXY["SETTINGS"]))
    with PROXY["nginx"](tmp_path_factory.mktemp("nginx"), port, program, openssl) as (address, certificate):
        yield address, certificate, service
    service.stop()


def test_the_service_works_below_a_path_with_https(proxied: tuple[str, Path, RunningService]) -> None:
    address, certificate, service = proxied
    browser = requests.Session()
    browser.mount("https://", FromAddress())
    browser.verify, browser.trust_env = str(certificate), False  # REQUESTS_CA_BUNDLE would win otherwise

    assert browser.get(f"{address}/api/live").json().keys() == {"version"}
    assert browser.get(address).url == f"{address}/"
    wrong = {"name": "anna", "password": "not the password"}
    foreign = browser.post(f"{address}/api/session", json=wrong, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    own = browser.post(f"{address}/api/session", json=wrong, headers={"Origin": address[: -len(PREFIX)]})
    assert own.status_code == 401
    opened = browser.get(f"{address}/data?dataset=x&token={TOKEN}", allow_redirects=False)
    assert opened.headers["Location"].startswith(f"{PREFIX}/data")
    assert "Secure" in opened.headers["Set-Cookie"].split("; ")  # X-Forwarded-Proto says that the browser uses https
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
    assert re.search(r"POST /api/predict 20\d in \d+ ms from 127\.0\.0\.2", log), log[-2000:]
