"""metrics.csv, Weights & Biases and TensorBoard record the metrics of a run, and of no other run."""

import csv
import gc
import json
import os
import re
import shlex
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imsave
from omegaconf import OmegaConf
from run_results import results_with
from tiny import TINY
from trainers import leave_out_reports
from wandb.proto.wandb_internal_pb2 import Record

from timevis.config.sections import LoggerOptions
from timevis.errors import DataError
from timevis.messages import Text
from timevis.models.backbone.files import find_backbone_folder
from timevis.runs.folder import RunFolder
from timevis.runs.reload import git_commit
from timevis.training.loggers.open_loggers import MetricsCsv, OpenLoggers
from timevis.training.loggers.privacy import HIDDEN, has_user_texts, shown_folder, sweep_title, without_user_texts
from timevis.training.loggers.wandb_run import is_logged_in
from timevis.training.run import run

BLOCK = 32768


def offline_records(folder: Path) -> list[Record]:
    """The records of an offline W&B run: the chunks of a LevelDB log behind a header of seven bytes."""
    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    data, position, parts, records = path.read_bytes(), 7, b"", []
    while position + 7 <= len(data):
        left = BLOCK - position % BLOCK
        if left < 7:
            position += left
            continue
        _, length, kind = struct.unpack("<IHB", data[position : position + 7])
        parts += data[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # whole, or the last chunk
            record = Record()
            record.ParseFromString(parts)
            records.append(record)
            parts = b""
    return records


def logged(records: list[Record]) -> tuple[list[dict], dict, dict]:
    """History rows, summary and config of offline records."""
    history: list[dict] = []
    summary: dict = {}
    config: dict = {}

    def pairs(items):
        return {".".join(i.nested_key) or i.key: json.loads(i.value_json) for i in items}

    for record in records:
        kind = record.WhichOneof("record_type")
        if kind == "history":
            history.append(pairs(record.history.item))
        elif kind == "summary":
            summary |= pairs(record.summary.update)
        elif kind in ("run", "config"):
            config |= pairs((record.run.config if kind == "run" else record.config).update)
    return history, summary, config


@pytest.fixture(scope="module")
def with_wandb(tmp_path_factory, lstm_config):
    path = tmp_path_factory.mktemp("wandb") / "my runs" / "run"
    with pytest.MonkeyPatch.context() as patch:
        leave_out_reports(patch)
        run(lstm_config("logger=wandb"), path, group="my-sweep")
    return path


def test_an_offline_wandb_run_holds_metrics_config_and_summary(with_wandb):
    records = offline_records(with_wandb)
    history, summary, config = logged(records)
    results = RunFolder(with_wandb).results
    losses = [row["train/loss"] for row in history if "train/loss" in row]
    assert len(losses) == 12
    assert config["model"]["hidden_size"] == 8
    for name, value in results.metrics.items():
        assert summary[f"test/{name}"] == pytest.approx(value.value)
    assert summary["skill/wql"] == pytest.approx(results.skill.wql.value)
    assert summary["cost/trainable_parameters"] == results.cost.trainable_parameters
    (run_record,) = [r.run for r in records if r.WhichOneof("record_type") == "run"][:1]
    assert (run_record.project, run_record.run_group) == ("timevis", shown_folder("my-sweep"))
    assert run_record.job_type == "train"
    assert set(run_record.tags) == {"synthetic", "lstm"}
    assert run_record.display_name == f"synthetic-lstm-{shown_folder('run')}"
    (exit_record,) = [r.exit for r in records if r.WhichOneof("record_type") == "exit"]
    assert exit_record.exit_code == 0


def test_every_output_names_the_backbone_with_its_size_and_fingerprint(compose_config, tmp_path, capsys):
    fit = ("model.fit.max_epochs=1", "model.fit.steps_per_epoch=2")
    run(compose_config("model=qwen_patch", *fit, "logger=wandb"), tmp_path / "run")
    about = RunFolder(tmp_path / "run").results.run.backbone
    assert about["name"] == "nano-patch"
    records = offline_records(tmp_path / "run")
    (run_record,) = [r.run for r in records if r.WhichOneof("record_type") == "run"][:1]
    size = f"{about['parameters'] / 1e6:.1f} M parameters"
    assert {"nano-patch", size, about["fingerprint"]} <= set(run_record.tags)
    assert run_record.display_name == f"synthetic-qwen_patch-nano-patch-{shown_folder('run')}"
    assert logged(records)[2]["backbone"] == about
    printed = " ".join(capsys.readouterr().out.split())
    for text in (printed, *((tmp_path / "run" / name).read_text() for name in ("train.log", "report.html"))):
        assert "qwen_patch [nano-patch]" in text
        assert f"fingerprint {about['fingerprint']}" in text
        assert re.search(r"\d parameters|\d M parameters", text)


def test_the_table_of_runs_has_the_lowest_selection_score_and_fewer_than_sixty_columns(with_wandb):
    records = offline_records(with_wandb)
    metrics = [record.metric for record in records if record.WhichOneof("record_type") == "metric"]
    (selection,) = [metric for metric in metrics if metric.name == "tuning/relative_wql"]
    assert selection.summary.min
    summary = [record.summary for record in records if record.WhichOneof("record_type") == "summary"]
    columns = {item.key or item.nested_key[0] for part in summary for item in part.update}
    assert {"val/relative_wql", "test/relative_wql_low", "skill/wql", "tuning/relative_wql", "train/loss"} <= columns
    assert len(columns) < 60


def test_a_sweep_is_a_group_named_after_what_it_varies(tmp_path):
    task = ["model=linear,lstm,alices-model", "data=traffic", "seed=range(0,3)", "model.dropout=0,0.1", "horizon=6"]
    stored = {"hydra": {"overrides": {"task": [*task, "data.alice=1,2"]}, "sweeper": {"params": None}}}
    OmegaConf.save(
        OmegaConf.create({**stored, "data": {"name": "x"}, "model": {"name": "y"}}), tmp_path / "multirun.yaml"
    )
    title = sweep_title(tmp_path / "3" / "run", tmp_path.name)
    assert title == "linear, lstm, own model on traffic by seed, dropout"
    assert sweep_title(tmp_path / "3", "another") == ""


def test_the_command_that_uploads_an_offline_run_is_quoted_for_a_shell(with_wandb):
    (line,) = [line for line in (with_wandb / "train.log").read_text().splitlines() if "wandb sync" in line]
    _, _, folder = shlex.split(line.partition("Weights & Biases: ")[2])
    assert Path(folder).parent == with_wandb / "wandb"


@pytest.mark.usefixtures("no_report")
def test_the_command_uploads_what_every_process_logged_offline(lstm_config, tmp_path):
    path = tmp_path / "run"
    run(lstm_config("logger=wandb", "trainer.max_epochs=1"), path)
    (path / "wandb/offline-run-20200101_000000-another0").mkdir()
    on = ["trainer.max_epochs=2", f"resume={path}"]
    run(lstm_config("logger=wandb", *on), path, overrides=on)
    lines = [line for line in (path / "train.log").read_text().splitlines() if "wandb sync" in line]
    first, both = (shlex.split(line.partition("Weights & Biases: ")[2])[2:] for line in lines)
    assert len(both) == 2
    assert both[0] == first[0]
    assert all(Path(folder).is_dir() for folder in both)


def write_private_series(folder: Path) -> Path:
    """Write a file of 25 days of hourly values into a folder."""
    path = folder / "private.csv"
    rows = [(f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00", 10 + i % 24 + i % 7) for i in range(24 * 25)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("time", "load"), *rows])
    return path


@pytest.mark.usefixtures("no_report")
def test_wandb_gets_no_folder_user_or_machine_name(train_in_process, tmp_path, monkeypatch):
    (tmp_path / "alices-plant").mkdir()
    weights = shutil.copytree(find_backbone_folder("nano-patch"), tmp_path / "alices-weights" / "copy")
    monkeypatch.setattr("socket.gethostname", lambda: "alices-laptop")
    monkeypatch.setenv("USER", "user-alice")
    tiny = [o for o in TINY if not o.startswith(("data", "logger"))]
    own = ["data=file", f"data.path={write_private_series(tmp_path / 'alices-plant')}", "logger=wandb"]
    model = ["model=qwen_patch", f"model.backbone.path={weights}"]
    short = ["model.fit.max_epochs=1", "model.fit.steps_per_epoch=2", f"hydra.run.dir={tmp_path / 'run'}"]
    assert train_in_process(*tiny, *own, *model, *short) == 0
    files = [path for path in (tmp_path / "run/wandb").rglob("*") if path.is_file()]
    assert not [path for path in files if b"alice" in path.read_bytes()]
    records = offline_records(tmp_path / "run")
    config = logged(records)[2]
    assert (config["data"]["path"], config["model"]["backbone"]["path"]) == (HIDDEN, HIDDEN)
    kinds = [record.WhichOneof("record_type") for record in records]
    assert "environment" not in kinds  # program, command line, machine
    assert "stats" in kinds  # how busy it was
    (run_record,) = [record.run for record in records if record.WhichOneof("record_type") == "run"][:1]
    assert (run_record.git.commit, run_record.git.remote_url, run_record.host) == (git_commit(), "", "")


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("log_data", [False, True])
def test_wandb_gets_no_word_of_the_user_unless_log_data_is_set(lstm_config, tmp_path, log_data):
    path = tmp_path / "alices-plant.csv"
    frame = pd.read_csv(write_private_series(tmp_path))
    frame.rename(columns={"time": "alices-time", "load": "alices-load"}).assign(alices_price=1.0).to_csv(path)
    cfg = lstm_config(
        *("data=file", f"data.path={path}", "data.time=alices-time", "data.target=[alices-load]"),
        *("+data.covariates.alices_price=known", "+data.unit.alices-load=alices-unit", "logger=wandb"),
        *("data.description=alices-plant", "data.missing_values=[alices-word]", f"logger.log_data={log_data}"),
        *("+callbacks.alices-timer._target_=pytorch_lightning.callbacks.Timer", "model.fit.max_epochs=1"),
    )
    run(cfg, tmp_path / "alices-run", group="alices-sweep")
    (offline,) = (tmp_path / "alices-run/wandb").glob("offline-run-*")
    sent = [*offline.glob("*.wandb"), *(path for path in offline.glob("files/**/*") if path.is_file())]
    assert any(b"alice" in path.read_bytes() for path in sent) == log_data
    _, _, config = logged(offline_records(tmp_path / "alices-run"))
    assert config["horizon"] == cfg.horizon
    assert config["data"]["unit"] == ({"alices-load": "alices-unit"} if log_data else HIDDEN)
    assert config["model"]["hidden_size"] == 8


def test_words_that_are_sent_are_those_of_timevis(compose_config):
    cfg = compose_config("model=qwen", "data=traffic", "model.prompt.text='alices prompt'", "+trainer.profiler=alice")
    shown = without_user_texts(OmegaConf.to_container(cfg, resolve=True))
    assert (shown["data"]["name"], shown["model"]["name"], shown["model"]["backbone"]["path"]) == (
        *("traffic", "qwen"),
        "nano",
    )
    assert "alice" not in str(shown)
    cfg.model.backbone.path, cfg.model.name = "alices-org/model", "alices-model"
    cfg.model._target_, cfg.model.tune = "alices.Model", "alices-mode"
    assert "alice" not in str(without_user_texts(OmegaConf.to_container(cfg, resolve=True)))


def artifacts(folder: Path) -> dict[str, Any]:
    """The artifacts of an offline W&B run by their type; W&B makes one of the table of windows itself."""
    records = [r.artifact for r in offline_records(folder) if r.WhichOneof("record_type") == "artifact"]
    return {record.type: record for record in records if record.type != "run_table"}


def test_plots_windows_and_artifacts_of_private_data_are_uploaded_only_on_request(lstm_config, tmp_path):
    series = write_private_series(tmp_path)
    own = ["data=file", f"data.path={series}", "logger=wandb"]
    names = {}
    for log_data in ("false", "true"):
        path = tmp_path / log_data
        run(lstm_config(*own, f"logger.log_data={log_data}"), path, own)
        _, summary, config = logged(offline_records(path))
        names[log_data] = set(summary)
        stored = artifacts(path)
        assert set(stored) == ({"dataset", "model", "predictions", "report"} if log_data == "true" else set())
        assert config["data"]["path"] == ("private.csv" if log_data == "true" else HIDDEN)
    assert not any(name.startswith(("plots", "windows")) for name in names["false"])
    assert any(name.startswith("plots/") for name in names["true"])
    assert any(name.startswith("windows") for name in names["true"])
    assert {name: record.use_after_commit for name, record in stored.items() if record.use_after_commit} == {
        "dataset": True  # an input of the run; the others are its outputs
    }
    assert {entry.path for entry in stored["model"].manifest.contents} == {"model.json", "model.safetensors"}
    (report,) = stored["report"].manifest.contents
    text = Path(report.local_path).read_text()
    assert "data.path=private.csv" in text
    assert str(tmp_path) not in text


def test_artifacts_of_public_data_are_stored_unless_they_hold_words_of_the_user(compose_config):
    def holds(*overrides: str) -> bool:
        return has_user_texts(OmegaConf.to_container(compose_config(*overrides), resolve=True), overrides)

    assert not holds("model=qwen", "data=traffic", "model.digits=3", "data.split=[0.6,0.2,0.2]", "seed=1")
    assert holds("model=linear", "data=traffic", "data.description=alices")
    assert holds("model=qwen", "data=traffic", "model.backbone.path=alices-org/model")


@pytest.mark.usefixtures("no_report")
def test_a_failed_run_ends_its_wandb_run_as_failed(lstm_config, tmp_path, monkeypatch):
    error = DataError(Text("no windows"))
    monkeypatch.setattr("timevis.training.stages.evaluate", lambda *a, **k: (_ for _ in ()).throw(error))
    with pytest.raises(DataError):
        run(lstm_config("logger=wandb"), tmp_path / "run")
    (exit_record,) = [r.exit for r in offline_records(tmp_path / "run") if r.WhichOneof("record_type") == "exit"]
    assert exit_record.exit_code == 1


@pytest.mark.usefixtures("no_report")
def test_a_wandb_folder_that_cannot_be_written_does_not_fail_a_run(lstm_config, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "file" / "wandb"))
    run(lstm_config("logger=wandb"), tmp_path / "run")
    assert "the table of windows is not logged" in caplog.text


def test_a_user_without_a_key_is_not_logged_in(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not is_logged_in()
    (tmp_path / "netrc").write_text("machine api.wandb.ai\n  login user\n  password " + "0" * 40 + "\n")
    (tmp_path / "netrc").chmod(0o600)
    assert is_logged_in()


@pytest.mark.usefixtures("no_report")
def test_tensorboard_records_the_metrics(lstm_config, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(lstm_config("logger=tensorboard"), tmp_path / "run")
    events = EventAccumulator(str(tmp_path / "run/tensorboard"))
    events.Reload()
    assert {"train/loss", "val/wql", "test/wql"} <= set(events.Tags()["scalars"])


@pytest.mark.parametrize(
    ("public", "log_data", "is_uploaded"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_tensorboard_gets_plots_of_public_data_and_of_private_data_only_on_request(
    compose_config, tmp_path, public, log_data, is_uploaded
):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = RunFolder.create(
        tmp_path / "run", compose_config("model=linear", "logger=tensorboard", f"logger.log_data={log_data}")
    )
    (folder.path / "plots").mkdir()
    imsave(folder.path / "plots" / "forecast_1.png", np.zeros((4, 6)))
    with OpenLoggers(
        folder, LoggerOptions.from_config(folder.config.logger), ["synthetic", "linear"], None, None
    ) as loggers:
        loggers.log_results(results_with({"run.public": public}))
    events = EventAccumulator(str(folder.path / "tensorboard"))
    events.Reload()
    assert events.Tags()["images"] == (["plots/forecast_1"] if is_uploaded else [])


def test_a_wandb_run_of_a_language_model_is_named_with_its_backbone(compose_config, tmp_path):
    folder = RunFolder.create(tmp_path / "run", compose_config("model=qwen", "logger=wandb"))
    with OpenLoggers(
        folder, LoggerOptions.from_config(folder.config.logger), ["synthetic", "qwen", "nano"], None, None
    ) as loggers:
        assert loggers.wandb.experiment.name == f"synthetic-qwen-nano-{shown_folder('run')}"


def test_metrics_csv_has_one_row_per_step_and_adds_columns(tmp_path):
    table = MetricsCsv(tmp_path)
    table.log_metrics({"train/loss": 1.0}, step=0)
    table.log_metrics({"train/loss": 0.5}, step=1)
    table.save()
    table.log_metrics({"val/wql": 0.1}, step=1)
    table.log_metrics({"train/loss": 0.4, "val/wql": float("nan")}, step=2)
    table.finalize("success")
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines == ["step,train/loss,val/wql", "0,1.0,", "1,0.5,0.1", "2,0.4,"]


@pytest.mark.parametrize(("split", "other"), [("test", "validation"), ("validation", "test")])
def test_metrics_csv_names_the_split_that_was_scored(finished_run, split, other):
    run = finished_run("model=linear", *(["evaluation.split=validation"] * (split == "validation")))
    table = pd.read_csv(run / "metrics.csv")
    scores = table[f"{split}/wql"].dropna().tolist()
    assert scores == [pytest.approx(RunFolder(run).results.metrics["wql"].value, rel=1e-6)]
    assert not [column for column in table if column.startswith(f"{other}/")]
    assert "val/wql" in table


def test_a_resumed_metrics_csv_drops_the_steps_that_will_be_logged_again(tmp_path):
    table = MetricsCsv(tmp_path)
    for step in range(5):
        table.log_metrics({"a": float(step)}, step=step)
    table.save()
    again = MetricsCsv(tmp_path, last_step=2)
    again.log_metrics({"a": 30.0}, step=3)
    again.save()
    assert pd.read_csv(tmp_path / "metrics.csv")["a"].tolist() == [0.0, 1.0, 2.0, 30.0]


@pytest.mark.usefixtures("no_report")
def test_twenty_runs_in_one_process_use_no_more_memory_and_keep_separate_logs(lstm_config, tmp_path):
    def resident() -> float:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    sizes = []
    for number in range(20):
        cfg = lstm_config(f"seed={number}", "model.fit.max_epochs=1", "model.fit.steps_per_epoch=2")
        run(cfg, tmp_path / str(number))
        if number in (4, 19):  # everything has been imported and cached before the fifth run
            sizes.append(resident())
    assert sizes[1] - sizes[0] < 30  # MiB
    for number in range(20):
        log = (tmp_path / str(number) / "train.log").read_text()
        assert log.count("running on") == 1
        assert len(pd.read_csv(tmp_path / str(number) / "metrics.csv")) == 3
    losses = {pd.read_csv(tmp_path / str(n) / "metrics.csv")["train/loss"].iloc[0] for n in range(20)}
    assert len(losses) == 20


def test_a_long_name_is_shortened_to_a_wandb_tag(compose_config, tmp_path):
    folder = RunFolder.create(tmp_path / "run", compose_config("model=qwen", "logger=wandb"))
    name = "Qwen2.5-Coder-0.5B-Instruct in a folder of a longer name, first 12 of 24 layers"
    with OpenLoggers(
        folder, LoggerOptions.from_config(folder.config.logger), ["synthetic", "qwen", name], None, None
    ) as loggers:
        synthetic, qwen, backbone = loggers.wandb.experiment.tags
    assert (synthetic, qwen) == ("synthetic", "qwen")
    assert len(backbone) == 64
    assert name.startswith(backbone[:-1])
