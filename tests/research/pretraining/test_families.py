"""Families of synthetic series: what all have in common, and what makes each of them."""

import numpy as np
import pytest
from PIL import Image

from timevis_research.pretraining.clock import DAY, MONTH, QUARTER, WEEK, Clock
from timevis_research.pretraining.families import FAMILIES, draw_families, draw_family
from timevis_research.pretraining.pictures import draw_sheet
from timevis_research.pretraining.processes import standardise


def series(name, length=640, size=60, seed=1):
    return draw_family(name, np.random.default_rng(seed), size, length)


def correlation_at(values, lag):
    """Correlation of each series with itself `lag` rows earlier; float [B]."""
    first, second = standardise(values[:, :-lag]), standardise(values[:, lag:])
    return (first * second).mean(1)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_draws_finite_series_that_vary_and_repeat_with_the_seed(name):
    for length in (288, 2400):
        values, clock = series(name, length, 24)
        again, again_clock = series(name, length, 24)
        other, _ = series(name, length, 24, seed=2)
        assert values.shape == (24, length)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert (values.std(1) > 0).mean() > 0.9
        assert np.array_equal(values, again)
        assert np.array_equal(clock.start, again_clock.start)
        assert not np.array_equal(values, other)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_sheet_of_a_family_shows_short_and_long_series(name, tmp_path):
    titles = draw_sheet(name, tmp_path / "sheets" / f"{name}.png", columns=2)
    with Image.open(tmp_path / "sheets" / f"{name}.png") as image:
        pixels = np.asarray(image.convert("L"))
    assert len(titles) == 14
    assert (pixels < 200).mean() > 0.01  # lines, and not only the frames


def test_all_families_have_equal_shares():
    names = ["counts", "steps", "slow"]
    values, clock = draw_families(np.random.default_rng(0), 32, 300, names)
    assert len(values) == len(clock) == 32
    whole = (values == np.round(values)).all(1)
    assert whole[:11].sum() >= 10 or whole[:10].sum() >= 10  # the counts come first


def test_counts_are_whole_numbers_that_are_not_negative():
    values, _ = series("counts")
    assert (values >= 0).all()
    assert np.array_equal(values, np.round(values))
    assert 0.1 < (values == 0).mean() < 0.9


def test_business_series_and_flows_are_not_negative_and_repeat_after_a_week():
    for name, share in (("business", 0.3), ("flows", 0.4)):
        values, clock = series(name, 2400, 80)
        assert (values >= 0).all()
        week = np.round(clock.rows_per(WEEK)).astype(int).ravel()
        usual = np.flatnonzero((week >= 7) & (week <= 700))
        repeats = [correlation_at(values[[i]], week[i])[0] > 0.5 for i in usual]
        assert np.mean(repeats) > share


