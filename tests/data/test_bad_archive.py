"""Every fault in a competition gives a one-line message that says which file, and what to do."""

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny

from nerveseg.data.own_archive import take
from nerveseg.errors import InputError

Spoil = Callable[[Path], None]


def edit(name: str, old: str, new: str) -> Spoil:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return spoil


def put(name: str, content: bytes | Callable[[bytes], bytes]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / name
        path.write_bytes(content(path.read_bytes()) if callable(content) else content)

    return spoil


def remove(*names: str) -> Spoil:
    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return spoil


def scratch(content: bytes) -> bytes:
    """Return `content` with some of its compressed pixels overwritten."""
    middle = len(content) // 2
    return content[:middle] + bytes(200) + content[middle + 200 :]


def drop_row(name: str, row: str) -> Spoil:
    def spoil(folder: Path) -> None:
        lines = (folder / name).read_text().splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(row)]
        assert len(kept) == len(lines) - 1
        (folder / name).write_text("".join(kept))

    return spoil


def hollow(subset: str, table: str, header: str) -> Spoil:
    def spoil(folder: Path) -> None:
        shutil.rmtree(folder / subset)
        (folder / table).write_text(header)

    return spoil


GREY = np.zeros((420, 580), np.uint8)
IMAGE, MASK, TEST = "train/2_11.tif", "train/2_11_mask.tif", "test/10.tif"
TABLE, SAMPLE = "train_masks.csv", "sample_submission.csv"

FAULTS: dict[str, tuple[Spoil, str, str]] = {
    # fault: how to introduce it, the file that the message names, the remedy that it proposes
    "truncated image": (put(IMAGE, lambda content: content[:5000]), IMAGE, "fetch the archive"),
    "scratched image": (put(IMAGE, scratch), IMAGE, "fetch the archive"),
    "image that is text": (put(IMAGE, b"<html>"), IMAGE, "fetch the archive"),
    "empty image": (put(TEST, b""), TEST, "fetch the archive"),
    "truncated mask": (put(MASK, lambda content: content[:500]), MASK, "fetch the archive"),
    "truncated test image": (put(TEST, lambda content: content[:-99]), TEST, "fetch the archive"),
    "missing image": (remove(IMAGE), MASK, "add the image"),
    "missing mask": (remove(MASK), MASK, "add the mask"),
    "missing image and mask": (remove(IMAGE, MASK), IMAGE, "add image and mask"),
    "missing test image": (remove(TEST), TEST, "add the image"),
    "wrong size": (put(IMAGE, tiny.tiff(GREY.T)), IMAGE, "420 wide and 580 high.*resize"),
    "wrong size of a mask": (put(MASK, tiny.tiff(GREY[1:])), MASK, "resize"),
    "16 bits": (put(IMAGE, tiny.tiff(GREY.astype(np.uint16))), IMAGE, "convert"),
    "colour": (
        put(TEST, tiny.tiff(np.stack([GREY] * 3, axis=-1), photometric="rgb")),
        TEST,
        "convert",
    ),
    "mask of 0 and 1": (put(MASK, tiny.tiff(tiny.outline(2, 11))), MASK, "threshold"),
    "mask of another frame": (put(MASK, tiny.tiff(GREY)), TABLE, f"{MASK} in .* correct one"),
    "no table": (remove(TABLE), TABLE, "add it"),
    "no sample": (remove(SAMPLE), SAMPLE, "add it"),
    "header of the table": (edit(TABLE, "subject,", "patient,"), TABLE, "put the columns"),
    "header of the sample": (edit(SAMPLE, "img,pixels", "id,rle"), SAMPLE, "put the columns"),
    "table that is binary": (put(TABLE, b"\xff\xfe\x00"), TABLE, "replace the file"),
    "field too many": (edit(TABLE, "\n1,2,", "\n1,2,,"), TABLE, "line 3 has 4 fields.*correct"),
    "letters for a number": (edit(TABLE, "\n1,2,", "\n1,two,"), TABLE, "line 3.*correct it"),
    "rows out of order": (edit(TABLE, "\n1,2,", "\n1,12,"), TABLE, "line 4.*sort the rows"),
    "row twice": (edit(TABLE, "\n1,2,", "\n1,2,\n1,2,"), TABLE, "line 4.*each once"),
    "row missing": (drop_row(TABLE, "2,11,"), IMAGE, "add the row"),
    "sample row missing": (drop_row(SAMPLE, "10,"), TEST, "add the row"),
    "sample row too many": (edit(SAMPLE, "\n10,", "\n9,1 1\n10,"), "test/9.tif", "add the image"),
    "sample out of order": (edit(SAMPLE, "\n2,", "\n12,"), SAMPLE, "line 4.*sort the rows"),
    "no training frames": (hollow("train", TABLE, "subject,img,pixels\n"), TABLE, "add rows"),
    "no test frames": (hollow("test", SAMPLE, "img,pixels\n"), SAMPLE, "add rows"),
    "RLE out of range": (edit(TABLE, "\n1,2,", "\n1,2,243600 2"), TABLE, "correct the row"),
    "RLE of odd length": (edit(TABLE, "\n1,2,", "\n1,2,7"), TABLE, "correct the row"),
    "RLE of an empty mask": (edit(TABLE, "\n1,2,", "\n1,2,5 4"), TABLE, "4 pixels; correct one"),
    "unknown name": (put("train/1-1.tif", b""), "train/1-1.tif", "rename it"),
    "unknown name in test": (put("test/1.tiff", b""), "test/1.tiff", "rename it"),
}


