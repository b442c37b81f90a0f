"""Answers only the page itself, and forbids the page to talk to anyone else.

Any site that the browser shows can send requests to 127.0.0.1. Sites that give their own name the
address 127.0.0.1 (DNS rebinding) are told by `Host`, other sites by `Origin` and `Sec-Fetch-Site`.
"""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS: Final = "127.0.0.1"
_HTTP_PORT: Final = 80  # browsers leave it out of `Host`

_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware that refuses requests of other sites with 403.

    Args:
        app: what answers the others.
        port: where the page is served.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        end = "" if port == _HTTP_PORT else f":{port}"
        self._hosts = {f"{name}{end}" for name in (ADDRESS, "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        app = self._app if self._is_of_the_page(Headers(scope=scope)) else _REFUSAL
        await app(scope, receive, guarded)

    def _is_of_the_page(self, headers: Headers) -> bool:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return False
        if any(origin != f"http://{hosts[0]}" for origin in origins):
            return False
        # `none`: the user typed the address or followed a link outside of the browser.
        return headers.get("sec-fetch-site", "none") in ("same-origin", "none")


_REFUSAL: Final = PlainTextResponse(
    "Only the page itself is answered; type its address into the browser.\n", 403
)
