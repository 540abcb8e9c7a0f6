"""Collect the texts of the source, and check the catalogues of other languages.

python scripts/extract_messages.py            write src/timevis/messages/en.json: the texts that have a code
python scripts/extract_messages.py --check    exit with 1 if it is out of date, or if a translation is missing

The key of a text in a catalogue is its code or, without one, its English sentence. Who rewords a sentence moves its
translation to the new key and adds the old key to former.json, so that stored texts keep their translation.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

SOURCE = Path(__file__).resolve().parents[1] / "src/timevis"
CATALOGUES = SOURCE / "messages"
ENGLISH, FORMER = "en.json", "former.json"
KEBAB_CASE = r"[a-z0-9]+(-[a-z0-9]+)*"


def calls_of(path: Path) -> Iterator[tuple[list[ast.expr | nodes.Expr], list[ast.expr | nodes.Expr], int]]:
    """The positional arguments, the values of ``code=``, and the line of every call of ``Text`` in a file."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".jinja":
        for call in Environment().parse(source).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "Text":
                yield list(call.args), [pair.value for pair in call.kwargs if pair.key == "code"], call.lineno
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
            yield list(node.args), [pair.value for pair in node.keywords if pair.arg == "code"], node.lineno


def texts_of(path: Path) -> Iterator[tuple[str, str, int]]:
    """Key, template and line of every ``Text(template, code=...)`` of a module or a template of Jinja.

    Raises
    ------
    SystemExit
        If a template or a code is not a literal text, or a code is not in kebab-case.
    """
    for positional, codes, line in calls_of(path):
        arguments = [a.value for a in (*positional, *codes) if isinstance(a, ast.Constant | nodes.Const)]
        literals = [value for value in arguments if isinstance(value, str)]
        if len(positional) != 1 or len(literals) != 1 + len(codes):
            if path.parent == CATALOGUES:
                continue  # the class itself
            sys.exit(f"{path}:{line}: template and code of a Text must be literals, so that they can be extracted")
        if codes and not re.fullmatch(KEBAB_CASE, literals[1]):
            sys.exit(f"{path}:{line}: the code {literals[1]!r} is not in kebab-case")
        yield literals[-1], literals[0], line


def extracted(source: Path = SOURCE) -> dict[str, str]:
    """Key to English template, sorted by key; exits where texts with one code have different templates."""
    english: dict[str, str] = {}
    places: dict[str, str] = {}
    for path in sorted([*source.rglob("*.py"), *source.rglob("*.jinja")]):
        for key, template, line in texts_of(path):
            if english.setdefault(key, template) != template:
                sys.exit(f"{path}:{line}: the text {key!r} has other words in {places[key]}")
            places.setdefault(key, f"{path}:{line}")
    return dict(sorted(english.items()))


def params_of(template: str) -> set[str]:
    """The names of the parameters in a template."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def faults_of(translations: dict[str, str], english: dict[str, str]) -> list[str]:
    """What is wrong with the catalogue of another language, a sentence each."""
    missing = [
        f"no words for {key!r}" + (f": {template}" if key != template else "")
        for key, template in english.items()
        if key not in translations
    ]
    needless = [f"{key!r} is no longer used" for key in translations if key not in english]
    unknown = [
        f"{key!r} uses {', '.join(sorted(names))}, which the English text does not have"
        for key, text in translations.items()
        if key in english and (names := params_of(text) - params_of(english[key]))
    ]
    return missing + needless + unknown


def former_faults(former: dict[str, str], english: dict[str, str]) -> list[str]:
    """What is wrong with the former keys of texts, a sentence each."""
    lost = [
        f"{old!r} has become {key!r}, which is no longer used" for old, key in former.items() if key not in english
    ]
    return lost + [f"{old!r} is still used" for old in former if old in english]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    english = extracted()
    coded = {key: template for key, template in english.items() if key != template}
    content = json.dumps(coded, ensure_ascii=False, indent=2) + "\n"
    path = CATALOGUES / ENGLISH
    faults = []
    if is_check and (not path.exists() or path.read_text(encoding="utf-8") != content):
        faults.append(f"{path} is out of date: run python scripts/extract_messages.py")
    if not is_check:
        path.write_text(content, encoding="utf-8")
    for other in sorted(CATALOGUES.glob("*.json")):
        if other.name != ENGLISH:
            texts = json.loads(other.read_text(encoding="utf-8"))
            faults_of_it = former_faults if other.name == FORMER else faults_of
            faults += [f"{other}: {fault}" for fault in faults_of_it(texts, english)]
    print("\n".join(faults) or f"{len(english)} texts, {len(coded)} with a code")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
