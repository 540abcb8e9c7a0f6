"""The files that describe the project agree with each other."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_requirements_txt_lists_the_dependencies_of_pyproject_and_of_the_service():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    expected = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["service"]
    assert [x for x in lines if not x.startswith("#")] == expected


def test_environment_yml_installs_this_project_with_its_python_and_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(x["pip"] for x in environment["dependencies"] if isinstance(x, dict))
    assert f"python{PROJECT['requires-python']}" in environment["dependencies"]
    assert pip == ["-c constraints.txt", "-r requirements.txt", "-e .[service]"]


def test_constraints_pin_every_dependency_but_torch():
    pins = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    groups = PROJECT["optional-dependencies"].items()
    optional = [d for name, group in groups if name != "fev" for d in group]  # it needs an older huggingface-hub
    names = {re.split(r"[<>=!~\[ ]", d)[0].lower() for d in PROJECT["dependencies"] + optional}
    assert {n for n in names if n.replace("_", "-") not in {p.replace("_", "-") for p in pins}} == {"torch"}


def test_the_citation_names_the_version_and_licence_of_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])


@pytest.mark.parametrize("pattern", ["*.py", "*.yaml", "*.md"])
def test_no_tracked_file_names_a_path_of_the_machine_it_was_written_on(pattern):
    found = subprocess.run(
        ["git", "grep", "-lE", r"/(work|root|home/[a-z]+)/[a-z]", "--", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert [f for f in found if f != "tests/test_project.py"] == []
