from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from tiny import ROOT

from timevis.config.compose import compose
from timevis.data import catalog
from timevis.data.catalog import load_files, load_panel, read_card
from timevis.data.split import make_split
from timevis.errors import ConfigError, DataError

BUNDLED = ROOT / "src/timevis/data/bundled"
SHARED = ROOT.parent / "shared/data"
needs_sources = pytest.mark.skipif(not SHARED.is_dir(), reason="the published files are not here")


@cache
def composed(name: str) -> dict[str, Any]:
    return OmegaConf.to_container(compose([f"data={name}"]).data)


def config(name: str, **overrides: Any) -> dict[str, Any]:
    return {**composed(name), **overrides}


def write(path: Path, **columns: Any) -> Path:
    pd.DataFrame({"time": pd.date_range("2024-01-01", periods=300, freq="h")} | columns).to_csv(path, index=False)
    return path


NOISE = np.random.default_rng(0).normal(size=300).round(3)


@pytest.mark.parametrize(
    ("name", "shape", "channels", "known"),
    [
        ("traffic", (17520, 1), ("traffic_volume",), {"holiday": True, "temp": False}),
        ("electricity", (26304, 1), ("load",), {"holiday": True}),
        ("weather", (43824, 4), ("TEMP", "DEWP", "PRES", "Iws"), {}),
    ],
)
def test_bundled_data_load_with_their_card_and_report(
    name: str, shape: tuple[int, int], channels: tuple[str, ...], known: dict[str, bool]
) -> None:
    panel, report = load_panel(config(name))
    assert panel.values.shape == shape
    assert panel.channels == channels
    assert known.items() <= dict(zip(panel.covariate_names, panel.covariate_known, strict=True)).items()
    card = panel.card
    assert card.public
    assert card.licence == "CC BY 4.0"
    assert all((card.source, card.attribution, card.country, card.description, card.span, card.domain == name))
    assert all(card.unit_of(c) and card.channel_descriptions[c] for c in channels)
    make_split(len(panel), (0.7, 0.1, 0.2), 720, 96)
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["card"]["attribution"] == card.attribution


def test_gaps_of_traffic_and_clock_changes_of_electricity_are_found_not_edited_away() -> None:
    _, report = load_panel(config("traffic"))
    assert (report.gaps["count"], report.gaps["rows"], report.gaps["longest"]) == (67, 104, 9)
    assert report.left_out["snow_1h"] == "as a covariate, it is constant (0)"
    panel, report = load_panel(config("electricity"))
    assert [d["masked"] for d in report.defects] == [1] * 6
    assert all("clocks go" in d["reason"] for d in report.defects)
    assert int(np.isnan(panel.values).sum()) == 6
    raw = pd.read_csv(BUNDLED / "electricity.csv.gz", index_col="time")["load"]
    assert raw["2014-03-30 01:00"] < 10
    assert raw["2014-10-26 01:00"] > 2900


def test_defects_that_no_card_declares_are_found_as_outliers() -> None:
    declared = {f"{d['start']}:00" for d in read_card("electricity")[0].defects}
    _, report = load_panel(config("file", path=str(BUNDLED / "electricity.csv.gz")))
    found = {p["time"] for p in report.outliers["load"]["places"]}
    assert declared <= found
    assert report.outliers["load"]["count"] < 40


def test_bundled_files_are_small() -> None:
    assert sum(p.stat().st_size for p in BUNDLED.glob("*.csv.gz")) < 600_000


@needs_sources
def test_the_bundle_script_makes_the_very_same_files(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, 'scripts'); import bundle_data; from pathlib import Path;"
        f"bundle_data.TARGET = Path({str(tmp_path)!r}); sys.argv[1:] = [{str(SHARED)!r}]; bundle_data.main()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    for path in BUNDLED.glob("*.csv.gz"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@needs_sources
def test_etth1_has_the_split_of_the_literature() -> None:
    cfg = config("etth1")
    panel, _ = load_panel(OmegaConf.create(cfg))
    assert panel.channels == ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
    split = make_split(len(panel), cfg["split"], 336, 96)
    assert [len(split.origins(p, 336, 96)) for p in ("train", "val", "test")] == [8209, 2785, 2785]
    assert panel.card.public
    assert panel.covariate_names == ()


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A public data set whose address is a file in the temporary folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TIMEVIS_DATA", str(tmp_path / "data"))
    (tmp_path / "published.csv").write_text("time,x\n")
    sha256 = hashlib.sha256(b"time,x\n").hexdigest()
    return {"file": "some-public.csv", "url": (tmp_path / "published.csv").as_uri(), "sha256": sha256}


