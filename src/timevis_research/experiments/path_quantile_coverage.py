"""Compare quantiles of sample paths with the distribution that nano draws them from.

    python -m timevis_research.experiments.path_quantile_coverage --data traffic --windows 200 --seeds 5
    python -m timevis_research.experiments.path_quantile_coverage --table later-steps --windows 16 --seeds 8
    python -m timevis_research.experiments.path_quantile_coverage --table loss --windows 48 --seeds 4

The distribution of the first value after a context is known exactly, from the probabilities of all of its digit
strings. The first table has the share of it that lies inside the central intervals of 20, 50 and 100 paths, whose
random numbers are drawn independently or spread evenly (stratified). Quantiles are taken of the sorted paths, with
either rule for their rank, or of the mixture of the distributions that the digits were drawn from, as in
forecasts. The table of later steps compares them with 1,000 other paths, and the table of losses with the truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pandas as pd
import torch
from torch import Tensor

from timevis.config.compose import compose
from timevis.data.catalog import load_panel
from timevis.data.datamodule import WindowDataModule
from timevis.data.options import DataOptions
from timevis.data.windows import Batch
from timevis.models.digits.codec import DigitCodec
from timevis.models.digits.decoding import (
    DecodingInputs,
    digit_at_level,
    first_value_distribution,
    hashed_uniforms,
    mean_and_quantiles,
    sobol_uniforms,
)
from timevis.models.digits.network import DigitNetwork
from timevis.utils.formatting import markdown_table
from timevis.utils.levels import COVERAGES, QUANTILE_LEVELS
from timevis_research.nano.zero_shot import forecast_windows, load_network

PATHS = (20, 50, 100)
STEPS = (1, 2, 6, 12, 24)
REFERENCE_PATHS = 1000
RULES = {"p (S + 1)": False, "p S + 1/2": True}
INTERVALS = {k: (QUANTILE_LEVELS.index(low), QUANTILE_LEVELS.index(high)) for k, (low, high) in COVERAGES.items()}


def validation_batches(name: str, windows: int, size: int) -> Iterator[tuple[Batch, Tensor]]:
    """Batches of validation windows, with the standard deviation of each window's channel [B, 1]."""
    options = DataOptions.from_config(compose([f"data={name}"]).data)
    panel, _ = load_panel(options)
    origins = -(-windows // len(panel.channels))
    data = WindowDataModule(panel, split=options.split, val_windows=origins, eval_batch_size=size)
    deviations = torch.from_numpy(data.scaler.std).float()
    for batch in data.batches("val"):
        yield batch, deviations[batch.channel].unsqueeze(1)


def sample_quantiles(samples: Tensor, *, stratified: bool) -> Tensor:
    """Quantiles of sample paths at `QUANTILE_LEVELS`, interpolated between the sorted samples.

    Of independent samples, the one of rank p (S + 1) is the quantile p (Weibull). Of stratified samples there is
    one in each of S intervals of equal probability, so that its rank is p S + 1/2 (Hazen).

    Parameters
    ----------
    samples : [B, S, H]
    stratified : bool
        Whether the random numbers of the samples are spread evenly, as by `sobol_uniforms`.

    Returns
    -------
    float32 [B, 15, H]
    """
    ordered = samples.float().sort(dim=1).values
    count = ordered.shape[1]
    levels = torch.tensor(QUANTILE_LEVELS, dtype=torch.float64)
    position = levels * count - 0.5 if stratified else levels * (count + 1) - 1
    position = position.clamp(0, count - 1).to(samples.device)
    low = position.floor().long()
    high = (low + 1).clamp(max=count - 1)
    weight = (position - low).float().view(1, -1, 1)
    return torch.lerp(ordered[:, low], ordered[:, high], weight)  # lerp returns equal samples unchanged


def draw_codes(probability: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    """Draw values digit by digit, as decoding does.

    Parameters
    ----------
    probability : float64 [B, 10 ** width]
    levels : float64 [B, S, width]

    Returns
    -------
    digits : int64 [B, S, 1, width]
    chances : float64 [B, S, 1, width, 10]
        Probability of each digit, given the digits before it.
    """
    batch, samples, width = levels.shape
    code, digits, chances = torch.zeros(batch, samples, dtype=torch.long), [], []
    for place in range(width):
        by_prefix = probability.view(batch, 10**place, 10, -1).sum(3)
        chosen = by_prefix.gather(1, code.unsqueeze(2).expand(-1, -1, 10))
        chances.append(chosen / chosen.sum(2, keepdim=True))
        digits.append(digit_at_level(chances[-1], levels[:, :, place])[0])
        code = 10 * code + digits[-1]
    return torch.stack(digits, 2).unsqueeze(2), torch.stack(chances, 2).unsqueeze(2)


def shares_inside(quantiles: Tensor, values: Tensor, probability: Tensor) -> list[float]:
    """Mean probability inside each of `INTERVALS`, where values at an end count half; values [B, V] and [B, V]."""
    shares = []
    for low, high in INTERVALS.values():
        ends = quantiles[:, [low, high]].double()
        lower, upper = ends[:, :1], ends[:, 1:]
        inside = (values >= lower).double() + (values > lower) + (values <= upper) + (values < upper) - 2
        shares.append(float((inside / 2 * probability).sum(1).mean()))
    return shares


@torch.no_grad()
def first_value_table(network: DigitNetwork, codec: DigitCodec, name: str, windows: int, seeds: int) -> list[dict]:
    """Rows of the table on the first value."""
    found: dict[tuple[int, str, str], list[list[float]]] = {}
    for batch, deviation in validation_batches(name, windows, 32):
        scaling = codec.fit(batch.context, batch.context_mask, deviation)
        context, _ = codec.encode(batch.context, scaling)
        prompt = torch.full((len(batch), 1), network.layout.start_id)
        inputs = DecodingInputs(prompt, context, batch.calendar, batch.context_mask)
        probability = first_value_distribution(network, inputs)
        values = codec.values(1, scaling)
        for seed in range(seeds):
            for count in PATHS:
                shape = (seed, batch.origin, batch.channel, count)
                draws = {
                    "independent": hashed_uniforms(*shape, codec.width),
                    "stratified": sobol_uniforms(*shape, 1, codec.width)[:, :, 0],
                }
                for kind, levels in draws.items():
                    digits, chances = draw_codes(probability, levels)
                    samples = codec.decode(digits, scaling)
                    quantiles = {rule: sample_quantiles(samples, stratified=s) for rule, s in RULES.items()}
                    quantiles["mixture"] = mean_and_quantiles(digits, chances, values)[1]
                    for rule, of_rule in quantiles.items():
                        shares = shares_inside(of_rule[:, :, 0], values[:, :, 0].double(), probability)
                        found.setdefault((count, kind, rule), []).append([len(batch), *shares])
    return [
        {"paths": count, "random numbers": kind, "quantiles": rule} | _percentages(rows)
        for (count, kind, rule), rows in found.items()
    ]


@torch.no_grad()
def later_step_table(network: DigitNetwork, codec: DigitCodec, name: str, windows: int, seeds: int) -> list[dict]:
    """Rows of the table on later steps."""
    found: dict[tuple[int, int, str], list[list[float]]] = {}
    for batch, deviation in validation_batches(name, windows, 4):
        reference = forecast_windows(network, codec, batch, deviation, REFERENCE_PATHS, seed=10_000).samples
        assert reference is not None
        weight = torch.full(reference.shape[:2], 1 / REFERENCE_PATHS, dtype=torch.double)
        for seed in range(seeds):
            for count in PATHS[:2]:
                forecast = forecast_windows(network, codec, batch, deviation, count, seed)
                samples = forecast.samples
                assert samples is not None
                quantiles = {rule: sample_quantiles(samples, stratified=s) for rule, s in RULES.items()}
                quantiles["mixture"] = forecast.quantiles
                for rule, of_rule in quantiles.items():
                    for step in STEPS:
                        shares = shares_inside(of_rule[:, :, step - 1], reference[:, :, step - 1].double(), weight)
                        found.setdefault((count, step, rule), []).append([len(batch), *shares])
    return [
        {"paths": count, "step ahead": step, "quantiles": rule} | _percentages(rows)
        for (count, step, rule), rows in found.items()
    ]


@torch.no_grad()
def loss_table(network: DigitNetwork, codec: DigitCodec, name: str, windows: int, seeds: int) -> list[dict]:
    """Mean quantile loss of the truth, in training standard deviations, by the number of paths."""
    found: dict[tuple[int, str], list[Tensor]] = {}
    levels = torch.tensor(QUANTILE_LEVELS).view(1, -1, 1)
    for batch, deviation in validation_batches(name, windows, 16):
        for seed in range(seeds):
            for count in PATHS:
                forecast = forecast_windows(network, codec, batch, deviation, count, seed)
                assert forecast.samples is not None
                quantiles = {"p S + 1/2": sample_quantiles(forecast.samples, stratified=True)}
                quantiles["mixture"] = forecast.quantiles
                for rule, of_rule in quantiles.items():
                    error = (batch.target.unsqueeze(1) - of_rule) / deviation.unsqueeze(2)
                    loss = 2 * torch.maximum(levels * error, (levels - 1) * error).mean(1)
                    found.setdefault((count, rule), []).append(loss[batch.target_mask])
    return [
        {"paths": count, "quantiles": rule, "quantile loss": f"{float(torch.cat(losses).mean()):.5f}"}
        for (count, rule), losses in found.items()
    ]


def _percentages(rows: list[list[float]]) -> dict[str, str]:
    """Means of the shares, weighted by the number of windows."""
    table = torch.tensor(rows, dtype=torch.double)
    means = (table[:, :1] * table[:, 1:]).sum(0) / table[:, 0].sum()
    return {f"{k} % interval": f"{100 * float(m):.1f} %" for k, m in zip(INTERVALS, means, strict=True)}


TABLES = {"first-value": first_value_table, "later-steps": later_step_table, "loss": loss_table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="traffic", help="name in conf/data")
    parser.add_argument("--windows", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--table", choices=list(TABLES), default="first-value")
    args = parser.parse_args()
    network, codec = load_network()
    print(markdown_table(pd.DataFrame(TABLES[args.table](network, codec, args.data, args.windows, args.seeds))))


if __name__ == "__main__":
    main()
