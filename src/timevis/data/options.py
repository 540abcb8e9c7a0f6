"""The section `data` of the config as typed options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

from timevis.config.options import (
    NonNegativeInt,
    Option,
    PositiveInt,
    check_choice,
    check_value,
    options_of,
    section_from_config,
)
from timevis.config.sections import section_to_dict
from timevis.config.suggestions import did_you_mean
from timevis.data.calendar import check_frequency
from timevis.data.panel import Panel
from timevis.data.read_options import ReadOptions
from timevis.data.split import DEFAULT_SPLIT, SPLIT_FORMS, Split, SplitSpec, parse_split, split_rows
from timevis.data.table import EXAMPLE_OF_MISSING
from timevis.data.timestamps.parse_times import check_timezone
from timevis.errors import ConfigError
from timevis.messages import Setting, Text

DOMAINS = ("traffic", "electricity", "weather", "other")
DESCRIPTION_LIMIT = 300


def check_keys(keys: Iterable[str], valid_keys: Iterable[str], section: str) -> None:
    """Check that all keys of a section are valid.

    Raises
    ------
    ConfigError
        Names the first unknown key and the nearest valid one.
    """
    valid_keys = list(valid_keys)
    for key in keys:
        if key not in valid_keys:
            message = Text("{section} has no key {key!r}", section=section, key=key)
            raise ConfigError(message, did_you_mean(key, valid_keys), f"{section}.{key}")


@dataclass(frozen=True)
class CleaningOptions:
    """The section `data.cleaning`: what happens to outliers.

    Attributes
    ----------
    outliers : {"report", "mask"}
        ``report`` only reports outliers; ``mask`` also makes outliers of the training and validation rows missing.
    """

    outliers: Literal["report", "mask"] = "report"


def display_name(name: str, path: str | None) -> str:
    """The name of the data in reports: the name of the data set, or of the user's file without its extension."""
    return Path(path).name.split(".")[0] if name == "file" and path else name


@dataclass(frozen=True)
class DataOptions(ReadOptions):
    """The section `data`: which data, how its file is read, what its columns are, and how it is split.

    Attributes
    ----------
    name : str
        A bundled or public data set, ``synthetic``, or ``file``.
    path : str, optional
        A file; needed for ``file``.
    time, id : tuple of str, optional
        Columns that make the time of a row, and columns that name its series in a long table; None infers them.
    target : tuple of str, optional
        Columns to forecast; None takes all numeric columns.
    covariates : mapping, optional
        Column to ``known`` or ``observed``, and ``holiday`` also to a country code.
    events : str, optional
        A file with the columns from, to and text: events that are known ahead of time, in words; see
        `timevis.data.read_events.read_events`.
    country : str, optional
        ISO 3166 code, such as ``GB`` or ``US-MN``, of the country whose public holidays become a known covariate of
        data that are daily or finer.
    frequency : str, optional
        A pandas alias such as ``h``, ``15min`` or ``D``; None infers it.
    timezone : str, optional
        Time zone of hours and weekdays, for times with an offset; None takes the zone that has the offsets.
    season : int, optional
        Rows of one season, for MASE; None takes it from the frequency.
    split : SplitSpec
        See `timevis.data.split.parse_split`.
    split_by : {"series", "axis"}
        ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ;
        ``axis`` splits all series at the same times.
    domain : str, optional
        One of `DOMAINS`; selects the prompt.
    unit : str or mapping, optional
        Unit of all channels, or channel to unit.
    description : str, optional
        One sentence for the prompt and the report.
    cleaning : CleaningOptions
    rows, channels, seed : int
        For ``synthetic`` only.
    """

    name: str = "file"
    path: str | None = None
    time: tuple[str, ...] | None = None
    id: tuple[str, ...] | None = None
    target: tuple[str, ...] | None = None
    covariates: Mapping[str, str] | None = None
    events: str | None = None
    country: str | None = None
    frequency: str | None = None
    timezone: str | None = None
    season: int | None = None
    split: SplitSpec = DEFAULT_SPLIT
    split_by: Literal["series", "axis"] = "series"
    domain: str | None = None
    unit: str | dict[str, str] | None = None
    description: str | None = None
    cleaning: CleaningOptions = field(default_factory=CleaningOptions)
    rows: int = 4000
    channels: int = 2
    seed: int = 0

    def split_rows(self, panel: Panel, rows: int | None = None) -> Split:
        """The borders of a panel, of which only the first `rows` rows are split; see `make_split.split_rows`."""
        return split_rows(panel, self.split, self.split_by, rows)

    @classmethod
    def from_config(cls, cfg: Mapping[str, Any]) -> DataOptions:
        """Check the section `data`, a mapping or an OmegaConf container.

        Raises
        ------
        ConfigError
            A key or choice is unknown (the advice names the nearest one), or a value has the wrong type.
        """
        values = section_to_dict(cfg, "data")
        check_keys(values, [f.name for f in fields(cls)], "data")
        values = {key: CONVERTERS[key](value, key) for key, value in values.items() if value is not None}
        return cls(**values)

    def __post_init__(self) -> None:
        check_choice(self.split_by, ("series", "axis"), "data.split_by")
        if self.timezone is not None:
            check_timezone(self.timezone)
        if self.frequency is not None:
            check_frequency(self.frequency)
        columns = [*(self.time or ()), *(self.id or ()), *(self.target or ()), *(self.covariates or ())]
        for name in columns:
            if columns.count(name) > 1:
                raise ConfigError(
                    Text(
                        "the column {column!r} is named twice among {settings}",
                        column=name,
                        settings=[Setting(f"data.{key}") for key in ("time", "id", "target", "covariates")],
                    ),
                    Text(
                        "name each column once; a model always reads the past of a target, so it need not be a "
                        "covariate"
                    ),
                    next(
                        f"data.{key}"
                        for key in ("covariates", "target", "id", "time")
                        if name in (getattr(self, key) or ())
                    ),
                )
        if self.domain is not None:
            check_choice(self.domain, DOMAINS, "data.domain")
        if self.description is not None and len(self.description) > DESCRIPTION_LIMIT:
            message = Text(
                "{setting} has {count} characters, more than {maximum}",
                setting=Setting("data.description"),
                count=len(self.description),
                maximum=DESCRIPTION_LIMIT,
            )
            advice = Text("it becomes part of every prompt; write one sentence")
            raise ConfigError(message, advice, "data.description")