def test_a_public_file_is_downloaded_once_and_checked(entry: dict[str, str], tmp_path: Path) -> None:
    path = catalog.find_file(entry)
    assert path == tmp_path / "cache/timevis/some-public.csv"
    (tmp_path / "published.csv").unlink()
    assert catalog.find_file(entry) == path
    path.write_text("tampered")
    with pytest.raises(DataError, match=r"is not the published some-public\.csv"):
        catalog.find_file(entry)


def test_a_local_folder_comes_before_any_download(entry: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/some-public.csv").write_text("time,x\n")
    assert catalog.find_file(entry | {"url": "file:///nowhere"}) == tmp_path / "data/some-public.csv"


def test_a_public_file_that_is_nowhere_says_where_to_put_it(entry: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be downloaded") as error:
        catalog.find_file(entry | {"url": (tmp_path / "nothing.csv").as_uri()})
    assert str(tmp_path / "data") in error.value.message
    assert "TIMEVIS_DATA" in error.value.advice
    assert not list((tmp_path / "cache").rglob("*.part"))


@pytest.mark.parametrize(
    ("cfg", "message", "advice"),
    [
        ({"name": "trafic"}, "no data set 'trafic'", "did you mean 'traffic'"),
        ({"name": "file"}, "needs a file", "data.path"),
        ({"name": "file", "domian": "x"}, "no key 'domian'", "did you mean 'domain'"),
        ({"name": "file", "domain": "trafic"}, "data.domain='trafic'", "did you mean 'traffic'"),
        ({"name": "file", "cleaning": {"outlier": "mask"}}, "no key 'outlier'", "did you mean 'outliers'"),
        (
            {"name": "file", "cleaning": {"outliers": "masks"}},
            "data.cleaning.outliers='masks'",
            "did you mean 'mask'",
        ),
        ({"name": "file", "covariates": {"price": "konwn"}}, "data.covariates.price='konwn'", "did you mean 'known'"),
        ({"name": "file", "description": "x" * 500}, "500 characters", "one sentence"),
        ({"name": "file", "target": []}, "data.target is an empty list", ""),
        ({"name": "synthetic", "rows": 0}, "data.rows=0", ""),
        ({"name": "synthetic", "frequency": "hourly"}, "data.frequency='hourly'", "15min"),
        ({"name": "synthetic", "covariates": {"holiday": "XX"}}, "data.covariates.holiday='XX'", "ISO 3166"),
    ],
)
def test_unknown_keys_and_choices_name_the_nearest(cfg: dict[str, Any], message: str, advice: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_panel(cfg)
    assert message in error.value.message
    assert advice in error.value.advice


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"time": "zz"}, "data.time"),
        ({"id": "zz"}, "data.id"),
        ({"target": ["nonexistent"]}, "data.target"),
        ({"sheet": 0}, "data.sheet"),
        ({"timezone": "Europe/Berlin"}, "data.timezone"),
        ({"covariates": {"holiday": "DE", "nothing": "known"}}, "data.covariates.nothing"),
        ({"cleaning": {"day_first": False}}, "data.cleaning.day_first"),
        ({"cleaning": {"missing": [0]}}, "data.cleaning.missing"),
    ],
)
def test_what_is_said_of_a_file_is_refused_where_series_are_made(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(named)} is given, which data=synthetic has no use for"):
        load_panel({"name": "synthetic"} | given)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "conf/data").glob("*.yaml")))
def test_every_data_config_has_all_public_keys(name: str) -> None:
    keys = (
        "name path time id target covariates frequency timezone season split sheet domain unit description cleaning"
    )
    assert set(keys.split()) <= set(composed(name))


