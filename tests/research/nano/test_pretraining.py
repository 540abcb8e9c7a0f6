"""Pretraining of both networks: batches, optimizers, learning rate, checkpoints and saved folders."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir

from timevis.errors import ConfigError
from timevis.models.digits.codec import DigitCodec
from timevis.models.digits.forecaster import forward_fill
from timevis_research.nano import train
from timevis_research.nano.batches import BatchStream
from timevis_research.nano.muon import Muon
from timevis_research.nano.patch_batches import PatchBatchStream
from timevis_research.nano.pretraining import digit_loss, patch_loss
from timevis_research.nano.schedule import learning_rate_factor
from timevis_research.nano.series_components import standardise
from timevis_research.nano.series_generator import SeriesGenerator
from timevis_research.nano.tokenizer import build_tokenizer

TOKENIZER = build_tokenizer()


@pytest.fixture(scope="module")
def script():
    return train


SMALL = ["network.hidden_size=32", "network.num_layers=1", "network.intermediate_size=48", "bf16=false", "device=cpu"]
SIZES = {"pretrain_nano": ["batch_size=1152"], "pretrain_nano_patch": ["batch_size=6000", "network.num_heads=2"]}


def compose_small(name, folder):
    with initialize_config_dir(str(Path(train.__file__).with_name("conf")), version_base=None):
        return compose(name, [f"folder={folder}", "steps=6", *SMALL, *SIZES[name]])


@pytest.fixture
def config(tmp_path):
    return compose_small("pretrain_nano", tmp_path)


@pytest.fixture(params=SIZES)
def each_config(request, tmp_path):
    return compose_small(request.param, tmp_path)


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
    rates = [learning_rate_factor(step, step / 100, 10, 0.4) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10:60] == [1.0] * 50
    assert np.all(np.diff(rates[60:]) < 0)
    assert rates[100] == 0


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(script, each_config):
    whole = script.PretrainingRun(each_config)
    losses = [whole.train_step() for _ in range(4)]
    interrupted = script.PretrainingRun(each_config)
    for _ in range(2):
        interrupted.train_step()
    interrupted.save()
    resumed = script.PretrainingRun(each_config)
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
    run.cfg.pass_size, run.cfg.bf16 = batch.digits[0].numel(), False
    assert len(batch.split(run.cfg.pass_size)) == len(batch.digits) > 1
    assert run.train_step() == pytest.approx(whole, rel=1e-4)


def test_the_note_names_the_real_data_that_a_run_was_trained_on(script, config, tmp_path):
    for data, share in (([], 0.5), (["electricity"], 0.0), (["electricity"], 1.0)):
        config.real_data.names, config.real_data.batch_share = data, share
        run = script.PretrainingRun(config)
        run.train_step()
        run.save()
        note = json.loads((tmp_path / "nano" / "timevis.json").read_text())["note"]
        assert ("training parts of electricity" in note) == bool(data and share)


def test_a_run_can_start_from_the_weights_of_another_run(script, each_config, tmp_path):
    first, name = script.PretrainingRun(each_config), script.KINDS[each_config.kind].name
    for _ in range(2):
        first.train_step()
    first.save()
    each_config.initial_weights, each_config.folder = str(tmp_path / name), str(tmp_path / "next")
    second = script.PretrainingRun(each_config)
    half = torch.bfloat16 if each_config.kind == "digits" else torch.float16
    for key, value in second.network.state_dict().items():
        assert torch.equal(value, first.ema_weights[key].to(half).float()), key
    second.train_step()
    second.save()
    (saved,) = [path for path in (tmp_path / "next" / name).glob("*.json") if "initialised" in path.read_text()]
    assert saved.name == {"digits": "timevis.json", "patches": "config.json"}[each_config.kind]


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_run_of_minutes_ends_on_time_and_keeps_the_plateau(script, each_config, tmp_path, num_workers):
    each_config.minutes, each_config.decay_share, each_config.num_workers = 0.05, 0.5, num_workers
    each_config.evaluate.data, each_config.steps = [], 1
    script.pretrain(each_config)
    plateau, last = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("plateau", "last"))
    assert 0.025 < plateau["progress"]["seconds"] / 60 < last["progress"]["seconds"] / 60
    assert last["progress"]["seconds"] / 60 >= 0.05
    assert plateau["progress"]["step"] < last["progress"]["step"]


def test_worker_processes_generate_the_same_batches(script, each_config):
    losses = []
    for num_workers in (0, 2):
        each_config.num_workers = num_workers
        run = script.PretrainingRun(each_config)
        losses.append([run.train_step() for _ in range(3)])
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    "device", ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]
)
def test_a_few_steps_lower_the_loss_of_a_batch_on_each_device(script, each_config, device):
    each_config.device, each_config.warmup_steps = device, 1
    run = script.PretrainingRun(each_config)
    batch = run.stream[0].to(run.device)
    assert next(run.network.parameters()).device.type == device
    run.stream = dict.fromkeys(range(6), batch)
    losses = [run.train_step() for _ in range(6)]
    assert losses[-1] < 0.97 * losses[0]


def test_muon_steps_as_the_optimizer_of_torch():
    torch.manual_seed(0)
    shapes = [(32, 32), (48, 32), (32, 48), (32, 32)]
    ours, theirs = ([torch.nn.Parameter(torch.zeros(shape)) for shape in shapes] for _ in range(2))
    optimizers = Muon(ours, lr=0.1, weight_decay=0.1), torch.optim.Muon(theirs, lr=0.1, weight_decay=0.1)
    for _ in range(3):
        for one, two in zip(ours, theirs, strict=True):
            one.grad = torch.randn_like(one)
            two.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for one, two in zip(ours, theirs, strict=True):
        assert (one - two).norm() < 0.02 * two.norm()  # torch computes in bfloat16


def test_a_batch_of_patches_depends_on_seed_and_number_only():
    for number in range(2):
        first, second = (PatchBatchStream(24, seed=0, values_per_batch=9000)[number] for _ in range(2))
        other = PatchBatchStream(24, seed=1, values_per_batch=9000)[number]
        assert all(torch.equal(a, b) for a, b in zip(vars(first).values(), vars(second).values(), strict=True))
        assert first.values.shape != other.values.shape or not torch.equal(first.values, other.values)


def test_a_batch_of_patches_can_have_the_series_of_nano_alone():
    batch = PatchBatchStream(24, seed=3, values_per_batch=6000, recipes_share=1.0, augmented=False)[1]
    series = SeriesGenerator(3, batch.values.shape[1]).batch(1, len(batch.values), 0.0)
    assert torch.equal(batch.calendar, torch.from_numpy(series.calendar))
    expected = torch.from_numpy(standardise(series.values.astype(np.float64)))
    actual = batch.values - batch.values.mean(1, keepdim=True)
    torch.testing.assert_close(actual.double(), expected, atol=1e-4, rtol=1e-4)


def test_scored_rows_of_patches_follow_the_visible_ones_and_hidden_patches_are_scored():
    batches = [PatchBatchStream(24, seed=0, values_per_batch=18_000)[number] for number in range(6)]
    for batch in batches:
        assert all(value.isfinite().all() for value in vars(batch).values())
        assert not (batch.visible * batch.scored).any()
        assert (batch.visible.sum(1) >= 3 * 24).all()
        assert (batch.scored.sum(1) > 0).all()
        torch.testing.assert_close(batch.values.std(1, correction=0), torch.ones(len(batch.values)))
    assert any((batch.scored * (1 - batch.shown))[:, :-24].any() for batch in batches)
    assert any((batch.shown[:, :24] == 0).all(1).any() for batch in batches), "no short context"


def test_the_loss_of_patches_ignores_values_that_are_not_scored(script, tmp_path):
    run = script.PretrainingRun(compose_small("pretrain_nano_patch", tmp_path))
    batch = run.stream[0]
    hidden = (batch.shown == 0) & (batch.scored == 0) & (batch.visible == 0)
    batch.shown[:, -24:], batch.scored[:, -12:] = 0, 0
    before = patch_loss(run.network, batch)
    batch.values[:, -12:] = 77
    batch.values[hidden] = -55
    assert torch.equal(patch_loss(run.network, batch), before)
    batch.values[:, -24:-12] = 5
    assert not torch.equal(patch_loss(run.network, batch), before)


def test_all_data_sets_of_the_suite_are_scored_where_a_folder_has_their_series(script, tmp_path, monkeypatch, caplog):
    rows = np.random.default_rng(0).normal(size=300) + 5
    days = np.datetime64("2024-01-01") + np.arange(300)
    lines = [f"{day},{value:.3f}" for day, value in zip(days, rows, strict=True)]
    (tmp_path / "days.csv").write_text("\n".join(["day,y", *lines]))
    sets = {"traffic": ["data=traffic"], "days": ["data=file", "data.path=SERIES/days.csv", "horizon=7"]}
    (tmp_path / "suite.yaml").write_text(json.dumps({"data": sets}))
    monkeypatch.setattr(script, "SUITE", tmp_path / "suite.yaml")
    cfg = compose_small("pretrain_nano_patch", tmp_path)
    cfg.series, cfg.score, cfg.evaluate.num_origins, cfg.evaluate.context_length = str(tmp_path), "nano-patch", 3, 48
    assert script.open_data(script.data_to_score(cfg)["days"]).horizon == 7
    with caplog.at_level("INFO", "pretrain_nano"):
        script.score(cfg)
    texts = [record.getMessage() for record in caplog.records if record.name == "pretrain_nano"]
    ratios = [float(text.split("wql_ratio ")[1].split()[0]) for text in texts[:2]]
    assert [text.split()[0] for text in texts[:2]] == list(sets)
    assert float(texts[2].split(": ")[1]) == pytest.approx(np.sqrt(np.prod(ratios)), rel=1e-3)


@pytest.mark.parametrize("fields", [[], ["hour", "weekday"]])
def test_a_run_has_tables_of_its_calendar_fields(script, config, tmp_path, fields):
    config.network.calendar_fields = fields
    run = script.PretrainingRun(config)
    run.train_step()
    run.save()
    assert json.loads((tmp_path / "nano" / "timevis.json").read_text())["fields"] == fields
    network, _ = script.KINDS["digits"].load(str(tmp_path / "nano"), config)
    assert len(network.tables.own) == sum({"hour": 24, "weekday": 7}[name] for name in fields)
    assert torch.equal(network.tables.own, run.ema_weights["tables.own"].bfloat16().float())
