from __future__ import annotations

from pathlib import Path

import pytest

from timevis.data.items import read_items
from timevis.data.options import DataOptions
from timevis.data.panel import DatasetCard
from timevis.errors import DataError


@pytest.mark.parametrize(
    ("content", "option"),
    [
        ("time;load\n2024-01-01;1,250\n2024-01-02;2,500\n", "decimal"),
        ("time;load\n01/02/2024;1\n02/02/2024;2\n", "day_first"),
        ("time;load;Größe\n2024-01-01;1;2\n2024-01-02;2;3\n", "encoding"),
    ],
)
def test_options_that_a_new_file_needs_are_said_where_the_run_is_trained(
    content: str, option: str, tmp_path: Path
) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes(content.encode("cp1252"))
    options = DataOptions.from_config({"name": "plant", "path": "plant.csv"})
    with pytest.raises(DataError) as error:
        read_items(path, options, ("load",), None, DatasetCard("plant"))
    assert f"data.cleaning.{option}=" in error.value.advice
    assert "a run reads new files with its own data.cleaning" in error.value.advice
