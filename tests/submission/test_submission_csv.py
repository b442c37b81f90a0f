"""Submission files, written and read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nerveseg.errors import InputError
from nerveseg.submission.submission_csv import read, read_ids, write

masks = st.dictionaries(st.integers(0, 9999), st.sampled_from(["", "1 1", "5 2 425 3"]), min_size=1)


@given(masks)
def test_reading_undoes_writing_in_numeric_order(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[int, str]
) -> None:
    path = tmp_path_factory.mktemp("written") / "unet.csv"
    write(path, rows)
    assert list(read(path).items()) == sorted(rows.items())


def test_the_file_is_as_the_competition_wants_it(tmp_path: Path) -> None:
    write(tmp_path / "unet.csv", {10: "1 2", 9: ""})
    assert (tmp_path / "unet.csv").read_bytes() == b"img,pixels\n9,\n10,1 2\n"


def test_a_bad_mask_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "unet.csv"
    write(path, {1: "1 2"})
    with pytest.raises(InputError, match=r"unet.csv: img 2: RLE pair 1 \('0 5'\)"):
        write(path, {1: "", 2: "0 5"})
    assert read(path) == {1: "1 2"}
    assert list(tmp_path.iterdir()) == [path]


def test_quotes_carriage_returns_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes(b'\xef\xbb\xbfimg,pixels\r\n1,"1 2"\r\n2,\r\n')
    assert read(path) == {1: "1 2", 2: ""}


def test_ids_come_from_a_sample_and_from_a_table_of_ids_alone(tmp_path: Path) -> None:
    sample, test = tmp_path / "sample.csv", tmp_path / "test.csv"
    sample.write_text("img,pixels\n1,1 1\n2,1 1\n")
    test.write_text("img\n1\n2\n")
    assert read_ids(sample) == read_ids(test) == [1, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the header is '', expected 'img,pixels'"),
        (b"pixels,img\n", "the header is 'pixels,img'"),
        (b"1,1 1\n", "the header is '1,1 1'"),
        (b"img,pixels\n1\n", r"line 2 has 1 fields, expected 2 \(img,pixels\)"),
        (b"img,pixels\n1,\n\n2,\n", "line 3 has 0 fields"),
        (b"img,pixels\n1,1,1\n", "line 2 has 3 fields"),
        (b"img,pixels\n1.0,\n", "line 2: '1.0' is not a whole number"),
        (b"img,pixels\n1,\n1,\n", r"line 3 \(img 1\): this id occurs twice"),
        (b"img,pixels\n1,\xff\xfe\n", "not readable as CSV"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"bad.csv: {message}"):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [("id\n1\n", "first column is not 'img'"), ("img\n", "no rows"), ("img\nx\n", "line 2: 'x'")],
)
def test_a_sample_without_ids_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "sample.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=f"sample.csv: .*{message}"):
        read_ids(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.csv: not readable \(No such file"):
        read(tmp_path / "none.csv")
