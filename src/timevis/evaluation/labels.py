"""Names and descriptions of metrics and costs, as reports show them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MetricLabel:
    """How a metric is shown.

    Attributes
    ----------
    name : str
    description : str
        ``{unit}`` in it stands for the unit of the data.
    lower_is_better : bool
        False for bias and coverage, whose best value is neither the lowest nor the highest.
    percent : bool
        Whether values are shown in percent.
    """

    name: str
    description: str
    lower_is_better: bool = True
    percent: bool = False


STANDARDISED = "computed on values standardised by the mean and std of the training part, as in the literature"
METRICS = {
    "relative_wql": MetricLabel(
        "Relative WQL",
        "WQL divided by that of seasonal naive on the same windows; of several channels the geometric mean",
    ),
    "wql": MetricLabel("WQL", "weighted quantile loss over the levels 0.1 to 0.9; scores the whole distribution"),
    "sql": MetricLabel(
        "SQL",
        "scaled quantile loss: that of WQL divided by the error of seasonal naive in the training part, as MASE",
    ),
    "crps": MetricLabel(
        "CRPS",
        "continuous ranked probability score: twice the integral of the pinball loss over the levels, {unit}",
    ),
    "mase": MetricLabel(
        "MASE",
        "mean absolute error divided by that of seasonal naive in the training part; – where the latter is zero",
    ),
    "mae": MetricLabel("MAE", "mean absolute error of the median, {unit}"),
    "rmse": MetricLabel("RMSE", "root mean squared error of the point forecast, {unit}"),
    "wape": MetricLabel("WAPE", "sum of absolute errors divided by the sum of absolute truths", percent=True),
    "smape": MetricLabel("sMAPE", "symmetric mean absolute percentage error", percent=True),
    "mse_scaled": MetricLabel("MSE, scaled", f"mean squared error of the point forecast, {STANDARDISED}"),
    "mae_scaled": MetricLabel("MAE, scaled", f"mean absolute error of the median, {STANDARDISED}"),
    "bias": MetricLabel("Bias", "mean of point forecast minus truth, {unit}", lower_is_better=False),
    **{
        f"coverage_{k}": MetricLabel(f"Coverage of {k} %", f"share of truths inside the {k} % interval", False, True)
        for k in (50, 80, 95)
    },
}
"""Label of each metric in results.json, in the order of the tables."""
COSTS = {
    "trainable_parameters": "trainable parameters",
    "parameters": "total parameters",
    "fit_seconds": "training, seconds",
    "calibrate_seconds": "calibration, seconds",
    "test_seconds": "forecasting and scoring, seconds",
    "forecasts_per_second": "forecasts per second",
    "peak_memory_mb": "peak memory, MiB",
    "device": "device",
    "threads": "threads",
}
"""Name of each entry of the cost section of results.json that tables show."""
