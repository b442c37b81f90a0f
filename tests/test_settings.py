"""The comparison of settings, on a few frames, and the plain loop beside it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from benchmarks import plain_loop
from benchmarks.settings import comparison
from benchmarks.settings.agreement import agreement, pairs_of
from benchmarks.settings.differences import ALL_RUNS, differences_of, runs_compared
from benchmarks.settings.plan import PLAIN, Name, read_plan
from benchmarks.settings.scores import Cell, Scored, cells_of, read_scored
from ruamel.yaml import YAML
from safetensors.torch import load_file
from scipy import stats

from nerveseg.data.packed import Packed
from nerveseg.data.split_table import read_split, rows_of
from nerveseg.errors import InputError
from nerveseg.inference import predict
from nerveseg.verdicts import ABOVE, BELOW, EVERYTHING, NOTHING

ROOT = Path(__file__).parents[1]
TINY = {
    "data.simulated.train_subjects": 6,
    "data.simulated.train_frames": 4,
    "data.simulated.test_subjects": 2,
    "data.simulated.test_frames": 5,
    "pack.shape": [64, 64],
    "split.folds": 2,
    "train.epochs": 1,
    "encode.threshold": 0.05,
    "encode.min_blob": 0,
    "encode.min_total": 0,
}
RUNS = {"unet": {"width": 4}}
SETTINGS = {
    "reference": {"predict.tta": "none"},
    "the same": {"train.epochs": 1, "predict.tta": "none"},
    "views": {"predict.tta": "auto", "encode.threshold": 0.4},
}


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def plan_file(folder: Path, **sections: object) -> Path:
    path = folder / "tiny.yaml"
    YAML().dump({"runs": RUNS, "params": TINY, "settings": SETTINGS, **sections}, path)
    return path


def compare(plan: Path) -> dict[str, Any]:
    """Run the plan and return its JSON; work and results lie beside it."""
    comparison.run(plan, plan.parent / "work", plan.parent / "out", threads=1)
    return results(plan)


def results(plan: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((plan.parent / "out/tiny.json").read_text())
    return document


def written(folder: Path) -> dict[Path, int]:
    """Return every file of the kept stages with the time of its last change."""
    files = [path for path in (folder / "work").rglob("*") if path.is_file()]
    return {path: path.lstat().st_mtime_ns for path in files}


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a plan that has been compared: three settings, two seeds, and the plain loop."""
    plan = plan_file(
        tmp_path_factory.mktemp("settings"), runs={**RUNS, "plain_loop": {}}, seeds=[1, 2]
    )
    compare(plan)
    return plan


@pytest.mark.slow
def test_every_combination_is_scored(compared: Path) -> None:
    found = results(compared)
    assert not found["failed"]
    assert len(found["combinations"]) == 2 * (len(SETTINGS) + 1)
    assert all(0 <= each["dice"] <= 1 for each in found["combinations"])
    assert [each["setting"] for each in found["means"]] == [*SETTINGS, PLAIN]
    assert all(each["seeds"] == [1, 2] for each in found["means"])


@pytest.mark.slow
def test_every_setting_stands_beside_the_baselines(compared: Path) -> None:
    (folder,) = (compared.parent / "work/baselines").iterdir()
    baselines = json.loads((folder / "data/baselines/scores.json").read_text())
    better = max(baselines[name]["dice"] for name in ("all_empty", "constant_mask"))
    found = results(compared)["means"]
    assert [row["baseline"] for row in found] == pytest.approx([better] * len(found), abs=1e-5)


@pytest.mark.parametrize(
    ("verdict", "collapsed"), [(NOTHING, True), (EVERYTHING, True), (BELOW, False), (ABOVE, False)]
)
def test_a_training_has_collapsed_if_its_verdict_says_so(
    tmp_path: Path, verdict: str, collapsed: bool
) -> None:
    (tmp_path / "frames.csv").write_text("subject,img,dice,true_area\n1,1,0.5,9\n")
    scores = {"dice": 0.5, "over_baseline": 0.2, "verdict": verdict, "public": 0.1, "private": None}
    (tmp_path / "scores.json").write_text(json.dumps(scores))
    found = read_scored(Name("d", "r", "s", 1, 0), tmp_path, 1.0)
    assert found.collapsed == collapsed
    assert found.baseline == pytest.approx(0.3)


