"""Series, seasons, first rows and split of a dataset."""

from __future__ import annotations

import datetime
import io

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from service_data import plant_csv, upload

from timevis.data.quality.statistics import describe_seasonality
from timevis.service.db.tables import Dataset, new_id


def test_a_series_has_a_range_and_marks_of_its_gaps_and_outliers(http: FlaskClient) -> None:
    rows = plant_csv().decode().splitlines()
    rows[300] = rows[300].split(",")[0] + ",900,north"
    path = f"/api/datasets/{upload(http, chr(10).join(rows).encode()).json['id']}/series"
    whole = http.get(path).json
    assert (whole["rows"], len(whole["value"]), whole["value"][50], whole["low"][50]) == (600, 600, None, None)
    assert [(m["start"], m["rows"]) for m in whole["missing"]] == [
        ("2026-01-03T02:00:00", 2),
        ("2026-01-03T22:00:00", 1),
    ]
    assert [outlier["value"] for outlier in whole["outliers"]] == [900]
    few = http.get(f"{path}?points=50").json
    assert len(few["value"]) == len(few["time"]) == len(few["low"]) == len(few["high"]) == 50
    assert max(few["high"]) == 900
    day = http.get(f"{path}?start=2026-01-02&end=2026-01-02T05:00").json
    assert (day["rows"], day["time"][0], day["missing"]) == (6, "2026-01-02T00:00:00", [])
    assert http.get(f"{path}?start=2027-01-01").json["value"] == []
    assert http.get(f"{path}?start=yesterday-ish").json["errors"][0]["pointer"] == "/start"
    assert http.get(f"{path}?channel=none").json["errors"][0]["pointer"] == "/channel"


def test_the_times_of_a_series_with_a_zone_are_local(http: FlaskClient) -> None:
    table = "time,load\n" + "".join(
        f"2026-03-{day:02d}T{hour:02d}:00Z,{hour}\n" for day in range(26, 31) for hour in range(24)
    )
    dataset = upload(http, table.encode(), timezone="Europe/Berlin").json
    assert (dataset["start"], dataset["end"]) == ("2026-03-26T01:00:00+01:00", "2026-03-31T01:00:00+02:00")
    found = http.get(f"/api/datasets/{dataset['id']}/series?start=2026-03-29T00:00&end=2026-03-29T04:00").json
    assert found["time"][:3] == [
        "2026-03-29T00:00:00+01:00",
        "2026-03-29T01:00:00+01:00",
        "2026-03-29T03:00:00+02:00",
    ]


def test_the_average_day_has_the_shape_of_the_data(http: FlaskClient, dataset: str) -> None:
    found = http.get(f"/api/datasets/{dataset}/seasonality").json
    assert (found["channel"], found["season_rows"]) == ("load", 24)
    day, week = found["average_day"], found["average_week"]
    assert (day["labels"][0], len(day["labels"]), len(week["labels"]), week["labels"][25]) == (
        "00:00",
        24,
        168,
        "Tue 01:00",
    )
    assert 65 < day["mean"][6] < 75
    assert all(low < mean < high for low, mean, high in zip(day["low"], day["mean"], day["high"], strict=True))
    assert found["autocorrelation"]["values"][23] > 0.8 > found["autocorrelation"]["bound"] > 0


def test_slow_data_have_an_average_year_and_fast_data_an_autocorrelation_of_more_than_a_day() -> None:
    months = pd.date_range("1946-01-01", periods=960, freq="MS")
    found = describe_seasonality(np.arange(960) % 12, months, "MS", [])
    assert (found["average_year"]["labels"][2], found["average_year"]["mean"][2]) == ("Mar", 2)
    assert (found["average_day"], found["average_week"]) == (None, None)
    minutes = pd.date_range("2026-01-01", periods=14_400, freq="min")
    wave = np.sin(np.arange(14_400) / 1_440 * 2 * np.pi)
    correlation = describe_seasonality(wave, minutes, "min", [])["autocorrelation"]
    assert len(correlation["lags"]) <= 400
    assert correlation["values"][correlation["lags"].index(1_440)] > 0.99


