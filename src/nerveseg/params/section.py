"""Reading one typed, frozen section of params.yaml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nerveseg.errors import FaultsError, InputError

PARAMS_FILE: Final = Path("params.yaml")
UNTRACKED_KEYS: Final = frozenset({"size", "nfiles"})
"""Keys that the hash of DVC's run cache ignores at any depth (`dvc.stage.cache`): after a change of
such a value, DVC would restore the outputs of the old value."""
MOST_VALUES: Final = 100_000
"""How many values a file of parameters may hold, aliases written out."""
T = TypeVar("T", bound="Section")


class Section(BaseModel):
    """Base of every section.

    Sections are frozen and have no unknown keys; nothing is converted silently ('5' is not an int);
    and numbers are finite.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def read(name: str, kind: type[T], path: Path = PARAMS_FILE) -> T:
    """Return section `name` of the file at `path` as a `kind`.

    Raises:
        InputError: the file or the section is missing; a key is unknown, missing or one of
            `UNTRACKED_KEYS`; or a value is impossible. The message names the key.
    """
    document = read_document(path)
    if name not in document:
        raise InputError(f"{path}: the section '{name}' is missing")
    for key in untracked(document[name], name):
        raise InputError(
            f"{path}: {key}: DVC's run cache ignores keys of this name, so a change of "
            "its value would go unnoticed; use a key of another name"
        )
    return validated(document[name], name, kind, path)


def validated(value: object, name: str, kind: type[T], path: Path = PARAMS_FILE) -> T:
    """Return `value`, which has the dotted key `name` in the file at `path`, as a `kind`.

    Raises:
        InputError: a key is unknown or missing, or a value is impossible; the message names the
            key.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise FaultsError([_line(each, name, path) for each in error.errors()]) from error


def _line(fault: ErrorDetails, name: str, path: Path) -> str:
    key = ".".join([name, *map(str, fault["loc"])])
    # A whole section says nothing that the file does not; a value may be the answer.
    got = "" if isinstance(fault["input"], dict) else f" (got {repr(fault['input'])[:80]})"
    return f"{path}: {key}: {fault['msg'].removeprefix('Value error, ')}{got}"


def untracked(value: object, name: str) -> Iterator[str]:
    """Yield the dotted key of each of the `UNTRACKED_KEYS` within `value`, whose key is `name`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in UNTRACKED_KEYS:
                yield f"{name}.{key}"
            yield from untracked(inner, f"{name}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from untracked(inner, f"{name}.{index}")


def read_document(path: Path) -> dict[str, object]:
    """Return the file of parameters at `path` as it stands, by the names of its sections.

    Raises:
        InputError: it is missing, unreadable, too long or not a mapping.
    """
    # YAML 1.2 by ruamel, as DVC reads it: PyYAML would read 1e-4 as a string.
    try:
        document = YAML(typ="safe", pure=True).load(path)
    except FileNotFoundError:
        raise InputError(f"{path}: not found; run from the folder that contains dvc.yaml") from None
    except OSError as error:
        raise InputError(
            f"{path}: not readable ({error.strerror}); give yourself the permission, or restore "
            "the file: git restore params.yaml"
        ) from error
    except (YAMLError, ValueError, LookupError, OverflowError, RecursionError) as error:
        # A tag such as !!int on a text that is none makes the parser fail in these ways.
        raise InputError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected sections, found {type(document).__name__}")
    _check_extent(document, path)
    return document


def _check_extent(document: object, path: Path) -> None:
    """Refuse aliases that contain themselves, or that expand without end."""
    left, pending = MOST_VALUES, [document]
    while pending:
        value = pending.pop()
        left -= 1
        if left < 0:
            raise InputError(
                f"{path}: more than {MOST_VALUES:,} values; an alias (*name) repeats too much, or "
                "contains itself: write the values out"
            )
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
