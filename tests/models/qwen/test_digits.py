"""The digit forecaster on real data: honest, reproducible, trainable, and small on disk."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer
from transformers import AutoConfig, AutoModelForCausalLM

from timevis.errors import ConfigError, RunFolderError
from timevis.models.qwen.backbone import find
from timevis.models.qwen.digit_windows import carry_forward, shuffled, thinned
from timevis.models.qwen.digits import QwenForecaster
from timevis.models.qwen.temperature import CANDIDATES
from timevis.models.storage import load, save

TUNES = ["lora", "full", "head", "none"]


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


def test_a_shuffled_context_keeps_its_values_and_changes_the_forecast(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.shuffle_context=true")
    plain, _ = make_forecaster()
    batch = data.gather("test", torch.arange(3))
    for one, two in zip(
        forecaster.forecast(batch).extras["context"], plain.forecast(batch).extras["context"], strict=True
    ):
        assert one != two
        assert sorted(one.split()) == sorted(two.split())


def test_a_shuffled_gap_goes_with_its_value(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.shuffle_context=true", "model.bf16=false", "model.num_samples=20")
    with torch.no_grad():
        forecaster.network.tables.missing.normal_()
    batch = data.gather("train", torch.arange(3))
    gaps = torch.rand(batch.context.shape, generator=torch.Generator().manual_seed(0)) < 0.4
    batch = replace(batch, context=torch.where(gaps, batch.context[:, :1], batch.context), context_mask=~gaps)
    mixed = shuffled(batch, forecaster.hparams["seed"])
    seen = [
        float(forecaster.loss(batch).detach()),
        forecaster.forecast(batch).samples,
        forecaster.first_value(batch)[1],
    ]
    forecaster.hparams["shuffle_context"] = False
    assert seen[0] == float(forecaster.loss(mixed).detach())
    assert torch.equal(seen[1], forecaster.forecast(mixed).samples)
    assert torch.equal(seen[2], forecaster.first_value(mixed)[1])


def test_a_changed_future_changes_no_forecast(make_forecaster, bundled_panel) -> None:
    panel = bundled_panel("traffic")
    forecaster, data = make_forecaster()
    origin = int(data.windows["test"].origins[5])
    values = panel.values.copy()
    values[origin:] = values[origin:][::-1] * 3 + 1000
    other, changed = make_forecaster(panel=replace(panel, values=np.ascontiguousarray(values)))
    one, two = (
        f.forecast(d.series.gather(torch.tensor([origin]), torch.tensor([0]), 48, 6))
        for f, d in ((forecaster, data), (other, changed))
    )
    assert torch.equal(one.samples, two.samples)
    assert one.extras["prompt"] == two.extras["prompt"]


@pytest.mark.parametrize("tune", TUNES)
def test_what_is_trained_is_what_the_config_says(make_forecaster, tune: str) -> None:
    forecaster, _ = make_forecaster(f"model.tune={tune}")
    trained = {name for name, p in forecaster.named_parameters() if p.requires_grad}
    tables = {name for name in trained if ".tables." in name}
    assert bool(tables) == (tune != "none")
    assert any("lora_" in name for name in trained) == (tune == "lora")
    assert any("layers.0.mlp" in name for name in trained) == (tune in ("lora", "full"))
    assert forecaster.trainable == (tune != "none")


@pytest.mark.parametrize("tune", ["lora", "full", "head"])
def test_a_few_steps_lower_the_loss(make_forecaster, tune: str) -> None:
    forecaster, data = make_forecaster(f"model.tune={tune}", "model.bf16=false")
    batch = data.gather("train", torch.arange(0, 8 * 211, 211))
    parameters = [p for p in forecaster.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3)
    before = forecaster.loss(batch).item()
    for _ in range(8):
        optimizer.zero_grad()
        forecaster.loss(batch).backward()
        optimizer.step()
    assert forecaster.loss(batch).item() < before - 0.2


def test_missing_targets_carry_no_loss(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.bf16=false")
    batch = data.gather("train", torch.arange(4))
    mask = batch.target_mask.clone()
    mask[:, -2:] = False
    one = forecaster.loss(replace(batch, target_mask=mask))
    two = forecaster.loss(replace(batch, target_mask=mask, target=torch.where(mask, batch.target, 1e5)))
    assert torch.equal(one, two)


def test_gaps_carry_the_value_before_them() -> None:
    values, mask = torch.tensor([[5.0, 0.0, 0.0, 7.0]]), torch.tensor([[True, False, False, True]])
    assert carry_forward(values, mask, torch.tensor([[1.0]])).tolist() == [[5.0, 5.0, 5.0, 7.0]]
    assert carry_forward(values, ~mask, torch.tensor([[1.0]])).tolist() == [[1.0, 0.0, 0.0, 0.0]]


@pytest.fixture(params=["lora", "full"])
def trained(request, make_forecaster) -> tuple[QwenForecaster, torch.Tensor, object]:
    forecaster, data = make_forecaster(f"model.tune={request.param}")
    with torch.no_grad():
        for parameter in forecaster.parameters():
            if parameter.requires_grad:
                parameter.add_(0.01 * torch.randn_like(parameter))
    batch = data.gather("test", torch.arange(2))
    return forecaster, forecaster.forecast(batch).samples, batch


def test_a_saved_forecaster_forecasts_the_same(trained, tmp_path) -> None:
    forecaster, expected, batch = trained
    save(forecaster, tmp_path)
    again = load(tmp_path)
    assert torch.equal(again.forecast(batch).samples, expected)


def test_the_saved_weights_leave_out_the_frozen_backbone(make_forecaster) -> None:
    forecaster, _ = make_forecaster("model.lora.rank=2")
    names = set(forecaster.state_dict())
    assert any("lora_A" in name for name in names)
    assert any("tables.own" in name for name in names)
    assert not any("base_layer" in name or "embed_tokens" in name for name in names)


def test_a_head_tied_to_the_embedding_is_left_out_too(make_forecaster, tmp_path) -> None:
    folder = Path(shutil.copytree(find("nano"), tmp_path / "tied"))
    config = AutoConfig.from_pretrained(folder)
    config.tie_word_embeddings = True
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    forecaster, _ = make_forecaster(f"model.backbone.path={folder}")
    assert not [name for name in forecaster.state_dict() if "lm_head" in name or "embed_tokens" in name]
    forecaster.load_state_dict(forecaster.state_dict())


def test_decoding_with_merged_adapters_leaves_the_weights_untouched(trained) -> None:
    forecaster, _, batch = trained
    before = {name: p.detach().clone() for name, p in forecaster.named_parameters()}
    forecaster.forecast(batch)
    assert all(torch.equal(before[name], p) for name, p in forecaster.named_parameters())
    loss = float(forecaster.loss(batch).detach())
    forecaster.forecast(batch)
    assert float(forecaster.loss(batch).detach()) == loss


def test_weights_of_another_backbone_are_refused(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    state = forecaster.state_dict()
    state["fingerprint"] = 255 - state["fingerprint"]
    with pytest.raises(RunFolderError, match="fingerprint"):
        forecaster.load_state_dict(state)


def test_weights_that_do_not_fit_are_refused(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    state = {k: v for k, v in forecaster.state_dict().items() if "tables.own" not in k}
    with pytest.raises(RunFolderError, match=r"tables\.own"):
        forecaster.load_state_dict(state)


def test_a_plain_trainer_fits_it(make_forecaster, tmp_path) -> None:
    forecaster, data = make_forecaster(
        "model.fit.batch_size=4", "evaluation.val_windows=3", "evaluation.max_windows=3"
    )
    trainer = Trainer(
        max_epochs=1,
        limit_train_batches=2,
        accelerator="cpu",
        logger=False,
        default_root_dir=tmp_path,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(forecaster.train(), datamodule=data)
    assert trainer.callback_metrics["val/wql"].isfinite()
    path = tmp_path / "plain.ckpt"
    trainer.save_checkpoint(path)
    batch = data.gather("test", torch.arange(2))
    again = QwenForecaster.load_from_checkpoint(path, weights_only=True).eval()
    assert torch.equal(again.forecast(batch).samples, forecaster.eval().forecast(batch).samples)


def test_the_temperature_is_fitted_on_validation(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.calibration_windows=32")
    forecaster.calibrate(data)
    assert not torch.equal(forecaster.temperature, torch.ones(3))
    assert set(forecaster.temperature.tolist()) <= set(torch.tensor(CANDIDATES).tolist())
    fitted, plain = _log_loss(forecaster, data, forecaster.temperature), _log_loss(forecaster, data, torch.ones(3))
    assert bool((fitted < plain).all())


@torch.no_grad()
def _log_loss(forecaster, data, temperature: torch.Tensor) -> torch.Tensor:
    """Of each place [width], over the windows that the temperature is fitted on."""
    total = torch.zeros(3)
    for batch in forecaster._calibration_batches(data):
        logits, digits, seen = forecaster._logits(batch, forecaster.context_length)
        chance = (logits / temperature[:, None]).log_softmax(-1)
        written = digits[:, forecaster.context_length :]
        right = chance.gather(-1, written.unsqueeze(-1)).squeeze(-1)
        total -= (right * seen[:, forecaster.context_length :, None]).sum((0, 1))
    return total


def test_every_output_names_the_backbone(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    about = forecaster.describe()["backbone"]
    assert about["name"] == "nano"
    assert about["parameters"] > 500_000
    assert 0 < about["trainable"] < about["parameters"]
    assert len(about["fingerprint"]) == 16


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


def test_checkpointed_gradients_are_the_same(make_forecaster) -> None:
    gradients, passes = [], []
    for wanted in ("false", "true"):
        torch.manual_seed(0)  # of the adapters
        forecaster, data = make_forecaster(f"model.gradient_checkpointing={wanted}", "model.bf16=false")
        passes.append([])
        forecaster.network.backbone.model.layers[0].self_attn.register_forward_hook(lambda *_: passes[-1].append(1))
        forecaster.train().loss(data.gather("train", torch.arange(2))).backward()
        gradients.append({n: p.grad for n, p in forecaster.named_parameters() if p.requires_grad})
    assert [len(p) for p in passes] == [1, 2]  # a checkpointed layer runs again on the way back
    plain, checkpointed = gradients
    assert all(torch.allclose(plain[name], checkpointed[name], atol=1e-6) for name in plain)


@pytest.mark.parametrize("channels", [1, 2, 4, 5, 10, 321])
def test_windows_are_thinned_over_all_channels_alike(channels: int) -> None:
    chosen = thinned(200 * channels, 40, channels)
    seen = torch.bincount(chosen % channels, minlength=channels)
    assert len(chosen) <= 40 + 1
    assert int(seen.max() - seen.min()) <= 1


def test_validation_within_a_fit_reads_the_same_windows_however_they_are_batched(make_forecaster, bundled_panel):
    counts = []
    for size in (8, 50):
        forecaster, data = make_forecaster(
            f"model.fit.eval_batch_size={size}",
            "model.fit_windows=12",
            "model.val_samples=2",
            panel=bundled_panel("weather"),
        )
        forecaster.prepare(data)
        options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        trainer = Trainer(
            max_epochs=1, limit_train_batches=1, accelerator="cpu", enable_model_summary=False, **options
        )
        trainer.fit(forecaster, datamodule=data)
        counts.append(forecaster.val_metrics.sum_count[:, 0].tolist())
    assert counts[0] == counts[1]
    assert min(counts[0]) >= 2


def test_what_the_config_leaves_open_is_saved_as_found(make_forecaster) -> None:
    forecaster, _ = make_forecaster()
    saved = forecaster.hparams
    assert saved["digits"] == 3
    assert saved["calendar"] == forecaster.source.settings["fields"]
    assert saved["codec"]["rule"] == "mean_std"
    assert saved["prompt"]["style"] == "short"


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


def test_a_fit_without_an_end_is_refused(make_forecaster) -> None:
    forecaster, data = make_forecaster()
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = Trainer(max_epochs=-1, max_time="00:00:01:00", accelerator="cpu", enable_model_summary=False, **options)
    forecaster.prepare(data)
    with pytest.raises(ConfigError, match="no end"):
        trainer.fit(forecaster, datamodule=data)


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
