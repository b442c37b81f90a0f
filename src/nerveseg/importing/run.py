"""The import as a whole: match, decode, number, write."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.atomic import whole_files
from nerveseg.errors import FaultsError, InputError, within
from nerveseg.importing import numbering
from nerveseg.importing.annotations import (
    LABELME_END,
    Annotation,
    check_labels,
    read_coco,
    read_labelme,
)
from nerveseg.importing.contact_sheet import write_sheet
from nerveseg.importing.matching import Matched, Source, SubjectOf, match
from nerveseg.importing.numbering import Contents
from nerveseg.importing.patterns import Pattern, files_below
from nerveseg.importing.prepare import prepare
from nerveseg.importing.rules import Rules
from nerveseg.importing.writer import write

SHEET: Final = "contact_sheet.png"


@dataclass(frozen=True)
class Plan:
    """What to import, and how.

    Attributes:
        folder: the folder with the images.
        images: pattern of the images.
        masks: pattern of the masks, or None with `coco`.
        coco: a COCO file that outlines the images, or None.
        unlabelled: pattern of images without masks, which are tested; None if there are none.
        subject_of: returns the subject of an image.
        rules: how pixels are read.
        test_subjects: names of the subjects to test; empty to draw them.
        test_share: share of the subjects that are drawn.
        public: share of the test images whose score is public.
        seed: seed of what is drawn.
    """

    folder: Path
    images: Pattern
    masks: Pattern | None
    coco: Path | None
    unlabelled: Pattern | None
    subject_of: SubjectOf
    rules: Rules
    test_subjects: tuple[str, ...]
    test_share: float
    public: float
    seed: int


class Imported(NamedTuple):
    """The outcome of an import.

    Attributes:
        contents: what the archive holds.
        left_out: number of frames that are left out because they have no mask.
        ignored: files that no pattern matches.
    """

    contents: Contents
    left_out: int
    ignored: list[str]


def import_folder(plan: Plan, out: Path) -> Imported:
    """Write an archive, its tables and a contact sheet to the new folder `out`.

    Raises:
        InputError: something is wrong; there is one line for each fault, and nothing is written.
    """
    _check_out(out, plan.folder)
    matched, annotations = _matched(plan)
    with whole_files(out) as new, tempfile.TemporaryDirectory(dir=new.parent) as scratch:
        imported = _prepared(plan, matched, annotations, Path(scratch))
        write_sheet(new / SHEET, imported.contents)
        write(new, imported.contents, plan.public, plan.seed)
    return imported


def draw_sheet(plan: Plan, path: Path) -> Imported:
    """Check everything, and write only the contact sheet; otherwise like `import_folder`."""
    matched, annotations = _matched(plan)
    with tempfile.TemporaryDirectory() as scratch:
        imported = _prepared(plan, matched, annotations, Path(scratch))
        write_sheet(path, imported.contents)
    return imported


def _check_out(out: Path, folder: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is there already; name a new folder, or remove it")
    if folder.resolve() in (out.resolve(), *out.resolve().parents):
        raise InputError(f"{out}: lies within the folder to import; name a folder outside")


def _matched(plan: Plan) -> tuple[Matched, dict[str, Annotation]]:
    names = files_below(plan.folder)
    found = match(names, plan.images, plan.masks, plan.unlabelled, plan.subject_of)
    faults = list(found.faults)
    annotations = dict(_annotations(plan, found.sources, faults))
    if annotations:
        faults += check_labels(annotations.values(), plan.rules.labels)
    subjects = [source.subject for source in found.sources if source.labelled]
    try:
        if plan.unlabelled is None and not faults:
            numbering.check_test_subjects(subjects, _test_subjects(plan, subjects))
    except InputError as error:
        faults.append(str(error))
    if plan.unlabelled is not None and all(source.labelled for source in found.sources):
        faults.append(f"{plan.unlabelled.text}: no file matches; correct --test-images")
    if faults:
        raise FaultsError(faults)
    return found, annotations


def _annotations(
    plan: Plan, sources: Sequence[Source], faults: list[str]
) -> Iterator[tuple[str, Annotation]]:
    """Yield the annotations by the name of their file, or of the image that COCO names."""
    if plan.coco is not None:
        try:
            with within(str(plan.coco)):
                annotated = read_coco(plan.coco)
            yield from _by_image(annotated, [each.name for each in sources], plan).items()
        except FaultsError as error:
            faults.extend(error.lines)
        except InputError as error:
            faults.append(str(error))
    for name in dict.fromkeys(mask.name for source in sources for mask in source.masks):
        if name.lower().endswith(LABELME_END):
            try:
                with within(name):
                    yield name, read_labelme(plan.folder / name)
            except InputError as error:
                faults.append(str(error))


def _by_image(
    annotated: dict[str, Annotation], names: Iterable[str], plan: Plan
) -> dict[str, Annotation]:
    """Return the annotations by the image's path; COCO may name it without its folders."""
    ends: dict[str, list[str]] = {}
    for name in names:
        folders = name.split("/")
        for start in range(len(folders)):
            ends.setdefault("/".join(folders[start:]), []).append(name)
    found: dict[str, Annotation] = {}
    faults = []
    for name, annotation in annotated.items():
        images = ends.get(name) or ends.get(name.rpartition("/")[2]) or []
        if len(images) == 1 and images[0] not in found:
            found[images[0]] = annotation
        else:
            which = "no image" if not images else f"{len(images)} images or entries"
            faults.append(
                f"{plan.coco}: {name}: {which} of this name; correct --images or file_name"
            )
    if faults:
        raise FaultsError(faults)
    return found


def _test_subjects(plan: Plan, subjects: Sequence[str]) -> Sequence[str]:
    if plan.unlabelled is not None:
        return ()
    drawn = numbering.draw_test_subjects
    return plan.test_subjects or drawn(subjects, plan.test_share, plan.seed)


def _prepared(
    plan: Plan, matched: Matched, annotations: dict[str, Annotation], scratch: Path
) -> Imported:
    prepared = prepare(plan.folder, matched.sources, annotations, plan.rules, scratch)
    if prepared.faults:
        raise FaultsError(prepared.faults)
    labelled = [each.source.subject for each in prepared.frames if each.pixels is not None]
    if not labelled:
        raise InputError(f"{plan.folder}: no image has a mask; correct the pattern of the masks")
    if not any(each.pixels for each in prepared.frames):
        raise InputError(
            f"{plan.folder}: every mask is empty; correct --mask-value, --mask-color, --category "
            "or the pattern of the masks"
        )
    chosen = _test_subjects(plan, labelled)
    if plan.unlabelled is None:
        # Subjects may be gone whose images have no masks and are left out.
        numbering.check_test_subjects(labelled, chosen)
    contents = numbering.number(prepared.frames, chosen)
    ignored = [name for name in matched.ignored if plan.folder / name != plan.coco]
    return Imported(contents, prepared.left_out, ignored)
