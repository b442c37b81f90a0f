"""Readers of what the user brings: images, zips, tables and run lengths."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.data import audit, split_table
from nerveseg.data.archive import Competition, decode_mask
from nerveseg.data.layout import SAMPLE_HEADER, TRAIN_HEADER
from nerveseg.data.packed import TEST_HEADER, read_test, read_train
from nerveseg.data.tiff_header import read_header
from nerveseg.submission.check import check
from nerveseg.submission.score import SOLUTION_HEADER, read_solution
from nerveseg.submission.submission_csv import SIZE, read, read_ids

from .engine import Target

MASK: Final = np.zeros(rle.IMAGE_SHAPE, np.uint8)
MASK[100:180, 200:300] = 255
PIXELS: Final = rle.encode(MASK)
FEW: Final = "1 3 500 20 243600 1"


def targets(folder: Path) -> dict[str, Target]:
    """Return the readers by name; they write their inputs to `folder`."""
    tiffs = [
        _tiff(MASK),
        _tiff(MASK, byteorder=">"),
        _tiff(MASK, bigtiff=True),
        _tiff(MASK, tile=(64, 64), compression="zlib"),
        _tiff(MASK, rowsperstrip=7, compression="lzw"),
    ]
    # Without most of their pixels, which `read_header` ignores.
    headers = [each[:600] for each in tiffs]
    return {
        "tiff header": Target(read_header, headers, share=100),
        "tiff": Target(lambda content: decode_mask(content, "1_1_mask.tif"), tiffs, share=4),
        "zip": Target(_zip_reader(folder), _zips(), (b"../", b"./", b"train/", b"PK\x01\x02"), 15),
        "run lengths": Target(
            _read_runs, [b"", PIXELS.encode(), FEW.encode()], (b"243600", b"243601"), 60
        ),
        **{f"table {name}": each for name, each in _tables(folder / "table.csv").items()},
    }


def file_reader(path: Path, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """Return a reader that writes its input to `path` first."""

    def reader(content: bytes) -> object:
        path.write_bytes(content)
        return read(path)

    return reader


def _tables(path: Path) -> dict[str, Target]:
    readers: dict[str, tuple[Callable[[Path], object], tuple[str, ...], tuple[str, ...]]] = {
        "train_masks": (read_train, TRAIN_HEADER, (f"1,1,{FEW}", "1,2,", '2,1,"1 2"')),
        "sample_submission": (read_ids, SAMPLE_HEADER, ("1,1 1", "2,1 1")),
        "submission": (
            lambda path: check(path, [1, 2, 3]),
            SAMPLE_HEADER,
            (f"1,{FEW}", "2,", "3,5 5"),
        ),
        "unchecked submission": (read, SAMPLE_HEADER, (f"1,{FEW}", "2,", "3,5 5")),
        "solution": (read_solution, SOLUTION_HEADER, (f"1,{FEW},Public", "2,,Private")),
        "test": (read_test, TEST_HEADER, ("1", "2", "30")),
        "split": (split_table.read_split, split_table.HEADER, ("1,1,0,valid", "1,2,1,train")),
        "contradictions": (audit.read_doubtful, audit.HEADER, ("1,1,2,0.5,1",)),
    }
    return {
        name: Target(
            file_reader(path, read_table),
            ["".join(f"{line}\n" for line in (",".join(header), *rows)).encode()],
            tuple(f"{row}\n".encode() for row in rows),
            25,
        )
        for name, (read_table, header, rows) in readers.items()
    }


def _read_runs(content: bytes) -> None:
    text = content.decode("latin-1")
    rle.runs(text, SIZE)
    rle.decode(text)


def _tiff(image: NDArray[np.uint8], **options: Any) -> bytes:  # noqa: ANN401
    file = io.BytesIO()
    tifffile.imwrite(file, image, **options)
    return file.getvalue()


def _zip_reader(folder: Path) -> Callable[[bytes], object]:
    def open_and_read(path: Path) -> None:
        with Competition(path) as competition:
            for record in competition.train[:2]:
                competition.image(record)
                competition.mask(record)
            for img in competition.test[:2]:
                competition.test_image(img)

    return file_reader(folder / "competition.zip", open_and_read)


def _zips() -> list[bytes]:
    frame = _tiff(MASK, compression="zlib")
    inner = {"1_1.tif": frame, "1_1_mask.tif": frame}
    tables = {
        "train_masks.csv": f"subject,img,pixels\n1,1,{PIXELS}\n".encode(),
        "sample_submission.csv": b"img,pixels\n1,1 1\n",
    }
    flat = {
        **{f"train/{name}": each for name, each in inner.items()},
        "test/1.tif": frame,
        **tables,
    }
    nested = {"train.zip": _zip(inner), "test.zip": _zip({"1.tif": frame}), **tables}
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
    return [_zip(files, method) for files in (flat, nested) for method in methods]


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, each in files.items():
            archive.writestr(name, each)
    return content.getvalue()
