"""The `data` group of the config, validated once at the door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from timevis.config.options import NonNegativeInt, PositiveInt, check_choice, check_value
from timevis.config.suggestions import did_you_mean
from timevis.data.schema.frequency import check_frequency
from timevis.data.schema.timestamps.parse_times import check_timezone
from timevis.data.split import check_split
from timevis.errors import ConfigError

DOMAINS = ("traffic", "electricity", "weather", "other")
DESCRIPTION_LIMIT = 300


def check_keys(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse the first unknown key.

    Raises
    ------
    ConfigError
        Names the key and the nearest known one.
    """
    known = list(known)
    for key in given:
        if key not in known:
            raise ConfigError(f"{where} has no key {key!r}", did_you_mean(key, known))


@dataclass(frozen=True)
class CleaningOptions:
    """How cleaning may act on the data.

    Attributes
    ----------
    outliers : {"report", "mask"}
        Outliers are always reported; ``mask`` makes those of the training and validation rows missing.
    day_first : bool, optional
        How to read dates such as 01/02/2020; decided from all rows when None.
    encoding : str, optional
        Of a text file; UTF-8, or UTF-16 with a byte order mark, when None.
    decimal : {"point", "comma"}, optional
        Decimal mark of numbers written as text; found when None.
    missing : tuple of str
        Further words and numbers that mean "no value" in cells of targets and covariates.
    """

    outliers: str = "report"
    day_first: bool | None = None
    encoding: str | None = None
    decimal: str | None = None
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_choice(self.outliers, ("report", "mask"), "data.cleaning.outliers")
        check_choice(self.day_first, (None, True, False), "data.cleaning.day_first")
        check_choice(self.decimal, (None, "point", "comma"), "data.cleaning.decimal")


def shown_name(name: str, path: str | None) -> str:
    """What data are called in reports: a user's own by their file, without its ending."""
    return Path(path).name.split(".")[0] if name == "file" and path else name


@dataclass(frozen=True)
class DataOptions:
    """The public keys `data.*`; None means inferred, or not used.

    `rows`, `channels` and `seed` belong to ``data=synthetic`` only.
    """

    name: str = "file"
    path: str | None = None
    time: tuple[str, ...] | None = None
    id: tuple[str, ...] | None = None
    target: tuple[str, ...] | None = None
    covariates: Mapping[str, str] | None = None
    frequency: str | None = None
    timezone: str | None = None
    season: int | None = None
    split: tuple[Any, ...] = (0.7, 0.1, 0.2)
    sheet: str | int | None = None
    domain: str | None = None
    unit: str | dict[str, str] | None = None
    description: str | None = None
    cleaning: CleaningOptions = field(default_factory=CleaningOptions)
    rows: int = 4000
    channels: int = 2
    seed: int = 0

    @classmethod
    def from_config(cls, cfg: Mapping[str, Any]) -> DataOptions:
        """Validate the `data` group, a mapping or an OmegaConf container.

        Raises
        ------
        ConfigError
            An unknown key or choice (names the nearest), or a value of the wrong kind.
        """
        given = _plain(cfg)
        check_keys(given, [f.name for f in fields(cls)], "data")
        cleaning = given.get("cleaning") or {}
        if not isinstance(cleaning, Mapping):
            raise ConfigError(f"data.cleaning={cleaning!r} is not a group", "for example data.cleaning.outliers=mask")
        check_keys(cleaning, [f.name for f in fields(CleaningOptions)], "data.cleaning")
        given = {k: v for k, v in given.items() if v is not None}
        cleaning = {k: v for k, v in cleaning.items() if v is not None}
        if "missing" in cleaning:
            cleaning["missing"] = _sentinels(cleaning["missing"])
        given["cleaning"] = CleaningOptions(**cleaning)
        for key, read in READERS.items():
            if key in given:
                given[key] = read(given[key], key)
        return cls(**given)

    def __post_init__(self) -> None:
        check_split(self.split)
        if self.timezone is not None:
            check_timezone(self.timezone)
        if self.frequency is not None:
            check_frequency(self.frequency)
        parts = [*(self.time or ()), *(self.id or ()), *(self.target or ()), *(self.covariates or ())]
        for name in parts:
            if parts.count(name) > 1:
                raise ConfigError(
                    f"the column {name!r} is named twice among data.time, id, target and covariates",
                    "a column plays one part; a target is always seen up to the forecast, without being a covariate",
                )
        if self.domain is not None:
            check_choice(self.domain, DOMAINS, "data.domain")
        if self.description is not None and len(self.description) > DESCRIPTION_LIMIT:
            raise ConfigError(
                f"data.description has {len(self.description)} characters, more than {DESCRIPTION_LIMIT}",
                "it becomes part of every prompt; say it in one sentence",
            )


def _plain(cfg: Mapping[str, Any]) -> dict[str, Any]:
    from omegaconf import DictConfig, OmegaConf

    if isinstance(cfg, DictConfig):
        cfg = cast("dict[str, Any]", OmegaConf.to_container(cfg, resolve=True))
    return dict(cfg)


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str | int | float):
        raise ConfigError(f"data.{key}={value!r} is not a text")
    return str(value)


def _path(value: Any, key: str) -> str:
    return str(value) if isinstance(value, Path) else _text(value, key)


def _whole(value: Any, key: str) -> int:
    check_value(f"data.{key}", value, NonNegativeInt if key == "seed" else PositiveInt)
    return value


def _split(value: Any, key: str) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigError(f"data.{key}={value!r} is not a list", "for example data.split=[0.7,0.1,0.2]")
    return tuple(value)


def _unit(value: Any, key: str) -> str | dict[str, str]:
    """One unit for all channels, or channel -> unit."""
    if not isinstance(value, Mapping):
        return _text(value, key)
    return {str(channel): _text(unit, f"{key}.{channel}") for channel, unit in value.items()}


def _names(value: Any, key: str) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        raise ConfigError(f"data.{key}={value!r} is not a column name or a list of them")
    names = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
    if not names:
        raise ConfigError(f"data.{key} is an empty list", "name at least one column, or leave it null")
    return tuple(str(n) for n in names)


def _sentinels(value: Any) -> tuple[str, ...]:
    """Words and numbers as text; one alone is a list of one."""
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            raise ConfigError(
                f"data.cleaning.missing: {item!r} is neither a word nor a number",
                'for example \'data.cleaning.missing=["Bad Input",-9999]\', with words such as "true" or "null" in '
                "double quotes",
            )
    return tuple(str(item).strip() for item in items)


def _covariates(value: Any, key: str) -> dict[str, str]:
    """Covariates as name -> known, observed, or a country for `holiday`; a plain list is observed."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(_names(value, key) if value else (), "observed")
    for name, kind in value.items():
        if name != "holiday":
            check_choice(kind, ("known", "observed"), f"data.{key}.{name}")
    return {str(name): str(kind) for name, kind in value.items()}


READERS: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(("time", "id", "target"), _names),
    "covariates": _covariates,
    "split": _split,
    "path": _path,
    **dict.fromkeys(("name", "frequency", "timezone", "domain", "description"), _text),
    "unit": _unit,
    **dict.fromkeys(("season", "rows", "channels", "seed"), _whole),
}
"""What checks the value of a key and gives it the form that `DataOptions` holds."""
