"""A tiny network as weights, as an artefact and as a zip."""

from pathlib import Path

import torch

from nerveseg.artefact.decision import DecisionRule
from nerveseg.artefact.format import Artefact, Normalisation, write_artefact
from nerveseg.data.input_normalisation import DEVIATION, MEAN
from nerveseg.models.factory import build
from nerveseg.models.weights import Description, save_weights
from nerveseg.package import write_package

DESCRIBED = Description("unet", {"width": 4}, 1, (32, 48), {"flips": ["horizontal"]})
ARTEFACT = Artefact(
    run="narrow",
    title="U-Net",
    paper="Ronneberger et al., MICCAI 2015",
    normalisation=Normalisation(mean=MEAN, deviation=DEVIATION),
    tta=["identity"],
    rule=DecisionRule(threshold=0.4, min_blob=7),
    data={"source": "simulated", "train_frames": 3},
    fingerprint={"data/split.csv": "ab" * 32},
    metrics={"dice": 0.5, "verdict": "above the baselines"},
)


def weights(folder: Path) -> Path:
    torch.manual_seed(0)
    path = folder / "weights.safetensors"
    save_weights(path, build("unet", width=4), DESCRIBED)
    return path


def artefact(folder: Path, said: Artefact = ARTEFACT) -> Path:
    path = folder / "model.safetensors"
    write_artefact(weights(folder), said, path)
    return path


def package(folder: Path) -> Path:
    path = folder / "narrow.nerveseg.zip"
    write_package(path, artefact(folder), "# A card\n")
    return path
