"""Collect the English texts of the source into a catalogue, and check the catalogues of other languages.

python scripts/extract_messages.py            write src/timevis/messages/en.json
python scripts/extract_messages.py --check    exit with 1 if it is out of date, or if a translation is missing
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
ENGLISH = "en.json"
KEBAB_CASE = r"[a-z0-9]+(-[a-z0-9]+)*"


def calls_of(path: Path) -> Iterator[tuple[list[str], int]]:
    """Code and template, as far as they are literal texts, and the line of every call of ``Text`` in a file."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".jinja":
        for call in Environment().parse(source).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "Text":
                yield [a.value for a in call.args[:2] if isinstance(a, nodes.Const)], call.lineno
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
            values = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
            yield [value for value in values if isinstance(value, str)], node.lineno


def texts_of(path: Path) -> Iterator[tuple[str, str, int]]:
    """Code, template and line of every ``Text(code, template, ...)`` of a module or a template of Jinja.

    Raises
    ------
    SystemExit
        If a code or a template is not a literal text, or a code is not in kebab-case.
    """
    for literals, line in calls_of(path):
        place = f"{path}:{line}"
        if len(literals) < 2:
            if path.parent == CATALOGUES:
                continue  # the class itself
            sys.exit(f"{place}: code and template of a Text must be literals, so that they can be extracted")
        if not re.fullmatch(KEBAB_CASE, literals[0]):
            sys.exit(f"{place}: the code {literals[0]!r} is not in kebab-case")
        yield literals[0], literals[1], line


def extracted(source: Path = SOURCE) -> dict[str, str]:
    """Code to English template, sorted by code; exits where two places make a text with one code."""
    english: dict[str, str] = {}
    places: dict[str, str] = {}
    for path in sorted([*source.rglob("*.py"), *source.rglob("*.jinja")]):
        for code, template, line in texts_of(path):
            if code in places:
                sys.exit(
                    f"{path}:{line}: the text {code!r} is also made in {places[code]}; use one function for both"
                )
            english[code], places[code] = template, f"{path}:{line}"
    return dict(sorted(english.items()))


def params_of(template: str) -> set[str]:
    """The names of the parameters in a template."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def faults_of(translations: dict[str, str], english: dict[str, str]) -> list[str]:
    """What is wrong with the catalogue of another language, a sentence each."""
    missing = [f"no words for {code!r}: {english[code]}" for code in english if code not in translations]
    needless = [f"{code!r} is no longer used" for code in translations if code not in english]
    unknown = [
        f"{code!r} uses {', '.join(sorted(names))}, which the English text does not have"
        for code, text in translations.items()
        if code in english and (names := params_of(text) - params_of(english[code]))
    ]
    return missing + needless + unknown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    english = extracted()
    content = json.dumps(english, ensure_ascii=False, indent=2) + "\n"
    path = CATALOGUES / ENGLISH
    faults = []
    if is_check and (not path.exists() or path.read_text(encoding="utf-8") != content):
        faults.append(f"{path} is out of date: run python scripts/extract_messages.py")
    if not is_check:
        path.write_text(content, encoding="utf-8")
    for other in sorted(CATALOGUES.glob("*.json")):
        if other.name != ENGLISH:
            translations = json.loads(other.read_text(encoding="utf-8"))
            faults += [f"{other}: {fault}" for fault in faults_of(translations, english)]
    print("\n".join(faults) or f"{len(english)} texts")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
