"""The shell around train.py: resolvers, readable errors, exit codes. Imports nothing heavy."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from typing import Any

from omegaconf import OmegaConf

from timevis.errors import TimeVisError


def register_resolvers() -> None:
    """Make ``timevis.token`` (4 hex digits, fixed within a process) and ``timevis.run_dir`` known to OmegaConf."""
    token = secrets.token_hex(2)
    OmegaConf.register_new_resolver("timevis.token", lambda: token, replace=True)
    OmegaConf.register_new_resolver("timevis.run_dir", lambda resume, new: resume or new, replace=True)


def main(train: Callable[[], Any]) -> None:
    """Run train.py's main function and leave with 0, 1, or 130/143 when cancelled."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    register_resolvers()
    try:
        train()
    except TimeVisError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
