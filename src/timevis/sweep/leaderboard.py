"""The leaderboard of a sweep, rebuilt from its run folders: csv, Markdown and a picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from timevis.data.options import shown_name
from timevis.errors import RunFolderError, TimeVisError
from timevis.evaluation.charts import png_files
from timevis.evaluation.charts.chart import Chart, Mark
from timevis.runs.folder import RunFolder, typed_overrides
from timevis.runs.record import backbone_name, beside_names, settings
from timevis.runs.status import read_status
from timevis.sweep.grid import planned_jobs
from timevis.utils.files import write_text
from timevis.utils.formatting import markdown_table

NAMED = 10
"""Incomplete jobs that the end of a sweep names at most."""
METRICS = ("wql", "mase", "mae_scaled", "mse_scaled", "crps", "coverage_80")
COST = ("trainable_parameters", "fit_seconds", "test_seconds", "peak_memory_mb")
SORT = "val/wql"
NOT_STARTED = "the sweep has not come to it"
"""True of a job that waits for its turn, and of one whose sweep was stopped before it."""


def read_runs(sweep: Path) -> pd.DataFrame:
    """One row per job of a sweep, by data set and `val/wql`; those without a result last, with their reason.

    Returns
    -------
    DataFrame
        run, setting (the overrides in which runs differ, without the seed), seed, state, data, model, backbone,
        val/wql, test/*, skill_*, cost and reason.
    """
    folders = sorted(path.parent for path in sweep.rglob("status.json"))
    names = [str(folder.relative_to(sweep)) for folder in folders]
    waiting = {name: job for name, job in planned_jobs(sweep).items() if name not in names} if folders else {}
    told = settings([*map(typed_overrides, folders), *waiting.values()])
    rows = [
        _row(folder, name, setting)
        for folder, name, setting in zip(folders, names, told[: len(folders)], strict=True)
    ]
    rows += [
        {"run": name, "setting": setting, "state": "not started", "reason": NOT_STARTED, **_typed(job)}
        for (name, job), setting in zip(waiting.items(), told[len(folders) :], strict=True)
    ]
    columns = ["run", "setting", "seed", "state", "data", "model", "backbone", SORT]
    columns += [f"test/{m}" for m in METRICS] + ["skill_wql", "skill_wql_low", "skill_wql_high", "skill_mae"]
    table = pd.DataFrame(rows, columns=[*columns, *COST, "reason"])
    table["seed"] = pd.Series([row.get("seed") for row in rows], dtype=object)  # whole, though some have none
    table = table.sort_values(["data", SORT, "run"], na_position="last", kind="stable")
    return table.sort_values(SORT, key=pd.isna, kind="stable").reset_index(drop=True)


def by_setting(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and deviation over seeds, one row per data, model and setting, by data set and mean `val/wql`.

    Of a trial that a search repeats with the same seed one counts, and not because of its score.
    """
    by = ["data", "model", "backbone", "setting"]
    done = runs[runs["state"] == "completed"].sort_values("run", kind="stable").drop_duplicates([*by, "seed"])
    groups = done.groupby(by, sort=False, dropna=False)
    names = [SORT, *(f"test/{m}" for m in METRICS), "skill_wql", "fit_seconds"]
    table = groups.agg(seeds=("seed", "count"), **{f"{n} {f}": (n, f) for n in names for f in ("mean", "std")})
    return table.reset_index().sort_values(["data", f"{SORT} mean"], kind="stable").reset_index(drop=True)


def write_leaderboard(sweep: Path) -> pd.DataFrame:
    """Write leaderboard.csv, leaderboard_settings.csv, leaderboard.md and leaderboard.png; each is whole or old.

    Returns
    -------
    DataFrame
        See `read_runs`.
    """
    runs = read_runs(sweep)
    if runs.empty:
        return runs
    over_seeds = by_setting(runs)
    write_text(sweep / "leaderboard.csv", runs.to_csv(index=False))
    write_text(sweep / "leaderboard_settings.csv", over_seeds.to_csv(index=False))
    write_text(sweep / "leaderboard.md", _markdown(runs, over_seeds))
    if len(over_seeds):
        charts = [_chart(rows, str(data)) for data, rows in over_seeds.groupby("data", sort=False)]
        png_files.save(sweep, "leaderboard", charts, columns=1)
    return runs


def incomplete(runs: pd.DataFrame) -> TimeVisError | None:
    """What is said at the end of a sweep of which some runs are not completed."""
    rows = runs[runs["state"] != "completed"]
    if rows.empty:
        return None
    lines, told_apart = [], runs["seed"].nunique() > 1
    for r in rows.itertuples(index=False):
        of = " ".join(filter(None, [r.setting, f"seed={r.seed}" if told_apart and pd.notna(r.seed) else ""]))
        lines.append(f"{r.run} ({of}) {r.state}: {r.reason}")
    more = [f"and {len(lines) - NAMED} more, in the leaderboard"] if len(lines) > NAMED else []
    return TimeVisError(f"{len(rows)} of {len(runs)} jobs did not complete", "\n  ".join([*lines[:NAMED], *more]))


def _typed(overrides: list[str]) -> dict[str, Any]:
    """What a row says of a job that has no config."""
    typed = dict(o.partition("=")[::2] for o in overrides)
    row: dict[str, Any] = {name: typed.get(name) for name in ("data", "model", "seed")}
    if str(row["seed"]).isdecimal():
        row["seed"] = int(row["seed"])
    return row | ({"data": shown_name("file", typed["data.path"])} if typed.get("data.path") else {})


def _row(folder: Path, name: str, setting: str) -> dict[str, Any]:
    status = read_status(folder) or {}
    row: dict[str, Any] = {"run": name, "setting": setting, "state": status.get("state")}
    config = folder / "config.yaml"
    if config.is_file() and (cfg := yaml.safe_load(config.read_text(encoding="utf-8"))):
        data = shown_name(cfg["data"]["name"], cfg["data"]["path"])
        row |= {"data": data, "model": cfg["model"]["name"], "seed": cfg["seed"]}
        if backbone := cfg["model"].get("backbone"):
            row["backbone"] = f"{backbone['path']}{'' if backbone['pretrained'] else ', random weights'}"
    else:  # refused before it had one, or damaged
        row |= _typed(typed_overrides(folder))
    if status.get("error"):
        row["reason"] = "; ".join(filter(None, [status["error"], status.get("advice")]))
    if row["state"] != "completed":
        return row
    try:
        results = RunFolder(folder).results
    except RunFolderError as error:
        return row | {"state": "damaged", "reason": "; ".join([error.message, error.advice])}
    row |= {"backbone": backbone_name(results["run"]), SORT: results["validation"]["wql"]}
    row |= {name: results["cost"][name] for name in COST}
    if results["window_set"].get("part", "test") != "test":
        return row
    skill = results["skill"]
    return {
        **row,
        **{f"test/{m}": results["metrics"][m]["value"] for m in METRICS},
        "skill_wql": skill["wql"]["value"],
        "skill_wql_low": skill["wql"]["low"],
        "skill_wql_high": skill["wql"]["high"],
        "skill_mae": skill["mae"]["value"],
    }


def _markdown(runs: pd.DataFrame, over_seeds: pd.DataFrame) -> str:
    order = f"Sorted by {'data set and ' * (runs['data'].nunique() > 1)}`val/wql`, on which every choice is made"
    tested = "; the test part stands beside it" * bool(runs["test/wql"].notna().any())
    lines = ["# Leaderboard", "", f"{order}{tested}.", ""]
    shown = ["run", "setting", "seed", "state", "data", "model", "backbone", SORT, "test/wql", "test/mase"]
    table = runs[[*shown, "skill_wql", "fit_seconds", "reason"]].astype({"skill_wql": object})
    ends = runs[["skill_wql", "skill_wql_low", "skill_wql_high"]].itertuples(index=False)
    table["skill_wql"] = [_skill(*values) for values in ends]
    lines += [markdown_table(table.dropna(axis=1, how="all")), ""]
    if len(over_seeds) and over_seeds["seeds"].max() > 1:
        rows = over_seeds[["data", "model", "backbone", "setting", "seeds"]].copy()
        for name in (SORT, *(("test/wql", "test/mase", "skill_wql") if tested else ())):
            rows[name] = [
                f"{mean:.4g} ± {std:.2g}" if pd.notna(std) else mean
                for mean, std in zip(over_seeds[f"{name} mean"], over_seeds[f"{name} std"], strict=True)
            ]
        lines += ["## Over seeds", "", markdown_table(rows), ""]
        if gone := sorted(set(runs["setting"]) - set(over_seeds["setting"])):
            lines += [f"Left out, as no seed completed: {'; '.join(gone)}.", ""]
    return "\n".join(lines)


def _skill(value: float, low: float, high: float) -> str | None:
    """A skill with its interval, which is missing where there are too few windows for one."""
    if pd.isna(value):
        return None
    return f"{value:.3f}" + (f" ({low:.3f} to {high:.3f})" if pd.notna(low) else "")


def _chart(over_seeds: pd.DataFrame, data: str) -> Chart:
    """A row per setting on a data set, the best on top: WQL on validation and test, its deviation over seeds."""
    rows = over_seeds[::-1]
    names = []
    for r in rows.itertuples(index=False):
        parts = (r.model, r.backbone, beside_names(str(r.setting)))
        name = " ".join(str(part) for part in parts if part and part == part)
        names.append(re.sub(r"\d+\.\d{5,}(e-?\d+)?", lambda drawn: f"{float(drawn[0]):.4g}", name))  # by Optuna
    marks = []
    for metric, role in ((SORT, "second"), ("test/wql", "model")):
        mean, std = rows[f"{metric} mean"], rows[f"{metric} std"]
        if mean.isna().all():
            continue
        marks.append(Mark("points", mean.to_numpy(), names, metric, role, hollow=metric == SORT))
        marks += [
            Mark("line", [m - s, m + s], [name, name], role=role)
            for name, m, s in zip(names, mean, std, strict=True)
            if s > 0
        ]
    label = "WQL, mean and deviation over seeds" if rows["seeds"].max() > 1 else "WQL"
    return Chart("leaderboard", f"Leaderboard on {data}", label, "", marks)
