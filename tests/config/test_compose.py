"""Compose configs, and explain overrides that do not compose."""

from __future__ import annotations

import re
import shlex
from itertools import product
from pathlib import Path

import pytest
from hydra import compose as compose_with_hydra
from hydra import initialize_config_dir
from hydra.errors import OverrideParseException
from omegaconf import OmegaConf

from timevis.config.compose import compose, explain_composition, register_resolvers
from timevis.errors import ConfigError
from timevis.models.catalog import declared_models
from timevis.training.run import check_config

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("context_lenght=48", "context_length"),
        ("trainer.max_epoch=3", "trainer.max_epochs"),
        ("batch_size=3", "model.fit.batch_size"),
        ("modle=lstm", "model"),
        ("evaluation.max_window=3", "evaluation.max_windows"),
        ("model.hidden=32", "model.hidden_size"),
        ("backbone=nano", "model/backbone"),
    ],
)
def test_the_error_of_an_unknown_key_names_the_nearest_key(compose_config, wrong, right):
    with pytest.raises(Exception, match="Could not override") as caught:
        compose_config("model=lstm", wrong)
    error = explain_composition(caught.value, ["model=qwen" if "backbone" in wrong else "model=lstm", wrong])
    assert wrong.partition("=")[0] in str(error.message)
    assert str(error.advice) == f"did you mean {right!r}?"


@pytest.mark.parametrize(
    ("argument", "quoted", "value"),
    [
        ("data.path=/tmp/b/交通.csv", "'data.path=\"/tmp/b/交通.csv\"'", "/tmp/b/交通.csv"),
        ("data.path=~/run", "'data.path=\"/somewhere/me/run\"'", "/somewhere/me/run"),
        ("data.path=a=b (c), ü.csv", "'data.path=\"a=b (c), ü.csv\"'", "a=b (c), ü.csv"),
        ("data.target=[交通]", "data.target=['Load (MW)']", None),
    ],
)
def test_the_error_of_an_argument_that_cannot_be_parsed_shows_it_in_quotes(
    compose_config, monkeypatch, argument, quoted, value
):
    monkeypatch.setenv("HOME", "/somewhere/me")
    with pytest.raises(OverrideParseException) as caught:
        compose_config("data=file", argument)
    error = explain_composition(caught.value, [argument])
    assert str(error.message) == f"{argument} cannot be read"
    assert "spaces, commas, parentheses, =, ~ or characters beyond a to z" in str(error.advice)
    assert quoted in str(error.advice)
    if value:
        assert compose_config("data=file", *shlex.split(quoted)).data.path == value


@pytest.mark.parametrize(
    ("overrides", "large"),
    [
        (["model=qwen", "model.backbone.path=/my/qwen"], True),
        (["model=qwen", "model/backbone=qwen2.5-0.5b"], True),
        (["model=qwen", "model/backbone=local"], True),
        (["experiment=ablation/lora", "model.backbone.path=/my/qwen"], True),
        (["model=qwen", "model/backbone=local", "model.backbone.path=nano"], False),
        (["model=qwen"], False),
    ],
)
def test_learning_rate_and_epochs_depend_on_the_size_of_the_backbone(compose_config, overrides, large):
    model = compose_config(*overrides).model
    assert model.learning_rate == (1e-3 if large else 4e-3)
    assert model.fit.max_epochs == (4 if large else 2)


def test_an_override_takes_precedence_over_the_default_of_the_backbone_size(compose_config):
    options = "model.backbone.path=/my/qwen", "model.learning_rate=2e-4", "model.fit.batch_size=3"
    cfg = compose_config("model=qwen", *options)
    assert (cfg.model.learning_rate, cfg.model.fit.batch_size, cfg.model.fit.max_epochs) == (2e-4, 3, 4)


def test_backbone_size_small_selects_the_defaults_of_nano(compose_config, tmp_path):
    folder = "model=qwen", f"model.backbone.path={tmp_path}"
    assert compose_config(*folder).model.learning_rate == 1e-3
    assert compose_config(*folder, "model.backbone.size=small").model.learning_rate == 4e-3


def test_the_error_of_a_group_that_the_model_does_not_have_names_the_model_that_has_it():
    with pytest.raises(ConfigError, match="no config key model/backbone with model=qwen_patch") as caught:
        compose(["model/backbone=qwen2.5-0.5b"])
    assert str(caught.value.advice) == "model=qwen has it"


