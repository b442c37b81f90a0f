"""Submitting with the real client to the stand-in: each file once, the best first."""

import fcntl
import hashlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict, Unpack

import pytest
from project import DICE, encode, make_project
from server import DROP, KEY, SLUG, TOKEN, USER, Kaggle

from nerveseg.errors import InputError
from nerveseg.kaggle_client import bridge, credentials, process, service
from nerveseg.leaderboard.preview import preview
from nerveseg.leaderboard.publish import publish
from nerveseg.leaderboard.submit import Timing
from nerveseg.params.data import DataParams, KaggleSource
from nerveseg.params.results import LeaderboardParams

TIMING = Timing(poll=0.1, recheck=0.1, question=60, upload=60, retry=0)
LEDGER = Path("leaderboard/submissions.json")
RECORD = Path("metrics/leaderboard.json")
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
    retry: float


def data(source: str = "kaggle") -> DataParams:
    # The settings of the other sources are not read.
    return DataParams.model_construct(  # type: ignore[call-arg]
        source=source, kaggle=KaggleSource(competition=SLUG)
    )


def go(
    *runs: str,
    wait: int = 0,
    source: str = "kaggle",
    again: bool = False,
    **timing: Unpack[Seconds],
) -> None:
    chosen = LeaderboardParams(runs=list(runs), wait=wait)
    publish(data(source), chosen, LEDGER, TIMING._replace(**timing), again=again)


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def failure(*runs: str, wait: int = 0, source: str = "kaggle", **timing: Unpack[Seconds]) -> str:
    with pytest.raises(InputError) as caught:
        go(*runs, wait=wait, source=source, **timing)
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
    folder.mkdir()
    monkeypatch.chdir(folder)
    make_project()
    return folder


@pytest.fixture
def child() -> None:
    """Leave the client in a child process, as users have it."""


