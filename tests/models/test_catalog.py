"""The stored catalog of the models is what the models declare."""

from __future__ import annotations

import pytest

from timevis.config.options import Option, options_of
from timevis.models.catalog import FILE, declared_models, file_content
from timevis.models.lstm import LSTM


def test_the_file_is_what_the_models_declare() -> None:
    command = "python -m timevis.models.catalog"
    assert FILE.read_text(encoding="utf-8") == file_content(), f"run: {command}"


@pytest.mark.parametrize("name", ["cell", "hidden_size", "dropout", "learning_rate", "calendar", "linear_blend"])
def test_an_option_that_was_read_has_the_values_default_and_help_of_the_model(name: str) -> None:
    def found(options: list[Option]) -> tuple[object, ...]:
        (option,) = [option for option in options if option.name == name]
        return option.kind, option.bounds, option.choices, option.default, option.help

    assert found(declared_models()["lstm"].options) == found(options_of(*LSTM.option_sources()))
