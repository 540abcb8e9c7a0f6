"""Quantiles from errors: arrays in, arrays out. Nothing here knows a forecaster."""
