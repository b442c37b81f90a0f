"""Section `encode`: how prediction maps become masks."""

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
