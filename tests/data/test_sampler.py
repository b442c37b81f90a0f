"""The order of frames: balanced, repeatable, divided exactly between processes."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nerveseg.data.sampler import Draw, EpochSampler, Portion, Shares

POSITIVE = np.array([False, True, False, False, True, False, False, True, False, False])


def sampler(
    batch: int = 4, portion: Portion | None = None, balance: bool | Shares = True
) -> EpochSampler:
    rows = np.arange(100, 110)
    return EpochSampler(rows, POSITIVE, batch=batch, seed=3, balance=balance, portion=portion)


def frames(micro_batches: list[list[Draw]]) -> list[int]:
    return [draw.frame for draws in micro_batches for draw in draws if draw.share]


def test_every_batch_has_as_many_frames_with_a_nerve_as_without() -> None:
    for draws in sampler():
        positive = sum(POSITIVE[draw.frame - 100] for draw in draws)
        assert positive * 2 == len(draws)


def test_an_epoch_has_as_many_draws_as_there_are_frames_and_a_smaller_last_batch() -> None:
    batches = list(sampler())
    assert [len(draws) for draws in batches] == [4, 4, 2]
    assert len(sampler()) == 3


def test_the_rarer_class_is_used_up_before_it_is_repeated() -> None:
    drawn = [draw for draws in sampler() for draw in draws if POSITIVE[draw.frame - 100]]
    assert [draw.repeat for draw in drawn] == [0, 0, 0, 1, 1]
    assert len({draw.frame for draw in drawn[:3]}) == 3


def test_an_epoch_is_drawn_alike_every_time_and_another_one_otherwise() -> None:
    one, other = sampler(), sampler()
    other.start_at(1)
    assert frames(list(one)) == frames(list(sampler()))
    assert frames(list(one)) != frames(list(other))


def test_going_on_within_an_epoch_yields_what_was_left_of_it() -> None:
    whole = list(sampler())
    rest = sampler()
    rest.start_at(0, 1)
    assert list(rest) == whole[1:]
    assert len(rest) == 2


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 3))
def test_processes_and_micro_batches_divide_each_batch_and_its_weight(
    batch: int, processes: int, accumulation: int
) -> None:
    whole = list(sampler(batch))
    mine = [
        list(sampler(batch, Portion(process, processes, accumulation)))
        for process in range(processes)
    ]
    assert {len(each) for each in mine} == {len(whole) * accumulation}
    for step, expected in enumerate(whole):
        steps = slice(step * accumulation, (step + 1) * accumulation)
        drawn = [draw for each in mine for draws in each[steps] for draw in draws]
        assert all(len(draws) >= 2 for each in mine for draws in each[steps])
        assert [draw for draw in drawn if draw.share] == [draw for draw in expected if draw.share]
        assert sum(draw.share for draw in drawn) == pytest.approx(1.0)


@pytest.mark.parametrize(("positive", "word"), [(False, "with"), (True, "without")])
def test_a_missing_class_is_reported_once_and_all_frames_are_drawn_once(
    positive: bool, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        only = EpochSampler(np.arange(7), np.full(7, positive), batch=2, seed=0)
        drawn = frames(list(only)) and frames(list(only))
    assert [record.getMessage() for record in caplog.records] == [
        f"no frame {word} a nerve to train on: batches are not balanced"
    ]
    assert sorted(drawn) == list(range(7))


def test_without_balance_every_frame_comes_once() -> None:
    assert sorted(frames(list(sampler(balance=False)))) == list(range(100, 110))


def positives(of: EpochSampler, epoch: int) -> list[bool]:
    of.start_at(epoch)
    return [bool(POSITIVE[frame - 100]) for frame in frames(list(of))]


def test_the_share_of_frames_with_a_nerve_moves_from_the_first_to_the_last_epoch() -> None:
    moving = sampler(balance=Shares(0.8, 0.4, epochs=5))
    assert [sum(positives(moving, epoch)) for epoch in range(5)] == [8, 7, 6, 5, 4]
    assert sum(positives(sampler(balance=Shares(0.3, 0.9, epochs=1)), 0)) == 3


@given(st.floats(0, 1), st.integers(1, 100))
def test_a_share_is_spread_evenly_over_the_epoch(share: float, total: int) -> None:
    found = np.cumsum(Shares(share, share, 1).places(0, total) == 0)
    assert np.abs(found - share * np.arange(1, total + 1)).max() <= 1 + 1e-6


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_class_can_be_left_out(share: float) -> None:
    assert positives(sampler(balance=Shares(share, share, 2)), 1) == [bool(share)] * 10


def test_with_shares_a_frame_is_repeated_only_when_its_class_is_used_up() -> None:
    drawn = [draw for draws in sampler(balance=Shares(0.7, 0.7, 1)) for draw in draws]
    with_nerve = [draw for draw in drawn if POSITIVE[draw.frame - 100]]
    assert [draw.repeat for draw in with_nerve] == [0, 0, 0, 1, 1, 1, 2]


def test_half_is_a_balanced_order() -> None:
    halves = positives(sampler(balance=Shares(0.5, 0.5, 1)), 0)
    assert sorted(halves[:2]) == sorted(halves[2:4]) == [False, True]
