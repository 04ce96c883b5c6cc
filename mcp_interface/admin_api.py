"""The only questions that are not about the caller: for tokens with the scope admin or audit."""

from collections.abc import Callable
from typing import Any

from starlette.authentication import BaseUser
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from domain.errors import InvalidArgument, Refusal, ScopeMissing, StoreUnavailable
from infrastructure.identity import Identity
from mcp_interface.app import App
from mcp_interface.caller import require_scope
from mcp_interface.operator import session_page, statistics

MAX_PAGE = 500


def admin_routes(app: App) -> list[Route]:
    """`/admin/api/sessions?active=true&limit=100&offset=0` and `/admin/api/statistics`."""

    async def answer(request: Request, job: Callable[[], Any]) -> JSONResponse:
        try:
            require_scope(_identity(request.user), "audit")
            return JSONResponse(await app.work.run(job))
        except ScopeMissing as e:
            return _error(403, e)
        except InvalidArgument as e:
            return _error(400, e)
        except StoreUnavailable as e:
            return _error(503, e)

    async def sessions(request: Request) -> JSONResponse:
        query = request.query_params

        def job() -> Any:
            return session_page(
                app.backend,
                active_only=query.get("active", "true").lower() != "false",
                limit=_number(query.get("limit"), "limit", 100, 1, MAX_PAGE),
                offset=_number(query.get("offset"), "offset", 0, 0, 10_000_000),
            )

        return await answer(request, job)

    async def totals(request: Request) -> JSONResponse:
        return await answer(request, lambda: statistics(app.backend))

    return [
        Route("/admin/api/sessions", sessions),
        Route("/admin/api/statistics", totals),
    ]


def _identity(user: BaseUser) -> Identity:
    who = user.access_token.claims["who"]  # type: ignore[attr-defined]  # set by BearerTokens
    assert isinstance(who, Identity)
    return who


def _number(given: str | None, name: str, default: int, least: int, most: int) -> int:
    if given is None:
        return default
    if not given.isdecimal() or len(given) > 9 or not least <= int(given) <= most:
        raise InvalidArgument(f"{name} must be a number from {least} to {most}. Next: correct it.")
    return int(given)


def _error(status: int, refusal: Refusal) -> JSONResponse:
    return JSONResponse({"error": refusal.code, "message": str(refusal)}, status_code=status)