def test_quarterly_data_have_the_average_of_each_quarter(http: FlaskClient) -> None:
    rows = "".join(f"{2000 + row // 4}-Q{row % 4 + 1},{10 * (row % 4) + row // 4}\n" for row in range(40))
    dataset = http.post("/api/upload", data={"file": (io.BytesIO(f"quarter,sales\n{rows}".encode()), "q.csv")}).json
    found = http.get(f"/api/datasets/{dataset['id']}/seasonality?channel=sales").json
    year = found["average_year"]
    assert year["labels"] == ["Q1", "Q2", "Q3", "Q4"]
    assert year["mean"] == pytest.approx([4.5, 14.5, 24.5, 34.5])  # the ten years add 0 to 9
    assert [year["low"][0], year["high"][0]] == pytest.approx([0.9, 8.1])
    assert (found["average_day"], found["average_week"]) == (None, None)


def test_the_preview_shows_the_rows_of_the_file_with_the_role_of_each_column(http: FlaskClient, dataset: str) -> None:
    found = http.get(f"/api/datasets/{dataset}/preview?rows=3").json
    assert [(c["name"], c["role"]) for c in found["columns"]] == [
        ("time", "time"),
        ("load", "target"),
        ("site", "unused"),
    ]
    assert [row[2] for row in found["rows"]] == ["north"] * 3
    assert found["rows"][0][0].startswith("2026-01-01")


def test_the_preview_cuts_a_long_cell(http: FlaskClient) -> None:
    rows = "".join(f"2026-01-01T{hour:02}:00,{hour},{'x' * 2_000}\n" for hour in range(24))
    file = (io.BytesIO(f"time,load,note\n{rows}".encode()), "notes.csv")
    dataset = http.post("/api/upload", data={"file": file}).json
    found = http.get(f"/api/datasets/{dataset['id']}/preview?rows=3").json
    assert [len(row[2]) for row in found["rows"]] == [501] * 3


def test_a_split_says_how_many_rows_and_windows_each_part_has(http: FlaskClient, dataset: str) -> None:
    path = f"/api/datasets/{dataset}/split"
    parts = http.get(f"{path}?horizon=6&context_length=24").json["parts"]
    assert [(p["name"], p["rows"], p["windows"]) for p in parts] == [
        ("train", 420, 391),
        ("val", 60, 55),
        ("test", 120, 115),
    ]
    assert parts[1]["start"] == "2026-01-18T12:00:00"
    assert http.get(path).json["horizon"] == 24
    wrong = http.get(f"{path}?train=0.9&val=0.9").json
    assert wrong["errors"][0]["pointer"] == "/train"
    assert "rows" in http.get(f"{path}?horizon=400").json["detail"]


def test_a_dataset_tells_its_findings_in_codes_and_words(http: FlaskClient, dataset: str) -> None:
    found = {finding["code"]: finding for finding in http.get(f"/api/datasets/{dataset}").json["findings"]}
    assert (found["gaps"]["severity"], found["gaps"]["params"]["rows"]) == ("warning", 3)
    assert found["unused-columns"]["text"] == "Columns not used: site (contains text)."
    assert found["missing-values"]["channel"] == "load"


