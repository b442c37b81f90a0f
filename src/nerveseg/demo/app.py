"""What the page asks of the server: networks, files, frames, and what is found on them."""

import sys
import tempfile
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

import imagecodecs
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from nerveseg.demo.clips import Clips
from nerveseg.demo.guard import Guard
from nerveseg.demo.networks import Network, described, examined
from nerveseg.demo.upload import declared_size, read_clip, receive
from nerveseg.errors import InputError, explained
from nerveseg.media.frame import Frame

_ASSETS: Final = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_GONE: Final = "this file is no longer kept; drop it again"


def make_app(networks: Sequence[Network], port: int) -> ASGIApp:
    """Return the application; whatever was dropped on its page is freed when it ends.

    Args:
        networks: the networks to choose from.
        port: where it is served.
    """
    clips = Clips()
    pages = _Pages(networks, clips)
    routes = [Route(path, _asset(*asset)) for path, asset in _ASSETS.items()]
    app = Starlette(
        routes=[
            *routes,
            Route("/networks", pages.networks),
            Route("/files", pages.add, methods=["POST"]),
            Route("/files/{name}/{index:int}.png", pages.picture),
            Route("/files/{name}/{index:int}/{network:int}", pages.finding),
        ],
        exception_handlers={
            InputError: _refused,
            OSError: _refused,
            HTTPException: _refused,
            Exception: _failed,
        },
        lifespan=_until_the_end(clips),
    )
    # Outside of the application, so that its answers to faults have the headers, too.
    return Guard(app, port)


class _Pages:
    def __init__(self, networks: Sequence[Network], clips: Clips) -> None:
        self._networks = networks
        self._clips = clips

    async def networks(self, _: Request) -> Response:
        return JSONResponse(described(self._networks))

    async def add(self, request: Request) -> Response:
        """Take in the file that is the body of the request; only its suffix is known by name."""
        declared_size(request.headers.get("content-length"))
        with tempfile.TemporaryDirectory(prefix="nerveseg-demo-") as folder:
            path = await receive(request.stream(), Path(folder), request.query_params.get("suffix"))
            clip = await run_in_threadpool(read_clip, path, self._clips.stop)
        name = self._clips.add(clip)
        return JSONResponse({"name": name, "frames": len(clip), "complete": clip.complete})

    def picture(self, request: Request) -> Response:
        image = self._frame(request).image
        return Response(imagecodecs.png_encode(image, level=1), media_type="image/png")

    def finding(self, request: Request) -> Response:
        chosen = request.path_params["network"]
        if chosen >= len(self._networks):
            raise HTTPException(404, "no such network; load the page again")
        return JSONResponse(examined(self._frame(request), self._networks[chosen].finder))

    def _frame(self, request: Request) -> Frame:
        try:
            return self._clips.frame(request.path_params["name"], request.path_params["index"])
        except LookupError as error:
            raise HTTPException(404, _GONE) from error


def _asset(name: str, kind: str) -> Callable[[Request], Response]:
    content = files("nerveseg.demo").joinpath("assets", name).read_bytes()
    return lambda _: Response(content, media_type=kind)


def _until_the_end(clips: Clips) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        clips.close()

    return lifespan


def _refused(request: Request, error: Exception) -> Response:
    """Return the line that the page shows for an error that the user can correct."""
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, error.status_code)
    line = explained(error) if isinstance(error, OSError) else str(error)
    if line is None:
        return _failed(request, error)
    return JSONResponse({"error": " ".join(line.split())}, 400)


def _failed(_: Request, error: Exception) -> Response:
    if not isinstance(error, ClientDisconnect):
        traceback.print_exception(error, file=sys.stderr)
    return JSONResponse({"error": "a fault of the demo; the terminal shows where it is"}, 500)