@pytest.mark.slow
def test_a_setting_does_not_differ_from_itself(compared: Path) -> None:
    rows = [row for row in results(compared)["differences"] if row["setting"] == "the same"]
    (row,) = [row for row in rows if row["reference"] == "reference"]
    zeros = ("dice", "low", "high", "dice_nerve", "private")
    assert [row[name] for name in zeros] == [0.0] * len(zeros)
    assert row["by_seed"] == row["private_by_seed"] == [0.0, 0.0]
    assert row["verdict"] != "better"


@pytest.mark.slow
def test_settings_share_what_they_have_in_common(compared: Path) -> None:
    work = compared.parent / "work"
    count = {folder.name: len(list(folder.iterdir())) for folder in work.iterdir()}
    assert count["pack"] == count["split"] == 1
    assert count["train-unet"] == count["train-plain_loop"] == 2, "one training per seed"
    assert count["predict-unet"] == 4, "with and without views"


@pytest.mark.slow
def test_a_second_run_computes_nothing(compared: Path) -> None:
    before, scores = written(compared.parent), results(compared)["combinations"]
    assert compare(compared)["combinations"] == scores
    assert written(compared.parent) == before


@pytest.mark.slow
def test_two_processes_give_what_one_gives(compared: Path, tmp_path: Path) -> None:
    comparison.run(compared, tmp_path / "work", tmp_path / "out", threads=1, jobs=2)
    beside = json.loads((tmp_path / "out/tiny.json").read_text())["combinations"]
    one = results(compared)["combinations"]
    assert [without_time(each) for each in beside] == [without_time(each) for each in one]


def without_time(combination: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in combination.items() if key != "training_seconds"}


@pytest.mark.slow
def test_the_page_and_the_figure_name_every_setting(compared: Path) -> None:
    out = compared.parent / "out"
    page, figure = (out / "tiny.md").read_text(), (out / "tiny.svg").read_text()
    assert all(f"| {setting} |" in page for setting in [*SETTINGS, PLAIN])
    assert "nan" not in page
    assert f"instructions {torch.backends.cpu.get_cpu_capability()}, device cpu, threads 1" in page
    assert all(f"unet: {setting}" in figure for setting in list(SETTINGS)[1:])


@pytest.mark.slow
def test_a_failing_combination_is_named_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    runs = {"broken": {"network": "unet", "width": 4, "colour": "red"}, **RUNS}
    plan = plan_file(tmp_path, runs=runs, settings={"only": {}})
    with pytest.raises(InputError, match=r"1 of 2 combinations failed: simulated, broken, only"):
        compare(plan)
    found = results(plan)
    assert [each["run"] for each in found["combinations"]] == ["unet"]
    assert [each["run"] for each in found["failed"]] == ["broken"]
    assert "colour" in (tmp_path / "out/tiny.md").read_text()


