"""The processes of `timevis serve`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from timevis.service import processes
from timevis.service.settings import Settings


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:5000"),
        ("0.0.0.0", "http://localhost:5000"),  # the service refuses 0.0.0.0 as the name of a host
        ("::", "http://[::1]:5000"),  # waitress then listens on no address of IPv4
        ("::1", "http://[::1]:5000"),
        ("192.168.1.5", "http://192.168.1.5:5000"),
    ],
)
def test_the_printed_link_names_an_address_that_this_machine_can_open(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, host: str, address: str
) -> None:
    found: list[Any] = []
    monkeypatch.setattr(processes.Part, "start", lambda *_: None)
    monkeypatch.setattr(processes.signal, "signal", lambda *_: None)
    monkeypatch.setattr(processes, "_supervise", lambda *arguments: found.extend(arguments))
    assert processes.run_all(make_settings(), host, 5000) == 0
    assert found[3] == address
