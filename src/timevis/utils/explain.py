"""Turn an exception of a run into a message that names the cause and what to do."""

from __future__ import annotations

import errno
from pickle import UnpicklingError

from omegaconf import DictConfig, OmegaConf

from timevis.errors import TimeVisError

_CONTINUE = "then continue with resume=<run folder>"
SYSTEM_ERRORS = {
    errno.ENOSPC: ("the disk is full", f"free some space or choose another hydra.run.dir, {_CONTINUE}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space or choose another hydra.run.dir, {_CONTINUE}"),
    errno.EFBIG: ("the file would be too large", f"raise the limit on the size of files (ulimit -f), {_CONTINUE}"),
    errno.EPERM: ("the system does not permit it", f"check the attributes and the owner of the file, {_CONTINUE}"),
    errno.EACCES: ("permission is denied", f"check the permissions of the folder, {_CONTINUE}"),
    errno.EROFS: ("the file system is read-only", f"choose another hydra.run.dir, {_CONTINUE}"),
    errno.EIO: ("the disk reports an error", f"check the disk, {_CONTINUE}"),
}
"""For each error number of the system, the cause in words and what to do."""


def explain(error: BaseException, cfg: DictConfig | None = None) -> TimeVisError:
    """Give the cause of an exception and advice to the user.

    Parameters
    ----------
    error : BaseException
        A `TimeVisError` is returned unchanged.
    cfg : DictConfig, optional
        Config of the run; makes the advice more specific.
    """
    if isinstance(error, TimeVisError):
        return error
    text = str(error).strip()
    first_line = text.splitlines()[0] if text else type(error).__name__
    if is_out_of_memory(error):
        return TimeVisError(f"out of memory: {first_line}", _smaller_batch_advice(cfg))
    if isinstance(error, FloatingPointError):
        return TimeVisError(
            f"training diverged: {first_line}",
            "lower model.learning_rate (a tenth is a good start) or model.fit.gradient_clip",
        )
    if isinstance(error, UnpicklingError):
        return TimeVisError(
            "a checkpoint of the run holds objects other than weights, which could run code, so it was not loaded",
            "TimeVis does not write such checkpoints: delete checkpoints/ in the run folder and train again",
        )
    if isinstance(error, OSError) and error.errno in SYSTEM_ERRORS:
        cause, advice = SYSTEM_ERRORS[error.errno]
        file = f"{error.filename} could not be written: " if error.filename is not None else ""
        return TimeVisError(f"{file}{cause} ({error.strerror or first_line})", advice)
    return TimeVisError(f"{type(error).__name__}: {first_line}", "see the traceback in train.log of the run folder")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that the memory of the GPU or the CPU is exhausted."""
    text = str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def _smaller_batch_advice(cfg: DictConfig | None) -> str:
    fit = OmegaConf.select(cfg, "model.fit") if cfg is not None else None
    if fit is None:
        return "use a smaller model.fit.batch_size"
    batch_size, eval_batch_size = max(1, int(fit.batch_size) // 2), max(1, int(fit.eval_batch_size) // 2)
    return f"try model.fit.batch_size={batch_size} model.fit.eval_batch_size={eval_batch_size}"
