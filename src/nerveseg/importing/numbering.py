"""Which subjects are tested, and the numbers of subjects and images in the archive."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from nerveseg.errors import InputError
from nerveseg.importing.patterns import natural
from nerveseg.importing.prepare import Frame


class Numbered(NamedTuple):
    """A frame with its numbers.

    Attributes:
        frame: the frame.
        subject: number of the subject.
        img: number of the image: within the subject for training, within the test set for test.
    """

    frame: Frame
    subject: int
    img: int


class Contents(NamedTuple):
    """What the archive will hold.

    Attributes:
        subjects: number of each subject by its name.
        train: in numeric order.
        test: in numeric order.
    """

    subjects: dict[str, int]
    train: list[Numbered]
    test: list[Numbered]


def number(frames: Sequence[Frame], test_subjects: Sequence[str]) -> Contents:
    """Return frames with their numbers.

    Frames without a known mask are tested, and so are those of `test_subjects`.

    Args:
        frames: all frames, in natural order of their files.
        test_subjects: names of subjects.
    """
    names = sorted({frame.source.subject for frame in frames}, key=natural)
    subjects = {name: index for index, name in enumerate(names, 1)}
    ordered = sorted(frames, key=lambda frame: subjects[frame.source.subject])
    train: list[Numbered] = []
    test: list[Numbered] = []
    for frame in ordered:
        subject = subjects[frame.source.subject]
        if frame.pixels is None or frame.source.subject in test_subjects:
            test.append(Numbered(frame, subject, len(test) + 1))
        else:
            earlier = train[-1].img if train and train[-1].subject == subject else 0
            train.append(Numbered(frame, subject, earlier + 1))
    return Contents(subjects, train, test)


def draw_test_subjects(names: Sequence[str], share: float, seed: int) -> list[str]:
    """Return a random share of the subjects: at least one, and not all.

    Raises:
        InputError: there is only one subject.
    """
    ordered = sorted(set(names), key=natural)
    if len(ordered) < 2:  # noqa: PLR2004
        raise InputError(
            "only one subject, so that none is left to test; correct --subject, or name images "
            "without masks to be tested with --test-images"
        )
    count = min(max(round(share * len(ordered)), 1), len(ordered) - 1)
    return random.Random(seed).sample(ordered, count)


def check_test_subjects(names: Sequence[str], chosen: Sequence[str]) -> None:
    """Check the subjects that are to be tested.

    Raises:
        InputError: one of them does not occur, or no other subject is left.
    """
    known = sorted(set(names), key=natural)
    for name in chosen:
        if name not in known:
            raise InputError(
                f"--test-subjects: no image shows '{name}'; the subjects are "
                f"{', '.join(known)[:400]}"
            )
    if set(known) <= set(chosen):
        raise InputError("--test-subjects: no other subject is left for training; name fewer")


def draw_usages(count: int, public: float, seed: int) -> list[str]:
    """Return Public or Private for each of `count` test images; both occur from two images on."""
    chosen = min(max(round(public * count), 1), count - 1)
    drawn = set(random.Random(seed).sample(range(count), chosen))
    return ["Public" if index in drawn else "Private" for index in range(count)]
