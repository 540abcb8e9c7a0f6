"""Pretrain nano or nano-patch on synthetic series: ``python scripts/pretrain_nano.py [key=value ...]``.

It trains the network that reads digits, or with ``--config-name pretrain_nano_patch`` the one that reads patches.
You can stop the run at any time; the same command resumes from its last checkpoint. A resumed run may have more steps
or minutes, or other learning rates, but not another network, seed or data. To end a run that has trained for M
minutes, resume it with ``minutes`` = M / (1 - decay_share): the learning rates fall from then on. plateau.pt is the
checkpoint before they fall. conf/pretrain_nano.yaml and conf/pretrain_nano_patch.yaml explain the settings.
``score=nano`` prints the zero-shot scores of the packaged weights instead (``score=nano-patch`` for patches);
``score=FOLDER`` the scores of others. With ``series=FOLDER`` it scores all data sets of scripts/suite.yaml, whose
files are in this folder; the last line is the geometric mean of the relative WQL.
"""

from __future__ import annotations

import itertools
import logging
import math
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import hydra
import torch
import yaml
from omegaconf import DictConfig, OmegaConf
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from torch.utils.data import DataLoader

from timevis.config.compose import compose
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.options import DataOptions
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.utils.stdout import run_script
from timevis_research.nano.pretraining import DigitPretraining, PatchPretraining
from timevis_research.nano.schedule import build_optimizers, learning_rate_factor
from timevis_research.nano.zero_shot import ForecastFunction, score_zero_shot

log = logging.getLogger("pretrain_nano")
SUITE = Path(__file__).parents[3] / "scripts/suite.yaml"
DEFAULT_HORIZON = 24
"""Rows of a forecast of hourly data, where neither data set nor suite name a horizon."""

Kind: TypeAlias = DigitPretraining | PatchPretraining
KINDS: dict[str, type[Kind]] = {
    "digits": DigitPretraining,
    "patches": PatchPretraining,
}


def open_data(
    overrides: Sequence[str], num_origins: int | None = None, context_length: int = 168
) -> WindowDataModule:
    """Load the data set that overrides of train.py choose, with `num_origins` forecast origins of each part."""
    cfg = compose(overrides)
    options = DataOptions.from_config(cfg.data)
    panel, _ = load_panel(options)
    return WindowDataModule(
        panel,
        split=options.split,
        context_length=context_length,
        horizon=cfg.horizon or DEFAULT_HORIZON,
        val_windows=num_origins,
        max_windows=num_origins,
        eval_batch_size=32,
    )


def data_to_score(cfg: DictConfig) -> dict[str, list[str]]:
    """The overrides of each data set: of `evaluate.data`, or of the suite if there is a folder with its series."""
    if not cfg.series:
        return {name: [f"data={name}"] for name in cfg.evaluate.data}
    suite = yaml.safe_load(SUITE.read_text(encoding="utf-8"))["data"]
    return {name: [text.replace("SERIES", str(cfg.series)) for text in texts] for name, texts in suite.items()}


def score_data(
    forecast: ForecastFunction, overrides: Sequence[str], split: str, cfg: DictConfig, device: torch.device
) -> dict[str, float]:
    """Score forecasts of a split of one data set."""
    data = open_data(overrides, cfg.evaluate.num_origins, cfg.evaluate.context_length)
    with torch.no_grad():
        return score_zero_shot(forecast, data, split, device)


