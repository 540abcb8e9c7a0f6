"""The terminal shows the same names and numbers as the report."""

import io

from rich.console import Console
from run_results import changed

from timevis.evaluation.verdict import summary_line
from timevis.report.console import print_results
from timevis.report.sections import cost_rows, metric_rows
from timevis.runs.record import RunRecord
from timevis.runs.results import Interval


def test_the_table_in_the_terminal_has_the_names_and_numbers_of_the_report(finished_run):
    record = RunRecord.load(finished_run("model=linear"))
    results = record.results
    console = Console(record=True, width=120, file=io.StringIO())
    print_results(results, console)
    lines = console.export_text().splitlines()
    for row in metric_rows(record):
        assert any(row["name"] in line and row["value"] in line and row["naive"] in line for line in lines), row
    for name, value in cost_rows(results):
        assert any(name in line and value in line for line in lines), name


def test_the_title_of_the_table_of_a_rescored_run_has_its_dates(finished_run):
    times = {"run.first_target": "2024-01-10 00:00:00", "run.last_target": "2024-01-12 23:00:00"}
    results = RunRecord.load(finished_run("model=linear")).results
    results = changed(results, {**times, "run.rescored_from": "earlier", "run.seen_origins": 0})
    console = Console(record=True, width=120, file=io.StringIO())
    print_results(results, console)
    assert "linear on 2024-01-10 00:00 to 2024-01-12 23:00 of synthetic, windows: " in console.export_text()


def test_a_skill_without_an_interval_has_no_brackets(finished_run):
    results = RunRecord.load(finished_run("model=linear")).results
    assert " to " in summary_line(results)
    assert summary_line(changed(results, {"skill.wql": Interval(0.0, None, None)})).endswith(
        "skill against seasonal naive 0"
    )


def test_metrics_in_the_unit_of_the_data_name_the_unit_or_say_that_it_is_not_known(finished_run):
    record = RunRecord.load(finished_run("model=linear"))
    several = {name: str(i) for i, name in enumerate(record.channels)}
    for units, unit, text in ((several, "", "different units"), ({}, "kW", "in kW"), ({}, "", "units are not known")):
        record.data_report["card"] = {"units": units, "unit": unit}
        descriptions = {row["name"]: row["description"] for row in metric_rows(record)}
        assert {name for name, description in descriptions.items() if text in description} == {
            "MAE",
            "RMSE",
            "CRPS",
            "Bias",
        }
