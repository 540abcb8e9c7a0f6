"""Make the bundled data sets from the published files: python scripts/bundle_data.py [FOLDER]

FOLDER (default ../shared/data) holds autots_traffic_hourly.zip, hourly_electricity.csv and hourly_beijing_pm.csv.
Values are copied as published: gaps and defects stay, and cleaning meets them. Only names of columns change, the four
columns of the weather's time become one, electricity is rounded to 0.01, and unused weather columns are dropped.
Columns stand in the order that compresses best. The output is the same bytes on every run.
"""

from __future__ import annotations

import argparse
import gzip
from io import BytesIO
from pathlib import Path

import pandas as pd

TARGET = Path(__file__).resolve().parents[1] / "src/timevis/data/bundled"


def traffic(folder: Path) -> pd.DataFrame:
    """I-94 westbound volume with the weather beside it; hours without a measurement are empty."""
    table = pd.read_csv(folder / "autots_traffic_hourly.zip", dtype=str, keep_default_na=False)
    table["datetime"] = table["datetime"].str[:16]
    table = table.rename(columns={"datetime": "time"})
    return table[["time", "snow_1h", "traffic_volume", "clouds_all", "rain_1h", "temp"]]


def electricity(folder: Path) -> pd.DataFrame:
    """Mean load of 321 clients."""
    table = pd.read_csv(folder / "hourly_electricity.csv")
    return pd.DataFrame({"time": table["ts"].str[:16], "load": table["y"].map("{:.2f}".format)})


def weather(folder: Path) -> pd.DataFrame:
    """Temperature, dew point, pressure and wind at Beijing."""
    table = pd.read_csv(folder / "hourly_beijing_pm.csv", dtype=str, keep_default_na=False)
    two = {part: table[part].str.zfill(2) for part in ("month", "day", "hour")}
    time = table["year"] + "-" + two["month"] + "-" + two["day"] + " " + two["hour"] + ":00"
    return pd.concat([table[["Iws", "TEMP", "DEWP", "PRES"]], time.rename("time")], axis=1)


def write(table: pd.DataFrame, path: Path) -> int:
    """Write a gzipped CSV without a time stamp in it; returns its size in bytes."""
    buffer = BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(table.to_csv(index=False, lineterminator="\n").encode())
    path.write_bytes(buffer.getvalue())
    return path.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data"), metavar="FOLDER")
    folder = parser.parse_args().folder
    if not folder.is_dir():
        parser.error(f"there is no folder {folder}")
    total = 0
    for make in (traffic, electricity, weather):
        table = make(folder)
        size = write(table, TARGET / f"{make.__name__}.csv.gz")
        total += size
        print(f"{make.__name__:12} {len(table):6} rows {size:7} bytes")
    print(f"{'together':12} {'':11} {total:7} bytes")


if __name__ == "__main__":
    main()
