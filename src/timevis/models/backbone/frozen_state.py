"""A forecaster with a language model, whose checkpoints leave out the frozen weights of that model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from timevis.config.paths import BUILT_IN_BACKBONES
from timevis.data.datamodule import WindowDataModule
from timevis.errors import RunFolderError
from timevis.messages import Text
from timevis.models.backbone.files import find_backbone_folder
from timevis.models.backbone.load import Backbone, check_backbone
from timevis.models.forecaster import Forecaster

REAL_QWEN_OPTION = "model/backbone=qwen2.5-0.5b"

log = logging.getLogger(__name__)


class BackboneForecaster(Forecaster):
    """A forecaster whose state identifies the frozen backbone by a fingerprint instead of storing its weights.

    Call `set_backbone` after choosing the trainable parameters.
    """

    backbone: Backbone
    check_backbone: ClassVar[staticmethod[[Mapping[str, Any]], None]] = staticmethod(check_backbone)
    """Raises the errors of the options of the backbone that need no weights."""

    def set_backbone(self, backbone: Backbone) -> None:
        """Register the fingerprint of the backbone and note which of its parameters are frozen."""
        self.backbone = backbone
        self.fingerprint: Tensor
        fingerprint = list(bytes.fromhex(backbone.fingerprint))
        self.register_buffer("fingerprint", torch.tensor(fingerprint, dtype=torch.uint8))
        frozen = {id(p) for p in backbone.model.parameters() if not p.requires_grad}
        named = self.named_parameters(remove_duplicate=False)  # the state has two names for a tied output layer
        self._frozen_names = {name for name, p in named if id(p) in frozen}

    @classmethod
    def check_sections(cls, options: Mapping[str, Any]) -> None:
        """Check the options as every forecaster does, and that the backbone exists, before any data are read."""
        super().check_sections(options)
        cls.check_backbone(options.get("backbone") or {})

    @classmethod
    def download_files(cls, options: Mapping[str, Any], report: Callable[[int, int], None]) -> None:
        path = (options.get("backbone") or {}).get("path")
        if path and path not in BUILT_IN_BACKBONES:
            find_backbone_folder(path, report)

    def describe_backbone(self) -> dict[str, Any]:
        """Identity and size of the backbone, for results.json."""
        return {
            "id": self.backbone.path,
            "name": self.backbone.name,
            "parameters": self.backbone.parameters,
            "trainable": sum(p.numel() for p in self.parameters() if p.requires_grad),
            "fingerprint": self.backbone.fingerprint,
            "note": self.backbone.note,
        }

    def prepare(self, datamodule: WindowDataModule) -> None:
        """Prepare as every forecaster does, and log the backbone."""
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
            log.info("nano is a small substitute for Qwen; to use a real one, set %s", REAL_QWEN_OPTION)

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The state without the frozen weights of the backbone."""
        return {k: v for k, v in super().state_dict(*args, **kwargs).items() if not self._is_frozen(k)}

    def _is_frozen(self, name: str) -> bool:
        """Whether a state entry is a frozen weight or belongs to one, as ``weight.absmax`` to a 4-bit weight."""
        return name in self._frozen_names or name.rpartition(".")[0] in self._frozen_names

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Load a state that `state_dict` returned.

        Raises
        ------
        RunFolderError
            The state belongs to another backbone, or its entries do not match this network.
        """
        saved = bytes(state_dict["fingerprint"].tolist()).hex() if "fingerprint" in state_dict else "unknown"
        if saved != self.backbone.fingerprint:
            message = Text(
                "these weights were trained on a backbone with fingerprint {saved}, but {name} ({path}) has {now}",
                saved=saved,
                name=self.backbone.name,
                path=str(self.backbone.path),
                now=self.backbone.fingerprint,
            )
            advice = Text("restore that backbone, or write its path into config.yaml and model/model.json of the run")
            raise RunFolderError(message, advice)
        result = super().load_state_dict(state_dict, strict=False, assign=assign)
        missing = [k for k in result.missing_keys if not self._is_frozen(k)]
        if strict and (missing or result.unexpected_keys):
            entries = [*missing, *result.unexpected_keys][:5]
            message = Text("the saved weights do not match the network: {entries}", entries=entries)
            raise RunFolderError(message)
        return result
