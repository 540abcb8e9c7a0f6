"""The tables that suite.py prints of its rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from timevis.evaluation.bootstrap import Interval
from timevis.utils.formatting import markdown_table
from timevis_research.suites.stored_losses import stored_intervals
from timevis_research.suites.summary import summarise

MINIMUM_SETS = 10  # a model with fewer data sets is left out of the summary
TITLES = {
    "auto": "auto",
    "autoarima": "AutoARIMA",
    "autoets": "AutoETS",
    "autoets_native": "AutoETS with own intervals",
    "autotheta": "AutoTheta",
    "autotheta_native": "AutoTheta with own intervals",
    "boosted": "boosted trees",
    "deepar": "DeepAR",
    "fev_reference": "reference of fev-bench",
    "flair": "FLAIR",
    "fracast": "Fracast",
    "linear": "linear map",
    "lstm": "LSTM",
    "lstm_no_covariates": "LSTM without covariates",
    "mstl": "MSTL",
    "mstl_native": "MSTL with own intervals",
    "nano": "nano",
    "nano_patch": "nano-patch",
    "nano_patch_untuned": "untuned nano-patch",
    "nano_untuned": "untuned nano",
    "neuralforecast_lstm": "LSTM of neuralforecast",
    "nhits": "NHITS",
    "nhits_auto": "NHITS with search",
    "nhits_no_covariates": "NHITS without covariates",
    "patchtst": "PatchTST",
    "seasonal_naive": "seasonal naive",
    "tft": "TFT",
    "tide": "TiDE",
    "tide_auto": "TiDE with search",
    "tide_no_covariates": "TiDE without covariates",
}
"""Names of the models in tables and documents, by their keys in the files with rows; other models have their keys."""
KEYS = {title: key for key, title in TITLES.items()}
BASELINE = TITLES["seasonal_naive"]


def title_of(key: str) -> str:
    """The name of a model in tables."""
    return TITLES.get(key, key)


def key_of(name: str) -> str:
    """The key of a model that a command names by its key or by its title."""
    return KEYS.get(name, name)


def with_titles(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the titles of models in place of their keys, which go to a column of their own."""
    return rows.assign(key=rows["model"], model=rows["model"].map(title_of))


