"""README.md and README.zh-CN.md agree with each other, with docs/verdict.md and with the config."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from timevis.config.compose import compose

ROOT = Path(__file__).resolve().parents[2]
LABELS = {"qwen": "qwen [nano]", "qwen_patch": "qwen_patch [nano-patch]"}
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE_README = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def code_lines(text: str) -> list[str]:
    """Lines of the code blocks, without comments."""
    blocks = re.findall(r"^```\w+\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"(^|\s+)# .*", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def results_rows(text: str) -> list[str]:
    return re.findall(r"^\| (?:traffic|electricity|weather) \|.*$", text, flags=re.MULTILINE)


TRAIN_COMMANDS = [line for line in code_lines(README) if line.startswith("python train.py") and "resume=" not in line]


def test_the_results_are_those_of_the_recorded_runs():
    recorded = json.loads((ROOT / "docs/results/bundled.json").read_text(encoding="utf-8"))
    expected = [
        f"| {row['data']} | {LABELS.get(row['model'], row['model'])} | {row['wql']:.4f} | {row['mase']:.3f} "
        f"| {row['coverage_80']:.0%} | {row['skill']['value']:.0%} "
        f"({row['skill']['low']:.0%} to {row['skill']['high']:.0%}) |"
        for row in recorded
    ]
    assert sorted(results_rows(README)) == sorted(expected)


def test_the_chinese_readme_has_the_same_sections_commands_and_numbers():
    for select in (code_lines, results_rows, lambda text: sorted(re.findall(r"\d+(?:[.,]\d+)*", text))):
        assert select(README) == select(CHINESE_README)
    structure = re.compile(r"^(#+ |```\w+|- |\|)", flags=re.MULTILINE)
    assert structure.findall(README) == structure.findall(CHINESE_README)


@pytest.mark.parametrize("command", TRAIN_COMMANDS)
def test_a_training_command_of_the_readme_composes(command):
    arguments = [argument for argument in shlex.split(command)[2:] if argument != "-m"]
    one_value = [re.sub(r"=tag\(log,interval\((.*),.*", r"=\1", argument) for argument in arguments]
    one_value = [argument if "=[" in argument else argument.split(",")[0] for argument in one_value]
    assert compose(one_value).model.name
