"""The middleware that makes the faults happen, and the way to close a line without an answer."""

import asyncio
from collections.abc import Callable, Mapping

import anyio
import msgspec
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from infrastructure.simulator.control.faults import Fault, Faults

HANG_UP = "simulator.hang_up"
_PIECES = 10


class FaultInjection:
    """ASGI middleware around the brokers' faces; the control routes never fail."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        caller_of: Callable[[str, Mapping[str, str]], tuple[str, str | None]],
        error_body: Callable[[str, int, str | None], bytes],
        end_login: Callable[[str, Mapping[str, str]], None],
    ) -> None:
        """`caller_of(path, headers)` is (broker, user), `end_login` makes that caller's token
        worthless; `error_body(path, status, words)` is what the broker at that path would say;
        without words, its own."""
        self.app = app
        self.faults = faults
        self.caller_of = caller_of
        self.error_body = error_body
        self.end_login = end_login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None
        if scope["type"] == "http" and not scope["path"].startswith("/simulator"):
            _, user = self.caller_of(scope["path"], Headers(scope=scope))
            fault = self.faults.take(scope["method"], scope["path"], user)
        if fault is None:
            await self.app(scope, receive, send)
        elif fault.kind == "drop_before":
            await _hang_up(scope, receive)
        elif fault.kind == "status":
            await self._refuse(scope, send, int(fault.argument))
        elif fault.kind == "reject":
            await self._refuse(scope, send, 400, fault.words)
        else:
            await self._spoil(fault, scope, receive, send)

    async def _refuse(
        self, scope: Scope, send: Send, status: int, words: str | None = None
    ) -> None:
        body = self.error_body(scope["path"], status, words)
        await _send(send, status, {b"content-type": b"application/json"}, body)

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
            case "empty":
                await _send(send, answer.status, answer.headers, b"")
            case "wrong_shape":
                body = _of_another_shape(answer.body)
                await _send(send, answer.status, answer.headers, body)
            case "expire_token":
                self.end_login(scope["path"], Headers(scope=scope))
                await _send(send, answer.status, answer.headers, answer.body)
            case "dribble":
                await _dribble(send, answer, fault.argument)
            case "hang":
                await _until_the_caller_leaves(receive)


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


async def _dribble(send: Send, answer: _Answer, seconds: float) -> None:
    length = {b"content-length": str(len(answer.body)).encode()}
    size = len(answer.body) // _PIECES + 1
    await _send(send, answer.status, answer.headers | length, b"", more=True)
    for start in range(0, _PIECES * size, size):
        await anyio.sleep(seconds / _PIECES)
        piece = answer.body[start : start + size]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _of_another_shape(body: bytes) -> bytes:
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        said = None
    for name in ("data", "payload"):
        if isinstance(said, dict) and name in said:
            return msgspec.json.encode(said | {name: None})
    return b'"ok"'


async def _hang_up(scope: Scope, receive: Receive) -> None:
    scope["extensions"][HANG_UP]()
    await _until_the_caller_leaves(receive)


async def _until_the_caller_leaves(receive: Receive) -> None:
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
