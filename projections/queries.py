"""Questions to the read models. Whatever belongs to a person takes the principal first.

Every answer says up to which position it is true, and whether that was the head of the log.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, cast, func, or_, select

from domain.instants import as_text
from domain.open_orders import OrderStage
from domain.session import Due
from projections import audit_timeline, deadlines, order_book, session_info, session_statistics
from projections.audit_timeline import TimelineEntry
from projections.freshness import FreshViews
from projections.order_book import OpenRow
from projections.session_info import SessionInfo
from projections.tables import audit_timeline as timeline_table
from projections.tables import deadlines as deadlines_table
from projections.tables import order_book as book_table
from projections.tables import session_info as info_table
from projections.tables import session_statistics as statistics_table

T = TypeVar("T")


@dataclass(frozen=True)
class Answer(Generic[T]):
    """`stale`: the log went on while this was waiting, and the views did not."""

    value: T
    as_of_position: int
    stale: bool


class Queries:
    """Questions of one person about themselves."""

    def __init__(self, views: FreshViews) -> None:
        self._views = views

    def _answer(
        self,
        projection: str,
        query: Select[*tuple[Any, ...]],
        read: Callable[[Sequence[Any]], T],
        **values: Any,
    ) -> Answer[T]:
        with self._views(projection) as view:
            rows = view.connection.execute(query, values).all()
        return Answer(read(rows), view.position, view.stale)

    def my_session(self, principal: UUID, label: str) -> Answer[SessionInfo | None]:
        """The newest session under this label, ended or not."""
        return self._answer(
            session_info.name,
            _MY_SESSION,
            lambda rows: session_info.read(rows[0]) if rows else None,
            principal=principal,
            label=label,
        )

    def my_timeline(
        self,
        principal: UUID,
        *,
        after: int = 0,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> Answer[list[TimelineEntry]]:
        """What this person did, oldest first, behind position `after`; both ends inclusive."""
        query = (
            select(timeline_table)
            .where(*_events_of(principal, since, until), timeline_table.c.position > after)
            .order_by(timeline_table.c.position)
            .limit(limit)
        )
        return self._answer(
            audit_timeline.name, query, lambda rows: [audit_timeline.read(r) for r in rows]
        )

    def my_activity(
        self,
        principal: UUID,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        order_key: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Answer[tuple[list[TimelineEntry], int]]:
        """The same, newest first, before position `before`, and how many there are in all."""
        wanted = _events_of(principal, since, until)
        if order_key is not None:
            wanted.append(timeline_table.c.order_key == order_key)
        page = select(timeline_table).where(*wanted)
        if before is not None:
            page = page.where(timeline_table.c.position < before)
        page = page.order_by(timeline_table.c.position.desc()).limit(limit)
        count = select(func.count()).select_from(timeline_table).where(*wanted)
        with self._views(audit_timeline.name) as view:
            total = view.connection.execute(count).scalar_one()
            rows = view.connection.execute(page).all()
        found = [audit_timeline.read(r) for r in rows]
        return Answer((found, total), view.position, view.stale)

    def my_open_orders(self, principal: UUID) -> Answer[list[OpenRow]]:
        """This person's open and unsettled orders over all sessions, oldest first."""
        return self._answer(
            order_book.name, _OPEN.where(book_table.c.principal == principal), order_book.read
        )


class AdminQueries(Queries):
    """The only unscoped questions, for the admin API and the operator's command line."""

    def sessions(
        self,
        *,
        active_only: bool,
        principal: UUID | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Answer[tuple[list[SessionInfo], int]]:
        """Sessions, newest first, and how many there are in all."""
        wanted: list[ColumnElement[bool]] = []
        if active_only:
            wanted.append(info_table.c.ended_at.is_(None))
        if principal is not None:
            wanted.append(info_table.c.principal == principal)
        query = (
            select(info_table)
            .where(*wanted)
            .order_by(info_table.c.created_at.desc(), info_table.c.session_id)
            .limit(limit)
            .offset(offset)
        )
        with self._views(session_info.name) as view:
            total = view.connection.execute(
                select(func.count()).select_from(info_table).where(*wanted)
            ).scalar_one()
            rows = view.connection.execute(query).all()
        found = [session_info.read(r) for r in rows]
        return Answer((found, total), view.position, view.stale)

    def find_sessions(self, id_prefix: str) -> Answer[list[SessionInfo]]:
        """Sessions whose id begins so (hyphens are ignored)."""
        query = select(info_table).where(
            func.replace(cast(info_table.c.session_id, String), "-", "").startswith(
                id_prefix.replace("-", "").lower(), autoescape=True
            )
        )
        return self._answer(
            session_info.name, query, lambda rows: [session_info.read(r) for r in rows]
        )

    def open_orders(self) -> Answer[list[OpenRow]]:
        """Everybody's open and unsettled orders, oldest first."""
        return self._answer(order_book.name, _OPEN, order_book.read)

    def statistics(self) -> Answer[dict[str, int]]:
        """Totals by name, since the first event. How many orders are in each state now is no total:
        see `orders_now`."""
        return self._answer(
            session_statistics.name,
            select(statistics_table).order_by(statistics_table.c.name),
            lambda rows: {r.name: r.total for r in rows},
        )

    def orders_now(self) -> Answer[dict[str, int]]:
        """How many orders are requested, dispatched, placed and unknown now, counted in the order
        book. It goes up and down."""
        state = book_table.c.state
        return self._answer(
            order_book.name,
            select(state, func.count().label("orders")).group_by(state),
            lambda rows: dict.fromkeys(_STAGES, 0) | {r.state.lower(): r.orders for r in rows},
        )

    def brokers_in_use(self) -> Answer[dict[str, int]]:
        """How many active sessions have each broker active; `none` for those that chose none."""
        broker = func.coalesce(info_table.c.active_broker, "none").label("broker")
        query = (
            select(broker, func.count().label("sessions"))
            .where(info_table.c.ended_at.is_(None))
            .group_by(broker)
            .order_by(broker)
        )
        return self._answer(
            session_info.name, query, lambda rows: {r.broker: r.sessions for r in rows}
        )

    def due(self, now: datetime, idle_after: timedelta) -> list[Due]:
        """What may be over; see `application.sessions.sweep.Deadlines`."""
        kind, at = deadlines_table.c.kind, deadlines_table.c.at
        query = select(deadlines_table).where(
            or_(
                and_(kind == deadlines.USED, at <= as_text(now - idle_after)),
                and_(kind != deadlines.USED, at <= as_text(now)),
            )
        )
        found = self._answer(deadlines.name, query, lambda rows: rows).value
        sessions = (deadlines.USED, deadlines.AGE)
        rows = [
            Due(r.principal, r.session_id, None if r.kind in sessions else r.kind) for r in found
        ]
        return list(dict.fromkeys(rows))


def _events_of(
    principal: UUID, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [timeline_table.c.principal == principal]
    if since is not None:
        wanted.append(timeline_table.c.recorded_at >= as_text(since))
    if until is not None:
        wanted.append(timeline_table.c.recorded_at <= as_text(until))
    return wanted


_MY_SESSION: Final = (
    select(info_table)
    .where(
        info_table.c.principal == bindparam("principal"), info_table.c.label == bindparam("label")
    )
    .order_by(info_table.c.generation.desc())
    .limit(1)
)
_OPEN: Final = select(book_table).order_by(
    book_table.c.requested_at, book_table.c.session_id, book_table.c.order_key
)
_STAGES: Final[tuple[OrderStage, ...]] = get_args(OrderStage)
