"""What errors of the service say: the section of docs/troubleshooting.md, and texts that several modules give."""

from __future__ import annotations

from timevis.errors import TimeVisError
from timevis.messages import Text

PAGE = "docs/troubleshooting.md"
UNREACHABLE_REDIS, STUCK_TRAINING = f"{PAGE}#unreachable-redis", f"{PAGE}#stuck-training"
ARTEFACT_STORE = f"{PAGE}#artefact-store"
SLOW_DOWNLOAD, OUT_OF_MEMORY, FULL_DISK = f"{PAGE}#slow-download", f"{PAGE}#out-of-memory", f"{PAGE}#full-disk"
SECTIONS = {
    "out-of-memory": OUT_OF_MEMORY,
    "disk-full": FULL_DISK,
    "file-too-large": FULL_DISK,
    "quota-used-up": FULL_DISK,
    "copy-damaged": ARTEFACT_STORE,
    "run-not-copied": ARTEFACT_STORE,
    "hub-out-of-reach": SLOW_DOWNLOAD,
    "hub-has-no-model": SLOW_DOWNLOAD,
    "download-ended": SLOW_DOWNLOAD,
    "worker-lost": STUCK_TRAINING,
    "process-ended-by-signal": STUCK_TRAINING,
}
"""Section for the code of an error, or of a text within it."""


def with_section(error: TimeVisError) -> TimeVisError:
    """The error, whose advice also names the section that explains it, if there is one."""
    inner = [param.code for param in error.message.params.values() if isinstance(param, Text)]
    for code in (error.message.code, *inner):
        if section := SECTIONS.get(code):
            if error.advice is None:
                return TimeVisError(error.message, Text("see {section}", section=section))
            advice = Text("{advice}; see {section}", advice=error.advice, section=section)
            return TimeVisError(error.message, advice)
    return error


def printed_text(text: str) -> Text:
    """A sentence of another library or process, which has no code of its own."""
    return Text("{text}", text=text)


def retry_when_mended() -> Text:
    """What to do about a task that failed for a reason outside it."""
    return Text("retry the task when the cause is mended")
