"""How the intervals of a run were recalibrated, as results.json says it; without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ConformalMethod: TypeAlias = Literal["none", "split", "online"]
ConformalOption: TypeAlias = Literal["auto", "none", "split", "online"]
Reason: TypeAlias = Literal["set", "validation", "few-windows"]


@dataclass(frozen=True)
class Recalibration:
    """How the intervals of a run were recalibrated, for results.json.

    Attributes
    ----------
    method : {"none", "split", "online"}
    reason : {"set", "validation", "few-windows"}
        The config sets the method, or it was selected on validation, or validation has too few windows to select it:
        then it is ``online``, or ``none`` where they have one or two independent errors.
    horizons : float
        About the number of independent horizons of validation that the intervals were calibrated on; see
        `timevis.intervals.conformal.independent_horizons`.
    coverage_80 : dict
        Of each method that was compared, the coverage of its 80 % interval on the second half of validation.
    wql_ratio : dict
        The same for the WQL, divided by the WQL of ``none``; None where this is zero on all channels.
    """

    method: ConformalMethod
    reason: Reason
    horizons: float
    coverage_80: dict[str, float]
    wql_ratio: dict[str, float | None]
