"""Choose fewer windows than there are; each function says which choice it is made for.

Windows are numbered origin by origin: with C channels, window i has origin i // C and channel i % C.
"""

from __future__ import annotations

import math

import numpy as np

GOLDEN_RATIO = (np.sqrt(5) - 1) / 2
MIN_SHARE_OF_SEASON = 1 / 4
"""Evenly spaced origins must cover at least this share of the positions in a season that they could cover."""


def evenly_spaced(total: int, number: int) -> np.ndarray:
    """Numbers below `total` at equal distances, with the first and the last: for examples that are shown or saved.

    The distance may be a multiple of a season or of the number of channels, so scores and training use the functions
    below.

    Parameters
    ----------
    total, number : int

    Returns
    -------
    int64 [min(number, total)]
        Increasing.
    """
    return np.unique(np.linspace(0, total - 1, number).round().astype(int))


def stratified(total: int, number: int) -> np.ndarray:
    """One number from each of equal shares of range(`total`): for training windows of a data set that is too large.

    The position within a share follows multiples of the golden ratio (a Kronecker sequence), so the numbers have no
    period: every channel appears in every year, and every hour of the day appears.

    Parameters
    ----------
    total, number : int

    Returns
    -------
    int64 [min(number, total)]
        Increasing.
    """
    if total <= number:
        return np.arange(total)
    edges = np.linspace(0, total, number + 1).astype(int)
    position = np.arange(number) * GOLDEN_RATIO % 1
    return edges[:-1] + (position * np.diff(edges)).astype(int)


def scored_origins(
    origins: range, stride: int, max_origins: int | None, season: int, has_open_target: np.ndarray | None = None
) -> np.ndarray:
    """Forecast origins for an evaluation: evenly spaced, or stratified where those would miss parts of the season.

    For example, 500 evenly spaced origins in 60,000 hourly rows would all be at midnight.

    Parameters
    ----------
    origins : range
        Rows of all possible origins.
    stride : int
        Rows between two origins before thinning.
    max_origins : int, optional
        None takes all.
    season : int
        In rows.
    has_open_target : bool [T], optional
        Rows that may be origins, since not all of their targets lie in closed hours; None for all rows. If no row
        may be one, all may.

    Returns
    -------
    int64 [N]
        Rows, increasing.
    """
    rows = np.arange(origins.start, origins.stop, stride, dtype=np.int64)
    if has_open_target is not None and has_open_target[rows].any():
        rows = rows[has_open_target[rows]]
    if max_origins is None or len(rows) <= max_origins:
        return rows
    spaced = rows[evenly_spaced(len(rows), max_origins)]
    covered, coverable = len(np.unique(spaced % season)), min(season, max_origins)
    return spaced if covered >= coverable * MIN_SHARE_OF_SEASON else rows[stratified(len(rows), max_origins)]


def windows_of_spaced_origins(num_origins: int, num_channels: int, max_windows: int) -> np.ndarray:
    """Windows of evenly spaced origins, each with all its channels: for forecasts that a run saves.

    If the channels alone are more than `max_windows`, the windows are evenly spaced instead.

    Returns
    -------
    int64 [N]
        Window numbers, increasing; at most `max_windows`.
    """
    if num_channels > max_windows:
        return evenly_spaced(num_origins * num_channels, max_windows)
    origins = evenly_spaced(num_origins, max_windows // num_channels)
    return (origins[:, None] * num_channels + np.arange(num_channels)).ravel()


def channel_balanced_windows(num_windows: int, wanted: int, num_channels: int) -> np.ndarray:
    """Every k-th window, about equally many of each channel: for a slow model that is validated on few windows.

    Parameters
    ----------
    num_windows : int
    wanted : int
        Approximate number of windows to choose; up to twice as many may be chosen.
    num_channels : int

    Returns
    -------
    int64 [N]
        Window numbers, increasing.
    """
    step = max(1, num_windows // wanted)
    while math.gcd(step, num_channels) > 1:  # otherwise some channels would get no window
        step += 1
    return np.arange(0, num_windows, step)
