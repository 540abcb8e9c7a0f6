"""Open hostile run folders with every command that reads one, and count what TimeVis survives.

    python -m timevis_research.robustness.hostile_run_folders               all folders
    python -m timevis_research.robustness.hostile_run_folders link parquet  those with one of these words in the name

One small run is trained. Each hostile folder is a copy of it with one change: a class that runs code, a pickle, a
path or a link that leads out of the folder, a huge file, a value of a wrong type, or text that a config would
evaluate. In a process of its own, with limits of time and memory, each command opens it: predict, rescore, compare
and resume.

A command survives if no code of the folder ran, no file outside the folder was written, no environment variable was
read, and it ended in time, with success or with an error that is a message and no traceback. Exits with 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from timevis_research.robustness.trials import SURVIVED, print_table, run_command

COMMANDS = {
    "predict": ("predict", "{run}"),
    "rescore": ("predict", "{run}", "--rescore"),
    "compare": ("compare", "{run}", "--out", "{run}/comparison"),
    "resume": ("train", "resume={run}", "trainer.max_epochs=3"),
}
SECRET_NAME, SECRET = "HOSTILE_SECRET", "a-secret-of-this-machine"
MAX_SECONDS, MAX_EXTRA_BYTES = 120, 6 * 2**30
SMALL_RUN = (
    *("data.rows=600", "data.channels=1", "context_length=24", "trainer=cpu", "trainer.enable_progress_bar=false"),
    *("evaluation.max_windows=12", "evaluation.val_windows=8", "evaluation.save_windows=2"),
    *("model.hidden_size=8", "model.segment_length=6", "model.fit.max_epochs=2", "model.fit.steps_per_epoch=4"),
)
EVIL_MODULE = """import pathlib
pathlib.Path({marker!r}).touch()
import pytorch_lightning
class Callback(pytorch_lightning.Callback): pass
class Forecaster: pass
"""


@dataclass(frozen=True)
class Folder:
    """A copy of the run. Nothing may change in the folder `outside` beside it; hostile code would make `marker`."""

    path: Path
    outside: Path
    marker: Path

    def edit_yaml(self, key: str, value: Any) -> None:
        """Set a dotted key of config.yaml; {marker} and {outside} in texts become these paths."""
        text = json.dumps(value).replace("{marker}", str(self.marker)).replace("{outside}", str(self.outside))
        file = self.path / "config.yaml"
        config = yaml.safe_load(file.read_text())
        _set(config, key, json.loads(text))
        file.write_text(yaml.safe_dump(config, sort_keys=False))

    def edit_json(self, name: str, key: str, value: Any) -> None:
        """Set a dotted key of a JSON file."""
        content = json.loads((self.path / name).read_text())
        _set(content, key, value)
        (self.path / name).write_text(json.dumps(content))

    def write(self, name: str, content: bytes | str) -> None:
        """Replace a file."""
        (self.path / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def link(self, name: str, target: str) -> None:
        """Replace a file or folder of the run by a symbolic link to something outside."""
        path = self.path / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path.symlink_to(self.outside / target)

    @property
    def pickle(self) -> bytes:
        """A pickle that makes the marker when it is loaded."""
        return pickle.dumps(_Touch(str(self.marker)))


class _Touch:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.system, (f"touch '{self.path}'",)


def _set(content: Any, key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for name in sections:
        if not isinstance(content.get(name), dict):
            content[name] = {}
        content = content[name]
    content[last] = value


Change = Callable[[Folder], None]


def changes() -> Iterator[tuple[str, str, Change]]:
    """Group, name and change of each hostile folder."""
    for key, value in _hostile_configs():
        yield "class or path in config", f"{key}={_short(value)}", partial(Folder.edit_yaml, key=key, value=value)
    for target in ("evil.Forecaster", "os.system", "timevis.models.lstm.torch.load"):
        yield (
            "class in model.json",
            target,
            partial(Folder.edit_json, name="model/model.json", key="class", value=target),
        )
    for name in (
        *("checkpoints/last.ckpt", "checkpoints/best.ckpt", "checkpoints/fit.json", "model/model.safetensors"),
        *("model/model.json", "windows.parquet", "predictions.parquet", "results.json", "status.json"),
    ):
        yield "pickle", name, partial(_write_pickle, name=name)
    for name in ("checkpoints/last.ckpt", "checkpoints/best.ckpt"):
        yield "pickle", f"in a ZIP archive {name}", partial(_zip_pickle, name=name)
    yield "pickle", "of an Arrow extension type", _arrow_extension
    for name in ("checkpoints", "model", "plots", "wandb", "forecasts", "rescored"):
        yield "link out of the folder", name, partial(Folder.link, name=name, target=".")
    for name in ("train.log", "metrics.csv", "status.json", "config.yaml", "results.json", ".lock", "report.html"):
        yield "link out of the folder", name, partial(Folder.link, name=name, target="file.txt")
    yield "link out of the folder", "to a new file", partial(Folder.link, name="train.log", target="new.txt")
    yield from _huge_files()
    yield from _wrong_types()


def _hostile_configs() -> Iterator[tuple[str, Any]]:
    arguments_of_target: dict[str, dict[str, Any]] = {
        "evil.Callback": {},
        "run.evil.Callback": {},
        "os.system": {"command": "touch {marker}"},
        "subprocess.Popen": {"args": ["touch", "{marker}"]},
        "builtins.exec": {"_args_": ["open('{marker}', 'w')"]},
        "pathlib.Path.touch": {"_args_": ["{marker}"]},
        "pandas.read_pickle": {"filepath_or_buffer": "data.pickle"},
        "torch.load": {"f": "data.pickle", "weights_only": False},
        "timevis.training.trainer.pl.callbacks.LambdaCallback": {"on_fit_start": "print"},
        "timevis.training.run.run": {"cfg": {}},
        "pytorch_lightning.callbacks.LambdaCallback": {},
    }
    for target, arguments in arguments_of_target.items():
        yield "callbacks.more", {"_target_": target, **arguments}
    for target in ("evil.Callback", "pytorch_lightning.loggers.MLFlowLogger", "builtins.eval"):
        yield "logger.more", {"_target_": target}
    for target in ("evil.Forecaster", "os.system", "timevis.models.lstm.torch.load"):
        yield "model._target_", target
    inner = {"_target_": "os.system", "command": "touch {marker}"}
    for key in ("callbacks.early_stopping.monitor", "trainer.strategy", "trainer.plugins", "data.description"):
        yield key, inner
    yield "callbacks.early_stopping._partial_", True
    yield "hydra", {"callbacks": {"more": inner}, "launcher": inner}
    for name, key, value in (
        *(("callbacks.ModelCheckpoint", "dirpath", path) for path in ("{outside}", "../outside", "~/x")),
        ("callbacks.ModelCheckpoint", "filename", "../../outside/x"),
        ("loggers.TensorBoardLogger", "name", "{outside}"),
        ("loggers.TensorBoardLogger", "version", "../../outside"),
        ("loggers.CSVLogger", "name", "../outside"),
    ):
        yield (
            f"{name.split('.')[0].rstrip('s')}s.more".replace("loggers", "logger"),
            {
                "_target_": f"pytorch_lightning.{name}",
                key: value,
            },
        )
    yield from (
        ("trainer.default_root_dir", "{outside}"),
        ("trainer.profiler", "pytorch"),
        ("data.path", "/etc/passwd"),
    )
    yield from (("data.path", "/dev/zero"), ("data.name", "../../outside/x"), ("model.name", "../../outside/x"))
    secret = f"${{oc.env:{SECRET_NAME}}}"
    for key in ("data.description", "data.path", "seed", "model.name", "callbacks.early_stopping.monitor"):
        yield key, secret
    yield from (("data.description", "\\\\" + secret), ("seed", "${timevis.token:}"), ("data.path", "???"))


def _huge_files() -> Iterator[tuple[str, str, Change]]:
    group = "huge or deep file"
    for name in ("results.json", "data_report.json", "status.json", "model/model.json", "config.yaml"):
        yield group, f"nesting in {name}", partial(Folder.write, name=name, content="[" * 1_000_000)
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    for name in ("config.yaml", "overrides.yaml"):
        yield group, f"aliases in {name}", partial(Folder.write, name=name, content="\n".join(lines))
    of_results: dict[str, Any] = {"validation.wql": 10**400, "more": ["x" * 1000] * 50_000}
    for key, value in of_results.items():
        yield group, f"{key} in results.json", partial(Folder.edit_json, name="results.json", key=key, value=value)
    of_config: dict[str, Any] = {"more": "x" * 20_000_000, "horizon": 10**9, "model.fit.batch_size": 10**12}
    for key, value in of_config.items():
        yield group, f"{key} in config.yaml", partial(Folder.edit_yaml, key=key, value=value)
    size = partial(Folder.edit_json, name="model/model.json", key="hyperparameters.hidden_size", value=10**7)
    yield group, "hidden_size in model.json", size
    yield group, "header of weights", partial(Folder.write, name="model/model.safetensors", content=b"\xff" * 64)
    yield group, "windows.parquet", _huge_parquet


def _wrong_types() -> Iterator[tuple[str, str, Change]]:
    values: tuple[Any, ...] = ([], [1, [2]], "text", "", None, -1, 1.5, True, {"a": {"b": []}})
    keys_of_files = {
        "results.json": ("run", "window_set", "validation", "metrics", "by_channel", "cost", "schema_version"),
        "data_report.json": ("channels", "covariates", "split", "frequency", "card"),
        "status.json": ("state", "heartbeat", "pid", "elapsed"),
        "model/model.json": ("class", "hyperparameters"),
    }
    for number, name in enumerate((*keys_of_files, "overrides.yaml")):
        content = json.dumps(values[number % len(values)])
        yield "value of a wrong type", f"{name} is {content}", partial(Folder.write, name=name, content=content)
    rng = random.Random(0)
    for name, keys in keys_of_files.items():
        for key in keys:
            value = rng.choice(values)
            change = partial(Folder.edit_json, name=name, key=key, value=value)
            yield "value of a wrong type", f"{key}={value!r} in {name}", change
    for key in ("data", "model", "trainer", "callbacks", "evaluation", "horizon", "seed", "data.split", "model.fit"):
        value = rng.choice(values)
        yield (
            "value of a wrong type",
            f"{key}={value!r} in config.yaml",
            partial(Folder.edit_yaml, key=key, value=value),
        )


def _short(value: Any) -> str:
    text = str(value.get("_target_", value) if isinstance(value, dict) else value)
    rest = {k: v for k, v in value.items() if k != "_target_"} if isinstance(value, dict) else ""
    return f"{text} {rest or ''}".strip()[:80]


def _write_pickle(folder: Folder, name: str) -> None:
    folder.write(name, folder.pickle)


def _zip_pickle(folder: Folder, name: str) -> None:
    with zipfile.ZipFile(folder.path / name, "w") as archive:
        archive.writestr("archive/data.pkl", folder.pickle)
        archive.writestr("archive/version", "3\n")


def _arrow_extension(folder: Folder) -> None:
    metadata = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": folder.pickle}
    schema = pa.schema([pa.field("origin", pa.int64(), metadata=metadata)])
    pq.write_table(pa.table([pa.array([1, 2])], schema=schema), folder.path / "windows.parquet")


def _huge_parquet(folder: Folder) -> None:
    columns = pq.read_schema(folder.path / "windows.parquet").names
    rows = pa.table({name: pa.nulls(10_000_000, pa.int8()) for name in columns})
    with pq.ParquetWriter(folder.path / "windows.parquet", rows.schema) as writer:
        for _ in range(1 + 1_000_000_000 // rows.num_rows // len(columns)):
            writer.write_table(rows)


def make_folder(original: Path, place: Path, change: Change) -> Folder:
    """Copy the run and change it. Modules named evil lie in the run and in the working directory."""
    folder = Folder(place / "run", place / "outside", place / "marker")
    shutil.copytree(original, folder.path)
    folder.outside.mkdir()
    (folder.outside / "file.txt").write_text("{}")
    for path in (folder.path, place):
        (path / "evil.py").write_text(EVIL_MODULE.format(marker=str(folder.marker)))
    (place / "data.pickle").write_bytes(folder.pickle)
    change(folder)
    return folder


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file."""
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def judge(original: Path, place: Path, change: Change, command: str) -> str:
    """Make a hostile folder, open it with a command, and say how that ended."""
    place.mkdir()
    folder, output = make_folder(original, place, change), place / "output.txt"
    before = state_of(folder.outside)
    arguments = [part.replace("{run}", str(folder.path)) for part in COMMANDS[command]]
    limits = {"max_seconds": MAX_SECONDS, "extra_bytes": MAX_EXTRA_BYTES}
    outcome = run_command(arguments, place, output, environment={SECRET_NAME: SECRET}, **limits)
    if folder.marker.exists():
        return "code of the folder ran"
    if state_of(folder.outside) != before or (place / "outputs").exists():
        return "a file outside the folder was written"
    if any(SECRET in path.read_text(errors="replace") for path in place.rglob("*") if path.is_file()):
        return "an environment variable was read"
    return outcome


