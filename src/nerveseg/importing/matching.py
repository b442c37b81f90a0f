"""Which file is an image, which masks belong to it, and whom it shows."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nerveseg.csv_reader import lines, read_file
from nerveseg.errors import InputError
from nerveseg.importing.patterns import Match, Pattern, compiled

SubjectOf = Callable[[str], str | None]
"""Returns the name of the subject that an image shows, or None if it is not known."""


class MaskFile(NamedTuple):
    """A file that outlines an image.

    Attributes:
        name: its path, relative to the folder.
        frame: the frame that it outlines, as numbered in its name; None if it outlines all.
    """

    name: str
    frame: int | None


class Source(NamedTuple):
    """An image file with its masks.

    Attributes:
        name: path of the image, relative to the folder.
        subject: name of the subject.
        masks: files whose union is the mask; none if there are no such files.
        labelled: whether the image belongs to the labelled ones, rather than to `unlabelled`.
    """

    name: str
    subject: str
    masks: list[MaskFile]
    labelled: bool


class Matched(NamedTuple):
    """The outcome of matching.

    Attributes:
        sources: image files in natural order.
        faults: one message for each fault.
        ignored: files that no pattern matches.
    """

    sources: list[Source]
    faults: list[str]
    ignored: list[str]


def match(
    names: Sequence[str],
    images: Pattern,
    masks: Pattern | None,
    unlabelled: Pattern | None,
    subject_of: SubjectOf,
) -> Matched:
    """Return the images among `names` with their masks.

    A file that matches the pattern of the masks is no image.

    Args:
        names: paths of all files.
        images: pattern of the images.
        masks: pattern of the masks; None if a single file describes the masks of all images.
        unlabelled: pattern of the images whose masks are not known.
        subject_of: returns the subject of an image.
    """
    faults: list[str] = []
    outlines = _found(names, masks)
    pictures = {name: key for name, key in _found(names, images).items() if name not in outlines}
    others = {
        name: key
        for name, key in _found(names, unlabelled).items()
        if name not in outlines and name not in pictures
    }
    if not pictures:
        which = "only masks match" if any(map(images.match, names)) else "no file matches"
        faults.append(f"{images.text}: {which}; correct the pattern of the images")
    # Without any image, it is the pattern that is wrong, not each of the masks.
    owners = _owners(pictures, outlines, faults) if pictures else {}
    sources = []
    for name in (*pictures, *others):
        if name != name.encode(errors="replace").decode():
            faults.append(f"{name!a}: its name is not UTF-8; rename it")
            continue
        if (subject := subject_of(name)) is None:
            faults.append(
                f"{name}: its subject is not known; correct --subject, or add a row to the table "
                "of subjects"
            )
            continue
        sources.append(Source(name, subject, owners.get(name, []), name in pictures))
    used = {*outlines, *pictures, *others}
    return Matched(sources, faults, [name for name in names if name not in used])


def _found(names: Sequence[str], pattern: Pattern | None) -> dict[str, Match]:
    matches = ((name, pattern.match(name) if pattern else None) for name in names)
    return {name: match for name, match in matches if match is not None}


def _owners(
    pictures: Mapping[str, Match], outlines: Mapping[str, Match], faults: list[str]
) -> dict[str, list[MaskFile]]:
    """Return the masks of each image; a mask without its image is added to `faults`."""
    by_key: dict[tuple[str, ...], list[str]] = {}
    for name, found in pictures.items():
        by_key.setdefault(found.key, []).append(name)
    lengths = sorted({len(key) for key in by_key}, reverse=True)
    owners: dict[str, list[MaskFile]] = {}
    for name, found in outlines.items():
        key = next((found.key[:n] for n in lengths if found.key[:n] in by_key), None)
        if key is None:
            faults.append(f"{name}: a mask without its image; add the image or remove the mask")
            continue
        for owner in by_key[key]:
            owners.setdefault(owner, []).append(MaskFile(name, found.frame))
    for key, rivals in by_key.items():
        if len(rivals) > 1 and rivals[0] in owners:
            faults.append(
                f"{rivals[1]}: has the same masks as {rivals[0]} by the patterns ({'/'.join(key)})"
                "; make the patterns tell them apart"
            )
    return owners


def subject_by_name(regex: str) -> SubjectOf:
    """Return a function that searches for `regex` in the path of an image.

    Args:
        regex: a regular expression with the named group `subject`.

    Raises:
        InputError: it is invalid or has no such group.
    """
    pattern = compiled(regex, "subject")

    def subject_of(name: str) -> str | None:
        found = pattern.search(name)
        return (found["subject"] or None) if found else None

    return subject_of


def subject_by_table(path: Path, file_column: str, subject_column: str) -> SubjectOf:
    """Return a function that looks an image up in a CSV table, by its path or its file name.

    Args:
        path: the table.
        file_column: the column with the images' paths, relative to the folder, or file names.
        subject_column: the column with the subjects' names.

    Raises:
        InputError: the table is unreadable, lacks a column, or names an image twice.
    """
    table = lines(read_file(path), str(path))
    _, header = next(table, (1, []))
    for column in (file_column, subject_column):
        if column not in header:
            raise InputError(
                f"{path}: no column '{column}', only {', '.join(header)[:200]}; name one of these"
            )
    at, to = header.index(file_column), header.index(subject_column)
    known: dict[str, str] = {}
    for line, fields in table:
        if len(fields) != len(header):
            raise InputError(f"{path}: line {line} has {len(fields)} fields, not {len(header)}")
        if known.setdefault(fields[at], fields[to]) != fields[to]:
            raise InputError(f"{path}: line {line}: {fields[at]} has two subjects; keep one row")
    return lambda name: known.get(name) or known.get(name.rpartition("/")[2]) or None
