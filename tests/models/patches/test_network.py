"""The patch network: what it reads, what it may not read, detected periods, and its weights on the disk."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from timevis.data.calendar import calendar_fields
from timevis.errors import ConfigError, TimeVisError
from timevis.models.patches.features import (
    carried_values,
    detect_periods,
    extend_calendar,
    periodic_references,
)
from timevis.models.patches.network import (
    PatchNetwork,
    PatchSettings,
    patch_inputs,
    stretch_context,
    stretch_of,
)
from timevis.models.patches.weights import load_patch_network, save_patch_network
from timevis_research.nano.patch_batches import PatchBatchStream

SMALL = PatchSettings(hidden_size=32, num_layers=2, num_heads=2, intermediate_size=48)


def calendar_of(start: str, rows: int, freq: str = "h") -> torch.Tensor:
    return torch.from_numpy(calendar_fields(pd.date_range(start, periods=rows, freq=freq)))[None]


@pytest.fixture(scope="module")
def network() -> PatchNetwork:
    torch.manual_seed(0)
    network = PatchNetwork(SMALL).eval()
    for parameter in network.parameters():  # the head starts small, which would hide a difference
        parameter.data += 0.05 * torch.randn_like(parameter)
    return network


@torch.no_grad()
def test_the_forecast_of_a_patch_reads_neither_this_patch_nor_later_ones(network: PatchNetwork) -> None:
    batch = PatchBatchStream(24, seed=1, values_per_batch=6000)[0]
    rows = 24 * 15
    visible = batch.visible.clone()
    visible[:, rows:] = 0
    shown = torch.ones_like(batch.shown)

    def quantiles(values: torch.Tensor) -> torch.Tensor:
        return network.next_patches(patch_inputs(values, shown, visible, batch.calendar, 24))

    changed = batch.values.clone()
    changed[:, rows:] = torch.randn_like(changed[:, rows:])
    one, two = quantiles(batch.values), quantiles(changed)
    torch.testing.assert_close(one[:, :15], two[:, :15])
    assert not torch.allclose(one[:, 15:], two[:, 15:], atol=1e-3)


@torch.no_grad()
def test_final_states_are_those_of_the_layers_of_transformers(network: PatchNetwork) -> None:
    tokens = torch.randn(2, 7, 32)
    model = network.model
    model.embed_tokens = torch.nn.Embedding(1, 32)
    expected = model(inputs_embeds=tokens, use_cache=False).last_hidden_state
    model.embed_tokens = None
    for first in (0, 3, 6):
        torch.testing.assert_close(network.final_states(tokens, first), expected[:, first:])


@torch.no_grad()
def test_values_that_are_not_shown_have_no_effect(network: PatchNetwork) -> None:
    batch = PatchBatchStream(24, seed=2, values_per_batch=6000)[0]
    shown = (torch.rand_like(batch.values) > 0.3).float()
    changed = torch.where(shown > 0, batch.values, torch.tensor(99.0))
    one, two = (
        network.next_patches(patch_inputs(values * shown, shown, torch.ones_like(shown), batch.calendar, 24))
        for values in (batch.values, changed)
    )
    assert torch.equal(one, two)
    more = network.next_patches(patch_inputs(batch.values, torch.ones_like(shown), shown, batch.calendar, 24))
    assert not torch.allclose(one, more, atol=1e-3)


@pytest.mark.parametrize(("length", "horizon"), [(48, 24), (50, 7), (13, 30), (96, 200)])
@torch.no_grad()
def test_quantiles_of_any_horizon_are_sorted_and_move_with_the_series(network, length: int, horizon: int) -> None:
    torch.manual_seed(1)
    context, mask = torch.randn(3, length), torch.rand(3, length) > 0.2
    calendar = calendar_of("2024-02-27 05:00", length + horizon).expand(3, -1, -1)
    median, quantiles = network(context, mask, calendar)
    assert quantiles.shape == (3, 15, horizon)
    assert torch.equal(median, quantiles[:, 7])
    assert (quantiles.diff(dim=1) >= 0).all()
    shifted, _ = network(context + 5, mask, calendar)
    torch.testing.assert_close(shifted, median + 5, atol=1e-2, rtol=1e-3)


@torch.no_grad()
def test_the_first_patches_of_a_long_horizon_are_the_forecast_of_a_short_one(network: PatchNetwork) -> None:
    calendar, context = calendar_of("2024-01-01", 72 + 24 * 9).expand(2, -1, -1), torch.randn(2, 72)
    mask = torch.ones_like(context)
    _, short = network(context, mask, calendar[:, :96])
    _, one_pass = network(context, mask, calendar[:, : 72 + 24 * 8])
    _, two_passes = network(context, mask, calendar)
    torch.testing.assert_close(one_pass[..., :24], short)
    torch.testing.assert_close(two_passes[..., :192], one_pass)
    assert two_passes[..., 192:].isfinite().all()


@torch.no_grad()
def test_the_forecast_depends_on_the_calendar_of_the_horizon(network: PatchNetwork) -> None:
    calendar, context = calendar_of("2024-01-01", 96), torch.randn(1, 72)
    other = calendar.clone()
    other[:, 72:, 2] = (other[:, 72:, 2] + 3) % 7
    one, two = (network(context, torch.ones_like(context), c)[0] for c in (calendar, other))
    assert not torch.allclose(one, two, atol=1e-3)


@pytest.mark.parametrize(("period", "index", "rows"), [(7, 0, 240), (24, 0, 240), (48, 1, 300), (96, 1, 528)])
def test_the_period_of_a_series_is_detected_also_with_gaps(period: int, index: int, rows: int) -> None:
    torch.manual_seed(0)
    profile = torch.randn(4, period)
    z = profile.repeat(1, rows // period + 1)[:, :rows] + 0.1 * torch.randn(4, rows)
    mask = (torch.rand(4, rows) > 0.2).float()
    z = (z - z.mean(1, keepdim=True)) / z.std(1, keepdim=True) * mask
    periods, strengths = detect_periods(z, mask)
    assert (periods[:, index] % period == 0).all()
    assert (strengths[:, index] > 0.7).all()


def test_no_period_is_longer_than_half_of_the_observed_rows() -> None:
    z = torch.sin(torch.arange(240) * 2 * torch.pi / 60)[None]
    mask = (torch.arange(240) >= 130).float()[None]
    periods, strengths = detect_periods(z * mask, mask)
    assert periods[0, 1] == 1
    assert strengths[0, 1] == 0
    assert detect_periods(z, torch.ones_like(z))[0][0, 1] == 60


def test_references_are_the_last_observed_values_a_multiple_of_the_lag_ago() -> None:
    z, mask = torch.arange(1.0, 13.0)[None], torch.ones(1, 12)
    mask[0, 4] = 0
    last, mean = periodic_references(z * mask, mask, torch.tensor([3]), torch.full((1, 12), -1.0))
    assert last[0].tolist() == [-1, -1, -1, 1, 2, 3, 4, 2, 6, 7, 8, 9]
    assert mean[0, :6].tolist() == pytest.approx([-1, -1, -1, 1, 2, 3])
    assert mean[0, 6:8].tolist() == pytest.approx([(4 + 0.7 * 1) / 1.7, 2])
    assert carried_values(z * mask, mask)[0, 3:6].tolist() == [4, 4, 6]


@pytest.mark.parametrize("freq", ["h", "15min", "D"])
def test_a_calendar_goes_on_with_its_step(freq: str) -> None:
    whole = calendar_of("2024-03-04 06:00", 40, freq)
    extended = extend_calendar(whole[:, 10:20], 10, 20)
    assert extended.shape == whole.shape
    assert torch.equal(extended[..., :3], whole[..., :3])
    assert torch.equal(extend_calendar(whole, 0, 0), whole)


def test_saved_weights_are_loaded_in_float32_with_their_note(network: PatchNetwork, tmp_path) -> None:
    save_patch_network(network.state_dict(), SMALL, tmp_path / "mine", "three steps")
    loaded = load_patch_network(str(tmp_path / "mine"), note="mine")
    assert (loaded.name, loaded.note, loaded.model.settings) == ("mine", "three steps mine", SMALL)
    for name, value in loaded.model.state_dict().items():
        assert torch.equal(value, network.state_dict()[name].half().float()), name


def test_damaged_or_other_weights_raise_an_error_that_names_them(network: PatchNetwork, tmp_path) -> None:
    folder = tmp_path / "mine"
    save_patch_network(network.state_dict(), replace(SMALL, num_layers=1), folder, "")
    with pytest.raises(TimeVisError, match="its weights"):
        load_patch_network(str(folder))
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen3"}))
    with pytest.raises(ConfigError, match="does not read patches"):
        load_patch_network(str(folder))
    with pytest.raises(ConfigError, match="qwen3"):
        load_patch_network("nano")


def test_random_weights_depend_on_the_seed_and_leave_the_global_generator_alone() -> None:
    state = torch.get_rng_state()
    one, again, other = (load_patch_network("random", seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert torch.equal(one.model.head[0].weight, again.model.head[0].weight)
    assert not torch.equal(one.model.head[0].weight, other.model.head[0].weight)


def test_the_packaged_weights_are_small_and_forecast_a_daily_profile() -> None:
    packaged = load_patch_network()
    assert sum(path.stat().st_size for path in packaged.folder.iterdir()) < 12_000_000
    assert "synthetic" in packaged.note
    assert "pretrain_nano.py" in (packaged.folder / "README.md").read_text()
    rng = np.random.default_rng(0)
    hours = np.arange(24 * 22)
    wave = 3 * np.sin(2 * np.pi * hours / 24) + np.cos(4 * np.pi * hours / 24)
    series = torch.from_numpy(wave + 0.1 * rng.normal(size=(4, len(hours)))).float() / wave.std()
    calendar = calendar_of("2024-03-04", len(hours)).expand(4, -1, -1)
    median, quantiles = packaged.model.eval()(series[:, :-24], torch.ones(4, 24 * 21), calendar)
    target = series[:, -24:]
    assert float((median - target).abs().mean()) < 0.3 * float((series[:, -25:-24] - target).abs().mean())
    assert ((quantiles[:, 0] < target) & (target < quantiles[:, -1])).float().mean() > 0.8


@pytest.mark.parametrize(
    ("context_length", "season", "factor"),
    [
        (22, 4, 6),
        (88, 4, 6),
        (89, 4, 1),
        (264, 12, 2),
        (265, 12, 1),
        (60, 7, 1),
        (168, 24, 1),
        (60, 52, 1),
        (30, 1, 1),
    ],
)
def test_contexts_are_stretched_where_a_patch_has_several_seasons(
    context_length: int, season: int, factor: int
) -> None:
    assert stretch_of(context_length, season, 24) == factor


def test_a_stretched_row_ends_with_its_value_and_is_on_the_line_from_the_one_before() -> None:
    context, mask = torch.tensor([[2.0, 5.0, 0.0, 8.0]]), torch.tensor([[1.0, 1.0, 0.0, 1.0]])
    values, shown = stretch_context(context, mask, 3)
    assert values[0, :6].tolist() == pytest.approx([2, 2, 2, 3, 4, 5])
    assert shown[0].tolist() == [0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1]  # a row beside a gap has no line
    assert torch.equal(values[:, 2::3], context)
