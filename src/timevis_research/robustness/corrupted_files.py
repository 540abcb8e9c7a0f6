"""Make corrupted data files of all formats, and check that each ends in a report or in an error that names the file.

    python -m timevis_research.robustness.corrupted_files                       all files
    python -m timevis_research.robustness.corrupted_files csv "zip bomb"        those with a word in the name
    python -m timevis_research.robustness.corrupted_files --seed 3 --keep DIR   other changes, as the seed

Each file is read by ``timevis inspect`` in a process of its own, with limits of time and memory. A file survives if
the command ends in time, with a report or an error message that names the file. Exits with 1 if one did not survive.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from timevis_research.robustness.trials import REFUSED, SURVIVED, print_table, run_command

ROOT = Path(__file__).resolve().parents[3]
MAX_SECONDS, MAX_EXTRA_BYTES, ROWS = 60, 3 * 2**30, 240
Rows = list[list[str]]


def table() -> Rows:
    """Hourly values of two channels, as text, below a header."""
    rng = random.Random(0)
    rows = [["time", "load", "temp"]]
    for i in range(ROWS):
        time_text = f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00"
        rows.append([time_text, f"{100 + 10 * (i % 24) + rng.random():.2f}", f"{5 + i % 7 + rng.random():.2f}"])
    return rows


def replace_cells(rows: Rows, rng: random.Random, column: int, text: str, count: int = 5) -> Rows:
    for i in rng.sample(range(1, len(rows)), count):
        rows[i][column] = text
    return rows


def map_column(rows: Rows, column: int, change: Callable[[int, str], str]) -> Rows:
    return [rows[0], *([*r[:column], change(i, r[column]), *r[column + 1 :]] for i, r in enumerate(rows[1:]))]


def shuffled(rows: Rows, rng: random.Random) -> Rows:
    return [rows[0], *rng.sample(rows[1:], len(rows) - 1)]


def day_first(i: int, text: str) -> str:
    return f"{text[8:10]}/{text[5:7]}/{text[:4]}{text[10:]}"


TABLE_CHANGES: dict[str, Callable[[Rows, random.Random], Rows]] = {
    "no rows": lambda rows, rng: rows[:1],
    "one row": lambda rows, rng: rows[:2],
    "five rows": lambda rows, rng: rows[:6],
    "no header": lambda rows, rng: rows[1:],
    "names twice": lambda rows, rng: [["time", "load", "load"], *rows[1:]],
    "empty names": lambda rows, rng: [["", "", ""], *rows[1:]],
    "header in the middle": lambda rows, rng: [*rows[:100], rows[0], *rows[100:]],
    "two tables": lambda rows, rng: [*rows, ["day", "cost", "count"], *rows[1:50]],
    "a row of totals": lambda rows, rng: [*rows, ["total", "12345", "678"]],
    "no time column": lambda rows, rng: [r[1:] for r in rows],
    "only times": lambda rows, rng: [r[:1] for r in rows],
    "a half-empty column": lambda rows, rng: map_column(rows, 1, lambda i, text: text if i < ROWS // 2 else ""),
    "an empty column": lambda rows, rng: map_column(rows, 1, lambda i, text: ""),
    "a wall of NaN": lambda rows, rng: map_column(map_column(rows, 1, lambda i, _: "NaN"), 2, lambda i, _: "NaN"),
    "every second cell empty": lambda rows, rng: map_column(rows, 1, lambda i, text: text if i % 2 else ""),
    "a constant column": lambda rows, rng: map_column(rows, 1, lambda i, text: "7"),
    "unordered": shuffled,
    "all rows twice": lambda rows, rng: [*rows, *rows[1:]],
    "times twice with other values": lambda rows, rng: [*rows, *map_column(rows, 1, lambda i, _: str(i))[1:]],
    "one time": lambda rows, rng: map_column(rows, 0, lambda i, text: "2024-01-01 00:00"),
    "irregular times": lambda rows, rng: map_column(rows, 0, lambda i, t: f"{t[:-2]}{rng.randrange(60):02d}"),
    "impossible dates": lambda rows, rng: replace_cells(rows, rng, 0, "2024-02-30 25:61"),
    "empty times": lambda rows, rng: replace_cells(rows, rng, 0, ""),
    "years 1 and 9999": lambda rows, rng: replace_cells(
        replace_cells(rows, rng, 0, "0001-01-01"), rng, 0, "9999-12-31"
    ),
    "some time zones": lambda rows, rng: map_column(rows, 0, lambda i, text: f"{text}+01:00" if i % 2 else text),
    "both orders of day and month": lambda rows, rng: map_column(
        rows,
        0,
        lambda i, text: day_first(i, text) if i < ROWS // 2 else f"{text[5:7]}/{text[8:10]}/{text[:4]}{text[10:]}",
    ),
    "text among numbers": lambda rows, rng: replace_cells(rows, rng, 1, "error"),
    "dates among numbers": lambda rows, rng: replace_cells(rows, rng, 1, "2024-01-01"),
    "booleans among numbers": lambda rows, rng: replace_cells(rows, rng, 1, "true"),
    "text only": lambda rows, rng: map_column(rows, 1, lambda i, text: rng.choice(["a", "b", "c d"])),
    "infinite": lambda rows, rng: replace_cells(replace_cells(rows, rng, 1, "inf"), rng, 2, "-Infinity"),
    "huge numbers": lambda rows, rng: replace_cells(rows, rng, 1, "1" * 400),
    "tiny differences": lambda rows, rng: map_column(rows, 1, lambda i, text: f"100000000.000{i}"),
    "both decimal marks": lambda rows, rng: map_column(rows, 1, lambda i, t: t.replace(".", ",") if i % 2 else t),
    "thousands separators": lambda rows, rng: map_column(rows, 1, lambda i, text: f"1,{i % 1000:03d}"),
    "units in cells": lambda rows, rng: map_column(rows, 1, lambda i, text: f"{text} kW"),
    "formulas": lambda rows, rng: map_column(rows, 1, lambda i, text: f"=A{i}+1"),
    "control characters": lambda rows, rng: replace_cells(rows, rng, 1, "1\x01\x1f2"),
    "right-to-left names": lambda rows, rng: [["\u202etime", "\u0000load\ufeff", "\U0001f600"], *rows[1:]],
}
"""Changes of the table, whatever the format of its file; each gets rows and a source of random numbers."""


def as_text(rows: Rows, delimiter: str = ",") -> bytes:
    return "".join(delimiter.join(row) + "\n" for row in rows).encode()


def as_workbook(rows: Rows) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        cells = [openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row]
        book.active.append([_number(cell) for cell in cells])
    book.save(file)
    return file.getvalue()


def _number(cell: str) -> float | str:
    try:
        return float(cell) if len(cell) < 20 else cell
    except ValueError:
        return cell


def as_json(rows: Rows) -> bytes:
    return json.dumps([dict(zip(rows[0], row, strict=False)) for row in rows[1:]]).encode()


def as_json_lines(rows: Rows) -> bytes:
    return "".join(json.dumps(dict(zip(rows[0], row, strict=False))) + "\n" for row in rows[1:]).encode()


def as_parquet(rows: Rows) -> bytes:
    width = len(rows[0])
    columns = [[row[j] if j < len(row) else None for row in rows[1:]] for j in range(width)]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(c, pa.string()) for c in columns], names=rows[0]), file)
    return file.getvalue()


def archive(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return file.getvalue()


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    ".csv": as_text,
    ".tsv": lambda rows: as_text(rows, "\t"),
    ".xlsx": as_workbook,
    ".json": as_json,
    ".jsonl": as_json_lines,
    ".parquet": as_parquet,
    ".csv.gz": lambda rows: gzip.compress(as_text(rows), mtime=0),
    ".zip": lambda rows: archive({"table.csv": as_text(rows)}),
    ".xls": lambda rows: (ROOT / "tests/data/files/old.xls").read_bytes(),
}
FORMATS_OF_TABLE_CHANGES = (".csv", ".xlsx", ".json", ".parquet")
BYTE_CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated": lambda raw, rng: raw[: rng.randrange(1, len(raw))],
    "without its start": lambda raw, rng: raw[rng.randrange(1, len(raw)) :],
    "one byte changed": lambda raw, rng: _overwrite(raw, rng, 1),
    "100 bytes changed": lambda raw, rng: _overwrite(raw, rng, 100),
    "a block of zeros": lambda raw, rng: _insert(raw, rng, bytes(64)),
    "a block twice": lambda raw, rng: _insert(raw, rng, raw[len(raw) // 3 : len(raw) // 2]),
    "random bytes inside": lambda raw, rng: _insert(raw, rng, rng.randbytes(64)),
}


def _overwrite(raw: bytes, rng: random.Random, count: int) -> bytes:
    changed = bytearray(raw)
    for _ in range(count):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _insert(raw: bytes, rng: random.Random, block: bytes) -> bytes:
    position = rng.randrange(len(raw))
    return raw[:position] + block + raw[position:]


def special_files() -> Iterator[tuple[str, str, bytes]]:
    """Group, name with suffix, and content of files that are no change of a table or of bytes."""
    text, rows = as_text(table()).decode(), table()
    for encoding in (
        "utf-16-le",
        "utf-16-be",
        "utf-16",
        "utf-32",
        "cp1252",
        "gb18030",
        "euc-kr",
        "shift_jis",
        "cp037",
    ):
        yield "encoding", f"{encoding}.csv", text.replace("load", "Größe 流量").encode(encoding, errors="replace")
    yield "encoding", "two encodings.csv", "time,Größe\n".encode() + "2024-01-01,1\nStraße,2\n".encode("cp1252") * 50
    yield "encoding", "mark in the middle.csv", text[:500].encode() + b"\xef\xbb\xbf" + text[500:].encode()
    lines = text.splitlines()
    yield (
        "delimiters",
        "two delimiters.csv",
        "\n".join([*lines[:100], *(x.replace(",", ";") for x in lines[100:])]).encode(),
    )
    yield "delimiters", "no delimiter.csv", text.replace(",", "").encode()
    yield "delimiters", "blanks.txt", text.replace(",", "  ").encode()
    yield "delimiters", "more cells.csv", "\n".join([*lines[:50], lines[50] + ",1,2", *lines[51:]]).encode()
    yield "delimiters", "fewer cells.csv", "\n".join([*lines[:50], "2024-01-03 02:00", *lines[51:]]).encode()
    yield "delimiters", "a quote.csv", "\n".join([*lines[:50], '"' + lines[50], *lines[51:]]).encode()
    yield "delimiters", "quotes.csv", text.replace(",", '","').encode()
    yield "delimiters", "carriage returns.csv", text.replace("\n", "\r").encode()
    yield "delimiters", "mixed line ends.csv", text.replace("\n", "\r\n", 100).encode()
    for suffix in (".csv", ".xlsx", ".json", ".parquet", ".zip", ".csv.gz", ".xls"):
        yield "empty", f"empty{suffix}", b""
        yield "empty", f"blanks{suffix}", b" \n" * 100
    contents = {
        "workbook": as_workbook(rows),
        "page": b"<!doctype html><table></table>",
        "picture": b"\x89PNG" + bytes(99),
    }
    for name, raw in {**contents, "random": random.Random(1).randbytes(5000), "parquet": as_parquet(rows)}.items():
        for suffix in (".csv", ".xlsx", ".json", ".parquet", ".zip"):
            yield "wrong suffix", f"{name} as{suffix}", raw
    yield "bombs", "zip bomb.zip", archive({"table.csv": b"time,load\n" + b"0" * 2**30})
    yield "bombs", "zip bomb of rows.csv.gz", gzip.compress(b"time,load\n" + b"2024-01-01,1\n" * 80_000_000, 1)
    yield "bombs", "zip in zip.zip", archive({"a.zip": archive({"b.csv": as_text(rows)})})
    yield "bombs", "two files.zip", archive({"a.csv": as_text(rows), "b.csv": as_text(rows)})
    yield "bombs", "path outside.zip", archive({"../../outside.csv": as_text(rows)})
    yield "bombs", "cells.xlsx", _workbook_with("<sheetData>" + "<row>" + "<c/>" * 30_000_000 + "</row></sheetData>")
    yield "bombs", "empty rows.xlsx", _workbook_with("<sheetData>" + '<row r="1"/>' * 3_000_000 + "</sheetData>")
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    yield "bombs", "last cell.xlsx", _workbook_with(f"<sheetData>{far}</sheetData>")
    laughs = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    yield "bombs", "entities.xlsx", _workbook_with("<c>&a9;</c>", f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>')
    yield "bombs", "many rows.parquet", _constant_parquet(150_000_000, 1)
    yield "bombs", "many columns.parquet", _constant_parquet(2, 100_000)
    for count in (20_000, 1_000_000):
        header = "time," + ",".join(map(str, range(count)))
        yield "bombs", f"{count} columns.csv", (header + ("\n2024-01-01" + ",1" * count) * 3).encode()
    yield "bombs", "a long cell.csv", ("time,load\n2024-01-01," + "9" * 30_000_000).encode()
    for name, raw in {
        "deep.json": b"[" * 200_000,
        "deep objects.json": b'{"a":' * 100_000,
        "number.json": b"7",
        "empty list.json": b"[]",
        "list of lists.json": b"[[1,2],[3,4]]",
        "mixed records.json": b'[{"time":"2024-01-01","load":1},7,"x",null]',
        "nested cells.json": b'[{"time":"2024-01-01","load":{"a":[1]}}]',
        "repeated keys.json": b'[{"time":"2024-01-01","load":1,"load":2}]',
        "huge integers.json": b'[{"time":"2024-01-01","load":' + b"9" * 5000 + b"}]",
        "NaN.json": b'[{"time":"2024-01-01","load":NaN}]',
        "a broken line.jsonl": as_json_lines(rows)[:2000] + b'{"time": \n' + as_json_lines(rows)[2000:],
    }.items():
        yield "JSON", name, raw


def _workbook_with(sheet: str, before: str = "") -> bytes:
    """A workbook whose sheet holds this XML."""
    with zipfile.ZipFile(io.BytesIO(as_workbook(table()[:3]))) as original:
        members = {name: original.read(name) for name in original.namelist()}
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    members["xl/worksheets/sheet1.xml"] = f'{before}<worksheet xmlns="{space}">{sheet}</worksheet>'.encode()
    return archive(members)


def _constant_parquet(rows: int, columns: int) -> bytes:
    file = io.BytesIO()
    block = pa.table({f"c{j}": pa.nulls(min(rows, 10_000_000), pa.int64()) for j in range(columns)})
    with pq.ParquetWriter(file, block.schema) as writer:
        for _ in range(max(1, rows // block.num_rows)):
            writer.write_table(block)
    return file.getvalue()


def files(seed: int) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Group, name and content of every file; the content is made when it is asked for."""

    def changed_table(suffix: str, name: str) -> bytes:
        return FORMATS[suffix](TABLE_CHANGES[name](table(), random.Random(f"{seed} {name}")))

    def changed_bytes(suffix: str, name: str, number: int) -> bytes:
        rng = random.Random(f"{seed} {suffix} {name} {number}")
        return BYTE_CHANGES[name](FORMATS[suffix](table()), rng)

    for suffix in FORMATS_OF_TABLE_CHANGES:
        for name in TABLE_CHANGES:
            yield f"table as {suffix}", f"{name}{suffix}", partial(changed_table, suffix, name)
    for suffix in FORMATS:
        for name in BYTE_CHANGES:
            for number in (1, 2):
                yield f"bytes of {suffix}", f"{name} {number}{suffix}", partial(changed_bytes, suffix, name, number)
    for group, name, raw in special_files():
        yield group, name, partial(bytes, raw)


