"""The log of a run says how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from timevis.errors import DataError
from timevis.messages import Text
from timevis.utils.interrupts import StopRequest
from timevis.utils.logs import log_to_file


@pytest.mark.parametrize(
    ("error", "has_traceback"), [(StopRequest().to_error(), False), (DataError(Text("no row")), True)]
)
def test_a_cancelled_run_is_no_error_in_its_log(error: Exception, has_traceback: bool, tmp_path: Path) -> None:
    with pytest.raises(type(error)), log_to_file(tmp_path / "train.log"):
        raise error
    text = (tmp_path / "train.log").read_text()
    assert str(error).splitlines()[0] in text
    assert ("Traceback" in text, "ERROR" in text) == (has_traceback, has_traceback)
