"""The shell around train.py: resolvers, readable errors, exit codes. Imports nothing heavy."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from timevis.config_check import CONF, did_you_mean, keys_of
from timevis.errors import ConfigError, TimeVisError, reader_gone, say
from timevis.resume import SECTIONS, kept
from timevis.run_folder import RunFolder
from timevis.sweep.watch import current_sweep, remove_unused, sweep_of


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
        train()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except TimeVisError as error:
        code = say(error)
    except (HydraException, OmegaConfBaseException) as error:
        code = say(explain_composition(error, sys.argv[1:]))
    except BrokenPipeError:
        code = reader_gone()
    except OSError as error:  # in a run it has been explained already
        if error.filename is None:
            raise
        advice = "choose a hydra.run.dir, or for a sweep a hydra.sweep.dir, that can be written"
        code = say(TimeVisError(f"{error.filename}: {error.strerror}", advice))
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
        from timevis.sweep.leaderboard import write_leaderboard
        from timevis.sweep.paired import write_comparisons

        failed = write_leaderboard(sweep)
        if (leaderboard := sweep / "leaderboard.md").is_file():
            print(f"leaderboard: {leaderboard}")
        for folder in write_comparisons(sweep):
            print(f"paired differences: {folder / 'comparison.md'}")
        code = code or int(failed > 0 and resumed is None)
    sys.stdout.flush()
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


def explain_composition(error: Exception, arguments: list[str]) -> ConfigError:
    """What the command line got wrong, with the nearest right name.

    Parameters
    ----------
    error : Exception
        From Hydra or OmegaConf.
    arguments : list of str
        Of the command line.
    """
    text = f"{error}\n{error.__cause__ or ''}"
    if found := re.search(r"Could not override '([^']+)'", text):
        resumed = any(a.startswith("resume=") and a != "resume=null" for a in arguments)
        if resumed and found[1].split(".")[0] not in SECTIONS:  # the keys are those of the default model
            return kept(found[1])
        return ConfigError(f"there is no config key {found[1]}", _right_key(found[1], arguments))
    if found := re.search(r"Could not find '([^']+)/([^'/]+)'", text):
        files = [a.removeprefix("data=") for a in arguments if a.startswith("data=") and Path(a).suffix]
        if files and found[1].split("/")[0] == "data":
            return ConfigError(f"{files[0]} is not a data set", _own_file(files[0]))
        return ConfigError(f"{found[1]}={found[2]} is not a choice", did_you_mean(found[2], _choices(found[1])))
    if isinstance(error, OverrideParseException):
        if "=" not in error.override:
            advice = _own_file(error.override) if Path(error.override).suffix else "for example: model=lstm"
            return ConfigError(f"{error.override} is not of the form key=value", advice)
        return ConfigError(
            f"{error.override} cannot be read",
            "close each bracket, and put a name with blanks, commas, parentheses, =, ~ or letters beyond a to z in "
            f"quotes of its own, such as {_example(error.override)}; python train.py --help shows what can be set",
        )
    return ConfigError(str(error).strip(), "python train.py --help shows what can be set")


def in_quotes(argument: str) -> str:
    """``key=value`` with the value as Hydra reads any text, and from the root where it starts with ``~``."""
    key, _, value = argument.partition("=")
    text = os.path.expanduser(value).replace('"', '\\"')
    return f'{key}="{text}"'


def _example(argument: str) -> str:
    """How a shell takes the argument in quotes; another one where quotes around its whole value do not mend it."""
    key, _, value = argument.partition("=")
    if key.isascii() and not value.startswith(("[", "{")) and not set(value) & set("\"'"):
        return shlex.quote(in_quotes(argument))
    return "\"data.path='a, b.csv'\" or \"data.target=['Load (MW)']\""


def _own_file(path: str) -> str:
    return f"for a file of your own: data=csv data.path={path}"


def _right_key(wrong: str, arguments: list[str]) -> str:
    known = _known(arguments, wrong)
    section = wrong.rpartition(".")[0]
    if section.startswith("model.") and section in known and not any(key.startswith(f"{section}.") for key in known):
        return f"write +{wrong}=... to add a key to {section}"  # which is empty, such as model.codec
    return did_you_mean(wrong, known)


def _choices(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def _known(arguments: list[str], wrong: str) -> list[str]:
    """Groups, and then the keys of the config that the other arguments describe."""
    groups = [str(path.relative_to(CONF)) for path in CONF.rglob("*") if path.is_dir() and "hydra" not in path.parts]
    chosen = [a.split(",")[0] for a in arguments if a.partition("=")[0] in groups and not a.startswith(wrong)]
    return [*groups, *keys_of(_compose(chosen) or _compose([]) or OmegaConf.create())]


def _compose(overrides: list[str]) -> DictConfig | None:
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose("train", overrides=overrides)
    except (HydraException, OmegaConfBaseException):
        return None
