"""Pretrain the nano backbone on synthetic series: ``python scripts/pretrain_nano.py [key=value ...]``.

Kill it at any time; the same command goes on from its last checkpoint, also with more steps or other rates, but not
with another network, seed or data. The settings are in conf/pretrain_nano.yaml.
``score=nano`` prints the zero-shot scores of the packaged backbone (or of a folder) instead.
"""

from __future__ import annotations

import logging
import math
import os
import time
from pathlib import Path
from typing import Any

import hydra
import torch
from omegaconf import DictConfig, OmegaConf
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from timevis.config.compose import compose
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.errors import ConfigError
from timevis.models.qwen.digits.codec import DigitCodec
from timevis.models.qwen.digits.network import DigitNetwork
from timevis.models.qwen.nano import pretraining
from timevis.models.qwen.nano.batches import BatchStream
from timevis.models.qwen.nano.tokenizer import build_tokenizer
from timevis.models.qwen.nano.zero_shot import load_network, zero_shot
from timevis.utils.stdout import run_script

log = logging.getLogger("pretrain_nano")


FIXED = ("seed", "network", "start", "tokens", "easy_steps", "mix")
"""What a run keeps from its first step to its last."""


def open_data(name: str, windows: int | None = None, context_length: int = 168) -> WindowDataModule:
    """A data set by the name of its file in conf/data, with `windows` origins to be scored in each part."""
    options = compose([f"data={name}"]).data
    panel, _ = load_panel(options)
    return WindowDataModule(
        panel,
        split=options.split,
        context_length=context_length,
        val_windows=windows,
        max_windows=windows,
        eval_batch_size=32,
    )


def scores_of(network: DigitNetwork, codec: DigitCodec, name: str, part: str, how: DictConfig) -> dict[str, float]:
    """Zero-shot scores on a part of one data set, as the section `evaluate` of the config says."""
    return zero_shot(network, codec, open_data(name, how.windows, how.context_length), part, how.samples)


class Run:
    """A pretraining run: everything that a checkpoint holds, and the loop."""

    def __init__(self, cfg: DictConfig) -> None:
        self.cfg, self.folder = cfg, Path(cfg.folder)
        device = ("cuda" if torch.cuda.is_available() else "cpu") if cfg.device == "auto" else cfg.device
        self.device = torch.device(device)
        if cfg.threads:
            torch.set_num_threads(cfg.threads)
        torch.manual_seed(cfg.seed)
        self.tokenizer = build_tokenizer()
        self.codec = DigitCodec(width=cfg.network.digits)
        self.network = pretraining.build_network(self.tokenizer, **cfg.network).to(self.device)
        if cfg.start:
            self.network.load_state_dict(load_network(cfg.start)[0].state_dict())
        self.optimisers = pretraining.optimisers(self.network, cfg.matrix_rate, cfg.rate)
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.step, self.tokens, self.seconds = 0, 0, 0.0
        self.stream = BatchStream(
            self.tokenizer,
            self.codec,
            seed=cfg.seed,
            tokens=cfg.tokens,
            easy_batches=cfg.easy_steps,
            real=[open_data(name) for name in cfg.mix.data],
            real_share=cfg.mix.share,
        )

    def save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / "last.pt.part"
        state = {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimisers": [o.state_dict() for o in self.optimisers],
            "made": self._made(),
            "counts": {"step": self.step, "tokens": self.tokens, "seconds": self.seconds},
        }
        torch.save(state, part)
        os.replace(part, self.folder / "last.pt")
        decayed = self.step >= self.cfg.steps
        weights = self.network.state_dict() if decayed else self.average
        share = self.stream.real_share
        real = f" and, in {share:.0%} of the batches, the training parts of {', '.join(self.cfg.mix.data)}"
        note = (f"begun from {self.cfg.start}; " if self.cfg.start else "") + (
            f"{self.step} steps, {self.tokens / 1e6:.1f} M tokens of synthetic series{real if share else ''}, "
            f"{self.seconds / 60:.0f} min; "
            + ("schedule finished" if decayed else "schedule not finished, averaged weights")
        )
        described = pretraining.packaged_note(self.codec, self.cfg.network.fields, note)
        pretraining.export(self.network, weights, self.tokenizer, self.folder / "nano", described)

    def resume(self) -> None:
        path = self.folder / "last.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        made, asked = state["made"], self._made()
        if changed := [key for key in made if made[key] != asked[key]]:
            raise ConfigError(
                f"{', '.join(f'{key}={asked[key]}' for key in changed)}, but the run in {self.folder} was begun with "
                + ", ".join(f"{key}={made[key]}" for key in changed),
                "give it back, or another folder=",
            )
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        vars(self).update(state["counts"])
        log.info("resumed at step %d", self.step)

    def _made(self) -> dict[str, Any]:
        asked = OmegaConf.to_container(OmegaConf.masked_copy(self.cfg, list(FIXED)))
        assert isinstance(asked, dict)
        return {key: asked[key] for key in FIXED}

    def train_step(self) -> float:
        batch = self.stream[self.step].to(self.device)
        factor = pretraining.schedule(self.step, self.cfg.steps, self.cfg.warmup, self.cfg.decay)
        for optimiser, rate in zip(self.optimisers, (self.cfg.matrix_rate, self.cfg.rate), strict=True):
            optimiser.param_groups[0]["lr"] = rate * factor
        total = 0.0
        for part in batch.split(self.cfg.pass_tokens):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.cfg.bf16):
                share = part.observed.sum() / batch.observed.sum()
                loss = pretraining.digit_loss(self.network, part) * share
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self._follow(min(self.cfg.average, self.step / (self.step + 20)))
        self.step += 1
        self.tokens += batch.digits.numel()
        return total

    @torch.no_grad()
    def _follow(self, keep: float) -> None:
        """Exponential average of the weights, whose loss is that of a decayed learning rate."""
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - keep)

    def evaluate(self) -> dict[str, float]:
        """Zero-shot scores of the averaged weights on validation parts, never on test."""
        kept = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.average if self.step < self.cfg.steps else kept)
        scores: dict[str, float] = {}
        for name in self.cfg.evaluate.data:
            found = scores_of(self.network, self.codec, name, "val", self.cfg.evaluate)
            scores |= {f"{name}/{key}": value for key, value in found.items()}
        self.network.load_state_dict(kept)
        return scores


