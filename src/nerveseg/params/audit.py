"""Section `audit`: when a frame's label counts as doubtful."""

from pydantic import Field

from nerveseg.params.section import Section


class AuditParams(Section):
    """The search for contradictory labels.

    Attributes:
        blocks: side of the grid of blocks that frames are compared by.
        reach: how far a frame's say goes, in median distances from a frame to its nearest.
        agreement: the share of votes against a frame's label that makes it doubtful.
    """

    blocks: int = Field(ge=2, le=64)
    reach: float = Field(gt=0)
    agreement: float = Field(gt=0.5, le=1)
