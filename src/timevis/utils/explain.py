"""What went wrong in words of the user's experiment, and what to do about it."""

from __future__ import annotations

import errno
from pickle import UnpicklingError

from omegaconf import DictConfig, OmegaConf

from timevis.errors import TimeVisError


def explain(error: BaseException, cfg: DictConfig | None = None) -> TimeVisError:
    """The reason and the advice behind an exception of a run with config `cfg`; itself where it says them."""
    if isinstance(error, TimeVisError):
        return error
    text = str(error).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    if is_out_of_memory(error):
        return TimeVisError(f"out of memory: {first}", _smaller_batch(cfg))
    if isinstance(error, FloatingPointError):
        return TimeVisError(
            f"training diverged: {first}",
            "lower model.learning_rate (a tenth is a good start) or model.fit.gradient_clip",
        )
    if isinstance(error, UnpicklingError):
        return TimeVisError(
            "a checkpoint of the run holds objects that are no weights, which could run code, and is not loaded",
            "TimeVis writes no such checkpoint: remove checkpoints/ in the run folder to train anew",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TimeVisError(
            f"the disk is full: {first}", "make room, or choose another hydra.run.dir; then use resume=<run folder>"
        )
    return TimeVisError(f"{type(error).__name__}: {first}", "see train.log in the run folder for where")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that there is no more memory, on a GPU or on the CPU."""
    text = str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def _smaller_batch(cfg: DictConfig | None) -> str:
    fit = OmegaConf.select(cfg, "model.fit") if cfg is not None else None
    if fit is None:
        return "use a smaller model.fit.batch_size"
    train, evaluation = max(1, int(fit.batch_size) // 2), max(1, int(fit.eval_batch_size) // 2)
    return f"try model.fit.batch_size={train} model.fit.eval_batch_size={evaluation}"
