"""What every route of the simulated Kite does: find out who calls, answer in Kite's envelope."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.kite.login import KiteLogins
from infrastructure.simulator.kite.wire import KiteError, as_kite_error, failure, success

KITE = "kite"

Handler = Callable[[str, Request], Awaitable[object]]
Endpoint = Callable[[Request], Awaitable[Response]]


def signed_in(logins: KiteLogins, handler: Handler) -> Endpoint:
    """An endpoint for those whose token is good."""

    async def with_user(request: Request) -> object:
        user = logins.user_of(request.headers.get("authorization", ""))
        if user is None:
            raise KiteError(403, "TokenException", "Incorrect `api_key` or `access_token`.")
        return await handler(user, request)

    return answered(with_user)


def answered(handler: Callable[[Request], Awaitable[object]]) -> Endpoint:
    """An endpoint whose refusals are in Kite's words."""

    async def endpoint(request: Request) -> Response:
        try:
            return success(await handler(request))
        except Refused as refused:
            return failure(as_kite_error(refused))
        except KiteError as error:
            return failure(error)

    return endpoint


async def form_of(request: Request) -> Mapping[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))


async def array_of(request: Request) -> list[dict[str, object]]:
    """Raises: KiteError: the body is no JSON array of objects."""
    try:
        return msgspec.json.decode(await request.body(), type=list[dict[str, object]])
    except msgspec.DecodeError:
        raise KiteError(400, "InputException", "Invalid JSON request body.") from None
