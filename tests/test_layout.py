"""The layout of the package follows docs/architecture.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src/timevis"

LAYERS = (
    ("errors", "messages", "metrics", "utils"),
    ("config",),
    ("data",),
    ("intervals",),
    ("models",),
    ("runs",),
    ("evaluation",),
    ("report",),
    ("sweep", "training"),
    ("inference",),
    ("api",),
    ("service",),
    ("cli",),
)
"""Top-level modules and folders; a layer imports from those before it, and within itself."""


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


@cache
def imported_modules() -> list[tuple[str, str]]:
    """Importing and imported module of TimeVis, also within functions and for the type checker."""
    return list(_imported_modules())


def _imported_modules() -> Iterator[tuple[str, str]]:
    names = {module_name(path) for path, _ in modules()}
    for path, tree in modules():
        for node in ast.walk(tree):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                imported = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in imported:
                if name.startswith("timevis."):
                    yield module_name(path), name if name in names else name.rpartition(".")[0]


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of_siblings(package: str, modules: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """For each module or folder of a package the others that it imports; a folder counts with all that is in it."""
    prefix, graph = f"{package}.", dict[str, set[str]]()
    for importer, imported in modules:
        if importer.startswith(prefix) and imported.startswith(prefix):
            first, second = (name.removeprefix(prefix).partition(".")[0] for name in (importer, imported))
            graph.setdefault(first, set()).add(second)
    return {name: others - {name} for name, others in graph.items()}


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    seen, waiting = set[str](), [start]
    while waiting:
        new = graph.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return seen


def folders_in_cycles(package: str, modules: Iterable[tuple[str, str]]) -> list[str]:
    """The folders of a package that import themselves through other folders or modules of it."""
    graph = imports_of_siblings(package, modules)
    folder = PACKAGE.joinpath(*package.split(".")[1:])
    return sorted(name for name in graph if (folder / name).is_dir() and name in reachable(graph, name))


def test_a_cycle_between_folders_is_found_also_through_a_module() -> None:
    edges = [("timevis.data.schema.a", "timevis.data.options"), ("timevis.data.options", "timevis.data.schema.b")]
    assert folders_in_cycles("timevis.data", edges) == ["schema"]
    assert folders_in_cycles("timevis.data", edges[:1]) == []


PACKAGES = {module_name(path) for path in PACKAGE.rglob("__init__.py")} - {"timevis"}


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_no_folder_of_a_package_imports_itself_through_the_others(package: str) -> None:
    """The order of the folders at the top is the order of `LAYERS`."""
    assert folders_in_cycles(package, imported_modules()) == []


def test_the_package_of_the_wheel_lists_every_folder() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"packages = \[.*?\n(.*?)\n\]", text, re.DOTALL)
    assert listed is not None
    folders = {".".join(p.parent.relative_to(PACKAGE.parent).parts) for p in PACKAGE.rglob("__init__.py")}
    assert set(re.findall(r'"([\w.]+)"', listed[1])) == folders | {"timevis.conf"}


def test_the_product_does_not_import_the_research_package() -> None:
    imports = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, tree in modules()
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        if name.partition(".")[0] == "timevis_research"
    ]
    assert imports == []


def test_the_research_package_lists_every_folder() -> None:
    folder = PACKAGE.with_name("timevis_research")
    listed = re.findall(r'^  "(timevis_research[\w.]*)",$', (folder / "pyproject.toml").read_text(), re.MULTILINE)
    assert set(listed) == {".".join(p.parent.relative_to(folder.parent).parts) for p in folder.rglob("__init__.py")}
