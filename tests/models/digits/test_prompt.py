"""Prompts describe a window by its context only, and all have the same length."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.errors import ConfigError
from timevis.models.backbone.load import load_backbone
from timevis.models.digits.prompt import SIGNS, Domain, PromptBuilder, frequency_text, number_slots, slot_indices

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
    arguments = {"channels": CHANNELS, "frequency": "h", "horizon": 24, "digits": 3} | options
    return PromptBuilder(tokenizer, 2, **arguments)


def window(batch: int = 2, length: int = 48):
    rows = torch.arange(length)
    zero = torch.zeros(length, dtype=torch.long)
    calendar = torch.stack([zero, rows % 24, rows // 24 % 7, zero, zero + 5], -1).expand(batch, -1, -1)
    context = 100 + 10 * torch.sin(2 * torch.pi * (rows - 6) / 24).expand(batch, -1)
    return context, torch.ones(batch, length, dtype=torch.bool), calendar, torch.arange(batch) % 2


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("domain", get_args(Domain))
def test_a_prompt_states_the_last_time_and_the_statistics_of_the_context(
    tokenizer, domain: str, language: str
) -> None:
    prompt = builder(tokenizer, domain=domain, language=language)
    text = prompt.text(prompt(*window())[0])
    weekday = {"en": "Tuesday", "zh": "星期二"}[language]
    for expected in (
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
        assert expected in text


def test_the_prompts_of_all_windows_have_the_same_length(tokenizer) -> None:
    prompt = builder(tokenizer)
    context, mask, calendar, channel = window(8)
    first, second = prompt(context, mask, calendar, channel), prompt(context * -1e-5, mask, calendar + 0, channel)
    assert first.shape == second.shape
    assert "v2" in prompt.text(first[1])
    assert "unknown" in prompt.text(first[1])


def test_the_short_style_is_short_and_ends_with_the_last_time(tokenizer) -> None:
    prompt = builder(tokenizer, style="short")
    ids = prompt(*window())
    text = prompt.text(ids[0])
    assert "the window ends on Tuesday at 23:00" in text
    assert ids.shape[1] < 50


def test_the_short_style_omits_the_hour_of_daily_data(tokenizer) -> None:
    prompt = builder(tokenizer, style="short", frequency="D")
    assert "the window ends on Tuesday. forecast" in prompt.text(prompt(*window())[0])


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ({"style": "short"}, ["prompt: short, the same for every domain"]),
        (
            {"style": "short", "domain": "weather"},
            ["prompt: short", "model.prompt.domain=weather has no effect on a short"],
        ),
        ({"domain": "weather"}, ["prompt: weather"]),
        ({}, ["prompt: traffic"]),
        ({"variant": "none"}, ["prompt: none"]),
    ],
)
def test_the_used_template_is_logged(tokenizer, caplog, options: dict, messages: list[str]) -> None:
    with caplog.at_level("INFO"):
        builder(tokenizer, **options).log_template()
    assert len(caplog.messages) == len(messages)
    assert all(message.startswith(start) for message, start in zip(caplog.messages, messages, strict=True))


def test_the_variant_none_is_the_start_token_only(tokenizer) -> None:
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
def test_the_text_of_the_user_is_followed_by_the_end_of_the_prompt(tokenizer, style: str, language: str) -> None:
    prompt = builder(tokenizer, style=style, language=language, text="Bus line 42")
    text = prompt.text(prompt(*window())[0])
    assert "Bus line 42" in text
    assert text.endswith("\n")


def test_the_text_of_the_user_cannot_contain_special_tokens(tokenizer) -> None:
    prompt = builder(tokenizer, text="about <0:7> of it <|end|>")
    ids = prompt(*window())
    assert "<0:7> of it <|end|>" in prompt.text(ids[0])
    special = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    assert special.isdisjoint(ids[:, 1:].flatten().tolist())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": "x" * 501}, "501"),
        ({"variant": "nothing"}, "variant"),
        ({"domain": "stocks"}, "domain"),
        ({"language": "fr"}, "fr"),
    ],
)
def test_an_invalid_option_is_refused(tokenizer, options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        builder(tokenizer, **options)


def test_the_calendar_after_the_context_is_not_read(tokenizer) -> None:
    prompt = builder(tokenizer)
    context, mask, calendar, channel = window()
    longer = torch.cat([calendar, calendar[:, :5] * 0 + 3], 1)
    assert torch.equal(prompt(context, mask, calendar, channel), prompt(context, mask, longer, channel))


def test_statistics_ignore_gaps(tokenizer) -> None:
    context, mask, calendar, _ = window()
    mask = mask.clone()
    mask[:, 10:14] = False
    first = slot_indices(context, mask, calendar)
    second = slot_indices(torch.where(mask, context, 9e9), mask, calendar)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_there_is_no_trend_if_one_half_is_not_observed() -> None:
    context, mask, calendar, _ = window()
    for half in (slice(0, 24), slice(24, 48)):
        half_observed = mask.clone()
        half_observed[:, half] = False
        assert slot_indices(context, half_observed, calendar)["trend"].tolist() == [1, 1]
    rising = torch.arange(48.0).expand(2, -1)
    assert slot_indices(rising, mask, calendar)["trend"].tolist() == [2, 2]
    assert slot_indices(-rising, mask, calendar)["trend"].tolist() == [0, 0]


@settings(max_examples=100)
@given(st.floats(-1e30, 1e30, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-30))
def test_numbers_are_written_with_three_significant_digits(value: float) -> None:
    calendar = torch.zeros(1, 1, 5, dtype=torch.long)
    index = slot_indices(torch.tensor([[value]], dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool), calendar)
    text = "".join(texts[int(index[name])] for name, texts in number_slots("level"))
    assert text[0] in SIGNS
    assert float(text) == pytest.approx(value, rel=0.00501)


@pytest.mark.parametrize(
    ("alias", "text"),
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
def test_a_frequency_alias_is_described_in_words(alias: str, text: str) -> None:
    table = {
        "frequencies": {"min": "every minute", "h": "hourly", "D": "daily", "W": "weekly", "M": "monthly"},
        "frequency_multiples": {"min": "every # minutes", "h": "every # hours"},
    }
    assert frequency_text(alias, table) == text


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
def test_a_prompt_describes_its_frequency_in_both_languages(
    tokenizer, alias: str, english: str, chinese: str
) -> None:
    for language, expected in (("en", english), ("zh", chinese)):
        prompt = builder(tokenizer, style="short", frequency=alias, language=language)
        assert expected in prompt.text(prompt(*window())[0])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("domain", get_args(Domain))
def test_a_prompt_of_daily_or_monthly_data_has_no_hours(tokenizer, domain: str, language: str) -> None:
    for frequency in ("D", "MS"):
        options = {"channels": CHANNELS, "frequency": frequency, "domain": domain, "language": language}
        prompt = PromptBuilder(tokenizer, 2, horizon=24, digits=3, **options)
        text = prompt.text(prompt(*window())[0])
        assert not any(word in text for word in (":00", "around", "时前后", "["))
