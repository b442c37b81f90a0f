"""Readers of params.yaml, of DVC's records, and of what Kaggle and its client answer."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

from dvc.dvcfile import Lockfile
from dvc.repo import Repo
from dvc.rwlock import SCHEMA
from requests import HTTPError, Response

from nerveseg import recover
from nerveseg.errors import InputError
from nerveseg.kaggle_client import bridge, credentials, failures, messages, process, service
from nerveseg.leaderboard import lineage
from nerveseg.leaderboard.ledger import Ledger
from nerveseg.models.factory import check_options
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams
from nerveseg.preflight import SECTIONS

from .engine import Target
from .files import file_reader

ROOT: Final = Path(__file__).parents[2]
_DEEP: Final = (b"[" * 3000, b'{"a":' * 3000, b"null", b"[]", b"{}", b"true", b"9" * 400)
_YAML: Final = (
    b"*a",
    b"&a ",
    b"<<: ",
    b"!!python/object ",
    b"? ",
    b"- ",
    b"|",
    b"0x",
    b".inf",
    b"~",
)


def targets(folder: Path) -> dict[str, Target]:
    """Return the readers by name; they write their inputs to `folder`."""
    return {**_params(folder), **_records(folder), **_kaggle(folder)}


def _params(folder: Path) -> dict[str, Target]:
    text = (ROOT / "params.yaml").read_text()
    path = folder / "params.yaml"
    # Each section by itself, because the parser is slow.
    documents = {name: _section(text, name) for name in SECTIONS}

    def read_sections(path: Path) -> None:
        content = path.read_bytes()
        for name, kind in SECTIONS.items():
            if f"{name}:".encode() in content[:40]:
                section = read(name, kind, path)
                if isinstance(section, ModelsParams):
                    for run in section.names():
                        check_options(*section.run(run))

    seeds = [each.encode() for each in documents.values()]
    return {"params.yaml": Target(file_reader(path, read_sections), seeds, _YAML, 2)}


def _section(text: str, name: str) -> str:
    """Return one section of a YAML document without its comments, which cost time."""
    lines = [line.partition("#")[0].rstrip() for line in text.splitlines()]
    begin = lines.index(next(line for line in lines if line.startswith(f"{name}:")))
    rest = lines[begin + 1 :]
    end = next((at for at, line in enumerate(rest) if line and line[0] != " "), len(rest))
    return "\n".join([lines[begin], *filter(None, rest[:end])]) + "\n"


def _records(folder: Path) -> dict[str, Target]:
    root = folder / "repository"
    (root / ".dvc/tmp").mkdir(parents=True)
    (root / ".dvc/config").write_text("[core]\n    no_scm = True\n")
    lock, rwlock = root / "dvc.lock", root / ".dvc/tmp/rwlock"
    md5 = "d41d8cd98f00b204e9800998ecf8427e"
    entry = f"path: a\n      hash: md5\n      md5: {md5}\n      size: 3\n"
    stage = f"    cmd: x\n    deps:\n    - {entry}    params:\n      params.yaml:\n        a: 1\n"
    document = f"schema: '2.0'\nstages:\n  a:\n{stage}    outs:\n    - {entry}".encode()
    held = {"/a": {"read": [{"pid": 4194399, "cmd": "dvc repro"}], "write": {}}}
    repo = Repo(str(root))

    def lock_reader(path: Path) -> None:
        list(recover._repair_lock_files(repo, root))
        if path.exists():
            Lockfile(repo, str(path)).load()

    def rwlock_reader(path: Path) -> None:
        list(recover._repair_rwlock(path))
        if path.exists():
            SCHEMA(json.loads(path.read_text()))

    def lineage_reader(path: Path) -> None:
        lineage.parameters_of(Path("a"), b"", path, ROOT / "params.yaml", ROOT / "dvc.yaml")

    return {
        "dvc.lock": Target(file_reader(lock, lock_reader), [document], _YAML, 1),
        "rwlock": Target(
            file_reader(rwlock, rwlock_reader), [json.dumps(held).encode()], _DEEP, 10
        ),
        "lineage": Target(
            file_reader(folder / "lineage.lock", lineage_reader), [document], _YAML, 2
        ),
    }


def _kaggle(folder: Path) -> dict[str, Target]:
    listed = {
        "submissions": [
            {
                "ref": 1001,
                "description": "unet sha256 1234",
                "status": "COMPLETE",
                "publicScore": "0.51234",
                "privateScore": "0.6",
                "errorDescription": None,
                "date": "2026-01-01T00:00:00Z",
            }
        ],
        "nextPageToken": "",
        "numToday": 1,
        "numAllowedNow": 4,
        "userRank": 7,
        "teamCount": 923,
        "files": [{"name": "all.zip", "totalBytes": 12}],
    }
    entry = {
        "ref": "1", "status": "COMPLETE", "public": 0.5, "private": None, "words": "",
        "message": "m", "date": "d",
    }  # fmt: skip
    ledger = {"kaggle/slug/reader": {"a" * 64: entry}}
    home = folder / "home"
    (home / ".kaggle").mkdir(parents=True)
    return {
        "kaggle's answer": Target(_read_answer, [json.dumps(listed).encode()], _DEEP, 8),
        "kaggle's refusal": Target(
            _read_refusal,
            [b'{"code": 403, "message": "You must verify your phone"}', b"<html></html>", b"120",
             b"Thu, 19 May 2016 00:00:00 GMT"],
            _DEEP, 10,
        ),
        "kaggle's client": Target(_read_reply, [b'{"ref": "1"}', json.dumps(
            failures.failure("http", 429, "slow down", 3.0)).encode()], _DEEP, 15),
        "kaggle.json": Target(
            _credentials_reader(home), [b'{"username": "a", "key": "b"}'], _DEEP, 5
        ),
        "ledger": Target(
            file_reader(folder / "ledger.json", lambda path: Ledger(path, "kaggle", "s", "r")),
            [json.dumps(ledger).encode()], _DEEP, 15,
        ),
    }  # fmt: skip


class _Client:
    """Kaggle's client, of which every call gets the same answer."""

    def __init__(self, content: bytes) -> None:
        self.config_values: dict[str, str] = {"username": "reader"}
        self._content = content

    @contextmanager
    def build_kaggle_client(self) -> Iterator["_Client"]:
        """Return itself."""
        yield self

    def http_client(self) -> "_Client":
        """Return itself."""
        return self

    def call(self, _service: str, _name: str, _request: object, kind: Any) -> Any:  # noqa: ANN401
        """Return the answer as `kind`."""
        return kind.prepare_from(SimpleNamespace(json=lambda: json.loads(self._content)))


