"""Settings with which the real config runs in seconds."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

TINY = (
    "data=synthetic",
    "data.rows=600",
    "context_length=24",
    "horizon=6",
    "trainer=cpu",
    "trainer.log_every_n_steps=1",
    "logger=none",
    "evaluation.max_windows=20",
    "evaluation.val_windows=10",
    "evaluation.num_samples=8",
    "evaluation.save_windows=8",
)
TINY_WITHOUT_HORIZON = tuple(o for o in TINY if not o.startswith("horizon"))
TINY_LSTM = (
    "model=lstm",
    "model.hidden_size=8",
    "model.num_layers=2",
    "model.dropout=0.3",
    "model.segment_length=6",
    "model.fit.batch_size=16",
    "model.fit.max_epochs=3",
    "model.fit.steps_per_epoch=4",
)
