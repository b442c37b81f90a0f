"""Frames that are not square go through every stage, from packing to the report."""

import numpy as np
import pytest
from clone import Clone

from nerveseg.maps import read_maps
from nerveseg.rle import IMAGE_SHAPE

pytestmark = pytest.mark.slow


def test_oblong_frames_go_all_the_way(tiny: Clone) -> None:
    tiny.set(
        pack__shape=[48, 80],
        models={"unet": {"width": 4}},
        summary__reference="unet",
        train__flips=["horizontal"],
        train__scale=0.1,
        train__shift=0.05,
        train__intensity=0.2,
        predict__tta_weights="agreement",
    )
    tiny.repro()
    assert np.load(tiny.folder / "data/packed/train_images.npy").shape[1:] == (48, 80)
    maps = read_maps(tiny.folder / "data/predictions/unet/test.b2nd")
    assert len(maps) == 10
    assert maps[0].shape == IMAGE_SHAPE
    assert (tiny.folder / "report/index.html").stat().st_size > 0


def test_transposing_views_are_refused_before_predicting(tiny: Clone) -> None:
    tiny.set(predict__tta=["identity", "transpose"])
    line = tiny.fails("python stages/predict.py unet").strip()
    assert line.startswith("error: predict.tta: the transposing views transpose need square frames")
    assert line.endswith("[48, 80]; leave these views out")
    tiny.set(predict__tta="flips")
    line = tiny.fails("python stages/predict.py unet").strip()
    assert line.startswith("error: predict.tta: flips has views that the network was not trained")
    tiny.set(predict__tta=["identity", "vertical"])
    assert tiny.shell("python stages/predict.py unet").count("was not trained on: vertical") == 1
