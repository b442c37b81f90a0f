"""The section `score` of params.yaml."""

from pydantic import Field

from nerveseg.params.section import Section


class ScoreParams(Section):
    """What is measured on the validation frames.

    Attributes:
        bins: of equal width in predicted probability, for the calibration.
    """

    bins: int = Field(ge=2, le=100)
