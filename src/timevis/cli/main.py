"""The command `timevis`: each subcommand is a module of this package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from timevis import __version__
from timevis.cli import complete
from timevis.config.suggestions import did_you_mean

COMMANDS = {
    "train": "train a forecaster, score it and write a report (Hydra overrides: model=lstm data=traffic)",
    "predict": "forecast beyond the data with a trained run, or score it on other data",
    "explain": "measure which inputs a run uses: parts of the context, covariates, calendar",
    "report": "write the report of a run again, in English or in Chinese",
    "ensemble": "combine finished runs into one forecaster, with weights that are selected on validation",
    "compare": "compare runs that forecast the same windows",
    "inspect": "report on a file or data set before training on it",
    "generate": "write sample series to try TimeVis on",
    "serve": "start the HTTP service (docs/service.md)",
    "users": "add, list and change the users of the service, and their roles",
    "mcp": "tools for assistants that call a running service (Model Context Protocol)",
    "backup": "write all that the service stores into one file",
    "restore": "restore a backup of the service",
}

HELP = f"""usage: timevis COMMAND [arguments]

TimeVis answers: how well can this series be forecast, does a language model beat a small recurrent network on it, and
at what cost?

commands:
{chr(10).join(f"  {name:<10}{text}" for name, text in COMMANDS.items())}

`timevis COMMAND --help` explains a command. `timevis --version` prints the version.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments and arguments[0] in ("--version", "-V"):
        print(f"timevis {__version__}")
        return 0
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0 if arguments else 2
    if arguments[0] == "-sc":  # the shell completion that `timevis train -sc install=bash` installs
        return complete.main(arguments, COMMANDS)
    name, *rest = arguments
    if name not in COMMANDS:
        print(f"Error: there is no command {name!r}\n  {did_you_mean(name, COMMANDS)}", file=sys.stderr)
        return 2
    return importlib.import_module(f"timevis.cli.{name}").main(rest)
