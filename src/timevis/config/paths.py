"""Where the Hydra configs are: in the installed package, or in the source checkout."""

from __future__ import annotations

from pathlib import Path

import timevis

_PACKAGE = Path(timevis.__file__).parent

CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parents[1] / "conf"
"""The folder of the configs: `timevis.conf` of a wheel, ``conf/`` of a checkout."""

BUILT_IN_BACKBONES = ("nano", "attention", "none")
"""Values of `model.backbone.path` that name neither a folder nor a model of the hub; all are as small as nano."""


def user_conf() -> Path | None:
    """The ``conf/`` folder in the working directory, if it is not TimeVis's own; it adds choices to the config
    groups."""
    folder = Path.cwd() / "conf"
    return folder if folder.is_dir() and folder.resolve() != CONF.resolve() else None
