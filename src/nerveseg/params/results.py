"""Sections of the stages after prediction, `encode` to `report`, and `leaderboard`."""

from pydantic import Field

from nerveseg.params.section import Section


class EncodeParams(Section):
    """The threshold and the small-blob rule.

    Attributes:
        threshold: probability from which a pixel is inside.
        min_blob: blobs of fewer pixels, at the competition's size, are dropped.
        min_total: masks of fewer pixels in all are emptied.
    """

    threshold: float = Field(gt=0, lt=1)
    min_blob: int = Field(ge=0)
    min_total: int = Field(ge=0)


class ScoreParams(Section):
    """What is measured on the validation frames.

    Attributes:
        bins: of equal width in predicted probability, for the calibration.
    """

    bins: int = Field(ge=2, le=100)


class CostParams(Section):
    """At what a network's cost is measured.

    Attributes:
        side: height and width of the image, in pixels; the paper's is 512.
    """

    side: int = Field(ge=32, le=4096)


class SummaryParams(Section):
    """How networks are held against each other.

    Attributes:
        reference: the network that every other is compared with.
        draws: bootstrap samples of the subjects.
        level: of the intervals; differences are called separable at 1 - level after Holm.
        seed: of the bootstrap.
    """

    reference: str
    draws: int = Field(ge=100, le=1_000_000)
    level: float = Field(gt=0.5, lt=1)
    seed: int = Field(ge=0)


class ReportParams(Section):
    """What the report shows; the network it holds the others against is `summary.reference`.

    Attributes:
        frames: validation frames in the image browser, beside those that the figures need.
        examples: frames in a figure of examples, and failures of each kind.
    """

    frames: int = Field(ge=0, le=400)
    examples: int = Field(ge=1, le=12)


class LeaderboardParams(Section):
    """What to submit when the leaderboard is run by name.

    Attributes:
        networks: networks whose submissions/NETWORK.csv goes to Kaggle; none submits nothing.
        wait: seconds to wait for the scores; what is pending then is picked up by the next run.
    """

    networks: list[str]
    wait: int = Field(ge=0)
