"""How a backbone reads and writes values, and the digit network that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from safetensors.torch import load_file

from timevis.data.calendar import CalendarField
from timevis.errors import ConfigError
from timevis.messages import Setting, Text
from timevis.models.backbone.load import Backbone
from timevis.models.digits.codec import DigitCodec
from timevis.models.digits.layout import TokenLayout, ValueTables
from timevis.models.digits.network import DigitNetwork

DEFAULT_CALENDAR_FIELDS: tuple[CalendarField, ...] = ("minute", "hour", "weekday", "month")


@dataclass(frozen=True)
class DigitSettings:
    """Settings that a backbone was pretrained with, or that were chosen for another backbone.

    Attributes
    ----------
    codec : DigitCodec
    separator : str
        Text between values; empty for none.
    calendar : list of str
        Fields of the calendar tables.
    """

    codec: DigitCodec
    separator: str
    calendar: list[CalendarField]

    @classmethod
    def resolve(
        cls,
        backbone: Backbone,
        digits: int | None = None,
        separator: str | None = None,
        calendar: Sequence[CalendarField] | None = None,
        codec: Mapping[str, Any] | None = None,
    ) -> Self:
        """Take the given settings, the settings of the backbone where None is given, and defaults where it has none.

        Raises
        ------
        ConfigError
            The backbone was pretrained with another number of digits.
        """
        pretrained = backbone.settings
        digits = pretrained.get("digits", 3) if digits is None else digits
        if digits != pretrained.get("digits", digits):
            message = Text(
                "{digits}, but {name} was pretrained with {expected} digits",
                digits=Setting("model.digits", digits),
                name=backbone.name,
                expected=pretrained["digits"],
            )
            advice = Text("leave {digits} null", digits=Setting("model.digits"))
            raise ConfigError(message, advice, "model.digits")
        return cls(
            DigitCodec(width=digits, **{**pretrained.get("codec", {}), **(codec or {})}),
            pretrained.get("separator", "") if separator is None else separator,
            list(pretrained.get("fields", DEFAULT_CALENDAR_FIELDS) if calendar is None else calendar),
        )

    def build_network(self, backbone: Backbone, load_tables: bool = True, num_covariates: int = 0) -> DigitNetwork:
        """Build the digit network of a backbone.

        Parameters
        ----------
        load_tables : bool
            Load the value tables that were pretrained with the backbone, if it has any; else all tables are zero.
        num_covariates : int
            Covariates known ahead that the network reads.
        """
        layout = TokenLayout.from_tokenizer(backbone.tokenizer, self.codec.width, self.separator)
        tables = ValueTables(
            backbone.model.config.hidden_size, self.codec.width, self.calendar, num_covariates=num_covariates
        )
        if backbone.settings and load_tables:
            tables.load_pretrained(load_file(backbone.folder / "tables.safetensors"), backbone.settings["fields"])
        return DigitNetwork(backbone.model, layout, tables)
