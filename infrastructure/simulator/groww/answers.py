"""What every route of the simulated Groww does: find out who calls, answer in Groww's envelope."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.groww.login import GrowwLogins
from infrastructure.simulator.groww.wire import GrowwError, as_groww_error, failure, success

Handler = Callable[[str, Request], Awaitable[object]]
"""User and request in, payload out."""


def of_user(
    logins: GrowwLogins, path: str, handler: Handler, method: str = "GET", status: int = 200
) -> Route:
    """A route of the API for those whose token is good; `status` is that of a yes."""

    async def endpoint(request: Request) -> Response:
        user = logins.user_of(request.headers.get("authorization", ""))
        try:
            if user is None:
                raise GrowwError(401, "GA005", "User not authorised to perform this operation.")
            return success(await handler(user, request), status)
        except Refused as refused:
            return failure(as_groww_error(refused))
        except GrowwError as error:
            return failure(error)

    return Route(f"/v1{path}", endpoint, methods=[method])


def segment_of(request: Request) -> str:
    """Raises: GrowwError: neither CASH nor FNO."""
    segment = request.query_params.get("segment", "CASH")
    if segment not in ("CASH", "FNO"):
        raise invalid("segment")
    return segment


def whole(request: Request, name: str, default: int, least: int, most: int) -> int:
    """Raises: GrowwError: not a number from `least` to `most`."""
    said = request.query_params.get(name, str(default))
    if not said.isascii() or not said.isdigit() or not least <= int(said) <= most:
        raise invalid(name)
    return int(said)


def invalid(name: str) -> GrowwError:
    return GrowwError(400, "GA001", f"Bad request: invalid {name}.")
