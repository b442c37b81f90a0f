"""The subjects of test frames, which a competition does not publish."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from nerveseg.data.packed import open_frames, read_test
from nerveseg.data.simulated.competition import test_shots
from nerveseg.params.data import SimulatedSource

THUMBNAIL: Final = (32, 24)
"""Width and height to which frames are shrunk to compare them."""
ALIKE: Final = 0.9
"""Correlation of thumbnails above which two frames are taken for one subject's."""

Finder = Callable[[Path, Mapping[str, Any]], dict[int, int]]


def of_simulator(_folder: Path, params: Mapping[str, Any]) -> dict[int, int]:
    """Return test image -> subject, as the simulator has drawn them."""
    settings = SimulatedSource.model_validate(params["data"]["simulated"])
    return {shot.img: shot.subject for shot in test_shots(settings)}


def alike(folder: Path, _params: Mapping[str, Any]) -> dict[int, int]:
    """Return test image -> group of frames that look alike, directly or through others."""
    packed = folder / "data/packed"
    groups = grouped(open_frames(packed / "test_images.npy"))
    return dict(zip(read_test(packed / "test.csv"), groups.tolist(), strict=True))


def grouped(images: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the group of each frame.

    Args:
        images: N x H x W.
    """
    small = [cv2.resize(each, THUMBNAIL, interpolation=cv2.INTER_AREA).ravel() for each in images]
    similar = np.atleast_2d(np.corrcoef(np.array(small, dtype=np.float64))) > ALIKE
    groups: NDArray[np.int32] = connected_components(csr_matrix(similar), directed=False)[1]
    return groups


FINDERS: Final[Mapping[str, Finder]] = {"simulator": of_simulator, "alike": alike}
