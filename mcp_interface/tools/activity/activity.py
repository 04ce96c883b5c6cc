"""The tool that tells a person what they did, and what was known at a moment: their own audit
trail. An auditor's tool about somebody else (`oversight`) is told the same way."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from mcp.types import CallToolResult
from pydantic import Field

from application.market.periods import moment
from application.sessions.enter_session import Entered
from domain.errors import InvalidArgument
from domain.instants import spoken
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS, TradingServer
from mcp_interface.tools.activity.activity_rows import (
    Activity,
    KnownThen,
    known_then,
    row_of,
    told_in_words,
)
from mcp_interface.tools.paging import CursorArgument, LimitArgument, start_of
from mcp_interface.tools.results import Form

Written = Annotated[str, Field(max_length=40)]
Since = Annotated[Written | None, Field(description="As 2026-11-23 or 2026-11-23T10:30, IST.")]
Until = Written | None
At = Annotated[Written | None, Field(description="Also what was known at that moment.")]
OrderKey = Annotated[str | None, Field(max_length=64)]

_DAY: Final = timedelta(days=1)
_AS_TOLD: Final = timedelta(milliseconds=1)
"""Instants are told to this; one that was told includes its own event."""
_A_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Both ends are included; `at` is never later than now."""

    since: datetime | None
    until: datetime | None
    at: datetime | None
    order_key: str | None
    limit: int
    before: int | None
    """The position that the page before ended with."""


def register(server: TradingServer, app: App) -> None:
    @server.tool(title="Your activity", annotations=READS)
    async def get_activity(
        ctx: Mcp,
        since: Since = None,
        until: Until = None,
        at: At = None,
        order_key: OrderKey = None,
        limit: LimitArgument = 20,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, Activity]:
        """What you did and what became of it, newest first: your own audit trail."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            now = app.backend.clock.now()
            asked = asked_for(since, until, at, order_key, limit, cursor, now)
            model = activity_of(app, entered, caller.principal, asked)
            lines = told_in_words(model, response_format, "get_activity")
            return result(app.first_line(entered), lines, model)

        return await app.in_session(ctx, job)

    server.rule("get_activity", "read", "activity", "default")


def asked_for(
    since: str | None,
    until: str | None,
    at: str | None,
    order_key: str | None,
    limit: int,
    cursor: str | None,
    now: datetime,
) -> Asked:
    """What the arguments mean. With `at` nothing later is told.

    Raises:
        InvalidArgument: not dates, the wrong way round, a moment that lies ahead, a strange cursor.
    """
    first = moment("since", since)[0] if since is not None else None
    last = _end("until", until) if until is not None else None
    known = None
    if at is not None:
        if moment("at", at)[0] > now:
            raise InvalidArgument(
                f"at lies ahead, and nothing is known of that; it is {spoken(now)}. Next: an "
                "earlier moment."
            )
        known = min(_end("at", at), now)
        last = min(last, known) if last is not None else known
    if first is not None and last is not None and first > last:
        raise InvalidArgument("since is later than until or at. Next: exchange them.")
    return Asked(
        since=first,
        until=last,
        at=known,
        order_key=order_key,
        limit=limit,
        before=start_of(cursor) if cursor is not None else None,
    )


def _end(name: str, text: str) -> datetime:
    instant, is_day = moment(name, text)
    return instant + (_DAY if is_day else _AS_TOLD) - _A_MOMENT


def activity_of(app: App, entered: Entered, principal: UUID, asked: Asked) -> Activity:
    """One page of a person's timeline and, for a moment, the state that their events fold into."""
    answer = app.backend.queries.my_activity(
        principal,
        since=asked.since,
        until=asked.until,
        order_key=asked.order_key,
        before=asked.before,
        limit=asked.limit + 1,
    )
    found, total = answer.value
    shown = found[: asked.limit]
    return Activity(
        events=[row_of(entry) for entry in shown],
        total=total,
        next_cursor=f"c{shown[-1].position}" if len(found) > asked.limit else None,
        known_then=_known(app, principal, asked),
        as_of_position=answer.as_of_position,
        stale=answer.stale,
        session_id=str(entered.session_id),
    )


def _known(app: App, principal: UUID, asked: Asked) -> KnownThen | None:
    if asked.at is None:
        return None
    return known_then(app.backend.audit.state(principal, asked.at), asked.at, asked.order_key)
