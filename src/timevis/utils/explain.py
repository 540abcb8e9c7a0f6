"""Turn an exception of a run into a message that names the cause and what to do."""

from __future__ import annotations

import errno
from pickle import UnpicklingError

from omegaconf import DictConfig, OmegaConf

from timevis.errors import TimeVisError
from timevis.messages import Message, Text

SYSTEM_ERRORS = {
    errno.ENOSPC: ("disk_full", "free-space"),
    errno.EDQUOT: ("quota_used_up", "free-space"),
    errno.EFBIG: ("file_too_large", "raise-file-size-limit"),
    errno.EPERM: ("not_permitted", "check-file-owner"),
    errno.EACCES: ("permission_denied", "check-folder-permissions"),
    errno.EROFS: ("read_only", "other-run-folder"),
    errno.EIO: ("disk_error", "check-disk"),
}
"""For each error number of the system, the codes of the cause and of what to do."""


def explain(
    error: BaseException, cfg: DictConfig | None = None, unexpected_advice: str = "see-traceback"
) -> TimeVisError:
    """Give the cause of an exception and advice to the user.

    Parameters
    ----------
    error : BaseException
        A `TimeVisError` is returned unchanged.
    cfg : DictConfig, optional
        Config of the run; makes the advice more specific.
    unexpected_advice : str
        Code of the advice on an exception of unknown cause.
    """
    if isinstance(error, TimeVisError):
        return error
    text = str(error).strip()
    first_line = text.splitlines()[0] if text else type(error).__name__
    if is_out_of_memory(error):
        return TimeVisError(
            Text("out-of-memory", "out of memory: {reason}", reason=first_line), _smaller_batch_advice(cfg)
        )
    if isinstance(error, FloatingPointError):
        reason = error.args[0] if error.args and isinstance(error.args[0], Message) else first_line
        return TimeVisError(
            Text("training-diverged", "training diverged: {reason}", reason=reason),
            Text(
                "lower-learning-rate",
                "lower model.learning_rate (a tenth is a good start) or model.fit.gradient_clip",
            ),
        )
    if isinstance(error, UnpicklingError):
        return TimeVisError(
            Text(
                "unsafe-checkpoint",
                "a checkpoint of the run holds objects other than weights, which "
                "could run code, so it was not loaded",
            ),
            Text(
                "train-without-checkpoints",
                "TimeVis does not write such checkpoints: delete checkpoints/ in the run folder and train again",
            ),
        )
    if isinstance(error, OSError) and error.errno in SYSTEM_ERRORS:
        cause, advice = map(message, SYSTEM_ERRORS[error.errno])
        values = {"cause": cause, "reason": error.strerror or first_line}
        if error.filename is not None:
            return TimeVisError(
                Text(
                    "file-not-written",
                    "{file} could not be written: {cause} ({reason})",
                    file=str(error.filename),
                    **values,
                ),
                advice,
            )
        return TimeVisError(Text("system-error", "{cause} ({reason})", **values), advice)
    return TimeVisError(
        Text("unexpected-error", "{kind}: {reason}", kind=type(error).__name__, reason=first_line),
        message(unexpected_advice),
    )


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
    return Text(
        "smaller-batch",
        "try model.fit.batch_size={batch_size} model.fit.eval_batch_size={eval_batch_size}",
        batch_size=batch_size,
        eval_batch_size=eval_batch_size,
    )
