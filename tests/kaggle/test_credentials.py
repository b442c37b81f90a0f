"""Credentials are found where the client looks for them, and appear in no text."""

import base64
import json
from pathlib import Path

import pytest

from nerveseg.errors import InputError
from nerveseg.kaggle_client import credentials
from nerveseg.kaggle_client.messages import Failure, explain
from nerveseg.kaggle_client.process import _reply

SECRET = "KGAT_0123456789"


def in_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", SECRET)


def in_file_of_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "token").write_text(SECRET)
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(home / "token"))


def in_token_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".kaggle" / "access_token").write_text(f"{SECRET}\n")


def in_key_variables(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "reader")
    monkeypatch.setenv("KAGGLE_KEY", SECRET)


def in_key_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps({"username": "reader", "key": SECRET})
    (home / ".kaggle" / "kaggle.json").write_text(content)


def in_xdg_key_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGGLE_CONFIG_DIR")
    (home / ".config" / "kaggle").mkdir(parents=True)
    content = json.dumps({"username": "reader", "key": SECRET})
    (home / ".config" / "kaggle" / "kaggle.json").write_text(content)


def in_login_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps({"refresh_token": SECRET, "access_token": "short-lived"})
    (home / ".kaggle" / "credentials.json").write_text(content)


PLACES = [
    in_variable,
    in_file_of_variable,
    in_token_file,
    in_key_variables,
    in_key_file,
    in_xdg_key_file,
    in_login_file,
]


@pytest.mark.parametrize("arrange", PLACES)
def test_each_place_is_found_and_its_secret_scrubbed(
    home: Path, monkeypatch: pytest.MonkeyPatch, arrange: object
) -> None:
    assert credentials.find() == []
    (home / ".kaggle").mkdir()
    assert callable(arrange)
    arrange(home, monkeypatch)
    (found,) = credentials.require()
    assert SECRET in found.secrets
    assert SECRET not in found.source
    assert credentials.scrub(f"a {SECRET}b", [found]) == "a ***b"


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"username": "reader"}'])
def test_a_key_file_without_a_key_is_none(home: Path, content: str) -> None:
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "kaggle.json").write_text(content)
    assert credentials.find() == []


@pytest.mark.parametrize("token", ["two words", "two\nlines", "naïve"])
def test_a_token_that_no_header_may_hold_is_refused_by_its_place(
    home: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", token)
    with pytest.raises(InputError, match=r"^Kaggle: the token or key in KAGGLE_API_TOKEN contains"):
        credentials.require()


def test_a_key_file_whose_key_ends_in_a_line_break_is_named(home: Path) -> None:
    (home / ".kaggle").mkdir()
    path = home / ".kaggle" / "kaggle.json"
    path.write_text(json.dumps({"username": "reader", "key": f"{SECRET}\n"}))
    with pytest.raises(InputError, match=f"the token or key in {path} contains"):
        credentials.require()


@pytest.mark.parametrize("status", [401, 403, 404, 418, 429, 503])
def test_a_message_quotes_kaggles_own_words_and_not_none(status: int) -> None:
    known = [credentials.Credential("KAGGLE_API_TOKEN", (SECRET,))]
    said = str(explain(Failure("http", status, "Verify your phone."), "digits", known))
    assert ": 'Verify your phone.';" in said
    assert "''" not in str(explain(Failure("http", status), "digits", known))


def test_headers_and_signatures_are_scrubbed_whatever_the_credentials() -> None:
    text = "GET http://host/a.zip?X-Signature=abc {'Authorization': 'Bearer xyz'} /upload/1?s=2"
    scrubbed = credentials.scrub(text, [])
    assert scrubbed == "GET http://host/a.zip?*** {'Authorization': 'Bearer ***'} /upload/1?***"


def test_the_basic_header_of_a_key_is_a_secret_too(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_key_variables(home, monkeypatch)
    encoded = base64.b64encode(f"reader:{SECRET}".encode()).decode()
    assert encoded not in credentials.scrub(f"sent {encoded}", credentials.find())


def test_a_crash_of_the_client_shows_its_last_line_without_the_token() -> None:
    traceback = f"Traceback (most recent call last):\n  File x\nKeyError: '{SECRET}'\n"
    known = [credentials.Credential("KAGGLE_API_TOKEN", (SECRET,))]
    with pytest.raises(
        InputError, match=r"^Kaggle's client failed: KeyError: '\*\*\*'; run again$"
    ):
        _reply("", traceback, "digits", known)