def judge(path: Path, output: Path) -> str:
    """Inspect a file; returns how that ended. An error must name the file."""
    arguments = ["inspect", str(path), "--out", str(output.parent / "report"), "--no-plot"]
    outcome = run_command(arguments, output.parent, output, max_seconds=MAX_SECONDS, extra_bytes=MAX_EXTRA_BYTES)
    message = output.read_text(errors="replace") if output.is_file() else ""
    if outcome == REFUSED and path.name not in message:
        return f"the error does not name the file: {message.strip()[:200]}"
    return outcome


def main() -> int:
    """Make every file, inspect it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only files whose names contain one of these")
    parser.add_argument("--seed", type=int, default=0, help="of the random changes (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a folder in which the files and outputs stay")
    args = parser.parse_args()
    started, outcomes = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="timevis-corrupted-") as scratch:
        folder = args.keep or Path(scratch)
        for number, (group, name, content) in enumerate(files(args.seed)):
            if args.words and not any(word in name for word in args.words):
                continue
            path = folder / str(number) / name.replace(" ", "_")
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                raw = content()
            except Exception as error:  # a format that cannot hold the change is no file of this script
                print(f"not written: {name} ({type(error).__name__}: {error})")
                continue
            path.write_bytes(raw)
            outcome = judge(path, path.parent / "output.txt")
            outcomes.append((group, f"{number} {name}", outcome))
            if outcome not in SURVIVED:
                print(f"{number} {name}: {outcome}", flush=True)
            if args.keep is None:
                path.unlink()
    failed = print_table(outcomes)
    print(f"{len(outcomes)} files, seed {args.seed}, {time.monotonic() - started:.0f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
