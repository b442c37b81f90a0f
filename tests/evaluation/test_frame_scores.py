"""The scores from one pass over the frames agree with scikit-learn and with plain arithmetic."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from nerveseg.evaluation.frame_scores import FRAME_METRICS, FrameMetric, FrameScores, score_frames
from nerveseg.evaluation.presence import thresholds
from nerveseg.evaluation.result_files import nan_mean
from nerveseg.evaluation.run_scores import frame_means, pooled_scores, presence_scores
from nerveseg.evaluation.validation_set import Frame

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
def scored() -> FrameScores:
    return score_frames(several())


def test_two_boxes_by_hand() -> None:
    # A rectangle of 10 x 12 and the same moved by 2 rows and 1 column share 8 x 11 pixels.
    scores = score_frames([frame(box(2, 2, 10, 12), box(4, 3, 10, 12))])
    assert scores["dice"] == pytest.approx([88 / 120])
    assert scores["sensitivity"] == pytest.approx([88 / 120])
    assert scores["specificity"] == pytest.approx([1 - 32 / 1080])
    assert scores["accuracy"] == pytest.approx([1 - 64 / 1200])
    assert (scores["true_area"][0], scores["predicted_area"][0]) == (120, 120)


def test_scores_are_scikit_learns(scored: FrameScores) -> None:
    for place, one in enumerate(several()):
        truth, guess = one.truth.ravel(), one.prediction.ravel()
        assert scored["accuracy"][place] == pytest.approx(metrics.accuracy_score(truth, guess))
        dice = metrics.f1_score(truth, guess, zero_division=1.0)
        assert scored["dice"][place] == pytest.approx(dice)
        if truth.any():
            assert scored["sensitivity"][place] == pytest.approx(metrics.recall_score(truth, guess))
        if not truth.all():
            specificity = metrics.recall_score(truth, guess, pos_label=0)
            assert scored["specificity"][place] == pytest.approx(specificity)
        if truth.any() and not truth.all():
            auc = metrics.roc_auc_score(truth, one.codes.ravel())
            assert scored["auc"][place] == pytest.approx(auc)


def test_the_pooled_auc_is_scikit_learns_over_all_pixels(scored: FrameScores) -> None:
    truth = np.concatenate([one.truth.ravel() for one in several()])
    codes = np.concatenate([one.codes.ravel() for one in several()])
    guess = np.concatenate([one.prediction.ravel() for one in several()])
    figures = pooled_scores(scored)
    assert figures["auc"] == pytest.approx(metrics.roc_auc_score(truth, codes), abs=1e-12)
    assert figures["pooled_dice"] == pytest.approx(metrics.f1_score(truth, guess))
    assert figures["pooled_sensitivity"] == pytest.approx(metrics.recall_score(truth, guess))


def test_nothing_predicted_where_nothing_is_scores_one(scored: FrameScores) -> None:
    assert scored["dice"][2] == 1
    assert scored["dice"][3] == scored["dice"][4] == 0


def test_what_needs_a_nerve_is_undefined_without_one(scored: FrameScores) -> None:
    for values in (scored["sensitivity"], scored["auc"], scored["hd95"], scored["msd"]):
        assert np.isnan(values[2:4]).all()
    assert np.isnan(scored["hd95"][4])
    assert scored["sensitivity"][4] == 0
    assert np.isnan(scored["specificity"][6])


def test_a_mean_is_over_the_frames_where_the_score_is_defined(scored: FrameScores) -> None:
    means = frame_means(scored)
    assert means["sensitivity"] == pytest.approx(scored["sensitivity"][[0, 1, 4, 5, 6]].mean())
    assert means["dice_nerve"] == pytest.approx(scored["dice"][[0, 1, 4, 5, 6]].mean())
    assert np.isnan(nan_mean(np.full(3, np.nan)))


def test_presence_is_decided_by_the_submitted_mask(scored: FrameScores) -> None:
    curve = thresholds(scored["presence"], scored["true_area"] > 0, scored["dice"])
    found = presence_scores(scored, curve)
    # Called: frames 0, 1, 3, 5, 6; with a nerve: 0, 1, 4, 5, 6.
    assert found["presence_precision"] == pytest.approx(4 / 5)
    assert found["presence_recall"] == pytest.approx(4 / 5)
    assert found["presence_f1"] == pytest.approx(4 / 5)


def test_frames_without_any_nerve_leave_undefined_what_must_be() -> None:
    result = score_frames([frame(blank(), blank())])
    means = frame_means(result)
    assert means["dice"] == means["specificity"] == means["accuracy"] == 1
    assert np.isnan([means["sensitivity"], means["dice_nerve"], means["hd95"]]).all()
    assert np.isnan(pooled_scores(result)["auc"])


def test_an_added_metric_is_a_column_and_has_a_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    added = FrameMetric(lambda of: float(of.frame.prediction[0].sum()))
    monkeypatch.setitem(FRAME_METRICS, "top_row", added)
    scores = score_frames(several())
    assert list(scores.columns)[-1] == "top_row"
    assert scores["top_row"][-1] == 40
    assert frame_means(scores)["top_row"] == scores["top_row"].mean()


def test_what_goes_into_the_summary_has_a_mean() -> None:
    assert all(metric.averaged for metric in FRAME_METRICS.values() if metric.in_summary)


def test_the_same_frame_gives_the_same_bits_wherever_it_lies_in_memory() -> None:
    # The last bit of cv2's distances depends on the memory alignment of its buffers.
    one = frame(box(2, 2, 10, 12), box(9, 17, 14, 19))
    ballast, means = [], set()
    for size in range(300):
        ballast.append(np.empty(37 * size % 4999, dtype=np.uint8))
        means.add(score_frames([one])["msd"][0])
    assert len(means) == 1
