"""Prompts say what is known about a window, in one length, and nothing about its future."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.errors import ConfigError
from timevis.models.qwen.backbone.load import load_backbone
from timevis.models.qwen.digits.prompt import DOMAINS, PromptBuilder, frequency_words
from timevis.models.qwen.digits.prompt_slots import SIGNS, describe, number_slots

CHANNELS = [
    {
        "name": "volume",
        "unit": "cars per hour",
        "about": "cars counted in the hour",
        "description": "Volume on a ring road",
        "domain": "traffic",
    },
    {"name": "v2", "unit": "", "about": "", "description": "Volume on a ring road", "domain": "traffic"},
]


@pytest.fixture(scope="module")
def tokenizer():
    return load_backbone("nano").tokenizer


def builder(tokenizer, **options) -> PromptBuilder:
    given = {"channels": CHANNELS, "frequency": "h", "horizon": 24, "digits": 3} | options
    return PromptBuilder(tokenizer, 2, **given)


def window(batch: int = 2, length: int = 48):
    rows = torch.arange(length)
    zero = torch.zeros(length, dtype=torch.long)
    calendar = torch.stack([zero, rows % 24, rows // 24 % 7, zero, zero + 5], -1).expand(batch, -1, -1)
    context = 100 + 10 * torch.sin(2 * torch.pi * (rows - 6) / 24).expand(batch, -1)
    return context, torch.ones(batch, length, dtype=torch.bool), calendar, torch.arange(batch) % 2


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("domain", DOMAINS)
def test_a_prompt_says_when_the_window_ends_and_how_it_looks(tokenizer, domain: str, language: str) -> None:
    prompt = builder(tokenizer, domain=domain, language=language)
    text = prompt.text(prompt(*window())[0])
    weekday = {"en": "Tuesday", "zh": "星期二"}[language]
    for words in (
        "Volume on a ring road",
        "volume",
        "cars per hour",
        weekday,
        "23:00",
        "06",
        "+1.00e+02",
        "12",
        "00",
    ):
        assert words in text


def test_all_windows_of_a_batch_have_one_length(tokenizer) -> None:
    prompt = builder(tokenizer)
    context, mask, calendar, channel = window(8)
    one, two = prompt(context, mask, calendar, channel), prompt(context * -1e-5, mask, calendar + 0, channel)
    assert one.shape == two.shape
    assert "v2" in prompt.text(one[1])
    assert "unknown" in prompt.text(one[1])


def test_the_short_style_has_fields_only(tokenizer) -> None:
    prompt = builder(tokenizer, style="short")
    ids = prompt(*window())
    text = prompt.text(ids[0])
    assert "the window ends on Tuesday at 23:00" in text
    assert ids.shape[1] < 50


def test_the_short_style_names_no_hour_where_rows_are_days(tokenizer) -> None:
    prompt = builder(tokenizer, style="short", frequency="D")
    assert "the window ends on Tuesday. forecast" in prompt.text(prompt(*window())[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"style": "short"}, ["prompt: short, the same for every domain"]),
        ({"style": "short", "domain": "weather"}, ["prompt: short", "model.prompt.domain=weather changes no short"]),
        ({"domain": "weather"}, ["prompt: weather"]),
        ({}, ["prompt: traffic"]),
        ({"variant": "none"}, ["prompt: none"]),
    ],
)
def test_which_template_is_used_is_said(tokenizer, caplog, options: dict, said: list[str]) -> None:
    with caplog.at_level("INFO"):
        builder(tokenizer, **options).say()
    assert len(caplog.messages) == len(said)
    assert all(message.startswith(start) for message, start in zip(caplog.messages, said, strict=True))


def test_no_prompt_is_the_start_token_alone(tokenizer) -> None:
    assert builder(tokenizer, variant="none")(*window()).tolist() == [[2], [2]]


def test_a_shuffled_prompt_has_the_same_tokens(tokenizer) -> None:
    plain, shuffled = builder(tokenizer)(*window()), builder(tokenizer, variant="shuffled")(*window())
    assert not torch.equal(plain, shuffled)
    assert torch.equal(plain.sort(1).values, shuffled.sort(1).values)


def test_a_wrong_domain_names_another_series(tokenizer) -> None:
    prompt = builder(tokenizer, variant="wrong_domain")
    text = prompt.text(prompt(*window())[0])
    assert "degrees Celsius" in text
    assert "cars" not in text


def test_the_users_sentence_is_kept_as_it_is(tokenizer) -> None:
    sentence = "Near the {stadium} $(rm -rf) 体育场, 50 % more on match days"
    prompt = builder(tokenizer, text=sentence)
    assert sentence in prompt.text(prompt(*window())[0])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("style", ["short", "prose"])
def test_the_users_sentence_never_touches_the_digits_of_the_series(tokenizer, style: str, language: str) -> None:
    prompt = builder(tokenizer, style=style, language=language, text="Bus line 42")
    text = prompt.text(prompt(*window())[0])
    assert "Bus line 42" in text
    assert text.endswith("\n")


def test_a_sentence_cannot_write_digits_or_end_the_text(tokenizer) -> None:
    prompt = builder(tokenizer, text="about <0:7> of it <|end|>")
    ids = prompt(*window())
    assert "<0:7> of it <|end|>" in prompt.text(ids[0])
    special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    assert special.isdisjoint(ids[:, 1:].flatten().tolist())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"text": "x" * 501}, "501"),
        ({"variant": "nothing"}, "variant"),
        ({"domain": "stocks"}, "domain"),
        ({"language": "fr"}, "fr"),
    ],
)
def test_what_cannot_be_said_is_refused(tokenizer, options: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        builder(tokenizer, **options)


def test_rows_after_the_context_are_not_read(tokenizer) -> None:
    prompt = builder(tokenizer)
    context, mask, calendar, channel = window()
    longer = torch.cat([calendar, calendar[:, :5] * 0 + 3], 1)
    assert torch.equal(prompt(context, mask, calendar, channel), prompt(context, mask, longer, channel))


def test_gaps_do_not_enter_the_statistics(tokenizer) -> None:
    context, mask, calendar, _ = window()
    mask = mask.clone()
    mask[:, 10:14] = False
    one, two = describe(context, mask, calendar), describe(torch.where(mask, context, 9e9), mask, calendar)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_half_that_nobody_saw_makes_no_trend() -> None:
    context, mask, calendar, _ = window()
    for unseen in (slice(0, 24), slice(24, 48)):
        part = mask.clone()
        part[:, unseen] = False
        assert describe(context, part, calendar)["trend"].tolist() == [1, 1]
    rising = torch.arange(48.0).expand(2, -1)
    assert describe(rising, mask, calendar)["trend"].tolist() == [2, 2]
    assert describe(-rising, mask, calendar)["trend"].tolist() == [0, 0]


@settings(max_examples=100)
@given(st.floats(-1e30, 1e30, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-30))
def test_numbers_are_written_with_three_significant_digits(value: float) -> None:
    calendar = torch.zeros(1, 1, 5, dtype=torch.long)
    index = describe(torch.tensor([[value]], dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool), calendar)
    text = "".join(texts[int(index[name])] for name, texts in number_slots("level"))
    assert text[0] in SIGNS
    assert float(text) == pytest.approx(value, rel=0.00501)


@pytest.mark.parametrize(
    ("alias", "words"),
    [
        ("h", "hourly"),
        ("15min", "every 15 minutes"),
        ("D", "daily"),
        ("MS", "monthly"),
        ("2h", "every 2 hours"),
        ("W-SUN", "weekly"),
        ("5s", "5s"),
    ],
)
def test_frequencies_have_words(alias: str, words: str) -> None:
    table = {
        "frequencies": {"min": "every minute", "h": "hourly", "D": "daily", "W": "weekly", "M": "monthly"},
        "every": {"min": "every # minutes", "h": "every # hours"},
    }
    assert frequency_words(alias, table) == words


@pytest.mark.parametrize(
    ("alias", "english", "chinese"),
    [
        ("min", "every minute.", "每分钟。"),
        ("5min", "every 5 minutes.", "每5分钟。"),
        ("30s", "every 30 seconds.", "每30秒。"),
        ("2MS", "every 2 months.", "每2个月。"),
        ("2QS-OCT", "every 2 quarters.", "每2个季度。"),
        ("2YS-JAN", "every 2 years.", "每2年。"),
    ],
)
def test_a_prompt_has_words_for_its_frequency(tokenizer, alias: str, english: str, chinese: str) -> None:
    for language, words in (("en", english), ("zh", chinese)):
        prompt = builder(tokenizer, style="short", frequency=alias, language=language)
        assert words in prompt.text(prompt(*window())[0])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("domain", DOMAINS)
def test_a_prompt_of_days_or_months_names_no_hours(tokenizer, domain: str, language: str) -> None:
    for frequency in ("D", "MS"):
        options = {"channels": CHANNELS, "frequency": frequency, "domain": domain, "language": language}
        prompt = PromptBuilder(tokenizer, 2, horizon=24, digits=3, **options)
        text = prompt.text(prompt(*window())[0])
        assert not any(word in text for word in (":00", "around", "时前后", "["))