def _not_text(key: str, value: Any) -> Text:
    return Text("{setting} is not text", setting=Setting(key, repr(value)))


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str | int | float):
        raise ConfigError(_not_text(f"data.{key}", value), field=f"data.{key}")
    return str(value)


def _path(value: Any, key: str) -> str:
    return str(value) if isinstance(value, Path) else _text(value, key)


def _whole_number(value: Any, key: str) -> int:
    check_value(f"data.{key}", value, NonNegativeInt if key == "seed" else PositiveInt)
    return value


def _split(value: Any, key: str) -> SplitSpec:
    if isinstance(value, str) or not isinstance(value, Sequence | Mapping):
        message = Text("{setting} is not a list", setting=Setting(f"data.{key}", repr(value)))
        raise ConfigError(message, SPLIT_FORMS, f"data.{key}")
    return parse_split(value)


def _unit(value: Any, key: str) -> str | dict[str, str]:
    """One unit for all channels, or channel to unit."""
    if not isinstance(value, Mapping):
        return _text(value, key)
    return {str(channel): _text(unit, f"{key}.{channel}") for channel, unit in value.items()}


def _column_names(value: Any, key: str) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        setting = Setting(f"data.{key}", repr(value))
        message = Text("{setting} is not a column name or a list of them", setting=setting)
        raise ConfigError(message, field=setting.key)
    names = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
    if not names:
        message = Text("{setting} is an empty list", setting=Setting(f"data.{key}"))
        advice = Text("name at least one column, or leave it null")
        raise ConfigError(message, advice, f"data.{key}")
    return tuple(_column_name(name, key) for name in names)


def _column_name(value: Any, key: str) -> str:
    """The name of a column as text; a value such as 1e5 is refused, since the column may be written 1e5 or 100000."""
    if isinstance(value, bool) or not isinstance(value, str | Integral):
        message = Text(
            "{setting}: {value} is neither text nor a whole number, so it is not the name of a column",
            setting=Setting(f"data.{key}"),
            value=repr(value),
        )
        advice = Text(
            "put a name that looks like a number, true, false or null in double quotes, for example '{setting}'",
            setting=Setting(f"data.{key}", '["1e5"]'),
        )
        raise ConfigError(message, advice, f"data.{key}")
    return str(value)


def _cleaning(value: Any, key: str) -> CleaningOptions:
    if not isinstance(value, Mapping):
        raise ConfigError(
            Text("{setting} is not a section", setting=Setting(f"data.{key}", repr(value))),
            Text("for example {setting}", setting=Setting("data.cleaning.outliers", "mask")),
            f"data.{key}",
        )
    given = {name: choice for name, choice in value.items() if choice is not None}
    return section_from_config(CleaningOptions, given, "data.cleaning")


def _missing_values(value: Any, key: str) -> tuple[str, ...]:
    """Words and numbers as text; a single one becomes a tuple."""
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            message = Text(
                "{setting}: {value} is neither a word nor a number",
                setting=Setting("data.missing_values"),
                value=repr(item),
            )
            advice = Text(
                'for example \'{setting}\', with words such as "true" or "null" in double quotes',
                setting=EXAMPLE_OF_MISSING,
            )
            raise ConfigError(message, advice, "data.missing_values")
    return tuple(str(item).strip() for item in items)


def _covariates(value: Any, key: str) -> dict[str, str]:
    """Covariate to ``known`` or ``observed``, or `holiday` to a country; the covariates of a list are observed."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(_column_names(value, key) if value else (), "observed")
    for name, kind in value.items():
        if name != "holiday":
            check_choice(kind, ("known", "observed"), f"data.{key}.{name}")
    return {_column_name(name, key): str(kind) for name, kind in value.items()}


def _checked(option: Option) -> Callable[[Any, str], Any]:
    """A function that checks the value of an option by its annotation."""

    def check(value: Any, key: str) -> Any:
        check_value(f"data.{key}", value, option.annotation)
        return value

    return check


CONVERTERS: dict[str, Callable[[Any, str], Any]] = {
    **{option.name: _checked(option) for option in options_of(ReadOptions)},
    "missing_values": _missing_values,
    "name": _text,
    "path": _path,
    "time": _column_names,
    "id": _column_names,
    "target": _column_names,
    "covariates": _covariates,
    "events": _path,
    "country": _text,
    "frequency": _text,
    "timezone": _text,
    "season": _whole_number,
    "split": _split,
    "split_by": _text,
    "domain": _text,
    "unit": _unit,
    "description": _text,
    "cleaning": _cleaning,
    "rows": _whole_number,
    "channels": _whole_number,
    "seed": _whole_number,
}
"""Functions that check the value of each key and convert it to the type of the attribute of `DataOptions`."""
