"""What the reading of an upload in a child process says of it."""

from __future__ import annotations

import json
from pathlib import Path

from timevis.errors import DataError
from timevis.messages import Text
from timevis.service.profiling import _with_shown_names


def test_an_error_names_the_file_of_the_client_in_all_params() -> None:
    path = Path("/home/uploads/0f3a.csv")
    place = Text("in-file", "in {file}", file=path.name)
    error = DataError(Text("unreadable", "{source}: see {places}", source=str(path), places=[place, str(path)]))
    shown = _with_shown_names(error.to_json(), {path: "plant.csv"})
    assert shown["error"] == "plant.csv: see in plant.csv, plant.csv"
    assert shown["error_code"]["params"]["places"][0]["params"] == {"file": "plant.csv"}
    assert "0f3a" not in json.dumps(shown)
