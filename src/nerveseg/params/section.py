"""Reading one typed, frozen section of params.yaml."""

from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nerveseg.errors import InputError

PARAMS_FILE: Final = Path("params.yaml")
T = TypeVar("T", bound="Section")


class Section(BaseModel):
    """Base of every section: frozen, no unknown keys, no silent conversions ('5' is no int)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def read(name: str, kind: type[T], path: Path = PARAMS_FILE) -> T:
    """Return section `name` of the file at `path` as a `kind`.

    Raises:
        InputError: the file or the section is missing, a key is unknown or missing, or a
            value is impossible; the message names the key.
    """
    document = _document(path)
    if name not in document:
        raise InputError(f"{path}: the section '{name}' is missing")
    try:
        return kind.model_validate(document[name])
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([name, *(str(part) for part in first["loc"])])
        raise InputError(f"{path}: {key}: {first['msg']} (got {first['input']!r})") from error


def _document(path: Path) -> dict[str, object]:
    # YAML 1.2 through ruamel, as DVC reads it: PyYAML would take 1e-4 for a string.
    try:
        document = YAML(typ="safe", pure=True).load(path)
    except FileNotFoundError:
        raise InputError(f"{path}: not found; run from the folder that holds dvc.yaml") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected sections, found {type(document).__name__}")
    return document