def describe_progress() -> Progress:
    text = TextColumn("loss {task.fields[loss]:.3f}  {task.fields[speed]:.0f} tokens/s")
    return Progress(TextColumn("pretraining nano"), BarColumn(), MofNCompleteColumn(), text, TimeRemainingColumn())


def start_wandb(cfg: DictConfig) -> Any:
    if not cfg.wandb:
        return None
    import wandb

    from timevis.training.loggers.wandb_run import UNTOLD, shareable

    # the id of a run that did not end is kept in the folder
    return wandb.init(
        project="timevis",
        name="pretrain_nano",
        config=shareable(OmegaConf.to_container(cfg)),
        dir=cfg.folder,
        resume="auto",
        settings=wandb.Settings(**UNTOLD),
    )


def score(cfg: DictConfig) -> None:
    """Print the zero-shot scores of a finished backbone, without training."""
    network, codec = load_network(cfg.score)
    for name in cfg.evaluate.data:
        scores = scores_of(network, codec, name, cfg.evaluate.part, cfg.evaluate)
        log.info("%s %s  %s", name, cfg.evaluate.part, "  ".join(f"{k} {v:.4g}" for k, v in scores.items()))


def pretrain(cfg: DictConfig) -> None:
    run = Run(cfg)
    run.resume()
    board = start_wandb(cfg)
    log.info("%.2f M parameters on %s", sum(p.numel() for p in run.network.parameters()) / 1e6, run.device)
    smoothed, saved = math.nan, time.monotonic()
    with describe_progress() as progress:
        task = progress.add_task("", total=cfg.steps, completed=run.step, loss=math.nan, speed=0.0)
        while run.step < cfg.steps:
            begun, tokens = time.monotonic(), run.tokens
            loss = run.train_step()
            seconds = time.monotonic() - begun
            run.seconds += seconds
            smoothed = loss if math.isnan(smoothed) else 0.98 * smoothed + 0.02 * loss
            speed = (run.tokens - tokens) / seconds
            progress.update(task, completed=run.step, loss=smoothed, speed=speed)
            values: dict[str, float] = {}
            if run.step % cfg.log_every == 0:
                values |= {"loss": smoothed, "tokens": run.tokens, "tokens_per_s": speed}
            due = run.step % cfg.evaluate.every == 0 or run.step == cfg.steps
            if due or time.monotonic() - saved > cfg.save_every:
                run.save()
                saved = time.monotonic()
            if due:
                values |= run.evaluate()
            if values:
                log.info("step %d  %s", run.step, "  ".join(f"{k} {v:.5g}" for k, v in values.items()))
            if values and board is not None:
                board.log(values, step=run.step)
    if board is not None:
        board.finish()


@hydra.main(version_base=None, config_path="../conf", config_name="pretrain_nano")
def main(cfg: DictConfig) -> None:
    def work() -> int:
        if cfg.score:
            torch.set_num_threads(cfg.threads or torch.get_num_threads())
            score(cfg)
        else:
            pretrain(cfg)
        return 0

    raise SystemExit(run_script(work))


if __name__ == "__main__":
    main()