def test_a_sample_is_a_dataset_and_the_same_sample_is_made_once(http: FlaskClient) -> None:
    body = {"domain": "weather", "source": "synthetic", "rows": 300, "seed": 3}
    first, second = http.post("/api/sample-data", json=body), http.post("/api/sample-data", json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert {"gaps", "outliers-kept"} <= {finding["code"] for finding in first.json["findings"]}
    bundled = http.post("/api/sample-data", json={"domain": "traffic", "rows": 400}).json
    assert (bundled["channels"], bundled["rows"]) == (["traffic_volume"], 400)
    assert bundled["report"]["covariates"]["temp"]["kind"] == "observed"
    assert http.post("/api/sample-data", json={"domain": "music"}).json["errors"][0]["pointer"] == "/domain"


def test_newer_rows_make_a_new_version_and_others_are_refused(http: FlaskClient, dataset: str) -> None:
    rows = plant_csv(700).decode().splitlines()

    def add(lines: list[str], version: str = dataset):
        content = "\n".join(["time,load,site", *lines]).encode()
        data = {"file": (io.BytesIO(content), "newer.csv")}
        return http.post(f"/api/datasets/{version}/rows", data=data, content_type="multipart/form-data")

    added = add(rows[-100:])
    assert added.status_code == 201
    assert (added.json["version"], added.json["parent"], added.json["added"]) == (2, dataset, 100)
    assert (added.json["rows"], added.json["end"]) == (700, "2026-01-30T03:00:00")
    assert http.get(f"/api/datasets/{dataset}").json["rows"] == 600
    wrong = add(rows[-150:], added.json["id"])
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/file")
    assert "newer.csv starts at 2026-01-23" in wrong.json["detail"]
    older = add(rows[-100:])
    assert (older.status_code, older.json["code"]) == (409, "conflict")
    assert older.json["detail_code"]["params"]["identifier"] == added.json["id"]
    assert (added.json["file_name"], added.json["id"] in older.json["detail"]) == ("plant.csv", False)
    with http.application.extensions["timevis"].sessions.begin() as session:
        second = session.get_one(Dataset, added.json["id"])
        values = {column.name: getattr(second, column.name) for column in Dataset.__table__.columns}
        third = Dataset(**values | {"id": new_id(), "parent_id": second.id, "version": 3})
        session.add(third)
        second.deleted = 1.0
    refused = add(rows[-100:]).json["detail_code"]["params"]
    assert refused["identifier"] == third.id  # the version between them is deleted


def test_a_deleted_version_and_the_one_added_after_it_have_two_numbers(http: FlaskClient, dataset: str) -> None:
    rows = plant_csv(620).decode().splitlines()
    content = "\n".join([rows[0], *rows[-20:]]).encode()
    numbers = []
    for _ in range(2):
        data = {"file": (io.BytesIO(content), "newer.csv")}
        added = http.post(f"/api/datasets/{dataset}/rows", data=data, content_type="multipart/form-data").json
        http.delete(f"/api/datasets/{added['id']}")
        numbers.append(http.post(f"/api/datasets/{added['id']}/restore").json["version"])
        http.delete(f"/api/datasets/{added['id']}")
    assert numbers == [2, 3]


def test_a_deleted_dataset_is_not_changed_until_it_is_restored(http: FlaskClient, dataset: str) -> None:
    path = f"/api/datasets/{dataset}"
    http.delete(path)
    answers = [http.patch(path, json=change) for change in ({"name": "North"}, {"unit": "MW"})]
    data = {"file": (io.BytesIO(plant_csv(700)), "newer.csv")}
    answers.append(http.post(f"{path}/rows", data=data, content_type="multipart/form-data"))
    for answer in answers:
        assert (answer.status_code, answer.json["code"]) == (404, "not-found")
        assert answer.json["detail_code"] == {"code": "the dataset {name!r} is deleted", "params": {"name": "plant"}}
        assert answer.json["advice_code"] == {"code": "restore it first", "params": {}}
    http.post(f"{path}/restore")
    assert http.patch(path, json={"name": "North"}).json["name"] == "North"


def test_names_from_a_file_are_as_long_as_the_database_allows(http: FlaskClient) -> None:
    first = upload(http, plant_csv(200), f"{'x' * 296}.csv").json
    assert (first["name"], len(first["file_name"])) == ("x" * 200, 300)
    rows = plant_csv(220).decode().splitlines()
    data = {"file": (io.BytesIO("\n".join([rows[0], *rows[-20:]]).encode()), f"{'y' * 296}.csv")}
    added = http.post(f"/api/datasets/{first['id']}/rows", data=data, content_type="multipart/form-data").json
    assert (added["name"], added["file_name"]) == ("x" * 200, f"{'x' * 296}.csv")


def test_the_cells_of_a_file_are_read_as_the_upload_says_and_the_change_returns_to_what_is_found(
    http: FlaskClient,
) -> None:
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=day) for day in range(60)]
    rows = "".join(f"{day:%m/%d/%Y};1,{10 + place}\n" for place, day in enumerate(days))
    table = ("a title;\nday;load\n" + rows.replace("1,12", "aus").replace("1,13", "n/v")).encode()
    refused = upload(http, table)
    assert refused.status_code == 422
    assert "aus" in refused.json["detail"]
    given = {
        "missing_values": "aus; n/v",
        "decimal": "comma",
        "day_first": "false",
        "encoding": "cp1252",
        "header": "2",
    }
    dataset = upload(http, table, **given).json
    assert dataset["options"] == {
        "header": 2,
        "encoding": "cp1252",
        "decimal": "comma",
        "day_first": False,
        "missing_values": ["aus", "n/v"],
    }
    assert dataset["channels"] == ["load"]
    assert round(dataset["report"]["channels"]["load"]["max"], 2) == 1.69
    assert dataset["report"]["missing"] == {"load": 2}
    path = f"/api/datasets/{dataset['id']}"
    changed = http.patch(path, json={"decimal": None, "encoding": None, "header": None}).json["options"]
    assert changed == {"day_first": False, "missing_values": ["aus", "n/v"]}
    kept = http.patch(path, json={"missing_values": None})
    assert kept.status_code == 422
    assert http.get(path).json["options"] == changed


