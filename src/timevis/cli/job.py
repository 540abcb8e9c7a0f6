"""What Hydra calls: one job, alone or in a sweep, with its error turned into words and an exit code.

Imports what is heavy only for a config that has passed its first checks.
"""

from __future__ import annotations

import logging
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from timevis.config.compose import register_resolvers
from timevis.config.validate import check
from timevis.errors import Cancelled
from timevis.runs.status import Status, read_status
from timevis.training.resume import added_keys
from timevis.utils import memory
from timevis.utils.explain import explain
from timevis.utils.files import write_text
from timevis.utils.stdout import print_error

log = logging.getLogger(__name__)


def run_job(cfg: DictConfig) -> float:
    """Run the job that Hydra composed; returns `val/wql`.

    Raises
    ------
    SystemExit
        Outside a sweep when the run failed, and everywhere when it was cancelled: that ends a sweep too.
    TimeVisError
        In a sweep: the reason of the failure, so that the other jobs go on.
    """
    register_resolvers()
    hydra = HydraConfig.get()
    folder, overrides = Path(hydra.runtime.output_dir), list(hydra.overrides.task)
    sweep = Path(hydra.sweep.dir) if hydra.mode == RunMode.MULTIRUN else None
    try:
        check(cfg, added_keys(overrides))
        with memory.without_garbage_collection():
            from timevis.experiment import run

        return run(cfg, folder, overrides, group=sweep.name if sweep else None)
    except Cancelled as error:
        log.warning("%s", error)
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        failure = explain(error, cfg)
        if sweep is None:
            raise SystemExit(print_error(failure)) from None
        log.error("failed: %s", failure)
        if read_status(folder) is None:
            write_text(folder / "overrides.yaml", OmegaConf.to_yaml(OmegaConf.create(overrides)))
            Status(folder).finish("failed", failure.message, failure.advice)
        raise failure from None
    finally:
        if sweep is not None:
            from timevis.sweep.leaderboard import write_leaderboard

            write_leaderboard(sweep)
