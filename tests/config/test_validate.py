from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
import yaml
from hydra.errors import OverrideParseException
from omegaconf import OmegaConf

from timevis.config.compose import explain_composition
from timevis.config.options import PositiveFraction, PositiveInt, check_arguments, options_of
from timevis.config.paths import BUILT_IN_BACKBONES
from timevis.config.suggestions import did_you_mean
from timevis.config.validate import check
from timevis.errors import ConfigError, TimeVisError
from timevis.experiment import check_config
from timevis.models.qwen.backbone.files import BACKBONE_SUBSTITUTES
from timevis.runs.config import RunConfig


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
def test_an_unknown_key_is_answered_with_the_nearest(compose_config, wrong, right):
    with pytest.raises(Exception, match="Could not override") as caught:
        compose_config("model=lstm", wrong)
    error = explain_composition(caught.value, ["model=qwen" if "backbone" in wrong else "model=lstm", wrong])
    assert wrong.partition("=")[0] in error.message
    assert error.advice == f"did you mean {right!r}?"


@pytest.mark.parametrize(
    ("typed", "shown", "value"),
    [
        ("data.path=/tmp/b/交通.csv", "'data.path=\"/tmp/b/交通.csv\"'", "/tmp/b/交通.csv"),
        ("data.path=~/run", "'data.path=\"/somewhere/me/run\"'", "/somewhere/me/run"),
        ("data.path=a=b (c), ü.csv", "'data.path=\"a=b (c), ü.csv\"'", "a=b (c), ü.csv"),
        ("data.target=[交通]", "data.target=['Load (MW)']", None),
    ],
)
def test_an_argument_that_cannot_be_read_is_shown_as_it_must_be_typed(
    compose_config, monkeypatch, typed, shown, value
):
    monkeypatch.setenv("HOME", "/somewhere/me")
    with pytest.raises(OverrideParseException) as caught:
        compose_config("data=file", typed)
    error = explain_composition(caught.value, [typed])
    assert error.message == f"{typed} cannot be read"
    assert "blanks, commas, parentheses, =, ~ or letters beyond a to z" in error.advice
    assert shown in error.advice
    if value:
        assert compose_config("data=file", *shlex.split(shown)).data.path == value


@pytest.mark.parametrize(
    ("typed", "large"),
    [
        (["model.backbone.path=/my/qwen"], True),
        (["model=qwen_patch", "model.backbone.path='Qwen/Qwen2.5-0.5B'"], True),
        (["model/backbone=qwen2.5-0.5b"], True),
        (["model/backbone=local"], True),
        (["experiment=ablation/lora", "model.backbone.path=/my/qwen"], True),
        (["model/backbone=local", "model.backbone.path=nano"], False),
        (["model=qwen_patch", "model.backbone.path=attention"], False),
        (["model=qwen"], False),
    ],
)
def test_a_large_backbone_brings_rates_and_batches_for_its_size(compose_config, typed, large):
    model = compose_config(*typed).model
    rate = model.backbone_learning_rate if model.name == "qwen_patch" else model.learning_rate
    assert rate == {("qwen", True): 1e-3, ("qwen", False): 4e-3}.get((model.name, large), 3e-4 if large else 1e-3)
    assert model.fit.max_epochs == (4 if large else {"qwen": 2, "qwen_patch": 10}[model.name])


def test_what_is_typed_stands_whatever_the_backbone(compose_config):
    cfg = compose_config("model.backbone.path=/my/qwen", "model.learning_rate=2e-4", "model.fit.batch_size=3")
    assert (cfg.model.learning_rate, cfg.model.fit.batch_size, cfg.model.fit.max_epochs) == (2e-4, 3, 4)


def test_a_folder_with_a_small_backbone_gets_the_rates_of_nano_on_request(compose_config, tmp_path):
    assert compose_config(f"model.backbone.path={tmp_path}").model.learning_rate == 1e-3
    assert compose_config(f"model.backbone.path={tmp_path}", "model.backbone.size=small").model.learning_rate == 4e-3


def test_an_unknown_choice_is_answered_with_the_nearest_and_with_all(compose_config):
    with pytest.raises(Exception, match="Could not find") as caught:
        compose_config("model=lstn")
    error = explain_composition(caught.value, ["model=lstn"])
    assert error.message == "model=lstn is not a choice"
    assert "did you mean 'lstm'?" in error.advice
    assert error.advice.count("seasonal_naive") == 1
    with pytest.raises(Exception, match="Could not find") as caught:
        compose_config("model=zzz")
    assert explain_composition(caught.value, ["model=zzz"]).advice.count("seasonal_naive") == 1


