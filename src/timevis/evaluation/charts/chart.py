"""A chart as data, so that the report and the PNG files beside it show one and the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

Values: TypeAlias = Sequence[Any] | np.ndarray | pd.Index
Kind = Literal["line", "points", "band", "bars", "heat"]
COLOURS = {
    "model": "#1f5f99",
    "second": "#c8762b",
    "third": "#3c8d5a",
    "fourth": "#8a5a9e",
    "fifth": "#b03a48",
    "sixth": "#2aa5b5",
    "seventh": "#d884b3",
    "eighth": "#9a8a1f",
    "naive": "#7d848e",
    "truth": "#23272e",
    "context": "#8b929c",
    "rule": "#aab0b8",
}
"""Colours by role; one role means one thing in every chart."""
SERIES_ROLES = ("model", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def isolated(values: Values) -> np.ndarray:
    """Which values stand between missing ones, where a line shows nothing: bool."""
    seen = np.pad(pd.notna(np.asarray(values)), 1)
    return seen[1:-1] & ~seen[:-2] & ~seen[2:]


@dataclass(frozen=True)
class Mark:
    """One thing drawn: a line, points, a band between `y` and `y2`, bars (of `width`, or sideways) or a heat map.

    `role` is a key of `COLOURS`; `z` [rows y][columns x] belongs to heat maps, and `z_label` to their colour bar;
    `strength` is the opacity of a band; `hollow` points are rings, in which others are seen.
    """

    kind: Kind
    x: Values
    y: Values
    name: str = ""
    role: str = "model"
    y2: Values | None = None
    z: np.ndarray | None = None
    z_label: str = ""
    width: Values | None = None
    sideways: bool = False
    dashed: bool = False
    hollow: bool = False
    strength: float = 0.16


@dataclass(frozen=True)
class Chart:
    """A titled picture of some marks; `note` says in a sentence how to read it."""

    name: str
    title: str
    x_label: str
    y_label: str
    marks: list[Mark] = field(default_factory=list)
    note: str = ""
    wide: bool = False
    zero: bool = False
    """Whether the y axis starts at zero."""
    log: bool = False
    """Whether the x axis is logarithmic."""
