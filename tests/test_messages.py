"""Errors, advice, notes and findings are texts with codes, so that a page can word them in its language."""

from __future__ import annotations

import copy
import errno
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from timevis.config.options import check_choice
from timevis.data.catalog import load_panel
from timevis.data.options import DataOptions
from timevis.data.quality.findings import data_findings
from timevis.data.split.make_split import make_split, split_panel
from timevis.data.split.spec import parse_split
from timevis.errors import ConfigError, DataError, TimeVisError
from timevis.messages import Setting, Text, listed
from timevis.utils.explain import explain

ROOT = Path(__file__).resolve().parents[1]


def test_the_catalogues_have_the_texts_of_the_source() -> None:
    check = subprocess.run(
        [sys.executable, "scripts/extract_messages.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def extraction(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the script on a package with one module and one translation."""
    messages = folder / "src/timevis/messages"
    messages.mkdir(parents=True, exist_ok=True)
    (messages / "zh.json").write_text('{"too-short": "{rows} 行太少"}', encoding="utf-8")
    (folder / "src/timevis/module.py").write_text(source, encoding="utf-8")
    (folder / "scripts").mkdir(exist_ok=True)
    script = folder / "scripts/extract_messages.py"
    script.write_text((ROOT / "scripts/extract_messages.py").read_text(encoding="utf-8"), encoding="utf-8")
    return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('Text("too-short", "{rows} rows are too few", rows=3)', None),
        ('Text("too-short", "{rows} rows")\nText("too-long", "too many rows")', "no words for 'too-long'"),
        ('Text("too-long", "too many rows")', "'too-short' is no longer used"),
        ('Text("too-short", "too few rows")', "'too-short' uses rows, which the English text does not have"),
        ('Text("too-short", "{rows} rows", rows=1)\nText("too-short", "{rows} rows", rows=2)', "is also made in"),
        ('Text(code, "{rows} rows")', "must be literals"),
        ('Text("too_short", "{rows} rows")', "is not in kebab-case"),
    ],
)
def test_the_extraction_finds_missing_and_wrong_translations(tmp_path: Path, source: str, fault: str | None) -> None:
    result = extraction(tmp_path, source)
    assert result.returncode == (0 if fault is None else 1)
    assert fault is None or fault in result.stdout + result.stderr


def test_the_extraction_reads_templates_of_jinja(tmp_path: Path) -> None:
    template = tmp_path / "src/timevis/page.html.jinja"
    template.parent.mkdir(parents=True)
    template.write_text('{% if rows %}<p title="{{ Text("too-long", "{rows} rows", rows=rows) }}"></p>{% endif %}')
    result = extraction(tmp_path, 'Text("too-short", "{rows} rows are too few", rows=3)')
    assert "no words for 'too-long': {rows} rows" in result.stdout
    template.write_text("{{ Text(code, 'rows') }}")
    assert "must be literals" in extraction(tmp_path, "").stderr


def test_a_text_keeps_its_code_when_it_is_copied_pickled_or_sent_as_json() -> None:
    part = Text("part-test", "test")
    text = Text(
        "split-part-empty", "{split} leaves the {part} part empty", split=Setting("data.split", "{x}"), part=part
    )
    assert str(text) == "data.split={x} leaves the test part empty"
    for other in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert (other, other.to_json()) == (text, text.to_json())
    sent = json.loads(json.dumps(text.to_json()))
    assert sent["params"]["part"] == {"code": "part-test", "params": {}, "text": "test"}
    received = Text.from_json(str(text), sent)
    assert (str(received), received.to_json()) == (str(text), text.to_json())


def test_a_long_list_in_a_text_names_the_first_items_and_counts_the_others() -> None:
    text = Text("unused-columns", "Columns not used: {columns}.", columns=listed(["a", "b", "c", "d"], 2))
    assert str(text) == "Columns not used: a, b, and 2 more."
    assert text.to_json()["params"]["columns"][2]["params"] == {"count": 2}
    assert listed(["a", "b"], 2) == ["a", "b"]


def hourly_file(folder: Path, cells: list[object] | None = None, sep: str = ",", **columns: object) -> Path:
    """A CSV file of 200 hours with the columns time and load."""
    path = folder / "load.csv"
    times = pd.date_range("2024-01-01", periods=200, freq="h")
    loads = [row % 24 + 0.5 for row in range(200)] if cells is None else cells
    pd.DataFrame({"time": times, "load": loads, **columns}).to_csv(path, index=False, sep=sep)
    return path


def test_an_error_on_a_cell_has_a_code_with_the_row_and_advice_with_a_code(tmp_path: Path) -> None:
    path = hourly_file(tmp_path, ["fault" if row in (7, 9) else f"{row % 24}.5" for row in range(200)])
    with pytest.raises(DataError) as error:
        load_panel({"path": str(path)})
    message, advice = error.value.message.to_json(), error.value.advice
    assert (message["code"], message["params"]["column"]) == ("text-in-number-column", "load")
    assert message["params"]["place"] == {"code": "row-number", "params": {"row": 9}, "text": "row 9"}
    assert message["params"]["more"]["params"] == {"count": 1}
    assert advice is not None
    assert advice.code == "write-numbers"
    assert advice.to_json()["params"]["decimal"]["key"] == "data.decimal"
    assert error.value.field == "data.missing_values"


