"""Levels of the quantiles of every forecast, and of the metrics. Importing this module does not import PyTorch."""

QUANTILE_LEVELS = (0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975)
QUANTILE_COLUMNS = tuple(f"q{level:g}" for level in QUANTILE_LEVELS)
"""Names of the columns of tables of forecasts."""
WQL_LEVELS = tuple(round(0.1 * i, 1) for i in range(1, 10))
COVERAGES = {50: (0.25, 0.75), 80: (0.1, 0.9), 95: (0.025, 0.975)}
