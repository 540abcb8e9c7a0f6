"""Advice for mistyped names: the nearest known name, and a short list of all names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from timevis.messages import Text

MAX_LISTED_CHOICES = 30
MIN_SIMILARITY = 0.6
LAST_PART_WEIGHT = 0.85
"""Weight of the similarity of the last parts of two dotted names, against that of the whole names."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Advice with the known name nearest to a mistyped one, and with all names if they are at most 30."""
    names = list(known)
    guess = nearest(str(word), names)
    choices = ", ".join(sorted(names)) if len(names) <= MAX_LISTED_CHOICES else ""
    if guess is None:
        return Text("choices", "choices: {choices}", choices=choices) if choices else ""
    return (
        Text("did-you-mean-of", "did you mean {guess!r}? choices: {choices}", guess=guess, choices=choices)
        if choices
        else Text("did-you-mean", "did you mean {guess!r}?", guess=guess)
    )


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
