"""Tables are measured before they are read."""

import csv
import io
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nerveseg.csv_reader import file_rows, lines, parse_int, read_file
from nerveseg.errors import InputError

HUGE = {
    "one endless field": b"1," + b"1 1 " * (2 << 20),
    "one endless line of commas": b"," * (5 << 20),
    "one endless row of quoted line ends": b'"\n",' * (3 << 19),
    "a quote that is never closed": b'img,pixels\n1,"' + b"1 1\n" * (1 << 20),
}


@pytest.mark.parametrize("case", HUGE)
def test_an_endless_row_is_refused_in_bounded_memory(case: str) -> None:
    content = HUGE[case]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"^a\.csv: not readable as CSV .*replace the file"):
        list(lines(content, "a.csv"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 << 10  # KiB


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="/dev/zero: more than the 1,000 bytes"):
        read_file(Path("/dev/zero"), 1000)


def test_a_folder_and_an_overlong_name_are_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / ("a" * 300), Path("nul\0")):
        with pytest.raises(InputError, match=r"not readable .*; check the path"):
            read_file(path)


def test_a_number_of_5000_digits_is_refused() -> None:
    for text in ("9" * 5000, "9" * 19, "-1", "", "1.0", "²"):
        with pytest.raises(InputError, match="is not a whole number"):
            parse_int(text, "a.csv", 2)
    assert parse_int("9" * 18, "a.csv", 2) < 2**63


def test_blank_lines_at_the_end_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("img,pixels\r\n1,\r\n\r\n \n")
    assert [fields for _, fields in file_rows(path, ("img", "pixels"))] == [["1", ""]]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), min_size=1),
        max_size=5,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_rows_are_those_of_python_s_reader(table: list[list[str]], end: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(table)
    content = text.getvalue().encode()
    assert [fields for _, fields in lines(content, "a.csv")] == table
