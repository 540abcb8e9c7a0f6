"""The files of deploy, Dockerfile and compose.yaml: their commands are run here, since there is no Docker daemon."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from running_service import wait_until
from servers import free_port, redis_program, server_program
from service_data import TOKEN, plant_csv

from timevis.service.client import Client

ROOT = Path(__file__).parents[2]
WITH_TIMEVIS = "timevis "


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for name, value in {"TIMEVIS_TOKEN": TOKEN, "POSTGRES_PASSWORD": "secret"}.items():
        text = re.sub(rf"\$\{{{name}:[^}}]*\}}|\$\{{{name}\}}", value, text)
    text = re.sub(r"\$\{\w+:-\}", "", text)
    assert "${" not in text
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def own_services(compose: dict[str, Any]) -> dict[str, list[str]]:
    """The command of each service that runs TimeVis."""
    commands = {name: service.get("command") or "" for name, service in compose["services"].items()}
    return {name: shlex.split(command) for name, command in commands.items() if command.startswith(WITH_TIMEVIS)}


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    command = [redis_program(), "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield port
    process.kill()
    process.wait()


@pytest.mark.slow
def test_the_commands_of_compose_are_a_ready_service_whose_monitor_forecasts_by_itself(
    compose: dict[str, Any], postgres_url: str, redis_port: int, tmp_path: Path
) -> None:
    port, environment = free_port(), dict(os.environ)
    given = compose["services"]["web"]["environment"]
    assert given["TIMEVIS_DATABASE_URL"].startswith("postgresql://")
    own = {"TIMEVIS_DATABASE_URL": postgres_url, "TIMEVIS_BROKER_URL": f"redis://127.0.0.1:{redis_port}/0"}
    environment |= {name: str(value or "") for name, value in given.items()} | own
    environment["TIMEVIS_HOME"] = str(tmp_path / "data")  # one volume for all
    client, processes = Client(f"http://127.0.0.1:{port}", TOKEN), []
    try:
        for name, command in own_services(compose).items():
            assert compose["services"][name]["volumes"] == ["data:/data"]
            further = ["--port", str(port)] if name == "web" else []
            processes.append(subprocess.Popen([sys.executable, "-m", *command, *further], env=environment))
        wait_until(lambda: is_ready(client))
        path = tmp_path / "plant.csv"
        path.write_bytes(plant_csv())
        dataset = client.upload(path)["id"]
        task = client.complete(client.train(dataset, "seasonal_naive", horizon=6, context_length=48))
        body = {"dataset": dataset, "model": task["result"]["model"]}
        monitor = client.call("POST", "monitors", json=body)["id"]
        wait_until(lambda: client.call("GET", f"monitors/{monitor}/forecasts")["total"] == 1)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def is_ready(client: Client) -> bool:
    try:
        return bool(client.health()["ready"])
    except OSError:  # it is starting
        return False


def test_the_unit_of_systemd_is_valid_and_starts_the_service_with_options_that_it_knows(tmp_path: Path) -> None:
    analyze = server_program("systemd-analyze", "systemd")
    text = (ROOT / "deploy/timevis.service").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    program, *arguments = shlex.split(command)
    (name,) = re.findall(r"^EnvironmentFile=-(.*)$", text, re.MULTILINE)
    assert name.endswith(".env")
    helped = subprocess.run([sys.executable, "-m", "timevis", *arguments, "--help"], capture_output=True, check=False)
    assert helped.returncode == 0, helped.stderr
    unit = tmp_path / "timevis.service"
    unit.write_text(text.replace(program, str(shutil.which("true"))).replace("User=timevis", "User=root"))
    checked = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_files_that_the_image_copies_are_there() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)]
    absent = [name for names in copied for name in names if not (ROOT / name).exists()]
    assert len(copied) > 3
    assert absent == []
