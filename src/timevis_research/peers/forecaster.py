"""Forecasters of statsforecast, neuralforecast, Chronos, Fracast and FLAIR on the windows of TimeVis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from timevis.config.options import PositiveFloat, PositiveInt, Seed
from timevis.data.calendar import CALENDAR_FIELDS, CALENDAR_SIZES, seasonal_fields
from timevis.data.datamodule import WindowDataModule, covariate_scalers
from timevis.data.panel import Scaler
from timevis.data.windows import Batch, SeriesStore
from timevis.errors import ConfigError
from timevis.messages import Setting, Text
from timevis.models.boosted import MIN_OBSERVED_GAIN_OF_NETWORKS, CovariateChoice, covariates_to_read
from timevis.models.forecaster import Forecast, Forecaster, mase_scale
from timevis.utils.levels import QUANTILE_LEVELS
from timevis_research.peers.process import PeerProcess, peers_python

LIBRARY_OF_METHOD = {
    "nhits": "neuralforecast",
    "patchtst": "neuralforecast",
    "tft": "neuralforecast",
    "deepar": "neuralforecast",
    "tide": "neuralforecast",
    "lstm": "neuralforecast",
    "mstl": "statsforecast",
    "autoets": "statsforecast",
    "autotheta": "statsforecast",
    "autoarima": "statsforecast",
    "seasonalnaive": "statsforecast",
    "chronos": "chronos-forecasting",
    "fracast": "fracast",
    "flair": "flaircast",
}
Method = Literal[
    "nhits",
    "patchtst",
    "tft",
    "deepar",
    "tide",
    "lstm",
    "mstl",
    "autoets",
    "autotheta",
    "autoarima",
    "seasonalnaive",
    "chronos",
    "fracast",
    "flair",
]


COVARIATES_OF_NETWORK: dict[str, dict[str, str | None]] = {
    "nhits": {"known": "known", "observed": "all"},
    "tft": {"known": "known", "observed": "all"},
    "tide": {"known": "known", "observed": "all"},
    "lstm": {"known": "known", "observed": "all"},
    "deepar": {"known": "known"},
}
"""For each network that reads covariates, their kinds, and the value of `covariates` that reads each kind."""
INPUT_STEPS, VALUE_STEPS = 256, 4096
"""Standardised inputs of a network are rounded to multiples of 1 / 256, and values to multiples of 1 / 4096."""


class Peer(Forecaster):
    """A forecaster of another library; it forecasts the same windows as all others and is scored by the same rules.

    The networks of neuralforecast read the calendar as the LSTM of TimeVis does (PatchTST cannot), and are trained on
    the training part; the calibration half of the validation part selects the learning rate and the step whose
    weights are used. FLAIR and the methods of statsforecast are fitted anew on the rows before each origin. Chronos
    and Fracast are not trained. Those read the values alone. Networks other than PatchTST also read covariates: known
    ones with their future values, and observed ones up to the origin (DeepAR only known ones).

    Parameters
    ----------
    context_length, horizon, num_channels, num_covariates : int
    method : str
        The forecaster.
    history_length : int, optional
        Rows before the origin that are read, as far as the series has them; None reads the context, as networks do.
    path : str, optional
        Folder or hub identifier of a pretrained model, for Chronos.
    seed : int
        Seed of the networks and of sample paths.
    season : int
        In rows, for AutoTheta, SeasonalNaive and, up to 24 rows, for AutoETS and AutoARIMA. `from_data` takes the
        one whose seasonal differences are smallest in the training part.
    seasons : sequence of int
        In rows, for MSTL. `from_data` takes the seasons that `history_length` contains twice.
    freq : str
        Frequency of the data, from which FLAIR takes its seasons.
    calendar : sequence of str
        Calendar fields that a network reads.
    covariate_columns : sequence of int
        Column numbers of the known covariates that a network reads; set by `from_data`.
    observed_columns : sequence of int
        Column numbers of the covariates that a network reads up to the origin; set by `from_data`.
    learning_rates : sequence of float
        Candidates; the one with the lowest validation loss is used.
    trials : int, optional
        Configurations that the Auto class of a network tries, with the ranges of neuralforecast and the sampler of
        Optuna, in place of `learning_rates`, `windows_batch_size`, `val_check_steps` and `patience`.
    windows_batch_size : int
        Windows per training step.
    max_steps : int
        Maximum number of training steps.
    val_check_steps : int
        Steps between two computations of the validation loss.
    patience : int
        Computations of the validation loss without a new minimum after which training stops. The weights with the
        lowest one are used.
    minutes : float
        Processor time of a fit, and of the forecast of a batch of windows, in minutes. With `trials`, no
        configuration is begun after two thirds of it.

    Raises
    ------
    ConfigError
        The environment of the other libraries does not exist, `path` is missing, or a network has `history_length`.
    """

    def __init__(
        self,
        context_length: int,
        horizon: int,
        num_channels: int = 1,
        num_covariates: int = 0,
        *,
        method: Method,
        history_length: PositiveInt | None = None,
        path: str | None = None,
        seed: Seed = 0,
        season: int = 1,
        seasons: Sequence[int] = (),
        freq: str = "h",
        calendar: Sequence[str] = (),
        covariate_columns: Sequence[int] = (),
        observed_columns: Sequence[int] = (),
        learning_rates: Sequence[PositiveFloat] = (1e-3,),
        trials: PositiveInt | None = None,
        windows_batch_size: PositiveInt = 256,
        max_steps: PositiveInt = 4000,
        val_check_steps: PositiveInt = 100,
        patience: PositiveInt = 5,
        minutes: PositiveFloat = 15.0,
    ) -> None:
        super().__init__(context_length, horizon, num_channels, num_covariates)
        self.save_hyperparameters()
        self.library = LIBRARY_OF_METHOD[method]
        self.is_network = self.library == "neuralforecast"
        if method == "chronos" and not path:
            advice = Text(
                "give the folder or the hub identifier of a Chronos model: {example}",
                example=Setting("model.path", "amazon/chronos-bolt-small"),
            )
            raise ConfigError(Text("{path} is not set", path=Setting("model.path")), advice, "model.path")
        if self.is_network and history_length is not None:
            message = Text(
                "{history_length} is set, but networks read the context",
                history_length=Setting("model.history_length"),
            )
            advice = Text(
                "remove it and set {context_length}", context_length=Setting("context_length", history_length)
            )
            raise ConfigError(message, advice, "model.history_length")
        peers_python()
        self.known_columns = [f"{name}_{part}" for name in calendar for part in ("sin", "cos")]
        self.known_columns += [f"covariate_{k}" for k in covariate_columns]
        self.observed_columns = [f"covariate_{k}" for k in observed_columns]
        self.readable_covariates = COVARIATES_OF_NETWORK.get(method, {})
        self.network = SavedNetwork(len(self.covariates_read)) if self.is_network else None
        self._process: PeerProcess | None = None
        self._facts: dict[str, Any] = {}

    @classmethod
    def from_data(cls, datamodule: WindowDataModule, covariates: CovariateChoice = "auto", **kwargs: Any) -> Peer:
        """Build the model for the data.

        Parameters
        ----------
        datamodule : WindowDataModule
        covariates : {"auto", "known", "all", "none"}
            Which covariates a network reads; ``auto`` decides as for the networks of TimeVis.
        **kwargs
            Arguments of the class.
        """
        kwargs = {"seed": torch.initial_seed() % 2**32} | kwargs
        if (readable := COVARIATES_OF_NETWORK.get(kwargs["method"])) is not None:
            can_read_observed = "observed" in readable
            read = covariates_to_read(datamodule, covariates, can_read_observed, MIN_OBSERVED_GAIN_OF_NETWORKS)
            is_known = datamodule.series.covariate_known
            kwargs = {
                "calendar": list(seasonal_fields(datamodule.panel.freq)),
                "covariate_columns": [k for k in read if is_known[k]],
                "observed_columns": [k for k in read if not is_known[k] and can_read_observed],
            } | kwargs
        rows: Any = kwargs.get("history_length") or datamodule.context_length
        seasons = [s for s in datamodule.seasons if s > 1 and 2 * s <= rows] or [1]
        season = _strongest_season(datamodule, seasons)
        kwargs = {"freq": datamodule.panel.freq} | kwargs
        return super().from_data(datamodule, season=season, seasons=seasons, **kwargs)

    @property
    def process(self) -> PeerProcess:
        """The process of the other library, started when it is first needed."""
        if self._process is None:
            request = dict(self.hparams) | {
                "library": self.library,
                "quantile_levels": list(QUANTILE_LEVELS),
                "known": self.known_columns,
                "observed": self.observed_columns,
            }
            self._process = PeerProcess(request, self.hparams["minutes"])
            if self.network is not None and self.network.files:
                self._process.restore_network(self.network.files)
        return self._process

    @property
    def covariates_read(self) -> tuple[int, ...]:
        return *self.hparams["covariate_columns"], *self.hparams["observed_columns"]

    def prepare(self, datamodule: WindowDataModule) -> None:
        super().prepare(datamodule)
        request: dict[str, Any] = {}
        if self.network is not None:
            origin, channel = datamodule.windows["calibration"].pairs
            train_ends = np.broadcast_to(datamodule.split.borders[..., 0], self.num_channels)
            ends = train_ends.copy()
            np.maximum.at(ends, channel.numpy(), origin.numpy() + self.horizon)
            validation_rows = (ends - train_ends)[ends > train_ends]
            if not len(validation_rows):
                message = Text(
                    "a network of {library} cannot be fitted again on all rows of the data", library=self.library
                )
                advice = Text(
                    "validation rows behind the training part select its number of steps; use another model to refit"
                )
                raise ConfigError(message, advice)
            request = {"data": str(self.process.path / "data.parquet"), "validation_rows": int(validation_rows.min())}
            columns = datamodule.panel.channel_covariate_columns
            self.network.take_scalers(covariate_scalers(datamodule, self.covariates_read))
            self._training_table(datamodule.series, columns, ends).to_parquet(request["data"])
        settings = {name: self.hparams[name] for name in ("learning_rates", "trials", "max_steps", "minutes")}
        self._facts = {self.library: self.process.version} | self.process.request("fit", **settings, **request)
        if self.network is not None:
            self.network.files = self.process.saved_network()

    def _training_table(self, series: SeriesStore, covariate_columns: np.ndarray, ends: np.ndarray) -> pd.DataFrame:
        """The standardised rows of each channel up to its end, int64 [C], as neuralforecast reads them.

        Missing values are filled forward, and the mask keeps them out of the loss.
        """
        tables = []
        for channel, end in enumerate(ends.tolist()):
            mean, std = (number.item() for number in self.scale(torch.tensor([channel])))
            columns = covariate_columns[list(self.covariates_read), channel]
            inputs = self._inputs(
                series.calendar[:end], series.covariates[:end, columns], series.covariate_observed[:end, columns]
            )
            values = {
                "unique_id": channel,
                "ds": range(end),
                "y": _round_to_multiples((series.filled[:end, channel].double() - mean) / std, VALUE_STEPS).numpy(),
                "available_mask": (~series.values[:end, channel].isnan()).float().numpy(),
            }
            names = [*self.known_columns, *self.observed_columns]
            tables.append(pd.DataFrame(inputs.numpy(), columns=names).assign(**values).dropna(subset="y"))
        return pd.concat(tables, ignore_index=True)

    def _inputs(self, calendar: Tensor, covariates: Tensor, observed: Tensor) -> Tensor:
        """Inputs [..., F]: sine and cosine of calendar fields, and standardised covariates, the known ones first.

        `calendar` is [..., 5]; the covariates that are read, and where they are observed, are [..., K]. A missing
        covariate is replaced by its mean.
        """
        columns = []
        for name in self.hparams["calendar"]:
            j = CALENDAR_FIELDS.index(name)
            angle = calendar[..., j] * (2 * math.pi / CALENDAR_SIZES[j])
            columns += [angle.sin(), angle.cos()]
        if self.network is not None:
            scalers = zip(self.network.covariate_mean.tolist(), self.network.covariate_std.tolist(), strict=True)
            for k, (mean, std) in enumerate(scalers):
                columns.append(torch.where(observed[..., k], (covariates[..., k] - mean) / std, 0.0))
        if not columns:
            return torch.zeros((*calendar.shape[:-1], 0))
        return _round_to_multiples(torch.stack(columns, -1), INPUT_STEPS)

    @property
    def rows_read(self) -> int:
        return int(self.hparams["history_length"] or self.context_length)

    @torch.no_grad()
    def predict_unclipped(self, batch: Batch) -> Forecast:
        length = self.rows_read
        rows = batch.origin.unsqueeze(1) + torch.arange(-length, self.horizon, device=batch.origin.device)
        past = batch.series.filled[rows[:, :length].clamp(min=0), batch.channel.unsqueeze(1)]
        history = torch.where(rows[:, :length] < 0, torch.nan, past)  # NaN before the start of the series
        no_value = history.isnan() if self.is_network else history.isnan().all(1, keepdim=True)
        history = torch.where(no_value, batch.context[:, :1], history)
        mean, std = self.scale(batch.channel)
        if self.is_network:
            history = _round_to_multiples((history - mean) / std, VALUE_STEPS)
        columns = list(self.covariates_read)
        inputs = self._inputs(
            batch.series.calendar[rows.clamp(min=0)],
            batch.covariates[..., columns],
            batch.covariate_mask[..., columns],
        )
        quantiles = self.process.forecast(history.cpu(), inputs.cpu(), len(QUANTILE_LEVELS), self.horizon)
        quantiles = quantiles.to(batch.context.device)
        if self.is_network:
            quantiles = quantiles * std.unsqueeze(1) + mean.unsqueeze(1)
        return Forecast(point=quantiles[:, QUANTILE_LEVELS.index(0.5)], quantiles=quantiles)

    def parameter_counts(self) -> tuple[int, int]:
        count = int(self._facts.get("parameters", 0))
        return (count if self.is_network else 0), count

    def describe(self) -> dict[str, Any]:
        return self._facts | (self._process.counts if self._process else {})


def _round_to_multiples(values: Tensor, steps: int) -> Tensor:
    """Round to multiples of 1 / steps, so that equal values in a context have a deviation of exactly zero.

    neuralforecast divides each column by its deviation in the context, unless that is exactly zero. The mean of equal
    numbers is mostly not exact in single precision, so their deviation is some 1e-8, and a flag that is raised in the
    horizon for the first time becomes millions of times as large. Sums of a few hundred multiples of a power of two
    are exact.
    """
    return (values * steps).round() / steps


class SavedNetwork(torch.nn.Module):
    """A fitted network as its library stores it, and the scales of the covariates that it reads.

    Parameters
    ----------
    covariates : int
        K, the number of covariates that the network reads.

    Attributes
    ----------
    files : bytes
        See `PeerProcess.saved_network`; empty before the fit.
    covariate_mean, covariate_std : float64 [K]
    """

    covariate_mean: Tensor
    covariate_std: Tensor

    def __init__(self, covariates: int) -> None:
        super().__init__()
        self.files = b""
        self.register_buffer("covariate_mean", torch.zeros(covariates, dtype=torch.float64))
        self.register_buffer("covariate_std", torch.ones(covariates, dtype=torch.float64))

    def take_scalers(self, scalers: Sequence[Scaler]) -> None:
        """Take the scale of each covariate."""
        for k, scaler in enumerate(scalers):
            self.covariate_mean[k], self.covariate_std[k] = scaler.mean.item(), scaler.std.item()

    def get_extra_state(self) -> Tensor:
        """The files as a tensor of bytes, which a safe checkpoint can contain."""
        return torch.from_numpy(np.frombuffer(self.files, np.uint8).copy())

    def set_extra_state(self, state: Tensor) -> None:
        self.files = state.cpu().numpy().tobytes()


def _strongest_season(datamodule: WindowDataModule, seasons: Sequence[int]) -> int:
    """The season with the smallest mean absolute seasonal differences in the training part, over all channels."""
    differences = np.stack([mase_scale(datamodule, season) for season in seasons])  # [S, C]
    defined = np.isfinite(differences).all(0)
    relative = differences[:, defined] / differences[:, defined].mean(0)
    return seasons[int(relative.mean(1).argmin())] if defined.any() else seasons[0]
