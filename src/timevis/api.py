"""The Python interface: `timevis.train`, `timevis.compare` and `timevis.Run`, which do what the command line does."""

from __future__ import annotations

import hashlib
import html
import os
import re
import secrets
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from timevis.config.compose import added_keys, compose
from timevis.config.stored import escape
from timevis.config.validate import check
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from timevis.data.known_values import KnownValues
    from timevis.data.read_events import EventsGiven
    from timevis.inference.predict import NewData
    from timevis.report.notebook import NotebookComparison
    from timevis.runs.explanation import Explanation
    from timevis.runs.results import Results

OUTPUTS = Path("outputs")


class Run:
    """A run in its folder, finished or not.

    Parameters
    ----------
    folder : path
        Of the run.

    Raises
    ------
    RunFolderError
        The folder contains no run.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = RunFolder(folder)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._folder.path

    @property
    def results(self) -> Results:
        """results.json: every metric with its interval, and the cost; see docs/architecture.md."""
        return self._folder.results

    @property
    def report(self) -> Path:
        """The file report.html, which a browser opens without a network."""
        return self.folder / "report.html"

    def predict(
        self,
        data: NewData = None,
        *,
        refit: bool = False,
        horizon: int | None = None,
        backtest: bool = False,
        known: KnownValues | None = None,
        events: EventsGiven | None = None,
    ) -> pd.DataFrame:
        """Forecast the rows after the last value of the run's own data, or of new data.

        Parameters
        ----------
        data : DataFrame, file or files, optional
            New rows with the same columns as the run's data.
        refit : bool
            Fit the model again on all rows of the run's data first.
        horizon : int, optional
            Rows of the forecast, at most the horizon of the run.
        backtest : bool
            Hide the last `horizon` rows, forecast them, and add their values as a column truth.
        known : mapping, optional
            Known covariates in the rows of the forecast in place of the values of the data, such as
            ``{"holiday": [0, 1, 1]}``; None keeps a value.
        events : path or list, optional
            Events in words that are known ahead of time: a file with the columns from, to and text, or a list such as
            ``[{"from": "2024-05-07", "to": "2024-05-07", "text": "the road is closed"}]``.

        Returns
        -------
        DataFrame
            See `timevis.inference.predict.predict`.
        """
        from timevis.inference.predict import predict

        return predict(self.folder, data, refit=refit, horizon=horizon, backtest=backtest, known=known, events=events)

    def explain(self, data: NewData = None, *, windows: int = 100) -> Explanation:
        """Measure which inputs the forecast depends on: the parts of the context, each covariate, and the calendar.

        Parameters
        ----------
        data : DataFrame or file, optional
            New rows whose forecast is explained; None takes the data of the run.
        windows : int
            Largest number of windows in a pass, of which there are two for each group of inputs.

        Returns
        -------
        Explanation
            Its attributes `table` and `by_channel` are DataFrames; see `timevis.inference.explain.explain`.
        """
        from timevis.inference.explain import explain

        return explain(self.folder, data, windows=windows)

    def plot(self) -> Figure:
        """Draw some of the scored windows: context, truth, median forecast, and the 80 and 95 % intervals."""
        from timevis.report.draw_matplotlib import draw_figure
        from timevis.report.page import example_charts
        from timevis.runs.record import RunRecord

        return draw_figure(example_charts(RunRecord.load(self.folder)), one_legend=True)

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict and the scores, or the state of a run that has not completed."""
        from timevis.report.notebook import run_html
        from timevis.runs.status import state_of

        if state_of(self.folder) != "completed":
            return f"<p>{html.escape(repr(self))}</p>"
        return run_html(self.results, str(self._folder.display_path / "report.html"))

    def __repr__(self) -> str:
        from timevis.evaluation.verdict import summary_line
        from timevis.runs.status import state_of

        state = state_of(self.folder) or "without a status"
        line = summary_line(self.results) if state == "completed" else state
        return f"Run({str(self._folder.display_path)!r}): {line}"


