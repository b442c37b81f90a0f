"""Serves the page on 127.0.0.1 until Ctrl-C."""

import errno
import socket
import threading
import webbrowser
from collections.abc import Sequence
from typing import Final

import click
import uvicorn

from nerveseg.bedside.overlay import NOTICE
from nerveseg.demo.app import make_app
from nerveseg.demo.guard import ADDRESS
from nerveseg.demo.networks import Network
from nerveseg.errors import InputError

_PATIENCE: Final = 1  # seconds that requests have to end after Ctrl-C


def serve(networks: Sequence[Network], port: int, *, browser: bool) -> None:
    """Serve the page until Ctrl-C, and print its address.

    Args:
        networks: the networks to choose from.
        port: where to serve it; 0 for any free port.
        browser: whether to open the page in the browser.

    Raises:
        InputError: the port is in use or needs a permission.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    with listen(port) as listening:
        at = listening.getsockname()[1]
        address = f"http://{ADDRESS}:{at}/"
        click.echo(f"open {address} in a browser; Ctrl-C ends it ({NOTICE})")
        if browser:
            # A thread, because some browsers do not return before they are closed.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        make_server(networks, at).run(sockets=[listening])


def listen(port: int) -> socket.socket:
    """Return a socket that listens on a port of this machine alone.

    Raises:
        InputError: the port is in use or needs a permission.
    """
    listening = socket.socket()
    # A port stays reserved for a minute after its last connection.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
        listening.listen()
    except OSError as error:
        listening.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise InputError(
                f"port {port}: {str(error.strerror).lower()}; give another --port, or 0 for any"
            ) from error
        raise
    return listening


def make_server(networks: Sequence[Network], port: int) -> uvicorn.Server:
    """Return the server of the page, which is not started yet."""
    return uvicorn.Server(
        uvicorn.Config(
            make_app(networks, port),
            log_level="critical",  # the application reports its faults itself
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=_PATIENCE,
        )
    )
