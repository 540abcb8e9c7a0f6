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
from timevis.data.catalog import load_panel, read_card
from timevis.data.new_files import load_files
from timevis.data.options import DataOptions
from timevis.data.split import DEFAULT_SPLIT, make_split, parse_split
from timevis.errors import ConfigError, DataError

BUNDLED = ROOT / "src/timevis/data/bundled"
SHARED = ROOT.parent / "shared/data"
needs_sources = pytest.mark.skipif(not SHARED.is_dir(), reason="the published files are not available")


@cache
def data_group(name: str) -> dict[str, Any]:
    return OmegaConf.to_container(compose([f"data={name}"]).data)


def config(name: str, **overrides: Any) -> dict[str, Any]:
    return {**data_group(name), **overrides}


def write_csv(path: Path, **columns: Any) -> Path:
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
def test_bundled_data_are_loaded_with_their_card_and_report(
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
    make_split(len(panel), DEFAULT_SPLIT, 720, 96)
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["card"]["attribution"] == card.attribution


def test_gaps_of_traffic_and_clock_changes_of_electricity_are_reported() -> None:
    _, report = load_panel(config("traffic"))
    assert (report.gaps["count"], report.gaps["rows"], report.gaps["longest"]) == (67, 104, 9)
    assert str(report.left_out["snow_1h"]) == "as a covariate, it is constant (0)"
    panel, report = load_panel(config("electricity"))
    assert [d["masked"] for d in report.defects] == [1] * 6
    assert all("clocks go" in d["reason"] for d in report.defects)
    assert int(np.isnan(panel.values).sum()) == 6
    raw = pd.read_csv(BUNDLED / "electricity.csv.gz", index_col="time")["load"]
    assert raw["2014-03-30 01:00"] < 10
    assert raw["2014-10-26 01:00"] > 2900


def test_undeclared_defects_are_reported_as_outliers() -> None:
    declared = {f"{d['start']}:00" for d in read_card("electricity")[0].defects}
    _, report = load_panel(config("file", path=str(BUNDLED / "electricity.csv.gz")))
    found = {p["time"] for p in report.outliers["load"]["places"]}
    assert declared <= found
    assert report.outliers["load"]["count"] < 40


def test_bundled_files_are_small() -> None:
    assert sum(p.stat().st_size for p in BUNDLED.glob("*.csv.gz")) < 600_000


@needs_sources
def test_the_bundle_script_reproduces_the_bundled_files(tmp_path: Path) -> None:
    command = [sys.executable, "scripts/bundle_data.py", str(SHARED), "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for path in BUNDLED.glob("*.csv.gz"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@needs_sources
def test_etth1_has_the_split_of_the_literature() -> None:
    cfg = config("etth1")
    panel, _ = load_panel(OmegaConf.create(cfg))
    assert panel.channels == ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
    split = make_split(len(panel), parse_split(cfg["split"]), 336, 96)
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


def test_a_local_folder_takes_precedence_over_a_download(entry: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/some-public.csv").write_text("time,x\n")
    assert catalog.find_file(entry | {"url": "file:///nowhere"}) == tmp_path / "data/some-public.csv"


def test_a_missing_public_file_is_an_error_that_names_the_local_folder(entry: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be downloaded") as error:
        catalog.find_file(entry | {"url": (tmp_path / "nothing.csv").as_uri()})
    assert str(tmp_path / "data") in str(error.value.message)
    assert "TIMEVIS_DATA" in str(error.value.advice)
    assert not list((tmp_path / "cache").rglob("*.part"))


@pytest.mark.parametrize(
    ("cfg", "message", "advice"),
    [
        ({"name": "trafic"}, "no data set 'trafic'", "did you mean 'traffic'"),
        ({"name": "file"}, "needs a file", "data.path"),
        ({"name": "file", "domian": "x"}, "no key 'domian'", "did you mean 'domain'"),
        ({"name": "file", "domain": "trafic"}, "data.domain='trafic'", "did you mean 'traffic'"),
        (
            {"name": "file", "cleaning": {"outlier": "mask"}},
            "config key data.cleaning.outlier",
            "did you mean 'outliers'",
        ),
        (
            {"name": "file", "cleaning": {"outliers": "masks"}},
            "data.cleaning.outliers='masks'",
            "did you mean 'mask'",
        ),
        ({"name": "file", "covariates": {"price": "konwn"}}, "data.covariates.price='konwn'", "did you mean 'known'"),
        ({"name": "file", "description": "x" * 500}, "500 characters", "one sentence"),
        ({"name": "file", "target": []}, "data.target is an empty list", ""),
        *(
            ({"name": "file", "target": [name]}, f"data.target: {name!r} is neither text", "'data.target=[\"1e5\"]'")
            for name in (True, 1.1, 1e5, None)
        ),
        ({"name": "file", "id": 1.5}, "data.id: 1.5 is neither text", "in double quotes"),
        ({"name": "file", "covariates": {1e5: "known"}}, "data.covariates: 100000.0 is neither", "double quotes"),
        ({"name": "file", "encoding": 5}, "data.encoding=5 ", ""),
        ({"name": "synthetic", "rows": 0}, "data.rows=0", ""),
        ({"name": "synthetic", "frequency": "hourly"}, "data.frequency='hourly'", "15min"),
        ({"name": "synthetic", "covariates": {"holiday": "XX"}}, "data.covariates.holiday='XX'", "ISO 3166"),
    ],
)
def test_an_unknown_key_or_choice_is_an_error_that_names_the_nearest_one(
    cfg: dict[str, Any], message: str, advice: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load_panel(cfg)
    assert message in str(error.value.message)
    assert advice in str(error.value.advice)


def test_a_whole_number_may_name_a_column() -> None:
    options = DataOptions.from_config({"name": "file", "path": "t.csv", "target": [2024, np.int64(7)], "id": 3})
    assert (options.target, options.id) == (("2024", "7"), ("3",))


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"time": "zz"}, "data.time"),
        ({"id": "zz"}, "data.id"),
        ({"target": ["nonexistent"]}, "data.target"),
        ({"sheet": 0}, "data.sheet"),
        ({"timezone": "Europe/Berlin"}, "data.timezone"),
        ({"covariates": {"holiday": "DE", "nothing": "known"}}, "data.covariates.nothing"),
        ({"day_first": False}, "data.day_first"),
        ({"missing_values": [0]}, "data.missing_values"),
    ],
)
def test_options_of_files_are_refused_for_synthetic_data(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(key)} is given, but data=synthetic reads no file"):
        load_panel({"name": "synthetic"} | options)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "conf/data").glob("*.yaml")))
