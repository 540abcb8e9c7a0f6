from timevis.evaluation.charts import training_charts
from timevis.evaluation.run_record import RunRecord


def test_the_curve_of_validation_ends_with_the_fit(finished_run):
    run = finished_run("model=lstm", "model.fit.max_epochs=3", "model.fit.steps_per_epoch=4")
    record = RunRecord.load(run)
    loss, validation = (chart.marks[0] for chart in training_charts(record))
    assert record.history["val/wql"].notna().sum() == 4  # the best weights were validated again
    assert len(validation.x) == 3
    assert validation.x[-1] == loss.x[-1]
