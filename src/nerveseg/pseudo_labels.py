"""Files of pseudo-labels: masks of test frames that the networks of one fold predicted.

A folder external/pseudo/NAME holds fold0.safetensors, fold1.safetensors and so on. The networks
behind a file have not seen the validation frames of its fold. Neither has, then, a network that
trains on that fold with these masks, so that its validation scores stay honest. Those of another
fold would not be: its validation frames have trained the networks behind this file.

Source: Lee, *Pseudo-label*, ICML workshop on challenges in representation learning, 2013; Xie,
Luong, Hovy and Le, *Self-training with noisy student*, CVPR 2020.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from nerveseg.data.packed import TEST_IMAGES, TEST_TABLE
from nerveseg.errors import InputError
from nerveseg.json_reader import parse_json
from nerveseg.sha256 import sha256_of

METADATA: Final = "pseudo_labels"
REMEDY: Final = "write the labels anew: nerveseg pseudo-label"
_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Origin(NamedTuple):
    """Where pseudo-labels come from.

    Attributes:
        run: the run whose networks predicted them.
        fold: the fold that these networks validate on.
        assignment: `nerveseg.data.fold_table.assignment_of` the split that they were trained on.
        test: `hash_of_test` of the frames that they label.
        weights: path of each network's weights -> their SHA-256.
        parameters: key of params.yaml -> the value that split and frames were made with.
        sure: least certainty of a label (see `nerveseg.inference.pseudo_label`).
        least_area: fewest pixels of a nerve, at 420 x 580.
    """

    run: str
    fold: Annotated[int, Field(ge=0)]
    assignment: _Hash
    test: _Hash
    weights: dict[str, _Hash]
    parameters: dict[str, object]
    sure: float
    least_area: int


_ORIGIN: Final = TypeAdapter(Origin)


@dataclass(frozen=True)
class PseudoLabels:
    """The labels of one fold; M frames of H x W pixels.

    Attributes:
        origin: where they come from.
        img: numbers of the test images, M int64, ascending.
        bits: masks as `numpy.packbits` packs each, M x ceil(H W / 8) uint8.
        certainty: certainty of each label, M float32, 0..1.
        shape: height and width of the packed frames.
    """

    origin: Origin
    img: NDArray[np.int64]
    bits: NDArray[np.uint8]
    certainty: NDArray[np.float32]
    shape: tuple[int, int]

    def __len__(self) -> int:
        """The number of labelled frames."""
        return len(self.img)

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Whether each label shows a nerve, M."""
        return np.asarray(self.bits.any(axis=1))

    def mask(self, index: int) -> NDArray[np.uint8]:
        """Return one mask, H x W uint8 {0, 1}."""
        height, width = self.shape
        return np.unpackbits(self.bits[index], count=height * width).reshape(height, width)


def path_of(folder: Path, fold: int) -> Path:
    """Return the file of the pseudo-labels that may train on `fold`."""
    return folder / f"fold{fold}.safetensors"


def hash_of_test(packed: Path) -> str:
    """Return a SHA-256 that changes with the packed test frames and their numbers."""
    each = (sha256_of(packed / name) for name in (TEST_TABLE, TEST_IMAGES))
    return hashlib.sha256("".join(each).encode()).hexdigest()


def save_labels(path: Path, labels: PseudoLabels) -> None:
    """Write a file of pseudo-labels; the caller sees to it that it is written whole.

    Raises:
        InputError: it cannot be written.
    """
    tensors: dict[str, NDArray[Any]] = {
        "img": labels.img,
        "bits": labels.bits,
        "certainty": labels.certainty,
        "shape": np.array(labels.shape, np.int64),
    }
    # A single entry, because safetensors writes several in random order.
    text = json.dumps(labels.origin._asdict(), sort_keys=True)
    try:
        save_file(tensors, path, metadata={METADATA: text})
    except SafetensorError as error:
        raise InputError(
            f"{path}: could not be written ({error}); free some disk space and run again"
        ) from error


def read_labels(folder: Path, fold: int) -> PseudoLabels:
    """Return the pseudo-labels in `folder` that may train on `fold`.

    Raises:
        InputError: there are none, the file is damaged, or it was made for another fold.
    """
    path = path_of(folder, fold)
    if not path.is_file():
        raise InputError(f"{path}: not found, and fold {fold} needs it; {REMEDY}")
    try:
        with safe_open(path, framework="np") as file:
            text = (file.metadata() or {})[METADATA]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        labels = _labels(_ORIGIN.validate_python(parse_json(text)), tensors)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        brief = " ".join(str(error).split())[:160]
        raise InputError(f"{path}: not readable as pseudo-labels ({brief}); {REMEDY}") from error
    if labels.origin.fold != fold:
        raise InputError(
            f"{path}: labels of networks that validate on fold {labels.origin.fold} and were "
            f"trained on frames of fold {fold}; {REMEDY}"
        )
    return labels


def _labels(origin: Origin, tensors: Mapping[str, NDArray[Any]]) -> PseudoLabels:
    img, bits, certainty, shape = (tensors[name] for name in ("img", "bits", "certainty", "shape"))
    if shape.dtype != np.int64 or shape.shape != (2,) or not (shape > 0).all():
        raise ValueError("no height and width")
    height, width = map(int, shape)
    expected = {
        "img": (img, np.int64, (len(img),)),
        "bits": (bits, np.uint8, (len(img), -(-height * width // 8))),
        "certainty": (certainty, np.float32, (len(img),)),
    }
    for name, (array, dtype, wanted) in expected.items():
        if array.dtype != dtype or array.shape != wanted:
            raise ValueError(f"{name}: {array.dtype} of shape {array.shape}, expected {wanted}")
    if (np.diff(img) <= 0).any():
        raise ValueError("its frames are not in ascending order")
    return PseudoLabels(origin, img, bits, certainty, (height, width))
