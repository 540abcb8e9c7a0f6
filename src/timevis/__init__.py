"""TimeVis: how well can a series be forecast, does a language model help, and at what cost?

`train`, `compare` and `Run` are the Python interface; see `timevis.api`.
"""

import os
from typing import Any

from timevis.utils import machine

# These must be set before torch is imported. Threads that wait by spinning are slow on cores that other processes
# use; they spin for a short time, because waking up takes longer than a small matrix product.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

machine.reuse_freed_memory()

__version__ = "0.1.0"

__all__ = ["Run", "__version__", "compare", "train"]


def __getattr__(name: str) -> Any:
    """Import the Python interface when it is first used, so that ``import timevis`` stays fast."""
    if name in ("Run", "compare", "train"):
        from timevis import api

        return getattr(api, name)
    raise AttributeError(f"module 'timevis' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The names that Tab completion offers, which are imported when they are first used."""
    return sorted(__all__)
