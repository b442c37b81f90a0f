"""Sections of the stages after prediction, `decide` to `report`, and `leaderboard`."""

from typing import Literal

from pydantic import Field

from nerveseg.params.section import Section


class DecideParams(Section):
    """By which rule a map becomes a mask.

    Attributes:
        rule: `fixed` takes the section `encode` as it is. The others are fitted on the validation
            frames: `area` is a threshold and a least area; `triplet` outlines a frame at a low
            threshold if enough of its pixels are above a high one; `presence` outlines it if the
            probability of a nerve exceeds 1 / (1 + the expected Dice). `best` is the one of these
            with the highest cross-fitted Dice.
        folds: groups of validation subjects; the frames of each are decided by rules fitted on the
            other groups.
        match_prevalence: whether a `presence` rule is adapted to the share of test frames with a
            nerve, as estimated from the test maps.
        sweep: weight of a frame's near-duplicates in its map, which is smoothed before any rule;
            0 leaves maps as they are.
        shape: principal components of the training masks' shapes, by which outlines are redrawn
            after any rule; 0 leaves outlines as they are.
    """

    rule: Literal["fixed", "area", "triplet", "presence", "best"]
    folds: int = Field(ge=2)
    match_prevalence: bool
    sweep: float = Field(ge=0, lt=1)
    shape: int = Field(ge=0, le=100)


class EncodeParams(Section):
    """The rule `fixed`: the threshold and the small-blob rule.

    Attributes:
        threshold: pixels with at least this probability are inside the mask.
        min_blob: blobs with fewer pixels, at the competition's size, are removed; by the other
            rules of the section `decide` as well.
        min_total: masks with fewer pixels in total are emptied.
    """

    threshold: float = Field(gt=0, lt=1)
    min_blob: int = Field(ge=0)
    min_total: int = Field(ge=0)


class ScoreParams(Section):
    """How validation frames are scored.

    Attributes:
        bins: number of calibration bins, of equal width in predicted probability.
    """

    bins: int = Field(ge=2, le=100)


class CostParams(Section):
    """The image on which the cost of a network is measured.

    Attributes:
        side: height and width of the image, in pixels; the paper's is 512.
    """

    side: int = Field(ge=32, le=4096)


class SummaryParams(Section):
    """How runs are compared with each other.

    Attributes:
        reference: the run that every other run is compared with.
        level: confidence level of the intervals; a difference is called separable if its
            p-value, after Holm's correction, is below 1 - level.
    """

    reference: str
    level: float = Field(gt=0.5, lt=1)


class ReportParams(Section):
    """How many frames the report shows.

    Attributes:
        frames: validation frames in the image browser, in addition to those that the figures show,
            and as many test frames.
        examples: frames in the figure of examples, and failures of each kind.
    """

    frames: int = Field(ge=0, le=400)
    examples: int = Field(ge=1, le=12)


class LeaderboardParams(Section):
    """What to submit when the leaderboard stage is run by name.

    Attributes:
        runs: runs whose submissions/RUN.csv is sent to Kaggle; if empty, nothing is sent.
        wait: seconds to wait for the scores; run the stage again to collect later ones.
    """

    runs: list[str]
    wait: int = Field(ge=0)
