"""A metric from one file: the share of truths from which the median is at most one standard unit of the data away."""

from timevis.metrics.specs import METRICS, MetricSpec, Term

CLOSE = Term("is_close", lambda errors: errors.one * (errors.median_abs_error <= 1))
HIT_RATE = MetricSpec(
    name="hit_rate",
    label="Hit rate",
    description="share of truths that the median misses by at most 1",
    scores="median",
    term=CLOSE,
    direction="higher",
    unit="percent",
    has_log_interval=False,
    limits=(0.0, 1.0),
    is_compared=True,
)
METRICS[HIT_RATE.name] = HIT_RATE
