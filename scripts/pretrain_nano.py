"""Pretrain the nano backbone on synthetic series: ``python scripts/pretrain_nano.py [key=value ...]``.

You can stop the run at any time; the same command resumes from its last checkpoint. A resumed run may have more steps
or other learning rates, but not another network, seed or data. conf/pretrain_nano.yaml explains the settings.
``score=nano`` prints the zero-shot scores of the packaged backbone instead; ``score=FOLDER`` the scores
of another one.
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
from timevis.data.options import DataOptions
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.models.qwen.digits.codec import DigitCodec
from timevis.models.qwen.digits.network import DigitNetwork
from timevis.models.qwen.nano import pretraining
from timevis.models.qwen.nano.batches import BatchStream
from timevis.models.qwen.nano.tokenizer import build_tokenizer
from timevis.models.qwen.nano.zero_shot import load_network, score_zero_shot
from timevis.utils.stdout import run_script

log = logging.getLogger("pretrain_nano")

FIXED_KEYS = ("seed", "network", "initial_weights", "digits_per_step", "curriculum_steps", "real_data")
"""Keys of the config that a resumed run must not change."""


def open_data(name: str, num_origins: int | None = None, context_length: int = 168) -> WindowDataModule:
    """Load the data set of conf/data/NAME.yaml, with `num_origins` forecast origins in validation and in test."""
    options = DataOptions.from_config(compose([f"data={name}"]).data)
    panel, _ = load_panel(options)
    return WindowDataModule(
        panel,
        split=options.split,
        context_length=context_length,
        val_windows=num_origins,
        max_windows=num_origins,
        eval_batch_size=32,
    )


def score_data(
    network: DigitNetwork, codec: DigitCodec, name: str, split: str, options: DictConfig
) -> dict[str, float]:
    """Score a network on a split of one data set; `options` is the section `evaluate` of the config."""
    data = open_data(name, options.num_origins, options.context_length)
    return score_zero_shot(network, codec, data, split, options.num_samples)


class PretrainingRun:
    """The state of a pretraining run, its training step, its checkpoint, and its evaluation."""

    def __init__(self, cfg: DictConfig) -> None:
        self.cfg, self.folder = cfg, Path(cfg.folder)
        device = ("cuda" if torch.cuda.is_available() else "cpu") if cfg.device == "auto" else cfg.device
        self.device = torch.device(device)
        if cfg.num_threads:
            torch.set_num_threads(cfg.num_threads)
        torch.manual_seed(cfg.seed)
        self.tokenizer = build_tokenizer()
        self.codec = DigitCodec(width=cfg.network.digits)
        self.network = pretraining.build_network(self.tokenizer, **cfg.network).to(self.device)
        if cfg.initial_weights:
            self.network.load_state_dict(load_network(cfg.initial_weights)[0].state_dict())
        self.optimizers = pretraining.build_optimizers(self.network, cfg.muon_learning_rate, cfg.adamw_learning_rate)
        self.ema_weights = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.step, self.digits, self.seconds = 0, 0, 0.0
        self.stream = BatchStream(
            self.tokenizer,
            self.codec,
            seed=cfg.seed,
            digits_per_batch=cfg.digits_per_step,
            curriculum_batches=cfg.curriculum_steps,
            real_data=[open_data(name) for name in cfg.real_data.names],
            real_share=cfg.real_data.batch_share,
        )

    def save(self) -> None:
        """Write the checkpoint last.pt, and the backbone to the subfolder nano."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / "last.pt.part"
        state = {
            "network": self.network.state_dict(),
            "ema_weights": self.ema_weights,
            "optimizers": [o.state_dict() for o in self.optimizers],
            "fixed_config": self._fixed_config(),
            "progress": {"step": self.step, "digits": self.digits, "seconds": self.seconds},
        }
        torch.save(state, temporary)
        os.replace(temporary, self.folder / "last.pt")
        weights = self.network.state_dict() if self.finished else self.ema_weights
        settings = pretraining.backbone_settings(self.codec, self.cfg.network.calendar_fields, self._note())
        pretraining.save_backbone(self.network, weights, self.tokenizer, self.folder / "nano", settings)

    @property
    def finished(self) -> bool:
        return self.step >= self.cfg.steps

    def _note(self) -> str:
        """How the weights were trained, for timevis.json."""
        share, names = self.stream.real_share, ", ".join(self.cfg.real_data.names)
        start = f"initialised from {self.cfg.initial_weights}; " if self.cfg.initial_weights else ""
        real = f" and, in {share:.0%} of the batches, the training parts of {names}" if share else ""
        schedule = "schedule finished" if self.finished else "schedule not finished, averaged weights"
        return (
            f"{start}{self.step} steps, {self.digits / 1e6:.1f} M digits of synthetic series{real}, "
            f"{self.seconds / 60:.0f} min; {schedule}"
        )

    def resume(self) -> None:
        """Load the checkpoint of the run's folder, if there is one."""
        path = self.folder / "last.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        saved, current = state["fixed_config"], self._fixed_config()
        if changed := [key for key in saved if saved[key] != current[key]]:
            raise ConfigError(
                Text(
                    "pretraining-changed",
                    "{current}, but the run in {folder} was started with {saved}",
                    current=[f"{key}={current[key]}" for key in changed],
                    folder=str(self.folder),
                    saved=[f"{key}={saved[key]}" for key in changed],
                ),
                Text("same-values-or-folder", "use these values again, or choose another folder="),
            )
        self.network.load_state_dict(state["network"])
        self.ema_weights = state["ema_weights"]
        for optimizer, optimizer_state in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(optimizer_state)
        vars(self).update(state["progress"])
        log.info("resuming at step %d", self.step)

    def _fixed_config(self) -> dict[str, Any]:
        fixed = OmegaConf.to_container(OmegaConf.masked_copy(self.cfg, list(FIXED_KEYS)))
        assert isinstance(fixed, dict)
        return {key: fixed[key] for key in FIXED_KEYS}

    def train_step(self) -> float:
        """Train on the next batch and return its loss."""
        cfg = self.cfg
        batch = self.stream[self.step].to(self.device)
        factor = pretraining.learning_rate_factor(self.step, cfg.steps, cfg.warmup_steps, cfg.decay_share)
        rates = (cfg.muon_learning_rate, cfg.adamw_learning_rate)
        for optimizer, rate in zip(self.optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * factor
        total = 0.0
        for part in batch.split(cfg.digits_per_pass):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=cfg.bf16):
                share = part.observed.sum() / batch.observed.sum()
                loss = pretraining.digit_loss(self.network, part) * share
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self._update_ema(min(cfg.ema_decay, self.step / (self.step + 20)))
        self.step += 1
        self.digits += batch.digits.numel()
        return total

    @torch.no_grad()
    def _update_ema(self, decay: float) -> None:
        """Update the exponential moving average of the weights, which approximates a decayed learning rate."""
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.ema_weights[name].lerp_(value, 1 - decay)

    def evaluate(self) -> dict[str, float]:
        """Zero-shot scores on the validation sets: of the averaged weights, or of the final weights at the end."""
        weights = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(weights if self.finished else self.ema_weights)
        scores: dict[str, float] = {}
        for name in self.cfg.evaluate.data:
            found = score_data(self.network, self.codec, name, "val", self.cfg.evaluate)
            scores |= {f"{name}/{key}": value for key, value in found.items()}
        self.network.load_state_dict(weights)
        return scores


