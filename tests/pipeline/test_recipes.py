"""Follows the recipes of docs/extending.md to the letter, one after the other, in a tiny clone."""

import csv
import json
import re
import shutil
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pytest
from clone import ROOT, Clone
from numpy.typing import NDArray
from ruamel.yaml import YAML
from safetensors.numpy import load_file

pytestmark = pytest.mark.slow

TITLES: Final = {
    "A network": 3,
    "A loss": 2,
    "An augmentation": 1,
    "A metric": 2,
    "A source of data": 3,
    "A stage": 4,
}
"""Recipe -> how many files it may touch."""
STAGES: Final = ("train", "predict", "decide", "encode", "score")
PAGE: Final = (ROOT / "docs/extending.md").read_text()
RECIPES: Final = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))


def blocks(recipe: str) -> list[tuple[str, str, str]]:
    """Return language, text and file of each block; the file is the last one named before it."""
    found, file = [], ""
    for name, language, text in re.findall(
        r"`([\w./]+\.(?:py|yaml))`|^```(\w+)\n(.*?)^```", recipe, re.DOTALL | re.MULTILINE
    ):
        file = name or file
        if language:
            found.append((language, text, file))
    return found


def follow(clone: Clone, title: str) -> list[list[str]]:
    """Follow a recipe: edit, count the files, commit, run; return what each `dvc repro` ran."""
    edits = [block for block in blocks(RECIPES[title]) if block[0] != "sh"]
    for language, text, file in edits:
        EDITS[language](clone, file, text)
    # DVC writes dvc.lock, not the reader.
    touched = clone.shell("git add -A && git diff --cached --name-only -- . ':!dvc.lock'").split()
    assert set(touched) == {file for _, _, file in edits}
    assert len(touched) <= TITLES[title], touched
    clone.commit(title)
    ran = [clone.repro(*command.split()[2:]) for command in commands(title)]
    # The stage `check` runs after every change of a parameter, and changes nothing.
    return [[stage for stage in stages if stage != "check"] for stages in ran]


def commands(title: str) -> list[str]:
    lines = [text for language, text, _ in blocks(RECIPES[title]) if language == "sh"]
    return [line for line in "".join(lines).splitlines() if line.startswith("dvc repro ")]


def write(clone: Clone, file: str, text: str) -> None:
    assert not (clone.folder / file).exists(), f"{file} is there already"
    (clone.folder / file).write_text(text)


def insert(clone: Clone, file: str, text: str) -> None:
    lines = text.splitlines(keepends=True)
    assert {line[0] for line in lines} == {" ", "+"}
    old = "".join(line[1:] for line in lines if line[0] == " ")
    assert (clone.folder / file).read_text().count(old) == 1, f"{file}: not once: {old}"
    clone.replace(file, old, "".join(line[1:] for line in lines))


def merge(clone: Clone, file: str, text: str) -> None:
    yaml = YAML()
    document = yaml.load(clone.folder / file)
    _merge_into(document, yaml.load(text))
    yaml.dump(document, clone.folder / file)


def _merge_into(document: dict[str, object], fragment: Mapping[str, object]) -> None:
    for key, value in fragment.items():
        inner = document.get(key)
        if isinstance(value, dict) and isinstance(inner, dict):
            _merge_into(inner, value)
        else:
            document[key] = value


EDITS: Final = {"python": write, "diff": insert, "yaml": merge}


def weights(clone: Clone, run: str) -> NDArray[np.float32]:
    """Return all weights of a run, one after the other."""
    arrays = load_file(clone.folder / f"data/models/{run}/weights.safetensors")
    return np.concatenate([array.ravel() for array in arrays.values()])


