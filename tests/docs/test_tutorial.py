"""The tutorial notebook runs, and is stored with its outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_tutorial_runs_and_shows_what_its_stored_outputs_show(tmp_path: Path) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    stored = nbformat.read(ROOT / "docs/tutorial.ipynb", as_version=4)
    executed = nbformat.from_dict(stored)
    nbclient.NotebookClient(executed, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [(a, b) for a, b in zip(stored.cells, executed.cells, strict=True) if a.cell_type == "code"]
    for cell, again in cells:
        assert kinds_of_outputs(cell) == kinds_of_outputs(again), cell.source
    shown = "".join(str(again.outputs) for _, again in cells)
    for text in ("seasonal naive", "Comparison on factory", r"\\begin{tabular}", "image/png", "q0.9"):
        assert text in shown


def kinds_of_outputs(cell) -> set[str]:
    """Formats of what a cell shows, without warnings."""
    outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return {kind for output in outputs for kind in output.get("data", [output.get("name")])}
