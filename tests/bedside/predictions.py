"""Writes inputs of predictions, and reads what was predicted."""

import csv
from pathlib import Path

import cv2
import numpy as np

from brightness import Brightness, finder
from nerveseg.bedside.folder import predict_into
from nerveseg.bedside.outputs_of_source import EVERYTHING, OutputOptions
from nerveseg.bedside.records import folders_of
from nerveseg.media.sources import find_sources
from nerveseg.media.video import VideoWriter


def png(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())


def video(path: Path, images: list[np.ndarray]) -> None:
    with VideoWriter(path, 20.0) as writer:
        for image in images:
            writer.write(np.dstack([image] * 3))


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def read(path: Path) -> np.ndarray:
    found = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    return np.asarray(found)


def run(
    given: Path,
    out: Path,
    source: Brightness | None = None,
    options: OutputOptions = EVERYTHING,
    model: str = "m",
) -> dict[str, int]:
    sources = find_sources([str(given)], leave_out=folders_of(out))
    states = predict_into(out, sources, finder(source), model, options)
    return {str(state): count for state, count in states.items()}
