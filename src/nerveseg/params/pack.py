"""Section `pack`: the shape in which frames are stored and shown to networks."""

from typing import Annotated

from pydantic import Field

from nerveseg.params.section import Section

Side = Annotated[int, Field(ge=16, le=4096)]


class PackParams(Section):
    """Packing.

    Attributes:
        shape: height and width in pixels; the paper's is [512, 512].
    """

    # YAML has lists only.
    shape: Annotated[tuple[Side, Side], Field(strict=False)]
