"""JSON that no later computation could use is refused by a ValueError, whatever the fault."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nerveseg.json_reader import parse_json


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, '{"a":' * 100_000, "NaN", "-Infinity", "1e999", "9" * 400, b"\xff"],
    ids=lambda text: repr(text[:9]),
)
def test_spoilt_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting|nested|finite|codec"):
        parse_json(text)


_SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text()
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.recursive(_SCALARS | _NUMBERS, lambda inner: st.dictionaries(st.text(), inner)))
def test_sound_json_reads_as_json_reads_it(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
