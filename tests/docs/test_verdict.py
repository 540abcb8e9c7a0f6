"""The tables of the verdict, of `auto` and of the unseen sets are those that `scripts/suite.py` prints."""

from __future__ import annotations

import json
import re

import pytest
from doc_tables import ROOT, Table, means, printed, section, tables

SUITE = (ROOT / "docs/results/suite.md").read_text(encoding="utf-8")
PAIR = re.compile(r"(?!p, Holm)(.+) against (.+)")
PAIR_TABLES = [
    table
    for heading in ("## Scores", "## Where a peer wins")
    for table in tables(section(SUITE, heading))
    if "against" in " ".join(table[0])
]
PAIRS = [(match[1], match[2]) for table in PAIR_TABLES for name in table[0] if (match := PAIR.fullmatch(name))]
SINGLE_MODELS = {
    *("seasonal naive", "linear map", "boosted trees", "LSTM"),
    *("untuned nano-patch", "nano-patch", "untuned nano", "nano"),
}
"""The members that `auto` tries, and untuned nano."""


def first_with(rows: list[Table], *columns: str) -> Table:
    return next(table for table in rows if set(columns) <= set(table[0]))


def test_the_scores_of_the_suite_are_those_of_its_rows() -> None:
    expected = first_with(printed("table"), "model", "traffic")
    assert len(expected) >= 10
    assert first_with(tables(section(SUITE, "## Scores")), "model", "traffic") == expected


@pytest.mark.parametrize("data", ["traffic", "electricity", "weather"])
def test_the_table_of_a_bundled_set_is_that_of_its_rows(data: str) -> None:
    (expected,) = printed("table", "--data", data)
    after_its_name = SUITE.split(f"\n**{data}**\n", 1)[1]
    assert len(expected) >= 10
    assert tables(after_its_name)[0] == expected


def test_the_table_of_auto_and_the_best_single_model_is_that_of_the_suite() -> None:
    scores = first_with(printed("table"), "model", "traffic")
    singles = [row for row in scores if row["model"] in SINGLE_MODELS]
    assert len(singles) == len(SINGLE_MODELS)
    (auto,) = (row for row in scores if row["model"] == "auto")
    table = first_with(tables((ROOT / "docs/ensemble.md").read_text(encoding="utf-8")), "best single model")
    assert len(table) == 10
    for row in table:
        best = min(singles, key=lambda single: float(single[row["data"]]))
        score = float(best[row["data"]])
        assert row["auto"] == f"{float(auto[row['data']]):.3f}"
        assert row["best single model"] == f"{best['model']} {score:.3f}"
        percent = 100 * (float(row["auto"]) / score - 1)
        assert float(row["difference"].removesuffix(" %")) == pytest.approx(percent, abs=0.2)


@pytest.mark.parametrize(("model", "other"), PAIRS)
def test_the_differences_of_a_pair_are_those_of_the_stored_losses(model: str, other: str) -> None:
    pair = f"{model} against {other}"
    (rows,) = printed("compare", model, other)
    expected = {row["data"]: (row[f"WQL of {pair}"], row["p, Holm"]) for row in rows}
    text = next(table for table in PAIR_TABLES if pair in table[0])
    p_value = f"p, Holm of {pair}" if "p, Holm" not in text[0] else "p, Holm"
    assert {row["data"]: (row[pair], row[p_value]) for row in text if row[pair]} == expected


@pytest.mark.parametrize("suite", ["unseen", "unseen2"])
def test_the_scores_of_the_unseen_sets_are_those_of_their_rows(suite: str) -> None:
    output = printed("table", "--suite", str(ROOT / f"scripts/{suite}.yaml"))
    page = tables((ROOT / f"docs/results/{suite}.md").read_text(encoding="utf-8"))
    scores = first_with(page, "set", "auto", "seasonal naive")
    by_set = first_with(output, "model", scores[0]["set"])
    expected = {(row["model"], name): cell for row in by_set for name, cell in row.items() if name != "model"}
    in_page = {(name, row["set"]): cell for row in scores for name, cell in row.items() if name != "set"}
    assert in_page.keys() == expected.keys()
    for key, cell in in_page.items():
        assert bool(cell) == bool(expected[key]), key
        assert not cell or float(cell) == pytest.approx(float(expected[key]), rel=5e-4), key


@pytest.mark.parametrize(
    ("suite", "page"),
    [("suite", "verdict.md"), ("unseen", "results/unseen.md"), ("unseen2", "results/unseen2.md")],
)
def test_the_means_over_data_sets_are_those_of_the_rows(suite: str, page: str) -> None:
    table = first_with(tables((ROOT / "docs" / page).read_text(encoding="utf-8")), "model", "win rate")
    assert {row["model"]: row for row in table} == {row["model"]: row for row in means(suite)}


def test_the_skills_on_unseen_sets_are_those_of_the_rows() -> None:
    table = first_with(tables((ROOT / "docs/verdict.md").read_text(encoding="utf-8")), "skill on 25 unseen sets")
    first, second = ({row["model"]: row for row in means(name)} for name in ("unseen", "unseen2"))
    assert len(table) == 7
    for row in table:
        of_first, of_second = first[row["model"]], second[row["model"]]
        cells = [of_second["skill"], of_second["median"], of_first["skill"], of_first["median"]]
        assert list(row.values())[1:] == cells


def test_the_number_of_rows_that_say_how_they_were_recalibrated_is_that_of_the_files() -> None:
    text = " ".join((ROOT / "docs/results/README.md").read_text(encoding="utf-8").split())
    selected: list[str] = []
    for name, words in (("unseen", "{} of the {} rows"), ("unseen2", "{} of the {}"), ("suite", "{} of the {}")):
        rows = json.loads((ROOT / f"docs/results/{name}.json").read_text(encoding="utf-8"))
        rows = [row for row in rows if "failure" not in row]
        known = [row for row in rows if row.get("recalibration")]
        assert f"{words.format(len(known), len(rows))} of `{name}.json`" in text
        selected += [row["recalibration"] for row in known if "conformal=" not in row["command"]]
    bundled = json.loads((ROOT / "docs/results/bundled.json").read_text(encoding="utf-8"))
    selected += [row["recalibration"] for row in bundled if row.get("recalibration")]
    assert f"it is `online` in {selected.count('online')} of {len(selected)} of these rows" in text