@pytest.mark.slow
def test_an_interrupted_comparison_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_file(tmp_path, settings={"only": {}})

    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(predict, "write_maps", interrupted)
        with pytest.raises(KeyboardInterrupt):
            compare(plan)
    before = {path: time for path, time in written(tmp_path).items() if "train-unet" in path.parts}
    assert before
    assert len(compare(plan)["combinations"]) == 1
    assert before.items() <= written(tmp_path).items()


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        (
            {"settings": {"a": {"train.flip": []}}},
            r"settings\.a: there is no parameter 'train.flip'",
        ),
        ({"settings": {"a": {"predict.tta": "flip"}}}, r"unet, a, seed 1.*predict\.tta"),
        ({"datasets": {"x": {"data.source": "archive"}}}, r"x, unet, reference.*data\.archive"),
        ({"runs": {"wider": {"width": 5}}}, r"runs\.wider: not a run of params.yaml"),
        ({"settings": {}}, r"settings: Dictionary should have at least 1 item"),
        ({"sets": {}}, r"sets: Extra inputs"),
    ],
)
def test_a_mistake_in_the_plan_is_named_before_anything_runs(
    tmp_path: Path, sections: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        compare(plan_file(tmp_path, **sections))
    assert not (tmp_path / "work").exists()


def test_a_setting_precedes_its_data_set_which_precedes_the_rest(tmp_path: Path) -> None:
    plan = plan_file(
        tmp_path,
        params={"encode.threshold": 0.1, "encode.min_blob": 1, "encode.min_total": 1},
        datasets={"some": {"encode.threshold": 0.2, "encode.min_blob": 2}},
        settings={"one": {"encode.threshold": 0.3}},
    )
    (params,) = read_plan(plan).combinations.values()
    assert params["encode"] == {"threshold": 0.3, "min_blob": 2, "min_total": 1}


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.yaml")), ids=str)
def test_the_plans_that_come_with_the_project_are_valid(path: Path) -> None:
    assert len(read_plan(path).combinations) > 1


def test_the_default_runs_stand_beside_the_plain_loop() -> None:
    plan = read_plan(ROOT / "benchmarks/defaults.yaml")
    runs = YAML(typ="safe").load(ROOT / "params.yaml")["models"]
    assert set(plan.document.runs) == {*runs, plain_loop.NAME}


def test_the_ablation_shares_its_trainings_with_the_ranking_of_all_networks() -> None:
    ranking, ablation = (
        read_plan(ROOT / "benchmarks" / f"usgra_{name}.yaml").combinations
        for name in ("networks", "ablation")
    )
    assert ablation.items() <= ranking.items()


def cell(dice: dict[int, list[float]], subjects: list[int]) -> Cell:
    """Return a cell of seed -> Dice of each frame, all of which show a nerve."""
    keys = [(subject, img) for img, subject in enumerate(subjects)]
    frames = {
        seed: {key: (value, True) for key, value in zip(keys, values, strict=True)}
        for seed, values in dice.items()
    }
    boards = {seed: {"public": 0.5, "private": 0.5} for seed in dice}
    return Cell(
        frames, boards, dict.fromkeys(dice, 0.1), dict.fromkeys(dice, 0), dict.fromkeys(dice, 10.0)
    )


def test_differences_are_those_of_a_t_test_on_the_means_of_subjects() -> None:
    chance = np.random.default_rng(0)
    subjects = np.repeat([3, 5, 8, 9], 3).tolist()
    one, other = ({seed: chance.random(12).tolist() for seed in (1, 2)} for _ in range(2))
    cells = {("d", "r", "one"): cell(one, subjects), ("d", "r", "other"): cell(other, subjects)}
    (row,) = differences_of(cells, ["one", "other"])
    paired = np.mean(list(other.values()), axis=0) - np.mean(list(one.values()), axis=0)
    by_subject = paired.reshape(4, 3).mean(axis=1)
    expected = stats.ttest_1samp(by_subject, 0)
    interval = expected.confidence_interval(0.95)
    assert row.dice == pytest.approx(by_subject.mean())
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
    assert row.p == pytest.approx(expected.pvalue)
    assert row.by_seed == pytest.approx([np.mean(other[s]) - np.mean(one[s]) for s in (1, 2)])


def test_only_seeds_that_both_settings_have_are_compared() -> None:
    subjects = [1, 2, 3]
    cells = {
        ("d", "r", "one"): cell({1: [0.1, 0.1, 0.1], 2: [0.9, 0.9, 0.9]}, subjects),
        ("d", "r", "other"): cell({1: [0.2, 0.3, 0.4]}, subjects),
    }
    (row,) = differences_of(cells, ["one", "other"])
    assert row.seeds == [1]
    assert row.dice == pytest.approx(0.2)


def test_orders_agree_as_their_ranks_do() -> None:
    one = {"a": 0.1, "b": 0.2, "c": 0.9, "alone": 0.3}
    assert agreement(one, {"a": 1, "b": 5, "c": 7}) == pytest.approx(1)
    assert agreement(one, {"c": -9, "b": -1, "a": 0}) == pytest.approx(-1)
    assert agreement(one, {"a": 2, "b": 1, "c": 3}) == pytest.approx(0.5)  # 1 - 6 * 2 / (3 * 8)


def test_agreement_leaves_out_settings_that_change_nothing() -> None:
    usgra, simulated = (ROOT / f"benchmarks/results/{name}.json" for name in ("usgra", "simulated"))
    orders = pairs_of(usgra, simulated)["usgra and simulated, settings"]
    plan = json.loads(usgra.read_text())["plan"]["settings"]
    assert set(orders[0]) == set(orders[1]) == set(plan) - {"default", "TTA by agreement"}


def test_an_order_of_runs_is_compared_between_each_two_seeds(tmp_path: Path) -> None:
    # Above and below the first run, of which the difference from itself is 0.
    by_seed = {"better": [0.1, 0.3, -0.2], "worse": [-0.1, -0.1, -0.1]}
    record = {
        "plan": {"runs": {"first": {}, **by_seed}, "settings": {"only": {}}},
        "differences": [],
        "means": [],
        "runs": [
            {"run": run, "seeds": [1, 2, 7], "by_seed": dice} for run, dice in by_seed.items()
        ],
    }
    path = tmp_path / "networks.json"
    path.write_text(json.dumps(record))
    pairs = pairs_of(path, path)
    found = {what: agreement(*pair) for what, pair in pairs.items() if "seeds" in what}
    assert found == {
        "networks, seeds 1 and 2, runs": pytest.approx(1),
        "networks, seeds 1 and 7, runs": pytest.approx(-0.5),
        "networks, seeds 2 and 7, runs": pytest.approx(-0.5),
    }


def test_runs_are_averaged_if_all_have_the_same_settings() -> None:
    subjects = [1, 2, 3]
    cells = {
        ("d", run, setting): cell({1: [dice, dice, dice]}, subjects)
        for run, setting, dice in (
            ("a", "x", 0.1),
            ("a", "y", 0.2),
            ("b", "x", 0.5),
            ("b", "y", 0.8),
        )
    }
    rows = {row.run: row.dice for row in differences_of(cells, ["x", "y"])}
    assert rows == pytest.approx({"a": 0.1, "b": 0.3, ALL_RUNS: 0.2})


def test_runs_are_compared_with_the_first_under_one_setting() -> None:
    subjects = [1, 2, 3]
    cells = {
        ("d", run, setting): cell({1: [dice, dice, dice + 0.01]}, subjects)
        for run, setting, dice in (("a", "x", 0.1), ("a", "y", 0.9), ("b", "x", 0.5))
    }
    (row,) = runs_compared(cells, ["a", "b"], "x")
    assert (row.run, row.setting, row.reference) == ("b", "x", "a")
    assert row.dice == pytest.approx(0.4)


def test_a_seed_counts_once_all_its_folds_are_scored() -> None:
    boards = {"public": 0.5, "private": 0.5}
    scored = [
        Scored(
            Name("d", "r", "s", seed, fold), {(fold, 1): (1.0, True)}, boards, 0.2, fold == 1, 1.0
        )
        for seed, fold in ((1, 0), (1, 1), (2, 0))
    ]
    (only,) = cells_of(scored, [0, 1]).values()
    assert list(only.frames) == [1]
    assert set(only.frames[1]) == {(0, 1), (1, 1)}
    assert only.collapsed == {1: 1}


@pytest.mark.slow
def test_the_plain_loop_depends_on_its_seed_alone(compared: Path) -> None:
    work = compared.parent / "work"
    (packed,) = (work / "pack").iterdir()
    (split,) = (work / "split").iterdir()
    frames = Packed.open(packed / "data/packed")
    rows = rows_of(read_split(split / "data/split.csv"), "train")
    torch.set_num_threads(1)
    again = plain_loop.train(frames, rows, epochs=1, seed=1).state_dict()
    kept = [load_file(path) for path in work.glob("train-plain_loop/*/data/models/*/*")]
    same = [all(torch.equal(again[name], value) for name, value in each.items()) for each in kept]
    assert sorted(same) == [False, True], "one of seed 1, and one of seed 2"
