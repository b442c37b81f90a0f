"""Which runs are called better than the baselines, and which are called collapsed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nerveseg import verdicts
from nerveseg.data.layout import TrainRecord
from nerveseg.errors import InputError
from nerveseg.evaluation.baselines import Baselines
from nerveseg.evaluation.clustered import clustered_means
from nerveseg.evaluation.frame_scores import FrameScores
from nerveseg.evaluation.verdict import Verdict, judge
from nerveseg.metrics.overlap import Counts
from nerveseg.metrics.ranking import PixelRanking
from nerveseg.rle import IMAGE_SHAPE

FULL = IMAGE_SHAPE[0] * IMAGE_SHAPE[1]
EMPTY = np.array([1.0, 0.0, 0.0] * 4)
CONSTANT = np.array([0.0, 0.3, 0.5] * 4)


def judged(
    dice: NDArray[np.float64], area: float | NDArray[np.float64] = 5000.0, subjects: int = 4
) -> Verdict:
    truths = [TrainRecord(img % subjects, img, "") for img in range(12)]
    baselines = Baselines(
        {}, {"all_empty": EMPTY, "constant_mask": CONSTANT}, [row[:2] for row in truths], 1, 1
    )
    columns = {"dice": dice, "predicted_area": np.broadcast_to(area, 12).astype(float)}
    counts = Counts(*np.zeros((4, 12), dtype=np.int64))
    frames = FrameScores(columns, counts, PixelRanking())
    return judge(frames, baselines, truths, 0.95)


def test_a_run_that_outlines_nothing_has_collapsed() -> None:
    found = judged(EMPTY, area=0.0)
    assert found.verdict == verdicts.NOTHING
    assert (found.baseline, found.over_baseline) == ("all_empty", 0)
    assert judged(EMPTY, area=np.eye(1, 12)[0]).verdict == verdicts.BELOW


@pytest.mark.parametrize(
    ("share", "frames", "collapsed"), [(1.0, 12, True), (0.96, 12, True), (1.0, 11, False),
                                       (0.9, 12, False)]
)  # fmt: skip
def test_a_run_that_outlines_everything_has_collapsed(
    share: float, frames: int, collapsed: bool
) -> None:
    area = np.where(np.arange(12) < frames, share * FULL, 5000.0)
    found = judged(CONSTANT / 2, area).verdict
    assert found == (verdicts.EVERYTHING if collapsed else verdicts.BELOW)


def test_a_mean_no_higher_than_the_better_baseline_is_not_above_it() -> None:
    assert judged(EMPTY).verdict == verdicts.BELOW
    # Above the constant mask's mean, and below the empty one's.
    between = judged(np.full(12, 0.3))
    assert (between.verdict, between.baseline) == (verdicts.BELOW, "all_empty")


def test_the_interval_of_the_paired_difference_decides() -> None:
    dice = EMPTY + np.array([0.0, 0.5, 0.5] * 4)
    found = judged(dice)
    assert found.verdict == verdicts.ABOVE
    assert found.over_baseline == pytest.approx(1 / 3)
    subject = np.arange(12) % 4
    expected = clustered_means((dice - EMPTY)[:, None], subject).interval(0, 0.95)
    assert found[2:4] == pytest.approx(expected)
    # One subject alone improves, by as much in total as all of them did.
    uneven = EMPTY + np.where(subject == 0, 4 / 3, 0.0)
    assert judged(uneven).over_baseline == pytest.approx(1 / 3)
    assert judged(uneven).verdict == verdicts.INSEPARABLE


def test_few_subjects_decide_nothing() -> None:
    found = judged(np.ones(12), subjects=2)
    assert found.verdict == verdicts.TOO_FEW
    assert np.isnan(found.over_baseline_low)


def test_other_frames_are_refused() -> None:
    frames = FrameScores({}, Counts(*np.zeros((4, 0), np.int64)), PixelRanking())
    with pytest.raises(InputError, match="other frames"):
        judge(frames, Baselines({}, {}, [(1, 1)], 0, 0), [TrainRecord(1, 2, "")], 0.95)
