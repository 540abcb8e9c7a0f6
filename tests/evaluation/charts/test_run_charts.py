import pytest

from timevis.report.charts import training_charts
from timevis.runs.record import RunRecord


@pytest.mark.parametrize("log_interval", [1, 3, 50])
def test_the_tuning_curve_ends_with_the_fit_however_rarely_the_loss_is_logged(finished_run, log_interval):
    steps = ("model.fit.max_epochs=3", "model.fit.steps_per_epoch=4", f"trainer.log_every_n_steps={log_interval}")
    record = RunRecord.load(finished_run("model=lstm", *steps))
    charts = {chart.name: chart.marks[0] for chart in training_charts(record)}
    steps, values = record.history.curve("val/relative_wql")
    assert steps == [12]
    assert values == [pytest.approx(record.results.validation["relative_wql"])]
    assert list(charts["tuning_relative_wql"].x) == [3, 7, 11]
    assert ("train_loss" in charts) == (log_interval < 50)
