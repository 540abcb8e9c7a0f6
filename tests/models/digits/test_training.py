"""Training of the digit forecaster."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from trainers import quiet_trainer

from timevis.errors import ConfigError
from timevis.evaluation.backtest import scores_of
from timevis.models.digits.forecaster import QwenForecaster

TUNES = ["lora", "full", "head", "none"]


@pytest.mark.parametrize("tune", TUNES)
def test_tune_decides_which_parameters_are_trained(make_forecaster, tune: str) -> None:
    forecaster, _ = make_forecaster(f"model.tune={tune}")
    trained = {name for name, p in forecaster.named_parameters() if p.requires_grad}
    tables = {name for name in trained if ".tables." in name}
    assert bool(tables) == (tune != "none")
    assert any("lora_" in name for name in trained) == (tune == "lora")
    assert any("layers.0.mlp" in name for name in trained) == (tune in ("lora", "full"))
    assert forecaster.trainable == (tune != "none")


@pytest.mark.parametrize("tune", ["lora", "full", "head"])
def test_a_few_training_steps_reduce_the_loss(make_forecaster, tune: str) -> None:
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


def test_missing_targets_do_not_change_the_loss(make_forecaster) -> None:
    forecaster, data = make_forecaster("model.bf16=false")
    batch = data.gather("train", torch.arange(4))
    mask = batch.target_mask.clone()
    mask[:, -2:] = False
    first = forecaster.loss(replace(batch, target_mask=mask))
    second = forecaster.loss(replace(batch, target_mask=mask, target=torch.where(mask, batch.target, 1e5)))
    assert torch.equal(first, second)


def test_a_plain_lightning_trainer_fits_saves_and_loads_the_forecaster(make_forecaster, tmp_path) -> None:
    forecaster, data = make_forecaster(
        "model.fit.batch_size=4", "evaluation.val_windows=3", "evaluation.max_windows=3"
    )
    trainer = quiet_trainer(max_epochs=1, limit_train_batches=2, num_sanity_val_steps=0)
    trainer.fit(forecaster.train(), datamodule=data)
    assert trainer.callback_metrics["tuning/wql"].isfinite()
    path = tmp_path / "plain.ckpt"
    trainer.save_checkpoint(path)
    batch = data.gather("test", torch.arange(2))
    loaded = QwenForecaster.load_from_checkpoint(path, weights_only=True).eval()
    assert torch.equal(loaded.forecast(batch).samples, forecaster.eval().forecast(batch).samples)


def test_gradient_checkpointing_does_not_change_the_gradients(make_forecaster) -> None:
    gradients, passes = [], []
    for checkpointing in ("false", "true"):
        torch.manual_seed(0)  # of the adapters
        forecaster, data = make_forecaster(f"model.gradient_checkpointing={checkpointing}", "model.bf16=false")
        passes.append([])
        forecaster.network.backbone.model.layers[0].self_attn.register_forward_hook(lambda *_: passes[-1].append(1))
        forecaster.train().loss(data.gather("train", torch.arange(2))).backward()
        gradients.append({n: p.grad for n, p in forecaster.named_parameters() if p.requires_grad})
    assert [len(p) for p in passes] == [1, 2]  # the backward pass runs a checkpointed layer again
    plain, checkpointed = gradients
    assert all(torch.allclose(plain[name], checkpointed[name], atol=1e-6) for name in plain)


def test_validation_during_a_fit_uses_the_same_windows_for_every_batch_size(make_forecaster, bundled_panel):
    counts = []
    for size in (8, 50):
        forecaster, data = make_forecaster(
            f"model.fit.val_batch_size={size}",
            "model.val_windows_per_epoch=12",
            "model.val_samples=2",
            panel=bundled_panel("weather"),
        )
        assert next(iter(data.val_dataloader())).shape == (size,)
        assert next(iter(data.test_dataloader())).shape == (data.eval_batch_size,)
        forecaster.prepare(data)
        trainer = quiet_trainer(max_epochs=1, limit_train_batches=1)
        trainer.fit(forecaster, datamodule=data)
        counts.append(scores_of(trainer).validation.sum_count[:, 0].tolist())
    assert counts[0] == counts[1]
    assert min(counts[0]) >= 2


def test_a_fit_without_a_last_step_is_refused(make_forecaster) -> None:
    forecaster, data = make_forecaster()
    forecaster.prepare(data)
    with pytest.raises(ConfigError, match="no end"):
        quiet_trainer(max_epochs=-1, max_time="00:00:01:00").fit(forecaster, datamodule=data)
