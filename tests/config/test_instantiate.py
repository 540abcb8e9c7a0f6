"""Class names of a config are checked before anything is imported, and paths of callbacks stay in the run folder."""

import json
import os
import subprocess
import sys

import pytest
import pytorch_lightning as pl
from omegaconf import OmegaConf
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger, Logger

from timevis.config.compose import choices_of
from timevis.config.instantiate import (
    ALLOW_TARGETS_VARIABLE,
    LIGHTNING_TARGETS,
    class_of,
    import_allowed_class,
    instantiate_section,
)
from timevis.errors import ConfigError, RunFolderError
from timevis.models.digits.forecaster import QwenForecaster
from timevis.models.ensemble import Auto
from timevis.models.forecaster import Forecaster
from timevis.models.patches.forecaster import QwenPatchForecaster
from timevis.runs.folder import RunFolder
from timevis.training.run import run
from timevis_research.peers.forecaster import Peer

CODE = "import pathlib, pytorch_lightning\npathlib.Path(__file__).with_name('ran').touch()\n"
CODE += "class Callback(pytorch_lightning.Callback): pass\n"


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """A module that leaves a file beside it when it is imported, in a folder from which Python imports."""
    folder = tmp_path / "somewhere"
    folder.mkdir()
    (folder / "own_module_of_test.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "own_module_of_test", raising=False)
    return folder


def test_a_class_that_is_not_in_the_list_is_not_imported(own_module):
    section = {"_target_": "own_module_of_test.Callback"}
    with pytest.raises(ConfigError, match=r"callbacks\.own\._target_=own_module_of_test\.Callback is not in"):
        class_of(section, pl.Callback, "callbacks.own")
    assert not (own_module / "ran").exists()


def test_the_environment_of_the_command_allows_a_class_of_the_user(own_module, monkeypatch):
    monkeypatch.setenv(ALLOW_TARGETS_VARIABLE, "other.Class, own_module_of_test.Callback")
    callback = instantiate_section({"_target_": "own_module_of_test.Callback"}, pl.Callback, "callbacks.own")
    assert type(callback).__name__ == "Callback"
    with pytest.raises(ConfigError, match="not in the list"):
        class_of({"_target_": "own_module_of_test.Other"}, pl.Callback, "callbacks.own")


@pytest.mark.parametrize(
    "target",
    [
        "timevis.training.run.run",
        "timevis.training.trainer.pl.Callback",
        "timevis.training.trainer.ModelCheckpoint",
        "timevis.training.callbacks.checkpoints.ModelCheckpoint",
        "timevis.models.lstm.LSTM",
        "timevis.nothing.Here",
        "timevis..lstm",
        "timevis",
        "timevis.models.lstm LSTM",
        "pytorch_lightning.callbacks.LambdaCallback",
        "pytorch_lightning.loggers.MLFlowLogger",
        5,
        ["timevis.models.lstm.LSTM"],
    ],
)
def test_only_classes_of_the_expected_kind_that_timevis_defines_are_used(target):
    with pytest.raises(ConfigError, match=r"callbacks\.x\._target_"):
        class_of({"_target_": target}, pl.Callback, "callbacks.x")


def test_every_allowed_class_of_lightning_exists():
    for target in LIGHTNING_TARGETS:
        kind = Logger if ".loggers." in target else pl.Callback
        assert issubclass(class_of({"_target_": target}, kind, "x"), kind)


def test_every_class_that_the_configs_of_timevis_name_is_allowed(compose_config):
    for model in choices_of("model"):
        cfg = compose_config(f"model={model}", "logger=tensorboard")
        class_of(cfg.model, Forecaster, "model")
        class_of(cfg.logger.tensorboard, Logger, "logger.tensorboard")
        for name, callback in cfg.callbacks.items():
            class_of(callback, pl.Callback, f"callbacks.{name}")


@pytest.mark.parametrize("path", ["/tmp/elsewhere", "..", "a/../../b", "~/x", "link/x", "a\0b"])
@pytest.mark.parametrize("argument", ["dirpath", "filename"])
def test_a_callback_cannot_write_outside_the_run_folder(tmp_path, path, argument):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    section = {"_target_": "pytorch_lightning.callbacks.ModelCheckpoint", argument: path}
    with pytest.raises(ConfigError, match=rf"callbacks\.more\.{argument}=.* is a path outside the run folder"):
        instantiate_section(section, ModelCheckpoint, "callbacks.more", folder)


def test_a_path_of_a_callback_is_relative_to_the_run_folder(tmp_path):
    section = {
        "_target_": "pytorch_lightning.callbacks.ModelCheckpoint",
        "dirpath": "more",
        "monitor": "tuning/relative_wql",
    }
    callback = instantiate_section(section, ModelCheckpoint, "callbacks.more", tmp_path)
    assert callback.dirpath == str(tmp_path / "more")


def test_a_logger_writes_into_the_run_folder_whatever_its_config_says(tmp_path):
    section = {"_target_": "pytorch_lightning.loggers.CSVLogger", "save_dir": "a", "name": "b", "version": "c"}
    logger = instantiate_section(section, CSVLogger, "logger.csv", tmp_path, save_dir=str(tmp_path))
    assert logger.log_dir == str(tmp_path / "b" / "c")
    with pytest.raises(ConfigError, match=r"logger\.csv\.version=\.\./\.\./x is a path outside"):
        instantiate_section(section | {"version": "../../x"}, CSVLogger, "logger.csv", tmp_path)


def test_arguments_that_a_class_refuses_are_a_config_error():
    section = {
        "_target_": "pytorch_lightning.callbacks.EarlyStopping",
        "monitor": "tuning/relative_wql",
        "colour": "red",
    }
    with pytest.raises(ConfigError, match=r"callbacks\.stop cannot be created: .*colour"):
        instantiate_section(section, pl.Callback, "callbacks.stop")


@pytest.fixture
def foreign_run(tmp_path, compose_config):
    """A cancelled run in outputs/x of a folder, and a module beside its config that leaves a file when imported."""
    folder = RunFolder.create(tmp_path / "outputs" / "x", compose_config("model=linear"))
    (folder.path / "status.json").write_text(json.dumps({"state": "cancelled", "heartbeat": 0.0}))
    (folder.path / "evil.py").write_text(CODE)
    (tmp_path / "evil.py").write_text(CODE)
    return folder


@pytest.mark.parametrize("target", ["evil.Callback", "outputs.x.evil.Callback"])
def test_resuming_imports_no_module_beside_the_config_or_in_the_working_directory(
    foreign_run, tmp_path, target, monkeypatch
):
    monkeypatch.delenv(ALLOW_TARGETS_VARIABLE, raising=False)
    cfg = OmegaConf.load(foreign_run.path / "config.yaml")
    cfg.callbacks.more = {"_target_": target}
    OmegaConf.save(cfg, foreign_run.path / "config.yaml")
    # `python -m` imports from the working directory
    command = [sys.executable, "-m", "timevis", "train", f"resume={foreign_run.path}"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ}, timeout=120)
    assert ended.returncode == 1
    assert f"callbacks.more._target_={target} is not in the list of allowed classes" in ended.stderr
    assert not [*tmp_path.rglob("ran")]