def test_series_that_two_columns_name_take_a_newer_row_each(http: FlaskClient) -> None:
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=day) for day in range(61)]
    keys = [("North", "A", "gold"), ("North", "A", "iron"), ("South", "B", "gold"), ("South", "B", "iron")]
    lines = [
        f"{day},{','.join(key)},{100 * k + place} €" for place, day in enumerate(days) for k, key in enumerate(keys)
    ]
    header = "day,region,state,product,sales"
    found = upload(http, "\n".join([header, *lines[:240]]).encode(), "sales.csv").json
    names = ["North / gold", "North / iron", "South / gold", "South / iron"]
    assert (found["channels"], found["rows"]) == (names, 60)
    assert found["report"]["card"]["units"]["North / gold"] == "€"
    preview = http.get(f"/api/datasets/{found['id']}/preview").json
    roles = {column["name"]: column["role"] for column in preview["columns"]}
    assert roles == {"day": "time", "region": "id", "state": "static", "product": "id", "sales": "target"}
    data = {"file": (io.BytesIO("\n".join([header, *lines[240:]]).encode()), "newer.csv")}
    added = http.post(f"/api/datasets/{found['id']}/rows", data=data, content_type="multipart/form-data").json
    assert (added["channels"], added["rows"], added["added"]) == (names, 61, 4)
    assert added["report"]["card"]["units"]["North / gold"] == "€"


def test_many_rows_of_one_time_are_refused_and_merged_as_the_request_says(http: FlaskClient) -> None:
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=day) for day in range(60)]
    content = "\n".join(["day,sales", *(f"{day},{10 * k + place}" for place, day in enumerate(days) for k in (1, 2))])
    refused = upload(http, content.encode(), "sales.csv")
    assert refused.status_code == 422
    assert "averages would replace 60 of 120 rows" in refused.json["detail"]
    assert "set data.duplicates to mean, sum, first or last" in refused.json["advice"]
    merged = upload(http, content.encode(), "sales.csv", duplicates="sum").json
    assert merged["report"]["duplicates"]["sum"]["rows"] == 60
    assert "merged-duplicates" in {finding["code"] for finding in merged["findings"]}
    changed = http.patch(f"/api/datasets/{merged['id']}", json={"duplicates": "last"}).json
    assert changed["report"]["duplicates"].keys() == {"last"}
