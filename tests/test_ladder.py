"""The ladder: its plan, what a rung gained, and where the subjects of test frames come from."""

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks.ladder.page import gain, write_results
from benchmarks.ladder.plan import Document, read_plan
from benchmarks.ladder.scores import Rung, read_rung
from benchmarks.ladder.subjects import grouped, of_simulator
from benchmarks.settings.plan import ROOT
from scipy import stats

from nerveseg.data.simulated import competition
from nerveseg.errors import InputError
from nerveseg.params.data import SimulatedSource

PLANS = [ROOT / f"benchmarks/ladder/ladder_{name}.yaml" for name in ("simulated", "usgra")]
PLAN = """
subjects: simulator
models: {unet: {width: 8}}
params: {data.simulated.train_frames: 4}
rungs:
  single: {}
  folds: {trainings: {fold1: {fold: 1, seed: 1}}}
  decision: {decide.rule: best}
"""
SETTINGS = SimulatedSource(
    recipe=1, seed=3, train_subjects=2, train_frames=3, test_subjects=3, test_frames=4,
    nerve_share=0.4, nerve_spread=0.2, unlabelled=0.0,
)  # fmt: skip


def rung(name: str, private: dict[int, float]) -> Rung:
    return Rung(name, "unet", 1, 0.9, 3, {"unet": (0.9, 0.8)}, private)


def plan_of(text: str, folder: Path) -> Path:
    path = folder / "plan.yaml"
    path.write_text(text)
    return path


def test_a_rung_keeps_what_the_rungs_before_it_changed(tmp_path: Path) -> None:
    rungs = read_plan(plan_of(PLAN, tmp_path)).rungs
    assert list(rungs) == ["single", "folds", "decision"]
    assert [params["decide"]["rule"] for params in rungs.values()] == ["fixed", "fixed", "best"]
    assert [len(params["trainings"]) for params in rungs.values()] == [0, 1, 1]
    for params in rungs.values():
        assert list(params["models"]) == ["unet"]
        assert params["data"]["simulated"]["train_frames"] == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("decide.rule: best", "decide.rules: best", r"rungs.decision: there is no parameter"),
        ("decide.rule: best", "decide.rule: worst", r"\(decision\): decide.rule: Input should be"),
        ("subjects: simulator", "subjects: guessed", r"plan.yaml: ladder.subjects: Input"),
        ("fold: 1,", "fold: one,", r"\(folds\): trainings.fold1.fold: Input should be"),
        ("models:", "runs:", r"plan.yaml: ladder.models: Field required"),
        (
            "decide.rule: best",
            "pack.shape: [32, 48]",
            r"rungs.decision: all rungs share their frames",
        ),
        ("data.simulated.train_frames: 4", "data.source: kaggle", r"params: private scores need a"),
    ],
)
def test_a_wrong_plan_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_plan(plan_of(PLAN.replace(old, new), tmp_path))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_the_plans_of_the_project_are_valid(path: Path) -> None:
    plan = read_plan(path)
    assert list(plan.rungs) == ["single", "recipe", "folds", "decision", "ensemble"]
    for params in plan.rungs.values():
        assert params["summary"]["reference"] in plan.document.models


def test_a_gain_is_that_of_the_subjects_means_if_they_have_as_many_frames() -> None:
    rng = np.random.default_rng(0)
    before, after = rng.random((2, 12))
    subjects = {img: img % 4 for img in range(12)}
    found = gain(rung("b", dict(enumerate(after))), rung("a", dict(enumerate(before))), subjects)
    means = (after - before).reshape(3, 4).mean(axis=0)
    peer = stats.ttest_1samp(means, 0)
    interval = peer.confidence_interval(0.95)
    assert found.dice == pytest.approx(means.mean())
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p == pytest.approx(peer.pvalue)


