"""The first nano-patch, trained on the batches of the second one, to compare both architectures on the same data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from timevis.models.patches.network import PatchNetwork, PatchSettings
from timevis_research.nano.patch_batches import PatchBatch
from timevis_research.nano.pretraining import patch_loss
from timevis_research.pretraining.batches import Batch
from timevis_research.pretraining.run import PretrainingRun, load_multiscale_network


class FirstNetworkRun(PretrainingRun):
    """A run of the first network; batches with coarse scales are not possible."""

    def build_network(self) -> nn.Module:
        self.stream.all_calendar_rows = True
        return PatchNetwork(PatchSettings())

    def decoder_layers(self) -> nn.Module:
        layers: nn.Module = self.network.model.layers
        return layers

    def loss(self, batch: Batch) -> Tensor:
        rows = batch.values, batch.shown, batch.visible, batch.scored
        return patch_loss(self.network, PatchBatch(*rows, batch.calendar.flatten(1, 2)))


def load_network(path: Path, averaged: bool = True) -> Any:
    """The network of a checkpoint of either kind, with averaged weights or with those of the last step."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    weights = state["ema_weights" if averaged else "network"]
    if "model.norm.weight" not in weights:
        return load_multiscale_network(path, averaged)
    network = PatchNetwork(PatchSettings())
    network.load_state_dict(weights)
    return network.eval()
