"""One pass over frames gives what scikit-learn and plain arithmetic give, one frame at a time."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from nerveseg.evaluation.frames import Frame
from nerveseg.evaluation.measure import Measured, measure
from nerveseg.evaluation.presence import thresholds
from nerveseg.evaluation.score import frame_means, mean_defined, nerve_or_not, pooled

SHAPE = (30, 40)


def blank() -> NDArray[np.uint8]:
    return np.zeros(SHAPE, dtype=np.uint8)


def box(top: int, left: int, tall: int, wide: int) -> NDArray[np.uint8]:
    mask = blank()
    mask[top : top + tall, left : left + wide] = 1
    return mask


def frame(truth: NDArray[np.uint8], guess: NDArray[np.uint8], seed: int = 0) -> Frame:
    noise = np.random.default_rng(seed).integers(0, 120, SHAPE, dtype=np.uint8)
    return Frame(truth, guess, noise + guess * np.uint8(100))


def several() -> list[Frame]:
    rng = np.random.default_rng(1)
    random = [rng.integers(0, 2, SHAPE, dtype=np.uint8) for _ in range(4)]
    return [
        frame(random[0], random[1]),
        frame(random[2], random[3], 1),
        frame(blank(), blank(), 2),
        frame(blank(), box(3, 4, 5, 6), 3),
        frame(box(3, 4, 5, 6), blank(), 4),
        frame(box(2, 2, 10, 12), box(4, 3, 10, 12), 5),
        frame(box(0, 0, 30, 40), box(0, 0, 30, 40), 6),
    ]


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure(several())


def test_two_boxes_by_hand() -> None:
    # 10 x 12 against the same moved by 2 rows and 1 column: 8 x 11 pixels shared.
    scores = measure([frame(box(2, 2, 10, 12), box(4, 3, 10, 12))]).frames
    assert scores.dice == pytest.approx([88 / 120])
    assert scores.sensitivity == pytest.approx([88 / 120])
    assert scores.specificity == pytest.approx([1 - 32 / 1080])
    assert scores.accuracy == pytest.approx([1 - 64 / 1200])
    assert (scores.true_area[0], scores.predicted_area[0]) == (120, 120)


def test_scores_are_scikit_learns(measured: Measured) -> None:
    for place, one in enumerate(several()):
        truth, guess = one.truth.ravel(), one.prediction.ravel()
        scores = measured.frames
        assert scores.accuracy[place] == pytest.approx(metrics.accuracy_score(truth, guess))
        dice = metrics.f1_score(truth, guess, zero_division=1.0)
        assert scores.dice[place] == pytest.approx(dice)
        if truth.any():
            assert scores.sensitivity[place] == pytest.approx(metrics.recall_score(truth, guess))
        if not truth.all():
            specificity = metrics.recall_score(truth, guess, pos_label=0)
            assert scores.specificity[place] == pytest.approx(specificity)
        if truth.any() and not truth.all():
            auc = metrics.roc_auc_score(truth, one.codes.ravel())
            assert scores.auc[place] == pytest.approx(auc)


def test_the_pooled_auc_is_scikit_learns_over_all_pixels(measured: Measured) -> None:
    truth = np.concatenate([one.truth.ravel() for one in several()])
    codes = np.concatenate([one.codes.ravel() for one in several()])
    guess = np.concatenate([one.prediction.ravel() for one in several()])
    figures = pooled(measured)
    assert figures["auc"] == pytest.approx(metrics.roc_auc_score(truth, codes), abs=1e-12)
    assert figures["pooled_dice"] == pytest.approx(metrics.f1_score(truth, guess))
    assert figures["pooled_sensitivity"] == pytest.approx(metrics.recall_score(truth, guess))


def test_nothing_predicted_where_nothing_is_scores_one(measured: Measured) -> None:
    assert measured.frames.dice[2] == 1
    assert measured.frames.dice[3] == measured.frames.dice[4] == 0


def test_what_needs_a_nerve_is_undefined_without_one(measured: Measured) -> None:
    scores = measured.frames
    for values in (scores.sensitivity, scores.auc, scores.hd95, scores.msd):
        assert np.isnan(values[2:4]).all()
    assert np.isnan(scores.hd95[4])
    assert scores.sensitivity[4] == 0
    assert np.isnan(scores.specificity[6])


def test_a_mean_is_over_the_frames_where_the_score_is_defined(measured: Measured) -> None:
    means = frame_means(measured.frames)
    assert means["sensitivity"] == pytest.approx(
        measured.frames.sensitivity[[0, 1, 4, 5, 6]].mean()
    )
    assert means["dice_nerve"] == pytest.approx(measured.frames.dice[[0, 1, 4, 5, 6]].mean())
    assert np.isnan(mean_defined(np.full(3, np.nan)))


def test_presence_is_decided_by_the_submitted_mask(measured: Measured) -> None:
    frames = measured.frames
    curve = thresholds(frames.presence, frames.true_area > 0, frames.dice)
    found = nerve_or_not(frames, curve)
    # Called: frames 0, 1, 3, 5, 6; with a nerve: 0, 1, 4, 5, 6.
    assert found["presence_precision"] == pytest.approx(4 / 5)
    assert found["presence_recall"] == pytest.approx(4 / 5)
    assert found["presence_f1"] == pytest.approx(4 / 5)


def test_frames_without_any_nerve_leave_undefined_what_must_be() -> None:
    result = measure([frame(blank(), blank())])
    means = frame_means(result.frames)
    assert means["dice"] == means["specificity"] == means["accuracy"] == 1
    assert np.isnan([means["sensitivity"], means["dice_nerve"], means["hd95"]]).all()
    assert np.isnan(pooled(result)["auc"])


def test_the_same_frame_gives_the_same_bits_wherever_it_lies_in_memory() -> None:
    # cv2's distances differ in their last bit from call to call, as buffers come to lie.
    one = frame(box(2, 2, 10, 12), box(9, 17, 14, 19))
    ballast, means = [], set()
    for size in range(300):
        ballast.append(np.empty(37 * size % 4999, dtype=np.uint8))
        means.add(measure([one]).frames.msd[0])
    assert len(means) == 1
