"""Three commands that fit a finished run: forecast, improve, compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timevis.evaluation.verdict import verdict_of
from timevis.messages import Text
from timevis.runs.record import RunRecord
from timevis.utils.commands import command_line, train_command
from timevis.utils.files import display_path

LEARNED_MODEL, SIMPLE_MODEL = "lstm", "linear"
"""The model to compare with, and the model to compare with if the run used `LEARNED_MODEL`."""


@dataclass(frozen=True)
class NextStep:
    """A sentence and a command."""

    text: Text
    command: str


def next_steps(record: RunRecord) -> list[NextStep]:
    """Forecast beyond the data, mend what the verdict found, and compare with another model."""
    forecast = NextStep(
        Text("forecast-next-rows", "Forecast the rows after the data."),
        command_line("timevis", "predict", _folder(record)),
    )
    return [forecast, _improvement(record), _comparison(record)]


def _improvement(record: RunRecord) -> NextStep:
    """The change that the findings call for most."""
    codes = {finding.code for finding in verdict_of(record.results).findings}
    recalibration, model = record.results.recalibration, record.config["model"]
    method = recalibration.method if recalibration else "none"
    unread = unread_observed_covariates(record)
    if codes & {"intervals-too-narrow", "intervals-unusable"} and method != "online":
        text = Text("recalibrate-narrow", "Recalibrate the intervals, which are too narrow.")
        return NextStep(text, _again(record, conformal="online"))
    if "intervals-too-wide" in codes and method == "none":
        text = Text("recalibrate-wide", "Recalibrate the intervals, which are too wide.")
        return NextStep(text, _again(record, conformal="split"))
    if unread and model["name"] == LEARNED_MODEL and model["covariates"] == "known":
        text = Text(
            "read-observed-covariates",
            "Let the model also read covariates that are observed up to the origin: {names}.",
            names=unread,
        )
        return NextStep(text, _again(record, False, **{"model.covariates": "all"}))
    if "test-unlike-validation" in codes:
        text = Text(
            "score-other-dates", "The test part is unlike validation: score other dates too, with the same model."
        )
        return NextStep(text, command_line("timevis", "predict", _folder(record), "--rescore", "--start", "DATE"))
    seed = record.results.run.seed
    if record.results.cost.trainable_parameters and record.history.rows:
        text = Text("train-other-seeds", "Train with other seeds, to see how much the scores depend on chance.")
        return NextStep(text, _again(record, several=True, seed=f"{seed + 1},{seed + 2}"))
    return NextStep(
        Text("score-longer-horizon", "Score a longer horizon."), _again(record, horizon=2 * record.horizon)
    )


def _comparison(record: RunRecord) -> NextStep:
    """A run of another model on the same windows."""
    model = record.results.run.model
    other = SIMPLE_MODEL if model == LEARNED_MODEL else LEARNED_MODEL
    window_set = record.results.window_set
    lengths = {"context_length": window_set.context_length, "horizon": window_set.horizon}
    text = Text(
        "train-other-model",
        "Train {model} on the same windows, and compare both runs with timevis compare.",
        model=other,
    )
    overrides = [o for o in _overrides(record) if o.startswith(("data", "evaluation."))]
    return NextStep(text, command_line(train_command(), *overrides, f"model={other}", **lengths))


def _again(record: RunRecord, several: bool = False, **changes: Any) -> str:
    """The command of the run with changed keys."""
    kept = [o for o in _overrides(record) if not o.startswith(("hydra", *(f"{key}=" for key in changes)))]
    return command_line(train_command(), *(["-m"] if several else []), *kept, **changes)


def _overrides(record: RunRecord) -> list[str]:
    """The overrides that started the run; model and data of its config if it was not started by a command line."""
    if record.overrides:
        return record.overrides
    data = record.config["data"]
    source = ["data=file", f"data.path={data['path']}"] if data.get("path") else [f"data={data['name']}"]
    return [f"model={record.config['model']['name']}", *source]


def _folder(record: RunRecord) -> str:
    return str(display_path(record.folder))


def unread_observed_covariates(record: RunRecord) -> list[str]:
    """Names of covariates of kind ``observed`` that the model did not read."""
    read = record.results.run.covariates_read
    return [n for n, c in record.data_report["covariates"].items() if c["kind"] == "observed" and n not in read]
