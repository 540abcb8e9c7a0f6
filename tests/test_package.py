"""TimeVis as an installed package, without the repository."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tiny import ROOT

SMALL = ("evaluation.max_windows=6", "evaluation.val_windows=4", "logger=none")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the built wheel; its dependencies come from the environment of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run_timevis(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `timevis` of the wheel, and of nothing else, in a folder."""
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from timevis.cli.main import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True)


def test_a_wheel_trains_in_an_empty_folder_with_its_own_configs(installed: Path, tmp_path: Path) -> None:
    done = run_timevis(installed, tmp_path, "train", "model=seasonal_naive", "data=traffic", *SMALL)
    assert done.returncode == 0, done.stderr
    (report,) = tmp_path.glob("outputs/traffic/seasonal_naive/*/report.html")
    done = run_timevis(installed, tmp_path, "predict", str(report.parent))
    assert done.returncode == 0, done.stderr
    assert "24 rows" in done.stdout


def test_a_wheel_holds_every_file_of_the_built_page(installed: Path) -> None:
    static = Path("timevis/service/web/static")
    built = sorted(path.relative_to(ROOT / "src") for path in (ROOT / "src" / static).rglob("*") if path.is_file())
    if not built:
        pytest.skip("the page is not built: make page")  # .ci/run builds it before the tests
    assert static / "index.html" in built
    assert sorted(p.relative_to(installed) for p in (installed / static).rglob("*") if p.is_file()) == built


def test_a_conf_folder_adds_choices_and_never_replaces_the_main_config(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "conf/data").mkdir(parents=True)
    (tmp_path / "conf/train.yaml").write_text("broken: true\n")
    (tmp_path / "conf/data/mine.yaml").write_text("defaults: [file, _self_]\nname: mine\npath: mine.csv\n")
    hours = range(400)
    rows = "".join(f"2024-01-{1 + hour // 24:02} {hour % 24:02}:00,{10 + hour % 24}\n" for hour in hours)
    (tmp_path / "mine.csv").write_text("time,load\n" + rows)
    words = ("train", "model=seasonal_naive", "data=mine", "horizon=6", "context_length=48", *SMALL)
    done = run_timevis(installed, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert f"config choices are also taken from {tmp_path / 'conf'}" in done.stdout
    assert list(tmp_path.glob("outputs/mine/seasonal_naive/*/results.json"))
    wrong = run_timevis(installed, tmp_path, "train", "data=mime")
    assert "did you mean 'mine'" in wrong.stderr


def test_timevis_lists_its_commands_and_names_the_nearest(installed: Path, tmp_path: Path) -> None:
    listing = run_timevis(installed, tmp_path, "--help")
    assert listing.returncode == 0
    for command in ("train", "predict", "compare", "inspect", "generate"):
        assert command in listing.stdout
        assert run_timevis(installed, tmp_path, command, "--help").returncode == 0
    wrong = run_timevis(installed, tmp_path, "tarin")
    assert wrong.returncode == 2
    assert "did you mean 'train'" in wrong.stderr
