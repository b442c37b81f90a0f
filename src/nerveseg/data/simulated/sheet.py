"""A contact sheet of simulated frames, as one PNG."""

from pathlib import Path
from typing import Final

from nerveseg.data.outlined_frames import sheet, tile
from nerveseg.data.simulated.competition import Shot, image_of, mask_of, train_shots
from nerveseg.image_writer import write_image
from nerveseg.params.data import SimulatedSource

_COLUMNS: Final = 4
_FRAMES: Final = 16


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
    tiles = [tile(image_of(shot), mask_of(shot)) for shot in chosen]
    write_image(path, sheet(tiles, _COLUMNS))


def _frame_of(shots: list[Shot], nerve: bool) -> Shot:
    candidates = [shot for shot in shots if bool(shot.neck.sweep.nerve[shot.frame]) is nerve]
    return candidates[len(candidates) // 2]