@pytest.mark.parametrize("name", ["checkpoints", "train.log", "metrics.csv", ".lock", "deep/er"])
def test_nothing_is_written_through_a_link_out_of_the_run_folder(foreign_run, compose_config, tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    link = foreign_run.path / name
    link.parent.mkdir(exist_ok=True)
    if link.is_dir():
        link.rmdir()
    link.symlink_to(outside)
    resume = f"resume={foreign_run.path}"
    with pytest.raises(RunFolderError, match=rf"{name} is a symbolic link to .*outside"):
        run(compose_config(resume), foreign_run.path, [resume])
    assert not [*outside.iterdir()]
    link.unlink()
    link.symlink_to(foreign_run.path / "status.json")
    (foreign_run.path / "wandb/offline-run-1/logs").mkdir(parents=True)
    (foreign_run.path / "wandb/offline-run-1/logs/debug-core.log").symlink_to(outside)
    foreign_run.require_links_inside()


@pytest.mark.parametrize(
    ("stored", "present"),
    [
        ("timevis.models.qwen.digits.forecaster.QwenForecaster", QwenForecaster),
        ("timevis.models.qwen.patches.forecaster.QwenPatchForecaster", QwenPatchForecaster),
        ("timevis.models.auto.Auto", Auto),
        ("timevis.models.peers.forecaster.Peer", Peer),
    ],
)
def test_a_class_that_a_run_of_an_earlier_version_names_is_found_where_it_is_now(stored: str, present: type) -> None:
    assert import_allowed_class(stored, Forecaster, "model._target_") is present
