"""Annotations in JSON: those of LabelMe, one file an image, and those of COCO, one for all."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.csv_reader import read_file
from nerveseg.errors import InputError
from nerveseg.importing.frames import unnamed
from nerveseg.importing.polygons import from_polygon, from_run_lengths

LABELME_END: Final = ".json"
_CIRCLE_POINTS: Final = 360


class Shape(NamedTuple):
    """One outlined object.

    Attributes:
        label: its category.
        segmentation: a list of polygons, or run lengths, as in COCO.
    """

    label: str
    segmentation: object


class Annotation(NamedTuple):
    """What is outlined in one image.

    Attributes:
        size: height and width of the image, if the file names them.
        shapes: the objects.
    """

    size: tuple[int, int] | None
    shapes: list[Shape]

    def mask(self, shape: tuple[int, int], labels: Sequence[str]) -> NDArray[np.uint8]:
        """Return the union of all objects, H x W uint8 {0, 1}.

        Args:
            shape: height and width of the image.
            labels: the categories that count; all of them if there are none.

        Raises:
            InputError: an object is malformed, or the image has another size.
        """
        if self.size is not None and self.size != shape:
            raise InputError(
                f"annotates an image of {self.size[1]} x {self.size[0]}, but the image is "
                f"{shape[1]} x {shape[0]}; use the image that was annotated"
            )
        mask = np.zeros(shape, dtype=np.uint8)
        for each in self.shapes:
            if not labels or each.label in labels:
                mask |= _drawn(each.segmentation, shape)
        return mask


def read_labelme(path: Path) -> Annotation:
    """Return what a file of LabelMe outlines: polygons, rectangles and circles.

    Raises:
        InputError: it is unreadable or malformed; the message does not name it.
    """
    document = _document(path)
    size = _size(document.get("imageHeight"), document.get("imageWidth"))
    shapes = [
        Shape(str(each.get("label")), [_labelme_polygon(each)])
        for each in _list_of_objects(document, "shapes")
    ]
    return Annotation(size, shapes)


def read_coco(path: Path) -> dict[str, Annotation]:
    """Return what a file of COCO outlines in each image, by the image's file_name.

    Images without an object are left out.

    Raises:
        InputError: it is unreadable or malformed; the message does not name it.
    """
    document = _document(path)
    names = {
        _hashable(each.get("id")): str(each.get("name"))
        for each in _list_of_objects(document, "categories")
    }
    found: dict[str, Annotation] = {}
    by_id: dict[object, Annotation] = {}
    for each in _list_of_objects(document, "images"):
        annotation = Annotation(_size(each.get("height"), each.get("width")), [])
        by_id[_hashable(each.get("id"))] = found[str(each.get("file_name"))] = annotation
    for each in _list_of_objects(document, "annotations"):
        image, category = _hashable(each.get("image_id")), _hashable(each.get("category_id"))
        if image not in by_id or category not in names:
            raise InputError(
                f"annotation {each.get('id')} names an image or a category that is not listed; "
                "correct it"
            )
        by_id[image].shapes.append(Shape(names[category], each.get("segmentation")))
    return {name: annotation for name, annotation in found.items() if annotation.shapes}


def check_labels(annotations: Iterable[Annotation], labels: Sequence[str]) -> Iterator[str]:
    """Yield a fault if the categories are several and none is chosen, or a chosen one is absent."""
    found = sorted({shape.label for annotation in annotations for shape in annotation.shapes})
    if not labels and len(found) > 1:
        yield f"the annotations have the categories {', '.join(found)}; choose with --category"
    for label in labels:
        if label not in found:
            yield f"--category {label}: not annotated; there are only {', '.join(found)}"


def _drawn(segmentation: object, shape: tuple[int, int]) -> NDArray[np.uint8]:
    if isinstance(segmentation, Mapping):
        return from_run_lengths(segmentation, shape)
    if not isinstance(segmentation, list) or not segmentation:
        raise InputError("an object without an outline; draw it or remove it")
    mask = np.zeros(shape, dtype=np.uint8)
    for polygon in segmentation:
        mask |= from_polygon(polygon, shape)
    return mask


def _labelme_polygon(shape: Mapping[str, Any]) -> list[float]:
    kind, label = shape.get("shape_type", "polygon"), shape.get("label")
    try:
        points = [(float(x), float(y)) for x, y in shape["points"]]
        if kind == "polygon":
            return [value for point in points for value in point]
        (left, top), (right, bottom) = points
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"the points of a {kind} '{label}' are malformed; draw it again"
        ) from error
    if kind == "rectangle":
        return [left, top, right, top, right, bottom, left, bottom]
    if kind != "circle":
        raise InputError(f"a shape '{label}' of type {kind}; draw a polygon, rectangle or circle")
    # LabelMe stores the centre and a point of the circle.
    radius = math.hypot(right - left, bottom - top)
    angles = np.arange(_CIRCLE_POINTS) * (2 * math.pi / _CIRCLE_POINTS)
    ring = np.stack([left + radius * np.cos(angles), top + radius * np.sin(angles)], axis=1)
    return [float(value) for value in ring.reshape(-1)]


def _document(path: Path) -> dict[str, Any]:
    with unnamed(path):
        content = read_file(path)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not readable as JSON ({error}); replace it") from error
    if not isinstance(document, dict):
        raise InputError("not an object in JSON; replace it")
    return document


def _list_of_objects(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = document.get(key)
    if not (isinstance(value, list) and all(isinstance(each, dict) for each in value)):
        raise InputError(f"has no list '{key}' of objects; export the annotations again")
    return value


def _size(height: object, width: object) -> tuple[int, int] | None:
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _hashable(value: object) -> object:
    return value if isinstance(value, int | str) else str(value)
