"""Make the view of Weights & Biases that reviews the runs of a suite or a sweep.

    python scripts/wandb_dashboard.py --entity my-team                     save the view and print its address
    python scripts/wandb_dashboard.py --entity my-team --group SWEEP       only the runs of one sweep
    python scripts/wandb_dashboard.py --spec view.json                     write its specification, without a network

The view groups the runs by data set and model. It shows skill with the lower end of its interval, coverage, cost, the
curves of loss and validation, and the plots of forecasts of runs that logged them (public data, or
logger.log_data=true).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("WANDB_SILENT", "true")

try:
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces import expr
except ImportError:
    sys.exit("wandb_dashboard.py: the package wandb-workspaces is missing; run `pip install wandb-workspaces`")

from timevis.training.loggers.wandb_run import is_logged_in

DATA, MODEL = "data.name", "model.name"


def view(entity: str, project: str, name: str, group: str | None) -> ws.Workspace:
    """The view, not yet saved.

    Parameters
    ----------
    entity, project : str
        Of the runs.
    name : str
        Title of the view.
    group : str, optional
        Only the runs of this sweep.
    """
    skill = [
        wr.BarPlot(title="Skill over seasonal naive, 1 is perfect", metrics=["skill/wql"], orientation="h"),
        wr.BarPlot(title="Lower end of the 95 % interval of the skill", metrics=["skill/wql_low"], orientation="h"),
        wr.BarPlot(title="Relative WQL on test windows", metrics=["test/relative_wql"], orientation="h"),
        wr.BarPlot(title="MASE on test windows", metrics=["test/mase"], orientation="h"),
        wr.BarPlot(title="Share of values inside the 80 % interval", metrics=["test/coverage_80"], orientation="h"),
        wr.ScatterPlot(
            title="Does validation select what is best on test?",
            x=wr.SummaryMetric("val/relative_wql"),
            y=wr.SummaryMetric("test/relative_wql"),
        ),
    ]
    cost = [
        wr.ScatterPlot(
            title="Skill against seconds of fit",
            x=wr.SummaryMetric("cost/fit_seconds"),
            y=wr.SummaryMetric("skill/wql"),
            log_x=True,
        ),
        wr.BarPlot(title="Seconds of fit", metrics=["cost/fit_seconds"], orientation="h"),
        wr.BarPlot(title="Forecasts per second", metrics=["cost/forecasts_per_second"], orientation="h"),
        wr.BarPlot(title="Trained parameters", metrics=["cost/trainable_parameters"], orientation="h"),
    ]
    curves = [
        wr.LinePlot(title="Training loss", x="global_step", y=["train/loss"], log_y=True),
        wr.LinePlot(title="Tuning windows, relative WQL", x="global_step", y=["tuning/relative_wql"]),
        wr.LinePlot(title="Learning rate", x="global_step", y=["lr-AdamW"]),
    ]
    settings = [
        wr.ParallelCoordinatesPlot(
            title="Settings and scores",
            columns=[
                wr.ParallelCoordinatesPlotColumn(metric=wr.Config(DATA), display_name="data"),
                wr.ParallelCoordinatesPlotColumn(metric=wr.Config(MODEL), display_name="model"),
                wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric("cost/fit_seconds"), log=True),
                wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric("skill/wql")),
            ],
        ),
        wr.RunComparer(diff_only=True),
    ]
    forecasts = [
        wr.MediaBrowser(title="Forecasts", media_keys=["plots/forecasts"], num_columns=2),
        wr.MediaBrowser(title="Calibration", media_keys=["plots/calibration"], num_columns=4),
        wr.MediaBrowser(title="Worst windows", media_keys=["plots/worst_windows"], num_columns=2),
    ]
    sections: dict[str, list[Any]] = {
        "Skill": skill,
        "Cost": cost,
        "Curves": curves,
        "Forecasts": forecasts,
        "Settings": settings,
    }
    return ws.Workspace(
        entity=entity,
        project=project,
        name=name,
        sections=[
            ws.Section(
                name=title,
                panels=panels,
                is_open=title != "Settings",
                panel_settings=ws.SectionPanelSettings(x_axis="global_step"),
            )
            for title, panels in sections.items()
        ],
        settings=ws.WorkspaceSettings(x_axis="global_step", max_runs=100),
        runset_settings=ws.RunsetSettings(
            filters=[] if group is None else [expr.Metric("Group") == group],
            groupby=[expr.Config(DATA), expr.Config(MODEL)],
            order=[expr.Ordering(expr.Summary("skill/wql"), ascending=False)],
            pinned_columns=["summary:skill/wql", "summary:test/mase", "summary:cost/fit_seconds"],
        ),
    )


def specification(workspace: ws.Workspace) -> dict[str, Any]:
    """What W&B stores of the view."""
    model = workspace._to_model()
    return json.loads(model.spec.model_dump_json(by_alias=True, exclude_none=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entity", help="user or team in W&B")
    parser.add_argument("--project", default="timevis", help="default: timevis")
    parser.add_argument("--group", help="only the runs of this sweep")
    parser.add_argument("--name", default="TimeVis: skill, cost and forecasts", help="title of the view")
    parser.add_argument("--spec", type=Path, help="write the specification to this JSON file and do not connect")
    args = parser.parse_args()
    if args.spec is not None:
        if args.spec.exists():
            sys.exit(f"wandb_dashboard.py: {args.spec} exists; choose another file for --spec")
        text = json.dumps(specification(view(args.entity or "entity", args.project, args.name, args.group)), indent=1)
        args.spec.write_text(text + "\n", encoding="utf-8")
        print(f"{args.spec} is written")
        return
    if args.entity is None:
        sys.exit("wandb_dashboard.py: --entity is needed, the user or team in W&B that has the runs")
    if not is_logged_in():
        sys.exit(
            "wandb_dashboard.py: you are not logged in to Weights & Biases. Run `wandb login`, and `wandb sync` for "
            "the runs that were logged offline; --spec FILE needs no login and writes the specification"
        )
    saved = view(args.entity, args.project, args.name, args.group).save()
    print(saved.url)


if __name__ == "__main__":
    main()