def main() -> int:
    """Open every folder with every command and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only folders whose names contain one of these")
    args = parser.parse_args()
    started, outcomes = time.monotonic(), []
    chosen = [c for c in changes() if not args.words or any(word in f"{c[0]} {c[1]}" for word in args.words)]
    with tempfile.TemporaryDirectory(prefix="timevis-hostile-") as scratch:
        root, original = Path(scratch), Path(scratch) / "original"
        trained = ("train", "model=lstm", "data=synthetic", "horizon=6", "logger=none", *SMALL_RUN)
        first = run_command([*trained, f"hydra.run.dir={original}"], root, root / "output.txt", max_seconds=300)
        if first not in SURVIVED or not (original / "report.html").is_file():
            print((root / "output.txt").read_text())
            return 1
        for number, (group, name, change) in enumerate(chosen):
            for command in COMMANDS:
                place = root / f"{number} {command}"
                outcome = judge(original, place, change, command)
                outcomes.append((f"{group}: {command}", f"{group} {name}, {command}", outcome))
                if outcome not in SURVIVED:
                    print(f"{outcomes[-1][1]}: {outcome}", flush=True)
                shutil.rmtree(place)
            print(f"{number + 1}/{len(chosen)} {group}: {name}", flush=True)
    failed = print_table(outcomes)
    print(f"{len(chosen)} folders, {len(outcomes)} commands, {time.monotonic() - started:.0f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
