"""What the image browser carries: frames as grey WebP, masks as the run lengths themselves."""

import base64
import json
import math
from typing import Any, Final

import cv2
import pandas as pd

from nerveseg.reporting.contrast import Image, Images
from nerveseg.reporting.results import Results
from nerveseg.rle import IMAGE_SHAPE

Record = dict[Any, Any]
QUALITY: Final = 80  # of WebP: about 25 kB a frame; speckle hides what is lost


def payload(
    results: Results, frames: pd.DataFrame, chosen: list[str], first: str, images: Images
) -> str:
    """Return the JSON that the page's script reads; safe to stand inside a script element.

    Args:
        results: the run.
        frames: the frames' table (see `nerveseg.reporting.cases`), index: id.
        chosen: ids of the frames to carry.
        first: the one of them to open with.
        images: gives their grey levels.
    """
    scored = {(row["id"], row["network"]): row for row in results.frames.to_dict("records")}
    carried = frames.loc[chosen].reset_index(names="id").to_dict("records")
    data = {
        "shape": list(IMAGE_SHAPE),
        "reference": results.reference,
        "first": first,
        "networks": [{"name": name, "title": results.title(name)} for name in results.networks],
        "frames": [_frame(row, _by_network(results, scored, row["id"]), images) for row in carried],
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _by_network(results: Results, scored: dict[Any, Record], key: str) -> dict[str, Record]:
    return {name: scored[key, name] for name in results.networks}


def _frame(row: Record, scored: dict[str, Record], images: Images) -> dict[str, Any]:
    return {
        "id": row["id"],
        "subject": row["subject"],
        "img": row["img"],
        "image": _data_uri(images(row["subject"], row["img"])),
        "truth": row["pixels"],
        "area": row["true_area"],
        "contrast": _finite(row["contrast"]),
        "predictions": {name: one["pixels"] for name, one in scored.items()},
        "dice": {name: _finite(one["dice"]) for name, one in scored.items()},
        "presence": {name: _finite(one["presence"]) for name, one in scored.items()},
        "predicted": {name: one["predicted_area"] for name, one in scored.items()},
    }


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _data_uri(image: Image) -> str:
    done, buffer = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    if not done:
        raise RuntimeError("this build of OpenCV writes no WebP")
    return "data:image/webp;base64," + base64.b64encode(buffer.tobytes()).decode()
