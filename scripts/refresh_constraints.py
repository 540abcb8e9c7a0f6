"""Pin what the project installs: a fresh environment, the newest admitted releases, written to constraints.txt.

    python scripts/refresh_constraints.py

torch is left out, so that each machine takes the build that suits it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = ("torch", "nvidia-", "triton", "cuda-", "timevis", "pip", "setuptools")


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", f"{ROOT}[dev,docs,service,mcp]"], check=True)
        frozen = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout
    pins = [
        line
        for line in frozen.splitlines()
        if "==" in line and not line.partition("==")[0].lower().startswith(LEFT_OUT)
    ]
    pins += [line for line in frozen.splitlines() if line.lower().startswith("torchmetrics==")]
    header = "# Written by scripts/refresh_constraints.py (make constraints); torch is left out on purpose.\n"
    (ROOT / "constraints.txt").write_text(header + "\n".join(sorted(set(pins), key=str.lower)) + "\n")
    print(f"constraints.txt: {len(pins)} pins")


if __name__ == "__main__":
    main()
