"""Start the service and show it at work: sample series, an upload, a short training and a forecast.

    python -m timevis.service.first_steps [--check] [--host HOST] [--port PORT]

This is what start.sh and start.bat run. Afterwards the service goes on until Ctrl-C; with `--check` it is stopped.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from timevis.errors import RunFolderError
from timevis.messages import Text
from timevis.service.client import Client, ServiceError
from timevis.service.processes import local_address
from timevis.service.settings import Settings
from timevis.service.tasks.runner import terminate
from timevis.service.troubleshooting import printed_text
from timevis.utils.stdout import run_script

SAMPLE_ROWS = 1500
START_SECONDS = 180.0
TRAIN_SECONDS = 600.0
STOP_SECONDS = 60.0
UPLOADED_DOMAIN, UNIT = "electricity", "kW"
TRAINING: dict[str, Any] = {
    "name": "first steps",
    "horizon": 24,
    "context_length": 168,
    "max_epochs": 3,
    "steps_per_epoch": 30,
    "options": {"hidden_size": 32},
    "evaluation": {"max_windows": 100, "val_windows": 50},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="stop the service afterwards")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5000, help="(default: %(default)s)")
    args = parser.parse_args(arguments)
    return run_script(lambda: run(args.host, args.port, args.check))


def run(host: str, port: int, check: bool) -> int:
    """Start `timevis serve`, take the first steps, and wait until it ends."""
    settings = Settings.from_environment()
    command = [sys.executable, "-m", "timevis", "serve", "--host", host, "--port", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    client = Client(local_address(host, port), settings.token.get_secret_value())
    code = 1
    try:
        _wait_until_ready(client, process)
        take_first_steps(client, settings.home / "samples")
        code = 0 if check else process.wait()
    except KeyboardInterrupt:
        code = 0
    except ServiceError as error:
        raise RunFolderError(Text("the service refused a request: {reason}", reason=str(error))) from None
    finally:
        _stop(process)
    return code


def take_first_steps(client: Client, samples: Path) -> None:
    """Make a sample series of each domain, upload one, train a short LSTM on it, forecast, and print the result.

    Raises
    ------
    RunFolderError
        The training did not complete.
    """
    print("1. sample series", flush=True)
    arguments = ["--formats", "csv", "--rows", str(SAMPLE_ROWS), "--series", "1"]
    subprocess.run([sys.executable, "-m", "timevis", "generate", str(samples), *arguments], check=True)
    path = samples / f"{UPLOADED_DOMAIN}.csv"
    print(f"2. upload of {path}", flush=True)
    dataset = client.upload(path, domain=UPLOADED_DOMAIN, unit=UNIT)
    report = dataset["report"]
    duplicates = report["duplicates"]["identical"]["rows"]
    print(f"   {dataset['rows']:,} rows, {report['gaps']['count']} gaps, {duplicates} duplicates")
    print("3. training of a short LSTM", flush=True)
    task = client.wait(client.train(dataset["id"], "lstm", **TRAINING), TRAIN_SECONDS)
    if task["state"] != "completed":
        raise RunFolderError(
            Text("the training run is {state}: {reason}", state=task["state"], reason=task["error"]),
            printed_text(task["advice"]) if task["advice"] else None,
        )
    model, wql = task["result"]["model"], task["result"]["metrics"]["wql"]["value"]
    skill = task["result"]["skill"]["wql"]["value"]
    print(f"   WQL {wql:.4f} on the test part, {skill:+.1%} better than seasonal naive")
    print("4. forecast of the next hours", flush=True)
    item = client.forecast(model)["items"][0]
    low, median, high = (item["quantiles"][item["levels"].index(level)] for level in (0.1, 0.5, 0.9))
    for step, time_of_step in enumerate(item["time"][:3]):
        print(f"   {time_of_step}  {median[step]:8.2f}   (80 %: {low[step]:.2f} to {high[step]:.2f})")
    print(f"report of the model: {client.address}/api/models/{model}/report", flush=True)


def _wait_until_ready(client: Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.health()["ready"]:
                return
        except (OSError, ValueError):  # it does not listen yet
            pass
        time.sleep(0.3)
    raise RunFolderError(
        Text("the service did not start"), Text("see the messages above and the folder logs of TIMEVIS_HOME")
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        terminate(process)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
