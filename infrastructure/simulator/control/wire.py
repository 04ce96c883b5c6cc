"""How the simulator's own routes are read, answered and guarded.

They have no password. What protects them is that the simulator listens on loopback only, answers
only under its own address (a page in a browser that was lured here sends another Host) and refuses
whatever a web page sends (it carries an Origin).
"""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from infrastructure.simulator.kite.login import USER

Endpoint = Callable[[Request], Awaitable[Response]]
Body = TypeVar("Body", bound=msgspec.Struct)
BrokerWithLogin = Literal["kite", "groww", "dhan"]

_encode = msgspec.json.Encoder(decimal_format="string").encode


def guarded(endpoint: Endpoint) -> Endpoint:
    """Refuse what comes from a web page or under another name; answer 400 to wrong values."""

    async def guard(request: Request) -> Response:
        if "origin" in request.headers or not _asked_as_itself(request):
            return JSONResponse({"error": "These routes answer to this machine only."}, 403)
        try:
            return await endpoint(request)
        except ValueError as error:  # msgspec's decoding errors are ValueErrors
            return bad_request(str(error))

    return guard


async def read(request: Request, shape: type[Body]) -> Body:
    """Raises: ValueError: the body has not this shape."""
    return msgspec.json.decode(await request.body(), type=shape)


def as_json(body: object) -> Response:
    return Response(_encode(body), media_type="application/json")


def bad_request(message: str) -> Response:
    return JSONResponse({"error": message}, 400)


def user_name(name: str) -> str:
    """As brokers write it. Raises: ValueError: not a name that a customer can have."""
    user = name.upper()
    if not USER.fullmatch(user):
        raise ValueError("user must be 2 to 20 letters or digits.")
    return user


def _asked_as_itself(request: Request) -> bool:
    """Whether the Host header names the very address and port that this request came in at, as
    numbers. A name, or another address of this machine, may be somebody who passes it on."""
    server = request.scope.get("server")
    return server is not None and (request.url.hostname, request.url.port or 80) == tuple(server)
