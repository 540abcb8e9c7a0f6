"""One forecast of a monitor: the champion and the seasonal naive of its run on the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from timevis.data.panel import Panel
from timevis.data.windows import SeriesStore
from timevis.errors import DataError
from timevis.inference.predict import extend_to_horizon, load_panels
from timevis.intervals.conformal import Observation
from timevis.messages import Text
from timevis.models.forecaster import Forecaster
from timevis.models.seasonal_naive import SeasonalNaive
from timevis.runs.folder import RunFolder
from timevis.runs.reload import load_run_data
from timevis.service.db.monitor_tables import ForecastArrays, pack, unpack
from timevis.service.series import stored_times

BATCH_SIZE = 256


@dataclass(frozen=True)
class Reference:
    """The seasonal naive that was fitted for the run of a model, and the scales of its channels.

    Attributes
    ----------
    channels : tuple of C names
    naive : SeasonalNaive
    """

    channels: tuple[str, ...]
    naive: SeasonalNaive

    @classmethod
    def fitted(cls, folder: RunFolder) -> Reference:
        """Fit it to the data of the run again, as the run did."""
        config, panel, _ = load_run_data(folder)
        return cls(panel.channels, SeasonalNaive.fitted(config.datamodule(panel)))

    @property
    def scales(self) -> dict[str, np.ndarray]:
        """``std`` and ``mase_scale`` of each channel in the training part, float64 [C]."""
        return {"std": self.naive.channel_std.double().numpy(), "mase_scale": self.naive.mase_scale.double().numpy()}

    def to_json(self) -> dict[str, Any]:
        """Values from which `from_json` makes the same forecaster."""
        arrays = {name: tensor.numpy() for name, tensor in self.naive.state_dict().items()}
        return {
            "channels": list(self.channels),
            "hyperparameters": dict(self.naive.hparams),
            "arrays": pack(arrays),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Reference:
        naive = SeasonalNaive(**values["hyperparameters"])
        own = naive.state_dict()
        arrays = unpack(values["arrays"])
        stored = {name: torch.from_numpy(arrays[name].copy()).to(own[name].dtype) for name in own}
        naive.load_state_dict(stored)
        return cls(tuple(values["channels"]), naive.eval())


Observed = Iterable[tuple[int, ForecastArrays, np.ndarray]]
"""Earlier forecasts of a model in the order of time: row of the origin, and truth [C, H], NaN where it is missing."""


def load_one_panel(folder: RunFolder, path: Path) -> Panel:
    """Read a file as the run read its data.

    Raises
    ------
    DataError
        The file is several items, for example one for each of its series.
    """
    panels = load_panels(folder, path)
    if len(panels) > 1:
        message = Text("the rows are {count} items for the model, not one", count=len(panels))
        raise DataError(message, Text("train a model on this dataset, which forecasts its series"))
    return next(iter(panels.values()))


@torch.no_grad()
def forecast_next_rows(
    forecaster: Forecaster, reference: Reference, panel: Panel, horizon: int, observed: Observed
) -> tuple[ForecastArrays, int]:
    """Forecast the rows after the last observed one of each channel that has a value in its context.

    With ``conformal=online``, the intervals have learned from `observed`.

    Returns
    -------
    forecast : ForecastArrays
    row : int
        The row of the panel at which the forecasts begin, the last one if the channels differ.

    Raises
    ------
    DataError
        The panel has fewer rows than the context.
    """
    ends = panel.ends
    last_row = int(ends.max())
    panel, origins = extend_to_horizon(panel, forecaster.horizon, forecaster.context_length)
    length = forecaster.context_length
    if origins.min() < length:
        message = Text(
            "the dataset has {rows} rows up to its last value, fewer than the context of the model, {context_length}",
            rows=int(origins.min()),
            context_length=length,
        )
        raise DataError(message, Text("add rows until there are {rows}", rows=length))
    in_context = [bool(np.isfinite(panel.values[o - length : o, c]).any()) for c, o in enumerate(origins.tolist())]
    chosen = torch.from_numpy(np.flatnonzero(in_context))
    if not len(chosen):
        message = Text("no channel has a value in the last {rows} rows", rows=length)
        raise DataError(message, Text("add newer rows"))
    conformal = forecaster.conformal
    if conformal.is_online:
        observe(forecaster, panel.channels, observed)
    series, parts = SeriesStore(panel), list[dict[str, torch.Tensor]]()
    for channel in chosen.split(BATCH_SIZE):
        batch = series.gather(torch.from_numpy(origins)[channel], channel, length, forecaster.horizon)
        naive = reference.naive.forecast(batch).quantiles
        base = forecaster.base_forecast(batch)
        part = {"point": base.point, "quantiles": base.quantiles, "naive": naive}
        if conformal.is_used:
            quantiles = conformal(base.quantiles, channel)
            part["quantiles"] = forecaster.clip_non_negative(quantiles, channel)
        if conformal.is_online:
            part |= {"base": base.quantiles, "shift": conformal.shift(channel)}
        parts.append(part)
    whole = {name: torch.cat([part[name] for part in parts]).float() for name in parts[0]}
    rows = origins[chosen.numpy()][:, None] + np.arange(horizon)
    times = stored_times(panel)[rows]
    arrays = {name: (x if name == "shift" else x[..., :horizon]).numpy() for name, x in whole.items()}
    return ForecastArrays(tuple(np.array(panel.channels, object)[chosen.numpy()]), times, **arrays), last_row


def observe(forecaster: Forecaster, channels: tuple[str, ...], observed: Observed) -> None:
    """Let ``conformal=online`` learn from forecasts whose truth is known, in the order of time."""
    numbers = {name: number for number, name in enumerate(channels)}
    for origin, forecast, truth in observed:
        assert forecast.base is not None
        assert forecast.shift is not None
        channel = torch.tensor([numbers[name] for name in forecast.channels])
        tensors = [torch.from_numpy(x.astype(np.float32)) for x in (forecast.base, truth, forecast.shift)]
        window = Observation(origin, tensors[0], tensors[1], channel, tensors[2])
        forecaster.conformal.observe(window)
