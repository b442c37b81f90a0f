"""The stages decide, encode and ensemble on a few frames, and their messages about faulty ones."""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from invented import maps_and_masks
from numpy.typing import NDArray

from nerveseg.data.packed import read_train
from nerveseg.errors import InputError
from nerveseg.inference.postprocess import clean
from nerveseg.maps import MapWriter, code_of, read_maps
from nerveseg.metrics.overlap import count, dice
from nerveseg.rle import IMAGE_SHAPE, decode, encode

STAGES = Path(__file__).parents[2] / "stages"
SUBJECTS = (3, 4, 8, 9)
EACH = 6
PARAMS = """\
decide: {{rule: {rule}, folds: 2, match_prevalence: {match}, sweep: {sweep}, shape: {shape}}}
audit: {{blocks: 16, bandwidth: 1.0, agreement: 0.7, least_similarity: 0.85}}
encode: {{threshold: 0.5, min_blob: 20, min_total: 100}}
summary: {{reference: unet, level: 0.95}}
models: {{unet: {{}}, danet: {{}}}}
ensembles:
  mean: {{runs: all, combine: logits, select: all}}
  chosen: {{runs: [unet, danet], combine: probabilities, select: greedy}}
"""


def stage(name: str, *arguments: str) -> None:
    before, sys.argv = sys.argv, [name, *(arguments or ("unet",))]
    try:
        runpy.run_path(str(STAGES / f"{name}.py"))["main"]()
    finally:
        sys.argv = before


def choose(rule: str, match: str = "false", sweep: float = 0, shape: int = 0) -> None:
    text = PARAMS.format(rule=rule, match=match, sweep=sweep, shape=shape)
    Path("params.yaml").write_text(text)


