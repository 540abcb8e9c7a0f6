"""explanation.json as typed objects: what a model uses its inputs for. Importing this module is fast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from timevis.messages import Text
from timevis.runs.results import Interval
from timevis.utils.files import from_file, read_json, write_json
from timevis.utils.formatting import format_number
from timevis.utils.json_types import to_json_types
from timevis.utils.phrases import format_interval

if TYPE_CHECKING:
    import pandas as pd

NAME = "explanation.json"
InputKind: TypeAlias = Literal["context", "covariate", "calendar"]
ChangeKind: TypeAlias = Literal["hidden", "replaced"]


@dataclass(frozen=True)
class ForecastMove:
    """How a forecast moves, in standard deviations of the channel in the training part.

    Attributes
    ----------
    change : float, optional
        Mean absolute change of the median over the steps. None if there was nothing to replace the input with.
    contribution : float, optional
        Mean over the steps of the median with the input minus the median without it.
    """

    change: float | None
    contribution: float | None


@dataclass(frozen=True)
class ExplainedInput:
    """What happens when one group of inputs is hidden from the model, or replaced.

    Attributes
    ----------
    kind : {"context", "covariate", "calendar"}
    label : str
    label_code : dict
        The label as code and params, for other languages.
    changed : {"hidden", "replaced"}
        ``hidden``: the values are missing. ``replaced``: the rows of another time take their place.
    rows : int, optional
        Rows of the context that are hidden; None for an input that is replaced in all rows.
    error_rise : Interval
        WQL on the validation windows without the input, divided by the WQL with it, minus 1; of several channels the
        geometric mean of the ratios. With its 95 % interval.
    forecast : ForecastMove
        Of all forecast channels together.
    by_channel : dict
        The same for each forecast channel.
    """

    kind: InputKind
    label: str
    label_code: dict[str, Any]
    changed: ChangeKind
    rows: int | None
    error_rise: Interval
    forecast: ForecastMove
    by_channel: dict[str, ForecastMove]

    @property
    def text(self) -> Text:
        """The label, in every language."""
        return Text.from_json(self.label, self.label_code)

    @property
    def changed_text(self) -> Text:
        """What is done to the input, with the number of rows if these are some of the context."""
        changed = Text("hidden") if self.changed == "hidden" else Text("replaced")
        if self.rows is None:
            return changed
        return Text("{changed}, {rows} rows", changed=changed, rows=format_number(self.rows))


@dataclass(frozen=True)
class Explanation:
    """How much each group of inputs matters to a model.

    Attributes
    ----------
    model, data : str
    item : str
        The data whose forecast was explained.
    first_target, last_target : str
        Times of the rows of this forecast, of all series.
    channels : int
        Channels that were forecast; at most a quarter of the maximum of `windows`, evenly spaced.
    windows, origins : int
        Validation windows on which the error was measured, and their distinct origins.
    inputs : list of ExplainedInput
        The largest rise of the error first.
    covariates_not_read : list of str
        Covariates of the data that the model does not read.
    forecasts : int
        Windows that were forecast for all of this.
    seconds : float
        Wall time of these forecasts.
    """

    model: str
    data: str
    item: str
    first_target: str
    last_target: str
    channels: int
    windows: int
    origins: int
    inputs: list[ExplainedInput]
    covariates_not_read: list[str]
    forecasts: int
    seconds: float

    @property
    def table(self) -> pd.DataFrame:
        """A row for each group of inputs.

        Columns: kind, input, changed, rows, error_rise with the ends error_low and error_high of its interval,
        forecast_change and forecast_contribution; see `ExplainedInput` and `ForecastMove`.
        """
        import pandas as pd

        rows = [
            {
                "kind": i.kind,
                "input": i.label,
                "changed": i.changed,
                "rows": i.rows,
                "error_rise": i.error_rise.value,
                "error_low": i.error_rise.low,
                "error_high": i.error_rise.high,
                "forecast_change": i.forecast.change,
                "forecast_contribution": i.forecast.contribution,
            }
            for i in self.inputs
        ]
        numbers = ("error_rise", "error_low", "error_high", "forecast_change", "forecast_contribution")
        return pd.DataFrame(rows).astype({"rows": "Int64", **dict.fromkeys(numbers, "float64")})

    @property
    def by_channel(self) -> pd.DataFrame:
        """A row for each group of inputs and forecast channel: kind, input, channel, and the move of the forecast."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "kind": i.kind,
                    "input": i.label,
                    "channel": channel,
                    "forecast_change": move.change,
                    "forecast_contribution": move.contribution,
                }
                for i in self.inputs
                for channel, move in i.by_channel.items()
            ]
        )

    def write(self, folder: Path) -> None:
        """Write explanation.json into a run folder."""
        write_json(folder / NAME, to_json_types(self))

    @classmethod
    def read(cls, folder: Path) -> Explanation | None:
        """Read explanation.json of a run folder; None if there is none.

        Raises
        ------
        RunFolderError
            The file is damaged.
        """
        path = folder / NAME
        return from_file(cls, read_json(path), path) if path.is_file() else None

    @property
    def cells(self) -> list[tuple[str, str, str, str, str, str]]:
        """The table as it is shown: input, changed, rise of the error and its interval, change and contribution."""
        return [
            (
                str(i.text),
                str(i.changed_text),
                format_number(i.error_rise.value, percent=True),
                format_interval(i.error_rise.low, i.error_rise.high, percent=True),
                format_number(i.forecast.change),
                format_number(i.forecast.contribution),
            )
            for i in self.inputs
        ]

    def _repr_html_(self) -> str:
        return str(self.table.to_html(border=0, index=False, float_format=lambda value: f"{value:.3g}"))