def rows(clone: Clone, name: str) -> list[dict[str, str]]:
    with (clone.folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def scores(clone: Clone, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((clone.folder / name).read_text())
    return found


@pytest.fixture(scope="module")
def clone(tiny: Clone) -> Clone:
    tiny.set(models={"unet": {"width": 4}}, summary__reference="unet", predict__tta="none")
    tiny.commit("one run")
    tiny.repro("score@unet")
    return tiny


def test_there_is_a_recipe_for_each_kind() -> None:
    assert list(RECIPES) == list(TITLES)


def test_readme_links_to_every_recipe() -> None:
    readme = (ROOT / "README.md").read_text()
    anchors = re.findall(r"\(docs/extending\.md#([\w-]+)\)", readme)
    assert anchors == [title.lower().replace(" ", "-") for title in TITLES]


def test_a_network_is_trained_and_scored_and_retrains_no_other(clone: Clone) -> None:
    (ran,) = follow(clone, "A network")
    assert ran == ["code", *(f"{name}@shallow" for name in STAGES)]
    assert weights(clone, "shallow").shape == (8 * 9 + 8 + 8 * 9 + 1,)
    assert "dice" in scores(clone, "data/scores/shallow/scores.json")
    assert clone.repro("score@unet") == []


def test_a_metric_is_a_column_and_a_mean_and_retrains_nothing(clone: Clone) -> None:
    (ran,) = follow(clone, "A metric")
    assert set(ran) == {"code", "score@unet", "score@shallow", "summary"}
    for row in rows(clone, "data/scores/unet/frames.csv"):
        dice = float(row["dice"])
        assert float(row["jaccard"]) == pytest.approx(dice / (2 - dice), abs=1e-6)
    mean = scores(clone, "data/scores/unet/scores.json")["jaccard"]
    assert scores(clone, "metrics/scores.json")["unet"]["jaccard"] == pytest.approx(mean)
    assert "jaccard" in clone.dvc("metrics", "show")


def test_a_stage_runs_by_name_once(clone: Clone) -> None:
    assert follow(clone, "A stage") == [["code", "areas"], []]
    areas = [int(row["area"]) for row in rows(clone, "data/areas.csv")]
    assert areas
    assert min(areas) >= 1
    clone.replace("stages/areas.py", '"area")', '"pixels")')
    clone.set(areas__least=max(areas) + 1)
    clone.commit("only larger areas")
    assert clone.repro("areas") == ["code", "check", "areas"]
    assert rows(clone, "data/areas.csv") == []


def test_a_loss_changes_the_weights(clone: Clone) -> None:
    before = weights(clone, "unet")
    (ran,) = follow(clone, "A loss")
    assert ran == ["code", "train@unet"]
    assert not np.array_equal(weights(clone, "unet"), before)


def test_an_augmentation_changes_the_weights(clone: Clone) -> None:
    before = weights(clone, "unet")
    (ran,) = follow(clone, "An augmentation")
    assert ran == ["train@unet"]
    assert not np.array_equal(weights(clone, "unet"), before)


def test_a_source_feeds_the_stages_after_it(clone: Clone) -> None:
    table = "sample_submission.csv"
    mirror = clone.folder.parent / "mirror"
    with zipfile.ZipFile(clone.folder / "data/verified/competition.zip") as archive:
        archive.extractall(mirror)
    shutil.move(mirror / "test/10.tif", clone.folder.parent)
    (mirror / table).write_text((mirror / table).read_text().replace("10,1 1\n", ""))
    (ran,) = follow(clone, "A source of data")
    assert ran == ["code", "download", "pack"]
    assert [row["img"] for row in rows(clone, "data/packed/test.csv")] == list("123456789")


def test_the_whole_pipeline_runs_with_all_of_it_and_passes_the_checks(clone: Clone) -> None:
    assert {"train@unet", "train@shallow", "report"} <= set(clone.repro())
    page = (clone.folder / "report/index.html").read_text()
    assert "Two convolutions" in page
    assert ">mirror<" in page, "the report names the source"
    for command in ("ruff format --check .", "ruff check .", "PYTHONPATH=src lint-imports"):
        clone.shell(command)
