"""A server that stops where a test wants it to, on the way of an order, until the test lets it go.

The product has no hook for that. A child process runs `serve_http` or `serve_stdio` as they are,
with a few of their methods wrapped: each asks the test's `Gate` at its point whether to go on.
"""

import http.client
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Final
from unittest import mock

import anyio

from application.orders import place_order
from application.ports.event_store import Append
from application.sessions.enter_session import EnterSession
from infrastructure import logs
from infrastructure.brokers.calls import Turn
from infrastructure.brokers.connections import _BoundedResponse
from infrastructure.settings import load_settings
from infrastructure.store.sqlite import SqliteEventStore
from mcp_interface.server import TradingServer
from mcp_interface.serving import serve_http, serve_stdio
from tests.support.processes import Say

ENTERING: Final = "before the session is entered"
ADMITTED: Final = "when the login is admitted"
BYTES_LEFT: Final = "after the bytes left"
POINTS: Final = (
    ENTERING,
    ADMITTED,
    "before the intention is stored",
    "after the intention is stored",
    "before the dispatch is stored",
    "after the dispatch is stored",
    "before the bytes leave",
    BYTES_LEFT,
    "before the outcome is stored",
    "after the outcome is stored",
)
"""In the order in which an order passes them."""

_STORED: Final = {
    "trading_session.order_requested.": "the intention is stored",
    "trading_session.order_dispatched.": "the dispatch is stored",
    "trading_session.order_placed.": "the outcome is stored",
}
_PATIENCE_SECONDS: Final = 60.0


class Gate:
    """The test's side: whoever comes to the point that is `shut` waits; all others pass."""

    def __init__(self, address: Path) -> None:
        self.address = str(address)
        self.passed: list[str] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.address)
        self._listening.listen(64)
        self._lock = Lock()
        self._shut: str | None = None
        self._held: socket.socket | None = None
        self._arrived = Event()
        Thread(target=self._serve, daemon=True).start()

    def shut(self, point: str) -> None:
        """The next one to come to this point is held there; only that one."""
        with self._lock:
            assert point in POINTS
            assert self._held is None, "somebody is held already"
            self._arrived.clear()
            self._shut = point

    def wait(self) -> None:
        """Until somebody is held."""
        assert self._arrived.wait(_PATIENCE_SECONDS), f"nobody came to: {self._shut}"

    def open(self) -> None:
        with self._lock:
            self._shut = None
            if self._held is not None:
                self._held.close()
                self._held = None

    def close(self) -> None:
        self.open()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                coming, _ = self._listening.accept()
            except OSError:  # closed: the test is over
                return
            point = coming.recv(200).decode()
            with self._lock:
                self.passed.append(point)
                if point == self._shut:
                    self._shut, self._held = None, coming
                    self._arrived.set()
                    continue
            coming.close()


def halting_http(
    say: Say, env: Mapping[str, str], gate: str, log_file: Path, streams: bool = False
) -> None:
    """Serve until killed; say the address. `streams`: answer with event streams, which the product
    never does; there the SDK ends a call whose client is gone."""
    with _as_a_server(env, gate, log_file):
        if streams:
            mock.patch.object(
                TradingServer, "streamable_http_app", _streaming(TradingServer.streamable_http_app)
            ).start()
        serve_http(load_settings(), "127.0.0.1", 0, say)


def halting_stdio(
    say: Say, env: Mapping[str, str], gate: str, log_file: Path, stdin: Connection, out: Connection
) -> None:
    """Serve over two pipes until the client is gone; say it when all is done."""
    for ours, number in ((stdin, 0), (out, 1)):
        os.dup2(ours.fileno(), number)
        ours.close()
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    with _as_a_server(env, gate, log_file):
        anyio.run(serve_stdio, load_settings(), "default")
    say("done")


@contextmanager
def _as_a_server(env: Mapping[str, str], gate: str, log_file: Path) -> Iterator[None]:
    os.environ.clear()
    os.environ.update(env)
    with log_file.open("a") as log:
        os.dup2(log.fileno(), 2)
    logs.configure("info")

    def come_to(point: str) -> None:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(gate)
            asking.send(point.encode())
            asking.recv(1)  # nothing comes: it ends when the gate lets go

    with _wrapped(come_to):
        yield


Wrapped = Callable[..., Any]
"""Any: a method of the product's, passed on as it was called."""


def _wrapped(come_to: Callable[[str], None]) -> ExitStack:
    stack = ExitStack()

    def instead(owner: object, name: str, wrapper: Callable[[Wrapped], Wrapped]) -> None:
        stack.enter_context(mock.patch.object(owner, name, wrapper(getattr(owner, name))))

    def coming(point: str) -> Callable[[Wrapped], Wrapped]:
        def wrap(original: Wrapped) -> Wrapped:
            def wrapper(*args: object, **kwargs: object) -> object:
                come_to(point)
                return original(*args, **kwargs)

            return wrapper

        return wrap

    # A machine under load may miss its turn at the broker, which is another matter.
    instead(Turn, "must_hold", lambda _: lambda *_, **__: None)
    instead(EnterSession, "__call__", coming(ENTERING))
    # What follows it in an order's own call: the reconciler admits logins, too.
    instead(place_order, "may_trade", coming(ADMITTED))
    instead(SqliteEventStore, "append", lambda original: _appending(original, come_to))
    instead(http.client.HTTPConnection, "putrequest", lambda original: _leaving(original, come_to))
    instead(_BoundedResponse, "begin", lambda original: _answering(original, come_to))
    return stack


def _appending(original: Wrapped, come_to: Callable[[str], None]) -> Wrapped:
    def append(self: object, append: Append) -> int:
        what = [w for row in append.rows for n, w in _STORED.items() if row.name.startswith(n)]
        for each in what:
            come_to(f"before {each}")
        position: int = original(self, append)
        for each in what:
            come_to(f"after {each}")
        return position

    return append


def _leaving(original: Wrapped, come_to: Callable[[str], None]) -> Wrapped:
    """The last thing before a byte goes out: the turn at the broker's limit was taken already."""

    def putrequest(self: object, method: str, url: str, *args: object, **kw: object) -> None:
        if method == "POST" and url.startswith("/orders"):
            come_to("before the bytes leave")
        original(self, method, url, *args, **kw)

    return putrequest


def _answering(original: Wrapped, come_to: Callable[[str], None]) -> Wrapped:
    """The request is out and the answer not read; of POSTs in these tests only orders are asked
    for while the gate is shut."""

    def begin(self: Any) -> None:  # Any: the standard library keeps the method in a private name
        if self._method == "POST":
            come_to(BYTES_LEFT)
        original(self)

    return begin


def _streaming(original: Wrapped) -> Wrapped:
    def streamable_http_app(self: object, **how: object) -> object:
        return original(self, **{**how, "json_response": False})

    return streamable_http_app
