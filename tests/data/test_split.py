"""Which frames train and which validate."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nerveseg.data.fold_table import FoldRow, read_folds, write_folds
from nerveseg.data.layout import TrainRecord
from nerveseg.data.split import Protocol, assign_folds, subsets
from nerveseg.data.split_table import SplitRow, read_split, rows_of, write_split
from nerveseg.errors import InputError


def sweep(subject: int, frames: int, outlined: int) -> list[TrainRecord]:
    return [TrainRecord(subject, img + 1, "1 1" * (img < outlined)) for img in range(frames)]


def competition() -> list[TrainRecord]:
    """Return as many records as the real training set has, outlined as unevenly among subjects."""
    shares = np.random.default_rng(0).beta(1.5, 2.1, 47)
    counts = [119 if subject % 9 == 8 else 120 for subject in range(47)]
    records = []
    for subject, (frames, share) in enumerate(zip(counts, shares, strict=True), 1):
        records += sweep(subject, frames, round(frames * share))
    assert len(records) == 5635
    return records


REAL = competition()
FOLDS = 5


def split(
    records: list[TrainRecord],
    protocol: Protocol,
    folds: int,
    fold: int,
    *,
    seed: int,
    doubtful: Collection[tuple[int, int]] = (),
) -> list[SplitRow]:
    return subsets(assign_folds(records, protocol, folds, seed, doubtful=doubtful), {fold})


def by_part(rows: list[SplitRow]) -> dict[str, list[int]]:
    return {subset: rows_of(rows, subset).tolist() for subset in ("train", "valid", "left_out")}


@pytest.mark.parametrize("protocol", ["subject", "image"])
@pytest.mark.parametrize("fold", range(FOLDS))
def test_every_frame_has_one_fold_and_the_chosen_one_validates(
    protocol: Protocol, fold: int
) -> None:
    rows = split(REAL, protocol, FOLDS, fold, seed=1)
    assert [row[:2] for row in rows] == [record[:2] for record in REAL]
    assert {row.fold for row in rows} == set(range(FOLDS))
    assert all((row.part == "valid") == (row.fold == fold) for row in rows)


def test_the_image_protocol_is_the_papers_4508_and_1127() -> None:
    found = by_part(split(REAL, "image", FOLDS, 0, seed=1))
    assert (len(found["train"]), len(found["valid"])) == (4508, 1127)


def test_no_subject_is_in_both_subsets() -> None:
    rows = split(REAL, "subject", FOLDS, 0, seed=1)
    train = {row.subject for row in rows if row.part == "train"}
    valid = {row.subject for row in rows if row.part == "valid"}
    assert train
    assert valid
    assert not train & valid


def test_folds_by_subject_are_alike_in_size_and_share() -> None:
    rows = split(REAL, "subject", FOLDS, 0, seed=1)
    outlined = np.array([record.pixels != "" for record in REAL])
    folds = np.array([row.fold for row in rows])
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 240  # two of 47 sweeps
    # The subjects' own shares have a standard deviation of 0.23.
    assert np.ptp([outlined[folds == fold].mean() for fold in range(FOLDS)]) < 0.1


def test_doubtful_frames_neither_train_nor_leave_the_validation() -> None:
    plain = split(REAL, "subject", FOLDS, 0, seed=1)
    doubtful = {row[:2] for row in plain[::100]}
    changed = split(REAL, "subject", FOLDS, 0, seed=1, doubtful=doubtful)
    for before, after in zip(plain, changed, strict=True):
        left_out = before.part == "train" and before[:2] in doubtful
        assert after == (before._replace(part="left_out") if left_out else before)


@pytest.mark.parametrize("protocol", ["subject", "image"])
def test_the_seed_decides(protocol: Protocol) -> None:
    first = split(REAL, protocol, FOLDS, 0, seed=1)
    assert split(REAL, protocol, FOLDS, 0, seed=1) == first
    assert split(REAL, protocol, FOLDS, 0, seed=2) != first


@given(
    sweeps=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=2, max_size=12),
    folds=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_folds_by_subject_are_never_empty(
    sweeps: list[tuple[int, int]], folds: int, seed: int
) -> None:
    records = [
        record
        for subject, (frames, outlined) in enumerate(sweeps)
        for record in sweep(subject, frames, outlined)
    ]
    try:
        rows = split(records, "subject", folds, 0, seed=seed)
    except InputError:
        return
    assert {row.fold for row in rows} == set(range(folds))


def test_a_set_without_empty_frames_is_split_too() -> None:
    records = [record for subject in range(20) for record in sweep(subject, 1, 1)]
    assert len(by_part(split(records, "subject", FOLDS, 0, seed=1))["valid"]) == 4


def test_more_folds_than_subjects_are_refused() -> None:
    records = sweep(1, 9, 4) + sweep(2, 9, 4)
    with pytest.raises(InputError, match=r"split\.folds: 3 folds .* has 2; lower it, or set"):
        split(records, "subject", 3, 0, seed=1)


def test_more_folds_than_frames_are_refused() -> None:
    with pytest.raises(InputError, match=r"split\.folds: 4 folds .* has 3; lower it"):
        split(sweep(1, 3, 1), "image", 4, 0, seed=1)


def test_more_folds_than_frames_of_either_kind_are_refused() -> None:
    records = [record for subject in range(6) for record in sweep(subject, 1, subject % 2)]
    with pytest.raises(InputError, match=r"split\.folds: 5 folds of 6 frames.*lower it"):
        split(records, "subject", 5, 0, seed=1)


def test_the_table_reads_back_as_it_was_written(tmp_path: Path) -> None:
    rows = [SplitRow(1, 1, 0, "valid"), SplitRow(1, 2, 1, "train"), SplitRow(2, 1, 1, "left_out")]
    write_split(tmp_path / "split.csv", rows)
    text = "subject,img,fold,part\n1,1,0,valid\n1,2,1,train\n2,1,1,left_out\n"
    assert (tmp_path / "split.csv").read_text() == text
    assert read_split(tmp_path / "split.csv") == rows


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("subject,img,fold,part\n1,1,0,test\n")
    with pytest.raises(InputError, match=r"split\.csv: line 2: unknown part 'test'; run dvc repro"):
        read_split(tmp_path / "split.csv")


def test_several_trained_folds_judge_every_frame_of_theirs() -> None:
    doubtful = {record[:2] for record in REAL[::50]}
    folds = assign_folds(REAL, "subject", FOLDS, seed=1, doubtful=doubtful)
    for validated in ({0}, {1, 3}, set(range(FOLDS))):
        for frame, row in zip(folds, subsets(folds, validated), strict=True):
            other = "left_out" if frame.doubtful else "train"
            assert row == (*frame[:3], "valid" if frame.fold in validated else other)


def test_the_table_of_folds_reads_back_as_it_was_written(tmp_path: Path) -> None:
    rows = [FoldRow(1, 1, 0, False), FoldRow(1, 2, 1, True)]
    write_folds(tmp_path / "folds.csv", rows)
    assert (tmp_path / "folds.csv").read_text() == "subject,img,fold,doubtful\n1,1,0,0\n1,2,1,1\n"
    assert read_folds(tmp_path / "folds.csv") == rows


def test_a_doubt_other_than_0_and_1_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folds.csv").write_text("subject,img,fold,doubtful\n1,1,0,2\n")
    with pytest.raises(InputError, match=r"folds\.csv: line 2: doubtful is 0 or 1; run dvc repro"):
        read_folds(tmp_path / "folds.csv")
