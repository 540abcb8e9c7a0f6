"""Checkpoints without the frozen backbone, which is named by its fingerprint instead."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from timevis.data.datamodule import WindowDataModule
from timevis.errors import RunFolderError
from timevis.models.forecaster import Forecaster
from timevis.models.qwen.backbone.load import REAL_BACKBONE, Backbone, check_backbone

log = logging.getLogger(__name__)


class BackboneForecaster(Forecaster):
    """A forecaster with a backbone in it whose frozen weights stay out of its state.

    Call `set_backbone` once it is known what is trained.
    """

    backbone: Backbone

    def set_backbone(self, backbone: Backbone) -> None:
        """Note what is frozen now, and whose weights they are."""
        self.backbone = backbone
        self.fingerprint: Tensor
        identity = list(bytes.fromhex(backbone.fingerprint))
        self.register_buffer("fingerprint", torch.tensor(identity, dtype=torch.uint8))
        frozen = {id(p) for p in backbone.model.parameters() if not p.requires_grad}
        named = self.named_parameters(remove_duplicate=False)  # a tied head has two names in the state
        self._frozen = {name for name, p in named if id(p) in frozen}

    @classmethod
    def check_sections(cls, options: Mapping[str, Any]) -> None:
        """As every forecaster's, and refuse a backbone that is not there before any data are read."""
        super().check_sections(options)
        check_backbone(options.get("backbone") or {})

    def describe_backbone(self) -> dict[str, Any]:
        """Who the backbone is, for results.json."""
        return {
            "id": self.backbone.path,
            "name": self.backbone.name,
            "parameters": self.backbone.parameters,
            "trainable": sum(p.numel() for p in self.parameters() if p.requires_grad),
            "fingerprint": self.backbone.fingerprint,
            "note": self.backbone.note,
        }

    def prepare(self, datamodule: WindowDataModule) -> None:
        """As every forecaster does, and say who the backbone is, and that nano is none to judge by."""
        super().prepare(datamodule)
        about = self.describe_backbone()
        log.info(
            "%s: %.1f M parameters, %.2f M trained, fingerprint %s%s",
            about["name"],
            about["parameters"] / 1e6,
            about["trainable"] / 1e6,
            about["fingerprint"],
            f" ({about['note']})" if about["note"] else "",
        )
        if self.backbone.path == "nano":
            log.info("nano is a small stand-in; a real Qwen: %s", REAL_BACKBONE)

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """All but the frozen weights of the backbone, which is named by its fingerprint instead."""
        return {k: v for k, v in super().state_dict(*args, **kwargs).items() if not self._is_frozen(k)}

    def _is_frozen(self, name: str) -> bool:
        """Also of what belongs to a frozen weight, as ``weight.absmax`` does to one of four bits."""
        return name in self._frozen or name.rpartition(".")[0] in self._frozen

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Load what `state_dict` keeps.

        Raises
        ------
        RunFolderError
            The state belongs to another backbone, or lacks something.
        """
        saved = bytes(state_dict["fingerprint"].tolist()).hex() if "fingerprint" in state_dict else "unknown"
        if saved != self.backbone.fingerprint:
            raise RunFolderError(
                f"these weights were trained on a backbone with fingerprint {saved}, but "
                f"{self.backbone.name} ({self.backbone.path}) has {self.backbone.fingerprint}",
                "put that backbone back there, or name its place in config.yaml and model/model.json of the run",
            )
        result = super().load_state_dict(state_dict, strict=False, assign=assign)
        missing = [k for k in result.missing_keys if not self._is_frozen(k)]
        if strict and (missing or result.unexpected_keys):
            raise RunFolderError(
                f"the saved weights do not fit: {', '.join([*missing, *result.unexpected_keys][:5])}"
            )
        return result
