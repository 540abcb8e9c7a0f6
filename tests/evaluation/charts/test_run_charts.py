import pytest

from timevis.evaluation.charts.run_charts import training_charts
from timevis.runs.record import RunRecord


@pytest.mark.parametrize("every", [1, 3, 50])
def test_the_curve_of_validation_ends_with_the_fit(finished_run, every):
    """However seldom the loss is logged: the last of it may lie before the last validation, or there is none."""
    steps = ("model.fit.max_epochs=3", "model.fit.steps_per_epoch=4", f"trainer.log_every_n_steps={every}")
    record = RunRecord.load(finished_run("model=lstm", *steps))
    charts = {chart.name: chart.marks[0] for chart in training_charts(record)}
    assert record.history["val/wql"].notna().sum() == 4  # the best weights were validated again
    assert list(charts["val_wql"].x) == [3, 7, 11]
    assert ("train_loss" in charts) == (every < 50)
