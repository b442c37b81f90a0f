"""Section `data`: where the competition comes from."""

from typing import Literal, Self

from pydantic import Field, model_validator

from nerveseg.params.section import Section
from nerveseg.params.simulated import SimulatedParams


class KaggleParams(Section):
    """Kaggle.

    Attributes:
        competition: the competition's name in its address.
    """

    competition: str = Field(pattern="^[a-z0-9-]+$")


class DataParams(Section):
    """The data.

    Attributes:
        source: simulated (made on the spot), archive (a zip or folder of your own) or kaggle.
        archive: path of that zip or folder; for source archive.
        solution: path of a table img,pixels,Usage of the test images, if there is one; for
            source archive.
        simulated: settings of the simulated competition.
        kaggle: settings of the download.
    """

    source: Literal["simulated", "archive", "kaggle"]
    archive: str | None
    solution: str | None
    simulated: SimulatedParams
    kaggle: KaggleParams

    @model_validator(mode="after")
    def _archive_is_named(self) -> Self:
        if self.source == "archive" and self.archive is None:
            raise ValueError("source is archive: set data.archive to the path of a zip or folder")
        return self