def test_notes_of_reading_and_reasons_of_unused_columns_are_findings_with_codes(tmp_path: Path) -> None:
    path = hourly_file(tmp_path, sep=";", site="north")
    stored = json.loads(json.dumps(load_panel({"path": str(path)})[1].to_dict()))
    assert stored["left_out"] == {"site": "contains text"}
    assert "the time column is 'time'" in stored["notes"]
    findings = {finding["code"]: finding for finding in (f.to_dict() for f in data_findings(stored))}
    assert findings["note-delimiter"]["params"]["delimiter"]["code"] == "semicolon"
    assert findings["note-time-column"]["params"] == {"column": "time"}
    assert findings["note-time-column"]["text"] == "The time column is 'time'."
    (unused,) = findings["unused-columns"]["params"]["columns"]
    assert unused["params"]["reason"]["code"] == "contains-text"
    without_codes = {finding.text for finding in data_findings(stored | {"text_codes": {}})}
    assert {"The time column is 'time'.", "Columns not used: site (contains text)."} <= without_codes


def test_the_name_that_was_probably_meant_is_advice_with_a_code() -> None:
    with pytest.raises(ConfigError) as error:
        check_choice("adamm", ["adam", "sgd"], "model.fit.optimizer")
    assert str(error.value) == (
        "model.fit.optimizer='adamm' is not a choice\n  did you mean 'adam'? choices: adam, sgd"
    )
    assert (error.value.message.code, error.value.field) == ("not-a-choice-of-key", "model.fit.optimizer")
    assert error.value.advice is not None
    assert error.value.advice.to_json() == {
        "code": "did-you-mean-of",
        "params": {"guess": "adam", "choices": ["adam", "sgd"]},
    }


@pytest.mark.parametrize(
    ("options", "field", "code", "advice_code"),
    [
        ({"split": [0.7, 0.1]}, "split", "not-a-split", "forms-of-split"),
        ({"split": [0.7, 0.3, 0.2]}, "split", "split-numbers", "forms-of-split"),
        ({"split": ["2024-01-02", "2024-13-01"]}, "split", "split-time", "forms-of-split"),
        ({"split": {"val": 150, "test": 50}}, "split", "split-part-empty", "fewer-last-rows"),
        ({"split": ["2023-01-02", "2024-01-04"]}, "split", "split-part-empty", "increasing-times"),
        ({"split": ["2024-01-02", "2024-01-04", "2025-01-01"]}, "split", "split-after-data", "without-third-time"),
        ({"frequency": "fortnight"}, "frequency", "not-a-frequency", "examples-of-frequencies"),
        ({"timezone": "Mars"}, "timezone", "not-a-time-zone", "examples-of-time-zones"),
        (
            {"covariates": {"holiday": "known"}},
            "covariates.holiday",
            "holiday-without-country",
            "name-country-of-holidays",
        ),
        (
            {"covariates": {"holiday": "Atlantis"}},
            "covariates.holiday",
            "country-without-holidays",
            "give-country-code",
        ),
        (
            {"target": ["load"], "covariates": {"load": "known"}},
            "covariates",
            "column-named-twice",
            "name-columns-once",
        ),
        ({"target": ["lod"]}, "target", "no-such-column", "did-you-mean-of"),
        ({"description": "x" * 5000}, "description", "description-too-long", "shorter-description"),
        ({"header": 900}, "header", "no-such-header-row", "number-of-header-row"),
        ({"encoding": "utf-99"}, "encoding", "not-an-encoding", "examples-of-encodings"),
        ({"rows": 0}, "rows", "value-not-of-kind", None),
    ],
)
def test_an_error_in_an_option_of_the_data_has_a_code_and_names_its_key(
    tmp_path: Path, options: dict[str, object], field: str, code: str, advice_code: str | None
) -> None:
    path = hourly_file(tmp_path)

    def read_and_split() -> None:
        panel, _ = load_panel({"path": str(path), **options})
        split_panel(panel, DataOptions.from_config(options).split, 24, 6)

    with pytest.raises(TimeVisError) as error:
        read_and_split()
    advice = error.value.advice
    assert (error.value.message.code, advice.code if advice else None) == (code, advice_code)
    assert error.value.field == f"data.{field}"


def test_advice_on_a_short_series_names_its_parts_with_codes() -> None:
    with pytest.raises(DataError) as error:
        make_split(100, parse_split([0.7, 0.1, 0.2]), 80, 12)
    advice = error.value.advice
    assert advice is not None
    coded = advice.to_json()
    assert coded["code"] == "lengthen-or-shorten"
    assert coded["params"]["rows_needed"]["params"]["rows"] == 132
    first = coded["params"]["parts"][0]["params"]
    assert (first["part"]["code"], first["rows"], first["needed"]) == ("part-training", 70, 92)
    assert str(advice) == (
        "about 132 rows are needed; the training part has 70 rows and needs 92, the validation part has 10 rows and "
        "needs 12; give more rows, a smaller context_length or horizon, or another data.split; "
        "context_length=43, horizon=5 would fit"
    )


def test_an_error_of_another_process_keeps_its_codes() -> None:
    error = explain(OSError(errno.ENOSPC, "No space left on device", "/runs/a/last.ckpt"))
    sent = json.loads(json.dumps(error.to_json()))
    received = TimeVisError.from_json(sent)
    assert str(received) == str(error)
    assert received.message.to_json() == error.message.to_json()
    assert sent["error_code"]["params"]["cause"] == {"code": "disk-full", "params": {}, "text": "the disk is full"}
