"""The digit forecaster on a bundled data set, with different settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from timevis.errors import ConfigError
from timevis.models.scoring import new_metrics


def test_forecasts_have_the_documented_shapes_and_ordered_quantiles(make_forecaster) -> None:
    forecaster, data = make_forecaster()
    batch = data.gather("test", torch.arange(3))
    forecast = forecaster.forecast(batch)
    assert forecast.samples.shape == (3, 4, 6)
    assert forecast.quantiles.shape == (3, 15, 6)
    assert bool((forecast.quantiles.diff(dim=1) >= 0).all())
    assert bool(((forecast.point > forecast.quantiles[:, 0]) & (forecast.point < forecast.quantiles[:, -1])).all())
    assert {len(v) for v in forecast.extras.values()} == {3}
    assert len(forecast.extras["digits"][0][0].split()) == 6


@pytest.mark.parametrize("mode", ["greedy", "median"])
def test_greedy_and_median_decoding_take_quantiles_from_validation_errors(make_forecaster, mode: str) -> None:
    forecaster, data = make_forecaster(f"model.decode={mode}", "model.calibration_windows=24")
    forecaster.calibrate(data)
    forecast = forecaster.forecast(data.gather("test", torch.arange(3)))
    assert forecast.samples is None
    assert bool((forecast.quantiles[:, -1] > forecast.quantiles[:, 0]).all())


def test_samples_do_not_depend_on_the_batch_size(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.bf16=false")
    index = torch.arange(0, 128, 2)
    by_64, by_7, by_1 = (
        torch.cat([forecaster.forecast(data.gather("test", part)).samples for part in index.split(size)])
        for size in (64, 7, 1)
    )
    for other in (by_7, by_1):
        assert float((by_64 == other).all(-1).double().mean()) >= 0.999


@pytest.mark.parametrize("mode", ["sample", "greedy"])
def test_forecasts_of_a_non_negative_channel_are_clipped_at_zero(make_forecaster, mode: str) -> None:
    forecaster, data = make_forecaster(f"model.decode={mode}", "model.calibration_windows=24")
    forecaster.at_zero.fill_(False)
    forecaster.calibrate(data)
    batch = data.gather("test", torch.arange(3))
    batch = replace(batch, context=batch.context - batch.context.mean(1, keepdim=True))
    unclipped, first_values = forecaster.forecast(batch), forecaster.first_value_distribution(batch)[0]
    forecaster.at_zero.fill_(True)
    clipped = forecaster.forecast(batch)
    assert float(unclipped.quantiles.min()) < 0 == float(clipped.quantiles.min())
    assert torch.equal(forecaster.first_value_distribution(batch)[0], first_values.clamp(min=0))
    if mode == "sample":
        assert torch.equal(clipped.samples, unclipped.samples.clamp(min=0))


def test_samples_of_the_first_value_follow_its_exact_distribution(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.bf16=false", "model.num_samples=3000")
    batch = data.gather("test", torch.arange(2))
    values, probability = forecaster.first_value_distribution(batch)
    assert torch.allclose(probability.sum(1), torch.ones(2, dtype=torch.double))
    drawn = forecaster.forecast(batch).samples[:, :, 0]
    for b in range(2):
        share = (drawn[b].unsqueeze(1) <= values[b] * (1 + 1e-6)).double().mean(0)
        assert float((share - probability[b].cumsum(0)).abs().max()) < 0.04  # Kolmogorov-Smirnov, 0.1 % at 3000


def test_bfloat16_changes_the_score_by_less_than_half_a_percent(make_forecaster) -> None:
    scores = []
    for bf16 in ("true", "false"):
        forecaster, data = make_forecaster(f"model.bf16={bf16}", "model.num_samples=200")
        forecaster.prepare(data)
        metrics = new_metrics(forecaster)
        for part in torch.arange(0, 256, 4).split(32):
            batch = data.gather("test", part)
            metrics.update_batch(forecaster.forecast(batch), batch)
        scores.append(metrics.summary()["wql"])
    assert scores[0] == pytest.approx(scores[1], rel=0.005)


def test_forecasts_do_not_depend_on_future_values(make_forecaster, bundled_panel) -> None:
    panel, overrides = bundled_panel("traffic"), ("model.calibration_windows=8", "model.tune=none")
    forecaster, data = make_forecaster(*overrides)
    origin = data.split.val_end
    values = panel.values.copy()
    values[origin:] = values[origin:][::-1] * 3 + 1000
    other, changed_data = make_forecaster(*overrides, panel=replace(panel, values=np.ascontiguousarray(values)))
    forecaster.calibrate(data)
    other.calibrate(changed_data)
    assert not torch.equal(forecaster.temperature, torch.ones(3))
    for name, value in forecaster.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    first, second = (
        f.forecast(d.series.gather(torch.tensor([origin]), torch.tensor([0]), 48, 6))
        for f, d in ((forecaster, data), (other, changed_data))
    )
    assert torch.equal(first.samples, second.samples)
    assert first.extras["prompt"] == second.extras["prompt"]


def test_the_fields_of_the_calendar_tables_can_be_chosen(make_forecaster) -> None:
    without, data = make_forecaster("model.calendar=[]", "model.tune=none")
    weekday, _ = make_forecaster("model.calendar=[weekday]", "model.tune=none")
    default, _ = make_forecaster("model.tune=none")
    assert without.network.tables.own.shape[0] == 0
    assert torch.equal(weekday.network.tables.own, default.network.tables.own[84:91])
    assert without.forecast(data.gather("test", torch.arange(1))).samples.isfinite().all()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.tune=lorra", "lorra"),
        ("model.decode=best", "best"),
        ("model.lora.targets=[q_prj]", "q_prj"),
        ("model.lora.targets=[]", "no layer"),
        ("model.lora.targets=null", "targets=null must be"),
        ("model.lora.targets=3", "targets=3 must be"),
        ("model.calendar=[hours]", "hours"),
        ("model.digits=5", "pretrained with 3"),
        ("+model.codec.rule=mean", "mean"),
        ("+model.codec.ruel=mean_std", "ruel"),
        ("model.prompt.style=long", "long"),
        ("+model.prompt.txt=x", "txt"),
        ("model.backbone.layers=9", "layers"),
        ("model/backbone=local", "model.backbone.path is missing"),
    ],
)
def test_an_invalid_setting_is_refused_with_a_message_that_names_it(
    make_forecaster, override: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make_forecaster(override)


def test_random_weights_of_the_backbone_depend_on_the_seed_only(make_forecaster) -> None:
    first, data = make_forecaster("model.backbone.pretrained=false", "model.tune=none")
    second, _ = make_forecaster("model.backbone.pretrained=false", "model.tune=none")
    batch = data.gather("test", torch.arange(1))
    assert "random" in first.describe()["backbone"]["name"]
    assert torch.equal(first.forecast(batch).samples, second.forecast(batch).samples)
    other, _ = make_forecaster("model.backbone.pretrained=false", "model.tune=none", "seed=1")
    weight, other_weight = (f.network.backbone.model.layers[0].mlp.up_proj.weight for f in (first, other))
    assert not torch.equal(weight, other_weight)


def test_nano_refuses_another_number_of_digits_than_it_was_pretrained_with(make_forecaster) -> None:
    with pytest.raises(ConfigError, match="pretrained with 3"):
        make_forecaster("model.digits=2")
    with pytest.raises(ConfigError, match="width"):
        make_forecaster("+model.codec.width=3")


def test_digits_are_drawn_from_float32_logits_under_autocast(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.bf16=false")
    batch = data.gather("test", torch.arange(4))
    _, probability = forecaster.first_value_distribution(batch)
    with torch.autocast("cpu", torch.bfloat16):
        under_autocast = forecaster.first_value_distribution(batch)[1]
        assert forecaster.forecast(batch).samples.isfinite().all()
    # bfloat16 logits would give many codes the same probability
    assert under_autocast.dtype == torch.float64
    assert len(under_autocast[0].float().unique()) > 500
    assert float((under_autocast - probability).abs().sum(1).max()) < 0.2


def test_the_seasonal_rule_forecasts_around_the_last_season(make_forecaster) -> None:
    forecaster, data = make_forecaster("+model.codec.rule=seasonal", "model.num_samples=20")
    assert forecaster.codec.season == data.season
    batch = data.gather("test", torch.arange(8))
    values, probability = forecaster.first_value_distribution(batch)
    # an untuned network forecasts a seasonal difference near zero
    median = values.gather(1, (probability.cumsum(1) < 0.5).sum(1, keepdim=True)).squeeze(1)
    season_before = batch.context[:, -data.season]
    assert float((median - season_before).abs().mean()) < float(batch.context.std())
    assert float(forecaster.loss(batch).detach()) > 0
    assert forecaster.forecast(batch).samples.isfinite().all()


def test_covariates_that_are_known_ahead_are_read_on_request_and_change_nothing_before_training(
    make_forecaster,
) -> None:
    (plain, data), (reader, _) = make_forecaster("model.covariates=none"), make_forecaster("model.covariates=known")
    assert (plain.covariates_read, reader.covariates_read) == ((), (data.panel.covariate_names.index("holiday"),))
    batch = data.gather("test", torch.arange(3))
    torch.testing.assert_close(reader.forecast(batch).samples, plain.forecast(batch).samples)
    reader.train()
    reader.loss(data.gather("train", torch.arange(200, 2200, 100))).backward()
    for projection in (reader.network.tables.own_covariates, reader.network.tables.next_covariates):
        assert float(projection.grad.abs().max()) > 0
