"""The prompt of a window: its template, its words and the values in it."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal, TypeAlias, get_args

import torch
import yaml
from torch import Tensor, nn

from timevis.config.options import check_choice
from timevis.data.calendar import steps_per_day
from timevis.data.panel import Panel
from timevis.errors import ConfigError
from timevis.messages import Setting, Text

log = logging.getLogger(__name__)

SLOT_TEXTS = {
    "hour": [f"{h:02d}" for h in range(24)],
    "minute": [f"{m:02d}" for m in range(60)],
    "month": [f"{m:02d}" for m in range(1, 13)],
    "peak": [f"{h:02d}" for h in range(24)],
    "trough": [f"{h:02d}" for h in range(24)],
}
SIGNIFICANT_DIGITS = 3
SIGNS, DIGITS = ["+", "-"], [str(d) for d in range(10)]


def number_slots(name: str) -> list[tuple[str, list[str]]]:
    """Slots of a number in the fixed form ``+1.23e+04``.

    Returns
    -------
    list of (str, list of str)
        One pair for each character: the name of its slot (``name.0``, ``name.1``, ...), and its possible texts.
    """
    digits = [DIGITS] * SIGNIFICANT_DIGITS
    characters = [SIGNS, digits[0], ["."], *digits[1:], ["e"], SIGNS, DIGITS, DIGITS]
    return [(f"{name}.{i}", texts) for i, texts in enumerate(characters)]


def _number_indices(name: str, value: Tensor) -> dict[str, Tensor]:
    """Indices of the texts of `number_slots`, int64 [B] for each slot, of finite values [B]."""
    size = value.double().abs()
    exponent = torch.where(size > 0, size.clamp(min=1e-99).log10().floor(), 0.0)
    mantissa = (size / 10.0 ** (exponent - SIGNIFICANT_DIGITS + 1)).round()
    overflow = mantissa >= 10**SIGNIFICANT_DIGITS  # 9.999 is rounded to 10.0
    mantissa = torch.where(overflow, mantissa / 10, mantissa).long()
    exponent = (exponent + overflow).long().clamp(-99, 99)
    digits = [mantissa // 10**i % 10 for i in reversed(range(SIGNIFICANT_DIGITS))]
    zero = torch.zeros_like(mantissa)
    tens, ones = exponent.abs() // 10, exponent.abs() % 10
    indices = [(value < 0).long(), digits[0], zero, *digits[1:], zero, (exponent < 0).long(), tens, ones]
    return {f"{name}.{i}": index for i, index in enumerate(indices)}


def slot_indices(context: Tensor, mask: Tensor, calendar: Tensor) -> dict[str, Tensor]:
    """Describe windows by their observed context: time of the last value, level, spread, range, trend, daily peak.

    Parameters
    ----------
    context : float [B, L]
    mask : bool [B, L]
        True where observed.
    calendar : int64 [B, L, 5]

    Returns
    -------
    dict of int64 [B]
        For each slot that depends on the window, the index of its text.
    """
    observed = mask | ~mask.any(1, keepdim=True)
    x = context.double()
    count = observed.sum(1)
    mean = torch.where(observed, x, 0.0).sum(1) / count
    spread = (torch.where(observed, x - mean.unsqueeze(1), 0.0).square().sum(1) / count).sqrt()
    second_half = torch.arange(x.shape[1], device=x.device) >= x.shape[1] // 2
    rise = _masked_mean(x, observed & second_half, mean) - _masked_mean(x, observed & ~second_half, mean)
    hour = torch.nn.functional.one_hot(calendar[..., 1], 24).double() * observed.unsqueeze(-1)
    hour_count = hour.sum(1)
    hour_sum = torch.einsum("bl,blh->bh", torch.where(observed, x, 0.0), hour)
    profile = hour_sum / hour_count.clamp(min=1)
    end = calendar[:, -1]
    return {
        "minute": end[:, 0],
        "hour": end[:, 1],
        "weekday": end[:, 2],
        "month": end[:, 4],
        "trend": 1 + (rise > 0.25 * spread).long() - (rise < -0.25 * spread).long(),
        "peak": torch.where(hour_count > 0, profile, -torch.inf).argmax(1),
        "trough": torch.where(hour_count > 0, profile, torch.inf).argmin(1),
        **_number_indices("level", mean),
        **_number_indices("spread", spread),
        **_number_indices("lowest", torch.where(observed, x, torch.inf).amin(1)),
        **_number_indices("highest", torch.where(observed, x, -torch.inf).amax(1)),
    }


def _masked_mean(x: Tensor, mask: Tensor, default: Tensor) -> Tensor:
    """Mean of each row [B, L] where `mask` is true; `default` [B] for rows where it is false everywhere."""
    count = mask.sum(1)
    return torch.where(count > 0, torch.where(mask, x, 0.0).sum(1) / count.clamp(min=1), default)


Variant: TypeAlias = Literal["template", "none", "shuffled", "wrong_domain"]
Domain: TypeAlias = Literal["traffic", "electricity", "weather", "generic"]
Language: TypeAlias = Literal["en", "zh"]
Style: TypeAlias = Literal["auto", "short", "prose"]
WRONG_DOMAINS = {
    "traffic": ("weather", {"channel": "TEMP", "unit": "degrees Celsius", "about": "air temperature"}),
    "electricity": ("traffic", {"channel": "traffic_volume", "unit": "vehicles per hour", "about": "traffic volume"}),
    "weather": ("electricity", {"channel": "load", "unit": "kWh", "about": "electricity load"}),
    "generic": ("traffic", {"channel": "traffic_volume", "unit": "vehicles per hour", "about": "traffic volume"}),
}
"""For the variant ``wrong_domain``: the template and the channel that replace the ones of each domain."""
MAX_TEXT_CHARACTERS = 500


class PromptBuilder(nn.Module):
    """Computes the token ids of the prompts of a batch.

    Parameters
    ----------
    tokenizer : transformers tokenizer
    start_id : int
        Token id at the start of every prompt.
    channels : sequence of dict
        ``name``, ``unit`` and ``about`` (description) of each channel, ``domain`` and ``description`` of its data
        set; see `series_description`.
    frequency : str
        Pandas alias.
    horizon, digits : int
        Values to forecast, and digits per value.
    variant : str
        ``template``, or for ablations: ``none``, ``shuffled`` (the same tokens in a fixed random order) or
        ``wrong_domain`` (the template, unit and channel of another domain).
    domain : str, optional
        Domain whose template is used; None takes the domain of the dataset card, or ``generic``.
    language : str
        ``en`` or ``zh``.
    style : str
        ``short`` lists a few fields; ``prose`` also describes the context in words.
    text : str
        A sentence of the user, at most 500 characters. It is tokenised as plain text: names of special tokens in it
        have no effect.
    """

    def __init__(
        self,
        tokenizer: Any,
        start_id: int,
        *,
        channels: Sequence[dict[str, str]],
        frequency: str,
        horizon: int,
        digits: int,
        variant: Variant = "template",
        domain: Domain | None = None,
        language: Language = "en",
        style: Style = "prose",
        text: str = "",
    ) -> None:
        super().__init__()
        for name, value, choices in (
            ("variant", variant, get_args(Variant)),
            ("language", language, get_args(Language)),
            ("style", style, get_args(Style)[1:]),
        ):
            check_choice(value, choices, f"model.prompt.{name}")
        if domain is not None:
            check_choice(domain, get_args(Domain), "model.prompt.domain")
        if len(text) > MAX_TEXT_CHARACTERS:
            message = Text("{text} has {count} characters", text=Setting("model.prompt.text"), count=len(text))
            advice = Text("shorten it to {maximum} characters or fewer", maximum=MAX_TEXT_CHARACTERS)
            raise ConfigError(message, advice, "model.prompt.text")
        self.start_id, self.variant, self.template, self.domain = start_id, variant, "none", domain
        self._decode = tokenizer.decode
        self.slots: list[str] = []
        if variant == "none":
            return
        file = files("timevis.models.digits").joinpath(f"prompts/{language}.yaml")
        texts = yaml.safe_load(file.read_text("utf-8"))
        card_domain = domain or str(channels[0].get("domain", ""))
        template_name = card_domain if card_domain in get_args(Domain) else "generic"
        fields = [_fixed_fields(c, texts, frequency, horizon, digits, text) for c in channels]
        if variant == "wrong_domain":
            template_name, wrong = WRONG_DOMAINS[template_name]
            fields = [{**f, **wrong, "description": wrong["about"]} for f in fields]
        self.template = "short" if style == "short" else template_name
        has_clock_time = steps_per_day(frequency) > 1
        template = re.sub(r"\[(.*?)\]", r"\1" if has_clock_time else "", texts[self.template])
        slot_texts = {**SLOT_TEXTS, "weekday": texts["weekdays"], "trend": texts["trends"]}
        # the space before a word belongs to the slot, since tokenizers merge it with the word
        template = re.sub(r" \{(weekday|trend)\}", r"{ \1}", template)
        slot_texts |= {f" {name}": [f" {word}" for word in slot_texts[name]] for name in ("weekday", "trend")}
        for part in _parts(template, fields):
            if isinstance(part, str):
                slots = [(part, slot_texts[part])] if part in slot_texts else number_slots(part)
                for name, possible_texts in slots:
                    self._add_slot(name.strip(), _token_table(tokenizer, possible_texts))
            else:
                self._add_slot("channel", _token_table(tokenizer, part))

    def _add_slot(self, slot: str, table: Tensor) -> None:
        self.register_buffer(f"table_{len(self.slots)}", table, persistent=False)
        self.slots.append(slot)

    def forward(self, context: Tensor, mask: Tensor, calendar: Tensor, channel: Tensor) -> Tensor:
        """Compute the prompts of windows.

        Parameters
        ----------
        context : float [B, L]
        mask : bool [B, L]
        calendar : int64 [B, L or more, 5]
            Only the first L rows are used.
        channel : int64 [B]

        Returns
        -------
        int64 [B, P]
            Token ids; P is the same for every batch.
        """
        start = torch.full((len(context), 1), self.start_id, device=context.device)
        if not self.slots:
            return start
        index = {"channel": channel, **slot_indices(context, mask, calendar[:, : context.shape[1]])}
        tables = [self.get_buffer(f"table_{i}") for i in range(len(self.slots))]
        ids = torch.cat([table[index[slot]] for table, slot in zip(tables, self.slots, strict=True)], 1)
        if self.variant == "shuffled":
            order = torch.randperm(ids.shape[1], generator=torch.Generator().manual_seed(0))
            ids = ids[:, order.to(ids.device)]
        return torch.cat([start, ids], 1)

    def log_template(self) -> None:
        """Log which template is used, and warn if `domain` has no effect on it."""
        remarks = {"short": ", the same for every domain", "generic": "; data.domain selects another one"}
        log.info("prompt: %s%s", self.template, remarks.get(self.template, ""))
        if self.domain is not None and self.template == "short":
            log.warning(
                "model.prompt.domain=%s has no effect on a short prompt: add model.prompt.style=prose", self.domain
            )

    def text(self, ids: Tensor) -> str:
        """Decode the token ids int64 [P] of a prompt to text."""
        return self._decode(ids[1:].tolist())


def series_description(panel: Panel) -> dict[str, Any]:
    """Collect what prompts state about a data set: ``frequency``, and name, unit and descriptions of each channel."""
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


def _fixed_fields(
    channel: dict[str, str], texts: dict[str, Any], frequency: str, horizon: int, digits: int, text: str
) -> dict[str, str]:
    """The fields of the template that are the same for all windows of a channel."""
    name, about = channel["name"], channel.get("about", "")
    return {
        "channel": name,
        "unit": channel.get("unit") or "unknown",
        "about": about or name,
        "description": ". ".join(d for d in (channel.get("description", ""), about) if d).rstrip(".") or name,
        "frequency": frequency_text(frequency, texts),
        "horizon": str(horizon),
        "digits": str(digits),
        "text": f" {text.strip()}" if text.strip() else "",
    }


def frequency_text(alias: str, texts: dict[str, Any]) -> str:
    """Describe a pandas frequency alias, such as ``every 15 minutes``.

    Parameters
    ----------
    alias : str
    texts : dict
        ``frequencies`` has the texts of single units, ``frequency_multiples`` the texts of multiples, with ``#`` for
        the number, as in prompts/en.yaml. An alias that they do not have is returned unchanged.
    """
    match = re.fullmatch(r"(\d*)([A-Za-z]+)(-[A-Z0-9]+)?", alias)
    if match is None:
        return alias
    count, unit = match[1] or "1", match[2]
    unit = {"ME": "M", "MS": "M", "QE": "Q", "QS": "Q", "YE": "Y", "YS": "Y"}.get(unit, unit)
    text = texts["frequencies" if count == "1" else "frequency_multiples"].get(unit)
    return text.replace("#", count) if text else alias


def _parts(template: str, fields: list[dict[str, str]]) -> list[str | list[str]]:
    """Split a template into names of slots and the fixed texts between them, one fixed text for each channel."""
    pieces = re.split(r"\{( ?\w+)\}", template)
    fixed, parts = [""] * len(fields), []
    for i, piece in enumerate(pieces):
        if i % 2 and piece not in fields[0]:
            parts += [fixed, piece]
            fixed = [""] * len(fields)
        else:
            fixed = [text + (f[piece] if i % 2 else piece) for text, f in zip(fixed, fields, strict=True)]
    return [part for part in [*parts, fixed] if isinstance(part, str) or any(part)]


def _token_table(tokenizer: Any, texts: Sequence[str]) -> Tensor:
    """Token ids of texts, int64 [K, n]; shorter texts are padded with spaces in front."""
    space = tokenizer.encode(" ", add_special_tokens=False)[0]
    # names of special tokens in a text are tokenised as plain text
    ids = [tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True) for text in texts]
    length = max(len(i) for i in ids)
    return torch.tensor([[space] * (length - len(i)) + list(i) for i in ids])
