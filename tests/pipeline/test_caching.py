"""A tiny version of the whole pipeline, and which stages run again after each kind of change."""

import pytest
from clone import Clone
from dvc_objects.fs.utils import tmp_fname

RUNS = ("unet", "rpa_apf", "wider")
EACH = ("train", "predict", "decide", "encode", "score", "cost")
pytestmark = pytest.mark.slow

AFTER = {"summary", "report"}


def stages(*names: str, runs: tuple[str, ...] = RUNS) -> set[str]:
    return {f"{name}@{run}" for name in names for run in runs}


@pytest.fixture(scope="module")
def clone(tiny: Clone) -> Clone:
    ran = tiny.repro()
    once = {"code", "check", "download", "pack", "audit", "split", "baselines"}
    assert set(ran) == once | AFTER | stages(*EACH)
    tiny.commit("first run")
    return tiny


def ran(clone: Clone) -> set[str]:
    """Return the stages that ran, apart from `code`."""
    return set(clone.repro()) - {"code", "check"}


def test_a_second_run_runs_nothing(clone: Clone) -> None:
    assert clone.repro() == []


def test_a_lock_file_lost_to_a_kill_costs_no_stage(clone: Clone) -> None:
    (clone.folder / "dvc.lock").write_bytes(b"")
    assert "unreadable" in clone.shell("python -m nerveseg recover")
    assert clone.repro() == []


@pytest.mark.parametrize("output", ["", "unet.json"])
def test_what_a_killed_dvc_left_in_a_dependency_runs_nothing(clone: Clone, output: str) -> None:
    left = clone.folder / "data/costs" / tmp_fname(output)
    left.write_text("{}")
    assert clone.repro() == []
    left.unlink()


def test_the_outputs_are_what_a_user_looks_for(clone: Clone) -> None:
    rows = (clone.folder / "submissions/unet.csv").read_text().splitlines()
    assert rows[0] == "img,pixels"
    assert [row.split(",")[0] for row in rows[1:]] == [str(img) for img in range(1, 11)]
    assert "rpa_apf" in clone.dvc("metrics", "show")


def test_two_runs_of_one_network_stand_side_by_side(clone: Clone) -> None:
    metrics = clone.dvc("metrics", "show")
    page = (clone.folder / "report/index.html").read_text()
    for run, title in {"unet": "U-Net (width 4)", "wider": "U-Net (width 5)"}.items():
        assert (clone.folder / f"submissions/{run}.csv").exists()
        assert run in metrics
        assert title in page
    assert "RPA/APF (ours)" in page


def test_an_option_of_one_run_runs_its_chain_alone(clone: Clone) -> None:
    clone.set(models__wider__width=6)
    assert ran(clone) == stages(*EACH, runs=("wider",)) | AFTER


def test_going_back_to_earlier_parameters_runs_nothing(clone: Clone) -> None:
    clone.set(models__wider__width=5)
    assert clone.repro() == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/nerveseg/errors.py", "interrupted", "stopped"),
        ("src/nerveseg/training/progress.py", "img/s, %s left", "img/s, %s to go"),
        ("src/nerveseg/training/chosen_frames.py", "no frame to train on", "nothing to train on"),
        ("src/nerveseg/params/train.py", "epochs: passes over", "epochs: how often to go over"),
        ("stages/encode.py", "Turn the prediction maps", "Turn maps"),
    ],
)
def test_other_words_run_nothing(clone: Clone, file: str, old: str, new: str) -> None:
    clone.replace(file, old, new)
    assert ran(clone) == set()


def test_an_edit_of_one_network_runs_the_chains_of_its_runs(clone: Clone) -> None:
    clone.append("src/nerveseg/models/networks/rpa_apf.py", "EDIT = 1\n")
    # The weights are the same, so the stages after the training are still up to date.
    assert ran(clone) == stages("train", "predict", "cost", runs=("rpa_apf",)) | {"report"}


def test_an_edit_of_the_loss_runs_every_training(clone: Clone) -> None:
    clone.replace("src/nerveseg/training/losses.py", "2.0 * sums(overlap)", "1.9 * sums(overlap)")
    assert ran(clone) == stages("train", "predict", "decide", "encode", "score") | AFTER


def test_an_edit_of_the_resampling_of_maps_predicts_anew_and_trains_nothing(clone: Clone) -> None:
    clone.replace("src/nerveseg/inference/resize_logits.py", "cv2.INTER_LINEAR", "cv2.INTER_CUBIC")
    assert ran(clone) == stages("predict", "decide", "encode", "score") | AFTER


def test_other_views_in_prediction_train_nothing(clone: Clone) -> None:
    clone.set(predict__tta="none")
    assert ran(clone) == stages("predict", "decide", "encode", "score") | AFTER


def test_another_threshold_only_decides_encodes_and_scores(clone: Clone) -> None:
    clone.set(encode__threshold=0.95)
    assert ran(clone) == stages("decide", "encode", "score") | AFTER


def test_a_fitted_rule_predicts_nothing_anew_and_is_shown(clone: Clone) -> None:
    clone.set(decide__rule="best")
    assert ran(clone) >= stages("decide") | {"report"}
    assert not {name.partition("@")[0] for name in ran(clone)}
    assert "cross-fitted" in (clone.folder / "report/index.html").read_text()
    clone.set(decide__rule="fixed")
    assert not ran(clone) & stages("train", "predict")


def test_an_ensemble_is_one_more_row_and_costs_no_run_anything(clone: Clone) -> None:
    clone.set(ensembles={"both": {"runs": "all", "combine": "logits", "select": "greedy"}})
    assert ran(clone) == {"ensemble@both"} | AFTER
    assert (clone.folder / "submissions/both.csv").exists()
    assert "Ensemble both" in (clone.folder / "report/index.html").read_text()
    assert "both" in clone.dvc("metrics", "show")
    clone.set(ensembles={})
    assert ran(clone) == AFTER


@pytest.mark.parametrize("file", ["stages/report.py", "src/nerveseg/reporting/assets/page.css"])
def test_an_edit_of_the_report_makes_the_report_alone(clone: Clone, file: str) -> None:
    clone.append(file, "EDIT = 1\n" if file.endswith("py") else "/* an edit */\n")
    assert ran(clone) == {"report"}


def test_the_first_parameters_again_train_nothing(clone: Clone) -> None:
    clone.set(predict__tta="auto", encode__threshold=0.05)
    assert not ran(clone) & stages("train")
