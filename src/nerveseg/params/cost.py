"""The section `cost` of params.yaml."""

from pydantic import Field

from nerveseg.params.section import Section


class CostParams(Section):
    """At what a network's cost is measured.

    Attributes:
        side: height and width of the image, in pixels; the paper's is 512.
    """

    side: int = Field(ge=32, le=4096)
