"""Paths of the Hydra configs, in the installed package or in the source repository."""

from __future__ import annotations

from pathlib import Path

import timevis

_PACKAGE = Path(timevis.__file__).parent

CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parents[1] / "conf"
"""The folder of the configs: `timevis.conf` in an installed wheel, ``conf/`` in the repository."""

BUILT_IN_BACKBONES = ("nano", "nano-patch", "random")
"""Values of `model.backbone.path` that name neither a folder nor a model of the hub; they all are small backbones."""


def user_conf() -> Path | None:
    """The ``conf/`` folder in the working directory, if it is not the folder of TimeVis; None if there is none.

    It adds choices to the config groups.
    """
    folder = Path.cwd() / "conf"
    return folder if folder.is_dir() and folder.resolve() != CONF.resolve() else None
