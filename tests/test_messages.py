"""Errors, advice, notes and findings are texts with a key, so that a page can word them in its language."""

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
from timevis.data.split import make_split, parse_split, split_panel
from timevis.errors import ConfigError, DataError, TimeVisError
from timevis.messages import Setting, Text, listed
from timevis.utils.explain import explain
from timevis.utils.language import in_language

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


def extraction(folder: Path, source: str, former: str = "{}") -> subprocess.CompletedProcess[str]:
    """Run a copy of the script on a package with one module, one translation and the former keys of texts."""
    messages = folder / "src/timevis/messages"
    messages.mkdir(parents=True, exist_ok=True)
    (messages / "zh.json").write_text('{"{rows} rows are too few": "{rows} 行太少"}', encoding="utf-8")
    (messages / "former.json").write_text(former, encoding="utf-8")
    (folder / "src/timevis/module.py").write_text(source, encoding="utf-8")
    (folder / "scripts").mkdir(exist_ok=True)
    script = folder / "scripts/extract_messages.py"
    script.write_text((ROOT / "scripts/extract_messages.py").read_text(encoding="utf-8"), encoding="utf-8")
    return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)


TOO_FEW = 'Text("{rows} rows are too few", rows=3)'


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (TOO_FEW, None),
        (f"{TOO_FEW}\n{TOO_FEW}", None),
        (f'{TOO_FEW}\nText("too many rows")', "no words for 'too many rows'"),
        ('Text("too many rows")', "'{rows} rows are too few' is no longer used"),
        (f'{TOO_FEW}\nText("day", code="unit-day")', "no words for 'unit-day': day"),
        ('Text("too few rows", code="{rows} rows are too few")', "is not in kebab-case"),
        ('Text("{rows} rows", code="few")\nText("{row} rows", code="few")', "the text 'few' has other words in"),
        ("Text(template, rows=3)", "must be literals"),
        ('Text("{rows} rows", code=code)', "must be literals"),
        ('Text("too-short", "{rows} rows")', "must be literals"),
    ],
)
def test_the_extraction_finds_missing_and_wrong_translations(tmp_path: Path, source: str, fault: str | None) -> None:
    result = extraction(tmp_path, source)
    assert result.returncode == (0 if fault is None else 1)
    assert fault is None or fault in result.stdout + result.stderr


