"""Pretraining of the nano backbone: batches, learning rate, checkpoints and saved folders."""

import importlib.util
import json

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from tiny import ROOT

from timevis.errors import ConfigError
from timevis.models.qwen.digits.codec import DigitCodec
from timevis.models.qwen.digits.digit_batches import forward_fill
from timevis.models.qwen.nano.batches import BatchStream
from timevis.models.qwen.nano.pretraining import digit_loss, learning_rate_factor
from timevis.models.qwen.nano.tokenizer import build_tokenizer

TOKENIZER = build_tokenizer()


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("pretrain_nano", ROOT / "scripts" / "pretrain_nano.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def config(tmp_path):
    small = ["network.hidden_size=32", "network.num_layers=1", "network.intermediate_size=48", "digits_per_step=1152"]
    with initialize_config_dir(str(ROOT / "conf"), version_base=None):
        return compose("pretrain_nano", [f"folder={tmp_path}", "steps=6", "bf16=false", "device=cpu", *small])


def stream(seed=0, **kwargs):
    return BatchStream(TOKENIZER, DigitCodec(), seed=seed, digits_per_batch=2304, **kwargs)


def test_a_batch_depends_on_seed_and_number_only():
    for number in range(3):
        first, second, other = stream()[number], stream()[number], stream(1)[number]
        assert all(torch.equal(a, b) for a, b in zip(vars(first).values(), vars(second).values(), strict=True))
        assert first.digits.shape != other.digits.shape or not torch.equal(first.digits, other.digits)


def test_some_batches_have_prompts_and_some_have_gaps():
    batches = [stream()[number] for number in range(12)]
    assert {b.prompt.shape[1] == 1 for b in batches} == {True, False}
    assert any(not b.observed.all() for b in batches)
    assert all(b.prompt[:, 0].eq(TOKENIZER.bos_token_id).all() for b in batches)


def test_a_gap_is_filled_with_the_last_observation():
    values, observed = torch.tensor([[2.0, 3.0, 4.0]]), torch.tensor([[False, False, True]])
    assert forward_fill(values, observed, torch.tensor([[1.0]])).tolist() == [[1.0, 1.0, 4.0]]


def test_the_learning_rate_warms_up_stays_constant_and_falls_to_zero():
    rates = [learning_rate_factor(step, 100, 10, 0.4) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10:60] == [1.0] * 50
    assert np.all(np.diff(rates[60:]) < 0)
    assert rates[100] == 0


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(script, config):
    whole = script.PretrainingRun(config)
    losses = [whole.train_step() for _ in range(4)]
    interrupted = script.PretrainingRun(config)
    for _ in range(2):
        interrupted.train_step()
    interrupted.save()
    resumed = script.PretrainingRun(config)
    resumed.resume()
    assert resumed.step == 2
    assert [resumed.train_step() for _ in range(2)] == losses[2:]
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name
        assert torch.equal(whole.ema_weights[name], resumed.ema_weights[name]), name


def test_a_resumed_run_may_have_more_steps_but_not_another_seed_or_network(script, config):
    run = script.PretrainingRun(config)
    run.train_step()
    run.save()
    config.steps, config.adamw_learning_rate = 12, 1e-3
    longer = script.PretrainingRun(config)
    longer.resume()
    assert longer.step == 1
    config.seed, config.network.num_layers = 5, 2
    with pytest.raises(ConfigError, match=r"seed=5, network=.*started with seed=0, network=.*'num_layers': 1"):
        script.PretrainingRun(config).resume()


def test_a_resumed_run_continues_its_wandb_run(script, config):
    config.wandb, ids = True, []
    for code in (1, 0, 0):
        wandb_run = script.start_wandb(config)
        ids.append(wandb_run.id)
        wandb_run.finish(exit_code=code)
    assert ids[0] == ids[1] != ids[2]


def test_a_step_in_several_passes_has_the_loss_of_the_whole_batch(script, config):
    run = script.PretrainingRun(config)
    run.network.eval()
    batch = run.stream[run.step]
    batch.observed[0, 10:] = False
    batch.observed[1, 3:9] = False
    run.stream = {run.step: batch}
    with torch.no_grad():
        whole = float(digit_loss(run.network, batch))
    run.cfg.digits_per_pass, run.cfg.bf16 = batch.digits[0].numel(), False
    assert len(batch.split(run.cfg.digits_per_pass)) == len(batch.digits) > 1
    assert run.train_step() == pytest.approx(whole, rel=1e-4)


def test_the_note_names_the_real_data_that_a_run_was_trained_on(script, config, tmp_path):
    for data, share in (([], 0.5), (["electricity"], 0.0), (["electricity"], 1.0)):
        config.real_data.names, config.real_data.batch_share = data, share
        run = script.PretrainingRun(config)
        run.train_step()
        run.save()
        note = json.loads((tmp_path / "nano" / "timevis.json").read_text())["note"]
        assert ("training parts of electricity" in note) == bool(data and share)


def test_a_run_can_start_from_the_weights_of_another_run(script, config, tmp_path):
    first = script.PretrainingRun(config)
    for _ in range(2):
        first.train_step()
    first.save()
    config.initial_weights, config.folder = str(tmp_path / "nano"), str(tmp_path / "next")
    second = script.PretrainingRun(config)
    for name, value in second.network.state_dict().items():
        assert torch.equal(value, first.ema_weights[name].bfloat16().float()), name
    second.train_step()
    second.save()
    assert "initialised from" in (tmp_path / "next" / "nano" / "timevis.json").read_text()


@pytest.mark.parametrize("fields", [[], ["hour", "weekday"]])
def test_a_run_has_tables_of_its_calendar_fields(script, config, tmp_path, fields):
    config.network.calendar_fields = fields
    run = script.PretrainingRun(config)
    run.train_step()
    run.save()
    assert json.loads((tmp_path / "nano" / "timevis.json").read_text())["fields"] == fields
    network, _ = script.load_network(str(tmp_path / "nano"))
    assert len(network.tables.own) == sum({"hour": 24, "weekday": 7}[name] for name in fields)
    assert torch.equal(network.tables.own, run.ema_weights["tables.own"].bfloat16().float())
