"""Each metric of a forecast, declared once; every table, chart, interval and interface reads these declarations.

A metric is a sum of one term over windows and steps, divided by the sum of another one. A new metric is one more
`MetricSpec` in `METRICS`. Importing this module does not import PyTorch.

Definitions follow Hyndman and Koehler (2006) for MASE, Gneiting and Raftery (2007) for scoring rules, and the GluonTS
and M5 conventions for WQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from timevis.messages import Text
from timevis.metrics.step_errors import StepErrors, namespace
from timevis.utils.levels import COVERAGES, WQL_LEVELS

REFERENCE_PINBALL = "reference_pinball"
"""Name of the sums of `PINBALL` of seasonal naive, by which a relative metric is divided."""


@dataclass(frozen=True)
class Term:
    """A quantity of each window and step that is summed; windows.parquet has a column with its sum of each window.

    Attributes
    ----------
    name : str
        Of the column.
    at : callable
        Its values [B, H] from `StepErrors`.
    """

    name: str
    at: Callable[[StepErrors], Any]


COUNT = Term("count", lambda errors: errors.one)
ABS_TARGET = Term("abs_target", lambda errors: abs(errors.target))
ERROR = Term("error", lambda errors: errors.error)
SQUARED_ERROR = Term("sq_error", lambda errors: errors.error * errors.error)
ABS_ERROR = Term("median_abs_error", lambda errors: errors.median_abs_error)
SYMMETRIC_ERROR = Term("smape", lambda errors: errors.symmetric_error)
PINBALL = Term("pinball_wql", lambda errors: errors.losses[:, [errors.rows[q] for q in WQL_LEVELS]].mean(1))
PINBALL_INTEGRAL = Term("pinball_integral", lambda errors: errors.loss_integral)


@dataclass(frozen=True)
class MetricSpec:
    """A metric: ``factor * sum(term) / sum(over)`` of a channel, optionally its root, divided by a scale.

    It is NaN where the sum of `over` is zero.

    Attributes
    ----------
    name : str
        The key in results.json.
    label, description : str or Text
        As reports and the page show them; names such as "MASE" are the same in all languages.
    scores : {"median", "point", "quantiles"}
        The part of a forecast that it scores.
    term, over : Term
    factor : float
    root : bool
        Whether the square root of the ratio is taken.
    scale : {"std", "variance", "mase_scale"}, optional
        Statistic of the training part of the channel that the metric is divided by.
    is_relative : bool
        Whether the metric is divided by the value of seasonal naive on the same windows; `term` is then `PINBALL`.
    pooling : {"mean", "geometric mean", "ratio of sums"}
        How the channels are averaged. The sums of ``ratio of sums`` are taken over all channels, each term scaled.
    direction : {"lower", "higher", "nominal"}
        Which values are better; ``nominal``: those close to `nominal`.
    nominal : float, optional
        The best value of a metric with that direction.
    unit : {"data", "percent", "none"}
        ``percent`` metrics are shares, which are shown in percent.
    has_log_interval : bool
        Whether its interval is computed for its logarithm, since errors are skewed.
    limits : (float, float), optional
        Smallest and largest possible value; intervals end there.
    is_compared : bool
        Whether leaderboards list it, and comparisons test it if it has an interval of its logarithm.
    """

    name: str
    label: str | Text
    description: str | Text
    scores: Literal["median", "point", "quantiles"]
    term: Term
    over: Term = COUNT
    factor: float = 1.0
    root: bool = False
    scale: Literal["std", "variance", "mase_scale"] | None = None
    is_relative: bool = False
    pooling: Literal["mean", "geometric mean", "ratio of sums"] = "mean"
    direction: Literal["lower", "higher", "nominal"] = "lower"
    nominal: float | None = None
    unit: Literal["data", "percent", "none"] = "none"
    has_log_interval: bool = True
    limits: tuple[float, float] | None = None
    is_compared: bool = False

    @property
    def is_percent(self) -> bool:
        """Whether its values are shown in percent."""
        return self.unit == "percent"

    def of(self, sums: Mapping[str, Any], scales: Mapping[str, Any] | None = None) -> Any:
        """The metric from sums of any one shape that broadcasts against `scales`, by name.

        Parameters
        ----------
        sums : mapping
            The sums of its terms, and of `REFERENCE_PINBALL` for a relative metric.
        scales : mapping, optional
            The values of `scale`; only needed for a metric with a scale.
        """
        total = sums[self.over.name]
        xp = namespace(total)
        total = xp.where(total > 0, total, float("nan"))
        value = self.factor * sums[self.term.name] / total
        if self.root:
            value = xp.sqrt(value)
        if self.is_relative:
            reference = self.factor * sums[REFERENCE_PINBALL] / total
            value = value / xp.where(reference > 0, reference, float("nan"))
        return value if self.scale is None else value / scales[self.scale]  # type: ignore[index]  # needed then


def _inside(percent: int) -> Term:
    low, high = COVERAGES[percent]
    return Term(f"inside_{percent}", lambda errors: errors.is_inside(low, high))


STANDARDISED = Text("computed on values standardised by the mean and std of the training part, as in the literature")
METRICS: dict[str, MetricSpec] = {
    spec.name: spec
    for spec in (
        MetricSpec(
            "relative_wql",
            Text("Relative WQL"),
            Text(
                "WQL divided by the WQL of seasonal naive on the same windows; of several channels the geometric mean"
            ),
            "quantiles",
            PINBALL,
            over=ABS_TARGET,
            factor=2,
            is_relative=True,
            pooling="geometric mean",
            is_compared=True,
        ),
        MetricSpec(
            "wql",
            "WQL",
            Text("weighted quantile loss over the levels 0.1 to 0.9; scores the whole distribution"),
            "quantiles",
            PINBALL,
            over=ABS_TARGET,
            factor=2,
            is_compared=True,
        ),
        MetricSpec(
            "sql",
            "SQL",
            Text(
                "scaled quantile loss: the quantile loss divided by the error of seasonal naive in the training part"
            ),
            "quantiles",
            PINBALL,
            factor=2,
            scale="mase_scale",
            is_compared=True,
        ),
        MetricSpec(
            "crps",
            "CRPS",
            Text("continuous ranked probability score: twice the integral of the pinball loss over the levels"),
            "quantiles",
            PINBALL_INTEGRAL,
            factor=2,
            unit="data",
            is_compared=True,
        ),
        MetricSpec(
            "mase",
            "MASE",
            Text(
                "mean absolute error divided by the error of seasonal naive in the training part; – where "
                "that is zero"
            ),
            "median",
            ABS_ERROR,
            scale="mase_scale",
            is_compared=True,
        ),
        MetricSpec("mae", "MAE", Text("mean absolute error of the median"), "median", ABS_ERROR, unit="data"),
        MetricSpec(
            "rmse",
            "RMSE",
            Text("root mean squared error of the point forecast"),
            "point",
            SQUARED_ERROR,
            root=True,
            unit="data",
        ),
        MetricSpec(
            "wape",
            "WAPE",
            Text("sum of absolute errors divided by the sum of absolute truths"),
            "median",
            ABS_ERROR,
            over=ABS_TARGET,
            unit="percent",
        ),
        MetricSpec(
            "smape",
            "sMAPE",
            Text("symmetric mean absolute percentage error"),
            "median",
            SYMMETRIC_ERROR,
            unit="percent",
        ),
        MetricSpec(
            "mse_scaled",
            Text("MSE, scaled"),
            Text("mean squared error of the point forecast, {standardised}", standardised=STANDARDISED),
            "point",
            SQUARED_ERROR,
            scale="variance",
            pooling="ratio of sums",
            is_compared=True,
        ),
        MetricSpec(
            "mae_scaled",
            Text("MAE, scaled"),
            Text("mean absolute error of the median, {standardised}", standardised=STANDARDISED),
            "median",
            ABS_ERROR,
            scale="std",
            pooling="ratio of sums",
            is_compared=True,
        ),
        MetricSpec(
            "bias",
            Text("Bias"),
            Text("mean of point forecast minus truth"),
            "point",
            ERROR,
            direction="nominal",
            nominal=0.0,
            unit="data",
            has_log_interval=False,
        ),
        *(
            MetricSpec(
                f"coverage_{k}",
                Text("Coverage of {percent} %", percent=k),
                Text("share of truths inside the {percent} % interval", percent=k),
                "quantiles",
                _inside(k),
                direction="nominal",
                nominal=k / 100,
                unit="percent",
                has_log_interval=False,
                limits=(0.0, 1.0),
                is_compared=k == 80,
            )
            for k in COVERAGES
        ),
    )
}
"""Every metric by name, in the order of the tables."""


def terms() -> dict[str, Term]:
    """The terms of all metrics by name; windows.parquet has a column for each."""
    specs = METRICS.values()
    return {term.name: term for term in (COUNT, ABS_TARGET, *(t for spec in specs for t in (spec.over, spec.term)))}


def compared_metrics() -> list[str]:
    """The metrics that leaderboards list."""
    return [name for name, spec in METRICS.items() if spec.is_compared]


def tested_metrics() -> list[str]:
    """The metrics whose differences between runs are tested."""
    return [name for name in compared_metrics() if METRICS[name].has_log_interval]
