"""A look at the body of every MCP message before the SDK's, which repeats what it cannot read."""

from typing import Final

import msgspec
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES: Final = 1024 * 1024
NOT_READABLE: Final = (
    "INVALID_REQUEST: The body is no JSON-RPC 2.0 message (batches are not taken). Next: send one "
    "object with jsonrpc, id, method and params."
)
TOO_LARGE: Final = (
    f"The body is larger than {MAX_BODY_BYTES} bytes. Next: send less; no call of ours needs that."
)


class _JsonRpc(msgspec.Struct):
    """What every message has; the rest is left unread."""

    jsonrpc: str
    method: str | None = None
    id: str | int | float | None = None
    params: dict[str, msgspec.Raw] | None = None


_DECODER: Final = msgspec.json.Decoder(_JsonRpc)


class ReadableBodies:
    """Refuses a body that is too large or no message, without repeating anything that is in it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/mcp" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client hung up before it had said anything
            body += message.get("body", b"")
            if len(body) > MAX_BODY_BYTES:
                refusal = {"error": "BODY_TOO_LARGE", "message": TOO_LARGE}
                await JSONResponse(refusal, status_code=413)(scope, receive, send)
                return
            if not message.get("more_body"):
                break
        if not _is_message(bytes(body)):
            error = {"code": -32600, "message": NOT_READABLE}
            answer = {"jsonrpc": "2.0", "id": None, "error": error}
            await JSONResponse(answer, status_code=400)(scope, receive, send)
            return
        given = False

        async def once_more() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self._app(scope, once_more, send)


def _is_message(body: bytes) -> bool:
    try:
        return _DECODER.decode(body).jsonrpc == "2.0"
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
