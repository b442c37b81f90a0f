"""The part `simulated` of the section `data`: the competition made on the spot."""

from pydantic import Field

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
