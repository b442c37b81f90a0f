"""Writes the files that the stages before scoring leave, for a few frames of invented runs."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from nerveseg.evaluation.baselines import write_baselines
from nerveseg.inference.decision_file import fixed_decision, write_decision
from nerveseg.inference.rule import Rule
from nerveseg.maps import MapWriter
from nerveseg.rle import IMAGE_SHAPE, encode

SUBJECTS = (2, 5, 9, 11)
FRAMES = (1, 3, 10)
HEIGHT, WIDTH = IMAGE_SHAPE
CURVES = ["0,0.9,0.2", "1,0.5,0.6"]
PARAMS = """\
models: {{{models}}}
ensembles: {{}}
trainings: {{}}
score: {{bins: 10}}
summary: {{reference: rpa_apf, level: 0.95}}
"""

RULE = Rule(name="fixed", threshold=0.5, min_blob=0, min_total=0)


def oval(row: float, column: float, tall: float, wide: float) -> NDArray[np.uint8]:
    """Return a filled ellipse, 420 x 580 uint8 {0, 1}."""
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    inside = ((rows - row) / tall) ** 2 + ((columns - column) / wide) ** 2 <= 1
    return inside.astype(np.uint8)


def truth(subject: int, img: int) -> NDArray[np.uint8]:
    """Return the outline of a frame; every third frame has none."""
    if (subject + img) % 3 == 0:
        return np.zeros(IMAGE_SHAPE, dtype=np.uint8)
    return oval(140 + 4 * img, 300 + 6 * subject, 55, 45)


def write_runs(folder: Path, runs: dict[str, int]) -> None:
    """Write runs whose masks are shifted by the given columns; -1 stands for empty masks."""
    keys = [(subject, img) for subject in SUBJECTS for img in FRAMES]
    data = folder / "data"
    for name in ("packed", "masks", "verified"):
        (data / name).mkdir(parents=True)
    rows = [f"{s},{i},{encode(truth(s, i))}" for s, i in keys]
    training = [f"1,{img},{encode(truth(1, img))}" for img in (1, 2, 3)]
    table(data / "packed/train.csv", "subject,img,pixels", [*training, *rows])
    parts = [f"1,{img},1,train" for img in (1, 2, 3)]
    parts += [f"{s},{i},0,valid" for s, i in keys]
    table(data / "split.csv", "subject,img,fold,part", parts)
    usage = ["Public", "Private", "Private"]
    tests = [encode(truth(2, img)) for img in (1, 2, 3)]
    solution = [f"{img},{rle},{use}" for img, rle, use in zip((1, 2, 3), tests, usage, strict=True)]
    table(data / "verified/solution.csv", "img,pixels,Usage", solution)
    (folder / "submissions").mkdir()
    for run, shift in runs.items():
        guesses = [guess(truth(s, i), shift) for s, i in keys]
        rows = [f"{s},{i},{encode(g)}" for (s, i), g in zip(keys, guesses, strict=True)]
        table(data / f"masks/{run}.csv", "subject,img,pixels", rows)
        write_decision(data / f"decisions/{run}.json", fixed_decision(RULE))
        write_maps(data / f"predictions/{run}/valid.b2nd", guesses)
        rows = [f"{img},{encode(guess(truth(2, img), shift))}" for img in (1, 2, 3)]
        table(folder / f"submissions/{run}.csv", "img,pixels", rows)
        (data / "curves").mkdir(exist_ok=True)
        table(data / f"curves/{run}.csv", "epoch,train/loss,valid/dice", CURVES)
    write_baselines(
        data / "baselines",
        data / "packed/train.csv",
        data / "split.csv",
        data / "verified/solution.csv",
    )
    models = ", ".join(f"{run}: {{}}" for run in runs)
    ours = YAML(typ="safe").load(Path(__file__).parents[2] / "params.yaml")
    sections = json.dumps({name: ours[name] for name in ("split", "train")})  # JSON is YAML
    text = PARAMS.format(models=models) + sections[1:-1].replace('}, "train"', '}\n"train"')
    (folder / "params.yaml").write_text(text + "\n")


def guess(mask: NDArray[np.uint8], shift: int) -> NDArray[np.uint8]:
    """Return the mask moved to the right; an empty one for -1."""
    return np.zeros_like(mask) if shift < 0 else np.roll(mask, shift, axis=1)


def write_maps(path: Path, masks: list[NDArray[np.uint8]]) -> None:
    """Write maps with high probabilities inside `masks`, and higher ones in their left half."""
    path.parent.mkdir(parents=True)
    with MapWriter(path, len(masks)) as writer:
        for mask in masks:
            codes = np.where(mask, 170, 60).astype(np.uint8)
            codes[:, : WIDTH // 2] += mask[:, : WIDTH // 2] * np.uint8(20)
            writer.write(codes)


def table(path: Path, header: str, rows: list[str]) -> None:
    """Write a CSV file."""
    path.write_text("\n".join([header, *rows, ""]))
