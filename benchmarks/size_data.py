"""A competition of any size, whose frames are a few patterns repeated, and the files of one run."""

import io
import zipfile
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import tifffile
import torch
from numpy.typing import NDArray
from ruamel.yaml import YAML

from nerveseg import rle
from nerveseg.data.split_table import read_split
from nerveseg.maps import MapWriter, quantise
from nerveseg.models.factory import build
from nerveseg.models.weights import Description, save_weights

ROOT: Final = Path(__file__).parents[1]
PATTERNS: Final = 16
"""Number of different frames."""
PER_SUBJECT: Final = 120
LEAST_SUBJECTS: Final = 10
WIDTH: Final = 4
FOLDS: Final = 5


def write_project(folder: Path, frames: int, side: int) -> None:
    """Write params.yaml, a verified competition and the outputs of a training that never was.

    Args:
        folder: where a stage will run.
        frames: training and test frames, half each.
        side: height and width of the packed frames.
    """
    document = YAML().load(ROOT / "params.yaml")
    document["pack"]["shape"] = [side, side]
    document["split"]["folds"] = FOLDS
    document["models"] = {"unet": {"width": WIDTH}}
    document["summary"]["reference"] = "unet"
    document["predict"]["tta"] = "none"
    YAML().dump(document, folder / "params.yaml")
    _write_competition(folder / "data/verified", frames // 2, frames - frames // 2)
    weights = folder / "data/models/unet/weights.safetensors"
    torch.manual_seed(0)
    training: dict[str, object] = {"flips": []}
    save_weights(
        weights,
        build("unet", width=WIDTH),
        Description("unet", {"width": WIDTH}, 1, (side, side), training),
    )
    curves = folder / "data/curves/unet.csv"
    curves.parent.mkdir(parents=True)
    curves.write_text("epoch,train/loss,train/rate,valid/loss,valid/dice\n0,1,0.001,1,0.5\n")


def write_realistic_maps(folder: Path) -> None:
    """Replace the maps of the untrained network by maps near the truth, as after a training."""
    patterns = [_codes(number) for number in range(PATTERNS)]
    rows = read_split(folder / "data/split.csv")
    valid = [place for place, row in enumerate(rows) if row.part == "valid"]
    test = (folder / "data/packed/test.csv").read_text().split()[1:]
    for name, numbers in (("valid", valid), ("test", [int(img) for img in test])):
        path = folder / f"data/predictions/unet/{name}.b2nd"
        with MapWriter(path, len(numbers)) as writer:
            for number in numbers:
                writer.write(patterns[number % PATTERNS])


def _write_competition(folder: Path, train: int, test: int) -> None:
    folder.mkdir(parents=True)
    images = [_tiff(_image(number)) for number in range(PATTERNS)]
    masks = [_mask(number) for number in range(PATTERNS)]
    files = [_tiff(mask * np.uint8(255)) for mask in masks]
    pixels = [rle.encode(mask) for mask in masks]
    each = min(PER_SUBJECT, -(-train // LEAST_SUBJECTS))
    table, solution = ["subject,img,pixels"], ["img,pixels,Usage"]
    with zipfile.ZipFile(folder / "competition.zip", "w", zipfile.ZIP_STORED) as archive:
        for place in range(train):
            subject, img = divmod(place, each)
            name = f"train/{subject + 1}_{img + 1}"
            archive.writestr(zipfile.ZipInfo(f"{name}.tif"), images[place % PATTERNS])
            archive.writestr(zipfile.ZipInfo(f"{name}_mask.tif"), files[place % PATTERNS])
            table.append(f"{subject + 1},{img + 1},{pixels[place % PATTERNS]}")
        for place in range(test):
            img = place + 1
            archive.writestr(zipfile.ZipInfo(f"test/{img}.tif"), images[img % PATTERNS])
            usage = "Public" if place % 5 == 0 else "Private"
            solution.append(f"{img},{pixels[img % PATTERNS]},{usage}")
        sample = ["img,pixels", *(f"{place + 1},1 1" for place in range(test))]
        archive.writestr(zipfile.ZipInfo("train_masks.csv"), _text(table))
        archive.writestr(zipfile.ZipInfo("sample_submission.csv"), _text(sample))
    (folder / "solution.csv").write_text(_text(solution))
    (folder / "unlabelled.csv").write_text("subject,img,pixels\n")


def _text(rows: list[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


def _image(number: int) -> NDArray[np.uint8]:
    speckle = np.random.default_rng(number).rayleigh(40, rle.IMAGE_SHAPE)
    blurred = cv2.GaussianBlur(np.clip(speckle, 0, 255).astype(np.uint8), (0, 0), 2)
    return np.asarray(blurred, dtype=np.uint8)


def _mask(number: int) -> NDArray[np.uint8]:
    """Return an ellipse as the nerve in every second pattern, and nothing in the others."""
    mask = np.zeros(rle.IMAGE_SHAPE, np.uint8)
    if number % 2:
        centre = (200 + 10 * number, 120 + 5 * number)
        cv2.ellipse(mask, centre, (60, 40), 10.0 * number, 0, 360, 1, -1)
    return mask


def _codes(number: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(number)
    near = cv2.GaussianBlur(_mask(number).astype(np.float32), (0, 0), 9)
    speckle = random.normal(0, 1, rle.IMAGE_SHAPE).astype(np.float32)
    return quantise(16 * near - 8 + 3 * cv2.GaussianBlur(speckle, (0, 0), 4))


def _tiff(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, image, compression="lzw")
    return file.getvalue()
