"""Advice for mistyped names: the nearest known name, and a short list of all names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from timevis.errors import ConfigError
from timevis.messages import Text

MAX_LISTED_CHOICES = 30
MIN_SIMILARITY = 0.6
LAST_PART_WEIGHT = 0.85
"""Weight of the similarity of the last parts of two dotted names, against the similarity of the whole names."""


def unknown_key_error(key: str, advice: Text | None) -> ConfigError:
    """The error for a config key that does not exist."""
    return ConfigError(Text("there is no config key {key}", key=key), advice, key)


def did_you_mean(word: object, known: Iterable[str]) -> Text | None:
    """Advice with the known name nearest to a mistyped one, and with all names if they are at most 30."""
    names = list(known)
    guess = nearest(str(word), names)
    if len(names) > MAX_LISTED_CHOICES:
        return Text("did you mean {guess!r}?", guess=guess) if guess else None
    if guess:
        return Text("did you mean {guess!r}? choices: {choices}", guess=guess, choices=sorted(names))
    return Text("choices: {choices}", choices=sorted(names)) if names else None


def nearest(word: str, names: Sequence[str]) -> str | None:
    """The dotted name most similar to `word`, as a whole or in its last part; None if no name is similar."""

    def ratio(a: str, b: str) -> float:
        return difflib.SequenceMatcher(None, a.lower(), b.lower()).ratio()

    def similarity(name: str) -> float:
        return max(
            ratio(word, name), LAST_PART_WEIGHT * ratio(re.split("[./]", word)[-1], re.split("[./]", name)[-1])
        )

    best = max(names, key=similarity, default=None)
    return best if best is not None and similarity(best) > MIN_SIMILARITY else None
