"""The pages in docs/ are complete and their links lead to files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = sorted(path for path in (ROOT / "docs/experiments").glob("*.md") if path.name != "README.md")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", EXPERIMENTS, ids=lambda page: page.stem)
def test_an_experiment_has_question_command_result_and_conclusion(page):
    headings = re.findall(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)
    assert headings == ["Question", "Command", "Result", "Conclusion"]


def test_the_index_lists_every_experiment_once():
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs/experiments/README.md").read_text())
    assert sorted(listed) == [page.name for page in EXPERIMENTS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_to_existing_files(page):
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
