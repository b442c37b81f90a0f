"""Frames in the page: networks side by side (Fig. 4, 5) and failures (Fig. 7)."""

import math
from functools import reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.reporting.cases import Cases
from nerveseg.reporting.crop import MARGIN, window
from nerveseg.reporting.results import Results
from nerveseg.rle import decode

CAPTION: Final = (
    "The number in a frame is its Dice. Rows with a nerve run from hard to easy. Each row is cut "
    f"to the true outline and those of all networks of this run, with {MARGIN} pixels around."
)


def grids(results: Results, cases: Cases) -> list[dict[str, Any]]:
    """Return Fig. 4, the ablation, and Fig. 5, the competitors; only what this run has of them."""
    table = set(results.paper[results.paper["table"] == 1]["network"])
    ablation = [name for name in results.networks if name in table]
    others = [name for name in results.networks if name not in table]
    reference = [results.reference] if results.reference not in others else []
    found = []
    if len(ablation) > 1 or not others:
        title = "Figure 4: the ablation"
        found.append(_grid("examples-ablation", title, ablation, results, cases))
    if others:
        title = "Figure 5: the networks side by side"
        found.append(_grid("examples-networks", title, others + reference, results, cases))
    return found


def failures(results: Results, cases: Cases) -> list[dict[str, Any]]:
    """Return the kinds of failure of Fig. 7 with their frames."""
    return [
        {
            "title": title,
            "rule": f"Rule: {rule}.",
            "cases": [_case(results, cases, key) for key in keys],
        }
        for title, rule, keys in cases.failures
    ]


def _grid(
    name: str, title: str, networks: list[str], results: Results, cases: Cases
) -> dict[str, Any]:
    rows = []
    for key in cases.examples:
        frame = cases.frames.loc[key]
        kind = "" if frame["true_area"] else ", no nerve"
        rows.append(
            {
                "id": key,
                "label": f"subject {frame['subject']}, image {frame['img']}{kind}",
                "crop": " ".join(str(value) for value in window(_outlined(results, key))),
                "dice": {network: f"{frame[network]:.2f}" for network in networks},
            }
        )
    return {
        "name": name,
        "title": title,
        "caption": CAPTION,
        "networks": [{"name": network, "title": results.title(network)} for network in networks],
        "rows": rows,
    }


def _case(results: Results, cases: Cases, key: str) -> dict[str, str]:
    frame: dict[Any, Any] = cases.frames.loc[key].to_dict()
    contrast = float(frame["contrast"])
    nerve = f"{frame['true_area']} px outlined" if frame["true_area"] else "no nerve outlined"
    noise = "" if math.isnan(contrast) else f", contrast to noise {contrast:.2f}"
    return {
        "id": key,
        "label": f"Dice {frame[results.reference]:.2f}",
        "text": f"Subject {frame['subject']}, image {frame['img']}: {nerve}{noise}.",
    }


def _outlined(results: Results, key: str) -> NDArray[np.uint8]:
    """Return the true outline and those of all networks together, 420 x 580 uint8 {0, 1}."""
    rows = results.frames[results.frames["id"] == key]
    return reduce(np.maximum, [decode(pixels) for pixels in {*rows["pixels"], *rows["truth"]}])
