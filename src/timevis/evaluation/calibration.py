"""How well the quantiles of a run agree with the truth: coverage by level, reliability, and the PIT histogram."""

from __future__ import annotations

from typing import Any

import numpy as np

from timevis.evaluation.error_profile import SavedForecasts, pit_density, reliability
from timevis.evaluation.forecast_window import forecasts_of_channel
from timevis.utils.json_types import to_json_types
from timevis.utils.levels import QUANTILE_LEVELS


def calibration_profile(forecasts: SavedForecasts, channel: str | None = None) -> dict[str, Any]:
    """Compare nominal with observed shares on the evenly spaced saved windows.

    Parameters
    ----------
    forecasts : SavedForecasts
        From `timevis.evaluation.forecast_window.saved_forecasts`.
    channel : str, optional
        None takes all channels.

    Returns
    -------
    dict
        ``levels``: share of truths inside each central interval, its ends included; ``quantiles``: share of truths at
        or below each quantile, see `timevis.evaluation.error_profile.reliability`; ``pit``: histogram of the
        probability integral transform over bins between the quantile levels, with ``density`` 1 when calibrated.
    """
    own = forecasts_of_channel(forecasts.evenly_spaced, channel)
    observed = np.isfinite(own.truth)
    count = int(observed.sum())
    if not count:
        return {"levels": [], "quantiles": [], "pit": {"edges": [], "counts": [], "density": []}}
    levels = []
    for position, low in enumerate(QUANTILE_LEVELS[: len(QUANTILE_LEVELS) // 2]):
        high = -1 - position
        inside = (own.truth >= own.quantiles[:, position]) & (own.truth <= own.quantiles[:, high])
        nominal = round(QUANTILE_LEVELS[high] - low, 6)
        levels.append({"nominal": nominal, "observed": inside[observed].mean(), "count": count})
    share = reliability(own)
    edges, density = pit_density(share)
    return to_json_types(
        {
            "levels": levels[::-1],
            "quantiles": [
                {"level": level, "observed": value} for level, value in zip(QUANTILE_LEVELS, share, strict=True)
            ],
            "pit": {
                "edges": edges.tolist(),
                "counts": (density * np.diff(edges) * count).tolist(),
                "density": density.tolist(),
            },
        }
    )
