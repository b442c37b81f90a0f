"""The stages score and summary on small runs, and their messages about faulty ones."""

import csv
import json
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nerveseg.errors import InputError
from nerveseg.evaluation.summary import read_curves
from nerveseg.training.job import write_curves

STAGES = Path(__file__).parents[2] / "stages"


def stage(name: str, *arguments: str) -> None:
    before, sys.argv = sys.argv, [name, *arguments]
    try:
        runpy.run_path(str(STAGES / f"{name}.py"))["main"]()
    finally:
        sys.argv = before


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def figures(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text())  # type: ignore[no-any-return]


@pytest.fixture
def scored(run_folder: Path) -> Path:
    for run in ("rpa_apf", "unet", "baseline"):
        stage("score", run)
    return run_folder


def test_a_run_of_empty_masks_scores_as_the_all_empty_submission(scored: Path) -> None:
    scores = figures("data/scores/baseline/scores.json")
    empty = figures("data/baselines/scores.json")["all_empty"]
    assert {name: scores[name] for name in empty} == empty
    assert scores["dice"] == pytest.approx(7 / 12, abs=1e-6)
    assert (scores["public"], scores["private"]) == (1, 0)
    assert scores["presence_recall"] == 0
    assert scores["hd95"] is None


def test_frames_come_in_the_order_of_the_split(scored: Path) -> None:
    keys = [(row["subject"], row["img"]) for row in rows("data/scores/unet/frames.csv")]
    assert keys[:4] == [("2", "1"), ("2", "3"), ("2", "10"), ("5", "1")]
    assert figures("data/scores/unet/scores.json")["frames"] == 12


def test_a_mask_moved_by_a_few_columns_is_that_far_off(scored: Path) -> None:
    assert figures("data/scores/unet/scores.json")["hd95"] == 12
    assert figures("data/scores/rpa_apf/scores.json")["hd95"] == 3


def test_without_a_solution_there_are_validation_scores_alone(run_folder: Path) -> None:
    Path("data/verified/solution.csv").write_text("img,pixels,Usage\n")
    stage("baselines")
    stage("score", "unet")
    scores = figures("data/scores/unet/scores.json")
    assert scores["dice"] > 0.9
    assert scores["public"] is scores["private"] is None
    assert figures("data/baselines/scores.json")["constant_mask"]["public"] is None