def test_every_data_config_has_all_public_keys(name: str) -> None:
    keys = (
        "name path time id target covariates frequency timezone season split sheet domain unit description cleaning"
    )
    assert set(keys.split()) <= set(data_group(name))


def test_options_of_the_user_fill_the_dataset_card(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", load=NOISE)
    data = config("file", path=str(path), domain="electricity", unit="kW", description="My house")
    card = load_panel(data)[0].card
    assert (card.name, card.domain, card.unit, card.description) == ("mine", "electricity", "kW", "My house")
    assert not card.public
    notes = load_panel(config("file", path=str(path)))[1].notes  # what a prompt would say is a matter of the model
    assert not any("prompt" in note or "domain" in note for note in map(str, notes))


def test_channels_can_have_different_units(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", rain=np.abs(NOISE), temp=NOISE)
    card = load_panel(config("file", path=str(path), unit={"rain": "mm", "temp": "C"}))[0].card
    assert (card.unit_of("rain"), card.unit_of("temp")) == ("mm", "C")
    with pytest.raises(ConfigError, match=r"data\.unit='tmp' is not a choice.*\n?.*temp"):
        load_panel(config("file", path=str(path), unit={"tmp": "C"}))
    card = load_panel(config("weather", unit="K"))[0].card  # one unit for all channels
    assert {card.unit_of(c) for c in card.channel_descriptions} == {"K"}
    with pytest.raises(ConfigError, match=r"data\.description"):
        load_panel(config("file", path=str(path), description={"temp": "outside"}))


def test_a_user_file_with_the_config_of_bundled_data_is_not_public(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", load=NOISE)
    panel, _ = load_panel(config("electricity", path=str(path), covariates={"holiday": "PT"}))
    assert not panel.card.public
    assert panel.card.defects == ()


def test_every_series_of_a_long_file_is_one_item(tmp_path: Path) -> None:
    parts = [pd.read_csv(write_csv(tmp_path / "x.csv", load=NOISE + i)).assign(house=h) for i, h in enumerate("ab")]
    pd.concat([parts[0], parts[1][50:]]).to_csv(tmp_path / "houses.csv", index=False)
    items = load_files([tmp_path / "houses.csv"], DataOptions.from_config(config("file")), ("load",), freq="h")
    assert list(items) == ["a", "b"]
    assert [len(p) for p in items.values()] == [300, 250]
    np.testing.assert_allclose(items["b"].values[:, 0], NOISE[50:] + 1, rtol=1e-5)


def test_series_that_are_channels_of_the_run_are_one_item(tmp_path: Path) -> None:
    parts = [pd.read_csv(write_csv(tmp_path / "x.csv", load=NOISE + i)).assign(house=h) for i, h in enumerate("ab")]
    pd.concat(parts).to_csv(tmp_path / "houses.csv", index=False)
    items = load_files([tmp_path / "houses.csv"], DataOptions.from_config(config("file")), ("b", "a"), freq="h")
    assert list(items) == ["houses"]
    assert items["houses"].channels == ("b", "a")


def test_new_files_keep_constant_channels_and_have_the_channel_order_of_the_run(tmp_path: Path) -> None:
    first = write_csv(tmp_path / "one.csv", flat=np.ones(300), load=NOISE, other=NOISE)
    second = write_csv(tmp_path / "two.csv", load=NOISE, flat=np.ones(300))
    items = load_files([first, second], DataOptions.from_config(config("file")), ("load", "flat"), freq="h")
    assert list(items) == ["one", "two"]
    assert all(p.channels == ("load", "flat") for p in items.values())


def test_a_new_file_without_a_channel_is_an_error(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "one.csv", laod=NOISE)
    with pytest.raises(DataError, match=r"one\.csv has no channel 'load'") as error:
        load_files([path], DataOptions.from_config(config("file")), ("load",))
    assert "the run forecasts load, but the file has laod" in str(error.value.message)
    assert "did you mean 'laod'? name the columns, or the series" in str(error.value.advice)


def test_new_files_of_a_run_on_bundled_data_use_its_card(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "newer.csv", load=np.abs(NOISE))
    (panel,) = load_files([path], DataOptions.from_config(config("electricity")), ("load",), freq="h").values()
    assert panel.card.unit == read_card("electricity")[0].unit
    assert panel.covariate_names == ("holiday",)
    assert panel.covariates[0, 0] == 1


def test_data_path_can_be_a_path_object(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", load=NOISE)
    assert load_panel({"path": path})[0].values.tolist() == load_panel({"path": str(path)})[0].values.tolist()


@pytest.mark.parametrize(
    ("name", "advice"), [("weather", "for your own file use data=file"), ("promo", "choices: load, time")]
)
def test_the_error_of_a_file_with_the_config_of_bundled_data_names_data_file(
    name: str, advice: str, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "mine.csv", load=NOISE)
    with pytest.raises(DataError, match=r"mine\.csv has no column 'PRES'") as error:
        load_panel({"name": name, "path": path, "target": ["PRES"]})
    assert advice in str(error.value.advice)
    with pytest.raises(DataError, match=r"mine\.csv has no column 'PRES'") as error:
        load_files([path], DataOptions.from_config({"name": name, "path": "own.csv", "target": ["PRES"]}), ["WIND"])
    assert "data=file" not in str(error.value.advice)
