"""The prompt: a template filled from the dataset card, the channel and the context of the window.

Text that never changes is tokenised once. What changes from window to window stands in slots, each a choice
among a few texts of equal length in tokens, so a batch has one length and no tokenizer runs per window.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from timevis.config.validate import check_choice
from timevis.data.calendar import steps_per_day
from timevis.data.panel import Panel
from timevis.errors import ConfigError
from timevis.models.qwen.digits.prompt_slots import WORDS, describe, number_slots

log = logging.getLogger(__name__)

VARIANTS = ("template", "none", "shuffled", "wrong_domain")
DOMAINS = ("traffic", "electricity", "weather", "generic")
LANGUAGES = ("en", "zh")
STYLES = ("short", "prose")
WRONG = {
    "traffic": ("weather", {"channel": "TEMP", "unit": "degrees Celsius", "about": "air temperature"}),
    "electricity": ("traffic", {"channel": "traffic_volume", "unit": "vehicles per hour", "about": "traffic volume"}),
    "weather": ("electricity", {"channel": "load", "unit": "kWh", "about": "electricity load"}),
    "generic": ("traffic", {"channel": "traffic_volume", "unit": "vehicles per hour", "about": "traffic volume"}),
}
MAX_TEXT = 500


class PromptBuilder(nn.Module):
    """Token ids of the prompts of a batch.

    Parameters
    ----------
    tokenizer : transformers tokenizer
    start : int
        Token before everything.
    channels : sequence of dict
        Name, unit and description of each channel; ``domain``, ``description`` of its data set.
    frequency : str
        Pandas alias.
    horizon, digits : int
    variant : str
        ``template``; or for ablations ``none``, ``shuffled`` (the same tokens in a fixed wrong order) or
        ``wrong_domain`` (another domain's template, unit and channel).
    domain : str, optional
        Template; the card's domain, or ``generic``, when None.
    language, style : str
        ``en`` or ``zh``; ``short`` fields or ``prose`` with the context in words.
    text : str
        The user's own sentence, at most 500 characters. Text is data: it is tokenised and nothing else.
    """

    def __init__(
        self,
        tokenizer: Any,
        start: int,
        *,
        channels: Sequence[dict[str, str]],
        frequency: str,
        horizon: int,
        digits: int,
        variant: str = "template",
        domain: str | None = None,
        language: str = "en",
        style: str = "prose",
        text: str = "",
    ) -> None:
        super().__init__()
        for name, value, known in (
            ("variant", variant, VARIANTS),
            ("language", language, LANGUAGES),
            ("style", style, STYLES),
        ):
            check_choice(value, known, f"model.prompt.{name}")
        if domain is not None:
            check_choice(domain, DOMAINS, "model.prompt.domain")
        if len(text) > MAX_TEXT:
            raise ConfigError(
                f"model.prompt.text has {len(text)} characters", f"it may have {MAX_TEXT} at most; shorten it"
            )
        self.start, self.variant, self.template, self.domain = start, variant, "none", domain
        self._decode = tokenizer.decode
        self.slots: list[str] = []
        if variant == "none":
            return
        words = yaml.safe_load(
            files("timevis.models.qwen.digits").joinpath(f"prompts/{language}.yaml").read_text("utf-8")
        )
        given = domain or str(channels[0].get("domain", ""))
        kind = given if given in DOMAINS else "generic"
        fields = [_fields(c, words, frequency, horizon, digits, text) for c in channels]
        if variant == "wrong_domain":
            kind, wrong = WRONG[kind]
            fields = [{**f, **wrong, "description": wrong["about"]} for f in fields]
        self.template = "short" if style == "short" else kind
        clock = steps_per_day(frequency) > 1
        template = re.sub(r"\[(.*?)\]", r"\1" if clock else "", words[self.template])
        choices = {**WORDS, "weekday": words["weekdays"], "trend": words["trends"]}
        # a word takes the blank before it along, as tokenizers have it
        template = re.sub(r" \{(weekday|trend)\}", r"{ \1}", template)
        choices |= {f" {name}": [f" {word}" for word in choices[name]] for name in ("weekday", "trend")}
        for part in _parts(template, fields):
            if isinstance(part, str):
                for name, texts in number_slots(part) if part not in choices else [(part, choices[part])]:
                    self._add(name.strip(), _table(tokenizer, texts))
            else:
                self._add("channel", _table(tokenizer, part))

    def _add(self, slot: str, table: Tensor) -> None:
        self.register_buffer(f"table_{len(self.slots)}", table, persistent=False)
        self.slots.append(slot)

    def forward(self, context: Tensor, mask: Tensor, calendar: Tensor, channel: Tensor) -> Tensor:
        """Prompts of windows.

        Parameters
        ----------
        context : float [B, L]
        mask : bool [B, L]
        calendar : int64 [B, L or more, 5]
            Rows after the context are not read.
        channel : int64 [B]

        Returns
        -------
        int64 [B, P]
            P is the same for every batch.
        """
        start = torch.full((len(context), 1), self.start, device=context.device)
        if not self.slots:
            return start
        index = {"channel": channel, **describe(context, mask, calendar[:, : context.shape[1]])}
        tables = [self.get_buffer(f"table_{i}") for i in range(len(self.slots))]
        ids = torch.cat([table[index[slot]] for table, slot in zip(tables, self.slots, strict=True)], 1)
        if self.variant == "shuffled":
            order = torch.randperm(ids.shape[1], generator=torch.Generator().manual_seed(0))
            ids = ids[:, order.to(ids.device)]
        return torch.cat([start, ids], 1)

    def say(self) -> None:
        """Log which template is used, and that a domain which was asked for is not in it."""
        log.info("prompt: %s", "short, the same for every domain" if self.template == "short" else self.template)
        if self.domain is not None and self.template == "short":
            log.warning("model.prompt.domain=%s changes no short prompt: add model.prompt.style=prose", self.domain)

    def text(self, ids: Tensor) -> str:
        """What a prompt int64 [P] says."""
        return self._decode(ids[1:].tolist())


def series_of(panel: Panel) -> dict[str, Any]:
    """What prompts are filled from: ``frequency``, and of each channel its name, unit and descriptions."""
    card = panel.card
    channels = [
        {
            "name": name,
            "unit": card.unit_of(name),
            "about": card.channel_descriptions.get(name, ""),
            "description": card.description,
            "domain": card.domain,
        }
        for name in panel.channels
    ]
    return {"frequency": panel.freq, "channels": channels}


def _fields(
    channel: dict[str, str], words: dict[str, Any], frequency: str, horizon: int, digits: int, text: str
) -> dict[str, str]:
    name, about = channel["name"], channel.get("about", "")
    return {
        "channel": name,
        "unit": channel.get("unit") or "unknown",
        "about": about or name,
        "description": ". ".join(d for d in (channel.get("description", ""), about) if d).rstrip(".") or name,
        "frequency": frequency_words(frequency, words),
        "horizon": str(horizon),
        "digits": str(digits),
        "text": f" {text.strip()}" if text.strip() else "",
    }


def frequency_words(alias: str, words: dict[str, Any]) -> str:
    """A pandas frequency alias in words; the alias itself where there are none."""
    match = re.fullmatch(r"(\d*)([A-Za-z]+)(-[A-Z0-9]+)?", alias)
    if match is None:
        return alias
    count, unit = match[1] or "1", match[2]
    unit = {"ME": "M", "MS": "M", "QE": "Q", "QS": "Q", "YE": "Y", "YS": "Y"}.get(unit, unit)
    form = words["frequencies" if count == "1" else "every"].get(unit)
    return form.replace("#", count) if form else alias


def _parts(template: str, known: list[dict[str, str]]) -> list[str | list[str]]:
    """Names of slots, and between them the fixed texts, one for each channel."""
    pieces = re.split(r"\{( ?\w+)\}", template)
    fixed, parts = [""] * len(known), []
    for i, piece in enumerate(pieces):
        if i % 2 and piece not in known[0]:
            parts += [fixed, piece]
            fixed = [""] * len(known)
        else:
            fixed = [text + (fields[piece] if i % 2 else piece) for text, fields in zip(fixed, known, strict=True)]
    return [part for part in [*parts, fixed] if isinstance(part, str) or any(part)]


def _table(tokenizer: Any, texts: Sequence[str]) -> Tensor:
    """Token ids of some texts, int64 [K, n]; shorter ones get blanks in front. Special tokens in them are text."""
    blank = tokenizer.encode(" ", add_special_tokens=False)[0]
    ids = [tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True) for text in texts]
    length = max(len(i) for i in ids)
    return torch.tensor([[blank] * (length - len(i)) + list(i) for i in ids])
