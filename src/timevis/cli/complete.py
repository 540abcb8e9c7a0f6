"""Answer a shell that asks which words may come next: `timevis -sc query=SHELL`, with the line in COMP_LINE.

`timevis train -sc install=bash` (or fish) prints the function that asks, which is a part of Hydra.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence


def main(arguments: Sequence[str], commands: Collection[str]) -> int:
    """Print the commands, or what Hydra proposes for `train`. For other commands the shell proposes files.

    Parameters
    ----------
    arguments : sequence of str
        ``-sc query=SHELL``.
    commands : collection of str
        Names of the commands of `timevis`.
    """
    program, _, rest = os.environ.get("COMP_LINE", "").lstrip().partition(" ")
    command, separator, words = rest.lstrip().partition(" ")
    if command == "train" and separator:
        from timevis.cli import train

        os.environ["COMP_LINE"] = f"{program} {words.lstrip()}"  # Hydra knows no commands
        return train.main(arguments)
    if not separator:
        print(" ".join(commands))
    return 0
