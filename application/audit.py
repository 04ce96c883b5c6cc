"""What the system knew at a moment: pure replay of stored events, no projection involved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from uuid import UUID

from application.ports.event_store import EventStore, Opened
from application.writer import Writer
from domain.envelope import Recorded
from domain.order_reports import OrderReport, order_reports
from domain.session import TradingSession, fold


@dataclass(frozen=True, kw_only=True)
class SessionAsOf:
    """One session, folded from the events that were recorded up to a moment."""

    opened: Opened
    session: TradingSession
    created_at: datetime
    events: int
    orders: tuple[OrderReport, ...]


@dataclass(frozen=True, kw_only=True)
class Audit:
    writer: Writer
    store: EventStore

    def state(self, principal: UUID, at: datetime) -> tuple[SessionAsOf, ...]:
        """Every session of the principal that existed at that moment, oldest first."""
        found = []
        for opened in self.store.sessions_of(principal):
            known = known_at(self.writer.load(opened.session_id).recorded, at)
            session = fold(r.event for r in known)
            if session is not None:
                found.append(
                    SessionAsOf(
                        opened=opened,
                        session=session,
                        created_at=known[0].envelope.recorded_at,
                        events=len(known),
                        orders=tuple(order_reports(r.event for r in known).values()),
                    )
                )
        return tuple(found)


def known_at(recorded: Sequence[Recorded], at: datetime) -> list[Recorded]:
    """The part of a stream that had been recorded by then (inclusive): always its beginning, also
    where instances whose clocks disagree wrote to it in turn."""
    return list(takewhile(lambda r: r.envelope.recorded_at <= at, recorded))
