"""Submitting with the real client to the stand-in: each file once, the best first."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TypedDict, Unpack

import pytest
from server import KEY, SLUG, Kaggle

from nerveseg.errors import InputError
from nerveseg.leaderboard.candidates import file_hash
from nerveseg.leaderboard.publish import publish
from nerveseg.leaderboard.submit import Timing
from nerveseg.params.data import DataParams, KaggleParams
from nerveseg.params.results import LeaderboardParams

TIMING = Timing(poll=0.1, recheck=0.1, question=60, upload=60)
LEDGER = Path("leaderboard/submissions.json")
RECORD = Path("metrics/leaderboard.json")
DICE = {"unet": 0.61, "rpa_apf": 0.7342, "danet": 0.65}
RUN = (
    "import sys; sys.path.insert(0, {tests!r}); import test_leaderboard as t; "
    "t.go('rpa_apf', recheck=0.1)"
)


class Seconds(TypedDict, total=False):
    """Pauses and time limits that differ from `TIMING`."""

    poll: float
    recheck: float
    question: float
    upload: float


def go(*runs: str, wait: int = 0, source: str = "kaggle", **timing: Unpack[Seconds]) -> None:
    # The settings of the other sources are not read.
    data = DataParams.model_construct(  # type: ignore[call-arg]
        source=source, kaggle=KaggleParams(competition=SLUG)
    )
    chosen = LeaderboardParams(runs=list(runs), wait=wait)
    publish(data, chosen, Path("params.yaml"), LEDGER, TIMING._replace(**timing))


def failure(*runs: str, source: str = "kaggle", **timing: Unpack[Seconds]) -> str:
    with pytest.raises(InputError) as caught:
        go(*runs, source=source, **timing)
    message = str(caught.value)
    assert "\n" not in message
    assert KEY not in message
    return message


def record() -> dict[str, dict[str, object]]:
    rows = json.loads(RECORD.read_text())
    return {run: {**row, **row["submission"][0]} for run, row in rows.items()}


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder where three runs have been encoded and scored."""
    folder = tmp_path / "work"
    for name in ("submissions", "metrics", "data/packed"):
        (folder / name).mkdir(parents=True)
    monkeypatch.chdir(folder)
    Path("data/packed/test.csv").write_text("img\n1\n2\n")
    for start, run in enumerate(DICE, 1):
        Path(f"submissions/{run}.csv").write_text(f"img,pixels\n1,{start} 40\n2,\n")
    Path("metrics/scores.json").write_text(json.dumps({n: {"dice": d} for n, d in DICE.items()}))
    Path("params.yaml").write_text("train: {epochs: 1}\nmodels: {unet: {}, rpa_apf: {}}\n")
    return folder


def test_the_best_run_goes_first_with_its_provenance(kaggle: Kaggle) -> None:
    go("unet", "rpa_apf")
    second, first = (entry["description"] for entry in kaggle.submissions)
    digest = file_hash(Path("submissions/rpa_apf.csv"))[:16]
    assert first.startswith("rpa_apf; git none; params ")
    assert first.endswith(f"; validation 0.7342; sha256 {digest}")
    assert second.startswith("unet; ")


