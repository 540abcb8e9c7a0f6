import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.datamodule import WindowLoader, pseudorandom_permutation


@given(size=st.integers(1, 5000), keys=st.lists(st.integers(0, 2**32 - 1), min_size=6, max_size=6))
@settings(max_examples=50)
def test_the_permutation_contains_every_index_once(size, keys):
    assert sorted(pseudorandom_permutation(torch.arange(size), size, keys).tolist()) == list(range(size))


def test_the_permutation_is_uncorrelated():
    size = 20_000
    order = pseudorandom_permutation(torch.arange(size), size, [1, 2, 3, 4, 5, 6]).double()
    neighbours = torch.corrcoef(torch.stack([order[:-1], order[1:]]))[0, 1]
    trend = torch.corrcoef(torch.stack([order, torch.arange(size).double()]))[0, 1]
    assert abs(float(neighbours)) < 0.03
    assert abs(float(trend)) < 0.03


def test_the_order_of_batches_is_a_function_of_seed_and_epoch():
    def epoch(seed, number):
        loader = WindowLoader(1000, 64, seed=seed, shuffle=True)
        loader.sampler.set_epoch(number)
        return torch.cat(list(loader)).tolist()

    assert epoch(1, 0) == epoch(1, 0)
    assert epoch(1, 0) != epoch(1, 1)
    assert epoch(1, 0) != epoch(2, 0)
    assert sorted(epoch(1, 3)) == list(range(1000))


@given(size=st.integers(1, 300), batch=st.integers(1, 40), min_batches=st.integers(1, 100), world=st.integers(1, 3))
def test_an_epoch_has_at_least_min_batches_in_complete_passes_of_different_order(size, batch, min_batches, world):
    if size < world:
        return
    loaders = [
        WindowLoader(size, batch, seed=1, shuffle=True, min_batches=min_batches, rank=r, world_size=world)
        for r in range(world)
    ]
    batches = [[b.tolist() for b in loader] for loader in loaders]
    (count,) = {len(b) for b in batches}
    assert count == len(loaders[0]) >= min_batches
    pass_length = count // loaders[0].passes_per_epoch
    assert pass_length * (loaders[0].passes_per_epoch - 1) < min_batches  # no unnecessary pass
    passes = [
        [i for rank in batches for b in rank[p * pass_length : (p + 1) * pass_length] for i in b]
        for p in range(count // pass_length)
    ]
    assert all(len(set(p)) == len(p) > size - batch * world for p in passes)
    if size > 50 and len(passes) > 1:
        assert passes[0] != passes[1]


@pytest.mark.parametrize(("stop", "min_batches"), [(0, 1), (3, 1), (15, 1), (16, 40), (35, 40)])
def test_a_loader_resumes_at_the_saved_position_of_an_epoch(stop, min_batches):
    loader = WindowLoader(1000, 64, seed=5, shuffle=True, min_batches=min_batches)
    loader.sampler.set_epoch(2)
    expected = [b.tolist() for b in loader]
    batches = iter(loader)
    for _ in range(stop):
        next(batches)
    state = loader.state_dict()
    resumed = WindowLoader(1000, 64, seed=5, shuffle=True, min_batches=min_batches)
    resumed.load_state_dict(state)
    assert [b.tolist() for b in resumed] == expected[stop:]
    assert [b.tolist() for b in resumed] == expected


@given(size=st.integers(1, 300), batch=st.integers(1, 40), world=st.integers(1, 4))
def test_all_ranks_together_visit_every_evaluation_window_once(size, batch, world):
    loaders = [WindowLoader(size, batch, rank=r, world_size=world) for r in range(world)]
    batches = [list(loader) for loader in loaders]
    assert [len(b) for b in batches] == [len(loader) for loader in loaders]
    visited = [int(i) for rank in batches for b in rank for i in b]
    assert sorted(visited) == list(range(size))


@given(size=st.integers(10, 300), batch=st.integers(1, 10), world=st.integers(1, 3))
def test_all_ranks_get_the_same_number_of_training_batches_without_repeated_windows(size, batch, world):
    loaders = [WindowLoader(size, batch, seed=1, shuffle=True, rank=r, world_size=world) for r in range(world)]
    batches = [list(loader) for loader in loaders]
    assert len({len(b) for b in batches}) == 1
    visited = [int(i) for rank in batches for b in rank for i in b]
    assert len(visited) == len(set(visited))
