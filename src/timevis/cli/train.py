"""Run `timevis train`, which is the same as `python train.py`: Hydra composes a run or a sweep and starts its jobs.

This module turns errors into messages and exit codes, and writes the leaderboard at the end of a sweep. It imports no
large library, so that `--help` is fast.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from timevis.config.compose import (
    explain_composition,
    in_quotes,
    literal_file_names,
    register_resolvers,
    register_user_conf,
    without_dashes,
)
from timevis.config.paths import CONF, user_conf
from timevis.config.stored import load_values, unescape
from timevis.errors import ConfigError, RunFolderError, TimeVisError
from timevis.messages import Text
from timevis.runs.folder import RunFolder
from timevis.sweep.hydra_callbacks import current_sweep_folder, forget_folders, remove_unused_folders, sweep_folder_of
from timevis.utils.stdout import discard_stdout, make_stdout_safe, print_error

USAGE_EXIT_CODE = 2
"""Exit code of Hydra's parser for arguments that it does not know."""


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def train(cfg: DictConfig) -> float:
    """Run one job; returns ``val/relative_wql`` of the best checkpoint, which sweeps minimise."""
    from timevis.cli.job import run_job

    return run_job(cfg)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1, or 130 or 143 if cancelled.

    The code of a sweep is 1 if any of its jobs failed; the leaderboard is written in any case. When a job of a sweep
    is resumed, the leaderboard of the sweep is written again.
    """
    if arguments is not None:
        sys.argv[1:] = arguments  # Hydra reads sys.argv
    os.environ["HYDRA_FULL_ERROR"] = "1"  # otherwise Hydra prints errors and exits by itself
    # Hydra copies this singleton for each group of --help and only reads the copies, which doubles the time of --help
    ConfigStore.__deepcopy__ = lambda store, memo: store  # type: ignore[attr-defined]
    register_resolvers()
    forget_folders()
    register_user_conf()
    make_stdout_safe()
    if (folder := user_conf()) is not None:
        print(f"config choices are also taken from {folder}")
    signal.signal(signal.SIGTERM, _terminate)
    code, resumed, started = 0, None, None
    failure: TimeVisError | None = None
    try:
        sys.argv[1:] = literal_file_names(without_dashes(sys.argv[1:]))
        resumed = _resumed_run()
        started = _start_time(resumed)
        train()
        sys.stdout.flush()
    except BaseException as error:
        code, failure = _outcome(error)
    if code:
        remove_unused_folders()
    sweep = current_sweep_folder()
    if resumed is not None:  # the start time is unchanged if the run was not resumed
        sweep = sweep_folder_of(resumed.path) if _start_time(resumed) != started else None
    if sweep is not None and sweep.is_dir():
        incomplete_jobs = _finish_sweep(sweep)
        if incomplete_jobs is not None and resumed is None:
            code, failure = code or 1, incomplete_jobs
    sys.stdout.flush()
    if failure is not None:
        print_error(failure)
    return code


def _resumed_run() -> RunFolder | None:
    """The run that the command line resumes, read before Hydra would create its folder."""
    for position, argument in enumerate(sys.argv):
        if not argument.startswith("resume="):
            continue
        if argument != "resume=null" and {"-m", "--multirun"} & set(sys.argv):
            message = Text("{argument} is for one run, not for a sweep", argument=argument)
            raise ConfigError(message, Text("leave -m out"))
        try:
            path = OverridesParser.create().parse_override(argument).value()
        except HydraException:  # for example a character that Hydra accepts only in quotes
            sys.argv[position] = in_quotes(argument)
            path = OverridesParser.create().parse_override(sys.argv[position]).value()
        if path is not None:
            return RunFolder(unescape(str(path)))
    return None


def _outcome(error: BaseException) -> tuple[int, TimeVisError | None]:
    """The exit code for an error, and the error to print; an unexpected error is raised again."""
    match error:
        case KeyboardInterrupt():
            return 128 + signal.SIGINT, None
        case SystemExit():
            if error.code == USAGE_EXIT_CODE:
                advice = "write settings as key=value, such as model=lstm, and -m before them"
                print(advice, file=sys.stderr)
            return error.code if isinstance(error.code, int) else 1, None
        case TimeVisError():
            return 1, error
        case HydraException() | OmegaConfBaseException():
            return 1, explain_composition(error, sys.argv[1:])
        case BrokenPipeError():
            return discard_stdout(), None
        case OSError() if error.filename is not None:  # errors of a run have become TimeVisErrors before
            return 1, TimeVisError(
                Text("{path}: {reason}", path=str(error.filename), reason=error.strerror),
                Text("choose a hydra.run.dir, or for a sweep a hydra.sweep.dir, that can be written"),
            )
        case ValueError() if "Only one of --run" in str(error):
            return 1, ConfigError(
                Text("--cfg, --info and -m cannot be combined"), Text("print the config of one job: leave -m out")
            )
        case ValueError() if "No trials are completed yet" in str(error):
            return 1, None  # every trial of an Optuna sweep failed; the leaderboard names the reasons
    raise error


def _finish_sweep(sweep: Path) -> TimeVisError | None:
    """Write the leaderboard and the comparisons of a sweep; returns an error that names the jobs that did not
    complete."""
    from timevis.sweep.comparisons import write_comparisons
    from timevis.sweep.leaderboard import incomplete_jobs_error, write_leaderboard

    runs = write_leaderboard(sweep)
    if any(_asks_for_ensemble(folder) for folder in sweep.rglob("config.yaml")):
        from timevis.inference.combine import combine_sweep

        for folder in combine_sweep(sweep):
            print(f"ensemble: {folder / 'report.html'}")
        runs = write_leaderboard(sweep)
    if (leaderboard := sweep / "leaderboard.md").is_file():
        print(f"leaderboard: {leaderboard}")
    for folder in write_comparisons(sweep):
        print(f"paired differences: {folder / 'comparison.md'}")
    return incomplete_jobs_error(runs)


def _asks_for_ensemble(config: Path) -> bool:
    """Whether a job of the sweep was composed with `sweep.ensemble`."""
    with suppress(RunFolderError):  # the leaderboard names a damaged file
        return bool(load_values(config).get("sweep", {}).get("ensemble"))
    return False


def _start_time(folder: RunFolder | None) -> float | None:
    """When the latest process of a run started."""
    return status.started if folder and (status := folder.status) else None


def _terminate(number: int, frame: FrameType | None) -> None:
    """Between jobs: pass SIGTERM on to the processes of a parallel sweep, or end this process."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    pids = [int(pid) for pid in children.read_text().split()] if children.is_file() else []
    if not pids or current_sweep_folder() is None:
        raise SystemExit(128 + number)
    for pid in pids:
        os.kill(pid, number)
