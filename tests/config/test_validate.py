"""Invalid configs are errors before data are read or a run folder is created."""

from __future__ import annotations

import os

import pytest
from omegaconf import OmegaConf

from timevis.config.compose import choices_of
from timevis.config.paths import BUILT_IN_BACKBONES
from timevis.config.validate import check
from timevis.errors import ConfigError, TimeVisError
from timevis.models.backbone.files import PACKAGED_WEIGHTS
from timevis.models.patches.weights import RANDOM_WEIGHTS
from timevis.training.run import check_config


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
def test_the_error_of_an_invalid_value_names_its_key(compose_config, wrong):
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
def test_a_trainer_option_that_skips_windows_is_an_error_that_names_max_windows(compose_config, option):
    with pytest.raises(ConfigError, match=r"(?s)left out.* evaluation\.max_windows") as caught:
        check(compose_config("model=linear", f"+trainer.{option}"))
    assert option.partition("=")[0] in str(caught.value.message)


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
def test_an_invalid_model_or_data_option_is_an_error_before_a_run_folder_is_created(compose_config, model, wrong):
    cfg = compose_config(f"model={model}", wrong)
    check(cfg)
    with pytest.raises(ConfigError, match=wrong.partition("=")[0].strip("+").replace(".", r"\.")):
        check_config(cfg)


def test_options_that_depend_on_the_machine_accept_auto(compose_config):
    for value in ("auto", "true", "false"):
        check_config(compose_config("model=qwen_patch", f"model.bf16={value}"))
    for rows in ("auto", "64"):
        check_config(compose_config("model=qwen", f"model.decode_batch_size={rows}"))


def test_zero_switches_an_option_off(compose_config):
    zeros = ("dropout", "weight_decay", "mixup", "ema_decay", "lr_decay_start_epoch", "point_weight")
    check_config(compose_config("model=lstm", *(f"model.{name}=0" for name in zeros), "trainer.gradient_clip_val=0"))


@pytest.mark.parametrize("text", ["${oc.env:HOME}", "on ${seed} days", r"\\${seed} cars"])
def test_a_prompt_with_an_interpolation_is_an_error(compose_config, text):
    with pytest.raises(ConfigError, match=r"model\.prompt\.text"):
        check(compose_config("model=qwen", f"model.prompt.text='{text}'"))


def test_a_reference_to_a_key_that_does_not_exist_is_refused_with_the_way_to_write_text(compose_config):
    cfg = compose_config("model=linear", "data.description='price in ${USD}'")
    with pytest.raises(
        ConfigError, match=r"data\.description contains \$\{...\}, which names no config key"
    ) as caught:
        check(cfg)
    assert str(caught.value.advice) == r"write \${ if the text itself contains ${"


@pytest.mark.parametrize("key", ["model.prompt.text", "data.description", "data.unit", "data.unit.load", "data.name"])
def test_the_error_of_text_that_is_not_utf_8_names_its_key(compose_config, key):
    cfg = compose_config("model=qwen")
    OmegaConf.update(cfg, key, os.fsdecode(b"caf\xe9"), force_add=True)
    with pytest.raises(ConfigError, match=rf"{key.removesuffix('.load')} contains bytes that are not UTF-8"):
        check(cfg)


def test_a_prompt_can_have_dollars_and_braces(compose_config):
    check(compose_config("model=qwen", "model.prompt.text='{a} costs $5, $(b)'"))


def test_an_added_key_that_nothing_reads_is_an_error(compose_config):
    with pytest.raises(ConfigError, match="no config key horizont"):
        check(compose_config("model=linear", "+horizont=3"), added=["horizont"])


def test_an_added_option_of_model_or_trainer_must_be_an_argument_of_its_class(compose_config):
    with pytest.raises(ConfigError, match=r"model\.hiden_size"):
        check_config(compose_config("model=lstm", "+model.hiden_size=3"))
    with pytest.raises(ConfigError, match=r"model\.weight_decai") as caught:
        check_config(compose_config("model=lstm", "+model.weight_decai=3"))
    assert "weight_decay" in str(caught.value.advice)
    with pytest.raises(ConfigError, match=r"model\.weight_decai") as caught:
        check_config(compose_config("model=qwen_patch", "+model.weight_decai=3"))
    assert "weight_decay" in str(caught.value.advice)
    with pytest.raises(ConfigError, match=r"model\.highway"):
        check_config(compose_config("model=qwen_patch", "+model.highway=true"))
    with pytest.raises(ConfigError, match=r"trainer\.max_stepz"):
        check_config(compose_config("model=lstm", "+trainer.max_stepz=3"))
    check_config(compose_config("model=lstm", "+trainer.detect_anomaly=true"))


def test_a_device_that_the_machine_does_not_have_is_an_error(compose_config, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ConfigError, match="no CUDA GPU"):
        check_config(compose_config("model=linear", "trainer=gpu"))
    with pytest.raises(ConfigError, match="not a choice"):
        check_config(compose_config("model=linear", "trainer.accelerator=tpu"))


def test_the_config_of_every_model_is_valid(compose_config):
    for model in choices_of("model"):
        cfg = compose_config(f"model={model}")
        check(cfg)
        check_config(cfg)


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
        (
            "qwen",
            "model.lora.rank=many",
            "model.lora.rank=many must be a whole number of at least 1 and at most 4096",
            "",
        ),
    ],
)
def test_an_invalid_choice_of_a_model_is_an_error_before_data_are_read(compose_config, model, wrong, found, nearest):
    with pytest.raises(ConfigError) as caught:
        check_config(compose_config(f"model={model}", wrong))
    assert str(caught.value.message) == found
    assert nearest in str(caught.value.advice)


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("data.path=/nowhere/my.csv", "there is no file /nowhere/my.csv"),
        ("data.path=/tmp", "/tmp is a folder"),
        ("data.path=null", "data=file needs a file"),
        ("trainer.strategy=dpp", "trainer.strategy='dpp' is not a choice"),
    ],
)
def test_a_missing_file_and_an_unknown_strategy_are_errors_before_a_run_starts(compose_config, wrong, found):
    cfg = compose_config("model=lstm", *["data=file"] * ("path" in wrong), wrong)
    with pytest.raises(TimeVisError) as caught:
        check_config(cfg)
    assert str(caught.value.message) == found


def test_the_built_in_backbones_are_nano_and_the_substitutes() -> None:
    assert set(BUILT_IN_BACKBONES) == {*PACKAGED_WEIGHTS, RANDOM_WEIGHTS}
