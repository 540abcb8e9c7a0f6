"""Links from errors to the sections of docs/troubleshooting.md."""

from __future__ import annotations

import re

from timevis.messages import Message, Text

PAGE = "docs/troubleshooting.md"
UNREACHABLE_REDIS, STUCK_TRAINING = f"{PAGE}#unreachable-redis", f"{PAGE}#stuck-training"
ARTEFACT_STORE = f"{PAGE}#artefact-store"
SLOW_DOWNLOAD, FULL_GPU, FULL_DISK = f"{PAGE}#slow-download", f"{PAGE}#full-gpu", f"{PAGE}#full-disk"
SECTIONS = {
    r"CUDA.*out of memory|out of memory.*(GPU|CUDA)": FULL_GPU,
    r"No space left|File too large|disk is full|Disk quota": FULL_DISK,
    r"the copy .* is damaged|TIMEVIS_STORE|artefact store": ARTEFACT_STORE,
    r"huggingface|hub|download|local cache": SLOW_DOWNLOAD,
    r"was lost|ended by SIGKILL": STUCK_TRAINING,
}


def with_link(error: str | None, advice: str | None) -> str | None:
    """The advice of an error with a link to the section that explains it, if there is one."""
    for pattern, section in SECTIONS.items():
        if re.search(pattern, error or "", re.IGNORECASE):
            if not advice:
                return Text("see-section", "see {section}", section=section)
            if isinstance(advice, Message):
                return Text("advice-and-section", "{advice}; see {section}", advice=advice, section=section)
            return f"{advice}; see {section}"
    return advice
