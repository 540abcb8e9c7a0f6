"""Values that are made missing: declared defects always; outliers on request, and never in the test part."""

from __future__ import annotations

import numpy as np
import pandas as pd

from timevis.data.calendar import steps_per_day
from timevis.data.cleaning.outliers import find_outliers, find_placeholder, fit_bounds
from timevis.data.cleaning.quality_report import MAX_LISTED_PLACES, QualityReport
from timevis.data.panel import Panel


def mask_defects(panel: Panel, report: QualityReport) -> Panel:
    """Make the defects that the dataset card declares missing, and count them."""
    values = panel.values
    for defect in panel.card.defects:
        first = panel.index.searchsorted([pd.Timestamp(defect["start"], tz=panel.index.tz)])[0]
        last = panel.index.searchsorted([pd.Timestamp(defect["end"], tz=panel.index.tz)], side="right")[0]
        chosen = [j for j, c in enumerate(panel.channels) if c in defect.get("channels", panel.channels)]
        if values is panel.values:
            values = values.copy(order="K")
        masked = int(np.isfinite(values[first:last][:, chosen]).sum())
        values[first:last, chosen] = np.nan
        report.defects.append(dict(defect) | {"masked": masked})
    return panel.with_values(values)


def handle_outliers(panel: Panel, ends: tuple[int, int, int], mask: bool, report: QualityReport) -> Panel:
    """Report values outside bounds fitted on the training rows; with `mask`, make those before the test part missing.

    Values such as -999 are reported too, however many they are.

    A test target is never masked for being unusual: what makes a forecast hard must not leave the score.
    """
    per_day = steps_per_day(panel.freq)
    season = round(per_day) if per_day > 1 and abs(per_day - round(per_day)) < 1e-9 else 1
    lower, upper = fit_bounds(panel.values[: ends[0]], season)
    found = find_outliers(panel.values, lower, upper)
    for j in np.unique(found[:, 1]):
        at = found[found[:, 1] == j, 0]
        slot = at % len(lower)
        places = [
            {"time": str(panel.index[t]), "value": panel.values[t, j], "lower": lower[s, j], "upper": upper[s, j]}
            for t, s in zip(at[:MAX_LISTED_PLACES], slot[:MAX_LISTED_PLACES], strict=True)
        ]
        report.outliers[panel.channels[j]] = {
            "count": len(at),
            "masked": int((at < ends[1]).sum()) if mask else 0,
            "places": places,
        }
    for channel, column in zip(panel.channels, panel.values.T, strict=True):
        if (found_nines := find_placeholder(column)) is not None:
            value, count = found_nines
            report.notes.append(
                f"{channel!r} is {value:g} in {count} rows, far from its other values: if it means that there is no "
                f"value, data.cleaning.missing=[{value:g}] says so"
            )
    if mask and (early := found[found[:, 0] < ends[1]]).size:
        values = panel.values.copy(order="K")
        values[early[:, 0], early[:, 1]] = np.nan
        panel = panel.with_values(values)
    return panel
