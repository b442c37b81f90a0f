"""The demo on a free port of this machine, and requests to it."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from nerveseg.artefact.decision import DecisionRule
from nerveseg.bedside.decide import Finding
from nerveseg.demo.networks import Network
from nerveseg.demo.server import listen, make_server


class BrightParts:
    """Stands in for a network: outlines what is brighter than 127.

    Args:
        sure: the probability that it gives to every frame with a bright pixel.
    """

    def __init__(self, sure: float = 0.9) -> None:
        self.rule = DecisionRule()
        self._sure = sure

    def logits(self, images: np.ndarray) -> np.ndarray:
        return np.where(images > 127, 5.0, -5.0).astype(np.float32)

    def find(self, images: np.ndarray) -> list[Finding]:
        return [self._found((image > 127).astype(np.uint8)) for image in images]

    def _found(self, mask: np.ndarray) -> Finding:
        if not mask.any():
            return Finding(mask, 0.1, "none")
        return Finding(mask, self._sure, "nerve" if self._sure >= 0.75 else "unsure")


NETWORKS = (Network("sure", BrightParts()), Network("doubtful", BrightParts(0.5)))


class Reply(NamedTuple):
    """An answer of the server."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.content)


class Demo(NamedTuple):
    """A demo that is being served."""

    port: int

    def ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
        reply = connection.getresponse()
        found = Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        connection.close()
        return found

    def drop(self, content: bytes | bytearray, suffix: str) -> Reply:
        return self.ask(f"/files?suffix={suffix}", bytes(content))


@contextmanager
def serving(networks: Sequence[Network] = NETWORKS) -> Iterator[Demo]:
    with listen(0) as listening:
        port = listening.getsockname()[1]
        server = make_server(networks, port)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield Demo(port)
        server.should_exit = True
        thread.join()
