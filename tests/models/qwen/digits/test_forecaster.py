"""The digit forecaster on real data: what it forecasts, by every setting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from timevis.errors import ConfigError


def test_forecasts_have_the_promised_shapes_and_order(make_forecaster) -> None:
    forecaster, data = make_forecaster()
    batch = data.gather("test", torch.arange(3))
    forecast = forecaster.forecast(batch)
    assert forecast.samples.shape == (3, 4, 6)
    assert forecast.quantiles.shape == (3, 15, 6)
    assert bool((forecast.quantiles.diff(dim=1) >= 0).all())
    assert torch.allclose(forecast.point, forecast.samples.mean(1))
    assert {len(v) for v in forecast.extras.values()} == {3}
    assert len(forecast.extras["digits"][0][0].split()) == 6


@pytest.mark.parametrize("mode", ["greedy", "median"])
def test_one_path_modes_get_their_quantiles_from_validation_errors(make_forecaster, mode: str) -> None:
    forecaster, data = make_forecaster(f"model.decode={mode}", "model.calibration_windows=24")
    forecaster.calibrate(data)
    forecast = forecaster.forecast(data.gather("test", torch.arange(3)))
    assert forecast.samples is None
    assert bool((forecast.quantiles[:, -1] > forecast.quantiles[:, 0]).all())


def test_samples_do_not_depend_on_the_batch_size(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.bf16=false")
    index = torch.arange(0, 128, 2)
    whole, sevens, alone = (
        torch.cat([forecaster.forecast(data.gather("test", part)).samples for part in index.split(size)])
        for size in (64, 7, 1)
    )
    for other in (sevens, alone):
        assert float((whole == other).all(-1).double().mean()) >= 0.999


@pytest.mark.parametrize("mode", ["sample", "greedy"])
def test_no_path_quantile_or_first_value_of_a_channel_at_zero_lies_below_it(make_forecaster, mode: str) -> None:
    forecaster, data = make_forecaster(f"model.decode={mode}", "model.calibration_windows=24")
    forecaster.calibrate(data)
    batch = data.gather("test", torch.arange(3))
    batch = replace(batch, context=batch.context - batch.context.mean(1, keepdim=True))
    free, first = forecaster.forecast(batch), forecaster.first_value(batch)[0]
    forecaster.at_zero.fill_(True)
    held = forecaster.forecast(batch)
    assert float(free.quantiles.min()) < 0 == float(held.quantiles.min())
    assert torch.equal(forecaster.first_value(batch)[0], first.clamp(min=0))
    if mode == "sample":
        assert torch.equal(held.samples, free.samples.clamp(min=0))


def test_samples_of_the_first_value_follow_its_exact_distribution(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.bf16=false", "model.num_samples=3000")
    batch = data.gather("test", torch.arange(2))
    values, chance = forecaster.first_value(batch)
    assert torch.allclose(chance.sum(1), torch.ones(2, dtype=torch.double))
    drawn = forecaster.forecast(batch).samples[:, :, 0]
    for b in range(2):
        share = (drawn[b].unsqueeze(1) <= values[b] * (1 + 1e-6)).double().mean(0)
        assert float((share - chance[b].cumsum(0)).abs().max()) < 0.04  # Kolmogorov-Smirnov, 0.1 % at 3000


def test_bfloat16_moves_the_score_little(make_forecaster) -> None:
    scores = []
    for kind in ("true", "false"):
        forecaster, data = make_forecaster(f"model.bf16={kind}", "model.num_samples=400")
        forecaster.prepare(data)
        forecaster.on_test_epoch_start()
        for part in torch.arange(0, 256, 4).split(32):
            forecaster.test_step(data.gather("test", part), 0)
        scores.append(forecaster.test_metrics.summary()["wql"])
    assert scores[0] == pytest.approx(scores[1], rel=0.005)


def test_a_changed_future_changes_no_forecast(make_forecaster, bundled_panel) -> None:
    panel, few = bundled_panel("traffic"), ("model.calibration_windows=8", "model.tune=none")
    forecaster, data = make_forecaster(*few)
    origin = data.split.val_end
    values = panel.values.copy()
    values[origin:] = values[origin:][::-1] * 3 + 1000
    other, changed = make_forecaster(*few, panel=replace(panel, values=np.ascontiguousarray(values)))
    forecaster.calibrate(data)
    other.calibrate(changed)
    assert not torch.equal(forecaster.temperature, torch.ones(3))
    for name, learnt in forecaster.state_dict().items():
        assert torch.equal(learnt, other.state_dict()[name]), name
    one, two = (
        f.forecast(d.series.gather(torch.tensor([origin]), torch.tensor([0]), 48, 6))
        for f, d in ((forecaster, data), (other, changed))
    )
    assert torch.equal(one.samples, two.samples)
    assert one.extras["prompt"] == two.extras["prompt"]


def test_calendar_tables_can_be_left_out_or_chosen(make_forecaster) -> None:
    none, data = make_forecaster("model.calendar=[]", "model.tune=none")
    some, _ = make_forecaster("model.calendar=[weekday]", "model.tune=none")
    every, _ = make_forecaster("model.tune=none")
    assert none.network.tables.own.shape[0] == 0
    assert torch.equal(some.network.tables.own, every.network.tables.own[84:91])
    assert none.forecast(data.gather("test", torch.arange(1))).samples.isfinite().all()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model.tune=lorra", "lorra"),
        ("model.decode=best", "best"),
        ("model.lora.targets=[q_prj]", "q_prj"),
        ("model.lora.targets=[]", "no layer"),
        ("model.lora.targets=null", "None"),
        ("model.lora.targets=3", "names 3"),
        ("model.calendar=[hours]", "hours"),
        ("model.digits=5", "made for 3"),
        ("+model.codec.rule=mean", "mean"),
        ("+model.codec.ruel=mean_std", "ruel"),
        ("model.prompt.style=long", "long"),
        ("+model.prompt.txt=x", "txt"),
        ("model.backbone.layers=9", "layers"),
        ("model/backbone=local", "model.backbone.path is missing"),
    ],
)
def test_a_wrong_setting_is_named(make_forecaster, override: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make_forecaster(override)


def test_random_weights_of_the_same_architecture_are_an_ablation(make_forecaster) -> None:
    one, data = make_forecaster("model.backbone.pretrained=false", "model.tune=none")
    two, _ = make_forecaster("model.backbone.pretrained=false", "model.tune=none")
    batch = data.gather("test", torch.arange(1))
    assert "random" in one.describe()["backbone"]["name"]
    assert torch.equal(one.forecast(batch).samples, two.forecast(batch).samples)
    other, _ = make_forecaster("model.backbone.pretrained=false", "model.tune=none", "seed=1")
    first, second = (f.network.backbone.model.layers[0].mlp.up_proj.weight for f in (one, other))
    assert not torch.equal(first, second)


def test_nano_writes_as_many_digits_as_it_was_made_for(make_forecaster) -> None:
    with pytest.raises(ConfigError, match="made for 3"):
        make_forecaster("model.digits=2")
    with pytest.raises(ConfigError, match="width"):
        make_forecaster("+model.codec.width=3")


def test_digits_are_drawn_from_float32_logits_within_autocast_too(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.bf16=false")
    batch = data.gather("test", torch.arange(4))
    _, chance = forecaster.first_value(batch)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = forecaster.first_value(batch)[1]
        assert forecaster.forecast(batch).samples.isfinite().all()
    # with eight bits of logits most of ten digits would share a few probabilities
    assert rounded.dtype == torch.float64
    assert len(rounded[0].float().unique()) > 500
    assert float((rounded - chance).abs().sum(1).max()) < 0.2


def test_the_seasonal_rule_forecasts_around_the_last_season(make_forecaster) -> None:
    forecaster, data = make_forecaster("+model.codec.rule=seasonal", "model.num_samples=20")
    assert forecaster.codec.season == data.season
    batch = data.gather("test", torch.arange(8))
    values, chance = forecaster.first_value(batch)
    # an untuned network says least about a residual: its centre is the value a season before
    middle = values.gather(1, (chance.cumsum(1) < 0.5).sum(1, keepdim=True)).squeeze(1)
    before = batch.context[:, -data.season]
    assert float((middle - before).abs().mean()) < float(batch.context.std())
    assert float(forecaster.loss(batch).detach()) > 0
    assert forecaster.forecast(batch).samples.isfinite().all()
