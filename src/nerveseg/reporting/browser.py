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

QUALITY: Final = 80  # of WebP: about 25 kB a frame; speckle hides what is lost


def payload(results: Results, frames: pd.DataFrame, chosen: list[str], images: Images) -> str:
    """Return the JSON that the page's script reads; safe to stand inside a script element.

    Args:
        results: the run.
        frames: the frames' table (see `nerveseg.reporting.cases`), index: id.
        chosen: ids of the frames to carry.
        images: gives their grey levels.
    """
    scored = results.frames.set_index(["id", "network"]).sort_index()
    data = {
        "shape": list(IMAGE_SHAPE),
        "reference": results.reference,
        "networks": [{"name": name, "title": results.title(name)} for name in results.networks],
        "frames": [_frame(results, frames.loc[key], scored.loc[key], images) for key in chosen],
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _frame(
    results: Results, frame: "pd.Series[Any]", scored: pd.DataFrame, images: Images
) -> dict[str, Any]:
    subject, img = int(frame["subject"]), int(frame["img"])
    names = results.networks
    return {
        "id": str(frame.name),
        "subject": subject,
        "img": img,
        "image": _data_uri(images(subject, img)),
        "truth": frame["pixels"],
        "area": int(frame["true_area"]),
        "contrast": _finite(frame["contrast"]),
        "predictions": {name: scored.loc[name, "pixels"] for name in names},
        "dice": {name: _finite(scored.loc[name, "dice"]) for name in names},
        "presence": {name: _finite(scored.loc[name, "presence"]) for name in names},
        "predicted": {name: int(scored.loc[name, "predicted_area"]) for name in names},
    }


def _finite(value: Any) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def _data_uri(image: Image) -> str:
    done, buffer = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    if not done:
        raise RuntimeError("this build of OpenCV writes no WebP")
    return "data:image/webp;base64," + base64.b64encode(buffer.tobytes()).decode()
