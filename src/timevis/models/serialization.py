"""Save and load forecasters without pickle: tensors in safetensors, hyperparameters in JSON."""

from __future__ import annotations

from pathlib import Path

import pytorch_lightning as pl
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from timevis.config.instantiate import import_allowed_class
from timevis.config.stored import without_deleted_options
from timevis.errors import ConfigError, RunFolderError, TimeVisError
from timevis.messages import Text
from timevis.models.adapted import as_forecaster
from timevis.models.forecaster import Forecaster
from timevis.utils.explain import is_out_of_memory
from timevis.utils.files import atomic_write, damaged_file_error, read_json, write_json

WEIGHTS_FILE, DESCRIPTION_FILE = "model.safetensors", "model.json"


def save(forecaster: Forecaster, folder: Path) -> None:
    """Write a forecaster's state dict and hyperparameters to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # cloned, since safetensors refuses tensors that share memory
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in forecaster.state_dict().items()}
    with atomic_write(folder / WEIGHTS_FILE) as path:
        save_file(state, path)
    cls = type(forecaster)
    write_json(
        folder / DESCRIPTION_FILE,
        {
            "class": f"{cls.__module__}.{cls.__qualname__}",
            "hyperparameters": dict(forecaster.hparams),
            "description": forecaster.describe(),
        },
    )


def load(folder: Path) -> Forecaster:
    """Load a forecaster from a folder that `save` wrote; only allowed classes are imported.

    Raises
    ------
    RunFolderError
        The folder has no model, its files are damaged, or its class is not an allowed forecaster.
    """
    try:
        description = read_json(folder / DESCRIPTION_FILE)
    except FileNotFoundError:
        raise absent_model_error(folder) from None
    if not isinstance(description, dict) or not isinstance(description.get("hyperparameters"), dict):
        raise damaged_file_error(folder / DESCRIPTION_FILE, Text("it does not describe a model"))
    try:
        name = f"{folder / DESCRIPTION_FILE}: class"
        cls = as_forecaster(import_allowed_class(description.get("class"), pl.LightningModule, name))
    except ConfigError as error:
        raise RunFolderError(error.message, error.advice) from error
    try:
        forecaster = cls(**without_deleted_options(description["hyperparameters"]))
    except TimeVisError as error:
        file = str(folder / DESCRIPTION_FILE)
        place = Text("the hyperparameters of the saved model are in {file}", file=file)
        advice = Text("{advice}; {place}", advice=error.advice, place=place)
        raise RunFolderError(error.message, advice if error.advice else place) from error
    except TypeError as error:  # an argument that the class does not have
        raise _other_version_error(folder, error) from error
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        problem = Text("its hyperparameters describe a model that needs more memory than there is")
        raise damaged_file_error(folder / DESCRIPTION_FILE, problem) from error
    try:
        forecaster.load_state_dict(load_file(folder / WEIGHTS_FILE))
    except (SafetensorError, FileNotFoundError) as error:
        raise damaged_file_error(folder / WEIGHTS_FILE, error) from error
    except RuntimeError as error:
        raise _other_version_error(folder, error) from error
    forecaster.read_run_folder(folder.parent)
    return forecaster.eval()


def absent_model_error(folder: Path) -> RunFolderError:
    """The error for a folder without a model."""
    advice = Text("the run has not finished training; continue it with resume=")
    return RunFolderError(Text("{path} has no model", path=str(folder)), advice)


def _other_version_error(folder: Path, error: Exception) -> RunFolderError:
    message = Text(
        "{path} was written by another version of TimeVis: {reason}",
        path=str(folder),
        reason=str(error).splitlines()[0],
    )
    advice = Text("use the version in results.json, or train the model again")
    return RunFolderError(message, advice)
