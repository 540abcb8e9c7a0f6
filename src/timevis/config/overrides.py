"""Write a config value as an override of the command line, in the grammar of Hydra."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from timevis.config.stored import escape

PLAIN_TEXT = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*")
RESERVED_TEXTS = ("null", "true", "false", "nan", "inf", "on", "off", "yes", "no")


def override(key: str, value: Any) -> str:
    """``key=value`` that Hydra reads as this key and value.

    Parameters
    ----------
    key : str
        Dotted config key.
    value : Any
        Number, text, bool, None, or lists and mappings of them.
    """
    return f"{key}={override_value(value)}"


def override_value(value: Any) -> str:
    """A value in the grammar of Hydra; texts are quoted where they could be read as something else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{override_value(str(key))}:{override_value(part)}' for key, part in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{','.join(map(override_value, value))}]"
    text = str(value)
    if PLAIN_TEXT.fullmatch(text) and text.lower() not in RESERVED_TEXTS:
        return text
    quoted = re.sub(r"(\\*)(\"|$)", lambda match: 2 * match[1] + ("\\" if match[2] else "") + match[2], escape(text))
    return f'"{quoted}"'
