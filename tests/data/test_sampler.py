"""The order of frames: balanced, repeatable, shared out exactly."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nerveseg.data.sampler import Draw, EpochSampler, Portion

POSITIVE = np.array([False, True, False, False, True, False, False, True, False, False])


def sampler(batch: int = 4, portion: Portion | None = None, balance: bool = True) -> EpochSampler:
    rows = np.arange(100, 110)
    return EpochSampler(rows, POSITIVE, batch=batch, seed=3, balance=balance, portion=portion)


def frames(parts: list[list[Draw]]) -> list[int]:
    return [draw.frame for part in parts for draw in part if draw.share]


def test_every_batch_has_as_many_frames_with_a_nerve_as_without() -> None:
    for part in sampler():
        positive = sum(POSITIVE[draw.frame - 100] for draw in part)
        assert positive * 2 == len(part)


def test_an_epoch_has_as_many_draws_as_there_are_frames_and_a_smaller_last_batch() -> None:
    parts = list(sampler())
    assert [len(part) for part in parts] == [4, 4, 2]
    assert len(sampler()) == 3


def test_the_rarer_kind_is_used_up_before_it_is_repeated() -> None:
    drawn = [draw for part in sampler() for draw in part if POSITIVE[draw.frame - 100]]
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
def test_processes_and_parts_share_out_each_batch_and_its_weight(
    batch: int, processes: int, accumulation: int
) -> None:
    whole = list(sampler(batch))
    mine = [
        list(sampler(batch, Portion(process, processes, accumulation)))
        for process in range(processes)
    ]
    assert {len(parts) for parts in mine} == {len(whole) * accumulation}
    for step, expected in enumerate(whole):
        steps = slice(step * accumulation, (step + 1) * accumulation)
        drawn = [draw for parts in mine for part in parts[steps] for draw in part]
        assert all(len(part) >= 2 for parts in mine for part in parts[steps])
        assert [draw for draw in drawn if draw.share] == [draw for draw in expected if draw.share]
        assert sum(draw.share for draw in drawn) == pytest.approx(1.0)


@pytest.mark.parametrize(("kind", "word"), [(False, "with"), (True, "without")])
def test_a_missing_kind_is_said_once_and_all_frames_are_drawn_once(
    kind: bool, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        only = EpochSampler(np.arange(7), np.full(7, kind), batch=2, seed=0)
        drawn = frames(list(only)) and frames(list(only))
    assert [record.getMessage() for record in caplog.records] == [
        f"no frame {word} a nerve to train on: batches are not balanced"
    ]
    assert sorted(drawn) == list(range(7))


def test_without_balance_every_frame_comes_once() -> None:
    assert sorted(frames(list(sampler(balance=False)))) == list(range(100, 110))
