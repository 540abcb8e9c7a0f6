"""The devices of a run: CPU or GPUs, number of processes, and precision."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from timevis.config.sections import TrainerOptions
from timevis.errors import ConfigError
from timevis.messages import Setting, Text
from timevis.utils.formatting import format_count


@dataclass(frozen=True)
class Devices:
    """The devices of a run.

    Attributes
    ----------
    on_gpu : bool
    precision : str
        As `pytorch_lightning.Trainer` takes it; not ``auto``.
    processes : int
        One for each device.
    """

    on_gpu: bool
    precision: str
    processes: int

    @classmethod
    def from_options(cls, options: TrainerOptions) -> Devices:
        """Find the devices for the section `trainer`, and replace ``auto``.

        Raises
        ------
        ConfigError
            A GPU is requested but there is none, or `trainer.devices` is neither a number nor a list of GPUs.
        """
        has_gpu = torch.cuda.is_available()
        if options.accelerator in ("gpu", "cuda") and not has_gpu:
            message = Text(
                "no-gpu", "{trainer} requests a GPU, but this machine has no CUDA GPU", trainer=Setting("trainer")
            )
            raise ConfigError(
                message, Text("use-trainer", "use trainer=default or trainer=cpu"), "trainer.accelerator"
            )
        on_gpu = has_gpu and options.accelerator != "cpu"
        precision = str(options.precision)
        if precision == "auto":
            precision = "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported() else "32-true"
        return cls(on_gpu, precision, _process_count(options, on_gpu))

    @property
    def accelerator(self) -> str:
        """As `pytorch_lightning.Trainer` takes it."""
        return "cuda" if self.on_gpu else "cpu"

    def __str__(self) -> str:
        processes = f", {self.processes} processes" if self.processes > 1 else ""
        if self.on_gpu:
            return f"{torch.cuda.get_device_name()} ({self.precision}{processes})"
        return f"the CPU ({format_count(torch.get_num_threads(), 'thread')}{processes})"


def _process_count(options: TrainerOptions, on_gpu: bool) -> int:
    devices, setting = options.devices, Setting("trainer.devices", options.devices)
    if devices in ("auto", -1, "-1"):
        return max(1, torch.cuda.device_count()) if options.accelerator != "cpu" else 1
    if isinstance(devices, int) and devices > 0:
        return devices
    if isinstance(devices, list | tuple):
        if not on_gpu:
            message = Text("gpus-on-cpu", "{devices} lists GPUs, but the run is on the CPU", devices=setting)
            raise ConfigError(message, Text("give-a-number", "give a number"), setting.key)
        return len(devices)
    message = Text("not-a-number-of-devices", "{devices} is not a number of devices", devices=setting)
    raise ConfigError(message, Text("number-or-auto", "give 1, 2, ... or auto"), setting.key)
