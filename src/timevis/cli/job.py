"""Run one job that Hydra starts, alone or in a sweep, and turn its errors into messages and exit codes.

PyTorch is imported only for a config that has passed its first checks.
"""

from __future__ import annotations

import logging
from pathlib import Path

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from timevis.config.compose import added_keys, register_resolvers
from timevis.config.stored import escape, to_yaml
from timevis.config.validate import check
from timevis.data.readers.file_checks import check_file
from timevis.errors import Cancelled, RunFolderError
from timevis.messages import Text
from timevis.runs.folder import RunFolder, config_to_store
from timevis.runs.status import Status, read_status, state_of
from timevis.utils.explain import explain
from timevis.utils.files import display_path, write_text
from timevis.utils.machine import available_cores, threads_per_job, without_garbage_collection
from timevis.utils.stdout import print_error

log = logging.getLogger(__name__)


def run_job(cfg: DictConfig) -> float:
    """Run the job that Hydra composed; returns ``val/relative_wql``.

    Raises
    ------
    SystemExit
        The run failed outside a sweep, or it was cancelled, which also ends a sweep.
    TimeVisError
        The run failed in a sweep, whose other jobs continue.
    """
    register_resolvers()
    hydra = HydraConfig.get()
    folder, overrides = Path(hydra.runtime.output_dir), list(hydra.overrides.task)
    sweep = Path(hydra.sweep.dir) if hydra.mode == RunMode.MULTIRUN else None
    try:
        check(cfg, added_keys(overrides))
        if sweep is not None and (folder / "config.yaml").is_file():
            finished = _score_of_finished_job(cfg, folder)
            if finished is not None:
                log.info("%s has already completed: not run again", display_path(folder))
                return finished
            cfg, overrides = OmegaConf.merge(cfg, {"resume": escape(str(folder))}), []  # type: ignore[assignment]  # a DictConfig
        check_input_file(cfg)
        with without_garbage_collection():
            from timevis.training.run import run

        return run(cfg, folder, overrides, group=sweep.name if sweep else None, threads=_threads_of_job(hydra))
    except Cancelled as error:
        log.warning("%s", error)
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        failure = explain(error, cfg)
        if sweep is None:
            raise SystemExit(print_error(failure)) from None
        log.error("failed: %s", failure)
        if read_status(folder) is None:
            write_text(folder / "overrides.yaml", to_yaml(overrides))
            Status(folder).finish("failed", failure)
        raise failure from None
    finally:
        if sweep is not None:
            from timevis.sweep.leaderboard import write_leaderboard

            write_leaderboard(sweep)


def check_input_file(cfg: DictConfig) -> None:
    """Check that the data file exists and that TimeVis reads its format, before large libraries are imported.

    Raises
    ------
    DataError
        Names the path.
    """
    path = cfg.data.get("path")
    if isinstance(path, str) and not cfg.resume:
        check_file(Path(path).expanduser())


def _score_of_finished_job(cfg: DictConfig, folder: Path) -> float | None:
    """``val/relative_wql`` of a job that was completed before; None for one that has to be resumed.

    Raises
    ------
    RunFolderError
        The folder contains a run with another config.
    """
    from timevis.runs.config import RunConfig

    earlier = RunFolder(folder)
    stored = OmegaConf.create(OmegaConf.to_container(earlier.config, resolve=True))
    wanted = OmegaConf.create(OmegaConf.to_container(config_to_store(cfg), resolve=True))
    for key in RunConfig.from_config(cfg).derived_keys:  # the earlier job stored what followed from its data
        OmegaConf.update(wanted, key, OmegaConf.select(stored, key))
    if stored != wanted:
        message = Text(
            "{path} contains a run with other settings, so this sweep cannot be continued there", path=str(folder)
        )
        advice = Text("choose another hydra.sweep.dir, or start the same sweep")
        raise RunFolderError(message, advice)
    if state_of(folder) != "completed":
        return None
    return earlier.results.validation_score


def _threads_of_job(hydra: HydraConf) -> int:
    """Threads of this job: the cores of this machine, divided among the jobs of the sweep that run in parallel."""
    launcher = hydra.launcher
    if launcher.get("cpus_per_task"):
        return int(launcher.cpus_per_task)
    jobs = launcher.get("n_jobs", 1)
    if "submitit" in launcher.get("_target_", "") and "Local" in launcher._target_:
        jobs = -1  # all jobs start at once, unless hydra.launcher.cpus_per_task says otherwise
    return threads_per_job(available_cores() if jobs < 0 else jobs)
