"""`timevis report` writes the report of a finished run again."""

import shutil

import pytest

from timevis.cli.main import main


@pytest.fixture
def run(finished_run, tmp_path):
    return shutil.copytree(finished_run("model=linear"), tmp_path / "run")


def test_the_report_is_written_in_both_languages(run, capsys):
    assert not (run / "report.html").exists()
    assert main(["report", str(run)]) == 0
    english = (run / "report.html").read_text()
    assert "Worst events" in english
    assert main(["report", str(run), "--language", "zh"]) == 0
    assert "误差最大的时段" in (run / "report.zh.html").read_text()
    assert (run / "report.html").read_text() == english
    assert capsys.readouterr().out.splitlines() == [
        f"report: {run / name}" for name in ("report.html", "report.zh.html")
    ]


def test_a_folder_without_a_run_is_named(tmp_path, capsys):
    assert main(["report", str(tmp_path), "--language", "zh"]) == 1
    assert "not a run folder" in capsys.readouterr().err
