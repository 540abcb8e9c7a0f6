"""README.md and README.zh-CN.md agree with each other, and with the recorded runs and the config."""

from __future__ import annotations

import re
import shlex

import pytest
from doc_tables import ROOT, means, printed

from timevis.config.compose import compose

README = (ROOT / "README.md").read_text(encoding="utf-8")
SUMMARY = (ROOT / "docs/results/summary.md").read_text(encoding="utf-8")
CHINESE_README = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def code_lines(text: str) -> list[str]:
    """Lines of the code blocks, without comments."""
    blocks = re.findall(r"^```\w+\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"(^|\s+)# .*", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def results_rows(text: str) -> list[str]:
    return re.findall(r"^\| (?:traffic|electricity|weather) \|.*$", text, flags=re.MULTILINE)


TRAIN_COMMANDS = [line for line in code_lines(README) if line.startswith("python train.py") and "resume=" not in line]


def test_the_table_of_the_bundled_sets_is_that_of_the_recorded_runs():
    expected = []
    for data in ("traffic", "electricity", "weather"):
        (rows,) = printed("table", "--suite", str(ROOT / "scripts" / "bundled.yaml"), "--data", data)
        for row in rows:
            scores = [row[name] for name in ("WQL", "MASE", "80 % interval covers", "skill (95 % interval)")]
            expected.append(f"| {data} | {row['model']} | {' | '.join(scores)} |")
    assert len(expected) == 13
    assert results_rows(SUMMARY) == expected


def test_the_table_of_the_unseen_sets_is_that_of_the_recorded_runs():
    first, second = ({row["model"]: row for row in means(name)} for name in ("unseen", "unseen2"))
    assert len(second) >= 10
    for model, row in second.items():
        cells = [row[name] for name in ("win rate", "skill", "median", "processor seconds")]
        cells += [first.get(model, {}).get(name, "") for name in ("skill", "median")]
        cells = ["0%" if cell == "0% (0% to 0%)" else cell for cell in cells]
        line = rf"\| {re.escape(model)} \| (?:on the data set|none) \| {re.escape(' | '.join(cells).rstrip())} \|"
        assert re.search(rf"^{line}$", README, re.MULTILINE), model


def test_the_chinese_readme_has_the_same_sections_commands_and_numbers():
    for select in (code_lines, lambda text: sorted(re.findall(r"\d+(?:[.,]\d+)*", text))):
        assert select(README) == select(CHINESE_README)
    structure = re.compile(r"^(#+ |```\w+|- |\|)", flags=re.MULTILINE)
    assert structure.findall(README) == structure.findall(CHINESE_README)


@pytest.mark.parametrize("command", TRAIN_COMMANDS)
def test_a_training_command_of_the_readme_composes(command):
    arguments = [argument for argument in shlex.split(command)[2:] if argument != "-m"]
    one_value = [re.sub(r"=tag\(log,interval\((.*),.*", r"=\1", argument) for argument in arguments]
    one_value = [argument if "=[" in argument else argument.split(",")[0] for argument in one_value]
    assert compose(one_value).model.name
