import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from timevis.data.loader import WindowLoader, pseudorandom_permutation


@given(size=st.integers(1, 5000), keys=st.lists(st.integers(0, 2**32 - 1), min_size=6, max_size=6))
@settings(max_examples=50)
def test_permute_is_a_permutation_of_every_size(size, keys):
    assert sorted(pseudorandom_permutation(torch.arange(size), size, keys).tolist()) == list(range(size))


def test_permute_looks_random():
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


@given(size=st.integers(1, 300), batch=st.integers(1, 40), least=st.integers(1, 100), world=st.integers(1, 3))
def test_an_epoch_has_at_least_so_many_batches_and_whole_passes_in_orders_of_their_own(size, batch, least, world):
    if size < world:
        return
    loaders = [
        WindowLoader(size, batch, seed=1, shuffle=True, min_batches=least, rank=r, world_size=world)
        for r in range(world)
    ]
    batches = [[b.tolist() for b in loader] for loader in loaders]
    (count,) = {len(b) for b in batches}
    assert count == len(loaders[0]) >= least
    one = count // loaders[0].passes_per_epoch
    assert one * (loaders[0].passes_per_epoch - 1) < least  # no pass too many
    passes = [[i for rank in batches for b in rank[p * one : (p + 1) * one] for i in b] for p in range(count // one)]
    assert all(len(set(p)) == len(p) > size - batch * world for p in passes)
    if size > 50 and len(passes) > 1:
        assert passes[0] != passes[1]


@pytest.mark.parametrize(("stop", "least"), [(0, 1), (3, 1), (15, 1), (16, 40), (35, 40)])
def test_a_loader_resumes_within_an_epoch_where_it_was_saved(stop, least):
    loader = WindowLoader(1000, 64, seed=5, shuffle=True, min_batches=least)
    loader.sampler.set_epoch(2)
    whole = [b.tolist() for b in loader]
    batches = iter(loader)
    for _ in range(stop):
        next(batches)
    state = loader.state_dict()
    other = WindowLoader(1000, 64, seed=5, shuffle=True, min_batches=least)
    other.load_state_dict(state)
    assert [b.tolist() for b in other] == whole[stop:]
    assert [b.tolist() for b in other] == whole


@given(size=st.integers(1, 300), batch=st.integers(1, 40), world=st.integers(1, 4))
def test_ranks_together_visit_every_evaluation_window_once(size, batch, world):
    loaders = [WindowLoader(size, batch, rank=r, world_size=world) for r in range(world)]
    batches = [list(loader) for loader in loaders]
    assert [len(b) for b in batches] == [len(loader) for loader in loaders]
    seen = [int(i) for rank in batches for b in rank for i in b]
    assert sorted(seen) == list(range(size))


@given(size=st.integers(10, 300), batch=st.integers(1, 10), world=st.integers(1, 3))
def test_ranks_get_equally_many_training_batches_without_repeats(size, batch, world):
    loaders = [WindowLoader(size, batch, seed=1, shuffle=True, rank=r, world_size=world) for r in range(world)]
    batches = [list(loader) for loader in loaders]
    assert len({len(b) for b in batches}) == 1
    seen = [int(i) for rank in batches for b in rank for i in b]
    assert len(seen) == len(set(seen))
