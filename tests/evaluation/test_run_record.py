from pathlib import Path

import pandas as pd
import pytest

from timevis.evaluation.run_record import RunRecord

NOTHING = pd.DataFrame()


def record(found: dict, said: str | None) -> RunRecord:
    config = {"data": {"timezone": said}}
    return RunRecord(Path("run"), {}, found, config, [], NOTHING, None, NOTHING, None, None)


@pytest.mark.parametrize(
    ("found", "said", "zone"),
    [
        ({"timezone": "Europe/Lisbon"}, None, "Europe/Lisbon"),
        ({"timezone": "UTC+02:00"}, None, "UTC+02:00"),
        ({"timezone": None}, "Europe/Lisbon", None),
        ({}, "Europe/Lisbon", "Europe/Lisbon"),
        ({}, None, None),
    ],
)
def test_hours_are_read_in_the_zone_that_was_found_in_the_data(
    found: dict, said: str | None, zone: str | None
) -> None:
    assert record(found, said).timezone == zone
