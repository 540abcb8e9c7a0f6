"""The report of a run in Chinese has no English but names."""

import json
import re
from html.parser import HTMLParser

import pytest
from tiny import TINY_LSTM

import timevis
from timevis.messages import Text
from timevis.messages.translation import catalogue
from timevis.report.page import report_page
from timevis.runs.record import RunRecord
from timevis.utils.language import in_language

NAMES = (
    "TimeVis timevis WQL MASE MAE MSE RMSE SQL CRPS WAPE sMAPE PIT UTC Git PNG MiB cpu pinball lstm linear "
    "results json windows parquet plots compare train loss tuning relative_wql"
)
"""Products, models, metrics, files, units and keys of metrics.csv."""
LATIN_WORD = re.compile(r"[A-Za-z_]{2,}")
DATE_FORMAT = re.compile(r"%-?[A-Za-z]")


class Shown(HTMLParser):
    """The texts of a page, without commands, config keys and the values beside these, and its embedded JSON."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.figures: list = []
        self.skipped_cells = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in ("meta", "br"):
            self.open.append("json" if attributes.get("type") == "application/json" else tag)
        self.texts += [attributes[name] or "" for name in ("aria-label", "title") if name in attributes]
        if tag == "tr":
            self.skipped_cells = False
        if tag == "code":
            self.skipped_cells = True

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "json":
            self.figures.append(json.loads(data))
        elif self.open and not self.skipped_cells and not {"script", "style", "pre", "code"} & set(self.open):
            self.texts.append(data)


def texts_of_figures(value, key=""):
    """Titles, legends, categories and labels of figures of plotly, and the words of its locale."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in ("type", "mode", "anchor", "fill", "step", "stepmode", "orientation", "side", "rangemode"):
                yield from texts_of_figures(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of_figures(item, key)
    elif isinstance(value, str) and key in ("text", "title", "name", "label", "value", "x", "y", *LOCALE_KEYS):
        yield DATE_FORMAT.sub("", value)


LOCALE_KEYS = ("Double-click to zoom back out", "months", "shortMonths", "days", "shortDays", "month", "dayMonth")


def english_words(page: str, names: list[str]) -> list[str]:
    """The Latin words of a page that are in none of the names, each with the text around it."""
    shown = Shown(page)
    assert len(shown.texts) > 300
    assert len(shown.figures) > 10
    found, names_everywhere = list[str](), NAMES.split()
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    of_data = re.compile(rf"(?<![A-Za-z_])({'|'.join(longest_first)})(?![A-Za-z_])")
    for text in (*shown.texts, *texts_of_figures(shown.figures)):
        words = LATIN_WORD.findall(of_data.sub(" ", text))
        found += [f"{word}: {text.strip()}" for word in words if word not in names_everywhere]
    return found


def names_of(record: RunRecord) -> list[str]:
    """Names that a run and its data bring along, and the text of the data card."""
    run, card = record.results.run, record.data_report["card"]
    names = [
        run.label,
        run.data,
        run.model,
        record.folder.name,
        *record.channels,
        *run.versions,
        *run.versions.values(),
    ]
    names += [card["description"], card["domain"], card["unit"], *card["units"].values(), *card["notes"]]
    names += ["time", "data.target"]  # the time column of a file, and a key that a note names
    names += [record.data_report["source"], *record.data_report["covariates"], *record.data_report["left_out"]]
    return [
        name for name in (*names, *map(str, (run.git_commit, run.data_hash, record.results.window_set.hash))) if name
    ]


@pytest.fixture(scope="module", params=["lstm", "linear", "many series"])
def run(request, finished_run, plant_file):
    """Runs whose reports have all sections between them, but the texts of a language model."""
    if request.param == "many series":
        return finished_run("model=seasonal_naive", "data.channels=60", report=True)
    if request.param == "linear":
        return finished_run("model=linear", "data=file", f"data.path={plant_file}", "data.target=[a,b]", report=True)
    folder = finished_run(*TINY_LSTM, report=True)
    timevis.Run(folder).explain(windows=10)
    return folder


def test_the_report_in_chinese_has_no_english_but_names(run):
    record = RunRecord.load(run)
    page = report_page(run, "zh")
    assert '<html lang="zh-CN">' in page
    assert english_words(page, names_of(record)) == []
    for channel in record.channels[:20]:
        assert channel in page


def test_the_check_finds_english_in_texts_tables_and_charts(run):
    words = english_words((run / "report.html").read_text(), names_of(RunRecord.load(run)))
    for start in ("seasonal", "median", "Drag", "Coverage", "steps", "Mon", "Calibration", "Double"):
        assert any(word.startswith(start) for word in words), start


def test_the_report_in_english_is_the_file_of_the_run_and_a_chinese_one_changes_no_file(run):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    assert report_page(run, "zh") != (run / "report.html").read_text()
    assert report_page(run, "en") == (run / "report.html").read_text()
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_a_text_has_a_space_between_chinese_and_latin_values_and_its_own_form_of_numbers():
    text = Text("The saved windows contain values of {count} of the {channels} channels.", count=8, channels=12345)
    with in_language("zh"):
        assert str(text) == "保存的窗口只含 12 345 个通道中 8 个的数值。"
        assert text.english == "The saved windows contain values of 8 of the 12345 channels."
        assert text.to_json()["params"] == {"count": 8, "channels": 12345}
    assert str(text) == "The saved windows contain values of 8 of the 12345 channels."


def test_a_stored_text_whose_code_is_gone_stays_in_english_as_a_whole():
    part = Text("test")
    stored = Text.from_json("the test part", {"code": "no-longer-used", "params": {"part": part.to_json()}})
    assert "no-longer-used" not in catalogue("zh")
    with in_language("zh"):
        assert str(part) == "测试"
        assert str(stored) == "the test part"
