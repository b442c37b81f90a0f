"""Prediction maps on disk."""

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import blosc2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nerveseg.errors import InputError
from nerveseg.maps import MapWriter, code_of, logits_of, quantise, read_maps
from nerveseg.rle import IMAGE_SHAPE

logit = st.floats(-40, 40, width=32)


def _maps(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (count, *IMAGE_SHAPE), dtype=np.uint8)


def _write(path: Path, maps: Iterable[NDArray[np.uint8]], count: int) -> None:
    with MapWriter(path, count) as writer:
        for codes in maps:
            writer.write(codes)


def test_codes_by_hand() -> None:
    logits = np.array([-20, -16, -0.01, 0, 0.124, 0.125, 15.9, 20], dtype=np.float32)
    assert quantise(logits).tolist() == [0, 0, 127, 128, 128, 129, 255, 255]
    assert logits_of(np.array([0, 127, 128, 255], np.uint8)).tolist() == [
        -15.9375,
        -0.0625,
        0.0625,
        15.9375,
    ]


@given(logit, logit)
def test_codes_keep_the_order_of_logits(one: float, other: float) -> None:
    low, high = quantise(np.array(sorted([one, other]), dtype=np.float32))
    assert low <= high


@given(st.floats(-15.875, 15.875, width=32))
def test_a_code_is_within_half_a_bin_of_its_logit(value: float) -> None:
    code = quantise(np.array([value], dtype=np.float32))
    assert abs(logits_of(code)[0] - value) <= 1 / 16 + 1e-5


def test_coding_the_middle_of_a_bin_gives_the_bin() -> None:
    codes = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(quantise(logits_of(codes)), codes)


@pytest.mark.parametrize(
    ("probability", "code"), [(0.0, 0), (0.5, 128), (0.51, 129), (0.49, 128), (1.0, 256)]
)
def test_threshold_codes_by_hand(probability: float, code: int) -> None:
    assert code_of(probability) == code


@given(st.floats(0.001, 0.999))
def test_thresholding_codes_takes_no_bin_below_the_probability(probability: float) -> None:
    codes = np.arange(256, dtype=np.uint8)
    lower_edges = 1 / (1 + np.exp(-(codes.astype(float) - 128) / 8))
    expected = lower_edges >= probability - 1e-12
    np.testing.assert_array_equal(codes >= code_of(probability), expected)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_no_code_for_an_impossible_probability(probability: float) -> None:
    with pytest.raises(ValueError, match=r"within 0\.\.1"):
        code_of(probability)


def test_a_diverged_network_is_an_input_error() -> None:
    with pytest.raises(InputError, match="lower learning rate"):
        quantise(np.array([0.0, np.nan], dtype=np.float32))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_is_written_is_read(tmp_path: Path, count: int) -> None:
    maps = _maps(count)
    _write(tmp_path / "valid.b2nd", maps, len(maps))
    found = read_maps(tmp_path / "valid.b2nd")
    assert len(found) == count
    np.testing.assert_array_equal(np.array(list(found)).reshape(maps.shape), maps)


def test_no_more_than_a_byte_a_pixel_even_of_noise(tmp_path: Path) -> None:
    maps = _maps(4)
    _write(tmp_path / "valid.b2nd", maps, len(maps))
    assert (tmp_path / "valid.b2nd").stat().st_size <= 1.001 * maps.size


def test_same_maps_same_bytes(tmp_path: Path) -> None:
    for name in ("a.b2nd", "b.b2nd"):
        _write(tmp_path / name, _maps(2), 2)
    assert (tmp_path / "a.b2nd").read_bytes() == (tmp_path / "b.b2nd").read_bytes()


def test_an_interrupted_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "valid.b2nd"
    _write(path, _maps(1), 1)
    before = path.read_bytes()

    def maps() -> Iterator[NDArray[np.uint8]]:
        yield _maps(1)[0]
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        _write(path, maps(), 2)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("announced", "message"), [(3, "2 maps written, 3 announced"), (1, "more maps than the 1")]
)
def test_too_few_or_too_many_maps_write_nothing(
    tmp_path: Path, announced: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _write(tmp_path / "valid.b2nd", _maps(2), announced)
    assert not list(tmp_path.iterdir())


def test_a_map_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a map is uint8"):
        _write(tmp_path / "valid.b2nd", np.zeros((1, 96, 96), dtype=np.uint8), 1)


def test_a_missing_file_says_which_stage_makes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"valid.b2nd: not found; run the stage predict"):
        read_maps(tmp_path / "valid.b2nd")


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.5, 0.99, 0.9999])
def test_a_truncated_file_is_an_input_error(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "valid.b2nd"
    _write(path, _maps(3), 3)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(InputError, match=r"valid.b2nd: .*; delete the file and run dvc repro"):
        list(read_maps(path))


def test_an_array_of_another_kind_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "valid.b2nd"
    blosc2.asarray(np.zeros((2, 96, 96), np.uint8), urlpath=str(path), mode="w")
    content = path.read_bytes()
    path.write_bytes(content + b"nervecrc" + zlib.crc32(content).to_bytes(4, "little"))
    with pytest.raises(InputError, match=r"expected uint8 maps of \(420, 580\)"):
        read_maps(path)


def test_a_file_without_a_checksum_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "valid.b2nd"
    _write(path, _maps(2), 2)
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match="truncated, or written by a version without checksums"):
        read_maps(path)


def test_every_flipped_bit_is_seen_before_blosc2_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "valid.b2nd"
    _write(path, np.zeros((2, *IMAGE_SHAPE), np.uint8), 2)
    content = path.read_bytes()

    def opened(*_arguments: object, **_options: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(blosc2, "open", opened)
    for at in range(len(content)):
        flipped = bytearray(content)
        flipped[at] ^= 1 << at % 8
        path.write_bytes(bytes(flipped))
        with pytest.raises(InputError, match=r"valid\.b2nd: .*; delete the file and run dvc repro"):
            read_maps(path)


def test_a_full_disk_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise RuntimeError("Error while setting the slice")

    monkeypatch.setattr(blosc2.NDArray, "__setitem__", full)
    with pytest.raises(InputError, match=r"valid\.b2nd: map 0 could not be .*free some disk space"):
        _write(tmp_path / "valid.b2nd", _maps(1), 1)
    assert not list(tmp_path.iterdir())
