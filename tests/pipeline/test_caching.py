"""The whole pipeline, tiny, and what runs again after each kind of change."""

import pytest
from clone import Clone

NETWORKS = ("unet", "rpa_apf")
FAN = ("train", "predict", "encode", "score", "cost")
AFTER = {"summary", "report"}


def fan(*stages: str, networks: tuple[str, ...] = NETWORKS) -> set[str]:
    return {f"{stage}@{network}" for stage in stages for network in networks}


@pytest.fixture(scope="module")
def clone(tiny: Clone) -> Clone:
    ran = tiny.repro()
    assert set(ran) == {"check", "download", "pack", "audit", "split", *AFTER} | fan(*FAN)
    tiny.commit("first run")
    return tiny


def test_a_second_run_runs_nothing(clone: Clone) -> None:
    assert clone.repro() == []


def test_a_lock_file_lost_to_a_kill_costs_no_stage(clone: Clone) -> None:
    (clone.folder / "dvc.lock").write_bytes(b"")
    assert "unreadable" in clone.shell("python -m nerveseg.recover")
    assert clone.repro() == []


def test_the_outputs_are_what_a_user_looks_for(clone: Clone) -> None:
    rows = (clone.folder / "submissions/unet.csv").read_text().splitlines()
    assert rows[0] == "img,pixels"
    assert [row.split(",")[0] for row in rows[1:]] == [str(img) for img in range(1, 11)]
    assert "<html" in (clone.folder / "report/index.html").read_text()
    assert "rpa_apf" in clone.dvc("metrics", "show")


def test_an_option_of_one_network_runs_its_chain_alone(clone: Clone) -> None:
    clone.set(models__unet__width=5)
    assert set(clone.repro()) == fan(*FAN, networks=("unet",)) | AFTER


def test_going_back_to_earlier_parameters_runs_nothing(clone: Clone) -> None:
    clone.set(models__unet__width=4)
    assert clone.repro() == []


def test_an_edit_of_one_network_retrains_that_one_alone(clone: Clone) -> None:
    clone.append("src/nerveseg/models/unet.py", "# an edit\n")
    ran = set(clone.repro())
    assert fan("train", networks=("unet",)) <= ran
    assert not ran & fan(*FAN, networks=("rpa_apf",))


def test_other_views_in_prediction_train_nothing(clone: Clone) -> None:
    clone.set(predict__tta="none")
    assert set(clone.repro()) == fan("predict", "encode", "score") | AFTER


def test_another_threshold_only_encodes_and_scores(clone: Clone) -> None:
    clone.set(encode__threshold=0.95)
    assert set(clone.repro()) == fan("encode", "score") | AFTER


def test_an_edit_of_the_report_makes_the_report_alone(clone: Clone) -> None:
    clone.append("stages/report.py", "# an edit\n")
    assert clone.repro() == ["report"]


def test_the_first_parameters_again_run_nothing_but_edited_code(clone: Clone) -> None:
    clone.set(predict__tta="flips", encode__threshold=0.05)
    assert not set(clone.repro()) & fan("train")


def test_the_matrix_names_a_stage_by_its_network(clone: Clone) -> None:
    # A matrix over a dict is undocumented: every command in README relies on these names.
    names = set(clone.dvc("stage", "list", "--name-only").split())
    assert fan(*FAN) <= names
