"""train.py as a user calls it."""

import shlex
import subprocess
import sys

import pytest
import yaml
from tiny import ROOT, TINY
from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

from timevis.config import compose as compose_module
from timevis.config.compose import compose
from timevis.errors import ConfigError
from timevis.runs.folder import RunFolder


def test_help_explains_the_usage_and_imports_no_large_library(train_py, monkeypatch):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    done = train_py("--help")
    assert done.returncode == 0
    for text in ("python train.py", "seasonal_naive", "horizon: 24", "resume=", "-m model="):
        assert text in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "timevis.cli" in imported
    assert not imported & {"torch", "pandas", "scipy", "transformers", "lightning", "pytorch_lightning", "wandb"}


def test_help_lists_every_choice_of_every_group(train_py):
    """Fails if Hydra starts to depend on the copies of ConfigStore that `main` suppresses."""
    listed = dict(line.split(": ", 1) for line in train_py("--help").stdout.splitlines() if ": " in line)
    folders = [path for path in (ROOT / "conf").rglob("*") if path.is_dir() and "hydra" not in path.parts]
    groups = {str(path.relative_to(ROOT / "conf")): sorted(p.stem for p in path.glob("*.yaml")) for path in folders}
    groups = {name: choices for name, choices in groups.items() if choices}
    assert {"data", "model", "model/backbone", "experiment/ablation", "trainer"} <= set(groups)
    assert {name: listed[name].split(", ") for name in groups} == groups


@pytest.mark.slow
def test_train_py_writes_a_run_folder_and_prints_the_results(train_py, train_in_process, tmp_path, capsys):
    path = tmp_path / "run"
    done = train_py(*TINY, "model=seasonal_naive", f"hydra.run.dir={path}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("running on the CPU")
    assert "skill (WQL)" in done.stdout
    assert str(path / "report.html") in done.stdout
    assert "model=seasonal_naive" in (path / "overrides.yaml").read_text()
    assert RunFolder(path).status.state == "completed"
    assert train_in_process(*TINY, "model=seasonal_naive", f"hydra.run.dir={path}") == 1
    assert "not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["model=lsmt"], "did you mean 'lstm'?"),
        (["context_lenght=3"], "did you mean 'context_length'?"),
        (["horizon=[3"], "python train.py --help"),
        (["data.path=a=b, c.csv"], "in quotes"),
        (["data.target=[Load (MW)]"], "data.target=['Load (MW)']"),
        (["data=my/load.csv"], "data=file data.path=my/load.csv"),
        (["my/load.csv"], "data=file data.path=my/load.csv"),
        (["--model", "lstm"], "such as model=lstm"),
        (["model=linear", "model.hidden_size=3"], "with model=linear\n  model=lstm has it"),
        (
            ["-m", "sweep=models", "model.dropout=0"],
            "model.dropout with model=auto, model=boosted, model=ensemble, model=linear, model=qwen,"
            " model=qwen_patch, model=seasonal_naive",
        ),
        (["-m", "model=linear,lstm", "model.hidden_sise=3"], "did you mean 'model.hidden_size'?"),
        (["-m", "hparams_search=optuna", "model=lstm"], "nothing to search"),
        (["sweep=ablation"], "train.py -m sweep=ablation"),
        (["-m", "hydra/launcher=slurm"], "choices: basic, joblib, submitit_local, submitit_slurm"),
        (["model=linear,lstm"], "train.py -m model=linear,lstm"),
        (["data=file", "data.path=a,b.csv"], "for one name: 'data.path=\"a,b.csv\"'"),
    ],
)
def test_a_mistake_on_the_command_line_ends_with_exit_code_1_and_advice(train_py, arguments, expected):
    done = train_py(*arguments)
    assert done.returncode == (2 if "--model" in arguments else 1)  # 2 is the exit code of Hydra's parser
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_a_value_out_of_range_is_an_error_before_large_libraries_are_imported(train_py, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    done = train_py("model=linear", "horizon=0", f"hydra.run.dir={tmp_path}/run")
    assert done.returncode == 1
    assert "horizon=0 must be a whole number" in done.stderr
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "import time:" in line}
    assert "timevis.config.validate" in imported
    assert not imported & {"torch", "pandas", "matplotlib"}
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", ["horizon=0", "horizont=3", "model.cell=grru", "data.path=/nowhere/my.csv"])
def test_a_run_that_cannot_start_removes_the_folders_that_it_created(train_in_process, tmp_path, wrong):
    (tmp_path / "existing").mkdir()
    data = ["data=file"] if "data" in wrong else []
    assert train_in_process("model=lstm", *data, wrong, f"hydra.run.dir={tmp_path}/existing/outputs/file/run") == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["existing"]