def test_a_run_that_collapsed_or_is_no_better_than_the_baselines_is_said_so(
    scored: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    stage("score", "unet")
    assert caplog.messages == []
    stage("score", "baseline")
    (said,) = caplog.messages
    assert said.startswith("baseline: outlines nothing: mean validation Dice minus that of all_e")
    stage("summary")
    verdicts = {run: of.get("verdict") for run, of in figures("metrics/scores.json").items()}
    assert verdicts == {
        "rpa_apf": "above the baselines",
        "unet": "above the baselines",
        "baseline": "outlines nothing",
        "all_empty": None,
        "constant_mask": None,
    }


def test_a_training_without_any_nerve_is_said_so(
    run_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    split = Path("data/split.csv")
    split.write_text(split.read_text().replace("1,1,1,train", "1,1,1,left_out"))
    train = Path("data/packed/train.csv")
    rows = train.read_text().splitlines()
    train.write_text("\n".join([rows[0], rows[1], "1,2,", "1,3,", *rows[4:], ""]))
    stage("baselines")
    stage("score", "unet")
    assert "unet: no training frame has an outlined nerve" in caplog.text
    assert figures("data/baselines/scores.json")["training"] == {"frames": 2, "nerves": 0}


def test_the_summary_has_one_column_a_run_and_metric(scored: Path) -> None:
    stage("summary")
    scores = figures("metrics/scores.json")
    assert list(scores) == ["rpa_apf", "unet", "baseline", "all_empty", "constant_mask"]
    assert scores["unet"]["dice_low"] <= scores["unet"]["dice"] <= scores["unet"]["dice_high"]
    empty = scores["all_empty"]
    assert empty["dice"] == pytest.approx(7 / 12, abs=1e-6)
    assert empty["dice_low"] < empty["dice"] < empty["dice_high"]
    assert (empty["public"], empty["private"], empty["presence_recall"]) == (1, 0, 0)
    assert scores["constant_mask"]["presence_recall"] == 1
    assert "hd95" not in scores["baseline"]
    values = [pair for part in scores.values() for pair in part.items() if pair[0] != "verdict"]
    assert all(isinstance(value, float | int) for _, value in values)


def test_the_comparison_holds_every_other_run_against_the_reference(scored: Path) -> None:
    stage("summary")
    table = rows("metrics/comparison.csv")
    assert [row["run"] for row in table] == ["unet", "baseline", "all_empty", "constant_mask"]
    assert {row["reference"] for row in table} == {"rpa_apf"}
    assert all(float(row["difference"]) < 0 for row in table)
    best = rows("metrics/groups.csv")[0]
    assert (best["run"], best["with_best"]) == ("rpa_apf", "True")


def test_the_papers_figures_stand_beside_ours(scored: Path) -> None:
    stage("summary")
    table = {
        (row["table"], row["network"], row["metric"]): row for row in rows("metrics/paper.csv")
    }
    ours = 100 * figures("metrics/scores.json")["unet"]["dice"]
    row = table["2", "unet", "dice"]
    assert float(row["paper"]) == 70.27
    assert float(row["ours"]) == pytest.approx(ours)
    assert float(row["difference"]) == pytest.approx(ours - 70.27, abs=1e-4)
    assert table["2", "cpfnet", "auc"]["ours"] == ""
    assert table["1", "baseline", "sensitivity"]["paper"] == ""


def test_the_files_of_a_removed_run_are_ignored(scored: Path) -> None:
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace(", unet: {}", ""))
    stage("summary")
    assert "unet" not in figures("metrics/scores.json")
    for name in ("comparison", "groups", "curves"):
        assert "unet" not in Path(f"metrics/{name}.csv").read_text()


def test_one_run_alone_is_compared_with_nothing(scored: Path) -> None:
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace(", unet: {}, baseline: {}", ""))
    stage("summary")
    assert list(figures("metrics/scores.json")) == ["rpa_apf", "all_empty", "constant_mask"]
    assert [row["run"] for row in rows("metrics/comparison.csv")] == ["all_empty", "constant_mask"]
    assert [row["with_best"] for row in rows("metrics/groups.csv")] == ["True"]


def test_an_ensemble_is_scored_from_its_own_maps_and_is_a_row_like_a_run(scored: Path) -> None:
    shutil.move("data/predictions/unet", "data/ensembles/both")
    for folder in ("data/masks", "submissions"):
        shutil.copy(f"{folder}/unet.csv", f"{folder}/both.csv")
    shutil.copy("data/decisions/unet.json", "data/decisions/both.json")
    stage("score", "both", "--maps", "data/ensembles")
    params = Path("params.yaml")
    both = "{both: {runs: all, combine: logits, select: all}}"
    params.write_text(params.read_text().replace("ensembles: {}", f"ensembles: {both}"))
    stage("summary")
    scores = figures("metrics/scores.json")
    assert scores["both"] == scores["unet"]
    assert list(scores)[2:4] == ["baseline", "both"]
    assert "both" in [row["run"] for row in rows("metrics/comparison.csv")]
    assert "both" not in Path("metrics/curves.csv").read_text()


def test_a_second_run_writes_the_same_bytes(scored: Path) -> None:
    stage("summary")
    first = {path.name: path.read_bytes() for path in Path("metrics").iterdir()}
    stage("score", "unet")
    stage("summary")
    assert {path.name: path.read_bytes() for path in Path("metrics").iterdir()} == first


