"""The results of a run as a table in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from timevis.evaluation.run_record import model_label

NAMES = {
    "wql": "WQL",
    "crps": "CRPS",
    "mae": "MAE",
    "rmse": "RMSE",
    "mase": "MASE",
    "wape": "WAPE",
    "smape": "sMAPE",
    "mse_scaled": "MSE, scaled",
    "mae_scaled": "MAE, scaled",
    "bias": "bias",
    "coverage_50": "coverage 50 %",
    "coverage_80": "coverage 80 %",
    "coverage_95": "coverage 95 %",
}


def one_line(results: dict[str, Any]) -> str:
    """The verdict for logs and sweeps."""
    skill, wql = results["skill"]["wql"], results["metrics"]["wql"]["value"]
    return (
        f"{model_label(results['run'])}: val/wql {_number(results['validation']['wql'])}, test/wql {_number(wql)}, "
        f"skill against seasonal naive {_number(skill['value'])} ({_interval(skill)})"
    )


def print_results(results: dict[str, Any], console: Console | None = None) -> None:
    """Each metric with seasonal naive beside it, the skill with its 95 % interval, and the cost."""
    run, window_set, cost = results["run"], results["window_set"], results["cost"]
    label = escape(model_label(run))
    table = Table(title=f"{label} on {run['data']}: {window_set['windows']} test windows, seed {run['seed']}")
    table.add_column("")
    for column in (label, "95 % interval", "seasonal naive"):
        table.add_column(column, justify="right")
    for key, name in NAMES.items():
        ours, naive = results["metrics"][key], results["seasonal_naive"][key]
        table.add_row(name, _number(ours["value"]), _interval(ours), _number(naive["value"]))
    table.add_section()
    for key, skill in results["skill"].items():
        table.add_row(f"skill ({NAMES.get(key, key)})", _number(skill["value"]), _interval(skill), "0")
    table.add_section()
    for name, value in (
        ("trainable parameters", f"{cost['trainable_parameters']:,}"),
        ("fit", f"{cost['fit_seconds']:.1f} s"),
        ("test", f"{cost['test_seconds']:.1f} s"),
        ("forecasts per second", f"{cost['forecasts_per_second']:,.0f}"),
        ("peak memory", f"{cost['peak_memory_mb']:,.0f} MiB"),
        ("device", cost["device"]),
    ):
        table.add_row(name, value)
    (console or Console()).print(table)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _interval(value: dict[str, float | None]) -> str:
    return "" if value["low"] is None else f"{_number(value['low'])} to {_number(value['high'])}"
