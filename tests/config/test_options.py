"""Options of config sections: what annotations check, and what docstrings explain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import pytest

from timevis.config.compose import choices_of
from timevis.config.options import PositiveFraction, PositiveInt, bounds_text, check_arguments, options_of
from timevis.config.suggestions import did_you_mean
from timevis.errors import ConfigError
from timevis.models.digits.forecaster import QwenForecaster
from timevis.runs.config import RunConfig


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


def test_a_value_that_does_not_fit_its_annotation_is_an_error_that_names_the_key() -> None:
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


def test_a_section_of_a_model_that_is_no_section_is_refused(compose_config) -> None:
    for value, shown in ((None, "null"), (3, "3")):
        with pytest.raises(ConfigError, match=f"model.lora={shown} must be a section with keys and values"):
            check_arguments("model", {"lora": value}, *QwenForecaster.option_sources())


def test_options_have_default_range_choices_and_help() -> None:
    options = {option.name: option for option in options_of(build)}
    assert options["size"].help == "Width of a layer, in units."
    assert options["share"].help == "Two numbers."
    assert str(bounds_text(options["share"].bounds)) == "above 0 and at most 1"
    assert options["cell"].choices == ("lstm", "gru")
    assert options["rows"].default == "auto"


@pytest.mark.parametrize("name", choices_of("model"))
def test_every_option_of_a_model_has_a_help_text(compose_config, name: str) -> None:
    model = RunConfig.from_config(compose_config(f"model={name}")).model
    options = options_of(*model.forecaster_class.option_sources())
    assert {option.name for option in options} >= set(model.hyperparameters)
    assert [option.name for option in options if not option.help and option.name in model.hyperparameters] == []


def test_nothing_is_suggested_if_no_name_is_similar():
    assert str(did_you_mean("zzz", ["horizon", "seed"])) == "choices: horizon, seed"
    assert did_you_mean("zzz", map(str, range(100))) is None
