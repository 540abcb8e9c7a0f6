"""Build the bundled data sets from the published files: python scripts/bundle_data.py [FOLDER] [--out FOLDER]

FOLDER (default ../shared/data) contains autots_traffic_hourly.zip, hourly_electricity.csv and hourly_beijing_pm.csv.
Values are copied as published, with gaps and defects, which cleaning handles when the data are loaded. Only these
things change: columns are renamed, the four time columns of the weather file become one column, electricity is
rounded to 0.01, and unused weather columns are dropped. The columns are in the order that compresses best. Every run
writes the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
from io import BytesIO
from pathlib import Path

import pandas as pd

BUNDLED = Path(__file__).resolve().parents[1] / "src/timevis/data/bundled"


def traffic(folder: Path) -> pd.DataFrame:
    """Hourly westbound traffic volume on the road I-94, with weather; hours without a measurement are empty."""
    table = pd.read_csv(folder / "autots_traffic_hourly.zip", dtype=str, keep_default_na=False)
    table["datetime"] = table["datetime"].str[:16]
    table = table.rename(columns={"datetime": "time"})
    return table[["time", "snow_1h", "traffic_volume", "clouds_all", "rain_1h", "temp"]]


def electricity(folder: Path) -> pd.DataFrame:
    """Hourly mean load of 321 clients."""
    table = pd.read_csv(folder / "hourly_electricity.csv")
    return pd.DataFrame({"time": table["ts"].str[:16], "load": table["y"].map("{:.2f}".format)})


def weather(folder: Path) -> pd.DataFrame:
    """Hourly temperature, dew point, pressure and wind in Beijing."""
    table = pd.read_csv(folder / "hourly_beijing_pm.csv", dtype=str, keep_default_na=False)
    two_digits = {column: table[column].str.zfill(2) for column in ("month", "day", "hour")}
    date = table["year"] + "-" + two_digits["month"] + "-" + two_digits["day"]
    time = date + " " + two_digits["hour"] + ":00"
    return pd.concat([table[["Iws", "TEMP", "DEWP", "PRES"]], time.rename("time")], axis=1)


def write_gzipped_csv(table: pd.DataFrame, path: Path) -> int:
    """Write a gzipped CSV file without a timestamp in its header; returns its size in bytes."""
    buffer = BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(table.to_csv(index=False, lineterminator="\n").encode())
    path.write_bytes(buffer.getvalue())
    return path.stat().st_size


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data"), metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=BUNDLED, metavar="FOLDER", help="(default: %(default)s)")
    args = parser.parse_args()
    if not args.folder.is_dir():
        parser.error(f"there is no folder {args.folder}")
    total_size = 0
    for read_published in (traffic, electricity, weather):
        name, table = read_published.__name__, read_published(args.folder)
        size = write_gzipped_csv(table, args.out / f"{name}.csv.gz")
        total_size += size
        print(f"{name:12} {len(table):6} rows {size:7} bytes")
    print(f"{'total':12} {'':11} {total_size:7} bytes")


if __name__ == "__main__":
    main()
