import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from panels import panel_of

from timevis.data.datamodule import WindowDataModule, covariate_scalers
from timevis.data.panel import Scaler


@given(arrays(np.float32, (50, 3), elements=st.floats(-1e4, 1e4, width=32)), st.integers(0, 49))
def test_the_scaler_agrees_with_numpy_and_ignores_missing_values(values, missing_row):
    values[missing_row, 1] = np.nan
    scaler = Scaler.fit(values)
    exact = values.astype(np.float64)
    np.testing.assert_allclose(scaler.mean, np.nanmean(exact, axis=0), rtol=1e-9, atol=1e-9)
    deviation = np.nanstd(exact, axis=0)
    np.testing.assert_allclose(scaler.std, np.where(deviation > 0, deviation, 1.0), rtol=1e-6, atol=1e-9)


def test_a_constant_or_empty_channel_is_scaled_by_one():
    values = np.stack([np.full(9, 3.0), np.full(9, np.nan)], axis=1).astype(np.float32)
    np.testing.assert_array_equal(Scaler.fit(values).std, [1.0, 1.0])
    assert np.isfinite(Scaler.fit(values).mean).all()


def test_a_constant_channel_of_targets_is_scaled_by_a_twentieth_of_its_value():
    values = np.stack([np.full(9, 0.003), np.full(9, -3e4), np.zeros(9), np.arange(9)], axis=1).astype(np.float32)
    deviations = WindowDataModule(panel_of(np.tile(values, (8, 1))), context_length=2, horizon=1).scaler.std
    np.testing.assert_allclose(deviations, [0.00015, 1.5e3, 1.0, np.std(np.arange(9))], rtol=0.02)


def test_covariates_are_scaled_by_the_training_rows_of_the_series_that_read_them():
    values = np.ones((400, 2))
    values[200:, 0] = np.nan  # the first series ends early, so that its validation rows lie before row 200
    price = np.zeros((400, 2))
    price[140:200, 0] = 1e6
    columns = np.array([[0, 1]])
    panel = panel_of(
        values, price, [True], covariate_names=("price",), series=np.arange(2), covariate_columns=columns
    )
    datamodule = WindowDataModule(panel, context_length=12, horizon=6, split_by="series")
    assert datamodule.split.borders[0, 0] <= 140
    (scaler,) = covariate_scalers(datamodule, [0])
    assert scaler.mean.item() == 0
