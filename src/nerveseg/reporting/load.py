"""Reading what the stages before the report wrote."""

import json
from pathlib import Path

import pandas as pd

from nerveseg.data.packed import read_train
from nerveseg.errors import InputError
from nerveseg.reporting.results import Figures, Results


def load(root: Path, titles: dict[str, str], reference: str) -> Results:
    """Read the results of all runs under `root`, the folder of dvc.yaml.

    Args:
        root: with data/ and metrics/ in it.
        titles: run -> what to call it, in the order of showing.
        reference: the one of them to hold the others against.

    Raises:
        InputError: a file is missing or not what its stage writes.
    """
    networks = list(titles)
    scores, metrics = root / "data/scores", root / "metrics"
    return Results(
        networks=networks,
        titles=titles,
        reference=reference,
        scores=_scores(root, networks),
        frames=_frames(root, networks),
        comparison=_by_run(metrics / "comparison.csv"),
        standings=_by_run(metrics / "groups.csv"),
        paper=_csv(metrics / "paper.csv", "summary"),
        curves=_by_run(metrics / "curves.csv"),
        calibration=_stacked(scores, networks, "calibration.csv"),
        presence=_stacked(scores, networks, "presence.csv"),
        costs=_costs(root / "data/costs", networks),
        leaderboard=_leaderboard(metrics / "leaderboard.json"),
    )


def _frames(root: Path, networks: list[str]) -> pd.DataFrame:
    """Return the frames' scores with the masks that they are scores of."""
    truth = {record[:2]: record.pixels for record in read_train(root / "data/packed/train.csv")}
    frames = _stacked(root / "data/scores", networks, "frames.csv")
    masks = {
        (name, *record[:2]): record.pixels
        for name in networks
        for record in read_train(root / "data/masks" / f"{name}.csv")
    }
    keys = list(zip(frames["network"], frames["subject"], frames["img"], strict=True))
    if absent := [key for key in keys if key not in masks or key[1:] not in truth]:
        name, subject, img = absent[0]
        raise InputError(
            f"data/masks/{name}.csv: subject {subject} img {img} was scored but is not there; "
            "run dvc repro score"
        )
    return frames.assign(
        id=[f"{subject}_{img}" for _, subject, img in keys],
        pixels=[masks[key] for key in keys],
        truth=[truth[key[1:]] for key in keys],
    )


def _scores(root: Path, networks: list[str]) -> Figures:
    """Return all figures of each network: the merged file has the intervals, not every figure."""
    merged = _json(root / "metrics/scores.json", "summary")
    return {
        name: _json(root / "data/scores" / name / "scores.json", "score") | merged.get(name, {})
        for name in networks
    }


def _costs(folder: Path, networks: list[str]) -> Figures:
    paths = {name: folder / f"{name}.json" for name in networks}
    return {name: _json(path, f"cost@{name}") for name, path in paths.items() if path.exists()}


def _stacked(folder: Path, networks: list[str], name: str) -> pd.DataFrame:
    tables = [_csv(folder / one / name, "score").assign(network=one) for one in networks]
    return pd.concat(tables, ignore_index=True)


def _by_run(path: Path) -> pd.DataFrame:
    return _csv(path, "summary").rename(columns={"run": "network"})


def _csv(path: Path, stage: str) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error}); run dvc repro {stage}") from error


def _json(path: Path, stage: str) -> Figures:
    try:
        found: Figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error}); run dvc repro {stage}") from error
    return found


def _leaderboard(path: Path) -> Figures:
    # It is there only where somebody has submitted.
    return _json(path, "leaderboard/dvc.yaml") if path.exists() else {}
