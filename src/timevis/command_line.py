"""The shell around train.py: resolvers, readable errors, exit codes. Imports nothing heavy."""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from timevis.composition import backbone_of_folder, explain_composition, in_quotes
from timevis.errors import ConfigError, TimeVisError, reader_gone, say
from timevis.run_folder import RunFolder
from timevis.sweep.watch import current_sweep, remove_unused, sweep_of

USAGE = 2
"""Exit code of Hydra's parser for what it does not know."""


def register_resolvers() -> None:
    """Make ``timevis.token`` and ``timevis.run_dir`` known to OmegaConf.

    The token is 4 hex digits. A config caches it, and Hydra hands the cache of a sweep's config to its jobs, which so
    have the same one.
    """
    token = secrets.token_hex(2)
    OmegaConf.register_new_resolver("timevis.token", lambda: token, use_cache=True, replace=True)
    OmegaConf.register_new_resolver("timevis.run_dir", lambda resume, new: resume or new, replace=True)


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
    signal.signal(signal.SIGTERM, _terminate)
    code, resumed, started = 0, None, None
    wrong: TimeVisError | None = None
    try:
        for position, argument in enumerate(sys.argv):
            if argument.startswith("resume="):  # Hydra would make the folder before anyone looks into it
                if argument != "resume=null" and {"-m", "--multirun"} & set(sys.argv):
                    raise ConfigError(f"{argument} is for one run, not for a sweep", "leave -m out")
                try:
                    path = OverridesParser.create().parse_override(argument).value()
                except HydraException:  # as of letters that its grammar does not have
                    sys.argv[position] = in_quotes(argument)
                    path = OverridesParser.create().parse_override(sys.argv[position]).value()
                if path is not None:
                    resumed = RunFolder(str(path))
                    started = _started(resumed)
        if resumed is None and (choice := backbone_of_folder(sys.argv[1:])):
            print(f"{choice}, whose learning rates and batches are for a large model, goes with model.backbone.path")
            sys.argv.append(choice)
        train()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
        if code == USAGE:
            print("a setting is key=value without dashes, such as model=lstm, and -m stands first", file=sys.stderr)
    except TimeVisError as error:
        code, wrong = 1, error
    except (HydraException, OmegaConfBaseException) as error:
        code, wrong = 1, explain_composition(error, sys.argv[1:])
    except BrokenPipeError:
        code = reader_gone()
    except OSError as error:  # in a run it has been explained already
        if error.filename is None:
            raise
        advice = "choose a hydra.run.dir, or for a sweep a hydra.sweep.dir, that can be written"
        code, wrong = 1, TimeVisError(f"{error.filename}: {error.strerror}", advice)
    except ValueError as error:
        if "No trials are completed yet" not in str(error):
            raise
        code = 1  # every trial of an Optuna sweep failed; the leaderboard says why
    if code:
        remove_unused()
    sweep = current_sweep()
    if resumed is not None:  # one that was refused has not been started again
        sweep = sweep_of(resumed.path) if _started(resumed) != started else None
    if sweep is not None and sweep.is_dir():
        from timevis.sweep.leaderboard import incomplete, write_leaderboard
        from timevis.sweep.paired import write_comparisons

        runs = write_leaderboard(sweep)
        if (leaderboard := sweep / "leaderboard.md").is_file():
            print(f"leaderboard: {leaderboard}")
        for folder in write_comparisons(sweep):
            print(f"paired differences: {folder / 'comparison.md'}")
        if (runs["state"] != "completed").any() and resumed is None and code in (0, 1):
            code, wrong = 1, incomplete(runs)
    sys.stdout.flush()
    if wrong is not None:
        say(wrong)
    raise SystemExit(code)


def _started(folder: RunFolder) -> float | None:
    """When the latest process began with a run."""
    return (folder.status or {}).get("started")


def _terminate(number: int, frame: FrameType | None) -> None:
    """Between jobs: hand SIGTERM to the processes of a parallel sweep, which end as cancelled, or end here."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    pids = [int(pid) for pid in children.read_text().split()] if children.is_file() else []
    if not pids or current_sweep() is None:
        raise SystemExit(128 + number)
    for pid in pids:
        os.kill(pid, number)
