"""The artefact: a file of weights with one more entry in its header, which says how to use them.

A file weights.safetensors of the stage `train` holds the tensors and, under the key `nerveseg`, the
description of their network (`nerveseg.models.weights`). An artefact is the same file with an
`Artefact` in JSON under the key `nerveseg_artefact`, so that whatever reads the one reads the
other. A header of safetensors is JSON and the rest are numbers: nothing in such a file is executed.
"""

import json
import shutil
import struct
from pathlib import Path
from typing import IO, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from nerveseg.artefact.decision import DecisionRule
from nerveseg.atomic import whole_file
from nerveseg.errors import InputError

KEY: Final = "nerveseg_artefact"
VERSION: Final = 1
"""Raised when a file of the new version would be misread by code of the old one."""

MOST_HEADER_BYTES: Final = 16 << 20
"""Limit on the size of the header; that of the largest network has less than 100 KB."""

_METADATA: Final = "__metadata__"
_LENGTH: Final = struct.Struct("<Q")
_ALIGNMENT: Final = 8  # safetensors pads its header so that the numbers start at a multiple


class Normalisation(BaseModel):
    """How grey levels 0..255 become the network's input: (x / 255 - mean) / deviation."""

    model_config = ConfigDict(frozen=True)

    mean: float
    deviation: float


class Artefact(BaseModel):
    """What an artefact holds beside the weights and the description of their network.

    Attributes:
        version: version of this format.
        run: name of the run that trained the network.
        title: the network as the report calls it.
        paper: where the network was published.
        normalisation: how its input is normalised.
        tta: names of the views that a prediction averages over.
        tta_weights: how the views are averaged.
        rule: from maps to decisions.
        data: what it was trained on: source, numbers of frames and subjects, split.
        fingerprint: name of a file of the training data -> its SHA-256.
        metrics: scores of the run, as far as they are known; see docs/metrics.md.
        made_with: versions and revision.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    version: Annotated[int, Field(ge=1)] = VERSION
    run: str
    title: str
    paper: str
    normalisation: Normalisation
    tta: list[str]
    tta_weights: Literal["mean", "agreement"] = "mean"
    rule: DecisionRule
    data: dict[str, JsonValue] = {}
    fingerprint: dict[str, str] = {}
    metrics: dict[str, float | str] = {}
    made_with: dict[str, str] = {}


def write_artefact(weights: Path, artefact: Artefact, out: Path) -> None:
    """Write `out`: the tensors of a file of weights byte for byte, and `artefact` in its header.

    The same inputs give the same bytes.

    Raises:
        InputError: `weights` is missing or damaged.
    """
    with _opened(weights) as source, whole_file(out) as temporary:
        header = _header(source, weights)
        entries = header.setdefault(_METADATA, {})
        entries[KEY] = artefact.model_dump_json()
        text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
        text += b" " * (-len(text) % _ALIGNMENT)
        with temporary.open("wb") as file:
            file.write(_LENGTH.pack(len(text)) + text)
            shutil.copyfileobj(source, file)


def read_artefact(path: Path) -> Artefact | None:
    """Return what the header of a file says; None for weights that were never shared.

    Raises:
        InputError: the file is missing or damaged, or of a newer version.
    """
    with _opened(path) as file:
        text = _header(file, path).get(_METADATA, {}).get(KEY)
    if text is None:
        return None
    try:
        document = json.loads(text)
        if document["version"] > VERSION:
            raise InputError(
                f"{path}: an artefact of version {document['version']}, and this nerveseg reads up "
                f"to {VERSION}; install a newer nerveseg"
            )
        return Artefact.model_validate(document)
    except (ValidationError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path}: its description is damaged ({' '.join(str(error).split())[:160]}); fetch the "
            "file again"
        ) from error


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(f"{path}: not found; check the path, or train the network first") from None
    except OSError as error:
        raise InputError(f"{path}: not readable ({error.strerror}); check the path") from error


def _header(file: IO[bytes], path: Path) -> dict[str, dict[str, str]]:
    """Return the header of safetensors; `file` then stands where its numbers begin."""
    try:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        if length > MOST_HEADER_BYTES:
            raise ValueError(f"a header of {length:,} bytes")
        header = json.loads(file.read(length))
        if not isinstance(header, dict) or not isinstance(header.get(_METADATA, {}), dict):
            raise ValueError("its header is no table")
    except (struct.error, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: not a file of weights ({' '.join(str(error).split())[:160]}); fetch it again"
        ) from error
    return header
