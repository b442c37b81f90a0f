"""Sections `data`, `pack`, `audit` and `split`: where frames come from, which train."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nerveseg.params.section import Section


class SimulatedParams(Section):
    """What `nerveseg.data.simulated` draws.

    Attributes:
        recipe: version of the simulator, to be raised with every change of its code: the
            download stage names no code, so this is what makes it run again.
        seed: the same seed gives the same bytes.
        train_subjects: necks in the training set; none of them is in the test set.
        train_frames: frames in the sweep over each of them.
        test_subjects: necks in the test set.
        test_frames: frames in the sweep over each of them.
        nerve_share: mean over subjects of the share of frames that show the nerve.
        nerve_spread: standard deviation of that share over subjects.
        unlabelled: share of the training frames with a nerve that are labelled as if empty.
    """

    recipe: int = Field(ge=1)
    seed: int = Field(ge=0)
    train_subjects: int = Field(ge=2)
    train_frames: int = Field(ge=2)
    test_subjects: int = Field(ge=1)
    test_frames: int = Field(ge=2)
    nerve_share: float = Field(gt=0, lt=1)
    nerve_spread: float = Field(ge=0, lt=0.5)
    unlabelled: float = Field(ge=0, le=1)


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


Side = Annotated[int, Field(ge=16, le=4096)]


class PackParams(Section):
    """Packing.

    Attributes:
        shape: height and width in pixels; the paper's is [512, 512].
    """

    # YAML has lists only.
    shape: Annotated[tuple[Side, Side], Field(strict=False)]


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


class SplitParams(Section):
    """Splitting.

    Attributes:
        protocol: subject (no subject on both sides) or image (the paper's, at random).
        folds: number of folds; 5 is the paper's 80/20.
        fold: the one that validates, counted from 0.
        seed: of the shuffling.
        drop_contradictions: leave the frames that the audit doubts out of training.
    """

    protocol: Literal["subject", "image"]
    folds: int = Field(ge=2)
    fold: int = Field(ge=0)
    seed: int = Field(ge=0, lt=1 << 32)
    drop_contradictions: bool

    @model_validator(mode="after")
    def _fold_is_one_of_them(self) -> Self:
        if self.fold >= self.folds:
            raise ValueError(f"fold {self.fold}: the last of {self.folds} is {self.folds - 1}")
        return self
