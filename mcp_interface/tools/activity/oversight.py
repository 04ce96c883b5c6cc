"""Tools for auditors and operators: the only ones that tell anything of other people. Each asks for
a token with the scope `audit`, which `admin` implies; none is in the default list."""

from typing import Annotated
from uuid import UUID

from mcp.types import CallToolResult
from pydantic import Field

from application.sessions.enter_session import Entered
from domain.errors import InvalidArgument
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.operator import session_page, statistics
from mcp_interface.server import READS, TradingServer
from mcp_interface.tools.activity.activity import At, OrderKey, Since, Until, activity_of, asked_for
from mcp_interface.tools.activity.activity_rows import Activity, told_in_words
from mcp_interface.tools.paging import CursorArgument, LimitArgument, following, start_of
from mcp_interface.tools.results import SHORT_ID, Form, Outside, Result, screenful

User = Annotated[str, Field(max_length=100, description="The name of their token.")]


class UserActivity(Activity):
    user: str


class SessionRow(Result):
    session_id: str
    user: str
    label: str
    generation: int
    created_at: str
    last_activity: str
    ends_at: str
    active_broker: str | None
    authenticated_brokers: list[str]
    orders_requested: int
    open_orders: int
    ended_at: str | None
    end_reason: Outside


class SessionPage(Result):
    sessions: list[SessionRow]
    total: int
    next_cursor: str | None
    as_of_position: int
    stale: bool
    session_id: str


class Counted(Result):
    name: str
    count: int


class Statistics(Result):
    """`totals` since the first event; `ordersNow` by state."""

    active_sessions: int
    max_sessions: int
    active_by_broker: list[Counted]
    orders_now: list[Counted]
    totals: list[Counted]
    as_of_position: int
    stale: bool
    session_id: str


def register(server: TradingServer, app: App) -> None:
    _register_auditing(server, app)
    _register_operating(server, app)


def _register_auditing(server: TradingServer, app: App) -> None:
    @server.tool(title="A user's activity", annotations=READS)
    async def get_user_activity(
        ctx: Mcp,
        user: User,
        since: Since = None,
        until: Until = None,
        at: At = None,
        order_key: OrderKey = None,
        limit: LimitArgument = 20,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, UserActivity]:
        """For auditors: what somebody did and what became of it, newest first."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            now = app.backend.clock.now()
            asked = asked_for(since, until, at, order_key, limit, cursor, now)
            told = activity_of(app, entered, _known(app, user), asked)
            model = UserActivity(user=user, **dict(told))
            lines = told_in_words(model, response_format, "get_user_activity")
            return result(app.first_line(entered), [f"What '{user}' did:", *lines], model)

        return await app.in_session(ctx, job)

    server.rule("get_user_activity", "audit", "audit")


def _register_operating(server: TradingServer, app: App) -> None:
    @server.tool(title="Everybody's sessions", annotations=READS)
    async def list_sessions(
        ctx: Mcp,
        user: Annotated[User | None, Field(description="Of this user only.")] = None,
        active_only: bool = True,
        limit: LimitArgument = 20,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, SessionPage]:
        """For operators: the sessions of this server, newest first, with their users."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            start = start_of(cursor)
            found = session_page(
                app.backend,
                active_only=active_only,
                principal=_known(app, user) if user is not None else None,
                limit=limit,
                offset=start,
            )
            more = following(start + limit, found["total"])
            model = SessionPage(**found, next_cursor=more, session_id=str(entered.session_id))
            lines = [f"{len(model.sessions)} of {model.total} sessions, newest first."]
            lines += screenful([_line(row) for row in model.sessions], response_format)
            if more:
                lines.append(f"More: list_sessions(cursor='{more}') with the same arguments.")
            return result(app.first_line(entered), lines, model)

        return await app.in_session(ctx, job)

    @server.tool(title="Server statistics", annotations=READS)
    async def get_server_statistics(ctx: Mcp) -> Annotated[CallToolResult, Statistics]:
        """For operators: sessions and orders now, and totals since the first event."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = statistics(app.backend)
            for name in ("activeByBroker", "ordersNow", "totals"):
                found[name] = [Counted(name=key, count=n) for key, n in found[name].items()]
            model = Statistics(**found, session_id=str(entered.session_id))
            lines = [
                f"Active sessions: {model.active_sessions} of at most {model.max_sessions}.",
                f"By active broker: {_counts(model.active_by_broker)}.",
                f"Orders now: {_counts(model.orders_now)}.",
                f"Since the first event: {_counts(model.totals)}.",
            ]
            return result(app.first_line(entered), lines, model)

        return await app.in_session(ctx, job)

    server.rule("list_sessions", "audit", "admin")
    server.rule("get_server_statistics", "audit", "admin")


def _known(app: App, user: str) -> UUID:
    principal = app.backend.identities.known(user)
    if principal is None:
        raise InvalidArgument(
            f"Nobody called {ascii(user)[:60]} has been here. Next: list_sessions() names them."
        )
    return principal


def _line(row: SessionRow) -> str:
    ended = f"ended {row.ended_at}" if row.ended_at else f"last active {row.last_activity}"
    return (
        f"'{row.user}', session '{row.label}' ({row.session_id[:SHORT_ID]}): active broker "
        f"{row.active_broker or 'none'}, {row.orders_requested} orders, {row.open_orders} open, "
        f"{ended}"
    )


def _counts(found: list[Counted]) -> str:
    return ", ".join(f"{each.name} {each.count}" for each in found) or "none"
