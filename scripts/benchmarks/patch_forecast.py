"""Speed of forecasts of nano-patch: TimeVis, PatchTST of transformers with as many layers, and the products alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.timing import serve_rounds, time_ratio, time_workers, worker_command

WINDOWS, CONTEXT_LENGTH, HORIZON = 256, 528, 24


def load(averages: bool = False) -> tuple[Any, Any]:
    """The untuned forecaster and a batch of test windows of traffic; averages read twice as many rows."""
    import torch

    from timevis.config.compose import compose
    from timevis.data.catalog import load_panel
    from timevis.runs.config import RunConfig
    from timevis.utils.logs import silence_libraries

    silence_libraries()
    rows = 2 * CONTEXT_LENGTH if averages else CONTEXT_LENGTH
    lengths = [f"context_length={rows}", f"horizon={HORIZON}", f"evaluation.max_windows={WINDOWS}"]
    model = ["model=qwen_patch", "model.tune=none", "model.ema_decay=0", f"model.averages={str(averages).lower()}"]
    config = RunConfig.from_config(compose([*model, "data=traffic", *lengths]))
    data = config.datamodule(load_panel(config.data)[0])
    forecaster = config.forecaster(data)
    forecaster.prepare(data)
    return forecaster.eval(), data.gather("test", torch.arange(WINDOWS))


def run_timevis() -> None:
    """Forecast the windows as a run does, with features, layers and sorted quantiles."""
    import torch

    forecaster, batch = load()
    with torch.inference_mode():
        serve_rounds(lambda: forecaster.forecast(batch), units=WINDOWS)


def run_averaged() -> None:
    """The default: the mean of several forecasts of each window."""
    import torch

    forecaster, batch = load(averages=True)
    with torch.inference_mode():
        serve_rounds(lambda: forecaster.forecast(batch), units=WINDOWS)


def run_products() -> None:
    """Only the matrix products of all linear layers, on inputs of the same shapes and types."""
    import torch
    from torch import nn

    forecaster, batch = load()
    products: list[tuple[torch.Tensor, torch.Tensor]] = []

    def record(module: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        weight = module.weight.detach().to(output.dtype)
        products.append((torch.randn(inputs[0].shape).to(output.dtype), weight))

    for module in forecaster.net.modules():
        if isinstance(module, nn.Linear):
            module.register_forward_hook(record)
    with torch.inference_mode():
        forecaster.forecast(batch)
        serve_rounds(lambda: [nn.functional.linear(x, weight) for x, weight in products][-1], units=WINDOWS)


def run_patchtst() -> None:
    """PatchTST of transformers (Nie et al., 2023) with layers of the same size, which forecasts a mean."""
    import torch
    from transformers import PatchTSTConfig, PatchTSTForPrediction

    from timevis.models.patches.network import PatchSettings

    settings = PatchSettings()
    config = PatchTSTConfig(
        num_input_channels=1,
        context_length=CONTEXT_LENGTH,
        prediction_length=HORIZON,
        patch_length=settings.patch_length,
        patch_stride=settings.patch_length,
        num_hidden_layers=settings.num_layers,
        d_model=settings.hidden_size,
        num_attention_heads=settings.num_heads,
        ffn_dim=settings.intermediate_size,
        loss="mse",
    )
    model = PatchTSTForPrediction(config).eval()
    values = torch.randn(WINDOWS, CONTEXT_LENGTH, 1)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        serve_rounds(lambda: model(past_values=values).prediction_outputs, units=WINDOWS)


def main(rounds: int, threads: int) -> dict[str, float]:
    names = "timevis", "averaged", "products", "patchtst"
    workers = time_workers({name: worker_command("patch_forecast", name) for name in names}, rounds, threads)
    rates = {name: workers[name].rate for name in names}
    of_products = time_ratio(workers["products"], workers["timevis"])
    of_patchtst = time_ratio(workers["patchtst"], workers["timevis"])
    print(
        f"  {rates['timevis']:,.0f} forecasts/s of {HORIZON} values (goal 1,000 with one thread): "
        f"{of_products:.2f} of the rate of the matrix products alone, {of_patchtst:.2f}x the rate of PatchTST"
    )
    of_averaged = time_ratio(workers["averaged"], workers["timevis"])
    print(f"  with averages, the default: {rates['averaged']:,.0f} forecasts/s, {of_averaged:.1f} times as long")
    return {
        "forecasts_per_second": rates["timevis"],
        "averaged_per_second": rates["averaged"],
        "ratio_products": of_products,
        "ratio_patchtst": of_patchtst,
    }


if __name__ == "__main__":
    functions = {
        "timevis": run_timevis,
        "averaged": run_averaged,
        "products": run_products,
        "patchtst": run_patchtst,
    }
    functions[sys.argv[1]]()
