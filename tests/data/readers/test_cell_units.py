"""Numbers with a unit in their cell: currencies, percent signs and the parentheses of negative amounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.catalog import load_panel
from timevis.data.new_files import append_rows, load_files
from timevis.data.options import DataOptions
from timevis.data.panel import Panel
from timevis.data.quality.quality_report import QualityReport
from timevis.data.readers.numbers import CODES, name_of_unit, parse_number_columns
from timevis.errors import DataError
from timevis.evaluation.verdict import verdict_of
from timevis.inference.predict import predict
from timevis.runs.folder import RunFolder

DAYS = pd.date_range("2023-01-01", periods=400)
SALES = np.round(400 + 50 * np.sin(np.arange(400) * 2 * np.pi / 7) + np.random.default_rng(0).normal(0, 9, 400), 2)
CUSTOMERS = np.random.default_rng(1).integers(20, 60, 400)


def shop(path: Path, sales: list[str] | list[Any], days: pd.DatetimeIndex = DAYS, sep: str = ",") -> Path:
    count = len(sales)
    frame = pd.DataFrame({"date": days[:count].astype(str), "sales": sales, "customers": CUSTOMERS[:count]})
    if path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif path.suffix == ".json":
        frame.to_json(path, orient="records")
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep=sep)
    return path


def read(path: Path, **options: Any) -> tuple[Panel, QualityReport]:
    return load_panel({"path": str(path), **options})


@pytest.mark.parametrize("name", ["shop.csv", "shop.xlsx", "shop.json", "shop.parquet"])
@pytest.mark.parametrize("target", [{}, {"target": ["sales"]}])
def test_sales_in_euros_are_a_channel_with_its_unit(name: str, target: dict[str, Any], tmp_path: Path) -> None:
    panel, report = read(shop(tmp_path / name, [f"{x:.2f} €" for x in SALES]), **target)
    assert panel.channels == (("sales",) if target else ("sales", "customers"))
    np.testing.assert_array_equal(panel.values[:, 0], SALES.astype(np.float32))
    assert (panel.card.unit_of("sales"), report.numbers_left_out) == ("€", {})
    first = f"{SALES[0]:.2f} €"
    assert f"numbers such as {first!r} in 'sales' are read as {SALES[0]} with the unit €" in map(str, report.notes)


def with_point(x: float) -> str:
    return f"{x:,.2f}"


def with_comma(x: float) -> str:
    return f"{x:,.2f}".translate(str.maketrans(",.", ".,"))


def with_blanks(blank: str) -> Callable[[float], str]:
    return lambda x: f"{x:,.2f}".replace(",", blank).replace(".", ",")


FORMATS: list[Callable[[float], str]] = [
    with_point,
    with_comma,
    with_blanks(" "),
    with_blanks("\u00a0"),
    with_blanks("\u202f"),
    lambda x: f"{x:,.2f}".replace(",", "'"),
    lambda x: f"{x:,.2f}".replace(",", "’"),
]
UNITS = [
    "€",
    "$",
    "£",
    "¥",
    "CHF",
    "EUR",
    "USD",
    "kr",
    "kr.",
    "zł",
    "Kč",
    "US$",
    "R$",
    "Fr.",
    "%",
    "‰",
    "元",
    "₹",
    "SEK",
]
NEGATIVES: list[Callable[[str], str]] = [
    lambda cell: f"-{cell}",
    lambda cell: f"\u2212{cell}",
    lambda cell: f"({cell})",
    lambda cell: f"{cell}-",
]


@settings(max_examples=200, deadline=None)
@given(
    numbers=st.lists(st.integers(-(10**9), 10**9).map(lambda n: n / 100), min_size=1, max_size=8),
    form=st.sampled_from(FORMATS),
    unit=st.sampled_from([*UNITS, ""]),
    is_before=st.booleans(),
    gap=st.sampled_from(["", " ", "\u00a0", "\u202f"]),
    negative=st.sampled_from(NEGATIVES),
)
def test_a_number_that_is_written_with_a_unit_is_read_as_the_number(
    numbers: list[float], form: Callable[[float], str], unit: str, is_before: bool, gap: str, negative: Any
) -> None:
    def write(x: float) -> str:
        parts = [unit, form(abs(x))] if is_before else [form(abs(x)), unit]
        cell = gap.join(filter(None, parts))
        return negative(cell) if x < 0 else cell

    frame = pd.DataFrame({"x": pd.array([write(x) for x in numbers], dtype="str")})
    units = parse_number_columns(frame, None, [], "t.csv")
    assert frame["x"].astype(float).tolist() == numbers
    assert units == ({"x": unit} if unit else {})


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["12.30", "(12.30)", "7.5"], [12.3, -12.3, 7.5]),
        (["12.30-", "1.5", "2"], [-12.3, 1.5, 2]),
        (["(€1,234.50)", "€ 7.00", "€-3.25"], [-1234.5, 7, -3.25]),
        (["CHF 1’234.50", "CHF -2.00"], [1234.5, -2]),
        (["5,00- EUR", "1.234,50 EUR"], [-5, 1234.5]),
        (["%12,5", "%0,9"], [12.5, 0.9]),
        (["0.9 %", "0", "-1.2 %"], [0.9, 0, -1.2]),
        (["12 €", "13", "-", "14 EUR"], [12, 13, np.nan, 14]),
        (["1.5e3 €", "2e3 €"], [1500, 2000]),
    ],
)
def test_amounts_are_read_as_people_write_them(cells: list[str], values: list[float]) -> None:
    frame = pd.DataFrame({"x": pd.array(cells, dtype="str")})
    parse_number_columns(frame, None, [], "t.csv")
    np.testing.assert_array_equal(frame["x"].astype(float), values)


def test_every_code_of_a_currency_is_a_unit_and_words_are_none() -> None:
    for code in CODES:
        frame = pd.DataFrame({"x": pd.array([f"{code} 12.50", f"7.25 {code}"], dtype="str")})
        assert parse_number_columns(frame, None, [], "t.csv").keys() == {"x"}
        assert frame["x"].tolist() == [12.5, 7.25]
    for text in ("12 all", "5 top", "12 Main Street", "3A", "12:30", "2024-01-01", "1.2.3", "5 € 6", "((5))", "--5"):
        frame = pd.DataFrame({"x": pd.array([text, text], dtype="str")})
        assert parse_number_columns(frame, None, [], "t.csv") == {}
        assert frame["x"].tolist() == [text, text]


def test_the_spellings_of_one_currency_are_one_unit() -> None:
    for spellings in (("€", "EUR", "Euro"), ("zł", "PLN"), ("£", "GBP"), ("元", "RMB", "CNY")):
        assert len({name_of_unit(s) for s in spellings}) == 1
    assert name_of_unit("$") != name_of_unit("A$") != name_of_unit("US$")


@pytest.mark.parametrize(
    ("cells", "units"),
    [
        (["391.77 €", "402.15 $"], "€, $"),
        (["EUR 391.77", "USD 402.15"], "EUR, USD"),
        (["10 %", "12.5"], "%, none"),
    ],
)
def test_a_column_in_different_units_is_left_out_with_the_reason(
    cells: list[str], units: str, tmp_path: Path
) -> None:
    path = shop(tmp_path / "shop.csv", (cells * 200)[:400])
    if units == "%, none":  # at least half of the cells are numbers, so that the others are errors
        with pytest.raises(DataError, match=r"row 2, column 'sales' contains text.*10 %"):
            read(path)
        return
    panel, report = read(path)
    assert panel.channels == ("customers",)
    assert str(report.left_out["sales"]) == f"contains numbers in different units: {units}"
    assert report.numbers_left_out.keys() == {"sales"}
    with pytest.raises(DataError, match=f"contains numbers in different units: {units}".replace("$", r"\$")):
        read(path, target=["sales"])


def test_other_text_among_amounts_is_an_error_that_names_the_cell(tmp_path: Path) -> None:
    cells = [f"{x:.2f} €" for x in SALES]
    cells[7] = "closed"
    with pytest.raises(DataError, match="row 9, column 'sales' contains text: 'closed'"):
        read(shop(tmp_path / "shop.csv", cells))
    panel, report = read(tmp_path / "shop.csv", missing_values=["closed"])
    assert np.isnan(panel.values[7, 0])
    assert np.isfinite(panel.values[:7, 0]).all()
    assert (panel.card.unit_of("sales"), report.sentinels["sales"]["count"]) == ("€", 1)


def test_the_decimal_mark_of_amounts_is_the_one_of_the_file(tmp_path: Path) -> None:
    amounts = ["1.250 €", "2.500 €", "803 €"]
    path = shop(tmp_path / "shop.csv", (amounts * 134)[:400], sep=";")
    with pytest.raises(DataError, match="may be a decimal mark or a thousands separator"):
        read(path)
    assert read(path, decimal="comma")[0].values[:3, 0].tolist() == [1250, 2500, 803]
    assert read(path, decimal="point")[0].values[:3, 0].tolist() == [1.25, 2.5, 803]
    german = shop(tmp_path / "german.csv", [with_comma(x) + " €" for x in SALES], sep=";")
    np.testing.assert_array_equal(read(german)[0].values[:, 0], SALES.astype(np.float32))


def test_a_unit_is_kept_when_rows_are_appended_and_another_currency_is_refused(tmp_path: Path) -> None:
    later = pd.date_range(DAYS[-1] + pd.Timedelta(days=1), periods=20)
    earlier = shop(tmp_path / "shop.csv", [f"{x:.2f} €" for x in SALES])
    _, report = read(earlier)
    stored = json.loads(json.dumps(report.to_dict()))
    newer = shop(tmp_path / "newer.csv", [f"{x:.2f} EUR" for x in SALES[:20]], later)
    assert append_rows(earlier, newer, tmp_path / "all.parquet", {}, stored) == 20
    panel, _ = read(tmp_path / "all.parquet")
    assert (len(panel), panel.card.unit_of("sales")) == (420, "€")
    dollars = shop(tmp_path / "dollars.csv", [f"${x:.2f}" for x in SALES[:20]], later)
    with pytest.raises(DataError, match=r"dollars\.csv: the numbers of column 'sales' have the unit \$, but .* €"):
        append_rows(earlier, dollars, tmp_path / "more.parquet", {}, stored)
    assert not (tmp_path / "more.parquet").exists()
    options = DataOptions.from_config({"name": "file", "path": "shop.csv"})
    with pytest.raises(DataError, match="have the unit"):
        load_files([dollars], options, panel.channels, units={"sales": "€"})
    (item,) = load_files([dollars], options, panel.channels, units={"sales": "Euro per day"}).values()
    assert len(item) == 20


@pytest.mark.parametrize(
    ("cells", "is_named"),
    [
        (["12 pcs", "15 pcs", "none"], True),
        (["$12k", "$13k"], True),
        (["no 1", "no 2"], False),
        (["sunny", "3 clouds", "rain"], False),
        (["08:30", "17:15"], False),
        (["3 May 2024", "4 May 2024"], False),
    ],
)
def test_a_text_column_that_mostly_begins_with_numbers_is_named(
    cells: list[str], is_named: bool, tmp_path: Path
) -> None:
    _, report = read(shop(tmp_path / "shop.csv", (cells * 200)[:400]))
    assert "sales" in report.left_out
    assert ("sales" in report.numbers_left_out) == is_named


def test_a_column_that_the_user_did_not_choose_is_not_named(tmp_path: Path) -> None:
    _, report = read(shop(tmp_path / "shop.csv", ["12 pcs", "13 pcs"] * 200), target=["customers"])
    assert report.numbers_left_out == {}


@pytest.mark.parametrize("multirun", [False, True])
def test_a_run_ends_with_a_warning_about_numbers_that_it_did_not_read(
    multirun: bool, tmp_path: Path, train_in_process: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    path, run = shop(tmp_path / "shop.csv", [f"{x:.2f} pcs" for x in SALES]), tmp_path / "run"
    fast = ("model=seasonal_naive", "logger=none", f"hydra.run.dir={run}", f"hydra.sweep.dir={run}")
    assert train_in_process("data=file", f"data.path={path}", *fast, *(["-m"] if multirun else [])) == 0
    printed = " ".join("".join(capsys.readouterr()).split())
    warning = "The column 'sales' is not used, although most of its cells begin with a number: it contains numbers "
    assert printed.rfind(warning) > printed.rfind("on shop, 1 channel") > 0
    if multirun:
        return
    (finding,) = [f for f in verdict_of(RunFolder(run).results).findings if f.code == "numbers-not-read"]
    assert finding.severity == "warning"
    assert warning.replace("'", "&#39;") in (run / "report.html").read_text(encoding="utf-8")
    assert len(predict(run)) == RunFolder(run).config.horizon