def test_a_key_of_a_section_that_is_empty_is_answered_with_how_to_add_it(compose_config):
    with pytest.raises(Exception, match="Could not override") as caught:
        compose_config("model=qwen", "model.codec.rule=seasonal")
    assert "+model.codec.rule=" in explain_composition(caught.value, ["model=qwen"]).advice


def test_a_key_of_another_model_is_not_called_unknown_where_a_run_keeps_its_own(compose_config):
    with pytest.raises(Exception, match="Could not override") as caught:
        compose_config("model=qwen", "model.cell=gru")
    error = explain_composition(caught.value, ["resume=outputs/run", "model.cell=gru"])
    assert error.message == "model.cell cannot change with resume=: the run keeps its own config"


@pytest.mark.parametrize(
    "wrong",
    [
        "horizon=abc",
        "horizon=0",
        "context_length=1.5",
        "seed=-1",
        "model.fit.batch_size=true",
        "evaluation.max_windows=0",
        "evaluation.save_windows=0",
        "model.fit.train_fraction=2",
        "trainer.max_time=30",
        "seed=4294967296",
        "model.fit.gradient_clip=-1",
        "trainer.max_epochs=-5",
        "trainer.max_epochs=0",
        "trainer.max_epochs=abc",
        "trainer.limit_train_batches=0",
        "trainer.log_every_n_steps=0",
        "trainer.accumulate_grad_batches=0",
        "trainer.precision=half",
        "trainer.precision=bf16-true",
        "logger.log_data=maybe",
        "logger.wandb.mode=onlin",
        "logger.wandb.tags=first",
    ],
)
def test_a_value_of_the_wrong_kind_is_named(compose_config, wrong):
    with pytest.raises(ConfigError, match=wrong.partition("=")[0].replace(".", r"\.")):
        check(compose_config("model=linear", "logger=wandb", wrong))


@pytest.mark.parametrize(
    "option",
    [
        "limit_test_batches=1",
        "limit_val_batches=1",
        "limit_predict_batches=1",
        "overfit_batches=1",
        "fast_dev_run=true",
        "barebones=true",
    ],
)
def test_an_option_that_would_leave_windows_unscored_is_answered_with_how_to_take_fewer(compose_config, option):
    with pytest.raises(ConfigError, match=r"(?s)left out.* evaluation\.max_windows") as caught:
        check(compose_config("model=linear", f"+trainer.{option}"))
    assert option.partition("=")[0] in caught.value.message


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        ("lstm", "model.dropout=2"),
        ("lstm", "model.dropout=1"),
        ("lstm", "model.hidden_size=0"),
        ("lstm", "model.segment_length=0"),
        ("lstm", "model.learning_rate=-1"),
        ("lstm", "model.mixup=2"),
        ("lstm", "model.weight_decay=nan"),
        ("seasonal_naive", "model.season=-5"),
        ("boosted", "model.num_leaves=0"),
        ("linear", "model.penalties=[]"),
        ("linear", "model.penalties=[0]"),
        ("linear", "model.penalties=5"),
        ("linear", "model.profiles=24"),
        ("linear", "model.profiles=[-3]"),
        ("linear", "model.profiles=[2.5]"),
        ("qwen", "model.val_windows_per_epoch=0"),
        ("qwen", "model.bf16=no"),
        ("qwen_patch", "model.bf16=off"),
        ("qwen", "model.decode_batch_size=all"),
        ("lstm", "model._target_=nothing.Here"),
        ("linear", "+trainer.logger=false"),
        ("linear", "data.seed=abc"),
        ("linear", "data.timezone=Lisbon"),
        ("linear", "data.split=[2018-01-01,soon]"),
        ("linear", "data.frequency=hourly"),
    ],
)
def test_a_value_that_nothing_can_work_with_is_named_before_there_is_a_run_folder(compose_config, model, wrong):
    cfg = compose_config(f"model={model}", wrong)
    check(cfg)
    with pytest.raises(ConfigError, match=wrong.partition("=")[0].strip("+").replace(".", r"\.")):
        check_config(cfg)


def test_a_switch_that_may_be_left_to_the_machine_knows_auto(compose_config):
    for value in ("auto", "true", "false"):
        check_config(compose_config("model=qwen_patch", f"model.bf16={value}"))
    for rows in ("auto", "64"):
        check_config(compose_config("model=qwen", f"model.decode_batch_size={rows}"))


def test_zero_is_fine_where_it_means_none(compose_config):
    zeros = ("dropout", "weight_decay", "mixup", "ema_decay", "lr_decay_start_epoch", "point_weight")
    check_config(compose_config("model=lstm", *(f"model.{name}=0" for name in zeros), "trainer.gradient_clip_val=0"))


