"""Downloads with the real client from the stand-in: complete, resumed, damaged or refused."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from server import DROP, KEY, SLUG, TOKEN, USER, Kaggle

from nerveseg.data.kaggle import fetch
from nerveseg.errors import InputError
from nerveseg.kaggle_client.service import locked

SLOW = 2.0  # seconds allowed where the stand-in does not answer


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "data" / "raw" / "competition.zip"


def failure(target: Path, slug: str = SLUG, **seconds: float) -> str:
    with pytest.raises(InputError) as caught:
        fetch(slug, target, **{"retry_seconds": 0.0, **seconds})
    message = str(caught.value)
    assert not target.exists()
    assert "\n" not in message
    assert KEY not in message
    assert TOKEN not in message
    return message


def test_the_real_service_is_out_of_reach_of_every_test(home: Path) -> None:
    code = (
        "import os; os.environ |= {'KAGGLE_API_ENVIRONMENT': 'PROD', 'KAGGLE_USERNAME': 'u', "
        "'KAGGLE_KEY': 'k'}; import kaggle; kaggle.api.competition_list_files('digits')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=home
    )
    assert "ProxyError" in done.stderr
    assert "port=9" in done.stderr


def test_a_download_is_whole_and_leaves_nothing_beside_it(
    kaggle: Kaggle, target: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fetch(SLUG, target)
    assert target.read_bytes() == kaggle.archive
    assert [path.name for path in target.parent.parent.iterdir()] == ["raw"]
    shown = capfd.readouterr().err
    assert f"Downloading {SLUG}.zip" in shown
    assert "%|" in shown


def test_a_cut_connection_is_resumed_within_the_same_download(kaggle: Kaggle, target: Path) -> None:
    kaggle.cut_after = 1_500_000
    fetch(SLUG, target)
    assert target.read_bytes() == kaggle.archive
    assert kaggle.ranges[-1] == "bytes=1048576-"


def test_errors_after_a_break_leave_what_has_arrived_alone(kaggle: Kaggle, target: Path) -> None:
    kaggle.cut_after = 1_500_000
    # The size, the download that is cut, the next look, then errors where the client resumes.
    kaggle.passing["GET"] = [0, 0, 0, 503, 503]
    fetch(SLUG, target)
    assert target.read_bytes() == kaggle.archive
    assert kaggle.ranges[-1] == "bytes=1048576-"


def test_a_page_after_a_break_leaves_what_has_arrived_alone(kaggle: Kaggle, target: Path) -> None:
    kaggle.cut_after = 1_500_000
    failure(target)
    kaggle.html = {"GET"}
    assert "a web page came in place of Kaggle's answer" in failure(target)
    kaggle.html.clear()
    fetch(SLUG, target)
    assert kaggle.ranges[-1] == "bytes=1048576-"


@pytest.mark.parametrize("what", ["ListDataFiles", "GET"])
def test_a_web_page_is_not_taken_for_an_answer(kaggle: Kaggle, target: Path, what: str) -> None:
    kaggle.html = {what}
    assert "a web page came in place of Kaggle's answer" in failure(target)


def test_the_archives_address_need_not_end_in_zip(kaggle: Kaggle, target: Path) -> None:
    kaggle.place = "/storage/bundle/4711"
    fetch(SLUG, target)
    assert target.read_bytes() == kaggle.archive


@pytest.mark.parametrize("status", [500, DROP])
def test_a_question_that_fails_once_is_asked_again(
    kaggle: Kaggle, target: Path, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.passing["ListDataFiles"] = [status]
    fetch(SLUG, target)
    assert target.exists()
    assert "; next attempt in 1 s" in capfd.readouterr().err


def test_a_pause_that_kaggle_asks_for_is_kept_or_passed_on(
    kaggle: Kaggle, target: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.passing["ListDataFiles"] = [429, 429]
    kaggle.retry_after = "2"
    fetch(SLUG, target)
    assert capfd.readouterr().err.count("next attempt in 2 s") == 2
    target.unlink()
    kaggle.status["ListDataFiles"] = 429
    kaggle.retry_after = "3600"
    assert "Kaggle asks to wait 3600 s; run again after that" in failure(target, retry_seconds=300)


def test_a_stalled_download_is_stopped_and_the_next_run_goes_on_from_there(
    kaggle: Kaggle, target: Path
) -> None:
    kaggle.stall_after = 1_500_000
    # Long enough for the client to start on a busy machine.
    assert "took longer than 6 s" in failure(target, stall_seconds=6.0)
    kaggle.stall_after = None
    fetch(SLUG, target)
    assert kaggle.ranges[-1] == "bytes=1048576-"
    assert target.read_bytes() == kaggle.archive


def test_damage_that_leaves_the_size_alone_is_found_and_fetched_anew(
    kaggle: Kaggle, target: Path
) -> None:
    sound = kaggle.archive
    kaggle.archive = sound[:60_000] + bytes(100) + sound[60_100:]
    assert "arrived damaged and was removed; run again" in failure(target)
    kaggle.archive = sound
    fetch(SLUG, target)
    assert target.read_bytes() == sound


def test_an_intact_archive_that_contradicts_itself_is_not_fetched_twice(
    kaggle: Kaggle, target: Path, contradictory_archive: bytes
) -> None:
    kaggle.archive = contradictory_archive
    message = failure(target)
    assert "1_1_mask.tif" in message
    assert "the download is intact" in message
    assert failure(target) == message
    # Two requests per call: one for the size, and one whose body is not read.
    assert kaggle.ranges == [""] * 4


def test_without_credentials_the_message_says_where_to_make_and_put_a_token(
    kaggle: Kaggle, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_KEY")
    message = failure(target)
    assert "no credentials found; make a token at https://www.kaggle.com/settings/api" in message
    assert "~/.kaggle/access_token" in message
    assert kaggle.calls == []


def wrong_key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KAGGLE_KEY", "an-old-key")
    return "KAGGLE_USERNAME and KAGGLE_KEY"


def wrong_token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("KAGGLE_KEY")
    folder = Path.home() / ".kaggle"
    folder.mkdir()
    (folder / "access_token").write_text("KGAT_expired\n")
    return str(folder / "access_token")


@pytest.mark.parametrize("arrange", [wrong_key, wrong_token])
def test_refused_credentials_are_named_by_their_place_and_not_shown(
    kaggle: Kaggle,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    arrange: Callable[[pytest.MonkeyPatch], str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    place = arrange(monkeypatch)
    message = failure(target)
    assert f"refused the credentials in {place} (401)" in message
    everything = message + "".join(capfd.readouterr())
    assert "an-old-key" not in everything
    assert "KGAT_expired" not in everything


def test_a_token_from_a_file_downloads(
    kaggle: Kaggle, target: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_KEY")
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "access_token").write_text(TOKEN)
    fetch(SLUG, target)
    assert target.exists()


def test_a_line_break_after_a_token_is_left_out(
    kaggle: Kaggle, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_KEY")
    monkeypatch.setenv("KAGGLE_API_TOKEN", f"{TOKEN}\n")
    fetch(SLUG, target)
    assert target.exists()


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (403, f"accept its rules at https://www.kaggle.com/competitions/{SLUG}/rules"),
        (404, f"Kaggle knows no competition '{SLUG}' (404)"),
        (429, "; wait a few minutes and run again"),
        (503, "; run again later"),
    ],
)
def test_each_refusal_is_one_line_that_says_what_to_do(
    kaggle: Kaggle, target: Path, status: int, says: str
) -> None:
    kaggle.status["DownloadDataFiles"] = status
    assert says in failure(target)


def test_kaggles_own_words_reach_the_reader(kaggle: Kaggle, target: Path) -> None:
    kaggle.status["DownloadDataFiles"] = 403
    kaggle.words["DownloadDataFiles"] = "You must verify\nyour phone number."
    assert "(403): 'You must verify your phone number.'; unless it says otherwise" in failure(
        target
    )


def test_a_mistyped_competition_is_named(kaggle: Kaggle, target: Path) -> None:
    assert "Kaggle knows no competition 'ultrasund' (404)" in failure(target, "ultrasund")


def test_no_network_is_one_line(
    kaggle: Kaggle, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert "no connection to Kaggle; check the network" in failure(target)


def test_an_answer_past_the_time_limit_is_not_waited_for(kaggle: Kaggle, target: Path) -> None:
    kaggle.delay["ListDataFiles"] = 5.0
    assert "took longer than 2 s and was stopped" in failure(target, question_seconds=SLOW)


def test_a_disk_too_small_is_told_before_the_first_byte(
    kaggle: Kaggle, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1_000_000

    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage)
    assert "MB, but only 1 MB are free; delete" in failure(target)
    assert kaggle.calls.count("DownloadDataFiles") == 1  # the request for its size


def test_a_second_download_beside_the_first_is_refused(kaggle: Kaggle, target: Path) -> None:
    with locked(target.parent.with_name("arriving") / "lock"):
        assert "another process is talking to Kaggle" in failure(target)


def test_the_clients_own_request_log_stays_off(
    kaggle: Kaggle,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VERBOSE", "true")  # makes the client print its authorization header
    fetch(SLUG, target)
    shown = "".join(capfd.readouterr())
    assert "Authorization" not in shown
    assert KEY not in shown
    assert USER not in shown
