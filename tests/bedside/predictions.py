"""Writes inputs of predictions, and reads what was predicted."""

import csv
from pathlib import Path

import cv2
import numpy as np

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
