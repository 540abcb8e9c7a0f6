"""The state of a pretraining run: network, optimizers, training step, checkpoints that continue exactly.

The learning rates warm up and then stay constant, so that a run has no planned end. A separate run that starts from a
checkpoint lets them fall to zero (warm-up, stable, decay; Hu et al., 2024, arXiv:2404.06395).
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.metrics.step_errors import pinball_loss
from timevis.models.patches.features import calendar_waves
from timevis.models.patches.multiscale import MultiscaleNetwork, MultiscaleSettings
from timevis.models.patches.multiscale_inputs import MultiscaleInputs, multiscale_inputs
from timevis.utils.levels import QUANTILE_LEVELS
from timevis_research.nano.schedule import build_optimizers
from timevis_research.pretraining.batches import KIND_NAMES, Batch, BatchStream
from timevis_research.pretraining.families import FAMILIES

CHECKPOINT = "last.pt"


@dataclass(frozen=True)
class RunOptions:
    """What determines a run, beside the time that it is given.

    Attributes
    ----------
    settings : MultiscaleSettings
    seed, data_seed : int
        Of the first weights, and of the batches.
    tokens_per_batch, tokens_per_pass : int
        Patches of one step, and of one forward and backward pass.
    muon_learning_rate, adamw_learning_rate : float
        Of the matrices of the layers, and of all other parameters.
    warmup_steps : int
    ema_decay : float
        Of the exponential moving average of the weights.
    families, kinds : tuple of str
        Of the series, and of the batches.
    """

    settings: MultiscaleSettings = field(default_factory=MultiscaleSettings)
    seed: int = 0
    data_seed: int = 0
    tokens_per_batch: int = 2048
    tokens_per_pass: int = 2048
    muon_learning_rate: float = 0.02
    adamw_learning_rate: float = 2e-3
    warmup_steps: int = 200
    ema_decay: float = 0.998
    families: tuple[str, ...] = tuple(FAMILIES)
    kinds: tuple[str, ...] = KIND_NAMES


FIXED_OPTIONS = ("settings", "seed")
"""Options that a run cannot change once it has started."""
OPTIONS_OF_BATCHES = ("tokens_per_batch", "families", "kinds")
"""Options that a run can only change with a new `data_seed`; otherwise it would partly read the same series again."""


def scored_loss(quantiles: Tensor, target: Tensor, scored: Tensor) -> Tensor:
    """Mean pinball loss over the levels, of the values that are scored; quantiles [N, Q, P], the others [N, P]."""
    levels = torch.tensor(QUANTILE_LEVELS, device=quantiles.device)
    return (pinball_loss(quantiles, target, levels).mean(1) * scored).sum() / scored.sum().clamp(min=1)


def loss_of_inputs(
    network: MultiscaleNetwork, inputs: MultiscaleInputs, waves: Tensor, target: Tensor, scored: Tensor
) -> Tensor:
    """The part of the loss with gradients; target and scored are float [B * (F - 1), P]."""
    return scored_loss(network.next_patches(inputs, waves).flatten(0, 1), target, scored)


class PretrainingRun:
    """A run, its training step and its checkpoints.

    Parameters
    ----------
    options : RunOptions
    folder : Path
        Where checkpoints, the log and snapshots of the weights are written.
    device : torch.device
    bf16, compiled : bool
        Whether matrix products are computed in bfloat16, and whether the loss is compiled.

    Attributes
    ----------
    step, values : int
        Training steps, and rows of all series of their batches.
    seconds : float
        Time of the steps: of the processor on a CPU, by the clock on a GPU.
    """

    def __init__(
        self, options: RunOptions, folder: Path, device: torch.device, *, bf16: bool = True, compiled: bool = False
    ) -> None:
        self.options, self.folder, self.device, self.bf16 = options, folder, device, bf16
        torch.manual_seed(options.seed)
        self.stream = BatchStream(
            options.settings,
            seed=options.data_seed,
            tokens_per_batch=options.tokens_per_batch,
            families=options.families,
            kinds=options.kinds,
        )
        self.network: Any = self.build_network().to(device)
        rates = options.muon_learning_rate, options.adamw_learning_rate
        self.optimizers = build_optimizers(self.network, self.decoder_layers(), *rates, bf16=bf16)
        self.ema_weights = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.loss_function = torch.compile(loss_of_inputs, dynamic=False) if compiled else loss_of_inputs
        self.step, self.values, self.seconds = 0, 0, 0.0

    def build_network(self) -> nn.Module:
        """The network with random weights from the generator of torch."""
        return MultiscaleNetwork(self.options.settings)

    def decoder_layers(self) -> nn.Module:
        """The layers whose matrices Muon trains."""
        layers: nn.Module = self.network.layers
        return layers

    def loss(self, batch: Batch) -> Tensor:
        """Mean pinball loss of the scored values, in normalised units; float []."""
        rows = self.options.settings.patch_length
        inputs = multiscale_inputs(batch.values, batch.shown, batch.visible, batch.layout, rows, batch.usual_periods)
        waves = calendar_waves(batch.calendar).flatten(2)
        start = batch.layout.coarse_rows(rows) + rows
        target = inputs.normalise(batch.values)[:, start:].unflatten(1, (-1, rows)).flatten(0, 1)
        scored = batch.scored[:, start:].unflatten(1, (-1, rows)).flatten(0, 1)
        return self.loss_function(self.network, inputs, waves, target, scored)

    def train_step(self, batch: Batch, rate_factor: float = 1.0) -> float:
        """Train on a batch and return its loss; `rate_factor` multiplies the learning rates after the warm-up.

        Raises
        ------
        FloatingPointError
            The loss is not finite. The weights are unchanged, so that the last checkpoint can be examined.
        """
        clock = time.process_time if self.device.type == "cpu" else time.monotonic
        begin = clock()
        batch = batch.to(self.device)
        factor = rate_factor * min(1.0, (self.step + 1) / self.options.warmup_steps)
        rates = self.options.muon_learning_rate, self.options.adamw_learning_rate
        for optimizer, rate in zip(self.optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * factor
        total, weight = torch.zeros((), device=self.device), batch.scored.sum()
        for part in batch.split(self.options.tokens_per_pass):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                loss = self.loss(part) * part.scored.sum() / weight
            loss.backward()
            total += loss.detach()
        if not torch.isfinite(total):
            raise FloatingPointError(
                f"the loss of batch {self.step} of the data seed {self.options.data_seed} is {float(total)}"
            )
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self._update_average(min(self.options.ema_decay, self.step / (self.step + 20)))
        self.step += 1
        self.values += batch.values.numel()
        loss_value = float(total)
        self.seconds += clock() - begin
        return loss_value

    @torch.no_grad()
    def _update_average(self, decay: float) -> None:
        weights = self.network.state_dict()
        torch._foreach_lerp_(list(self.ema_weights.values()), [weights[name] for name in self.ema_weights], 1 - decay)

    @property
    def progress(self) -> dict[str, Any]:
        return {"step": self.step, "values": self.values, "seconds": round(self.seconds, 1)}

    def save(self, name: str = CHECKPOINT) -> None:
        """Write a checkpoint; a reader finds either the one before or the complete new one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "network": self.network.state_dict(),
            "ema_weights": self.ema_weights,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "options": json.dumps(asdict(self.options)),
            "progress": self.progress,
        }
        temporary = self.folder / f"{name}.part"
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.folder / name)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint; batches follow from the seed and the step, so no other state is needed.

        Raises
        ------
        ConfigError
            The checkpoint belongs to a run with another network or seed, or with other batches of the same data seed.
        """
        state = torch.load(path, map_location=self.device, weights_only=True)
        saved, current = json.loads(state["options"]), json.loads(json.dumps(asdict(self.options)))
        fixed = FIXED_OPTIONS + (OPTIONS_OF_BATCHES if saved["data_seed"] == current["data_seed"] else ())
        if changed := [key for key in fixed if saved[key] != current[key]]:
            raise ConfigError(
                Text(
                    "{current}, but the run in {folder} was started with {saved}",
                    current=[f"{key}={current[key]}" for key in changed],
                    folder=str(path.parent),
                    saved=[f"{key}={saved[key]}" for key in changed],
                ),
                Text("use these values again, or choose another folder="),
            )
        self.network.load_state_dict(state["network"])
        self.ema_weights = state["ema_weights"]
        for optimizer, optimizer_state in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(optimizer_state)
        vars(self).update(state["progress"])


def load_multiscale_network(path: Path, averaged: bool = True) -> MultiscaleNetwork:
    """The network of a checkpoint, with averaged weights or with those of the last step."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    options = json.loads(state["options"])["settings"]
    options["coarse"] = tuple((factor, patches) for factor, patches in options["coarse"])
    network = MultiscaleNetwork(MultiscaleSettings(**options))
    network.load_state_dict(state["ema_weights" if averaged else "network"])
    return network.eval()
