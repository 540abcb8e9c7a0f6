"""Turn an exception of a run into a message that names the cause and what to do."""

from __future__ import annotations

import errno
from pickle import UnpicklingError

from omegaconf import DictConfig, OmegaConf

from timevis.errors import TimeVisError
from timevis.messages import Setting, Text

_FREE_SPACE = Text("free some space or choose another hydra.run.dir, then continue with resume=<run folder>")
SYSTEM_ERRORS = {
    errno.ENOSPC: (Text("the disk is full", code="disk-full"), _FREE_SPACE),
    errno.EDQUOT: (Text("the disk quota is used up", code="quota-used-up"), _FREE_SPACE),
    errno.EFBIG: (
        Text("the file would be too large", code="file-too-large"),
        Text("raise the limit on the size of files (ulimit -f), then continue with resume=<run folder>"),
    ),
    errno.EPERM: (
        Text("the system does not permit it"),
        Text("check the attributes and the owner of the file, then continue with resume=<run folder>"),
    ),
    errno.EACCES: (
        Text("permission is denied"),
        Text("check the permissions of the folder, then continue with resume=<run folder>"),
    ),
    errno.EROFS: (
        Text("the file system is read-only"),
        Text("choose another hydra.run.dir, then continue with resume=<run folder>"),
    ),
    errno.EIO: (
        Text("the disk reports an error"),
        Text("check the disk, then continue with resume=<run folder>"),
    ),
}
"""For each error number of the system, the cause and what to do."""
SEE_TRACEBACK = Text("see the traceback in train.log of the run folder")
REPORT_TRACEBACK = Text("this is probably a defect of TimeVis: report it with the traceback above")


def explain(
    error: BaseException, cfg: DictConfig | None = None, unexpected_advice: Text = SEE_TRACEBACK
) -> TimeVisError:
    """Give the cause of an exception and advice to the user.

    Parameters
    ----------
    error : BaseException
        A `TimeVisError` is returned unchanged.
    cfg : DictConfig, optional
        Config of the run; makes the advice more specific.
    unexpected_advice : Text
        Advice on an exception of unknown cause.
    """
    if isinstance(error, TimeVisError):
        return error
    text = str(error).strip()
    first_line = text.splitlines()[0] if text else type(error).__name__
    if is_out_of_memory(error):
        message = Text("out of memory: {reason}", code="out-of-memory", reason=first_line)
        return TimeVisError(message, _smaller_batch_advice(cfg))
    if isinstance(error, FloatingPointError):
        reason = error.args[0] if error.args and isinstance(error.args[0], Text) else first_line
        message = Text(
            "lower {learning_rate} (a tenth is a good start) or {gradient_clip}",
            learning_rate=Setting("model.learning_rate"),
            gradient_clip=Setting("model.fit.gradient_clip"),
        )
        return TimeVisError(Text("training diverged: {reason}", reason=reason), message)
    if isinstance(error, UnpicklingError):
        return TimeVisError(
            Text(
                "a checkpoint of the run contains objects other than weights, which could run code, so it was not "
                "loaded"
            ),
            Text("TimeVis does not write such checkpoints: delete checkpoints/ in the run folder and train again"),
        )
    if isinstance(error, OSError) and error.errno in SYSTEM_ERRORS:
        cause, advice = SYSTEM_ERRORS[error.errno]
        values = {"cause": cause, "reason": error.strerror or first_line}
        if error.filename is not None:
            message = Text("{file} could not be written: {cause} ({reason})", file=str(error.filename), **values)
            return TimeVisError(message, advice)
        return TimeVisError(Text("{cause} ({reason})", **values), advice)
    message = Text("{kind}: {reason}", kind=type(error).__name__, reason=first_line)
    return TimeVisError(message, unexpected_advice)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that the memory of the GPU or the CPU is exhausted."""
    text = str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def _smaller_batch_advice(cfg: DictConfig | None) -> Text:
    fit = OmegaConf.select(cfg, "model.fit") if cfg is not None else None
    if fit is None:
        return Text("use a smaller {batch_size}", batch_size=Setting("model.fit.batch_size"))
    batch_size, eval_batch_size = max(1, int(fit.batch_size) // 2), max(1, int(fit.eval_batch_size) // 2)
    return Text(
        "try {batch_size} {eval_batch_size}",
        batch_size=Setting("model.fit.batch_size", batch_size),
        eval_batch_size=Setting("model.fit.eval_batch_size", eval_batch_size),
    )