def taken(source: Path, folder: Path, solution: Path | None = None) -> str:
    """Return the message with which taking `source` fails; nothing may be written."""
    with pytest.raises(InputError) as caught:
        take(source, solution, folder / "out")
    assert not (folder / "out").exists()
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_competition_is_refused(fault: str, folder: Path, tmp_path: Path) -> None:
    spoil, name, remedy = FAULTS[fault]
    spoil(folder)
    archive = tiny.zip_folder(folder, tmp_path / "mine.zip")
    for source in (folder, archive):
        message = taken(source, tmp_path)
        assert str(source) in message
        assert name in message
        assert re.search(remedy, message)


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    assert re.search(r"nowhere\.zip: not found; give", taken(tmp_path / "nowhere.zip", tmp_path))


def test_a_file_that_is_no_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.zip").write_text("<html>sign in</html>")
    assert re.search(
        r"page\.zip: not readable as a zip.*fetch", taken(tmp_path / "page.zip", tmp_path)
    )


def test_a_truncated_zip_is_named(folder: Path, tmp_path: Path) -> None:
    archive = tiny.zip_folder(folder, tmp_path / "cut.zip")
    archive.write_bytes(archive.read_bytes()[:-4000])
    assert re.search(r"cut\.zip: not readable as a zip.*fetch", taken(archive, tmp_path))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_wrong_checksum_is_named(folder: Path, tmp_path: Path, method: int) -> None:
    archive = tiny.zip_folder(folder, tmp_path / "flipped.zip", method=method)
    with zipfile.ZipFile(archive) as file:
        info = file.getinfo(TEST)
        # A zip's local header: 30 bytes, the name, no extra field; then the content.
        at = info.header_offset + 30 + len(TEST) + info.compress_size // 2
    content = bytearray(archive.read_bytes())
    content[at] ^= 0xFF
    archive.write_bytes(bytes(content))
    assert re.search(r"flipped\.zip: test/10\.tif is damaged.*fetch", taken(archive, tmp_path))


def test_a_damaged_inner_zip_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "train.zip").write_bytes(b"PK no zip")
    archive = tiny.zip_folder(folder, tmp_path / "outer.zip")
    assert re.search(r"outer\.zip: train\.zip: not readable.*fetch", taken(archive, tmp_path))


@pytest.mark.parametrize(
    "name",
    ["../evil.tif", "train/../../evil.tif", "/etc/evil", "..\\evil.tif", "C:\\evil.tif", "C:/evil"],
)
def test_an_entry_outside_its_folder_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    archive = tiny.zip_folder(folder, tmp_path / "evil.zip")
    with zipfile.ZipFile(archive, "a") as file:
        info = zipfile.ZipInfo("x")
        info.filename = name
        file.writestr(info, b"evil")
    message = taken(archive, tmp_path)
    assert f"evil.zip: the entry '{name}' points outside its folder; do not use" in message


def test_an_entry_outside_its_folder_is_refused_in_an_inner_zip(
    folder: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(folder / "test.zip", "w") as file:
        file.writestr("../evil.tif", b"evil")
    archive = tiny.zip_folder(folder, tmp_path / "outer.zip")
    assert "test.zip: the entry '../evil.tif' points outside" in taken(archive, tmp_path)


def test_a_name_that_is_present_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    archive = tiny.zip_folder(folder, tmp_path / "twice.zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.write(folder / IMAGE, f"again/{IMAGE}")
    assert re.search(rf"twice\.zip: {IMAGE} is present twice.*remove one", taken(archive, tmp_path))


def test_an_encrypted_entry_is_refused(folder: Path, tmp_path: Path) -> None:
    archive = tiny.zip_folder(folder, tmp_path / "secret.zip")
    content = bytearray(archive.read_bytes())
    # The flag 'encrypted', in the local headers and in the directory at the end.
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    archive.write_bytes(bytes(content))
    assert re.search(
        r"secret\.zip: .* is encrypted; unpack it with its password", taken(archive, tmp_path)
    )