@pytest.mark.parametrize("command", [["train.py"], ["-m", "timevis", "inspect"]])
def test_a_pipe_that_is_closed_early_is_not_an_error(command):
    shell = f"set -o pipefail; {shlex.join([sys.executable, *command])} --help | head -c 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == ""


@pytest.mark.parametrize("command", [["train.py"], ["-m", "timevis", "inspect"]])
def test_a_letter_that_the_terminal_cannot_show_is_printed_as_its_code(command, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    path = tmp_path / "Zürich.csv"
    path.write_text("time,load\n" + "".join(f"2024-01-{day:02},{day % 7}\n" for day in range(1, 31)))
    arguments = ["data=file", f"data.path='{path}'", "--cfg=job"] if command == ["train.py"] else [path, "--no-plot"]
    script = [ROOT / "train.py"] if command == ["train.py"] else command
    done = subprocess.run([sys.executable, *script, *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Z\\xfcrich" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("stdout", [">&-", "| head -n 1"])
def test_a_run_completes_if_its_output_is_closed(stdout, tmp_path):
    command = shlex.join([sys.executable, "train.py", *TINY, "model=seasonal_naive", f"hydra.run.dir={tmp_path}/run"])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} {stdout}"], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert RunFolder(tmp_path / "run").status.state == "completed"


def test_a_resumed_folder_can_have_any_name(train_in_process, tmp_path, compose_config, capsys):
    RunFolder.create(tmp_path / "a=1, b", compose_config())
    assert train_in_process(f"resume='{tmp_path}/a=1, b'", "model=lstm") == 1
    assert "model=lstm cannot change with resume=" in capsys.readouterr().err
    assert train_in_process("resume=null", "horizont=2") == 1
    assert "no config key" in capsys.readouterr().err


def test_a_resumed_folder_needs_no_quotes_for_hydra(train_in_process, tmp_path, compose_config, capsys):
    RunFolder.create(tmp_path / "ü n/r=1", compose_config())
    assert train_in_process(f"resume={tmp_path}/ü n/r=1", "model=lstm") == 1
    assert "model=lstm cannot change with resume=" in capsys.readouterr().err
    assert train_in_process(f"resume={tmp_path}/ü") == 1
    assert f"{tmp_path}/ü is not a run folder" in capsys.readouterr().err


def test_a_folder_that_cannot_be_created_ends_with_exit_code_1_and_advice(train_py, tmp_path):
    (tmp_path / "file").touch()
    for arguments in ([f"hydra.run.dir={tmp_path}/file/run"], ["-m", f"hydra.sweep.dir={tmp_path}/file/sweep"]):
        done = train_py(*arguments)
        assert done.returncode == 1
        assert "that can be written" in done.stderr
        assert "Traceback" not in done.stderr
        assert "leaderboard" not in done.stdout


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("nokey=1", "no config key nokey"),
        ("output_dir=x", r"no config key output_dir\n.*hydra\.run\.dir="),
        ("model=nosuch", "is not a choice"),
        ("data.split=[2,2", "cannot be read"),
    ],
)
def test_compose_from_python_has_the_error_messages_of_the_command_line(override, expected):
    with pytest.raises(ConfigError, match=expected):
        compose([override])


def test_compose_names_a_config_folder_that_does_not_exist(tmp_path, monkeypatch):
    monkeypatch.setattr(compose_module, "CONF", tmp_path / "conf")
    with pytest.raises(ConfigError, match=f"config directory '{tmp_path}/conf' exists"):
        compose([])


def test_two_modes_of_hydra_at_once_are_one_line(train_in_process, capsys):
    assert train_in_process("-m", "model=linear", "--cfg", "job") == 1
    assert "cannot be combined" in capsys.readouterr().err


def test_an_agent_of_a_wandb_sweep_starts_a_run_with_its_settings(train_in_process, capsys):
    recipe = yaml.safe_load((ROOT / "scripts/wandb_sweep.yaml").read_text())
    drawn = {"model.learning_rate": 0.004, "model.hidden_size": 32, "model.dropout": 0.1}
    values = {key: {"value": space.get("value", drawn.get(key))} for key, space in recipe["parameters"].items()}
    assert set(drawn) <= set(values)
    arguments = create_sweep_command_args({"args": values})["args"]
    assert "--model.learning_rate=0.004" in arguments
    assert train_in_process(*arguments, "--cfg=job") == 0
    cfg = yaml.safe_load(capsys.readouterr().out)
    assert (cfg["model"]["name"], cfg["model"]["learning_rate"], cfg["model"]["hidden_size"]) == ("lstm", 0.004, 32)
    assert (cfg["data"]["name"], cfg["evaluation"]["split"]) == ("traffic", "validation")
