"""Advice for mistyped names: the nearest known name, and the list of names where it is short."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

MAX_LISTED_CHOICES = 30


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Advice that gives the known name nearest to a mistyped one, and all names where they are few."""
    names = list(known)
    guess = nearest(str(word), names)
    listing = f"choices: {', '.join(sorted(names))}" if 0 < len(names) <= MAX_LISTED_CHOICES else ""
    return " ".join(filter(None, [f"did you mean {guess!r}?" if guess is not None else "", listing]))


def nearest(word: str, names: Sequence[str]) -> str | None:
    """The dotted name most similar to `word`, as a whole or by its last part; None where none is similar."""

    def ratio(a: str, b: str) -> float:
        return difflib.SequenceMatcher(None, a.lower(), b.lower()).ratio()

    def similarity(name: str) -> float:
        return max(ratio(word, name), 0.85 * ratio(re.split("[./]", word)[-1], re.split("[./]", name)[-1]))

    best = max(names, key=similarity, default=None)
    return best if best is not None and similarity(best) > 0.6 else None