def test_what_the_user_says_fills_the_card(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", load=NOISE)
    panel, report = load_panel(
        config("file", path=str(path), domain="electricity", unit="kW", description="My house")
    )
    card = panel.card
    assert (card.name, card.domain, card.unit, card.description) == ("mine", "electricity", "kW", "My house")
    assert not card.public
    assert not any("generic prompt" in note for note in report.notes)
    assert any("generic prompt" in note for note in load_panel(config("file", path=str(path)))[1].notes)
    other = load_panel(config("file", path=str(path), domain="other"))[1]
    assert not any("no data.domain given" in note for note in other.notes)


def test_channels_may_have_units_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", rain=np.abs(NOISE), temp=NOISE)
    card = load_panel(config("file", path=str(path), unit={"rain": "mm", "temp": "C"}))[0].card
    assert (card.unit_of("rain"), card.unit_of("temp")) == ("mm", "C")
    with pytest.raises(ConfigError, match=r"data\.unit='tmp' is not a choice.*\n?.*temp"):
        load_panel(config("file", path=str(path), unit={"tmp": "C"}))
    card = load_panel(config("weather", unit="K"))[0].card  # one for all, whatever the card has
    assert {card.unit_of(c) for c in card.channel_descriptions} == {"K"}
    with pytest.raises(ConfigError, match=r"data\.description"):
        load_panel(config("file", path=str(path), description={"temp": "outside"}))


def test_a_users_file_in_place_of_a_bundled_one_is_not_public(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", load=NOISE)
    panel, _ = load_panel(config("electricity", path=str(path), covariates={"holiday": "PT"}))
    assert not panel.card.public
    assert panel.card.defects == ()


def test_every_series_of_a_long_file_is_an_item_of_its_own(tmp_path: Path) -> None:
    parts = [pd.read_csv(write(tmp_path / "x.csv", load=NOISE + i)).assign(house=h) for i, h in enumerate("ab")]
    pd.concat([parts[0], parts[1][50:]]).to_csv(tmp_path / "houses.csv", index=False)
    items = load_files([tmp_path / "houses.csv"], config("file"), ("load",), freq="h")
    assert list(items) == ["a", "b"]
    assert [len(p) for p in items.values()] == [300, 250]
    np.testing.assert_allclose(items["b"].values[:, 0], NOISE[50:] + 1, rtol=1e-5)


def test_series_that_are_the_runs_channels_stay_together(tmp_path: Path) -> None:
    parts = [pd.read_csv(write(tmp_path / "x.csv", load=NOISE + i)).assign(house=h) for i, h in enumerate("ab")]
    pd.concat(parts).to_csv(tmp_path / "houses.csv", index=False)
    items = load_files([tmp_path / "houses.csv"], config("file"), ("b", "a"), freq="h")
    assert list(items) == ["houses"]
    assert items["houses"].channels == ("b", "a")


def test_new_files_keep_constant_channels_and_the_order_of_the_run(tmp_path: Path) -> None:
    first = write(tmp_path / "one.csv", flat=np.ones(300), load=NOISE, other=NOISE)
    second = write(tmp_path / "two.csv", load=NOISE, flat=np.ones(300))
    items = load_files([first, second], config("file"), ("load", "flat"), freq="h")
    assert list(items) == ["one", "two"]
    assert all(p.channels == ("load", "flat") for p in items.values())


def test_a_new_file_without_a_channel_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "one.csv", laod=NOISE)
    with pytest.raises(DataError, match=r"one\.csv has no channel 'load'") as error:
        load_files([path], config("file"), ("load",))
    assert "the run forecasts load, but the file has laod" in error.value.message
    assert "did you mean 'laod'? name the columns, or the series" in error.value.advice


def test_new_files_of_a_bundled_run_use_its_card(tmp_path: Path) -> None:
    path = write(tmp_path / "newer.csv", load=np.abs(NOISE))
    (panel,) = load_files([path], config("electricity"), ("load",), freq="h").values()
    assert panel.card.unit == read_card("electricity")[0].unit
    assert panel.covariate_names == ("holiday",)
    assert panel.covariates[0, 0] == 1


def test_a_path_of_your_own_data_may_be_a_path(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", load=NOISE)
    assert load_panel({"path": path})[0].values.tolist() == load_panel({"path": str(path)})[0].values.tolist()


@pytest.mark.parametrize(
    ("name", "advice"), [("weather", "for yours say data=file"), ("promo", "choices: load, time")]
)
def test_a_file_under_the_name_of_bundled_data_is_answered_with_data_csv(
    name: str, advice: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "mine.csv", load=NOISE)
    with pytest.raises(DataError, match=r"mine\.csv has no column 'PRES'") as error:
        load_panel({"name": name, "path": path, "target": ["PRES"]})
    assert advice in error.value.advice
    with pytest.raises(DataError, match=r"mine\.csv has no column 'PRES'") as error:
        load_files([path], {"name": name, "path": "own.csv", "target": ["PRES"]}, ["WIND"])
    assert "data=file" not in error.value.advice
