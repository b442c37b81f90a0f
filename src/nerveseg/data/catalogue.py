"""Whether the files of a competition and its tables are about the same frames."""

from collections.abc import Callable, Collection, Iterable

from nerveseg.data import layout
from nerveseg.data.layout import TrainRecord
from nerveseg.errors import InputError

Label = Callable[[str], str]


def check_train(names: Collection[str], records: Iterable[TrainRecord], label: Label) -> None:
    """Check that every training image has its mask and its row, and the other way round.

    Args:
        names: places of all files.
        records: rows of train_masks.csv.
        label: what to call a place in a message.

    Raises:
        InputError: the first file or row that is alone.
    """
    images = set(filter(layout.is_image, names))
    masks = set(filter(layout.is_mask, names))
    listed = {layout.image_name(record.subject, record.img) for record in records}
    wanted = {name.removesuffix(layout.IMAGE_END) + layout.MASK_END for name in images}
    table = label(layout.TRAIN_MASKS)
    _refuse_strangers("train/", names, images | masks, label)
    _refuse(masks - wanted, "a mask without its image; add the image or take the mask out", label)
    _refuse(wanted - masks, "missing, though its image is there; add the mask", label)
    _refuse(images - listed, f"an image without a row in {table}; add the row", label)
    _refuse(listed - images, f"missing, though {table} has its row; add image and mask", label)
    if not images:
        raise InputError(f"{table}: no training frames; add rows, and their images under train/")


def check_test(names: Collection[str], numbers: Iterable[int], label: Label) -> None:
    """Check that test images and rows of sample_submission.csv are the same.

    Args:
        names: places of all files.
        numbers: the column img of sample_submission.csv.
        label: what to call a place in a message.

    Raises:
        InputError: the first file or row that is alone.
    """
    images = set(filter(layout.is_test, names))
    listed = {layout.test_name(img) for img in numbers}
    table = label(layout.SAMPLE_SUBMISSION)
    _refuse_strangers("test/", names, images, label)
    _refuse(images - listed, f"an image without a row in {table}; add the row", label)
    _refuse(listed - images, f"missing, though {table} has its row; add the image", label)
    if not images:
        raise InputError(f"{table}: no test images; add rows, and their images under test/")


def _refuse_strangers(folder: str, names: Iterable[str], known: set[str], label: Label) -> None:
    strangers = {name for name in names if name.startswith(folder)} - known
    known_names = "1_2.tif and 1_2_mask.tif" if folder == "train/" else "3.tif"
    _refuse(strangers, f"no name of the layout ({known_names}); rename it or take it out", label)


def _refuse(names: set[str], fault: str, label: Label) -> None:
    for name in sorted(names)[:1]:
        raise InputError(f"{label(name)}: {fault}")
