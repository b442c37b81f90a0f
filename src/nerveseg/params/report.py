"""The section `report` of params.yaml."""

from pydantic import Field

from nerveseg.params.section import Section


class ReportParams(Section):
    """What the report shows; the network it holds the others against is `summary.reference`.

    Attributes:
        frames: validation frames in the image browser, beside those that the figures need.
        examples: frames in a figure of examples, and failures of each kind.
    """

    frames: int = Field(ge=0, le=400)
    examples: int = Field(ge=1, le=12)
