"""The numbers of stored forecasts, as JSON values that every database and a backup can hold, and their truth."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from timevis.service.series import TIMES_FILE, VALUES_FILE


def pack(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Arrays of numbers as values of JSON: float32, compressed, in base64."""
    packed = {}
    for name, array in arrays.items():
        content = np.ascontiguousarray(array, np.float32)
        data = base64.b64encode(zlib.compress(content.tobytes())).decode()
        packed[name] = {"shape": list(content.shape), "data": data}
    return packed


def unpack(packed: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays that `pack` took, as float32."""
    return {
        name: np.frombuffer(zlib.decompress(base64.b64decode(value["data"])), np.float32).reshape(value["shape"])
        for name, value in packed.items()
    }


@dataclass(frozen=True)
class ForecastArrays:
    """The numbers of a stored forecast of C channels and H rows.

    Attributes
    ----------
    channels : tuple of C names
    times : int64 [C, H]
        Microseconds since 1970, in UTC if the data have a zone.
    point : float32 [C, H]
    quantiles, naive : float32 [C, Q, H]
        Of the champion and of seasonal naive.
    base : float32 [C, Q, H], optional
        The quantiles before `online` conformal recalibration.
    shift : float32 [C, P], optional
        By which it widened each interval.
    """

    channels: tuple[str, ...]
    times: np.ndarray
    point: np.ndarray
    quantiles: np.ndarray
    naive: np.ndarray
    base: np.ndarray | None = None
    shift: np.ndarray | None = None

    def to_json(self) -> dict[str, Any]:
        arrays = {"point": self.point, "quantiles": self.quantiles, "naive": self.naive}
        if self.base is not None and self.shift is not None:
            arrays |= {"base": self.base, "shift": self.shift}
        steps = self.times - self.times[:, :1]
        steps = steps[0] if (steps == steps[0]).all() else steps
        starts = {"channels": list(self.channels), "starts": self.times[:, 0].tolist(), "steps": steps.tolist()}
        return starts | {"arrays": pack(arrays)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ForecastArrays:
        times = np.array(values["starts"], np.int64)[:, None] + np.array(values["steps"], np.int64)
        return cls(tuple(values["channels"]), times, **unpack(values["arrays"]))


@dataclass(frozen=True)
class VersionValues:
    """The values of one version of a dataset.

    Attributes
    ----------
    values : float32 [C, T]
    times : int64 [T]
        Microseconds since 1970.
    channels : tuple of C names
    """

    values: np.ndarray
    times: np.ndarray
    channels: tuple[str, ...]

    @classmethod
    def open(cls, folder: Path, report: Mapping[str, Any]) -> VersionValues:
        values, times = (np.load(folder / name, mmap_mode="r") for name in (VALUES_FILE, TIMES_FILE))
        return cls(values, times, tuple(report["channels"]))

    def at(self, channels: Sequence[str], times: np.ndarray) -> np.ndarray:
        """The values of C channels at times [C, H], float64 [C, H]; NaN where there is none."""
        rows = np.minimum(self.times.searchsorted(times), len(self.times) - 1)
        numbers = {name: number for number, name in enumerate(self.channels)}
        out = np.full(times.shape, np.nan)
        for c, name in enumerate(channels):
            if name in numbers:
                is_same = np.asarray(self.times[rows[c]]) == times[c]
                out[c] = np.where(is_same, self.values[numbers[name], rows[c]], np.nan)
        return out

    def has_all_of(self, times: np.ndarray) -> bool:
        """Whether the version reaches to the last one of some times, or beyond it."""
        return bool(times.max() <= self.times[-1])