def _read_answer(content: bytes) -> None:
    client = _Client(content)

    def ask(command: str, slug: str, **_: object) -> dict[str, Any]:
        with mock.patch.object(bridge, "_authenticated", return_value=client):
            reply = bridge._guarded(bridge.COMMANDS[command], [slug])
        return process._reply(json.dumps(reply), "", slug, [])

    with mock.patch.object(process, "ask", ask), suppress(InputError):
        service.submissions("slug", retry=0)
    with mock.patch.object(process, "ask", ask):
        service.rank("slug")
        service.allowance("slug", retry=0)


def _read_refusal(content: bytes) -> None:
    answer = Response()
    answer.status_code = 429
    answer._content = content
    answer.headers["Retry-After"] = content[:60].decode("latin-1")
    reply = failures.classify(HTTPError(response=answer))
    process._reply(json.dumps(reply), "", "slug", [])


def _read_reply(content: bytes) -> None:
    process._reply(content.decode("utf-8", "replace"), content.decode("latin-1"), "slug", [])


def _credentials_reader(home: Path) -> Callable[[bytes], object]:
    def find(path: Path) -> None:
        environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
        with mock.patch.dict(os.environ, environment, clear=True):
            for each in (path.with_name("access_token"), path.with_name("credentials.json")):
                each.write_bytes(path.read_bytes())
            found = credentials.require()
            credentials.scrub("a text with b", found)
            messages.explain(messages.Failure("credentials"), "slug", found)

    return file_reader(home / ".kaggle/kaggle.json", find)
