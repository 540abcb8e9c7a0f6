import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from timevis.data.scaler import Scaler


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
