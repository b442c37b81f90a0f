"""The competition's CSV files: reading them, and checking that they match the image files."""

from collections.abc import Callable, Collection, Iterable

from nerveseg.csv_reader import parse_int, rows
from nerveseg.data import layout
from nerveseg.data.layout import SAMPLE_HEADER, TRAIN_HEADER, TrainRecord
from nerveseg.errors import InputError

Label = Callable[[str], str]


def train_records(content: bytes, label: str) -> list[TrainRecord]:
    """Return the rows of train_masks.csv (or of a table with the same columns), in numeric order.

    Raises:
        InputError: the table is malformed, out of order, or repeats a row.
    """
    records: list[TrainRecord] = []
    for line, (subject, img, pixels) in rows(content, TRAIN_HEADER, label):
        numbers = parse_int(subject, label, line), parse_int(img, label, line)
        # A mask of blanks is empty, too.
        record = TrainRecord(*numbers, pixels.strip())
        if records and record[:2] <= records[-1][:2]:
            raise InputError(
                f"{label}: line {line}: subject {subject} img {img} does not come after subject "
                f"{records[-1].subject} img {records[-1].img}; sort the rows by number, each once"
            )
        records.append(record)
    return records


def image_numbers(content: bytes, label: str) -> list[int]:
    """Return the `img` column of sample_submission.csv, in numeric order.

    Raises:
        InputError: the table is malformed, out of order, or repeats a row.
    """
    numbers: list[int] = []
    for line, (img, _) in rows(content, SAMPLE_HEADER, label):
        value = parse_int(img, label, line)
        if numbers and value <= numbers[-1]:
            raise InputError(
                f"{label}: line {line}: img {img} does not come after img {numbers[-1]}; "
                "sort the rows by number, each once"
            )
        numbers.append(value)
    return numbers


def check_train(names: Collection[str], records: Iterable[TrainRecord], label: Label) -> None:
    """Check that training images, masks and rows of the table correspond one to one.

    Args:
        names: layout names of all files.
        records: rows of train_masks.csv.
        label: returns how messages refer to a name.

    Raises:
        InputError: a file or row has no counterpart; the message names the first.
    """
    images = set(filter(layout.is_image, names))
    masks = set(filter(layout.is_mask, names))
    listed = {layout.image_name(record.subject, record.img) for record in records}
    wanted = {name.removesuffix(layout.IMAGE_END) + layout.MASK_END for name in images}
    table = label(layout.TRAIN_MASKS)
    _refuse_unknown_names("train/", names, images | masks, label)
    _refuse(masks - wanted, "a mask without its image; add the image or remove the mask", label)
    _refuse(wanted - masks, "missing, but its image is present; add the mask", label)
    _refuse(images - listed, f"an image without a row in {table}; add the row", label)
    _refuse(listed - images, f"missing, but {table} has its row; add image and mask", label)
    if not images:
        raise InputError(f"{table}: no training frames; add rows, and their images under train/")


def check_test(names: Collection[str], numbers: Iterable[int], label: Label) -> None:
    """Check that test images and rows of sample_submission.csv correspond one to one.

    Args:
        names: layout names of all files.
        numbers: the column img of sample_submission.csv.
        label: returns how messages refer to a name.

    Raises:
        InputError: a file or row has no counterpart; the message names the first.
    """
    images = set(filter(layout.is_test, names))
    listed = {layout.test_name(img) for img in numbers}
    table = label(layout.SAMPLE_SUBMISSION)
    _refuse_unknown_names("test/", names, images, label)
    _refuse(images - listed, f"an image without a row in {table}; add the row", label)
    _refuse(listed - images, f"missing, but {table} has its row; add the image", label)
    if not images:
        raise InputError(f"{table}: no test images; add rows, and their images under test/")


def _refuse_unknown_names(folder: str, names: Iterable[str], known: set[str], label: Label) -> None:
    unknown = {name for name in names if name.startswith(folder)} - known
    examples = "1_2.tif and 1_2_mask.tif" if folder == "train/" else "3.tif"
    _refuse(
        unknown,
        f"not a file name of the layout (such as {examples}); rename it or remove it",
        label,
    )


def _refuse(names: set[str], fault: str, label: Label) -> None:
    for name in sorted(names)[:1]:
        raise InputError(f"{label(name)}: {fault}")