class PretrainingRun:
    """The state of a pretraining run, its training step, its checkpoint, and its evaluation."""

    def __init__(self, cfg: DictConfig) -> None:
        self.cfg, self.folder = cfg, Path(cfg.folder)
        device = ("cuda" if torch.cuda.is_available() else "cpu") if cfg.device == "auto" else cfg.device
        self.device = torch.device(device)
        if cfg.num_threads:
            torch.set_num_threads(cfg.num_threads)
        torch.manual_seed(cfg.seed)
        self.kind = KINDS[cfg.kind](cfg, [open_data([f"data={name}"]) for name in cfg.real_data.names])
        self.network, self.stream = self.kind.network.to(self.device), self.kind.stream
        if cfg.initial_weights:
            self.network.load_state_dict(self.kind.load(cfg.initial_weights, cfg)[0].state_dict())
        rates = cfg.muon_learning_rate, cfg.adamw_learning_rate
        self.optimizers = build_optimizers(self.network, self.kind.layers, *rates, bf16=cfg.bf16)
        self.ema_weights = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.step, self.values, self.seconds = 0, 0, 0.0
        # a GPU works beside the process, whose processor time does not tell how long it trains
        self.clock = time.process_time if self.device.type == "cpu" else time.monotonic

    @cached_property
    def batches(self) -> Iterator[Any]:
        """The batches from the current step on; with `num_workers`, other processes generate them ahead."""
        numbers, workers = itertools.count(self.step), self.cfg.num_workers
        if not workers:
            return (self.stream[number] for number in numbers)
        stream: Any = self.stream
        return iter(DataLoader(stream, batch_size=None, sampler=numbers, num_workers=workers, prefetch_factor=8))

    def save(self, name: str = "last.pt") -> None:
        """Write a checkpoint, and the weights to a subfolder that the forecasters read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f"{name}.part"
        state = {
            "network": self.network.state_dict(),
            "ema_weights": self.ema_weights,
            "optimizers": [o.state_dict() for o in self.optimizers],
            "fixed_config": self._fixed_config(),
            "progress": {"step": self.step, "values": self.values, "seconds": self.seconds},
        }
        torch.save(state, temporary)
        os.replace(temporary, self.folder / name)
        weights = self.network.state_dict() if self.finished else self.ema_weights
        self.kind.save(weights, self.folder / self.kind.name, self._note())

    @property
    def share_done(self) -> float:
        """Share of the run that is done, by steps, or by minutes of training if those are limited."""
        done = self.seconds / 60 / self.cfg.minutes if self.cfg.minutes else self.step / self.cfg.steps
        return min(1.0, done)

    @property
    def finished(self) -> bool:
        return self.share_done >= 1

    def _note(self) -> str:
        """How the weights were trained, for the folder that is saved."""
        cfg, share = self.cfg, self.cfg.real_data.batch_share if self.cfg.real_data.names else 0
        start = f"initialised from {cfg.initial_weights}; " if cfg.initial_weights else ""
        names = ", ".join(cfg.real_data.names)
        real = f" and, in {share:.0%} of the batches, the training parts of {names}" if share else ""
        schedule = "schedule finished" if self.finished else "schedule not finished, averaged weights"
        return (
            f"{start}{self.step} steps, {self.values / 1e6:.1f} M {self.kind.unit} of synthetic series{real}, "
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
                    "{current}, but the run in {folder} was started with {saved}",
                    current=[f"{key}={current[key]}" for key in changed],
                    folder=str(self.folder),
                    saved=[f"{key}={saved[key]}" for key in changed],
                ),
                Text("use these values again, or choose another folder="),
            )
        self.network.load_state_dict(state["network"])
        self.ema_weights = state["ema_weights"]
        for optimizer, optimizer_state in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(optimizer_state)
        vars(self).update(state["progress"])
        log.info("resuming at step %d", self.step)

    def _fixed_config(self) -> dict[str, Any]:
        fixed = OmegaConf.to_container(OmegaConf.masked_copy(self.cfg, list(self.kind.fixed_keys)))
        assert isinstance(fixed, dict)
        return {key: fixed[key] for key in self.kind.fixed_keys}

    def train_step(self) -> float:
        """Train on the next batch and return its loss."""
        cfg = self.cfg
        batch = next(self.batches).to(self.device)
        factor = learning_rate_factor(self.step, self.share_done, cfg.warmup_steps, cfg.decay_share)
        rates = (cfg.muon_learning_rate, cfg.adamw_learning_rate)
        for optimizer, rate in zip(self.optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * factor
        total = 0.0
        for part in batch.split(cfg.pass_size):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=cfg.bf16):
                loss = self.kind.loss(part) * part.weight / batch.weight
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self._update_ema(min(cfg.ema_decay, self.step / (self.step + 20)))
        self.step += 1
        self.values += batch.size
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
        self.network.eval()
        scores: dict[str, float] = {}
        for name, overrides in data_to_score(self.cfg).items():
            of_data = score_data(self.kind.forecast, overrides, "val", self.cfg, self.device)
            scores |= {f"{name}/{key}": value for key, value in of_data.items()}
        self.network.load_state_dict(weights)
        self.network.train()
        return scores


def progress_bar(kind: Kind) -> Progress:
    fields = "step {task.fields[step]}  loss {task.fields[loss]:.3f}  {task.fields[speed]:.0f} "
    text = TextColumn(f"{fields}{kind.unit}/s")
    title = TextColumn(f"pretraining {kind.name}")
    return Progress(title, BarColumn(), TaskProgressColumn(), text, TimeRemainingColumn())


def start_wandb(cfg: DictConfig) -> Any:
    """Start or resume the Weights & Biases run of the folder; None without `wandb`."""
    if not cfg.wandb:
        return None
    import wandb

    from timevis.training.loggers.wandb_run import PRIVACY_SETTINGS, hide_paths

    # W&B keeps the id of an unfinished run in the folder, so a resumed run continues it
    return wandb.init(
        project="timevis",
        name=f"pretrain_{KINDS[cfg.kind].name}",
        job_type="pretrain",
        config=hide_paths(OmegaConf.to_container(cfg)),
        dir=cfg.folder,
        resume="auto",
        settings=wandb.Settings(**PRIVACY_SETTINGS),
    )


def score(cfg: DictConfig) -> None:
    """Log the zero-shot scores of the weights `cfg.score`, without training."""
    _, forecast = KINDS[cfg.kind].load(cfg.score, cfg)
    ratios = []
    for name, overrides in data_to_score(cfg).items():
        scores = score_data(forecast, overrides, cfg.evaluate.split, cfg, torch.device("cpu"))
        ratios.append(scores["wql_ratio"])
        log.info("%s %s  %s", name, cfg.evaluate.split, "  ".join(f"{k} {v:.4g}" for k, v in scores.items()))
    log.info("geometric mean of wql_ratio over %d data sets: %.4f", len(ratios), statistics.geometric_mean(ratios))


def pretrain(cfg: DictConfig) -> None:
    """Train until the end, with checkpoints, evaluations and log lines at the intervals of the config."""
    run = PretrainingRun(cfg)
    run.resume()
    wandb_run = start_wandb(cfg)
    log.info("%.2f M parameters on %s", sum(p.numel() for p in run.network.parameters()) / 1e6, run.device)
    smoothed_loss, last_save = math.nan, time.monotonic()
    with progress_bar(run.kind) as progress:
        task = progress.add_task("", total=1.0, step=run.step, loss=math.nan, speed=0.0)
        while not run.finished:
            start, seen, was_constant = run.clock(), run.values, run.share_done <= 1 - cfg.decay_share
            loss = run.train_step()
            seconds = run.clock() - start
            run.seconds += seconds
            smoothed_loss = loss if math.isnan(smoothed_loss) else 0.98 * smoothed_loss + 0.02 * loss
            speed = (run.values - seen) / seconds
            progress.update(task, completed=run.share_done, step=run.step, loss=smoothed_loss, speed=speed)
            values: dict[str, float] = {}
            if run.step % cfg.log_every_n_steps == 0:
                values |= {"loss": smoothed_loss, run.kind.unit: run.values, f"{run.kind.unit}_per_s": speed}
            if was_constant and run.share_done > 1 - cfg.decay_share:
                run.save("plateau.pt")
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


@hydra.main(version_base=None, config_path="conf", config_name="pretrain_nano")
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
