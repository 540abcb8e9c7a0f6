"""Metrics: their declarations, the errors of a step, and sums of them in float64."""