def test_scores_are_recorded_and_told_as_kaggle_gives_them(
    kaggle: Kaggle, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.score = lambda content: (0.72356, 0.73226)
    go("rpa_apf", wait=30)
    assert "rpa_apf: public 0.72356, private 0.73226" in capfd.readouterr().err
    row = record()["rpa_apf"]
    assert (row["public"], row["private"], row["status"]) == (0.72356, 0.73226, "COMPLETE")
    assert row["ref"] == "1001"
    assert row["sha256"] == file_hash(Path("submissions/rpa_apf.csv"))
    assert row["message"] == kaggle.submissions[0]["description"]
    assert str(row["date"]).startswith("20")


def test_the_same_file_is_never_submitted_twice(kaggle: Kaggle) -> None:
    go("unet", "rpa_apf")
    go("rpa_apf", "unet")
    assert kaggle.calls.count("PUT") == 2


def test_equal_files_of_two_runs_are_submitted_once(kaggle: Kaggle) -> None:
    Path("submissions/unet.csv").write_bytes(Path("submissions/danet.csv").read_bytes())
    go("unet", "danet", wait=30)
    assert kaggle.calls.count("PUT") == 1
    assert record()["unet"]["ref"] == record()["danet"]["ref"] == "1001"


def test_a_lost_ledger_is_made_up_for_by_the_hashes_in_kaggles_list(kaggle: Kaggle) -> None:
    kaggle.page = 1
    go("unet", "rpa_apf", wait=30)
    before = record()
    LEDGER.unlink()
    go("unet", "rpa_apf", wait=30)
    assert kaggle.calls.count("PUT") == 2
    assert record() == before


def test_the_allowance_goes_to_the_best_and_the_rest_waits_for_another_day(
    kaggle: Kaggle, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.left = 1
    go("unet", "rpa_apf", wait=30)
    assert "not submitted: unet; run again tomorrow" in capfd.readouterr().err
    rows = record()
    assert rows["rpa_apf"]["status"] == "COMPLETE"
    assert (rows["unet"]["status"], rows["unet"]["public"]) == ("NOT SUBMITTED", None)
    kaggle.left = 5
    go("unet", "rpa_apf", wait=30)
    assert kaggle.calls.count("PUT") == 2
    assert [row["status"] for row in record().values()] == ["COMPLETE"] * 2


def test_an_allowance_used_up_uploads_nothing(
    kaggle: Kaggle, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.left = 0
    go("rpa_apf")
    assert "no more submissions today" in capfd.readouterr().err
    assert "PUT" not in kaggle.calls


def test_what_is_pending_at_the_time_limit_is_picked_up_by_the_next_run(
    kaggle: Kaggle, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.looks_pending = 1
    kaggle.lag = 1
    go("rpa_apf", wait=0)
    assert "still pending at Kaggle: rpa_apf; run again" in capfd.readouterr().err
    row = record()["rpa_apf"]
    assert (row["status"], row["ref"], row["public"]) == ("PENDING", "1001", None)
    go("rpa_apf", wait=30)
    assert record()["rpa_apf"]["status"] == "COMPLETE"
    assert kaggle.calls.count("PUT") == 1


def test_a_file_that_kaggle_cannot_score_fails_in_kaggles_words_and_stays_unsent(
    kaggle: Kaggle,
) -> None:
    kaggle.refusal = "Submission has 2 rows, expected 5508"
    with pytest.raises(InputError, match=r"rpa_apf.csv \(submission 1001\): Submission has 2 rows"):
        go("rpa_apf", wait=30)
    assert record()["rpa_apf"]["status"] == "ERROR"
    assert "expected 5508" in failure("rpa_apf")
    assert kaggle.calls.count("PUT") == 1


def test_a_refused_upload_is_reported_and_tried_again_by_the_next_run(kaggle: Kaggle) -> None:
    kaggle.status["PUT"] = 400
    assert "the upload to Kaggle was interrupted; run again" in failure("rpa_apf")
    assert kaggle.submissions == []
    kaggle.status.clear()
    go("rpa_apf")
    assert len(kaggle.submissions) == 1


def test_an_upload_that_is_cut_again_and_again_ends_at_the_time_limit(kaggle: Kaggle) -> None:
    kaggle.cut_upload = True
    assert "took longer than 3 s and was stopped" in failure("rpa_apf", upload=3.0)
    kaggle.cut_upload = False
    go("rpa_apf")
    assert len(kaggle.submissions) == 1


def test_a_kill_between_upload_and_answer_does_not_submit_twice(kaggle: Kaggle) -> None:
    answered = kaggle.hold["CreateSubmission"] = threading.Event()
    kaggle.lag = 1
    code = RUN.format(tests=str(Path(__file__).parent))
    child = subprocess.Popen([sys.executable, "-c", code])
    while not kaggle.submissions:
        assert child.poll() is None
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    # The client of the killed process is still waiting for its answer, and keeps the lock.
    assert "another process is talking to Kaggle" in failure("rpa_apf")
    answered.set()
    with LEDGER.with_suffix(".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    assert next(
        iter(json.loads(LEDGER.read_text()).values())
    )  # being sent; there is no reference yet
    kaggle.hold.clear()
    go("rpa_apf", wait=30)
    assert len(kaggle.submissions) == 1
    assert record()["rpa_apf"]["ref"] == "1001"


def test_without_scores_the_order_is_the_lists(
    kaggle: Kaggle, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("metrics/scores.json").unlink()
    go("unet", "rpa_apf")
    assert "submitting in the order of the list" in capfd.readouterr().err
    assert kaggle.submissions[-1]["description"].startswith("unet; ")
    assert "validation unknown" in kaggle.submissions[-1]["description"]


def test_an_invalid_csv_is_found_before_kaggle_is_asked_anything(kaggle: Kaggle) -> None:
    Path("submissions/unet.csv").write_text("img,pixels\n2,\n1,\n")
    assert "submissions/unet.csv" in failure("unet", "rpa_apf")
    assert kaggle.calls == []


def test_a_run_without_csv_is_named(kaggle: Kaggle) -> None:
    assert "submissions/cenet.csv" in failure("cenet")


def test_frames_of_our_own_making_are_not_submitted(kaggle: Kaggle) -> None:
    assert "data.source is simulated" in failure("unet", source="simulated")
    assert kaggle.calls == []


def test_with_no_run_chosen_nothing_happens(kaggle: Kaggle) -> None:
    go()
    assert record() == {}
    assert kaggle.calls == []


@pytest.mark.parametrize("rpc", ["GetSubmissionLimits", "CreateSubmission"])
def test_kaggle_out_of_order_at_any_step_is_one_line(kaggle: Kaggle, rpc: str) -> None:
    kaggle.status[rpc] = 503
    assert "Kaggle is not available (503)" in failure("rpa_apf")
    kaggle.status.clear()
    go("rpa_apf")
    assert len(kaggle.submissions) == 1


def test_refusals_are_one_line_here_too(kaggle: Kaggle) -> None:
    kaggle.status["ListSubmissions"] = 403
    assert f"accept its rules at https://www.kaggle.com/competitions/{SLUG}/rules" in failure(
        "unet"
    )


def test_a_slow_answer_is_not_waited_for(kaggle: Kaggle) -> None:
    kaggle.delay["ListSubmissions"] = 5.0
    assert "'submissions' took longer than 2 s" in failure("rpa_apf", question=2.0)


def test_an_unreadable_ledger_is_named_and_not_overwritten(kaggle: Kaggle) -> None:
    LEDGER.parent.mkdir()
    LEDGER.write_text("{")
    assert "leaderboard/submissions.json: not readable as the ledger" in failure("rpa_apf")
    assert LEDGER.read_text() == "{"


def test_a_ledger_written_by_an_earlier_version_is_read_and_kept(kaggle: Kaggle) -> None:
    entry = {"ref": "7", "status": "COMPLETE", "public": 0.5, "private": 0.6, "words": ""}
    entry |= {"message": "unet; git none; sha256 0123456789abcdef", "date": "2026-11-23T13:03:51"}
    before = {f"localhost/{SLUG}": {"ab" * 32: entry}, "kaggle/other": {"cd" * 32: entry}}
    LEDGER.parent.mkdir()
    LEDGER.write_text(json.dumps(before))
    go("unet")
    after = json.loads(LEDGER.read_text())
    assert after["kaggle/other"] == before["kaggle/other"]
    assert after[f"localhost/{SLUG}"]["ab" * 32] == entry
    assert len(after[f"localhost/{SLUG}"]) == 2


def test_no_file_of_the_project_holds_a_credential(kaggle: Kaggle, workspace: Path) -> None:
    kaggle.status["CreateSubmission"] = 500
    failure("rpa_apf")
    for path in workspace.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_the_plain_client_submits_the_same_file(kaggle: Kaggle) -> None:
    line = f"-m kaggle competitions submit -c {SLUG} -f submissions/rpa_apf.csv -m message"
    subprocess.run([sys.executable, *line.split()], check=True, capture_output=True)
    assert kaggle.submissions[0]["content"] == Path("submissions/rpa_apf.csv").read_bytes()