def test_curves_are_read_as_training_writes_them(tmp_path: Path) -> None:
    history = [{"train/loss": value, "dice": 1 - value} for value in (0.1 + 0.2, 0.25)]
    write_curves(tmp_path / "unet.csv", history)
    assert read_curves(tmp_path, ["unet"]) == [
        ("unet", 0, "dice", 1 - (0.1 + 0.2)),
        ("unet", 1, "dice", 0.75),
        ("unet", 0, "train/loss", 0.1 + 0.2),
        ("unet", 1, "train/loss", 0.25),
    ]


def test_an_epoch_that_was_not_validated_has_no_point_in_the_validation_curve(
    tmp_path: Path,
) -> None:
    history = [{"train/loss": 0.5}, {"train/loss": 0.25, "dice": 0.75}]
    write_curves(tmp_path / "unet.csv", history)
    assert read_curves(tmp_path, ["unet"]) == [
        ("unet", 1, "dice", 0.75),
        ("unet", 0, "train/loss", 0.5),
        ("unet", 1, "train/loss", 0.25),
    ]
    (tmp_path / "unet.csv").write_text("epoch,train/loss,dice\n0,0.5\n")
    with pytest.raises(InputError, match=r"unet\.csv: not a table of curves"):
        read_curves(tmp_path, ["unet"])


def edit(name: str, old: str, new: str) -> Callable[[], None]:
    def act() -> None:
        path = Path(name)
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return act


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda: Path("data/masks/unet.csv").unlink(), "data/masks/unet.csv: not readable"),
        (
            edit("data/masks/unet.csv", "2,1,", "2,2,"),
            "masks/unet.csv: not the validation .*encode",
        ),
        (edit("data/split.csv", "2,1,0,valid", "2,1,0,train"), "not the validation frames"),
        (edit("data/split.csv", "2,1,0,valid", "2,4,0,valid"), "split.csv: subject 2 img 4 is not"),
        (lambda: Path("data/split.csv").write_text("subject,img,fold,part\n"), "no validation fr"),
        (edit("data/verified/solution.csv", "Usage", "use"), "solution.csv: the header"),
        (edit("submissions/unet.csv", "3,", "4,"), "submissions/unet.csv: "),
        (
            lambda: shutil.copy("params.yaml", "data/predictions/unet/valid.b2nd"),
            "valid.b2nd: truncated",
        ),
        (edit("params.yaml", "bins: 10", "bins: 1"), "score.bins"),
        (
            lambda: Path("data/baselines/scores.json").write_text("{}"),
            "data/baselines: not readable .*dvc repro baselines",
        ),
        (edit("data/baselines/frames.csv", "2,1,", "2,2,"), "data/baselines: other frames than"),
    ],
)
def test_a_broken_run_is_not_scored(
    run_folder: Path, damage: Callable[[], None], message: str
) -> None:
    damage()
    with pytest.raises(InputError, match=message):
        stage("score", "unet")
    assert not Path("data/scores").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            edit("params.yaml", "reference: rpa_apf", "reference: danet"),
            "summary.reference: 'danet'",
        ),
        (lambda: Path("data/curves/unet.csv").unlink(), "curves.*unet.*train@unet"),
        (edit("data/scores/unet/frames.csv", "2,1,", "2,2,"), "unet/frames.csv: other frames"),
        (edit("data/scores/unet/frames.csv", "dice", "rice"), "no column 'dice'; run .*score@unet"),
        (lambda: Path("data/scores/unet/scores.json").write_text("{"), "unet/scores.json: not re"),
        (
            edit("data/curves/unet.csv", "0.9", "much"),
            "unet.csv: not a table of curves",
        ),
    ],
)
def test_broken_scores_are_not_summarised(
    scored: Path, damage: Callable[[], None], message: str
) -> None:
    damage()
    with pytest.raises(InputError, match=message):
        stage("summary")
    assert not Path("metrics").exists()
