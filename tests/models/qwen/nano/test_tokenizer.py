"""The tokenizer of the nano backbone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.models.qwen.digits.layout import TokenLayout
from timevis.models.qwen.nano.tokenizer import HAN, MAX_PLACES, WORDS, build_tokenizer

TOKENIZER = build_tokenizer()


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_round_trips(text):
    ids = TOKENIZER.encode(text, add_special_tokens=False)
    if "<" not in text:  # the names of special tokens are read as such
        assert TOKENIZER.decode(ids) == text
    assert all(0 <= i < len(TOKENIZER) for i in ids)


def test_every_word_of_the_prompts_is_one_token_after_a_space():
    words = [w for w in WORDS.split() if w.isalpha()]
    assert [w for w in words if len(TOKENIZER.encode(" " + w, add_special_tokens=False)) != 1] == []
    assert [c for c in "".join(HAN.split()) if len(TOKENIZER.encode(c, add_special_tokens=False)) != 1] == []


def test_digits_of_a_text_are_tokens_of_their_own():
    ids = TOKENIZER.encode("12 345", add_special_tokens=False)
    assert TOKENIZER.convert_ids_to_tokens(ids) == ["1", "2", "Ġ", "3", "4", "5"]


def test_digits_of_a_series_have_tokens_at_every_place():
    table = TokenLayout.from_tokenizer(TOKENIZER, MAX_PLACES).digit_ids
    assert len({i for row in table for i in row}) == 10 * MAX_PLACES


def test_building_it_twice_gives_the_same_tokenizer():
    assert build_tokenizer().get_vocab() == TOKENIZER.get_vocab()