@pytest.mark.parametrize("text", ["${oc.env:HOME}", r"\${seed} cars", "on ${seed} days"])
def test_the_users_sentence_is_never_evaluated(compose_config, text):
    with pytest.raises(ConfigError, match=r"model\.prompt\.text"):
        check(compose_config("model=qwen", f"model.prompt.text='{text}'"))


@pytest.mark.parametrize("key", ["model.prompt.text", "data.description", "data.unit", "data.unit.load", "data.name"])
def test_text_that_is_no_unicode_is_refused_by_name(compose_config, key):
    cfg = compose_config("model=qwen")
    OmegaConf.update(cfg, key, os.fsdecode(b"caf\xe9"), force_add=True)
    with pytest.raises(ConfigError, match=rf"{key.removesuffix('.load')} holds bytes that are not UTF-8"):
        check(cfg)


def test_dollars_and_braces_may_stand_in_the_users_sentence(compose_config):
    check(compose_config("model=qwen", "model.prompt.text='{a} costs $5, $(b)'"))


def test_an_added_key_that_nothing_reads_is_refused(compose_config):
    with pytest.raises(ConfigError, match="no config key horizont"):
        check(compose_config("model=linear", "+horizont=3"), added=["horizont"])


def test_added_model_and_trainer_options_must_be_known_to_their_classes(compose_config):
    with pytest.raises(ConfigError, match=r"model\.hiden_size"):
        check_config(compose_config("model=lstm", "+model.hiden_size=3"))
    with pytest.raises(ConfigError, match=r"model\.weight_decai") as caught:
        check_config(compose_config("model=lstm", "+model.weight_decai=3"))
    assert "weight_decay" in caught.value.advice
    with pytest.raises(ConfigError, match=r"model\.patch_lenght") as caught:
        check_config(compose_config("model=qwen_patch", "+model.patch_lenght=3"))
    assert "patch_length" in caught.value.advice
    with pytest.raises(ConfigError, match=r"model\.covariates"):
        check_config(compose_config("model=qwen_patch", "+model.covariates=all"))
    with pytest.raises(ConfigError, match=r"trainer\.max_stepz"):
        check_config(compose_config("model=lstm", "+trainer.max_stepz=3"))
    check_config(compose_config("model=lstm", "+trainer.detect_anomaly=true"))


def test_a_device_that_is_not_there_is_refused_with_advice(compose_config, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ConfigError, match="no CUDA GPU"):
        check_config(compose_config("model=linear", "trainer=gpu"))
    with pytest.raises(ConfigError, match="not a choice"):
        check_config(compose_config("model=linear", "trainer.accelerator=tpu"))


def test_every_model_is_described_by_its_config(compose_config):
    for model in ("seasonal_naive", "linear", "boosted", "lstm", "qwen", "qwen_patch"):
        cfg = compose_config(f"model={model}")
        check(cfg)
        check_config(cfg)


def test_nothing_is_suggested_where_nothing_is_like_it():
    assert did_you_mean("zzz", ["horizon", "seed"]) == "choices: horizon, seed"
    assert did_you_mean("zzz", map(str, range(100))) == ""


