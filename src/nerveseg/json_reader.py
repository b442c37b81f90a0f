"""Reading JSON that a disk, a person or a service may have spoilt."""

import json
import math
from typing import Any, Final, NoReturn

# json itself stops at 4300 digits, but a number of 400 overflows as soon as it becomes a float.
_MOST_DIGITS: Final = 40


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401
    """Return the value of a JSON document.

    Args:
        text: the document; bytes are UTF-8, UTF-16 or UTF-32.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or holds a number that is not finite or
            has more than 40 digits.
    """
    try:
        return json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _integer(text: str) -> int:
    return int(text) if len(text) <= _MOST_DIGITS else _refuse(text)


def _number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"'{text[:20]}' is not a finite number of at most {_MOST_DIGITS} digits")