@pytest.fixture(autouse=True)
def in_one_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import the client only once: that takes longer than a test."""
    if "child" not in request.fixturenames:
        monkeypatch.setattr(process, "ask", ask_in_process)


def ask_in_process(
    command: str, slug: str, *rest: str, seconds: float, held: int | None = None
) -> dict[str, Any]:
    known = credentials.require()
    importlib.import_module("kaggle").api.config_values = {}  # of the test before
    with redirect_stdout(sys.stderr):
        reply = bridge._guarded(bridge.COMMANDS[command], [slug, *rest])
    return process._reply(json.dumps(reply), "", slug, known)


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


def test_the_same_file_is_never_submitted_twice(kaggle: Kaggle, child: None) -> None:
    go("unet", "rpa_apf")
    go("rpa_apf", "unet")
    assert kaggle.calls.count("PUT") == 2


def test_equal_files_of_two_runs_are_submitted_once(kaggle: Kaggle) -> None:
    encode("unet", Path("submissions/danet.csv").read_text())
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


def test_an_upload_that_is_cut_again_and_again_ends_at_the_time_limit(
    kaggle: Kaggle, child: None
) -> None:
    kaggle.cut_upload = True
    assert "took longer than 3 s and was stopped" in failure("rpa_apf", upload=3.0)
    kaggle.cut_upload = False
    go("rpa_apf")
    assert len(kaggle.submissions) == 1


def test_a_kill_between_upload_and_answer_does_not_submit_twice(
    kaggle: Kaggle, child: None
) -> None:
    answered = kaggle.hold["CreateSubmission"] = threading.Event()
    kaggle.lag = 1
    code = RUN.format(tests=str(Path(__file__).parent))
    sender = subprocess.Popen([sys.executable, "-c", code])
    while not kaggle.submissions:
        assert sender.poll() is None
        time.sleep(0.05)
    os.kill(sender.pid, signal.SIGKILL)
    sender.wait()
    # The client of the killed process is still waiting for its answer, and keeps the lock.
    assert "another process is talking to Kaggle" in failure("rpa_apf")
    answered.set()
    with LEDGER.with_suffix(".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    # Being sent: there is no reference yet.
    assert next(iter(json.loads(LEDGER.read_text()).values()))
    kaggle.hold.clear()
    go("rpa_apf", wait=30)
    assert len(kaggle.submissions) == 1
    assert record()["rpa_apf"]["ref"] == "1001"


def test_without_scores_the_order_is_the_lists(kaggle: Kaggle) -> None:
    for run in DICE:
        Path(f"data/scores/{run}/scores.json").unlink()
    go("unet", "rpa_apf")
    assert kaggle.submissions[-1]["description"].startswith("unet; ")
    assert "validation unknown" in kaggle.submissions[-1]["description"]


def test_an_invalid_csv_is_found_before_kaggle_is_asked_anything(kaggle: Kaggle) -> None:
    encode("unet", "img,pixels\n2,\n1,\n")
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


def test_a_slow_answer_is_not_waited_for(kaggle: Kaggle, child: None) -> None:
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
    assert {key: after[key] for key in before} == before
    assert len(after[f"localhost/{SLUG}/{USER}"]) == 1


def test_a_description_that_was_edited_on_kaggle_keeps_its_scores(kaggle: Kaggle) -> None:
    go("rpa_apf", wait=30)
    kaggle.submissions[0]["description"] = "my best one"
    kaggle.score = lambda content: (0.1, 0.2)
    go("rpa_apf", wait=30)
    assert kaggle.calls.count("PUT") == 1
    assert (record()["rpa_apf"]["message"], record()["rpa_apf"]["public"]) == ("my best one", 0.1)


def test_a_reference_that_now_belongs_to_another_file_is_not_followed(kaggle: Kaggle) -> None:
    # Not even if both files arrive in the same second, which is all that Kaggle tells of the time.
    kaggle.now = lambda: datetime(2026, 11, 26, tzinfo=UTC)
    go("rpa_apf", wait=30)
    kaggle.submissions.clear()  # as a service that starts anew
    kaggle.score = lambda content: (0.1, 0.2)
    go("unet", wait=30)
    go("rpa_apf", "unet", wait=30)
    rows = record()
    assert rows["unet"]["ref"] == rows["rpa_apf"]["ref"] == "1001"
    assert (rows["unet"]["public"], rows["rpa_apf"]["public"]) == (0.1, 0.5)


def test_another_account_has_entries_of_its_own(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch
) -> None:
    go("rpa_apf", wait=30)
    monkeypatch.delenv("KAGGLE_KEY")
    kaggle.submissions.clear()
    kaggle.owner = "colleague"
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    go("rpa_apf", wait=30)
    assert kaggle.calls.count("PUT") == 2
    assert set(json.loads(LEDGER.read_text())) == {
        f"localhost/{SLUG}/{USER}",
        f"localhost/{SLUG}/colleague",
    }


ODD: list[dict[str, object]] = [
    {"status": "QUEUED"},
    {"status": 7},
    {"publicScore": "n/a", "privateScore": None, "date": None, "ref": "x"},
    {"publicScore": "NaN", "privateScore": 0.5, "description": None, "date": "yesterday"},
]


def test_odd_entries_of_kaggles_list_do_not_matter(kaggle: Kaggle) -> None:
    plain: dict[str, object] = {
        "ref": 7,
        "status": "COMPLETE",
        "description": "by hand",
        "publicScore": "0.5",
    }
    kaggle.listed = [{**plain, **odd} for odd in ODD]
    go("rpa_apf", wait=30)
    assert record()["rpa_apf"]["status"] == "COMPLETE"


@pytest.mark.parametrize("score", ["NaN", "inf", "none yet", ""])
def test_a_score_that_is_no_number_is_null(kaggle: Kaggle, score: str) -> None:
    kaggle.text = lambda number: score
    go("rpa_apf", wait=30)
    row = record()["rpa_apf"]
    assert (row["public"], row["private"], row["status"]) == (None, None, "COMPLETE")


def test_an_unknown_status_is_told_and_not_waited_for(
    kaggle: Kaggle, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.complete = "UNDER_REVIEW"
    go("rpa_apf", wait=3600)
    assert "rpa_apf: Kaggle's status is UNDER_REVIEW" in capfd.readouterr().err
    assert record()["rpa_apf"]["status"] == "UNDER_REVIEW"


@pytest.mark.parametrize("left", [None, -1, "many"])
def test_an_allowance_that_is_not_told_lets_kaggle_decide(kaggle: Kaggle, left: object) -> None:
    kaggle.limits = {"numAllowedNow": left}
    go("unet", "rpa_apf")
    assert len(kaggle.submissions) == 2


def test_a_passing_fault_while_polling_is_waited_out(kaggle: Kaggle) -> None:
    kaggle.passing["ListSubmissions"] = [0, 503, DROP]
    go("rpa_apf", wait=30, retry=5)
    assert record()["rpa_apf"]["status"] == "COMPLETE"


def test_a_lasting_fault_while_polling_leaves_a_record(
    kaggle: Kaggle, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.passing["ListSubmissions"] = [0, *[503] * 9]
    go("rpa_apf", wait=30)
    assert "still pending at Kaggle: rpa_apf; run again" in capfd.readouterr().err
    assert (record()["rpa_apf"]["status"], record()["rpa_apf"]["ref"]) == ("PENDING", "1001")


def test_a_lost_answer_to_an_upload_does_not_submit_twice(kaggle: Kaggle) -> None:
    kaggle.lose_answer = True
    go("rpa_apf", retry=5)
    assert len(kaggle.submissions) == 1
    assert record()["rpa_apf"]["ref"] == "1001"


def test_a_refused_upload_is_repeated(kaggle: Kaggle) -> None:
    kaggle.passing["CreateSubmission"] = [429]
    go("rpa_apf", retry=5)
    assert len(kaggle.submissions) == 1


def test_kaggles_words_about_a_refused_submission_reach_the_reader_and_the_record(
    kaggle: Kaggle,
) -> None:
    kaggle.status["CreateSubmission"] = 403
    kaggle.words["CreateSubmission"] = "Your team has used its submission allowance"
    assert "'Your team has used its submission allowance'" in failure("rpa_apf")
    assert record()["rpa_apf"]["status"] == "SENDING"


def test_the_bytes_that_were_checked_are_those_that_are_sent(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = Path("submissions/rpa_apf.csv").read_bytes()

    def change(*arguments: object) -> service.Allowance:
        Path("submissions/rpa_apf.csv").write_text("img,pixels\n1,9 9\n2,\n")
        return service.Allowance(0, 5)

    monkeypatch.setattr(service, "allowance", change)
    go("rpa_apf")
    (sent,) = kaggle.submissions
    assert sent["content"] == checked
    assert hashlib.sha256(checked).hexdigest()[:16] in sent["description"]


def test_a_file_is_sent_again_after_kaggles_failure_only_if_asked_to(kaggle: Kaggle) -> None:
    kaggle.refusal = "Internal error"
    assert "nerveseg submission send rpa_apf --again" in failure("rpa_apf", wait=30)
    kaggle.refusal = ""
    failure("rpa_apf")
    assert len(kaggle.submissions) == 1
    go("rpa_apf", again=True, wait=30)
    assert (record()["rpa_apf"]["status"], record()["rpa_apf"]["ref"]) == ("COMPLETE", "1002")
    go("rpa_apf", again=True, wait=30)
    assert len(kaggle.submissions) == 2


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(kaggle: Kaggle) -> None:
    go("danet", wait=30)
    LEDGER.unlink()
    RECORD.unlink()
    kaggle.left = 1
    lines = preview(data(), ["unet", "rpa_apf", "danet"], LEDGER, TIMING)
    assert lines[0].startswith("rpa_apf: would be sent as 'rpa_apf; git none; params ")
    assert lines[1:] == [
        "danet: sent before as 1001, COMPLETE; would not be sent",
        "unet: would be left for another day",
        "Kaggle still accepts 1 submissions today (made so far: 1)",
    ]
    assert kaggle.calls.count("PUT") == 1
    assert not LEDGER.exists()
    assert not RECORD.exists()


def test_the_rank_is_told_where_kaggle_tells_it(
    kaggle: Kaggle, capfd: pytest.CaptureFixture[str]
) -> None:
    go("rpa_apf", wait=30)
    assert "rank" not in capfd.readouterr().err
    kaggle.rank = 12
    go("rpa_apf", wait=30)
    assert "your team's rank on Kaggle's leaderboard: 12 of 923" in capfd.readouterr().err
    assert record()["rpa_apf"]["team_rank"] == "12 of 923"


def test_no_file_of_the_project_holds_a_credential(kaggle: Kaggle, workspace: Path) -> None:
    kaggle.status["CreateSubmission"] = 500
    failure("rpa_apf")
    for path in workspace.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_the_plain_client_submits_the_same_file(kaggle: Kaggle) -> None:
    line = f"-m kaggle competitions submit -c {SLUG} -f submissions/rpa_apf.csv -m message"
    subprocess.run([sys.executable, *line.split()], check=True, capture_output=True)
    assert kaggle.submissions[0]["content"] == Path("submissions/rpa_apf.csv").read_bytes()