def test_every_experiment_composes_and_knows_its_keys(compose_config):
    folder = Path(__file__).parents[2] / "conf" / "experiment"
    names = [str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.yaml")]
    assert "ablation/lora" in names
    for name in names:
        nano = ["model.backbone.path=nano"] * ("qwen" in name)
        check_config(compose_config(f"experiment={name}", *nano))


@pytest.mark.parametrize("sweep", sorted(p.stem for p in (Path(__file__).parents[2] / "conf/sweep").glob("*.yaml")))
def test_every_job_of_a_sweep_composes(compose_config, sweep):
    """With the overrides that the sweep gives to each job; a real backbone is stood in for by nano."""
    file = Path(__file__).parents[2] / "conf" / "sweep" / f"{sweep}.yaml"
    params = yaml.safe_load(file.read_text()).get("hydra", {}).get("sweeper", {}).get("params") or {}
    grid = [[f"{key}={one}" for one in str(values).split(",")] for key, values in params.items()]
    for job in product(*grid):
        nano = ["model.backbone.path=nano"] * ("model/backbone" in params)
        check_config(compose_config(f"sweep={sweep}", *job, *nano))


def build(
    size: PositiveInt,
    rate: float = 0.1,
    share: PositiveFraction = 1.0,
    rows: int | Literal["auto"] = "auto",
    limit: int | None = None,
    cell: Literal["lstm", "gru"] = "lstm",
    steps: Sequence[PositiveInt] = (1,),
    is_on: bool = True,
) -> None:
    """Build something.

    Parameters
    ----------
    size : int
        Width of a layer,
        in units.
    rate, share : float
        Two numbers.
    """


def test_a_value_of_another_kind_is_named_with_its_key() -> None:
    check_arguments(
        "model", {"size": 3, "rate": 1, "rows": "auto", "limit": None, "is_on": False, "steps": [2]}, build
    )
    check_arguments("model", {"size": 3, "rate": 0.5, "rows": 4, "limit": 2, "cell": "gru"}, build)
    for key, value, wanted in (
        ("size", "abc", "abc must be a whole number of at least 1"),
        ("size", True, "true must be a whole number of at least 1"),
        ("size", 1.5, "1.5 must be a whole number of at least 1"),
        ("size", None, "null must be a whole number of at least 1"),
        ("size", 0, "0 must be a whole number of at least 1"),
        ("rate", "1e-3", "1e-3 must be a number"),
        ("rate", float("nan"), "nan must be a number"),
        ("share", 0.0, "0.0 must be a number above 0 and at most 1"),
        ("share", 1.5, "1.5 must be a number above 0 and at most 1"),
        ("rows", 0.5, "0.5 must be a whole number or auto"),
        ("limit", "ten", "ten must be a whole number or null"),
        ("cell", "gruu", "'gruu' is not a choice"),
        ("steps", [0], "[0] must be a list of whole numbers of at least 1, such as [24,168]"),
        ("steps", "2", "2 must be a list, such as [2]"),
        ("is_on", "maybe", "maybe must be true or false"),
    ):
        with pytest.raises(ConfigError, match=re.escape(f"model.{key}={wanted}")):
            check_arguments("model", {"size": 3} | {key: value}, build)


def test_options_carry_default_range_choices_and_help() -> None:
    options = {option.name: option for option in options_of(build)}
    assert options["size"].help == "Width of a layer, in units."
    assert options["share"].help == "Two numbers."
    assert str(options["share"].range) == "above 0 and at most 1"
    assert options["cell"].choices == ("lstm", "gru")
    assert options["rows"].default == "auto"


@pytest.mark.parametrize("name", ["seasonal_naive", "linear", "boosted", "lstm", "qwen", "qwen_patch"])
def test_every_option_of_a_model_is_explained(compose_config, name: str) -> None:
    model = RunConfig.from_config(compose_config(f"model={name}")).model
    options = options_of(*model.forecaster_class.option_sources())
    assert {option.name for option in options} >= set(model.hyperparameters)
    assert [option.name for option in options if not option.help and option.name in model.hyperparameters] == []


@pytest.mark.parametrize(
    ("model", "wrong", "found", "nearest"),
    [
        ("lstm", "model.lr_schedule=decoy", "model.lr_schedule='decoy' is not a choice", "decay"),
        ("lstm", "model.cell=grru", "model.cell='grru' is not a choice", "gru"),
        ("lstm", "model.calendar=[hour,weekdy]", "model.calendar='weekdy' is not a choice", "weekday"),
        ("lstm", "model.calendar=hour", "model.calendar=hour must be a list, such as [hour]", ""),
        ("qwen_patch", "model.tune=norm", "model.tune='norm' is not a choice", "norms"),
        ("qwen", "model.tune=norms", "model.tune='norms' is not a choice", "none"),
        ("qwen", "+model.codec.rule=seasonl", "model.codec.rule='seasonl' is not a choice", "seasonal"),
        ("qwen", "model.prompt.variant=shufled", "model.prompt.variant='shufled' is not a choice", "shuffled"),
        ("qwen", "+model.lora.rnk=8", "there is no config key model.lora.rnk", "rank"),
        ("qwen", "model.lora.rank=many", "model.lora.rank=many must be a whole number of at least 1", ""),
    ],
)
def test_a_wrong_choice_of_a_model_is_answered_before_there_are_data(compose_config, model, wrong, found, nearest):
    with pytest.raises(ConfigError) as caught:
        check_config(compose_config(f"model={model}", wrong))
    assert caught.value.message == found
    assert nearest in caught.value.advice


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("data.path=/nowhere/my.csv", "there is no file /nowhere/my.csv"),
        ("data.path=/tmp", "/tmp is a folder"),
        ("data.path=null", "data=file needs a file"),
        ("trainer.strategy=dpp", "trainer.strategy='dpp' is not a choice"),
    ],
)
def test_a_missing_file_and_a_wrong_strategy_are_answered_before_there_is_a_run(compose_config, wrong, found):
    cfg = compose_config("model=lstm", *["data=file"] * ("path" in wrong), wrong)
    with pytest.raises(TimeVisError) as caught:
        check_config(cfg)
    assert caught.value.message == found


def test_the_built_in_backbones_are_nano_and_the_substitutes() -> None:
    assert set(BUILT_IN_BACKBONES) == {"nano", *BACKBONE_SUBSTITUTES}
