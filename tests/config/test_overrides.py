import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from timevis.config.stored import override

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS


def parsed(value: object) -> object:
    """The value of a key that was written as an override, and read by Hydra and OmegaConf."""
    found = OverridesParser.create().parse_override(override("key", value)).value()
    return OmegaConf.to_container(OmegaConf.create({"key": found}), resolve=True)["key"]


@given(VALUES | st.lists(VALUES, max_size=3))
def test_hydra_reads_the_value_that_was_written(value):
    assert parsed(value) == value


@pytest.mark.parametrize(
    "text", ["null", "1e3", "true", "a b", 'say "no"', "${oc.env:HOME}", "a\\", "[x]", "it's", ""]
)
def test_a_text_stays_a_text(text):
    assert parsed(text) == text


def test_a_mapping_is_written_with_its_keys():
    assert override("data.covariates", {"price": "known", "Load MW": "observed"}) == (
        'data.covariates={price:known,"Load MW":observed}'
    )
