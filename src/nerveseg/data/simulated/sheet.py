"""A contact sheet of simulated frames, as one PNG."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_file
from nerveseg.data.simulated.anatomy import SHAPE
from nerveseg.data.simulated.competition import Shot, image_of, mask_of, train_shots
from nerveseg.params.data import SimulatedSource

_COLUMNS: Final = 4
_FRAMES: Final = 16
_EDGE: Final = 6
_COLOUR: Final = (40, 210, 255)  # blue, green, red


def write_sheet(path: Path, seed: int) -> None:
    """Write a contact sheet: eight frames with their outlines as a PNG.

    Args:
        path: the PNG.
        seed: seed of the competition. The frames are of eight subjects; two show no nerve.
    """
    settings = SimulatedSource(
        recipe=1,
        seed=seed,
        train_subjects=8,
        train_frames=_FRAMES,
        test_subjects=1,
        test_frames=2,
        nerve_share=0.41,
        nerve_spread=0.1,
        unlabelled=0.0,
    )
    shots = train_shots(settings)
    chosen = [
        _frame_of(shots[start : start + _FRAMES], nerve=start // _FRAMES not in (2, 5))
        for start in range(0, len(shots), _FRAMES)
    ]
    tiles = [_tile(shot) for shot in chosen]
    rows = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, 8, _COLUMNS)]
    with whole_file(path) as new:
        cv2.imwrite(str(new), np.vstack(rows))


def _frame_of(shots: list[Shot], nerve: bool) -> Shot:
    candidates = [shot for shot in shots if bool(shot.neck.sweep.nerve[shot.frame]) is nerve]
    return candidates[len(candidates) // 2]


def _tile(shot: Shot) -> NDArray[np.uint8]:
    image = cv2.cvtColor(image_of(shot), cv2.COLOR_GRAY2BGR)
    contours, _ = cv2.findContours(mask_of(shot), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(image, contours, -1, _COLOUR, 2, cv2.LINE_AA)
    small = cv2.resize(image, (SHAPE[1] // 2, SHAPE[0] // 2), interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(
        small, _EDGE, _EDGE, _EDGE, _EDGE, cv2.BORDER_CONSTANT, value=(255, 255, 255)
    )
    return np.asarray(framed, dtype=np.uint8)