def with_costs(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column for each cost; the processor time is NaN in rows from before it was measured."""
    rows = rows.copy()
    for name in ("fit_seconds", "calibrate_seconds", "test_seconds", "forecasts_per_second"):
        rows[name] = rows["cost"].map(lambda cost, name=name: cost[name])
    measured = rows["measured"] if "measured" in rows else pd.Series(index=rows.index, dtype=object)
    rows["processor_seconds"] = [m["processor_seconds"] if isinstance(m, dict) else float("nan") for m in measured]
    return rows


def print_summaries(rows: pd.DataFrame, against: str | None) -> None:
    """Print win rates and skills of all models over the data sets, or of one model against each other one."""
    for metric in ("relative_wql", "mase"):
        errors = rows.pivot_table(index="data", columns="model", values=metric)
        counts = errors.notna().sum()
        complete = errors[counts[counts >= min(MINIMUM_SETS, counts.max())].index].dropna()
        print(f"\n{metric} on {len(complete)} data sets: {', '.join(complete.index)}")
        if incomplete := sorted(set(errors) - set(complete)):
            print(f"Models with fewer than {MINIMUM_SETS} data sets, which are left out: {', '.join(incomplete)}")
        if complete.shape[1] < 2 or BASELINE not in complete:
            print(f"There is nothing to compare: at least two models, and {BASELINE}, must have the same data sets.")
            return
        if against:
            print(f"\n{_pair_table(complete, rows, against)}")
            ratio = (complete[against] / complete[BASELINE]).sort_values(ascending=False)
            above = [f"{name} ({100 * (value - 1):.1f} %)" for name, value in ratio[ratio > 1].items()]
            print(f"\n{against} is above {BASELINE} on {len(above)} data sets{': ' * bool(above)}{', '.join(above)}")
            continue
        for zero_shot, title in ((False, "Trained or fitted on the data set"), (True, "Not trained on the data set")):
            print(f"\n{title}\n\n{_summary_table(complete, rows, zero_shot)}")


def print_single_sets(rows: pd.DataFrame) -> None:
    """Print the relative WQL on each data set, how much seeds differ, and the coverage by model and by data set."""
    by_set = rows.pivot_table(index="data", columns="model", values="relative_wql")
    by_set = by_set[by_set.median().sort_values().index]
    print(f"\nWQL relative to seasonal naive\n\n{markdown_table(by_set.T.round(3).reset_index())}")
    of_seeds = rows.groupby(["data", "model"])["wql"]
    deviation = (100 * of_seeds.std() / of_seeds.mean()).unstack("model").reindex(columns=by_set.columns)
    if not (deviation := deviation.dropna(axis="columns", how="all")).empty:
        title = "Standard deviation of the WQL over seeds, in percent of the mean"
        print(f"\n{title}\n\n{markdown_table(deviation.T.round(1).reset_index())}")
    ends = rows.get("coverage_80_interval", pd.Series(index=rows.index, dtype=object))
    # Rows from before it was measured and runs of few windows have no interval.
    rows = rows[ends.map(lambda pair: isinstance(pair, list) and None not in pair)]
    if not rows.empty:
        title = "Share of values in the 80 % interval, and the runs in which it differs from 80 % at the level of 5 %"
        print(f"\n{title}")
        print(f"\n{_coverage_table(rows, 'model', list(by_set), 'data')}")
        print(f"\n{_coverage_table(rows, 'data', list(by_set.index), 'model')}")


def _coverage_table(rows: pd.DataFrame, by: str, order: list[str], other: str) -> str:
    """Lowest and highest coverage by model or data set, and how many runs have an interval that excludes 80 %."""
    low, high = (rows["coverage_80_interval"].str[end] for end in (0, 1))
    rows = rows.assign(low=high < 0.8, high=low > 0.8)
    lines = []
    for name in [*(n for n in order if n in set(rows[by])), "all"]:
        runs = rows if name == "all" else rows[rows[by] == name]
        least, most = runs.loc[runs["coverage_80"].idxmin()], runs.loc[runs["coverage_80"].idxmax()]
        lines.append(
            {
                by: name,
                "runs": len(runs),
                "minimum": f"{least['coverage_80']:.0%}, {least[other]}",
                "maximum": f"{most['coverage_80']:.0%}, {most[other]}",
                "too low": runs["low"].sum(),
                "too high": runs["high"].sum(),
                "recalibration": _recalibration_text(runs),
            }
        )
    return markdown_table(pd.DataFrame(lines))


def _recalibration_text(runs: pd.DataFrame) -> str:
    """How the intervals of runs were recalibrated, with the number of runs if it differs."""
    stored = runs.get("recalibration", pd.Series(index=runs.index, dtype=object))
    counts = stored.fillna("not stored").value_counts()
    return str(counts.index[0]) if len(counts) == 1 else ", ".join(f"{name} {n}" for name, n in counts.items())


def _pair_table(errors: pd.DataFrame, rows: pd.DataFrame, model: str) -> str:
    """A model against each other one, over the data sets.

    The last column has the least and the largest ratio of the times of a forecast by the clock, without the fit.
    """
    pairs = summarise(errors, BASELINE).pairs
    if (chosen := pairs[pairs["model"] == model].sort_values("skill")).empty:
        sys.exit(f"suite.py: --against={model}: there is no such model; the models are {', '.join(errors.columns)}")
    rates = rows.pivot_table(index="data", columns="model", values="forecasts_per_second").loc[errors.index]
    ratios = [rates[other] / rates[model] for other in chosen["other"]]
    text = {"other": chosen["other"]}
    text |= {f"{model} wins": [_percent(row, "win_rate") for _, row in chosen.iterrows()]}
    text |= {f"skill of {model} against it": [_percent(row, "skill") for _, row in chosen.iterrows()]}
    text |= {
        "median over the sets": [_whole_percent(1 - (errors[model] / errors[o]).median()) for o in chosen["other"]]
    }
    text |= {
        "time of a forecast, relative to it": [f"{_two_digits(r.min())} to {_two_digits(r.max())}" for r in ratios]
    }
    return markdown_table(pd.DataFrame(text))


def _summary_table(errors: pd.DataFrame, rows: pd.DataFrame, zero_shot: bool) -> str:
    """The models of one kind; their win rates and skills are those among all models.

    The cost is the median over the data sets of the processor time of the whole run: the start, the fit, the test and
    the report. Rows from before it was measured have none. The median and the lowest skill are of single data sets.
    """
    is_zero_shot = rows.groupby("model")["zero_shot"].first()
    models = summarise(errors, BASELINE).models
    models = models[is_zero_shot[models.index] == zero_shot]
    costs = rows[rows["data"].isin(errors.index)].groupby(["model", "data"])["processor_seconds"]
    medians = costs.mean().groupby("model").median()
    skills = 1 - errors.div(errors[BASELINE], axis="index")
    text = pd.DataFrame(
        {
            "model": models.index,
            "win rate": [_percent(row, "win_rate") for _, row in models.iterrows()],
            "skill": [_percent(row, "skill") for _, row in models.iterrows()],
            "median": [_whole_percent(skills[m].median()) for m in models.index],
            "lowest": [f"{_whole_percent(skills[m].min())}, {skills[m].idxmin()}" for m in models.index],
            "processor seconds": ["" if pd.isna(medians[m]) else f"{medians[m]:.0f}" for m in models.index],
        }
    )
    return markdown_table(text)


def data_table(rows: pd.DataFrame, losses: Path) -> str:
    """Scores and cost on one data set, averaged over seeds.

    The intervals of skill and coverage are over windows and seeds if the losses of several seeds are stored, else of
    the first seed.
    """
    lines = []
    by = ["horizon", "model"] if "horizon" in rows else ["model"]
    for (*horizon, model), runs in rows.groupby(by):
        first = runs.sort_values("seed").iloc[0]
        intervals, against = _intervals(runs, losses), first.get("against_reference")
        spread = f" ({runs['wql'].min():.4g} to {runs['wql'].max():.4g})" if len(runs) > 1 else ""
        lines.append(
            {
                **dict(zip(by, [*horizon, model], strict=True)),
                "seeds": len(runs),
                **({"MSE, scaled": f"{runs['mse_scaled'].mean():.4f}"} if horizon else {}),
                "WQL": f"{runs['wql'].mean():.4g}{spread}",
                "relative": runs["relative_wql"].mean(),
                "MASE": f"{runs['mase'].mean():.3f}",
                "80 % interval covers": _coverage_text(intervals["coverage"]),
                "recalibration": _recalibration_text(runs),
                "skill (95 % interval)": "{:.0%} ({:.0%} to {:.0%})".format(*intervals["skill"]),
                **({"WQL against the reference": difference_text(against)} if "against_reference" in runs else {}),
                "fit s": f"{runs['fit_seconds'].mean():.0f}",
                "forecasts/s": _two_digits(runs["forecasts_per_second"].mean()),
            }
        )
    return markdown_table(pd.DataFrame(lines).sort_values([*by[:-1], "relative"]).round(3))


def _intervals(runs: pd.DataFrame, losses: Path) -> dict[str, Interval]:
    """Skill and coverage of the runs of a model on one data set, each with its interval; see `data_table`."""
    first = runs.sort_values("seed").iloc[0]
    if len(runs) > 1 and losses.is_file():
        stored = stored_intervals(losses, first["data"], first["key"], ["relative_wql", "coverage_80"])
        if horizon := first.get("horizon", next(iter(stored), None)):
            ratio = stored[horizon]["relative_wql"]
            skill = Interval(1 - ratio.value, 1 - ratio.high, 1 - ratio.low)
            return {"skill": skill, "coverage": stored[horizon]["coverage_80"]}
    skill, ends = first["skill"], first.get("coverage_80_interval")
    if not isinstance(ends, list) or None in ends:  # an older row, or too few windows
        ends = [float("nan")] * 2
    coverage = Interval(runs["coverage_80"].mean(), *ends)
    return {"skill": Interval(skill["value"], skill["low"], skill["high"]), "coverage": coverage}


def _coverage_text(coverage: Interval) -> str:
    """The coverage with its interval, if there is one, and an asterisk if the interval excludes 80 %."""
    value, low, high = coverage
    if pd.isna(low) or pd.isna(high):
        return f"{value:.0%}"
    return f"{value:.0%} ({low:.0%} to {high:.0%}){'' if low <= 0.8 <= high else '*'}"


def difference_text(against: Any) -> str:
    """A difference from the reference with its interval; empty for the reference."""
    if not isinstance(against, dict):
        return ""
    return "{percent:+.1f} % ({percent_low:+.1f} to {percent_high:+.1f})".format(**against)


def _two_digits(number: float) -> str:
    """A number with two significant digits and no exponent."""
    return f"{float(f'{number:.2g}'):,g}"


def _percent(row: pd.Series, name: str) -> str:
    value, low, high = (_whole_percent(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value} ({low} to {high})"


def _whole_percent(share: float) -> str:
    """One decimal where a whole number would hide on which side of zero a share is."""
    if 0.0005 <= abs(share) < 0.005:
        return f"{share:.1%}"
    return f"{round(share, 2) + 0.0:.0%}"  # no -0%
