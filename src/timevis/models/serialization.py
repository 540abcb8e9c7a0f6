"""A forecaster on disk without pickle: safetensors for the numbers, JSON for the rest."""

from __future__ import annotations

import importlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from timevis.errors import RunFolderError, TimeVisError
from timevis.models.forecaster import Forecaster
from timevis.utils.files import atomic_write, damaged_file_error, read_json, write_json

WEIGHTS, DESCRIPTION = "model.safetensors", "model.json"
PACKAGE = "timevis."


def save(forecaster: Forecaster, folder: Path) -> None:
    """Write `forecaster.state_dict()` and its hyperparameters; shared tensors are written once each."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in forecaster.state_dict().items()}
    with atomic_write(folder / WEIGHTS) as path:
        save_file(state, path)
    cls = type(forecaster)
    write_json(
        folder / DESCRIPTION,
        {
            "class": f"{cls.__module__}.{cls.__qualname__}",
            "hyperparameters": dict(forecaster.hparams),
            "description": forecaster.describe(),
        },
    )


def load(folder: Path) -> Forecaster:
    """Rebuild a forecaster from its folder; only classes of this package are ever imported.

    Raises
    ------
    RunFolderError
        The folder holds no model, a damaged one, or one of a class that is not TimeVis's.
    """
    try:
        description = read_json(folder / DESCRIPTION)
    except FileNotFoundError:
        raise RunFolderError(f"{folder} holds no model", "the run has not finished fitting; use resume=") from None
    module, _, name = description["class"].rpartition(".")
    cls = getattr(importlib.import_module(module), name) if module.startswith(PACKAGE) else None
    if not (isinstance(cls, type) and issubclass(cls, Forecaster)):
        raise RunFolderError(f"{folder}: {description['class']} is not a forecaster of TimeVis")
    try:
        forecaster = cls(**description["hyperparameters"])
    except TimeVisError as error:
        advice = f"{error.advice}; the settings of this saved model are in {folder / DESCRIPTION}"
        raise RunFolderError(error.message, advice) from error
    except TypeError as error:  # an argument that its class does not have
        raise _of_another_version(folder, error) from error
    try:
        forecaster.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, FileNotFoundError) as error:
        raise damaged_file_error(folder / WEIGHTS, error) from error
    except RuntimeError as error:
        raise _of_another_version(folder, error) from error
    return forecaster.eval()


def _of_another_version(folder: Path, error: Exception) -> RunFolderError:
    return RunFolderError(
        f"{folder} was written by another version of TimeVis: {str(error).splitlines()[0]}",
        "use the version that results.json names, or run it again",
    )
