"""What every route of the simulated Dhan does: find out who calls, answer in Dhan's words."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator.dhan.login import DhanLogins
from infrastructure.simulator.dhan.wire import (
    INVALID_TOKEN,
    DataError,
    DhanError,
    as_dhan_error,
    data_failure,
    failure,
)
from infrastructure.simulator.exchange.refusals import Refused

Handler = Callable[[str, Request], Awaitable[Response]]


def of_user(logins: DhanLogins, path: str, handler: Handler, method: str = "GET") -> Route:
    """A route of the API for those whose token is good and belongs to the client id they name."""

    async def endpoint(request: Request) -> Response:
        headers = request.headers
        user = logins.user_of(headers.get("access-token", ""))
        named = headers.get("client-id", headers.get("dhanClientId", user or ""))
        try:
            if user is None or named.upper() != user:
                raise DhanError(*INVALID_TOKEN)
            return await handler(user, request)
        except Refused as refused:
            return failure(as_dhan_error(refused))
        except DhanError as error:
            return failure(error)
        except DataError as error:
            return data_failure(error)

    return Route(f"/v2{path}", endpoint, methods=[method])
