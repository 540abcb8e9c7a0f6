"""Conversion of results to the types of JSON."""

from __future__ import annotations

import dataclasses
import math
from typing import Any


def to_json_types(value: Any) -> Any:
    """Convert nested dataclasses, dicts and lists to JSON types.

    NumPy numbers become Python numbers, NaN and infinities None.
    """
    import numpy as np  # here, because the command line imports this module before any large library

    if isinstance(value, dict):
        return {str(k): to_json_types(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_types(v) for v in value]
    if dataclasses.is_dataclass(value):
        return {field.name: to_json_types(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.generic):
        return to_json_types(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
