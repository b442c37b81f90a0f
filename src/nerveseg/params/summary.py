"""The section `summary` of params.yaml."""

from pydantic import Field

from nerveseg.params.section import Section


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
