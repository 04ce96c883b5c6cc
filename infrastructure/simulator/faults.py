"""Everything that goes wrong between a broker and its customer, on demand.

`drop_before` and `status:*` never reach the exchange. All others answer badly *after* the exchange
has acted, so that an order exists whose sender cannot know it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Literal, get_args

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

FaultKind = Literal[
    "drop_before",  # the connection closes; nothing has happened
    "drop_after",  # the connection closes; it has happened
    "delay",  # delay:<seconds>: it happens at once, the answer comes late
    "status",  # status:<code>: refused with the broker's own error body
    "html502",  # a gateway's error page
    "truncated",  # the body stops half way
    "no_content_type",  # a right answer without its Content-Type
    "json_list",  # a right answer inside a JSON array
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
HANG_UP = "simulator.hang_up"


@dataclass(kw_only=True)
class Fault:
    """What happens to the next `calls` requests that match; `None` matches everything."""

    kind: FaultKind
    argument: float = 0
    route: str = "/"
    method: str | None = None
    user: str | None = None
    calls: int = 1

    def matches(self, method: str, path: str, user: str | None) -> bool:
        return (
            path.startswith(self.route)
            and self.method in (None, method)
            and self.user in (None, user)
        )


def parse_fault(spelled: str) -> tuple[FaultKind, float]:
    """Read `drop_after`, `delay:0.5` or `status:429`.

    Raises:
        ValueError: no such fault.
    """
    name, _, argument = spelled.partition(":")
    for kind in KINDS:
        if kind == name and bool(argument) == (kind in ("delay", "status")):
            return kind, float(argument or 0)
    raise ValueError(f"There is no fault {spelled!r}. Next: use one of {', '.join(KINDS)}.")


class Faults:
    """The faults still to come, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._coming: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._coming.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._coming.clear()

    def take(self, method: str, path: str, user: str | None) -> Fault | None:
        with self._lock:
            for fault in self._coming:
                if fault.matches(method, path, user):
                    fault.calls -= 1
                    if fault.calls <= 0:
                        self._coming.remove(fault)
                    return fault
            return None


class FaultInjection:
    """ASGI middleware around the brokers' faces; the control routes never fail."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        user_of: Callable[[str, Mapping[str, str]], str | None],
        error_body: Callable[[str, int], bytes],
    ) -> None:
        """`user_of(path, headers)` names the caller; `error_body(path, status)` is what the broker
        at that path would say."""
        self.app = app
        self.faults = faults
        self.user_of = user_of
        self.error_body = error_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None
        if scope["type"] == "http" and not scope["path"].startswith("/simulator"):
            user = self.user_of(scope["path"], Headers(scope=scope))
            fault = self.faults.take(scope["method"], scope["path"], user)
        if fault is None:
            await self.app(scope, receive, send)
        elif fault.kind == "drop_before":
            await _hang_up(scope, receive)
        elif fault.kind == "status":
            status = int(fault.argument)
            body = self.error_body(scope["path"], status)
            await _send(send, status, {b"content-type": b"application/json"}, body)
        else:
            await self._spoil(fault, scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer()
        await self.app(scope, receive, answer.keep)
        match fault.kind:
            case "drop_after":
                await _hang_up(scope, receive)
            case "delay":
                await anyio.sleep(fault.argument)
                await _send(send, answer.status, answer.headers, answer.body)
            case "html502":
                page = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
                await _send(send, 502, {b"content-type": b"text/html"}, page)
            case "truncated":
                half = answer.body[: len(answer.body) // 2]
                length = {b"content-length": str(len(answer.body)).encode()}
                await _send(send, answer.status, answer.headers | length, half, more=True)
                await _hang_up(scope, receive)
            case "no_content_type":
                answer.headers.pop(b"content-type", None)
                await _send(send, answer.status, answer.headers, answer.body)
            case "json_list":
                await _send(send, answer.status, answer.headers, b"[" + answer.body + b"]")


class _Answer:
    """Keeps what the application would have sent."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    async def keep(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = dict(message["headers"])
            self.headers.pop(b"content-length", None)
        else:
            self.body += message.get("body", b"")


async def _send(
    send: Send, status: int, headers: dict[bytes, bytes], body: bytes, *, more: bool = False
) -> None:
    if b"content-length" not in headers:
        headers = headers | {b"content-length": str(len(body)).encode()}
    await send({"type": "http.response.start", "status": status, "headers": list(headers.items())})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _hang_up(scope: Scope, receive: Receive) -> None:
    scope["extensions"][HANG_UP]()
    while (await receive())["type"] != "http.disconnect":
        pass


class HangUpProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, plus what ASGI has no word for: closing the line without an answer."""

    def connection_made(  # type: ignore[override]  # as in the class above it
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        # Tokens stand in Kite's addresses, PINs in Dhan's. Not by uvicorn's own setting, which
        # silences every server in the process.
        self.access_log = False
        app = self.app

        async def app_that_can_hang_up(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[HANG_UP] = self.transport.abort
            await app(scope, receive, send)

        self.app = app_that_can_hang_up