def test_the_error_of_an_unknown_choice_names_the_nearest_one_and_lists_all(compose_config):
    with pytest.raises(Exception, match="Could not find") as caught:
        compose_config("model=lstn")
    error = explain_composition(caught.value, ["model=lstn"])
    assert str(error.message) == "model=lstn is not a choice"
    assert "did you mean 'lstm'?" in str(error.advice)
    assert str(error.advice).count("seasonal_naive") == 1
    with pytest.raises(Exception, match="Could not find") as caught:
        compose_config("model=zzz")
    assert str(explain_composition(caught.value, ["model=zzz"]).advice).count("seasonal_naive") == 1
    with pytest.raises(Exception, match="Could not find") as caught:
        compose_config("model=peer/nhtis")
    error = explain_composition(caught.value, ["model=peer/nhtis"])
    assert str(error.message) == "model=peer/nhtis is not a choice"
    assert "did you mean 'peer/nhits'?" in str(error.advice)
    assert ", lstm, " in str(error.advice)


def test_the_error_of_a_key_of_an_empty_section_shows_how_to_add_it(compose_config):
    with pytest.raises(Exception, match="Could not override") as caught:
        compose_config("model=qwen", "model.codec.rule=seasonal")
    assert "+model.codec.rule=" in str(explain_composition(caught.value, ["model=qwen"]).advice)


def test_a_key_of_another_model_with_resume_is_an_error_about_resuming(compose_config):
    with pytest.raises(Exception, match="Could not override") as caught:
        compose_config("model=qwen", "model.cell=gru")
    error = explain_composition(caught.value, ["resume=outputs/run", "model.cell=gru"])
    assert str(error.message) == "model.cell cannot change with resume=: the run keeps its own config"


def test_every_experiment_composes_to_a_valid_config(compose_config):
    folder = ROOT / "conf" / "experiment"
    names = [str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.yaml")]
    assert "ablation/lora" in names
    for name in names:
        nano = ["model.backbone.path=nano"] * ("qwen" in name)
        check_config(compose_config(f"experiment={name}", *nano))


@pytest.mark.parametrize("sweep", sorted(p.stem for p in (ROOT / "conf/sweep").glob("*.yaml")))
def test_every_job_of_a_sweep_composes_to_a_valid_config(compose_config, sweep):
    """With the overrides that the sweep gives to each job; a real backbone is stood in for by nano."""
    file = ROOT / "conf" / "sweep" / f"{sweep}.yaml"
    register_resolvers()
    params = OmegaConf.select(OmegaConf.load(file), "hydra.sweeper.params") or {}
    assert sweep != "models" or set(declared_models()) == set(params["model"].split(","))
    grid = [[f"{key}={one}" for one in str(values).split(",")] for key, values in params.items()]
    for job in product(*grid):
        nano = ["model.backbone.path=nano"] * ("model/backbone" in params)
        check_config(compose_config(f"sweep={sweep}", *job, *nano))


def test_the_experiments_of_the_table_in_readme_are_the_models_of_the_unseen_sets():
    suite = OmegaConf.load(ROOT / "scripts" / "unseen2.yaml")
    rows = [name for name, model in suite.models.items() if not any("peer/" in one for one in model.overrides)]
    assert len(rows) == 8
    for name in rows:
        expected = compose([*suite.models[name].overrides, *suite.common])
        assert compose([f"experiment={name}"]) == expected


@pytest.mark.parametrize("search", sorted(p.stem for p in (ROOT / "conf/hparams_search").glob("*.yaml")))
def test_the_ranges_of_a_search_are_of_options_that_exist(compose_config, search):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose_with_hydra("train", overrides=[f"hparams_search={search}"], return_hydra_config=True)
    ranges = {key: str(value) for key, value in (cfg.hydra.sweeper.params or {}).items()}
    assert "optuna" in cfg.hydra.sweeper._target_
    assert bool(ranges) == (search != "optuna")
    for key, text in ranges.items():
        low = re.search(r"(?:interval|choice)\(([^,]+),([^,)]+)", text)
        for value in low.groups():
            check_config(compose_config(f"hparams_search={search}", f"{key}={value}"))


def test_debug_limits_steps_and_windows(compose_config):
    cfg = compose_config("debug=default", "model=lstm")
    check_config(cfg)
    assert (cfg.trainer.accelerator, cfg.trainer.max_epochs, cfg.trainer.limit_train_batches) == ("cpu", 1, 3)
    assert (cfg.evaluation.max_windows, cfg.evaluation.val_windows) == (20, 10)