def write_maps(path: Path, maps: list[NDArray[np.uint8]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with MapWriter(path, len(maps)) as writer:
        for codes in maps:
            writer.write(codes)


def masks() -> list[NDArray[np.uint8]]:
    return [decode(row.pixels) for row in read_train(Path("data/masks/unet.csv"))]


def plain_masks(maps: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Return the masks of the rule `fixed`."""
    return [clean(codes >= code_of(0.5), 20, 100) for codes in maps]


def check_scores(maps: list[NDArray[np.uint8]], rows: dict[str, Any], kind: str) -> None:
    """Check that the stage encode makes masks that score as the decision says."""
    stage("encode")
    true = [decode(row.pixels) for row in read_train(Path("data/packed/train.csv"))[EACH:]]
    scored = dice(count(masks(), true)).mean()
    assert scored == pytest.approx(rows[kind]["dice"])
    assert rows["fixed"]["dice"] == pytest.approx(dice(count(plain_masks(maps), true)).mean())
    assert scored - rows["fixed"]["dice"] == pytest.approx(rows[kind]["gain"])


@pytest.fixture
def maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.uint8]]:
    monkeypatch.chdir(tmp_path)
    maps, true = maps_and_masks(EACH * (len(SUBJECTS) + 1), seed=11)
    keys = [(subject, img) for subject in (1, *SUBJECTS) for img in range(1, EACH + 1)]
    Path("data/packed").mkdir(parents=True)
    rows = [f"{s},{i},{encode(mask)}\n" for (s, i), mask in zip(keys, true, strict=True)]
    Path("data/packed/train.csv").write_text("subject,img,pixels\n" + "".join(rows))
    parts = [f"{s},{i},0,{'train' if s == 1 else 'valid'}\n" for s, i in keys]
    Path("data/split.csv").write_text("subject,img,fold,part\n" + "".join(parts))
    Path("data/packed/test.csv").write_text("img\n1\n2\n3\n")
    write_maps(Path("data/predictions/unet/valid.b2nd"), maps[EACH:])
    write_maps(Path("data/predictions/unet/test.b2nd"), maps[:3])
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (len(keys), 32, 48), dtype=np.uint8)
    images[EACH + 1 :: 2] = images[EACH::2]  # pairs of near-duplicates in every validation sweep
    np.save("data/packed/train_images.npy", images)
    np.save("data/packed/test_images.npy", images[:3])
    return maps[EACH:]


@pytest.mark.parametrize("rule", ["fixed", "area", "best"])
def test_masks_of_smoothed_maps_score_as_the_decision_says(
    maps: list[NDArray[np.uint8]], rule: str
) -> None:
    choose(rule, sweep=0.5, match="true")
    stage("decide")
    decision = json.loads(Path("data/decisions/unet.json").read_text())
    rows = {row["kind"]: row for row in decision["compared"]}
    kind = "sweep" if rule == "fixed" else rule
    assert decision["kind"] == kind
    check_scores(maps, rows, kind)
    # Otherwise the test could not fail.
    assert abs(rows["sweep"]["gain"]) > 1e-3


@pytest.mark.parametrize(("rule", "sweep"), [("fixed", 0), ("area", 0), ("presence", 0.5)])
def test_redrawn_masks_score_as_the_decision_says(
    maps: list[NDArray[np.uint8]], rule: str, sweep: float
) -> None:
    choose(rule, sweep=sweep, shape=1)
    stage("decide")
    decision = json.loads(Path("data/decisions/unet.json").read_text())
    rows = {row["kind"]: row for row in decision["compared"]}
    kind = "shape" if rule == "fixed" else rule
    assert decision["kind"] == kind
    steps = ["fixed", "sweep", "shape"] if sweep else ["fixed", "shape"]
    assert list(rows)[: len(steps)] == steps
    check_scores(maps, rows, kind)
    if rule == "fixed":
        plain = plain_masks(maps)
        assert [mask.any() for mask in masks()] == [mask.any() for mask in plain]
        # Otherwise the test could not fail.
        assert abs(rows["shape"]["gain"]) > 1e-3


def test_a_prior_of_shape_is_fitted_on_training_masks_alone(
    maps: list[NDArray[np.uint8]],
) -> None:
    choose("fixed", shape=1)
    stage("decide")
    found = json.loads(Path("data/decisions/unet.json").read_text())["shape"]
    table = Path("data/packed/train.csv")
    rows = read_train(table)
    changed = [(s, i, pixels if s == 1 else "1 9000") for s, i, pixels in rows]
    lines = [f"{subject},{img},{pixels}\n" for subject, img, pixels in changed]
    table.write_text("subject,img,pixels\n" + "".join(lines))
    stage("decide")
    assert json.loads(Path("data/decisions/unet.json").read_text())["shape"] == found


def test_without_a_training_frame_a_prior_of_shape_is_refused(
    maps: list[NDArray[np.uint8]],
) -> None:
    split = Path("data/split.csv")
    split.write_text(split.read_text().replace(",train", ",left_out"))
    choose("area", shape=2)
    with pytest.raises(InputError, match=r"decide.shape: .*split.csv is for training .* to 0"):
        stage("decide")
    assert not Path("data/decisions").exists()


def test_the_fixed_rule_reads_no_map_and_makes_the_masks_it_always_made(
    maps: list[NDArray[np.uint8]],
) -> None:
    choose("fixed")
    predictions = Path("data/predictions")
    predictions.rename("elsewhere")
    stage("decide")
    Path("elsewhere").rename(predictions)
    stage("encode")
    lines = Path("data/masks/unet.csv").read_text().splitlines()[1:]
    expected = [encode(clean(codes >= code_of(0.5), 20, 100)) for codes in maps]
    assert [line.split(",")[2] for line in lines] == expected


@pytest.mark.parametrize("rule", ["area", "triplet", "presence", "best"])
def test_the_masks_score_as_the_decision_says(maps: list[NDArray[np.uint8]], rule: str) -> None:
    choose(rule)
    stage("decide")
    decision = json.loads(Path("data/decisions/unet.json").read_text())
    assert decision["kind"] == rule
    stage("encode")
    rows = read_train(Path("data/packed/train.csv"))[EACH:]
    true = [decode(row.pixels) for row in rows]
    said = {row["kind"]: row["dice"] for row in decision["compared"]}
    assert dice(count(masks(), true)).mean() == pytest.approx(said[rule])
    assert Path("submissions/unet.csv").read_text().count("\n") == 4


def test_a_second_decision_has_the_same_bytes(maps: list[NDArray[np.uint8]]) -> None:
    choose("best", match="true")
    stage("decide")
    first = Path("data/decisions/unet.json").read_bytes()
    stage("decide")
    assert Path("data/decisions/unet.json").read_bytes() == first


def test_the_share_of_test_nerves_is_written_if_it_is_estimated(
    maps: list[NDArray[np.uint8]],
) -> None:
    for match, there in (("false", False), ("true", True)):
        choose("presence", match)
        stage("decide")
        share = json.loads(Path("data/decisions/unet.json").read_text())["test_nerves"]
        assert (share is not None) == there


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda: Path("data/predictions/unet/valid.b2nd").unlink(), "valid.b2nd: not found; run"),
        (lambda: Path("data/packed/train.csv").unlink(), "data/packed/train.csv: "),
        (
            lambda: Path("data/split.csv").write_text("subject,img,fold,part\n1,1,0,train\n"),
            "data/split.csv: no validation frames; check split.fold",
        ),
        (
            lambda: Path("data/split.csv").write_text("subject,img,fold,part\n3,1,0,valid\n"),
            "valid.b2nd: 24 maps for the 1 validation frames of data/split.csv; run dvc repro",
        ),
        (
            lambda: Path("data/split.csv").write_text("subject,img,fold,part\n77,1,0,valid\n"),
            "data/split.csv: subject 77 img 1 is not in data/packed/train.csv; run dvc repro split",
        ),
        (lambda: choose("nothing"), "params.yaml: decide.rule: Input should be 'fixed', 'area'"),
    ],
)
def test_faulty_input_is_said_in_a_line_and_nothing_is_written(
    maps: list[NDArray[np.uint8]], damage: Callable[[], object], message: str
) -> None:
    choose("area")
    damage()
    with pytest.raises(InputError) as raised:
        stage("decide")
    assert message in str(raised.value)
    assert not Path("data/decisions").exists()


def test_a_run_without_a_decision_is_not_encoded(maps: list[NDArray[np.uint8]]) -> None:
    with pytest.raises(InputError, match=r"decisions/unet.json: .* run dvc repro"):
        stage("encode")


@pytest.fixture
def two_runs(maps: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Write a second run, whose maps are inverted, and return the maps of the first."""
    write_maps(Path("data/predictions/danet/valid.b2nd"), [255 - codes for codes in maps])
    write_maps(Path("data/predictions/danet/test.b2nd"), [255 - codes for codes in maps[:3]])
    return maps


def test_an_ensemble_is_decided_and_encoded_from_its_own_maps(
    two_runs: list[NDArray[np.uint8]],
) -> None:
    choose("area")
    stage("ensemble", "mean")
    means = read_maps(Path("data/ensembles/mean/valid.b2nd"))
    # The logits of a map and of its inverse add up to 0.
    assert {int(code) for codes in means for code in np.unique(codes)} == {128}
    for name in ("decide", "encode"):
        stage(name, "mean", "--maps", "data/ensembles")
    assert Path("submissions/mean.csv").read_text().count("\n") == 4


def test_the_better_run_is_chosen_for_every_frame(two_runs: list[NDArray[np.uint8]]) -> None:
    choose("fixed")
    stage("ensemble", "chosen")
    weights = json.loads(Path("data/ensembles/chosen/weights.json").read_text())
    assert weights["test"] == {"unet": 1.0}
    assert weights["valid"] == {str(subject): {"unet": 1.0} for subject in SUBJECTS}
    for codes, chosen in zip(
        two_runs, read_maps(Path("data/ensembles/chosen/valid.b2nd")), strict=True
    ):
        np.testing.assert_array_equal(chosen, codes)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("other", lambda: None, "ensembles.other: no such ensemble; there are mean, chosen"),
        (
            "mean",
            lambda: Path("data/predictions/danet/valid.b2nd").unlink(),
            "danet/valid.b2nd: not found",
        ),
        (
            "mean",
            lambda: write_maps(
                Path("data/predictions/danet/valid.b2nd"), [np.zeros(IMAGE_SHAPE, np.uint8)]
            ),
            "danet/valid.b2nd: 1 maps, and 24 of unet; run dvc repro predict@danet",
        ),
        (
            "chosen",
            lambda: Path("data/split.csv").write_text("subject,img,fold,part\n3,1,0,valid\n"),
            "ensembles.chosen: data/predictions/unet/valid.b2nd: 24 maps for 1 validation frames",
        ),
    ],
)
def test_a_faulty_ensemble_is_said_in_a_line_and_writes_nothing(
    two_runs: list[NDArray[np.uint8]], name: str, damage: Callable[[], object], message: str
) -> None:
    choose("fixed")
    damage()
    with pytest.raises(InputError) as raised:
        stage("ensemble", name)
    assert message in str(raised.value)
    assert not list(Path("data").glob("ensembles/*/*"))
