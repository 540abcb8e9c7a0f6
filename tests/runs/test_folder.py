import errno
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file, save_file

from timevis.config.instantiate import instantiate_section
from timevis.config.stored import escape
from timevis.config.validate import check
from timevis.errors import ConfigError, RunFolderError, TimeVisError
from timevis.evaluation.verdict import summary_line
from timevis.inference.predict import predict
from timevis.inference.rescore import rescore
from timevis.report.page import write_report
from timevis.runs.config import RunConfig
from timevis.runs.folder import RunFolder
from timevis.runs.record import RunRecord
from timevis.training.run import run

DOCUMENTED_FILES = {
    "config.yaml",
    "overrides.yaml",
    "train.log",
    "status.json",
    "data_report.json",
    "metrics.csv",
    "checkpoints",
    "model",
    "windows.parquet",
    "windows_seasonal_naive.parquet",
    "predictions.parquet",
    "results.json",
    "plots",
    "report.html",
    ".lock",
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, lstm_config):
    path = tmp_path_factory.mktemp("runs") / "lstm"
    value = run(lstm_config(), path, ["model=lstm"])
    return path, value


def test_a_finished_run_has_the_documented_files(finished):
    path, _ = finished
    assert {entry.name for entry in path.iterdir()} == DOCUMENTED_FILES
    assert {entry.name for entry in (path / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt", "fit.json"}
    assert {entry.name for entry in (path / "model").iterdir()} == {"model.json", "model.safetensors"}


def test_a_model_with_options_or_weights_of_another_version_is_refused(finished, tmp_path):
    path = shutil.copytree(finished[0], tmp_path / "run")
    described = json.loads((path / "model/model.json").read_text())
    described["hyperparameters"]["flip"] = 0.0
    (path / "model/model.json").write_text(json.dumps(described))
    with pytest.raises(RunFolderError, match=r"another version of TimeVis: .*flip"):
        RunFolder(path).load_forecaster()
    del described["hyperparameters"]["flip"]
    (path / "model/model.json").write_text(json.dumps(described))
    weights = load_file(path / "model/model.safetensors")
    save_file({name: w for name, w in weights.items() if name != "at_zero"}, path / "model/model.safetensors")
    with pytest.raises(RunFolderError, match=r"another version of TimeVis: .*"):
        RunFolder(path).load_forecaster()


def test_the_data_of_a_run_are_found_from_any_working_directory(compose_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = RunFolder.create(tmp_path / "run", compose_config("data=file", "data.path=sub/my.csv"))
    assert folder.config.data.path == str(tmp_path / "sub/my.csv")


@pytest.mark.parametrize("path", ["mine", "./mine", "org/mine"])
def test_the_folder_of_a_backbone_is_found_from_any_working_directory(compose_config, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / path).mkdir(parents=True)
    options = ("model=qwen", "model/backbone=local", f"model.backbone.path={path}")
    assert RunFolder.create(tmp_path / "run", compose_config(*options)).config.model.backbone.path == str(
        tmp_path / path
    )


@pytest.mark.parametrize("path", ["nano", "nano-patch", "random", "Qwen/Qwen3-0.6B-Base", "/nowhere/mine"])
def test_the_name_of_a_backbone_is_not_changed_into_a_path(compose_config, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nano").mkdir()
    options = ("model=qwen_patch", f"model.backbone.path={path}")
    assert RunFolder.create(tmp_path / "run", compose_config(*options)).config.model.backbone.path == path


def test_the_value_of_a_run_is_the_validation_error_of_its_results(finished):
    path, value = finished
    folder = RunFolder(path)
    assert folder.results.validation["relative_wql"] == value
    assert folder.status.state == "completed"
    assert folder.results.run.model == "lstm"
    assert folder.results.cost.trainable_parameters > 0
    assert folder.results.cost.fit_seconds > 0
    assert folder.results.cost.calibrate_seconds >= 0


def test_json_files_hold_no_nan(finished):
    path, _ = finished
    for name in ("results.json", "status.json", "data_report.json"):
        json.loads((path / name).read_text(), parse_constant=pytest.fail)


def test_the_stored_model_has_the_weights_of_the_best_checkpoint(finished):
    path, _ = finished
    folder = RunFolder(path)
    forecaster = RunFolder(path).load_forecaster()
    checkpoint = torch.load(folder.checkpoints / "best.ckpt", weights_only=True)
    assert not forecaster.training
    for name, tensor in forecaster.state_dict().items():
        if name in checkpoint["state_dict"] and "residual" not in name and not name.startswith("conformal."):
            assert torch.equal(tensor, checkpoint["state_dict"][name]), name
    predictions = folder.table("predictions")
    assert predictions["point"].map(len).eq(6).all()


def test_the_results_follow_from_the_sums_in_the_windows_table(finished):
    folder = RunFolder(finished[0])
    rows = folder.table("windows").groupby("channel")[["median_abs_error", "count"]].sum()
    mae = (rows["median_abs_error"] / rows["count"]).mean()
    assert mae == pytest.approx(folder.results.metrics["mae"].value, rel=1e-9)


def test_a_folder_that_holds_another_run_is_refused_before_anything_is_written(finished, lstm_config):
    path, _ = finished
    before = {entry: entry.stat().st_mtime_ns for entry in path.rglob("*")}
    with pytest.raises(RunFolderError, match="not empty"):
        run(lstm_config(), path)
    assert {entry: entry.stat().st_mtime_ns for entry in path.rglob("*")} == before


def test_a_queued_run_starts_in_its_folder(tmp_path, compose_config):
    status = {"state": "queued", "heartbeat": 0.0}
    (tmp_path / "status.json").write_text(json.dumps(status))
    assert RunFolder.create(tmp_path, compose_config("model=linear")).status.state == "queued"


def test_a_run_without_results_or_model_is_refused(tmp_path, compose_config):
    folder = RunFolder.create(tmp_path / "run", compose_config("model=linear"))
    with pytest.raises(RunFolderError, match="no results"):
        folder.results  # noqa: B018
    with pytest.raises(RunFolderError, match="has no model"):
        folder.load_forecaster()


@pytest.mark.parametrize("name", ["results.json", "data_report.json", "windows.parquet"])
def test_a_damaged_file_is_named(finished, tmp_path, name):
    folder = RunFolder(shutil.copytree(finished[0], tmp_path / "run"))
    (folder.path / name).write_bytes((folder.path / name).read_bytes()[:9])
    with pytest.raises(RunFolderError, match=f"{name} is damaged"):
        getattr(RunRecord.load(folder.path), name.partition(".")[0])


@pytest.mark.parametrize(
    ("column", "problem"), [("channel", "has no column 'channel'"), ("origin", "not contain numbers")]
)
def test_a_table_without_its_columns_or_their_type_is_damaged(finished, tmp_path, column, problem):
    path = shutil.copytree(finished[0], tmp_path / "run") / "windows.parquet"
    table = pd.read_parquet(path)
    (table.drop(columns=column) if column == "channel" else table.assign(origin="x")).to_parquet(path)
    with pytest.raises(RunFolderError, match=rf"windows.parquet is damaged \(.*{problem}"):
        RunRecord.load(path.parent).windows  # noqa: B018


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_damaged_model_is_named(finished, tmp_path, name):
    path = shutil.copytree(finished[0], tmp_path / "run")
    (path / "model" / name).write_bytes((path / "model" / name).read_bytes()[:9])
    with pytest.raises(RunFolderError, match=f"{name} is damaged"):
        RunFolder(path).load_forecaster()


def test_hyperparameters_beyond_their_range_are_named(finished, tmp_path):
    path = shutil.copytree(finished[0], tmp_path / "run") / "model/model.json"
    description = json.loads(path.read_text())
    description["hyperparameters"]["hidden_size"] = 10**7
    path.write_text(json.dumps(description))
    with pytest.raises(TimeVisError, match=r"model\.hidden_size=10000000 must be .* at most 8192\s+.*model\.json"):
        RunFolder(path.parents[1]).load_forecaster()


@pytest.mark.parametrize("key", ["data", "trainer", "callbacks", "evaluation", "model.fit", "logger"])
@pytest.mark.parametrize("value", ["text", -1, [1, [2]]])
def test_a_section_of_a_stored_config_that_is_no_section_is_named(finished, key, value):
    cfg = RunFolder(finished[0]).config
    OmegaConf.update(cfg, key, value, merge=False)
    with pytest.raises(ConfigError, match=rf"^{key} is .*, not a section"):
        RunConfig.from_config(cfg)


@pytest.mark.parametrize(
    ("section", "key", "value", "reason"),
    [
        (
            "metrics",
            "wql",
            {"value": "x", "low": 0, "high": 1},
            r"metrics\.wql\.value: Input should be a valid number",
        ),
        ("by_channel", "a", {"b": []}, r"by_channel\.a\.b: .* valid number"),
        ("window_set", "horizon", True, r"window_set\.horizon: .* valid integer"),
        ("window_set", "part", "train", r"window_set\.part: .* 'test' or 'validation'"),
        ("cost", "device", None, r"cost\.device: .* valid string"),
    ],
)
def test_a_wrong_value_in_the_results_is_named_with_its_file_and_key(finished, tmp_path, section, key, value, reason):
    path = shutil.copytree(finished[0], tmp_path / "run") / "results.json"
    results = json.loads(path.read_text())
    results[section][key] = value
    path.write_text(json.dumps(results))
    with pytest.raises(RunFolderError, match=rf"results\.json is damaged \({reason}\)"):
        RunRecord.load(path.parent)


def test_results_of_before_a_field_and_a_metric_existed_have_no_value_there(finished, tmp_path):
    path = shutil.copytree(finished[0], tmp_path / "run") / "results.json"
    stored = json.loads(path.read_text())
    del stored["window_set"]["origins_with_truth"], stored["interval_method"]
    for metrics in (
        stored["metrics"],
        stored["seasonal_naive"],
        stored["validation"],
        *stored["by_channel"].values(),
    ):
        del metrics["relative_wql"]
    path.write_text(json.dumps(stored))
    read = RunFolder(path.parent).results
    assert (read.window_set.origins_with_truth, read.interval_method) == (None, None)
    assert read.metrics["relative_wql"].value is None
    assert read.scored_channels("relative_wql") == []
    assert "val/relative_wql –" in summary_line(read)
    assert write_report(path.parent).is_file()


def test_results_are_written_as_they_were_read(finished, tmp_path):
    folder = RunFolder(finished[0])
    folder.results.write(tmp_path / "results.json")
    assert (tmp_path / "results.json").read_text() == (folder.path / "results.json").read_text()


def test_an_empty_config_is_damaged(tmp_path):
    (tmp_path / "config.yaml").touch()
    with pytest.raises(RunFolderError, match=r"config.yaml is damaged \(it is empty\)"):
        RunFolder(tmp_path).config  # noqa: B018


def test_a_model_that_names_a_class_outside_of_timevis_is_not_loaded(finished, tmp_path):
    model = finished[0] / "model"
    target = tmp_path / "run" / "model"
    target.mkdir(parents=True)
    (tmp_path / "run" / "config.yaml").write_text("{}")
    description = json.loads((model / "model.json").read_text()) | {"class": "subprocess.Popen"}
    (target / "model.json").write_text(json.dumps(description))
    with pytest.raises(RunFolderError, match=r"subprocess\.Popen is not in the list of allowed classes"):
        RunFolder(tmp_path / "run").load_forecaster()


@pytest.mark.parametrize(
    ("section", "target"),
    [
        ("callbacks", {"_target_": "pandas.read_pickle", "filepath_or_buffer": "there"}),
        ("callbacks", {"_target_": "pickle.Unpickler", "file": "there"}),
        ("logger", {"_target_": "pandas.read_pickle", "filepath_or_buffer": "there"}),
    ],
)
def test_a_config_cannot_create_an_object_of_another_kind(tmp_path, compose_config, section, target):
    folder = RunFolder.create(tmp_path / "run", compose_config("model=linear"))
    (folder.path / "status.json").write_text(json.dumps({"state": "cancelled", "heartbeat": 0.0}))
    cfg = OmegaConf.load(folder.path / "config.yaml")
    cfg[section].more = target
    OmegaConf.save(cfg, folder.path / "config.yaml")
    with pytest.raises(ConfigError, match=rf"{section}.more._target_"):
        run(compose_config(f"resume={folder.path}"), folder.path, [f"resume={folder.path}"])


class CallbackWithOption(pl.Callback):
    def __init__(self, option) -> None:
        self.option = option


def test_options_of_a_callback_cannot_create_objects(monkeypatch):
    monkeypatch.setenv("TIMEVIS_ALLOW_TARGETS", f"{__name__}.CallbackWithOption")

    def config_with(option):
        return OmegaConf.create({"_target_": f"{__name__}.CallbackWithOption", "option": option})

    for option in (
        {"_target_": "builtins.dict"},
        [{"_target_": "builtins.dict"}],
        {"a": {"_target_": "builtins.dict"}},
    ):
        with pytest.raises(ConfigError, match=r"callbacks\.custom\.option.*_target_=builtins\.dict is not allowed"):
            instantiate_section(config_with(option), pl.Callback, "callbacks.custom")
    for section in (True, OmegaConf.create({"option": 1})):
        with pytest.raises(ConfigError, match="names no class"):
            instantiate_section(section, pl.Callback, "callbacks.custom")
    with pytest.raises(ConfigError, match="_partial_"):
        instantiate_section(OmegaConf.merge(config_with(1), {"_partial_": True}), pl.Callback, "callbacks.custom")
    span = {"_target_": "datetime.timedelta", "seconds": 90}
    assert instantiate_section(config_with(span), pl.Callback, "callbacks.custom").option.total_seconds() == 90


@pytest.mark.parametrize("written", ["${oc.env:SECRET_TOKEN}", '"\\x24{oc.env:SECRET_TOKEN}"'])
def test_a_stored_config_cannot_read_environment_variables(tmp_path, compose_config, monkeypatch, written):
    monkeypatch.setenv("SECRET_TOKEN", "s3cr3t")
    folder = RunFolder.create(tmp_path / "run", compose_config("model=linear"))
    file = folder.path / "config.yaml"
    file.write_text(file.read_text().replace("seed: 0", f"seed: {written}", 1))
    with pytest.raises(RunFolderError, match=r"config.yaml: \S*seed contains") as caught:
        RunFolder(folder.path).config  # noqa: B018
    assert "s3cr3t" not in str(caught.value)
    (folder.path / "overrides.yaml").write_text(f"- seed={written}\n")
    assert "s3cr3t" not in str(folder.overrides)


def test_text_with_a_dollar_and_a_brace_is_stored_and_read_as_text(tmp_path, lstm_config, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "s3cr3t")
    text, name = "price in ${oc.env:SECRET_TOKEN}, ${ and \\${seed}", "a${seed} 'b'"
    (tmp_path / "${data}").mkdir()
    path = tmp_path / "${data}" / "${seed}.csv"
    times = pd.date_range("2024-01-01", periods=600, freq="h").astype(str)
    pd.DataFrame({"time": times, name: np.arange(600.0) % 24}).to_csv(path, index=False)
    cfg = lstm_config("data=file", "model.fit.max_epochs=1")
    cfg.data.path, cfg.data.description, cfg.data.unit, cfg.data.target = escape([str(path), text, text, [name]])
    check(cfg)
    run(cfg, tmp_path / "run", [r"data.unit=\${a}"])
    folder = RunFolder(tmp_path / "run")
    assert (folder.config.data.description, folder.config.data.path) == (text, str(path))
    assert folder.overrides == [r"data.unit=\${a}"]
    assert folder.data_report["card"]["description"] == text
    assert RunRecord.load(folder.path).config["data"]["unit"] == text
    assert predict(folder.path)["channel"].unique().tolist() == [name]
    rescore(folder.path, tmp_path / "again")
    assert RunFolder(tmp_path / "again").config == folder.config
    more = ["trainer.max_epochs=2", f"resume={folder.path}"]
    run(lstm_config(*more), folder.path, more)
    assert RunFolder(folder.path).config.data.description == text
    assert b"s3cr3t" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_a_folder_can_be_used_again_after_a_failed_creation(tmp_path, compose_config, monkeypatch):
    def full(path, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("timevis.runs.folder.write_text", full)
        with pytest.raises(OSError, match="No space"):
            RunFolder.create(tmp_path / "run", compose_config("model=linear"))
    assert RunFolder.create(tmp_path / "run", compose_config("model=linear")).config.seed == 0
