"""Write the leaderboard of a sweep from its run folders: CSV, Markdown and a chart."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from timevis.config.compose import register_resolvers
from timevis.data.options import display_name
from timevis.errors import RunFolderError, TimeVisError
from timevis.messages import Text
from timevis.metrics.specs import compared_metrics
from timevis.models.member_record import is_member_folder
from timevis.report.chart import Chart, Mark
from timevis.report.draw_matplotlib import save_png
from timevis.runs.folder import RunFolder, read_overrides
from timevis.runs.record import differing_overrides, without_data_and_model
from timevis.runs.status import read_status
from timevis.utils.files import write_text
from timevis.utils.formatting import markdown_table
from timevis.utils.spreadsheets import to_csv

MAX_LISTED_JOBS = 10
"""Incomplete jobs that the error at the end of a sweep lists."""
COSTS = ("trainable_parameters", "fit_seconds", "test_seconds", "peak_memory_mb")
SORT_COLUMN = "val/relative_wql"
NOT_STARTED = "the sweep has not started it"
"""Reason of a job that waits, and of a job whose sweep was stopped before it."""


def read_jobs(sweep: Path) -> pd.DataFrame:
    """Read the jobs of a sweep, one row each, by data set and `val/relative_wql`; jobs without a result are last.

    Returns
    -------
    DataFrame
        run, setting (the overrides that differ between the jobs, without the seed), seed, state, data, model,
        backbone, val/relative_wql, test/*, skill_*, costs, and the reason why a job has no result.
    """
    folders = sorted(path.parent for path in sweep.rglob("status.json") if not is_member_folder(path.parent))
    names = [str(folder.relative_to(sweep)) for folder in folders]
    waiting = {name: job for name, job in grid_jobs(sweep).items() if name not in names} if folders else {}
    settings = differing_overrides([*map(read_overrides, folders), *waiting.values()])
    rows = [
        _job_row(folder, name, setting)
        for folder, name, setting in zip(folders, names, settings[: len(folders)], strict=True)
    ]
    rows += [
        {"run": name, "setting": setting, "state": "not started", "reason": NOT_STARTED, **_row_from_overrides(job)}
        for (name, job), setting in zip(waiting.items(), settings[len(folders) :], strict=True)
    ]
    columns = ["run", "setting", "seed", "state", "data", "model", "backbone", SORT_COLUMN]
    columns += [f"test/{m}" for m in compared_metrics()] + [
        "skill_wql",
        "skill_wql_low",
        "skill_wql_high",
        "skill_mae",
    ]
    table = pd.DataFrame(rows, columns=[*columns, *COSTS, "reason"])
    # integers, although some jobs have no seed
    table["seed"] = pd.Series([row.get("seed") for row in rows], dtype=object)
    table = table.sort_values(["data", SORT_COLUMN, "run"], na_position="last", kind="stable")
    return table.sort_values(SORT_COLUMN, key=pd.isna, kind="stable").reset_index(drop=True)


def average_over_seeds(jobs: pd.DataFrame) -> pd.DataFrame:
    """Mean and std over seeds, one row per data set, model and setting, by data set and mean `val/relative_wql`.

    If a search repeats a trial with the same seed, the first of these runs counts, whatever its score.
    """
    keys = ["data", "model", "backbone", "setting"]
    completed = jobs[jobs["state"] == "completed"].sort_values("run", kind="stable")
    groups = completed.drop_duplicates([*keys, "seed"]).groupby(keys, sort=False, dropna=False)
    names = [SORT_COLUMN, *(f"test/{m}" for m in compared_metrics()), "skill_wql", "fit_seconds"]
    table = groups.agg(seeds=("seed", "count"), **{f"{n} {f}": (n, f) for n in names for f in ("mean", "std")})
    return table.reset_index().sort_values(["data", f"{SORT_COLUMN} mean"], kind="stable").reset_index(drop=True)


def write_leaderboard(sweep: Path) -> pd.DataFrame:
    """Write leaderboard.csv, leaderboard_settings.csv, leaderboard.md and leaderboard.png, each atomically.

    Returns
    -------
    DataFrame
        See `read_jobs`.
    """
    jobs = read_jobs(sweep)
    if jobs.empty:
        return jobs
    averages = average_over_seeds(jobs)
    write_text(sweep / "leaderboard.csv", to_csv(jobs, index=False))
    write_text(sweep / "leaderboard_settings.csv", to_csv(averages, index=False))
    write_text(sweep / "leaderboard.md", _markdown(jobs, averages))
    if len(averages):
        charts = [leaderboard_chart(rows, str(data)) for data, rows in averages.groupby("data", sort=False)]
        save_png(sweep, "leaderboard", charts, columns=1)
    return jobs


def incomplete_jobs_error(jobs: pd.DataFrame) -> TimeVisError | None:
    """The error that a sweep ends with if some jobs are not completed; it lists them with their reasons."""
    incomplete = jobs[jobs["state"] != "completed"]
    if incomplete.empty:
        return None
    lines, has_seeds = [], jobs["seed"].nunique() > 1
    for job in incomplete.itertuples(index=False):
        seed = f"seed={job.seed}" if has_seeds and pd.notna(job.seed) else ""
        setting = " ".join(filter(None, [job.setting, seed]))
        lines.append(f"{job.run} ({setting}) {job.state}: {job.reason}")
    hidden = len(lines) - MAX_LISTED_JOBS
    more = Text("\n  and {count} more, in the leaderboard", count=hidden) if hidden > 0 else ""
    message = Text("{count} of {total} jobs did not complete", count=len(incomplete), total=len(jobs))
    return TimeVisError(message, Text("{reasons}{more}", reasons="\n  ".join(lines[:MAX_LISTED_JOBS]), more=more))


def _row_from_overrides(overrides: list[str]) -> dict[str, Any]:
    """Data, model and seed of a job without a config, from its overrides."""
    values = dict(o.partition("=")[::2] for o in overrides)
    row: dict[str, Any] = {name: values.get(name) for name in ("data", "model", "seed")}
    if str(row["seed"]).isdecimal():
        row["seed"] = int(row["seed"])
    return row | ({"data": display_name("file", values["data.path"])} if values.get("data.path") else {})


def _job_row(folder: Path, name: str, setting: str) -> dict[str, Any]:
    status = read_status(folder)
    row: dict[str, Any] = {"run": name, "setting": setting, "state": status and status.state}
    try:
        cfg = RunFolder(folder).config
    except RunFolderError:
        cfg = None
    if cfg:
        data = display_name(cfg["data"]["name"], cfg["data"]["path"])
        row |= {"data": data, "model": cfg["model"]["name"], "seed": cfg["seed"]}
        if backbone := cfg["model"].get("backbone"):
            row["backbone"] = f"{backbone['path']}{'' if backbone['pretrained'] else ', random weights'}"
    else:  # the config was refused before it was written, or the file is damaged
        row |= _row_from_overrides(read_overrides(folder))
    if status and status.error:
        row["reason"] = "; ".join(filter(None, [status.error, status.advice]))
    if row["state"] != "completed":
        return row
    try:
        results = RunFolder(folder).results
    except RunFolderError as error:
        return row | {"state": "damaged", "reason": f"{error.message}; {error.advice}"}
    row |= {"backbone": results.run.backbone_name, SORT_COLUMN: results.validation_score}
    row |= {name: getattr(results.cost, name) for name in COSTS}
    if results.window_set.part != "test":
        return row
    skill = results.skill
    return {
        **row,
        **{f"test/{m}": results.metrics[m].value for m in compared_metrics()},
        "skill_wql": skill.wql.value,
        "skill_wql_low": skill.wql.low,
        "skill_wql_high": skill.wql.high,
        "skill_mae": skill.mae.value,
    }


def _markdown(jobs: pd.DataFrame, averages: pd.DataFrame) -> str:
    has_test_scores = bool(jobs["test/wql"].notna().any())
    by_data = "data set and " if jobs["data"].nunique() > 1 else ""
    order = f"Sorted by {by_data}`{SORT_COLUMN}`, the score for model selection."
    note = " Test scores do not affect the order." if has_test_scores else ""
    lines = ["# Leaderboard", "", order + note, ""]
    shown = ["run", "setting", "seed", "state", "data", "model", "backbone", SORT_COLUMN, "test/wql", "test/mase"]
    table = jobs[[*shown, "skill_wql", "fit_seconds", "reason"]].astype({"skill_wql": object})
    intervals = jobs[["skill_wql", "skill_wql_low", "skill_wql_high"]].itertuples(index=False)
    table["skill_wql"] = [_skill_text(*values) for values in intervals]
    lines += [markdown_table(table.dropna(axis=1, how="all")), ""]
    if len(averages) and averages["seeds"].max() > 1:
        rows = averages[["data", "model", "backbone", "setting", "seeds"]].copy()
        for name in (SORT_COLUMN, *(("test/wql", "test/mase", "skill_wql") if has_test_scores else ())):
            rows[name] = [
                f"{mean:.4g} ± {std:.2g}" if pd.notna(std) else mean
                for mean, std in zip(averages[f"{name} mean"], averages[f"{name} std"], strict=True)
            ]
        lines += ["## Mean and std over seeds", "", markdown_table(rows), ""]
        if not_completed := sorted(set(jobs["setting"]) - set(averages["setting"])):
            lines += [f"Settings without a completed run: {'; '.join(not_completed)}.", ""]
    return "\n".join(lines)


def _skill_text(value: float, low: float, high: float) -> str | None:
    """A skill with its interval, if there are enough windows for one."""
    if pd.isna(value):
        return None
    return f"{value:.3f}" + (f" ({low:.3f} to {high:.3f})" if pd.notna(low) else "")


def leaderboard_chart(averages: pd.DataFrame, data: str) -> Chart:
    """Relative WQL on validation and test with its std over seeds; a row per setting, the best one on top.

    Parameters
    ----------
    averages : DataFrame
        Rows of `average_over_seeds` on one data set.
    data : str
        Name of the data set.
    """
    rows = averages[::-1]
    names = []
    for row in rows.itertuples(index=False):
        parts = (row.model, row.backbone, without_data_and_model(str(row.setting)))
        name = " ".join(str(part) for part in parts if part and part == part)
        # Optuna draws values with many digits
        names.append(re.sub(r"\d+\.\d{5,}(e-?\d+)?", lambda digits: f"{float(digits[0]):.4g}", name))
    marks = []
    for metric, role in ((SORT_COLUMN, "second"), ("test/relative_wql", "model")):
        mean, std = rows[f"{metric} mean"], rows[f"{metric} std"]
        if mean.isna().all():
            continue
        marks.append(Mark("points", mean.to_numpy(), names, metric, role, hollow=metric == SORT_COLUMN))
        marks += [
            Mark("line", [m - s, m + s], [name, name], role=role)
            for name, m, s in zip(names, mean, std, strict=True)
            if s > 0
        ]
    label = "relative WQL, mean and std over seeds" if rows["seeds"].max() > 1 else "relative WQL"
    return Chart("leaderboard", f"Leaderboard on {data}", label, "", marks)


def grid_jobs(sweep: Path) -> dict[str, list[str]]:
    """The overrides of each job of a grid sweep, by the name of its run folder.

    The order is the order of Hydra's basic sweeper: the last override changes fastest.

    Empty if the jobs cannot be listed in advance: trials of a search depend on each other, only Hydra expands `glob`
    and shuffles, and run folders may have other names than job numbers. Also empty for jobs of submitit, which are
    all queued at once and may still run after the sweep was stopped.
    """
    if not (sweep / "multirun.yaml").is_file():
        return {}
    hydra = OmegaConf.load(sweep / "multirun.yaml").hydra
    stored: dict[str, Any] = OmegaConf.to_container(hydra)  # type: ignore[assignment]
    is_grid = stored["sweeper"]["_target_"].endswith(".BasicSweeper")
    is_numbered = stored["sweep"]["subdir"] == "${hydra.job.num}"
    if not is_grid or not is_numbered or "submitit" in stored["launcher"]["_target_"]:
        return {}
    register_resolvers()
    params = [f"{key}={value}" for key, value in (hydra.sweeper.params or {}).items()]
    try:
        overrides = OverridesParser.create().parse_overrides([*params, *stored["overrides"]["task"]])
        values = {override.get_key_element(): _values(override) for override in overrides}
    except HydraException:
        return {}
    if any(getattr(override.value(), "shuffle", False) for override in overrides):
        return {}
    choices = [[f"{key}={value}" for value in texts] for key, texts in values.items()]
    return {str(number): list(job) for number, job in enumerate(product(*choices))}


def _values(override: Override) -> list[str]:
    """The values that an override gives to the jobs, as text; raises HydraException for `interval` and `glob`."""
    if override.is_sweep_override():
        return list(override.sweep_string_iterator())
    return [override.get_value_element_as_str()]
