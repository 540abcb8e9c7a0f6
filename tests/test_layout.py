"""The layout and the names of the package follow docs/architecture.md."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src/timevis"

LAYERS = (
    ("errors", "messages", "metric_specs", "metrics", "utils"),
    ("config",),
    ("data",),
    ("models",),
    ("runs",),
    ("evaluation",),
    ("sweep", "training"),
    ("experiment", "predict", "rescore"),
    ("api",),
    ("service",),
    ("cli",),
)
"""Top-level modules and folders; a layer imports from those before it, and within itself."""

OLD_MODULES = frozenset(
    {
        *("words", "own_data", "identity", "fitting", "cancel", "composition", "config_check", "failures", "targets"),
        *("build", "summary", "worker", "jobs", "steering", "reporting", "tracking", "paired", "planned", "watch"),
        *("spread", "assemble", "items", "packed", "sentinels", "given_times", "workbook", "separators", "masking"),
        *("point", "mixing", "storage", "naive", "lean", "kept_state", "readout", "context_words", "random_numbers"),
    }
)
OLD_NAMES = frozenset(
    {
        *("unbounded", "takers", "made", "kept", "asked", "Known", "Nothing", "_Again", "_offer", "stands_at_zero"),
        *("of_run", "settings", "_look_at_task", "alike"),
        *("EVERY", "ERRORS", "ROOM", "FEW", "MOST", "OF_TAILS", "REMEMBERED"),
    }
)
PHRASES_TO_AVOID = (
    "the model is barely fit",
    "the test part is no test any more",
    "before anything is known of zero",
    "what else pretrain_nano",
    "ends where they do is forecast",
    "going on behind it",
    "the fit had ended",
    "what is held back",
)


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def layer_of(module: str) -> int | None:
    """The layer of a module such as ``timevis.data.panel``; None for ``timevis`` itself."""
    name = module.split(".")[1] if "." in module else ""
    return next((i for i, names in enumerate(LAYERS) if name in names), None)


def test_every_top_level_module_has_a_layer() -> None:
    names = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")}
    assert names == {name for layer in LAYERS for name in layer}


def test_imports_go_one_way() -> None:
    """Also within functions, and for the type checker."""
    upward = []
    for path, tree in modules():
        importer = layer_of("timevis." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts))
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                imported = layer_of(name) if name.startswith("timevis.") else None
                if importer is not None and imported is not None and imported > importer:
                    upward.append(f"{path.relative_to(ROOT)} imports {name}")
    assert upward == []


def test_the_parts_of_the_service_import_in_one_order() -> None:
    """Also within functions, and for the type checker."""
    graph: dict[str, set[str]] = {}
    for path, tree in modules():
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] != "service" or len(parts) < 2:
            continue
        statements = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names = [f"{node.module}.{alias.name}" for node in statements for alias in node.names]
        imported = {name.split(".")[2] for name in names if name.startswith("timevis.service.")}
        graph.setdefault(parts[1], set()).update(imported - {parts[1]})
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the parts


def test_no_module_function_or_constant_has_a_name_that_was_replaced() -> None:
    found = []
    for path, tree in modules():
        if path.stem in OLD_MODULES and "service" not in path.parts:  # docs/architecture.md names its modules
            found.append(str(path.relative_to(ROOT)))
        for node in ast.walk(tree):
            names = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names += [target.id for target in targets if isinstance(target, ast.Name) and target.id.isupper()]
            found += [f"{path.relative_to(ROOT)}: {name}" for name in names if name in OLD_NAMES]
    assert found == []


@pytest.mark.parametrize("phrase", PHRASES_TO_AVOID)
def test_no_tracked_file_has_a_phrase_that_puzzled_readers(phrase: str) -> None:
    done = subprocess.run(["git", "grep", "-lF", phrase], cwd=ROOT, capture_output=True, text=True)
    assert [f for f in done.stdout.split() if f != "tests/test_layout.py"] == []


def test_the_package_of_the_wheel_lists_every_folder() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"packages = \[.*?\n(.*?)\n\]", text, re.DOTALL)
    assert listed is not None
    folders = {".".join(p.parent.relative_to(PACKAGE.parent).parts) for p in PACKAGE.rglob("__init__.py")}
    assert set(re.findall(r'"([\w.]+)"', listed[1])) == folders | {"timevis.conf"}
