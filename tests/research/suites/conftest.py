"""Scripts that tests run in their own process, since each start of a process imports PyTorch."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable

import pytest
from tiny import ROOT

SCRIPTS = ROOT / "scripts"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str]]:
    """Run the main function of a script in this process; returns the exit code and what it printed."""

    def run(name: str, *arguments: object) -> tuple[object, str]:
        monkeypatch.syspath_prepend(str(SCRIPTS))
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(SCRIPTS / name), run_name="__main__")
        return ended.value.code, capsys.readouterr().out

    return run
