"""The tokenizer of the nano backbone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.models.digits.layout import TokenLayout
from timevis_research.nano.tokenizer import CHINESE_CHARACTERS, MAX_DIGITS_PER_VALUE, PROMPT_WORDS, build_tokenizer

TOKENIZER = build_tokenizer()


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_encoded_and_decoded_without_loss(text):
    ids = TOKENIZER.encode(text, add_special_tokens=False)
    if "<" not in text:  # names of special tokens become these tokens
        assert TOKENIZER.decode(ids) == text
    assert all(0 <= i < len(TOKENIZER) for i in ids)


def test_every_prompt_word_after_a_space_and_every_chinese_character_is_one_token():
    words = [w for w in PROMPT_WORDS.split() if w.isalpha()]
    assert [w for w in words if len(TOKENIZER.encode(" " + w, add_special_tokens=False)) != 1] == []
    assert [
        c for c in "".join(CHINESE_CHARACTERS.split()) if len(TOKENIZER.encode(c, add_special_tokens=False)) != 1
    ] == []


def test_every_digit_of_a_text_is_one_token():
    ids = TOKENIZER.encode("12 345", add_special_tokens=False)
    assert TOKENIZER.convert_ids_to_tokens(ids) == ["1", "2", "Ġ", "3", "4", "5"]


def test_digits_of_values_have_different_tokens_at_every_place():
    digit_ids = TokenLayout.from_tokenizer(TOKENIZER, MAX_DIGITS_PER_VALUE).digit_ids
    assert len({i for row in digit_ids for i in row}) == 10 * MAX_DIGITS_PER_VALUE


def test_building_it_twice_gives_the_same_tokenizer():
    assert build_tokenizer().get_vocab() == TOKENIZER.get_vocab()
