"""Frames in the page: runs side by side (Fig. 4, 5), failures (Fig. 7) and the image browser."""

import base64
import json
import math
from collections.abc import Sequence
from functools import reduce
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.reporting.cases import Cases, Image, Images
from nerveseg.reporting.results import Results
from nerveseg.reporting.unseen_frames import UnseenFrame, UnseenImages, payload_of
from nerveseg.rle import IMAGE_SHAPE, decode

Record = dict[Any, Any]
MARGIN: Final = 30  # pixels
MIN_SHARE: Final = (
    0.45  # of the frame's height and width; closer crops hide where in the body it is
)
WEBP_QUALITY: Final = 80  # about 25 kB per frame; the speckle hides the compression artefacts


class Window(NamedTuple):
    """A rectangle in whole pixels with the frame's aspect ratio."""

    top: int
    left: int
    height: int
    width: int


def example_grids(results: Results, cases: Cases) -> list[dict[str, Any]]:
    """Return Fig. 4, the ablation, and Fig. 5, the other networks, for the template.

    A figure is left out if there are no runs to show in it.
    """
    table = set(results.paper[results.paper["table"] == 1]["run"])
    ablation = [run for run in results.runs if run in table]
    others = [run for run in results.runs if run not in table]
    reference = [results.reference] if results.reference not in others else []
    found = []
    if len(ablation) > 1 or not others:
        title = "Figure 4: the ablation"
        found.append(_grid("examples-ablation", title, ablation, results, cases))
    if others:
        title = "Figure 5: the networks side by side"
        found.append(_grid("examples-networks", title, others + reference, results, cases))
    return found


def failure_groups(results: Results, cases: Cases) -> list[dict[str, Any]]:
    """Return the kinds of failure in Fig. 7 and their frames for the template."""
    return [
        {
            "title": title,
            "rule": f"Rule: {rule}.",
            "cases": [_failure(results, cases, key) for key in keys],
        }
        for title, rule, keys in cases.failures
    ]


def crop_window(mask: NDArray[np.uint8]) -> Window:
    """Return the smallest window around `mask`, H x W, and its margin; all of it if it is empty."""
    rows, columns = mask.shape
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return Window(0, 0, rows, columns)
    share = max((height + 2 * MARGIN) / rows, (width + 2 * MARGIN) / columns, MIN_SHARE)
    share = min(share, 1.0)
    size = round(share * rows), round(share * columns)
    centre = top + height / 2, left + width / 2
    return Window(_start(centre[0], size[0], rows), _start(centre[1], size[1], columns), *size)


def _start(centre: float, size: int, limit: int) -> int:
    return int(np.clip(round(centre - size / 2), 0, limit - size))


def _grid(name: str, title: str, runs: list[str], results: Results, cases: Cases) -> dict[str, Any]:
    rows = []
    for key in cases.examples:
        frame = cases.frames.loc[key]
        kind = "" if frame["true_area"] else ", no nerve"
        rows.append(
            {
                "id": key,
                "label": f"subject {frame['subject']}, image {frame['img']}{kind}",
                "crop": " ".join(str(value) for value in crop_window(_union(results, key))),
                "dice": {run: f"{frame[run]:.2f}" for run in runs},
            }
        )
    return {
        "name": name,
        "title": title,
        "caption": _caption(cases),
        "runs": [{"name": run, "title": results.title(run)} for run in runs],
        "rows": rows,
    }


def _caption(cases: Cases) -> str:
    nerves = int((cases.frames.loc[cases.examples, "true_area"] > 0).sum())
    order = "Rows with a nerve are ordered from hard to easy. " if nerves > 1 else ""
    return (
        f"The number on each frame is its Dice. {order}Each row is cropped to the annotation and "
        f"the predictions of all runs, plus {MARGIN} pixels."
    )


def _failure(results: Results, cases: Cases, key: str) -> dict[str, str]:
    frame: Record = cases.frames.loc[key].to_dict()
    contrast = float(frame["contrast"])
    nerve = f"{frame['true_area']} px annotated" if frame["true_area"] else "no nerve annotated"
    ratio = "" if math.isnan(contrast) else f", contrast-to-noise ratio {contrast:.2f}"
    return {
        "id": key,
        "label": f"Dice {frame[results.reference]:.2f}",
        "text": f"Subject {frame['subject']}, image {frame['img']}: {nerve}{ratio}.",
    }


def _union(results: Results, key: str) -> NDArray[np.uint8]:
    """Return the union of the annotation and all predictions, 420 x 580 uint8 in {0, 1}."""
    rows = results.frames[results.frames["id"] == key]
    return reduce(np.maximum, [decode(pixels) for pixels in {*rows["pixels"], *rows["truth"]}])


def browser_payload(
    results: Results,
    cases: Cases,
    images: Images,
    unseen: Sequence[UnseenFrame],
    test_images: UnseenImages,
) -> str:
    """Return the JSON that the page's script reads, safe inside a script element.

    Frames are included as grey WebP, masks as run lengths.

    Args:
        results: the scores of all runs.
        cases: the validation frames to include; the middle example is shown first.
        images: the source of their grey levels.
        unseen: the test frames to include.
        test_images: the source of their grey levels.
    """
    scored = {(row["id"], row["run"]): row for row in results.frames.to_dict("records")}
    included = cases.frames.loc[cases.browser].reset_index(names="id").to_dict("records")
    data = {
        "shape": list(IMAGE_SHAPE),
        "reference": results.reference,
        "first": cases.examples[len(cases.examples) // 2],
        "runs": [{"name": run, "title": results.title(run)} for run in results.runs],
        "frames": [
            _browser_frame(row, {run: scored[row["id"], run] for run in results.runs}, images)
            for row in included
        ]
        + [payload_of(frame, _data_uri(test_images(frame.img))) for frame in unseen],
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _browser_frame(row: Record, scored: dict[str, Record], images: Images) -> dict[str, Any]:
    return {
        "id": row["id"],
        "set": "validation",
        "subject": row["subject"],
        "img": row["img"],
        "image": _data_uri(images(row["subject"], row["img"])),
        "truth": row["pixels"],
        "area": row["true_area"],
        "contrast": _finite(row["contrast"]),
        "predictions": {run: of_run["pixels"] for run, of_run in scored.items()},
        "dice": {run: _finite(of_run["dice"]) for run, of_run in scored.items()},
        "presence": {run: _finite(of_run["presence"]) for run, of_run in scored.items()},
        "predicted": {run: of_run["predicted_area"] for run, of_run in scored.items()},
    }


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _data_uri(image: Image) -> str:
    done, buffer = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY])
    if not done:
        raise RuntimeError("this build of OpenCV cannot write WebP; install one that can")
    return "data:image/webp;base64," + base64.b64encode(buffer.tobytes()).decode()
