"""Training of the multiscale network: steps, checkpoints that continue exactly, stopping, final decay."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from timevis.errors import ConfigError
from timevis.models.patches.multiscale import MultiscaleSettings
from timevis_research.pretraining.first_network import FirstNetworkRun, load_network
from timevis_research.pretraining.run import CHECKPOINT, PretrainingRun, RunOptions
from timevis_research.pretraining.train import batches_from, options_from, parse_arguments, train

ROOT = Path(__file__).resolve().parents[3]
SIZES = ["--hidden-size", "32", "--num-layers", "1", "--num-heads", "2", "--intermediate-size", "48"]
SMALL = [
    *SIZES,
    "--head-size",
    "48",
    "--tokens-per-batch",
    "120",
    "--families",
    "meters",
    "counts",
    "--warmup-steps",
    "5",
]
COMMON = [*SMALL, "--warmup-steps", "5", "--threads", "1", "--device", "cpu", "--log-steps", "2"]


def arguments(folder, *more):
    return parse_arguments(["--folder", str(folder), *COMMON, *more])


def weights(folder, name=CHECKPOINT):
    return torch.load(folder / name, weights_only=True)


def values_of_steps(steps):
    run = PretrainingRun(options_from(arguments(Path())), Path(), torch.device("cpu"))
    stream = run.stream.batches_from(0)
    return sum(next(stream).values.numel() for _ in range(steps))


def test_a_run_that_is_stopped_and_continued_has_the_same_weights(tmp_path):
    middle, end = values_of_steps(3), values_of_steps(7)
    train(arguments(tmp_path / "whole", "--until-values", str(end)))
    train(arguments(tmp_path / "parts", "--until-values", str(middle)))
    train(arguments(tmp_path / "parts", "--until-values", str(end)))
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert whole["progress"]["step"] == parts["progress"]["step"] == 7
    for kind in ("network", "ema_weights"):
        for name, value in whole[kind].items():
            assert torch.equal(value, parts[kind][name]), name


def test_batches_of_other_processes_come_in_the_same_order():
    run = PretrainingRun(options_from(arguments(Path())), Path(), torch.device("cpu"))
    alone, ahead = batches_from(run.stream, 14, 0), batches_from(run.stream, 14, 1)
    for _ in range(4):
        assert torch.equal(next(alone).values, next(ahead).values)


def test_the_loss_falls():
    torch.manual_seed(0)
    run = PretrainingRun(options_from(arguments(Path())), Path(), torch.device("cpu"), bf16=False)
    batch = run.stream[0][0]
    first = run.train_step(batch)
    losses = [run.train_step(batch) for _ in range(12)]
    assert min(losses[-3:]) < 0.93 * first


@pytest.mark.parametrize("bf16", [True, False])
def test_parts_of_a_batch_add_up_to_the_loss_of_the_batch(bf16):
    options = RunOptions(
        settings=MultiscaleSettings(hidden_size=32, num_layers=1, num_heads=2, intermediate_size=48, head_size=48),
        tokens_per_batch=200,
        families=("meters", "counts"),
    )
    losses = []
    for tokens in (10_000, 60):
        run = PretrainingRun(
            RunOptions(**{**vars(options), "tokens_per_pass": tokens}), Path(), torch.device("cpu"), bf16=bf16
        )
        losses.append(run.train_step(run.stream[0][0]))
    assert losses[0] == pytest.approx(losses[1], rel=2e-2 if bf16 else 1e-4)


def test_a_run_that_gets_a_signal_writes_a_checkpoint_and_can_go_on(tmp_path):
    command = [sys.executable, "-m", "timevis_research.pretraining.train", "--folder", str(tmp_path), *COMMON]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    log = tmp_path / "log.jsonl"
    deadline = time.monotonic() + 300
    while not (log.exists() and log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "stopped at step" in output
    step = weights(tmp_path)["progress"]["step"]
    assert step >= json.loads(log.read_text().splitlines()[-1])["step"]
    run = PretrainingRun(options_from(arguments(tmp_path)), tmp_path, torch.device("cpu"))
    run.resume(tmp_path / CHECKPOINT)
    assert run.step == step


def test_the_final_decay_leaves_the_run_as_it_was(tmp_path):
    train(arguments(tmp_path, "--until-values", str(values_of_steps(3))))
    before = (tmp_path / CHECKPOINT).read_bytes()
    run = train(arguments(tmp_path, "--decay-values", str(values_of_steps(3))))
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert run.folder == tmp_path / "decayed-3"
    assert run.step > 3
    assert run.optimizers[0].param_groups[0]["lr"] < 0.02 * 5 / 5


def test_a_run_cannot_go_on_with_another_network(tmp_path):
    train(arguments(tmp_path, "--until-values", "1"))
    with pytest.raises(ConfigError, match="was started with"):
        train(arguments(tmp_path, "--hidden-size", "64"))


def test_a_run_can_change_its_batch_size_with_new_series_only(tmp_path):
    train(arguments(tmp_path, "--until-values", "1"))
    with pytest.raises(ConfigError, match="tokens_per_batch=240"):
        train(arguments(tmp_path, "--tokens-per-batch", "240"))
    run = train(arguments(tmp_path, "--tokens-per-batch", "240", "--data-seed", "1", "--until-values", "30000"))
    assert run.step > 1


def test_snapshots_are_kept_at_round_numbers_of_values(tmp_path):
    total = values_of_steps(6)
    train(arguments(tmp_path, "--until-values", str(total), "--snapshot-values", str(total / 2 + 1)))
    assert [path.name for path in sorted(tmp_path.glob("0*.pt"))] == ["0001.pt"]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_checkpoint_of_either_network_forecasts(tmp_path, is_first):
    more = ["--kinds", "short", "--until-values", "1", *(["--first-network"] if is_first else [])]
    run = train(arguments(tmp_path, *more))
    assert isinstance(run, FirstNetworkRun) is is_first
    network = load_network(tmp_path / CHECKPOINT)
    calendar = torch.zeros(2, 100 + 30, 5, dtype=torch.int64)
    median, quantiles = network(torch.randn(2, 100), torch.ones(2, 100), calendar)
    assert median.shape == (2, 30)
    assert torch.isfinite(quantiles).all()