def test_the_extraction_finds_parameters_that_the_english_text_does_not_have(tmp_path: Path) -> None:
    extraction(tmp_path, TOO_FEW)
    catalogue_of_chinese = tmp_path / "src/timevis/messages/zh.json"
    catalogue_of_chinese.write_text('{"{rows} rows are too few": "{lines} 行太少"}', encoding="utf-8")
    command = [sys.executable, str(tmp_path / "scripts/extract_messages.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "uses lines, which the English text does not have" in result.stdout


def test_the_extraction_reads_templates_of_jinja(tmp_path: Path) -> None:
    template = tmp_path / "src/timevis/page.html.jinja"
    template.parent.mkdir(parents=True)
    template.write_text(
        '{% if rows %}<p title="{{ Text("{rows} rows", rows=rows, code="too-long") }}"></p>{% endif %}'
    )
    result = extraction(tmp_path, TOO_FEW)
    assert "no words for 'too-long': {rows} rows" in result.stdout
    template.write_text("{{ Text(code, 'rows') }}")
    assert "must be literals" in extraction(tmp_path, "").stderr


def test_a_former_key_of_a_text_leads_to_its_present_one(tmp_path: Path) -> None:
    assert extraction(tmp_path, TOO_FEW, '{"too-short": "{rows} rows are too few"}').returncode == 0
    result = extraction(tmp_path, TOO_FEW, '{"too-short": "too few rows"}')
    assert "'too-short' has become 'too few rows', which is no longer used" in result.stdout
    result = extraction(tmp_path, TOO_FEW, '{"{rows} rows are too few": "{rows} rows are too few"}')
    assert "'{rows} rows are too few' is still used" in result.stdout


def test_a_text_keeps_its_sentence_when_it_is_copied_pickled_or_sent_as_json() -> None:
    part = Text("test")
    text = Text("{split} leaves the {part} part empty", split=Setting("data.split", "{x}"), part=part)
    assert str(text) == "data.split={x} leaves the test part empty"
    assert text.code == "{split} leaves the {part} part empty"
    assert (Text("day", code="unit-day").code, str(Text("day", code="unit-day"))) == ("unit-day", "day")
    for other in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert (other, other.to_json()) == (text, text.to_json())
    sent = json.loads(json.dumps(text.to_json()))
    assert sent["params"]["part"] == {"code": "test", "params": {}, "text": "test"}
    received = Text.from_json(str(text), sent)
    assert (str(received), received.to_json()) == (str(text), text.to_json())


def test_a_stored_text_of_an_earlier_version_keeps_its_translation() -> None:
    stored = Text.from_json("3 rows", {"code": "row-count", "params": {"rows": 3}})
    without_value = Text.from_json("3 rows", {"code": "row-count", "params": {}})
    with in_language("zh"):
        assert str(stored) == "3 行"
        assert str(without_value) == "3 rows"
    assert str(stored) == "3 rows"


@pytest.mark.parametrize("stored", ["{a:>30000000}", "{a.__class__}", "{}", "{0}"])
def test_a_stored_text_is_never_a_template(stored: str) -> None:
    text = Text.from_json(stored, {"code": stored, "params": {"a": 1}})
    assert str(text) == stored
    with in_language("zh"):
        assert str(text) == stored


def test_a_long_list_in_a_text_names_the_first_items_and_counts_the_others() -> None:
    text = Text("Columns not used: {columns}.", columns=listed(["a", "b", "c", "d"], 2))
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


def test_an_error_on_a_cell_names_the_row_and_has_advice(tmp_path: Path) -> None:
    path = hourly_file(tmp_path, ["fault" if row in (7, 9) else f"{row % 24}.5" for row in range(200)])
    with pytest.raises(DataError) as error:
        load_panel({"path": str(path)})
    message, advice = error.value.message.to_json(), error.value.advice
    assert message["code"] == "{source}: {place}, column {column!r} contains text{more}: {cell}"
    assert message["params"]["column"] == "load"
    assert message["params"]["place"] == {"code": "row {row}", "params": {"row": 9}, "text": "row 9"}
    assert message["params"]["more"]["params"] == {"count": 1}
    assert advice is not None
    assert advice.code.startswith("write numbers like 1234.5, and leave a cell without a value empty")
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
    assert unused["params"]["reason"]["code"] == "contains text"
    without_codes = {finding.text for finding in data_findings(stored | {"text_codes": {}})}
    assert {"The time column is 'time'.", "Columns not used: site (contains text)."} <= without_codes


def test_the_name_that_was_probably_meant_is_advice() -> None:
    with pytest.raises(ConfigError) as error:
        check_choice("adamm", ["adam", "sgd"], "model.fit.optimizer")
    assert str(error.value) == (
        "model.fit.optimizer='adamm' is not a choice\n  did you mean 'adam'? choices: adam, sgd"
    )
    assert (error.value.message.code, error.value.field) == ("{key}={value!r} is not a choice", "model.fit.optimizer")
    assert error.value.advice is not None
    assert error.value.advice.to_json() == {
        "code": "did you mean {guess!r}? choices: {choices}",
        "params": {"guess": "adam", "choices": ["adam", "sgd"]},
    }


@pytest.mark.parametrize(
    ("options", "field", "sentence", "advice_sentence"),
    [
        ({"split": [0.7, 0.1]}, "split", "{split} is not a split", "give three fractions such as [0.7,0.1,0.2],"),
        (
            {"split": [0.7, 0.3, 0.2]},
            "split",
            "{split} has neither fractions that sum to at",
            "give three fractions such as [0.7,0.1,0.2],",
        ),
        (
            {"split": ["2024-01-02", "2024-13-01"]},
            "split",
            "{split}: {reason}",
            "give three fractions such as [0.7,0.1,0.2],",
        ),
        (
            {"split": {"val": 150, "test": 50}},
            "split",
            "{source}: {split} leaves the {part} part",
            "the series has {rows} rows; give fewer",
        ),
        (
            {"split": ["2023-01-02", "2024-01-04"]},
            "split",
            "{source}: {split} leaves the {part} part",
            "the data reach from {first} to {last}; give",
        ),
        (
            {"split": ["2024-01-02", "2024-01-04", "2025-01-01"]},
            "split",
            "{source}: {split} ends after the data",
            "the data reach from {first} to {last};",
        ),
        (
            {"frequency": "fortnight"},
            "frequency",
            "{setting} is not a frequency",
            "for example 15min, h, D, W-MON, MS",
        ),
        ({"timezone": "Mars"}, "timezone", "{setting} is not a time zone", "for example Europe/Lisbon or UTC"),
        (
            {"covariates": {"holiday": "known"}},
            "covariates.holiday",
            "{setting} does not name a country",
            "the table has no column holiday; give a",
        ),
        (
            {"covariates": {"holiday": "Atlantis"}},
            "covariates.holiday",
            "{setting} is not a country or subdivision",
            "give an ISO 3166 code such as DE, CN or US-MN",
        ),
        (
            {"target": ["load"], "covariates": {"load": "known"}},
            "covariates",
            "the column {column!r} is named twice among",
            "name each column once; a model always reads",
        ),
        (
            {"target": ["lod"]},
            "target",
            "{source} has no column {column!r}",
            "did you mean {guess!r}? choices: {choices}",
        ),
        (
            {"description": "x" * 5000},
            "description",
            "{setting} has {count} characters, more than",
            "it becomes part of every prompt; write one",
        ),
        (
            {"header": 900},
            "header",
            "{setting}, but {source} has only {rows} rows",
            "{setting} is the number of the row of the",
        ),
        ({"encoding": "utf-99"}, "encoding", "{setting} is not an encoding", "for example utf-8, cp1252 or gb18030"),
        ({"rows": 0}, "rows", "{setting} must be {kind}", ""),
    ],
)
def test_an_error_in_an_option_of_the_data_is_a_sentence_with_advice_and_names_its_key(
    tmp_path: Path, options: dict[str, object], field: str, sentence: str, advice_sentence: str
) -> None:
    path = hourly_file(tmp_path)

    def read_and_split() -> None:
        panel, _ = load_panel({"path": str(path), **options})
        split_panel(panel, DataOptions.from_config(options).split, 24, 6)

    with pytest.raises(TimeVisError) as error:
        read_and_split()
    advice = error.value.advice
    assert error.value.message.code.startswith(sentence)
    assert (advice is None) == (advice_sentence == "")
    assert advice is None or advice.code.startswith(advice_sentence)
    assert error.value.field == f"data.{field}"


def test_advice_on_a_short_series_names_its_parts() -> None:
    with pytest.raises(DataError) as error:
        make_split(100, parse_split([0.7, 0.1, 0.2]), 80, 12)
    advice = error.value.advice
    assert advice is not None
    coded = advice.to_json()
    assert coded["code"] == "{rows_needed}{parts}; give more rows, a smaller {keys}, or another {split}{fitting}"
    assert coded["params"]["rows_needed"]["params"]["rows"] == 132
    first = coded["params"]["parts"][0]["params"]
    assert (first["part"]["code"], first["rows"], first["needed"]) == ("training", 70, 92)
    assert str(advice) == (
        "about 132 rows are needed; the training part has 70 rows and needs 92, the validation part has 10 rows and "
        "needs 12; give more rows, a smaller context_length or horizon, or another data.split; "
        "context_length=43, horizon=5 would fit"
    )


def test_an_error_of_another_process_keeps_its_texts() -> None:
    error = explain(OSError(errno.ENOSPC, "No space left on device", "/runs/a/last.ckpt"))
    sent = json.loads(json.dumps(error.to_json()))
    received = TimeVisError.from_json(sent)
    assert str(received) == str(error)
    assert received.message.to_json() == error.message.to_json()
    assert sent["error_code"]["params"]["cause"] == {"code": "disk-full", "params": {}, "text": "the disk is full"}
