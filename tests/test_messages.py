"""Texts on data have a code, so that a page can word them; the page has Chinese words for each."""

from __future__ import annotations

import copy
import errno
import json
import pickle
import re
import string
from pathlib import Path

import pandas as pd
import pytest

from timevis.config.options import check_choice
from timevis.data.catalog import load_panel
from timevis.data.options import DataOptions
from timevis.data.quality.findings import data_findings
from timevis.data.split.make_split import make_split, split_panel
from timevis.data.split.spec import DEFAULT_SPLIT
from timevis.errors import ConfigError, DataError, TimeVisError
from timevis.messages import (
    CODED_MESSAGES,
    PARAMS_OF_ENGLISH,
    Message,
    code_and_params,
    error_from_json,
    error_to_json,
    message,
    message_of,
)
from timevis.utils.explain import explain

CHINESE = Path(__file__).resolve().parents[1] / "frontend/src/i18n/zh/service.ts"


def params_of(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_the_chinese_page_has_words_for_every_text_and_only_uses_its_parameters() -> None:
    words = dict(re.findall(r'^  "?([\w-]+)"?:\s*"(.*)",$', CHINESE.read_text(encoding="utf-8"), re.MULTILINE))
    assert words.keys() == CODED_MESSAGES.keys()
    for code, text in words.items():
        allowed = params_of(CODED_MESSAGES[code])
        allowed |= {PARAMS_OF_ENGLISH[name] for name in allowed if name in PARAMS_OF_ENGLISH}
        assert set(re.findall(r"\{(\w+)\}", text)) <= allowed, code
        assert not set(re.findall(r"\{(\w+)\}", text)) & PARAMS_OF_ENGLISH.keys(), f"{code} has English in it"
        assert re.search("[\u4e00-\u9fff]", text), code


def test_a_message_keeps_its_code_when_it_is_copied_pickled_or_sent_as_json() -> None:
    text = message("split-part-empty", source="load", split="[0.7, 0.1, 0.2]", part=message("part_test"))
    assert text == "load: data.split=[0.7, 0.1, 0.2] leaves the test part without a row"
    for other in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert isinstance(other, Message)
        assert code_and_params(other) == code_and_params(text)
    sent = json.loads(json.dumps(code_and_params(text)))
    assert sent["params"]["part"] == {"code": "part_test", "params": {}}
    assert (message_of(sent), message_of(sent).params) == (text, text.params)


def test_a_message_lacks_no_parameter_that_another_language_needs() -> None:
    with pytest.raises(KeyError, match="row"):
        message("series-name-empty", source="a.csv", place="row 3", column="site")


def test_an_error_on_a_cell_has_a_code_with_the_row_and_advice_with_a_code(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    times = pd.date_range("2024-01-01", periods=200, freq="h")
    cells = ["fault" if row in (7, 9) else f"{row % 24}.5" for row in range(200)]
    pd.DataFrame({"time": times, "load": cells}).to_csv(path, index=False)
    with pytest.raises(DataError) as found:
        load_panel({"path": str(path)})
    coded = code_and_params(found.value.message)
    assert coded is not None
    assert coded["code"] == "text-in-number-column"
    assert {key: coded["params"][key] for key in ("row", "column", "count")} == {
        "row": 9,
        "column": "load",
        "count": 2,
    }
    assert code_and_params(found.value.advice) == {"code": "write-numbers", "params": {}}


def test_notes_of_reading_and_reasons_of_unused_columns_are_findings_with_codes(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    times = pd.date_range("2024-01-01", periods=200, freq="h")
    frame = pd.DataFrame({"time": times, "load": [row % 24 + 0.5 for row in range(200)], "site": "north"})
    frame.to_csv(path, index=False, sep=";")
    report = load_panel({"path": str(path)})[1].to_dict()
    found = {finding.code: finding for finding in data_findings(json.loads(json.dumps(report)))}
    assert found["note_delimiter"].params["character"] == ";"
    assert found["note_time_column"].params == {"column": "time"}
    assert found["note_time_column"].text == "The time column is 'time'."
    assert found["unused_columns"].params["reasons"]["site"] == {"code": "holds_text", "params": {}}


def test_the_name_that_was_probably_meant_is_advice_with_a_code() -> None:
    with pytest.raises(ConfigError) as found:
        check_choice("adamm", ["adam", "sgd"], "model.fit.optimizer")
    assert str(found.value) == (
        "model.fit.optimizer='adamm' is not a choice\n  did you mean 'adam'? choices: adam, sgd"
    )
    assert code_and_params(found.value.message) == {
        "code": "not-a-choice-of-key",
        "params": {"key": "model.fit.optimizer", "value": "adamm"},
    }
    assert code_and_params(found.value.advice) == {
        "code": "did-you-mean-of",
        "params": {"guess": "adam", "choices": "adam, sgd"},
    }


@pytest.mark.parametrize(
    ("options", "code", "advice_code"),
    [
        ({"split": [0.7, 0.1]}, "not-a-split", "forms-of-split"),
        ({"split": [0.7, 0.3, 0.2]}, "split-numbers", "forms-of-split"),
        ({"split": ["2024-01-02", "2024-13-01"]}, "split-time", "forms-of-split"),
        ({"split": {"val": 150, "test": 50}}, "split-part-empty", "fewer-last-rows"),
        ({"split": ["2023-01-02", "2024-01-04"]}, "split-part-empty", "increasing-times"),
        ({"split": ["2024-01-02", "2024-01-04", "2025-01-01"]}, "split-after-data", "without-third-time"),
        ({"frequency": "fortnight"}, "not-a-frequency", "examples-of-frequencies"),
        ({"covariates": {"holiday": "known"}}, "holiday-without-country", "name-country-of-holidays"),
        ({"covariates": {"holiday": "Atlantis"}}, "country-without-holidays", "give-country-code"),
        ({"target": ["load"], "covariates": {"load": "known"}}, "column-named-twice", "name-columns-once"),
        ({"description": "x" * 5000}, "description-too-long", "shorter-description"),
        ({"rows": 0}, "value-not-of-kind", None),
    ],
)
def test_an_error_in_an_option_of_the_data_has_a_code(
    tmp_path: Path, options: dict[str, object], code: str, advice_code: str | None
) -> None:
    path = tmp_path / "load.csv"
    times = pd.date_range("2024-01-01", periods=200, freq="h")
    pd.DataFrame({"time": times, "load": [row % 24 + 0.5 for row in range(200)]}).to_csv(path, index=False)

    def read_and_split() -> None:
        panel, _ = load_panel({"path": str(path), **options})
        split_panel(panel, DataOptions.from_config(options).split, 24, 6)

    with pytest.raises(TimeVisError) as found:
        read_and_split()
    codes = [(code_and_params(text) or {}).get("code") for text in (found.value.message, found.value.advice)]
    assert codes == [code, advice_code]


def test_advice_on_a_short_series_names_its_parts_with_codes() -> None:
    with pytest.raises(DataError) as found:
        make_split(100, DEFAULT_SPLIT, 80, 12)
    coded = code_and_params(found.value.advice)
    assert coded is not None
    assert coded["code"] == "lengthen-or-shorten"
    assert coded["params"]["rows_needed"]["params"]["rows"] == 132
    first = coded["params"]["parts"]["params"]["first"]["params"]
    assert (first["part"]["code"], first["rows"], first["needed"]) == ("part_training", 70, 92)
    assert message_of(coded) == found.value.advice
    assert found.value.advice == (
        "about 132 rows are needed; the training part has 70 rows and needs 92, the validation part has 10 rows and "
        "needs 12; give more rows, a smaller context_length or horizon, or another data.split; "
        "context_length=43 horizon=5 would fit"
    )


def test_an_error_of_another_process_keeps_its_codes() -> None:
    error = explain(OSError(errno.ENOSPC, "No space left on device", "/runs/a/last.ckpt"))
    sent = json.loads(json.dumps(error_to_json(error)))
    found = error_from_json(sent)
    assert str(found) == str(error)
    assert code_and_params(found.message) == code_and_params(error.message)
    assert sent["error_code"]["params"]["cause"] == {"code": "disk_full", "params": {}}
    assert str(error_from_json({"error": "no code", "advice": None})) == "no code"
