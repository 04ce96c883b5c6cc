"""Everything that is known about one order of one's own, sent or not."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from application.orders.judging import RECENT_SESSIONS
from application.orders.own_orders import find_own
from application.ports.clock import Clock
from application.read_broker import ReadBroker
from application.sessions.enter_session import Entered
from application.writer import Context, Loaded, Writer
from domain.errors import BrokerLoginRequired, BrokerUnavailable, RateLimited
from domain.events import (
    Event,
    OrderConfirmed,
    OrderDeclined,
    OrderDenied,
    OrderKeyClaimed,
    OrderProposed,
)
from domain.order_reports import UNPROVEN, UNSETTLED, OrderReport, order_reports
from domain.slices import report_in, slices_in
from domain.streams import order_key_stream
from domain.vocabulary import SETTLED_STATUSES

UnsentState = Literal["AWAITING_APPROVAL", "DECLINED", "EXPIRED", "DENIED"]


@dataclass(frozen=True, kw_only=True)
class Approved:
    """Who said yes is always the order's own person."""

    method: str
    at: datetime
    text_hash: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """An order that was asked for. `position` is its session's newest event's place in the log."""

    report: OrderReport
    session_id: UUID
    position: int
    approval: Approved | None
    slices: tuple[OrderReport, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """An order that never came so far: `fact` is what was last said about it."""

    fact: OrderProposed | OrderDenied
    state: UnsentState
    session_id: UUID
    position: int


@dataclass(frozen=True, kw_only=True)
class TellOrder:
    writer: Writer
    read_broker: ReadBroker
    clock: Clock

    def __call__(
        self, context: Context, entered: Entered, order_key: str | None, order_id: str | None
    ) -> Told | Unsent:
        """Name it by its key, or by the broker's own order id. Asks the broker where the order may
        have moved since it was last seen.

        Raises:
            OrderNotFound: no order of this person's bears that name.
        """
        told = self.known(context.principal, order_key, order_id)
        if isinstance(told, Unsent) or not may_move(told.report):
            return told
        request = told.report.request
        # What is on record is the answer where nobody can look now.
        with suppress(BrokerLoginRequired, BrokerUnavailable, RateLimited):
            self.read_broker.order_book(context, entered, request.broker)
        return self.known(context.principal, request.order_key, None)

    def known(
        self, principal: UUID, order_key: str | None, order_id: str | None = None
    ) -> Told | Unsent:
        """The same from the log alone. Raises: OrderNotFound."""
        if order_key is not None and (claim := self._claim(principal, order_key)):
            return self._told(self.writer.load(claim.session_id), order_key)
        if order_key is not None:
            for opened in reversed(self.writer.store.sessions_of(principal)[-RECENT_SESSIONS:]):
                if found := self._unsent(self.writer.load(opened.session_id), order_key):
                    return found
        own = find_own(self.writer, principal, order_id or order_key or "", None, None)
        return self._told(own.stream, own.report.request.order_key)

    def _claim(self, principal: UUID, order_key: str) -> OrderKeyClaimed | None:
        events = self.writer.load(order_key_stream(principal, order_key)).events
        return next((e for e in events if isinstance(e, OrderKeyClaimed)), None)

    def _told(self, stream: Loaded, order_key: str) -> Told:
        reports = order_reports(stream.events)
        report = report_in(reports, order_key)
        return Told(
            report=report,
            slices=slices_in(reports, order_key),
            session_id=stream.stream_id,
            position=self.writer.head_of(stream),
            approval=_approval(stream, report),
        )

    def _unsent(self, stream: Loaded, order_key: str) -> Unsent | None:
        last = _last_word(stream.events, order_key, self.clock.now())
        if last is None:
            return None
        fact, state = last
        position = self.writer.head_of(stream)
        return Unsent(fact=fact, state=state, session_id=stream.stream_id, position=position)


def may_move(report: OrderReport) -> bool:
    """Whether the broker's book could have news of it, or of a change of it."""
    if report.request.terms.instruction is not None and report.sighting is None:
        return False
    if any(change.state in UNSETTLED for change in report.changes):
        return True
    if report.state == "PLACED":
        return report.sighting is None or report.sighting.status not in SETTLED_STATUSES
    return report.state in UNPROVEN


def _approval(stream: Loaded, report: OrderReport) -> Approved | None:
    for recorded in stream.recorded:
        event = recorded.event
        if isinstance(event, OrderConfirmed) and event.proposal_id == report.request.approval:
            return Approved(
                method=event.method,
                at=recorded.envelope.recorded_at,
                text_hash=event.text_hash,
            )
    return None


def _last_word(
    events: Iterable[Event], order_key: str, now: datetime
) -> tuple[OrderProposed | OrderDenied, UnsentState] | None:
    last: OrderProposed | OrderDenied | None = None
    declined = False
    for event in events:
        match event:
            case OrderProposed(order_key=key, change_key=None) if key == order_key:
                last, declined = event, False
            case OrderDenied(order_key=key, change_key=None) if key == order_key:
                last = event
            case OrderDeclined() if (
                isinstance(last, OrderProposed) and last.proposal_id == event.proposal_id
            ):
                declined = True
            case _:
                pass
    match last:
        case None:
            return None
        case OrderDenied():
            return last, "DENIED"
        case _ if declined:
            return last, "DECLINED"
        case _:
            return last, "AWAITING_APPROVAL" if now < last.expires_at else "EXPIRED"
