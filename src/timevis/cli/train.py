"""The shell around train.py: readable errors, exit codes, the end of a sweep. Imports nothing heavy."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from timevis.config.compose import explain_composition, in_quotes, register_resolvers
from timevis.errors import ConfigError, TimeVisError
from timevis.runs.folder import RunFolder
from timevis.sweep.hydra_callbacks import current_sweep_folder, forget_folders, remove_unused_folders, sweep_folder_of
from timevis.utils.stdout import discard_stdout, make_stdout_safe, print_error

USAGE = 2
"""Exit code of Hydra's parser for what it does not know."""


def main(train: Callable[[], Any]) -> None:
    """Run train.py's main function; the process ends with 0, with 1, or with 130 or 143 when cancelled.

    A sweep ends with 1 if any of its jobs failed, and always leaves its leaderboard; that of a job that is gone on
    with is written anew.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints and exits by itself
    # Hydra copies this singleton, with all that it holds, for each group that --help lists: half of its time. Nobody
    # changes the copy, and `ConfigStore.load` copies each config that it hands out.
    ConfigStore.__deepcopy__ = lambda store, memo: store  # type: ignore[attr-defined]
    register_resolvers()
    forget_folders()
    make_stdout_safe()
    signal.signal(signal.SIGTERM, _terminate)
    code, resumed, started = 0, None, None
    wrong: TimeVisError | None = None
    try:
        resumed = _resumed()
        started = _started(resumed)
        train()
        sys.stdout.flush()
    except BaseException as error:
        code, wrong = _outcome(error)
    if code:
        remove_unused_folders()
    sweep = current_sweep_folder()
    if resumed is not None:  # one that was refused has not been started again
        sweep = sweep_folder_of(resumed.path) if _started(resumed) != started else None
    if sweep is not None and sweep.is_dir():
        failed = _close(sweep)
        if failed is not None and resumed is None:
            code, wrong = code or 1, failed
    sys.stdout.flush()
    if wrong is not None:
        print_error(wrong)
    raise SystemExit(code)


def _resumed() -> RunFolder | None:
    """The run that the command line goes on with, read before Hydra would make its folder."""
    for position, argument in enumerate(sys.argv):
        if not argument.startswith("resume="):
            continue
        if argument != "resume=null" and {"-m", "--multirun"} & set(sys.argv):
            raise ConfigError(f"{argument} is for one run, not for a sweep", "leave -m out")
        try:
            path = OverridesParser.create().parse_override(argument).value()
        except HydraException:  # as of letters that its grammar does not have
            sys.argv[position] = in_quotes(argument)
            path = OverridesParser.create().parse_override(sys.argv[position]).value()
        if path is not None:
            return RunFolder(str(path))
    return None


def _outcome(error: BaseException) -> tuple[int, TimeVisError | None]:
    """The exit code that an error asks for, and what is still to be said of it; raises what nobody foresaw."""
    match error:
        case KeyboardInterrupt():
            return 128 + signal.SIGINT, None
        case SystemExit():
            if error.code == USAGE:
                advice = "a setting is key=value without dashes, such as model=lstm, and -m stands first"
                print(advice, file=sys.stderr)
            return error.code if isinstance(error.code, int) else 1, None
        case TimeVisError():
            return 1, error
        case HydraException() | OmegaConfBaseException():
            return 1, explain_composition(error, sys.argv[1:])
        case BrokenPipeError():
            return discard_stdout(), None
        case OSError() if error.filename is not None:  # in a run it has been explained already
            advice = "choose a hydra.run.dir, or for a sweep a hydra.sweep.dir, that can be written"
            return 1, TimeVisError(f"{error.filename}: {error.strerror}", advice)
        case ValueError() if "No trials are completed yet" in str(error):
            return 1, None  # every trial of an Optuna sweep failed; the leaderboard says why
    raise error


def _close(sweep: Path) -> TimeVisError | None:
    """Write what compares the runs of a sweep; returns which of them did not complete."""
    from timevis.sweep.comparisons import write_comparisons
    from timevis.sweep.leaderboard import incomplete_jobs_error, write_leaderboard

    runs = write_leaderboard(sweep)
    if (leaderboard := sweep / "leaderboard.md").is_file():
        print(f"leaderboard: {leaderboard}")
    for folder in write_comparisons(sweep):
        print(f"paired differences: {folder / 'comparison.md'}")
    return incomplete_jobs_error(runs)


def _started(folder: RunFolder | None) -> float | None:
    """When the latest process began with a run."""
    return ((folder and folder.status) or {}).get("started")


def _terminate(number: int, frame: FrameType | None) -> None:
    """Between jobs: hand SIGTERM to the processes of a parallel sweep, which end as cancelled, or end here."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    pids = [int(pid) for pid in children.read_text().split()] if children.is_file() else []
    if not pids or current_sweep_folder() is None:
        raise SystemExit(128 + number)
    for pid in pids:
        os.kill(pid, number)
