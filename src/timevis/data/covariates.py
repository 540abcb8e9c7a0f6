"""Which column of a panel's covariates a channel reads: those of a long table may differ between its series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def covariates_of(channels: Sequence[str], kinds: Mapping[str, str]) -> dict[str, list[int]]:
    """The covariates of a panel: for each, where in `kinds` the column is that each channel reads.

    ``price/a`` and ``price/b`` are one covariate, ``price``, of which a channel of the series ``a`` reads the first
    and one of ``b`` the second. What is not there for every channel, or known ahead for some and only observed for
    others, is read by all of them, each column by itself.

    Parameters
    ----------
    channels : names
        ``series``, or ``series/target`` where a series has several.
    kinds : {column: ``known`` or ``observed``}
    """
    ending: dict[str, dict[str, int]] = {}  # of names, at each of their slashes: what stands before it, and where
    names, of_kind = list(kinds), list(kinds.values())
    for place, name in enumerate(names):
        for before, after in _cuts(name):
            ending.setdefault(after, {})[before] = place
    own: list[dict[str, int]] = []
    for channel in channels:
        series = [before for before, _ in _cuts(channel)]
        own.append({})
        for name in (*series, channel):
            own[-1] |= ending.get(name, {})
    everywhere = set.intersection(*map(set, own)).difference(names) if own else set()
    everywhere = {name for name in everywhere if len({of_kind[found[name]] for found in own}) == 1}
    first = {own[0][name]: name for name in everywhere}
    inside = {found[name] for found in own for name in everywhere}
    out = {}
    for place, name in enumerate(names):
        if place in first:
            out[first[place]] = [found[first[place]] for found in own]
        elif place not in inside:
            out[name] = [place] * len(channels)
    return out


def kinds_of(report: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The kind of each column in the covariates of a data report."""
    return {name: entry["kind"] for name, entry in report.items()}


def described(channels: Sequence[str], report: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Kind and missing cells of the covariates of a data report, those that each series has for itself together."""
    names, out = list(report), {}
    for name, columns in covariates_of(channels, kinds_of(report)).items():
        own = [report[names[k]] for k in dict.fromkeys(columns)]
        label = name if len(own) == 1 else f"{name} of each series"
        out[label] = {"kind": own[0]["kind"], "missing": sum(entry.get("missing", 0) for entry in own)}
    return out


def _cuts(name: str) -> list[tuple[str, str]]:
    """What stands before and after each slash."""
    return [(name[:i], name[i + 1 :]) for i, letter in enumerate(name) if letter == "/" and i]
