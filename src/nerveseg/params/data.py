"""Sections `data`, `pack`, `audit` and `split`: where frames come from, and which of them train."""

from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, model_validator

from nerveseg.params.section import Section, validated

T = TypeVar("T", bound=Section)
_PathName = Annotated[str, Field(min_length=1)]
_MOST: Final = 100_000  # subjects, or frames of one


class SimulatedSource(Section):
    """Settings of the simulated competition (`nerveseg.data.simulated`).

    Attributes:
        recipe: version of the simulator. Raise it with every change of the simulator's output:
            the stage `download` does not depend on code, and this value makes it run again.
        seed: the same seed gives the same bytes.
        train_subjects: subjects in the training set; none of them is in the test set.
        train_frames: frames in the sweep over each of these.
        test_subjects: subjects in the test set.
        test_frames: frames in the sweep over each of these.
        nerve_share: fraction of frames that show the nerve, as a mean over subjects.
        nerve_spread: standard deviation of that fraction over subjects.
        unlabelled: fraction of the training frames with a nerve that are labelled as empty.
    """

    recipe: int = Field(ge=1)
    seed: int = Field(ge=0, lt=1 << 63)
    train_subjects: int = Field(ge=2, le=_MOST)
    train_frames: int = Field(ge=2, le=_MOST)
    test_subjects: int = Field(ge=1, le=_MOST)
    test_frames: int = Field(ge=2, le=_MOST)
    nerve_share: float = Field(gt=0, lt=1)
    nerve_spread: float = Field(ge=0, lt=0.5)
    unlabelled: float = Field(ge=0, le=1)


class KaggleSource(Section):
    """Settings of the download from Kaggle.

    Attributes:
        competition: the competition's name in its URL.
    """

    competition: str = Field(pattern="^[a-z0-9-]+$")


class DataParams(Section):
    """The data.

    Further keys are the settings of sources that you add: a mapping under the source's name.

    Attributes:
        source: a key of `nerveseg.data.sources.SOURCES`: simulated (generated locally), archive
            (a zip or folder of your own) or kaggle.
        archive: path of that zip or folder; for source archive.
        solution: path of a table img,pixels,Usage of the test images, if there is one; for
            source archive.
        simulated: settings of the simulated competition.
        kaggle: settings of the download.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, object]]

    source: str
    archive: _PathName | None
    solution: _PathName | None
    simulated: SimulatedSource
    kaggle: KaggleSource

    @model_validator(mode="after")
    def _archive_is_named(self) -> Self:
        if self.source == "archive" and self.archive is None:
            raise ValueError("source is archive: set data.archive to the path of a zip or folder")
        return self

    def names_of_settings(self) -> list[str]:
        """Return the names of the sources that you added settings for."""
        return list(self.__pydantic_extra__ or {})

    def settings(self, source: str, kind: type[T]) -> T:
        """Return the settings `data.SOURCE` of a source that you added, as a `kind`.

        Raises:
            InputError: they are missing, or a value is impossible; the message names the key.
        """
        return validated((self.__pydantic_extra__ or {}).get(source, {}), f"data.{source}", kind)


Side = Annotated[int, Field(ge=16, le=4096)]


class PackParams(Section):
    """Packing of the frames into arrays.

    Attributes:
        shape: height and width in pixels; the paper's is [512, 512].
    """

    # YAML has lists but no tuples.
    shape: Annotated[tuple[Side, Side], Field(strict=False)]


class AuditParams(Section):
    """The search for labels that contradict those of similar frames.

    Attributes:
        blocks: number of rows and of columns of the grid of blocks whose statistics are compared.
        bandwidth: bandwidth of a frame's vote, in median nearest-neighbour distances.
        agreement: a label is doubtful if at least this fraction of the votes is against it.
        least_similarity: correlation that two frames must reach to vote on each other.
    """

    blocks: int = Field(ge=2, le=64)
    bandwidth: float = Field(gt=0)
    agreement: float = Field(gt=0.5, le=1)
    least_similarity: float = Field(ge=-1, lt=1)


class SplitParams(Section):
    """The split into training and validation frames.

    Attributes:
        protocol: subject (no subject in both subsets) or image (the paper's, at random).
        folds: number of folds; 5 gives the paper's 80/20 split.
        fold: index of the validation fold, from 0.
        seed: seed of the shuffling.
        drop_contradictions: exclude the frames from training whose labels the audit found doubtful.
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