def train(
    data: str | os.PathLike[str] | pd.DataFrame | pd.Series = "traffic",
    model: str = "auto",
    *,
    minutes: float | None = None,
    horizon: int | None = None,
    context_length: int | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    folder: str | os.PathLike[str] | None = None,
    name: str | None = None,
) -> Run:
    """Train a forecaster, score it once on the test windows, and return the run.

    The same as ``timevis train model=... data=... OVERRIDES``, but without Weights & Biases unless an override asks
    for it.

    Parameters
    ----------
    data : str, path, DataFrame or Series
        A choice of conf/data, a file (CSV, Excel, JSON or Parquet), or a table with a time column or an index of
        times. A table is stored in outputs/dataframes, where `Run.predict` and a resumed run find it again.
    model : str
        A choice of ``conf/model``, such as ``lstm``; ``auto`` tries models as long as `minutes` last, and combines
        those that help.
    minutes : float, optional
        Time limit: of the whole run for ``auto`` (10 when None) and ``ensemble``, of the fit for other models.
    horizon, context_length : int, optional
        Rows that are forecast, and rows that the model sees before them.
    seed : int, optional
    overrides : sequence of str
        Further ``key=value`` pairs as on the command line, for example ``["model.hidden_size=64"]``; not for what the
        other arguments say.
    folder : path, optional
        The run folder; new or empty. By default outputs/<data>/<model>/<time>-<token>.
    name : str, optional
        Name of a table in reports and comparisons. By default ``frame.attrs["name"]``, the name of a Series, or
        ``dataframe``.

    Raises
    ------
    TimeVisError
        What is wrong, where, and what to do.
    """
    from timevis.training.run import run

    values = {"minutes": minutes, "horizon": horizon, "context_length": context_length, "seed": seed}
    words = [f"model={model}", *(f"{key}={value}" for key, value in values.items() if value is not None), *overrides]
    if not any(word.startswith("logger=") for word in words):
        words.append("logger=none")
    cfg = _compose_with_data(words, data, name)
    check(cfg, added_keys(words))
    run(cfg, path := Path(folder) if folder is not None else _new_folder(cfg), words)
    return Run(path)


def compare(
    runs: Sequence[Run | str | os.PathLike[str]], reference: Run | str | os.PathLike[str] | None = None
) -> NotebookComparison:
    """Compare runs that were scored on the same windows, window by window.

    Parameters
    ----------
    runs : sequence of Run or path
    reference : Run or path, optional
        The run that the others are compared with; the first one when None, and seasonal naive for a single run.

    Returns
    -------
    NotebookComparison
        Its attributes `metrics`, `differences` and `cost` are DataFrames; see `timevis.evaluation.comparison`. A
        notebook shows it as a table, and `to_latex()` gives the table for a paper.

    Raises
    ------
    RunFolderError
        The runs were not scored on the same windows.
    """
    from timevis.evaluation import comparison
    from timevis.report.notebook import NotebookComparison
    from timevis.runs.record import RunRecord

    records = [RunRecord.load(_folder_of(run)) for run in runs]
    if reference is not None:
        compared = comparison.compare(records, RunRecord.load(_folder_of(reference)))
    else:
        compared = comparison.compare(records, records[0] if len(records) > 1 else None)
    return NotebookComparison(**vars(compared))


def _folder_of(run: Run | str | os.PathLike[str]) -> Path:
    return run.folder if isinstance(run, Run) else Path(run)


def _compose_with_data(
    overrides: list[str], data: str | os.PathLike[str] | pd.DataFrame | pd.Series, name: str | None
) -> DictConfig:
    """The config for a data set by name, for a file, or for a DataFrame."""
    if not isinstance(data, str | os.PathLike):
        path = _store_frame(data, name)
    elif isinstance(data, os.PathLike) or Path(data).suffix or Path(data).is_file():
        path = Path(data)
    else:
        return compose([f"data={data}", *overrides])
    if again := [word for word in overrides if word.lstrip("+").startswith(("data=", "data.path="))]:
        message = Text(
            "overrides has {override!r}, but the argument data is {path}", override=again[0], path=str(path)
        )
        raise ConfigError(message, Text("give the file as data only"))
    cfg = compose(["data=file", *overrides])
    cfg.data.path = escape(str(path.expanduser().absolute()))  # not an override: a path may contain any character
    return cfg


def _store_frame(frame: pd.DataFrame | pd.Series, name: str | None) -> Path:
    """Write a table to its own folder of outputs/dataframes, under its name; returns the file."""
    import pandas as pd

    from timevis.data.readers.parquet import write_frame

    own_name = frame.name if isinstance(frame, pd.Series) else getattr(frame, "attrs", {}).get("name")
    file_name = re.sub(r"[^\w-]+", "_", str(name or own_name or "dataframe"))[:80]
    folder = OUTPUTS / "dataframes"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        temporary = Path(scratch) / "frame.parquet"
        write_frame(frame, temporary)
        content = folder / hashlib.sha256(temporary.read_bytes()).hexdigest()[:16]
        content.mkdir(exist_ok=True)
        return temporary.replace(content / f"{file_name}.parquet")


def _new_folder(cfg: DictConfig) -> Path:
    name = f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{secrets.token_hex(2)}"
    return OUTPUTS / cfg.data.name / cfg.model.name / name