def test_the_page_and_the_figure_name_every_rung(tmp_path: Path) -> None:
    scores = {img: 0.5 + img / 20 for img in range(6)}
    rungs = [rung("single", scores), rung("many folds", dict.fromkeys(scores, 0.9))]
    rungs[1] = rungs[1]._replace(runs={"unet": (0.9, 0.8), "all": (0.95, 0.85)}, networks=5)
    document = Document.model_validate(
        {"subjects": "alike", "models": {"unet": {}}, "rungs": {"single": {}, "many folds": {}}}
    )
    write_results(tmp_path, "ladder", document, rungs, {img: img // 2 for img in scores})
    page, figure = ((tmp_path / f"ladder.{kind}").read_text() for kind in ("md", "svg"))
    assert "2 of 2 rungs, 6 private frames of 3 groups of frames that look alike" in page
    assert "| many folds | unet | 5 | 0.900 | 3 | 0.900 | +0.275 |" in page
    assert "| many folds | 0.900, 0.800 | 0.950, 0.850 |" in page
    assert "many folds" in figure


def test_with_few_subjects_there_is_no_interval(tmp_path: Path) -> None:
    document = Document.model_validate(
        {"subjects": "simulator", "models": {"unet": {}}, "rungs": {"a": {}, "b": {}}}
    )
    rungs = [rung("a", {1: 0.5, 2: 0.5}), rung("b", {1: 0.6, 2: 0.8})]
    write_results(tmp_path, "few", document, rungs, {1: 1, 2: 2})
    assert "+0.200 | ? .. ? |  |" in (tmp_path / "few.md").read_text()
    assert json.loads((tmp_path / "few.json").read_text())["on_the_first"][0]["low"] is None


@pytest.mark.parametrize(("ensembles", "run", "networks"), [({}, "b", 2), ({"all": {}}, "all", 4)])
def test_a_rung_is_read_from_what_the_pipeline_wrote(
    tmp_path: Path, ensembles: dict[str, object], run: str, networks: int
) -> None:
    scores = {"a": (0.7, 0.9), "b": (0.8, 0.6), "all": (0.75, 0.7)}
    for name, (dice, private) in scores.items():
        folder = tmp_path / "data/scores" / name
        folder.mkdir(parents=True)
        (folder / "scores.json").write_text(json.dumps({"dice": dice, "private": private}))
        (folder / "frames.csv").write_text("subject,img\n1,1\n1,2\n2,1\n")
        masks = tmp_path / "submissions" / f"{name}.csv"
        masks.parent.mkdir(exist_ok=True)
        masks.write_text("img,pixels\n1,1 4\n2,\n3,\n")
    weights = tmp_path / "data/ensembles/all/weights.json"
    weights.parent.mkdir(parents=True)
    weights.write_text(json.dumps({"test": {"a": 0.5, "b": 0.5, "c": 0.0}}))
    solution = tmp_path / "data/verified/solution.csv"
    solution.parent.mkdir(parents=True)
    solution.write_text("img,pixels,Usage\n1,1 2,Private\n2,,Private\n3,1 2,Public\n")
    params = {"models": {"a": {}, "b": {}}, "ensembles": ensembles, "trainings": {"fold1": {}}}
    found = read_rung(tmp_path, "single", params)
    assert (found.run, found.networks, found.subjects) == (run, networks, 2)
    assert found.private == {1: pytest.approx(2 / 3), 2: 1.0}
    assert found.score == pytest.approx(5 / 6)


def test_subjects_of_the_simulator_are_those_of_the_frames() -> None:
    found = of_simulator(Path(), {"data": {"simulated": SETTINGS.model_dump()}})
    shots = competition.test_shots(SETTINGS)
    assert found == {shot.img: shot.subject for shot in shots}
    assert len(set(found.values())) == 3


def test_frames_of_one_sweep_look_alike_and_those_of_others_do_not() -> None:
    shots = competition.test_shots(SETTINGS)
    groups = grouped(np.stack([competition.image_of(shot) for shot in shots]))
    pairs = {(shot.subject, int(group)) for shot, group in zip(shots, groups, strict=True)}
    assert len(pairs) == len({group for _, group in pairs}) == 3
