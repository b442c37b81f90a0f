"""A stand-in for Kaggle on 127.0.0.1, for the real client: point http_proxy at it.

Tests start it in their own process and set its faults; by hand it serves an archive and scores
submissions against a solution:

    python tests/kaggle/server.py --port 8765 --archive competition.zip --solution solution.csv
"""

import argparse
import base64
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

SLUG = "ultrasound-nerve-segmentation"
USER, KEY, TOKEN = "reader", "k3y-0f-the-reader", "KGAT_token-of-the-reader"
DROP = -1
PAGE = b"<html><body>Please log in to the network of this hotel.</body></html>"
Scores = tuple[float, float]


@dataclass
class Kaggle:
    """The state of the service, and the faults that it simulates on request."""

    archive: bytes = b""
    score: Callable[[bytes], Scores] = lambda content: (0.5, 0.6)
    left: int = 5
    page: int = 20  # submissions per page of the list
    submissions: list[dict[str, Any]] = field(default_factory=list)
    owner: str = "reader"  # the account that `TOKEN` belongs to
    rank: int | None = None  # on the leaderboard, of 923 teams
    place: str = f"/storage/{SLUG}.zip"  # where the archive lies
    uploads: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    # Faults.
    status: dict[str, int] = field(default_factory=dict)  # RPC -> HTTP status of the answer
    words: dict[str, str] = field(default_factory=dict)  # RPC -> Kaggle's message beside `status`
    # RPC, GET or PUT -> statuses of the next answers: 0 is sound, DROP closes the connection.
    passing: dict[str, list[int]] = field(default_factory=dict)
    retry_after: str = ""  # sent along with every error
    html: set[str] = field(default_factory=set)  # RPC or GET -> answered by a web page
    delay: dict[str, float] = field(default_factory=dict)  # RPC -> seconds before the answer
    hold: dict[str, threading.Event] = field(default_factory=dict)  # RPC -> done, not answered
    cut_after: int | None = None  # bytes of the archive after which the connection is cut, once
    stall_after: int | None = None  # bytes of the archive after which nothing more comes
    cut_upload: bool = False
    lose_answer: bool = False  # of the next CreateSubmission, which is carried out
    complete: str = "COMPLETE"  # the status of a scored submission
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    text: Callable[[float], str] = "{:.5f}".format  # how the list shows a score
    looks_pending: int = 0  # how often a new submission is listed before it is scored
    lag: int = 0  # how many lists do not yet show a new submission
    listed: list[dict[str, Any]] = field(default_factory=list)  # other entries of the list
    limits: dict[str, Any] = field(default_factory=dict)  # replaces values of the allowance
    refusal: str = ""  # why the next submission cannot be scored

    def answer(self, rpc: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the reply to a remote procedure call."""
        return getattr(self, f"_{rpc}")(request)  # type: ignore[no-any-return]

    def _IntrospectToken(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        active = request["token"] == TOKEN
        return {"active": active, "username": self.owner if active else ""}

    def _ListDataFiles(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"files": [{"name": "all.zip", "totalBytes": len(self.archive)}]}

    def _GetSubmissionLimits(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        made = len(self.submissions)
        told = {"numToday": made, "numTotal": made, "numAllowedNow": self.left}
        return {**told, **self.limits}

    def _GetCompetition(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"ref": SLUG, "teamCount": 923, "userRank": self.rank}

    def _StartSubmissionUpload(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        token = f"blob{len(self.uploads)}"
        self.uploads[token] = b""
        return {"token": token, "createUrl": f"http://localhost/upload/{token}?signature=secret"}

    def _CreateSubmission(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        ref = 1001 + len(self.submissions)
        entry = {
            "ref": ref,
            "fileName": "submission.csv",
            "description": request["submissionDescription"],
            "date": self.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "looks": self.looks_pending,
            "hidden": self.lag,
            "refusal": self.refusal,
            "content": self.uploads[request["blobFileTokens"]],
        }
        self.submissions.insert(0, entry)
        self.left -= 1
        return {"message": "Successfully submitted", "ref": ref}

    def _ListSubmissions(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        start = int(request.get("pageToken") or 0)
        shown = [e for e in self.submissions if e["hidden"] <= 0]
        page = [self._listed(entry) for entry in shown[start : start + self.page]]
        more = start + self.page < len(shown)
        if not more:
            for entry in self.submissions:
                entry["hidden"] -= 1
        page += [] if more else self.listed
        return {"submissions": page, "nextPageToken": str(start + self.page) if more else ""}

    def _listed(self, entry: dict[str, Any]) -> dict[str, Any]:
        reply = {key: entry[key] for key in ("ref", "fileName", "description", "date")}
        entry["looks"] -= 1
        if entry["looks"] >= 0:
            return {**reply, "status": "PENDING"}
        if entry["refusal"]:
            return {**reply, "status": "ERROR", "errorDescription": entry["refusal"]}
        public, private = self.score(entry["content"])
        scores = {"publicScore": self.text(public), "privateScore": self.text(private)}
        return {**reply, "status": self.complete, **scores}


class Handler(BaseHTTPRequestHandler):
    """HTTP for one `Kaggle`; requests have absolute URLs, as a proxy receives them."""

    kaggle: ClassVar[Kaggle]
    verbose: ClassVar[bool] = False
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        rpc = urlsplit(self.path).path.rsplit("/", 1)[-1]
        request = json.loads(self._body() or b"{}")
        self.kaggle.calls.append(rpc)
        time.sleep(self.kaggle.delay.get(rpc, 0.0))
        status = self._fault(rpc) or self._access(rpc, request)
        if status == DROP:
            self._cut()
        elif status:
            message = self.kaggle.words.get(rpc, f"{rpc} is refused")
            self._refuse(status, json.dumps({"code": status, "message": message}).encode())
        elif rpc in self.kaggle.html:
            self._send(200, PAGE, {"Content-Type": "text/html; charset=utf-8"})
        elif rpc == "DownloadDataFiles":
            place = f"http://localhost{self.kaggle.place}?signature=secret"
            self._send(302, b"", {"Location": place})
        else:
            reply = self.kaggle.answer(rpc, request)
            if rpc in self.kaggle.hold:
                self.kaggle.hold[rpc].wait(100)
            if rpc == "CreateSubmission" and self.kaggle.lose_answer:
                self.kaggle.lose_answer = False
                self._cut()
                return
            self._send(200, json.dumps(reply).encode())

    def do_GET(self) -> None:
        archive = self.kaggle.archive
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        self.kaggle.ranges.append(asked)
        if status := self._fault("GET"):
            self._refuse(status, PAGE, "text/html")
            return
        if "GET" in self.kaggle.html:
            self._send(200, PAGE, {"Content-Type": "text/html; charset=utf-8"})
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(archive) - start))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"one"')
        self.send_header("Last-Modified", "Thu, 19 May 2016 00:00:00 GMT")
        self.end_headers()
        self._stream(archive[start:])

    def do_PUT(self) -> None:
        self.kaggle.calls.append("PUT")
        if status := self._fault("PUT"):
            self._body()
            self._refuse(status, b"{}")
            return
        if self.kaggle.cut_upload:
            self.rfile.read(10)
            self._cut()
            return
        token = urlsplit(self.path).path.rsplit("/", 1)[-1]
        self.kaggle.uploads[token] = self._body()
        self._send(200, b"{}")

    def _fault(self, what: str) -> int:
        passing = self.kaggle.passing.get(what)
        return passing.pop(0) if passing else self.kaggle.status.get(what, 0)

    def _refuse(self, status: int, body: bytes, kind: str = "application/json") -> None:
        wait = self.kaggle.retry_after
        self._send(status, body, {"Content-Type": kind} | ({"Retry-After": wait} if wait else {}))

    def _access(self, rpc: str, request: dict[str, Any]) -> int:
        basic = base64.b64encode(f"{USER}:{KEY}".encode()).decode()
        known = (f"Basic {basic}", f"Bearer {TOKEN}")
        if rpc != "IntrospectToken" and self.headers.get("Authorization") not in known:
            return 401
        return 404 if request.get("competitionName", SLUG) != SLUG else 0

    def _stream(self, content: bytes) -> None:
        kaggle = self.kaggle
        cut, stall = kaggle.cut_after, kaggle.stall_after
        end = min(n for n in (cut, stall, len(content)) if n is not None)
        self.wfile.write(content[:end])
        self.wfile.flush()
        if cut is not None and len(self.kaggle.ranges) > 1:  # the first look reads no bytes
            kaggle.cut_after = None
            self._cut()
        elif stall is not None:
            time.sleep(15)

    def _cut(self) -> None:
        self.close_connection = True

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        if self.verbose:
            super().log_message(format, *args)


class Server(ThreadingHTTPServer):
    """A server that does not report clients that disconnect early."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@contextmanager
def serving(kaggle: Kaggle, port: int = 0, verbose: bool = False) -> Iterator[int]:
    """Serve `kaggle` on 127.0.0.1 in a thread; yield the port."""
    handler = type("Bound", (Handler,), {"kaggle": kaggle, "verbose": verbose})
    with Server(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def scorer(solution: Path) -> Callable[[bytes], Scores]:
    """Return a function that scores a submission against `solution`."""
    from nerveseg.submission.score import score as local_score

    def score(content: bytes) -> Scores:
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            Path(file.name).write_bytes(content)
            scores = local_score(Path(file.name), solution)
        return scores["public"], scores["private"]

    return score


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--solution", type=Path)
    parser.add_argument("--pending", type=int, default=2, help="looks before a score is there")
    parser.add_argument("--allowance", type=int, default=5)
    parser.add_argument("--cut", type=int, help="cut the first download after so many bytes")
    given = parser.parse_args()
    kaggle = Kaggle(given.archive.read_bytes(), left=given.allowance, looks_pending=given.pending)
    kaggle.cut_after = given.cut
    if given.solution:
        kaggle.score = scorer(given.solution)
    with serving(kaggle, given.port, verbose=True) as port:
        print(
            f"export KAGGLE_API_ENVIRONMENT=LOCALHOST http_proxy=http://127.0.0.1:{port} "
            f"https_proxy=http://127.0.0.1:9 KAGGLE_USERNAME={USER} KAGGLE_KEY={KEY}",
            flush=True,
        )
        threading.Event().wait()


if __name__ == "__main__":
    main()