def progress_bar() -> Progress:
    text = TextColumn("loss {task.fields[loss]:.3f}  {task.fields[speed]:.0f} digits/s")
    return Progress(TextColumn("pretraining nano"), BarColumn(), MofNCompleteColumn(), text, TimeRemainingColumn())


def start_wandb(cfg: DictConfig) -> Any:
    """Start or resume the Weights & Biases run of the folder; None without `wandb`."""
    if not cfg.wandb:
        return None
    import wandb

    from timevis.training.loggers.wandb_run import PRIVACY_SETTINGS, hide_paths

    # W&B keeps the id of an unfinished run in the folder, so a resumed run continues it
    return wandb.init(
        project="timevis",
        name="pretrain_nano",
        config=hide_paths(OmegaConf.to_container(cfg)),
        dir=cfg.folder,
        resume="auto",
        settings=wandb.Settings(**PRIVACY_SETTINGS),
    )


def score(cfg: DictConfig) -> None:
    """Log the zero-shot scores of the backbone `cfg.score`, without training."""
    network, codec = load_network(cfg.score)
    for name in cfg.evaluate.data:
        scores = score_data(network, codec, name, cfg.evaluate.split, cfg.evaluate)
        log.info("%s %s  %s", name, cfg.evaluate.split, "  ".join(f"{k} {v:.4g}" for k, v in scores.items()))


def pretrain(cfg: DictConfig) -> None:
    """Train until `cfg.steps`, with checkpoints, evaluations and log lines at the intervals of the config."""
    run = PretrainingRun(cfg)
    run.resume()
    wandb_run = start_wandb(cfg)
    log.info("%.2f M parameters on %s", sum(p.numel() for p in run.network.parameters()) / 1e6, run.device)
    smoothed_loss, last_save = math.nan, time.monotonic()
    with progress_bar() as progress:
        task = progress.add_task("", total=cfg.steps, completed=run.step, loss=math.nan, speed=0.0)
        while run.step < cfg.steps:
            start, digits = time.monotonic(), run.digits
            loss = run.train_step()
            seconds = time.monotonic() - start
            run.seconds += seconds
            smoothed_loss = loss if math.isnan(smoothed_loss) else 0.98 * smoothed_loss + 0.02 * loss
            speed = (run.digits - digits) / seconds
            progress.update(task, completed=run.step, loss=smoothed_loss, speed=speed)
            values: dict[str, float] = {}
            if run.step % cfg.log_every_n_steps == 0:
                values |= {"loss": smoothed_loss, "digits": run.digits, "digits_per_s": speed}
            evaluation_due = run.step % cfg.evaluate.every_n_steps == 0 or run.finished
            if evaluation_due or time.monotonic() - last_save > cfg.save_every_seconds:
                run.save()
                last_save = time.monotonic()
            if evaluation_due:
                values |= run.evaluate()
            if values:
                log.info("step %d  %s", run.step, "  ".join(f"{k} {v:.5g}" for k, v in values.items()))
            if values and wandb_run is not None:
                wandb_run.log(values, step=run.step)
    if wandb_run is not None:
        wandb_run.finish()


@hydra.main(version_base=None, config_path="../conf", config_name="pretrain_nano")
def main(cfg: DictConfig) -> None:
    def score_or_pretrain() -> int:
        if cfg.score:
            torch.set_num_threads(cfg.num_threads or torch.get_num_threads())
            score(cfg)
        else:
            pretrain(cfg)
        return 0

    raise SystemExit(run_script(score_or_pretrain))


if __name__ == "__main__":
    main()
