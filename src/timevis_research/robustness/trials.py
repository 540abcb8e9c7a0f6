"""Run commands of TimeVis in processes with limits of time and memory, for the scripts that try bad input."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

COMPLETED, REFUSED = "completed", "refused"
SURVIVED = (COMPLETED, REFUSED)
PRELOADED_MODULES = [
    "timevis.training.run",
    "timevis.inference.rescore",
    "timevis.cli.train",
    "timevis.evaluation.comparison",
]
CRASHED = 99
"""Exit code of a process in which an exception left the command."""


def run_command(
    arguments: Sequence[str],
    folder: Path,
    output: Path,
    *,
    max_seconds: float = 60,
    extra_bytes: int = 4 * 2**30,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command of `timevis` in a folder; returns how it ended.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line.
    folder : Path
        The working directory.
    output : Path
        File for standard output and standard error.
    max_seconds : float
        After this time the process is killed.
    extra_bytes : int
        Address space that the process may use in addition to the address space of the imported modules.
    environment : mapping, optional
        Further environment variables.

    Returns
    -------
    str
        ``completed``; ``refused``, if it ended with an error message and no traceback; or else what went wrong.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED_MODULES)
    process = context.Process(target=_run, args=(arguments, folder, output, extra_bytes, dict(environment or {})))
    process.start()
    process.join(max_seconds)
    if process.is_alive():
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        return f"did not end within {max_seconds:g} s"
    text = output.read_text(errors="replace") if output.is_file() else ""
    if process.exitcode == 0 and "Traceback" not in text:
        return COMPLETED
    if process.exitcode == 1 and "Traceback" not in text and "Error: " in text:
        return REFUSED
    last_line = next(reversed(text.strip().splitlines()), "no output")
    return f"exit code {process.exitcode}: {last_line[:200]}"


def _run(
    arguments: Sequence[str], folder: Path, output: Path, extra_bytes: int, environment: Mapping[str, str]
) -> None:
    from timevis.cli.main import main

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + extra_bytes,) * 2)
    os.chdir(folder)
    os.environ.update(environment)
    sys.path.insert(0, str(folder))  # as `python -m` does
    with output.open("w") as file, redirect_stdout(file), redirect_stderr(file):
        try:
            code = main(list(arguments))
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException as error:
            code = CRASHED
            file.write(f"Traceback: {type(error).__name__}: {error}")
    os._exit(code)


def print_table(outcomes: Sequence[tuple[str, str, str]]) -> int:
    """Print how often each group was tried and survived, and what did not survive.

    Parameters
    ----------
    outcomes : sequence of (group, name, outcome)

    Returns
    -------
    int
        How many did not survive.
    """
    print(f"{'group':<28}{'tried':>6}{'completed':>11}{'refused':>9}{'survived':>10}")
    for group in [*dict.fromkeys(group for group, _, _ in outcomes), "all"]:
        ends = [outcome for g, _, outcome in outcomes if group in (g, "all")]
        completed, refused = ends.count(COMPLETED), ends.count(REFUSED)
        print(f"{group:<28}{len(ends):>6}{completed:>11}{refused:>9}{completed + refused:>10}")
    failed = [(name, outcome) for _, name, outcome in outcomes if outcome not in SURVIVED]
    for name, outcome in failed:
        print(f"did not survive: {name}: {outcome}")
    return len(failed)
