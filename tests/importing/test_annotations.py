"""Polygons and run lengths become the masks that pycocotools and scikit-image make of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco
from scipy import ndimage
from skimage.draw import polygon2mask

from nerveseg.errors import InputError
from nerveseg.importing.annotations import Annotation, Shape, check_labels, read_coco, read_labelme
from nerveseg.importing.polygons import from_polygon, from_run_lengths

SHAPE = (60, 90)
TRIANGLE = [10.0, 10.0, 70.5, 20.0, 30.0, 50.0]

# pycocotools 2.0.11 converts arrays in a way that NumPy deprecates.
decodes = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document))
    return path


def coco_document(**changes: object) -> dict[str, Any]:
    return {
        "images": [
            {"id": 1, "file_name": "a.png", "height": 60, "width": 90},
            {"id": 2, "file_name": "b.png", "height": 60, "width": 90},
        ],
        "categories": [{"id": 5, "name": "nerve"}, {"id": 6, "name": "vessel"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 5, "segmentation": [TRIANGLE]},
            {"id": 2, "image_id": 1, "category_id": 6, "segmentation": [[0, 0, 9, 0, 9, 9]]},
        ],
    } | changes


@settings(max_examples=40)
@given(st.integers(0, 999), st.floats(0, 1))
def test_compressed_run_lengths_read_as_pycocotools_reads_them(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    mask = np.asfortranarray(rng.random(SHAPE) < share, np.uint8)
    if seed % 2:  # few long runs, too
        mask = np.asfortranarray(ndimage.maximum_filter(mask, 9))
    counts = coco.encode(mask)["counts"].decode()
    assert (from_run_lengths({"size": [60, 90], "counts": counts}, SHAPE) == mask).all()


def test_plain_run_lengths_by_hand() -> None:
    # Down the columns: two pixels outside, three inside, the rest outside.
    mask = from_run_lengths({"size": [4, 2], "counts": [2, 3, 3]}, (4, 2))
    assert mask.tolist() == [[0, 1], [0, 0], [1, 0], [1, 0]]


@pytest.mark.parametrize(
    "counts", ["", "z" * 9, "0" * 9, "ö", [2, 3], [-1, 9], [True, 7], [2.0, 6], None, ["8"], "oo"]
)
def test_damaged_run_lengths_are_refused(counts: object) -> None:
    with pytest.raises(InputError, match="run lengths"):
        from_run_lengths({"size": [4, 2], "counts": counts}, (4, 2))
    with pytest.raises(InputError, match="run lengths of size"):
        from_run_lengths({"size": [2, 4], "counts": [8]}, (4, 2))


def test_a_polygon_is_that_of_scikit_image_within_a_pixel() -> None:
    mask = from_polygon(TRIANGLE, SHAPE)
    points = np.array(TRIANGLE).reshape(-1, 2)[:, ::-1]
    other = polygon2mask(SHAPE, points)
    assert mask.sum() == pytest.approx(other.sum(), rel=0.05)
    assert not (mask & ~ndimage.binary_dilation(other, np.ones((3, 3)))).any()
    assert not (ndimage.binary_erosion(other, np.ones((3, 3))) & (mask == 0)).any()


@pytest.mark.parametrize(
    "points",
    [None, [], [1, 2, 3, 4], [1, 2, 3, 4, 5], "123456", [1, 2, 3, 4, 5, "6"]]
    + [[1, 2, 3, 4, 5, bad] for bad in (float("nan"), float("inf"), 1e7, 10**400)],
)
def test_what_is_no_polygon_is_refused(points: object) -> None:
    with pytest.raises(InputError, match="a polygon"):
        from_polygon(points, SHAPE)


def test_a_polygon_that_leaves_the_image_is_cut() -> None:
    assert from_polygon([-20, -20, 100, -20, 100, 80, -20, 80], SHAPE).all()


@decodes
def test_coco_is_read_as_pycocotools_reads_it(tmp_path: Path) -> None:
    found = read_coco(write(tmp_path / "coco.json", coco_document()))
    assert list(found) == ["a.png"]
    nerve = coco.decode(coco.frPyObjects([TRIANGLE], 60, 90))[..., 0]
    vessel = coco.decode(coco.frPyObjects([[0.0, 0, 9, 0, 9, 9]], 60, 90))[..., 0]
    assert (found["a.png"].mask(SHAPE, ["nerve"]) == nerve).all()
    assert (found["a.png"].mask(SHAPE, []) == (nerve | vessel)).all()
    with pytest.raises(InputError, match="annotates an image of 90 x 60, but the image is 9 x 6"):
        found["a.png"].mask((6, 9), [])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"images": None}, "has no list 'images'"),
        ({"annotations": [3]}, "has no list 'annotations'"),
        ({"categories": []}, "annotation 1 names an image or a category that is not listed"),
        ({"images": []}, "annotation 1 names an image or a category that is not listed"),
    ],
)
def test_a_malformed_coco_file_is_refused(
    tmp_path: Path, changes: dict[str, object], fault: str
) -> None:
    with pytest.raises(InputError, match=fault):
        read_coco(write(tmp_path / "coco.json", coco_document(**changes)))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match="JSON"):
        read_labelme(tmp_path / "a.json")


def labelme(*shapes: dict[str, Any]) -> dict[str, Any]:
    return {"imageHeight": 60, "imageWidth": 90, "shapes": list(shapes)}


def test_shapes_of_labelme(tmp_path: Path) -> None:
    shapes: list[dict[str, object]] = [
        {"label": "nerve", "points": [[10, 10], [70.5, 20], [30, 50]], "shape_type": "polygon"},
        {"label": "box", "points": [[10, 20], [40, 30]], "shape_type": "rectangle"},
        {"label": "disc", "points": [[45, 30], [45, 50]], "shape_type": "circle"},
    ]
    found = read_labelme(write(tmp_path / "a.json", labelme(*shapes)))
    assert (found.mask(SHAPE, ["nerve"]) == from_polygon(TRIANGLE, SHAPE)).all()
    assert found.mask(SHAPE, ["box"]).sum() == 30 * 10
    assert found.mask(SHAPE, ["disc"]).sum() == pytest.approx(np.pi * 20**2, rel=0.01)


def test_a_file_of_labelme_without_shapes_is_an_empty_mask(tmp_path: Path) -> None:
    assert not read_labelme(write(tmp_path / "a.json", labelme())).mask(SHAPE, []).any()


@pytest.mark.parametrize(
    ("shape", "fault"),
    [
        ({"label": "n", "points": [[1, 2], [3]], "shape_type": "polygon"}, "are malformed"),
        ({"label": "n", "shape_type": "polygon"}, "are malformed"),
        ({"label": "n", "points": [[1, 2]], "shape_type": "circle"}, "are malformed"),
        ({"label": "n", "points": [[1, 2], [3, 4]], "shape_type": "line"}, "of type line; draw"),
    ],
)
def test_a_malformed_shape_is_refused(tmp_path: Path, shape: dict[str, object], fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        read_labelme(write(tmp_path / "a.json", labelme(shape)))


def test_several_categories_must_be_chosen_from() -> None:
    annotations = [Annotation(None, [Shape("nerve", [])]), Annotation(None, [Shape("vein", [])])]
    (fault,) = check_labels(annotations, [])
    assert "categories nerve, vein; choose with --category" in fault
    assert list(check_labels(annotations, ["vein"])) == []
    assert "--category artery: not annotated" in next(check_labels(annotations, ["artery"]))
