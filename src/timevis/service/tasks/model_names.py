"""The name of a model that the request of its training does not name: what differs from the defaults."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from timevis.service.db.tables import MAX_NAME_CHARACTERS

NOT_NAMED = {"model", "dataset", "name", "target", "evaluation", "dry_run", "preset", "seed", "backbone", "minutes"}
"""Fields of a request that say nothing of the model, or that `_differences` writes in its own way."""


def automatic_name(title: str, request: Mapping[str, Any], taken: Collection[str]) -> str:
    """A name such as ``LSTM, 3 members`` for a model of a dataset.

    Parameters
    ----------
    title : str
        What the kind of model is called.
    request : mapping
        The fields of the training that were given.
    taken : collection of str
        The names of the other models of the dataset; a name that occurs there gets a number.
    """
    whole = ", ".join([title, *_differences(request)])[: MAX_NAME_CHARACTERS - 8]
    name, count = whole, 1
    while name in taken:
        count += 1
        name = f"{whole} ({count})"
    return name


def _differences(request: Mapping[str, Any]) -> list[str]:
    backbone = dict(request.get("backbone") or {})
    parts = [str(backbone.pop("name"))] if "name" in backbone else []
    if request.get("preset") not in (None, "standard"):
        parts.append(str(request["preset"]))
    if request.get("minutes") is not None:
        parts.append(f"{request['minutes']:g} min")
    if request.get("seed"):
        parts.append(f"seed {request['seed']}")
    fields = {key: value for key, value in request.items() if key not in NOT_NAMED} | {"backbone": backbone}
    for key, value in fields.items():
        inner = value if isinstance(value, Mapping) else {key: value}
        parts += [_phrase(name, item) for name, item in inner.items() if _is_scalar(item)]
    return parts


def _is_scalar(value: Any) -> bool:
    return isinstance(value, bool | int | float | str) and value != ""


def _phrase(name: str, value: Any) -> str:
    words = name.removeprefix("num_").replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"no {words}"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{shown} {words}" if words.endswith("s") and isinstance(value, int) else f"{words} {shown}"