def test_meters_repeat_after_a_day_more_than_after_a_day_and_a_half():
    values, clock = series("meters", 2400)
    day = np.round(clock.rows_per(DAY)).astype(int).ravel()
    contrast = [
        (correlation_at(values[[i]], d) - correlation_at(values[[i]], 3 * d // 2))[0] for i, d in enumerate(day)
    ]
    assert np.median(contrast) > 0.3


def test_slow_series_of_months_and_quarters_have_a_season_of_a_year():
    values, clock = series("slow", 240, 200)
    strong = []
    for step, rows in ((MONTH, 12), (QUARTER, 4)):
        chosen = np.diff(values[clock.step == step], axis=1)
        strong += [c > 0.3 for c in correlation_at(chosen, rows)]
    assert 0.3 < np.mean(strong) < 0.95


def test_steps_stand_still_most_of_the_time():
    values, _ = series("steps")
    change = np.abs(np.diff(values, axis=1)) / np.maximum(values.std(1, keepdims=True), 1e-6)
    assert np.median(np.quantile(change, 0.5, axis=1)) < 0.1
    assert np.median(change.max(1)) > 0.8


def test_saw_teeth_rise_and_fall_at_different_speeds():
    values, _ = series("saw_teeth")
    change = np.diff(values, axis=1)
    skewness = (standardise(change) ** 3).mean(1)
    assert (np.abs(skewness) > 1).mean() > 0.5
    assert (skewness > 1).any()
    assert (skewness < -1).any()


def test_spikes_have_heavy_tails_and_drifting_waves_do_not():
    kurtosis = {name: np.median((standardise(series(name)[0]) ** 4).mean(1)) for name in ("spikes", "drifting_waves")}
    assert kurtosis["spikes"] > 6 > 4.5 > kurtosis["drifting_waves"]


def test_regimes_change_their_mean():
    values, _ = series("regimes", 2400)
    blocks = standardise(values).reshape(len(values), 24, 100).mean(2)
    assert np.median(blocks.std(1)) > 0.3


def test_a_causal_chain_depends_on_its_drivers():
    from timevis_research.pretraining.families.causal_chains import draw_with_drivers

    rng = np.random.default_rng(3)
    values, drivers = draw_with_drivers(rng, Clock.draw(rng, 40), 600)
    assert drivers.shape[1:] == values.shape
    design = [np.column_stack([*drivers[:, i], np.ones(600)]) for i in range(40)]
    explained = [
        1 - np.var(v - d @ np.linalg.lstsq(d, v, rcond=None)[0]) / np.var(v)
        for v, d in zip(values, design, strict=True)
    ]
    assert np.median(explained) > 0.3


def test_the_sun_does_not_shine_at_night():
    from timevis_research.pretraining.families.weather import _sun

    rng = np.random.default_rng(0)
    clock = Clock.draw(rng, 30, {60: 1.0})
    radiation = _sun(rng, clock, 480)
    hour = clock.day(480) * 24
    night, noon = radiation[hour < 0.5], radiation[(hour > 11.5) & (hour < 12.5)]
    assert (night == 0).mean() > 0.8
    assert noon.mean() > 10 * night.mean()


def test_wandering_series_have_no_clear_period():
    from timevis_research.pretraining.families.drifting_waves import USUAL_PERIODS

    values, _ = series("wandering", 2400)
    change = np.diff(values, axis=1)
    assert np.median(np.max([correlation_at(change, p) for p in USUAL_PERIODS if p > 10], axis=0)) < 0.4


def test_vibrations_oscillate_faster_than_a_wandering_series():
    def crossings(name):
        values = standardise(series(name)[0])
        return np.median((np.diff(np.sign(values), axis=1) != 0).mean(1))

    assert crossings("vibrations") > crossings("wandering")


def test_trends_and_seasons_and_kernels_contain_slow_changes():
    for name in ("trend_season", "kernels"):
        values, _ = series(name, 2400)
        blocks = standardise(values).reshape(len(values), 6, 400).mean(2)
        assert np.median(blocks.std(1)) > 0.2


def test_the_calendar_of_a_clock_agrees_with_pandas():
    import pandas as pd

    rows = np.array([0, 5, 100])
    for step, freq in ((15, "15min"), (60, "h"), (DAY, "D"), (MONTH, "MS"), (QUARTER, "3MS")):
        clock = Clock.draw(np.random.default_rng(4), 3, {step: 1.0})
        for number, calendar in enumerate(clock.calendar(rows)):
            start = clock.start[number]
            first = pd.Timestamp(start.astype("datetime64[M]" if step < 0 else "datetime64[m]"))
            times = pd.date_range(first, periods=101, freq=freq)[rows]
            expected = np.stack([times.minute, times.hour, times.day_of_week, times.day - 1, times.month - 1], 1)
            assert np.array_equal(calendar, expected), freq


def test_the_periods_of_a_clock_are_those_that_the_network_finds_in_its_calendar():
    import torch

    from timevis.models.patches.multiscale_inputs import calendar_periods

    steps = {1: 1.0, 15: 1.0, 60: 1.0, 180: 1.0, 420: 1.0, DAY: 1.0, WEEK: 1.0, MONTH: 1.0, QUARTER: 1.0}
    clock = Clock.draw(np.random.default_rng(0), 60, steps)
    calendar = torch.from_numpy(clock.calendar(np.arange(30)))
    assert np.array_equal(calendar_periods(calendar).numpy(), clock.periods())


def test_the_clock_of_every_second_row_has_twice_the_step():
    clock = Clock.draw(np.random.default_rng(0), 4, {30: 0.5, MONTH: 0.5})
    part = clock.cropped(np.full(4, 3), np.full(4, 2))
    rows = np.arange(5)
    assert np.array_equal(part.calendar(rows), clock.calendar(3 + 2 * rows))
