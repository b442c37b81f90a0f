"""The packed competition: the reader returns what the writer wrote."""

import os
import subprocess
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny
from numpy.typing import NDArray

from nerveseg.data import parallel
from nerveseg.data.archive import Competition
from nerveseg.data.packed import Packed
from nerveseg.data.packed_writer import resize_image, resize_mask, write_packed
from nerveseg.errors import InputError

NATIVE = (420, 580)


def packed(source: Path, folder: Path, size: tuple[int, int]) -> Packed:
    with Competition(source) as competition:
        write_packed(competition, folder, size)
    return Packed.open(folder)


def test_at_native_size_the_frames_are_the_archives(pristine: Path, tmp_path: Path) -> None:
    result = packed(pristine, tmp_path / "packed", NATIVE)
    for row, record in enumerate(result.train):
        expected = tiny.frame(record.subject + record.img)
        np.testing.assert_array_equal(result.train_images[row], expected)
        expected = tiny.outline(record.subject, record.img)
        np.testing.assert_array_equal(result.train_masks[row], expected)
    for row, img in enumerate(result.test):
        np.testing.assert_array_equal(result.test_images[row], tiny.frame(img))


def test_sha256sum_confirms_the_checksums_and_notices_a_changed_mask(
    pristine: Path, tmp_path: Path
) -> None:
    packed(pristine, tmp_path, NATIVE)
    check = ["sha256sum", "--check", "--strict", "train.sha256"]
    done = subprocess.run(check, cwd=tmp_path, check=True, capture_output=True, text=True)
    names = ("train_images.npy", "train_masks.npy", "train.csv")
    assert done.stdout.splitlines() == [f"{name}: OK" for name in names]
    with (tmp_path / "train_masks.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\1")
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 1


def test_rows_are_in_numeric_order_and_keep_their_native_rle(
    pristine: Path, tmp_path: Path
) -> None:
    result = packed(pristine, tmp_path / "packed", (96, 64))
    table = (pristine / "train_masks.csv").read_text()
    assert (tmp_path / "packed/train.csv").read_text() == table
    assert (tmp_path / "packed/test.csv").read_text() == "img\n1\n2\n10\n"
    assert result.size == (96, 64)
    assert result.train_masks.dtype == np.uint8
    assert result.train_masks.max() == 1
    assert [record.img for record in result.train if record.pixels == ""] == [2, 2, 2]


def test_the_arrays_are_memory_maps(pristine: Path, tmp_path: Path) -> None:
    result = packed(pristine, tmp_path / "packed", (32, 32))
    assert isinstance(result.train_images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        result.train_images[0] = 0


def test_a_packed_pixel_is_the_mean_of_its_area() -> None:
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    # Means of 2 x 4 blocks; the first is (0+1+2+3 + 8+9+10+11) / 8 = 5.5, rounded to even.
    assert resize_image(image, (4, 2)).tolist() == [[6, 10], [22, 26], [38, 42], [54, 58]]


def test_a_mask_pixel_is_inside_from_half_of_its_area() -> None:
    mask = np.array([[1, 1, 1, 0], [0, 0, 0, 0]], np.uint8)
    assert resize_mask(mask, (1, 2)).tolist() == [[1, 0]]


def test_a_mask_keeps_its_area_and_only_its_two_values() -> None:
    mask = np.zeros(NATIVE, np.uint8)
    cv2.ellipse(mask, (333, 138), (45, 60), 20, 0, 360, 1, -1)
    for size in ((96, 96), (512, 512)):
        small = resize_mask(mask, size)
        assert set(np.unique(small)) == {0, 1}
        assert small.mean() == pytest.approx(mask.mean(), rel=0.02)


def test_a_bad_frame_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    (folder / "test/2.tif").write_bytes(b"no image")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(InputError, match=r"2\.tif: damaged"):
        packed(folder, out / "packed", (32, 32))
    assert not list(out.iterdir())


def test_a_full_disk_leaves_nothing_behind(
    pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pwrite(handle: int, content: bytes, at: int) -> int:
        return len(content) // 2  # as on a disk that is almost full

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(InputError, match="no disk space for frame"):
        packed(pristine, tmp_path / "out/packed", (32, 32))
    assert not list((tmp_path / "out").iterdir())


def test_arrays_that_do_not_fit_the_table_are_refused(pristine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    packed(pristine, folder, (32, 32))
    (folder / "test.csv").write_text("img\n1\n")
    with pytest.raises(
        InputError, match=r"packed: its arrays and tables do not match; run dvc repro"
    ):
        Packed.open(folder)
    (folder / "train_masks.npy").write_bytes(b"")
    with pytest.raises(InputError, match=r"train_masks\.npy: not readable .*run dvc repro"):
        Packed.open(folder)


@pytest.mark.parametrize(
    "array",
    [np.uint8(1), np.zeros((3, 32, 32, 1), np.uint8), np.zeros((3, 32, 32), np.float32)],
    ids=["a number", "another dimension", "floats"],
)
def test_arrays_of_another_kind_are_refused(
    array: np.ndarray, pristine: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "packed"
    packed(pristine, folder, (32, 32))
    np.save(folder / "test_images.npy", array)
    with pytest.raises(InputError, match=r"test_images\.npy: .*expected N x H x W of uint8"):
        Packed.open(folder)
    with (folder / "test_images.npy").open("wb") as file:
        np.savez(file, array=array)
    with pytest.raises(InputError, match="NpzFile, expected N x H x W of uint8"):
        Packed.open(folder)


def test_workers_share_the_frames_and_leave_cv2_its_threads() -> None:
    before = cv2.getNumThreads()
    seen: list[tuple[int, int]] = []
    parallel.for_each(lambda item: seen.append((item, cv2.getNumThreads())), range(50), "count")
    assert sorted(seen) == [(item, 1) for item in range(50)]
    assert cv2.getNumThreads() == before


def test_the_first_failure_ends_the_work() -> None:
    done = threading.Event()
    calls: list[int] = []

    def work(item: int) -> NDArray[np.uint8]:
        calls.append(item)
        if item == 3:
            raise InputError("frame 3: damaged")
        done.wait(0.002)
        return np.zeros(1, np.uint8)

    with pytest.raises(InputError, match="frame 3"):
        parallel.for_each(work, range(3000), "fail")
    assert len(calls) < 1000
