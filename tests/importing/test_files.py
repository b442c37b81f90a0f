"""Images are imported as predictions see them, masks with their values, and faults are one line."""

from pathlib import Path

import numpy as np
import pytest
from own_images import picture, save
from PIL import Image

from dicoms import dataset
from dicoms import save as save_dicom
from nerveseg.errors import InputError
from nerveseg.importing import frames
from nerveseg.importing.frames import images_of, is_lossy, values_of
from nerveseg.media.sources import find_sources
from videos import write_lossless

GREY = picture(1)
COLOURS = np.stack([picture(seed) for seed in (1, 2, 3)], axis=2)


@pytest.fixture
def kinds(tmp_path: Path) -> list[Path]:
    """Write one file of every kind that is read."""
    save(tmp_path / "grey.png", GREY)
    save(tmp_path / "colours.tif", COLOURS)
    save(tmp_path / "deep.png", GREY.astype(np.uint16) << 4)
    save_dicom(tmp_path / "loop", dataset(np.stack([GREY, GREY]), "MONOCHROME1", FrameTime=40))
    write_lossless(tmp_path / "video.mkv", [GREY, picture(2)])
    return sorted(tmp_path.iterdir())


def test_images_are_imported_as_predictions_see_them(kinds: list[Path]) -> None:
    assert len(kinds) == 5
    for path in kinds:
        [source] = find_sources([str(path)])
        seen = [frame.image for frame in source.frames()]
        assert np.array_equal(list(images_of(path, None)), seen), path


def test_levels_become_black_and_white(kinds: list[Path]) -> None:
    for path in kinds:
        found = next(images_of(path, (100, 100.5)))
        assert set(np.unique(found)) == {0, 255}, path


def test_a_palette_gives_indices_for_masks_and_levels_for_images(tmp_path: Path) -> None:
    indices = (GREY > 99).astype(np.uint8)
    image = Image.fromarray(indices).convert("P")
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(tmp_path / "a.png")
    assert (next(values_of(tmp_path / "a.png")) == indices).all()
    assert (next(images_of(tmp_path / "a.png", None)) == indices * 76).all()


def test_colours_of_16_bits_are_no_mask(tmp_path: Path) -> None:
    deep = dataset(COLOURS.astype(np.uint16), "RGB")
    path = save_dicom(tmp_path / "a.dcm", deep)
    with pytest.raises(InputError, match=r"^a mask in colours of 16 bits; save it with 8 bits$"):
        list(values_of(path))


def test_compression_with_loss_is_told_by_the_name() -> None:
    assert [is_lossy(Path(name)) for name in ("a.JPG", "a.mkv", "a.png", "a.dcm")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_file_of_too_many_frames_is_refused(
    kinds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MOST_FRAMES", 1)
    for path in kinds:
        if path.stem not in ("loop", "video"):
            continue
        with pytest.raises(InputError, match=r"^more than 1 frames; cut it"):
            list(images_of(path, None))


def test_a_file_that_is_gone_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^not readable \(No such file or directory\); "):
        list(images_of(tmp_path / "a.png", None))


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("no image")
    for read in (lambda path: images_of(path, None), values_of):
        with pytest.raises(InputError, match=r"^of an unknown format; save it as PNG, JPEG"):
            list(read(tmp_path / "text.txt"))


@pytest.mark.parametrize("kept", [200, 1000, 20_000])
def test_damaged_files_are_one_line(kinds: list[Path], kept: int) -> None:
    for path in kinds:
        if path.suffix == ".mkv":
            continue  # gives the frames before the damage
        path.write_bytes(path.read_bytes()[:kept])
        for read in (lambda path: images_of(path, None), values_of):
            with pytest.raises(InputError) as error:
                list(read(path))
            assert "\n" not in str(error.value)
            assert not str(error.value).startswith(str(path))
