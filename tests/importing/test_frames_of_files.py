"""Videos and DICOM files with the masks of their frames."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from own_images import picture, rectangle, run, save

from dicoms import MARKS, dataset, mark
from dicoms import save as save_dicom
from nerveseg.data.archive import Competition
from nerveseg.errors import FaultsError
from nerveseg.importing.geometry import read_geometry
from videos import write_lossless

MASKS = [rectangle(50, 60 + 5 * number, 40, 80) for number in range(4)]


def mask_video(folder: Path, name: str) -> None:
    write_lossless(folder / f"{name}_mask.mkv", [mask * np.uint8(255) for mask in MASKS])


def mask_folder(folder: Path, name: str) -> None:
    for number, mask in enumerate(MASKS):
        save(folder / f"{name}/{number + 1:04d}.png", mask)


@pytest.mark.parametrize(
    ("write_masks", "options"),
    [
        (mask_video, ("--masks", "*_mask.mkv")),
        (mask_folder, ("--masks", "*/{frame}.png", "--first-frame", "1")),
    ],
)
def test_videos_with_masks_of_their_frames(
    tmp_path: Path, write_masks: Callable[[Path, str], None], options: tuple[str, ...]
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("a", "b"):
        write_lossless(folder / f"{name}.mkv", [picture(number) for number in range(4)])
        write_masks(folder, name)
    rest = ("--images", "*.mkv", "--subject", "^(?P<subject>.)", *options, "--every", "2")
    run(folder, tmp_path / "out", *rest, "--test-subjects", "b")
    origins = read_geometry(tmp_path / "out/geometry.csv")
    assert [origin.frame for origin in origins.values()] == [0, 2, 0, 2]
    with Competition(tmp_path / "out/archive") as competition:
        for record, number in zip(competition.train, (0, 2), strict=True):
            back = origins["train", 1, record.img].geometry.mask_to_original(
                competition.mask(record)
            )
            assert (back == MASKS[number]).all()


def test_masks_must_be_as_many_as_frames(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name, frames in (("a", 3), ("b", 5)):
        write_lossless(folder / f"{name}.mkv", [picture(number) for number in range(frames)])
        mask_video(folder, name)
    rest = ("--images", "*.mkv", "--subject", "^(?P<subject>.)", "--masks", "*_mask.mkv")
    with pytest.raises(FaultsError) as error:
        run(folder, tmp_path / "out", *rest)
    assert [line.partition(" its image")[0] for line in error.value.lines] == [
        "a_mask.mkv: has more frames than",
        "b_mask.mkv: has fewer frames than",
    ]


def test_frames_without_masks_are_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("a", "b"):
        write_lossless(folder / f"{name}.mkv", [picture(number) for number in range(4)])
        mask_folder(folder, name)
    for number in (2, 3):
        (folder / f"a/000{number}.png").unlink()
    rest = (
        *("--images", "*.mkv", "--subject", "^(?P<subject>.)", "--masks", "*/{frame}.png"),
        *("--first-frame", "1", "--test-subjects", "b"),
    )
    with pytest.raises(FaultsError, match=r"^a\.mkv: no mask for 2 of 4 frames; add it"):
        run(folder, tmp_path / "out", *rest)
    run(folder, tmp_path / "out", *rest, "--missing-mask", "skip")
    origins = read_geometry(tmp_path / "out/geometry.csv")
    assert [key for key in origins if key[0] == "train"] == [("train", 1, 1), ("train", 1, 2)]
    with pytest.raises(FaultsError) as error:
        run(folder, tmp_path / "two", *rest, "--missing-mask", "skip", "--first-frame", "2")
    assert [line.partition(";")[0] for line in error.value.lines] == [
        f"{name}/0001.png: {name}.mkv has no such frame, only 2 to 5" for name in "ab"
    ]


@pytest.mark.parametrize("kept", [0, 300, 3000])
def test_a_damaged_video_is_one_line(tmp_path: Path, kept: int) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("a", "b"):
        write_lossless(folder / f"{name}.mkv", [picture(1)])
        save(folder / f"{name}_mask.png", MASKS[0])
    (folder / "b.mkv").write_bytes((folder / "b.mkv").read_bytes()[:kept])
    rest = ("--images", "*.mkv", "--masks", "*_mask.png", "--subject", "^(?P<subject>.)")
    with pytest.raises(FaultsError, match=r"^b\.mkv: [^;]*(damaged|no frames)[^\n]*; [^\n]*$"):
        run(folder, tmp_path / "out", *rest)


def test_nothing_of_a_dicom_header_is_copied(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("a", "b"):
        file = dataset(picture(1), "MONOCHROME2")
        assert mark(file) > 200
        save_dicom(folder / f"{name}.dcm", file)
        save(folder / f"{name}_mask.png", MASKS[0])
    rest = ("--images", "*.dcm", "--masks", "*_mask.png", "--subject", "^(?P<subject>.)")
    run(folder, tmp_path / "out", *rest)
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) == 9
    texts = [path.read_bytes() for path in written]
    # Compressed noise holds any four bytes by chance.
    marks = [each.encode() for each in MARKS if len(each) > 4]
    assert len(marks) > 4
    assert not [each for each in marks for text in texts if each in text]
