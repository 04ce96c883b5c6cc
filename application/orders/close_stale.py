"""Orders and changes whose process died: what was never sent is closed, and of what may have been
sent it is said that nobody knows. No book is needed for either."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from application.orders.sending import day_of
from application.orders.sending_changes import ledger_of
from application.writer import Context, Loaded, Writer
from domain.absence import change_in_doubt, in_doubt, proves_absence
from domain.events import (
    Event,
    OrderChangeRejected,
    OrderChangeUnknown,
    OrderFoundAbsent,
    OrderOutcomeUnknown,
    OrderRejected,
)
from domain.open_orders import OpenChange, OpenOrder
from domain.risk_ledger import fold_ledger, release
from domain.session import fold
from domain.streams import risk_ledger_stream

NEVER_SENT: Final = "It was not sent in time: whoever was sending it died. It never was sent."
NOBODY_HEARD: Final = "Whoever was sending it died before the broker's answer was on record."


@dataclass
class _Closing:
    """What one session's abandoned orders come to."""

    at: datetime
    facts: list[Event] = field(default_factory=list)
    released: list[tuple[str, str | None, str]] = field(default_factory=list)
    ledgers: set[UUID] = field(default_factory=set)

    def release_from(self, ledger: Loaded) -> list[Event]:
        """What is given back to this day, of all that was taken from it."""
        taken = fold_ledger(ledger.events)
        return [f for key, change, why in self.released for f in release(taken, key, why, change)]


def close_stale(writer: Writer, context: Context, session_id: UUID, now: datetime) -> int:
    """Store what can be said without asking anybody; answer with the position, 0 for nothing."""

    def closing(loaded: Loaded) -> _Closing:
        session, found = fold(loaded.events), _Closing(now)
        for key, order in session.orders.items() if session else ():
            _close(context.principal, key, order, found)
        return found

    first = closing(writer.load(session_id))
    if not first.facts:
        return 0

    def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
        found = closing(streams[0])
        return [found.facts, *map(found.release_from, streams[1:])]

    return writer.record(context, [session_id, *sorted(first.ledgers)], decision).position or 0


def _close(principal: UUID, key: str, order: OpenOrder, found: _Closing) -> None:
    for change_key, change in order.changes.items():
        _close_change(principal, key, change_key, change, order, found)
    request, now = order.request, found.at
    if order.stage == "requested" and (request.dispatch_by is None or now > request.dispatch_by):
        found.facts.append(
            OrderRejected(
                order_key=key, code="ORDER_TOO_LATE", reason=NEVER_SENT, reached_broker=False
            )
        )
        found.released.append((key, None, "never_sent"))
    elif request.broker == "paper" and proves_absence(order, now):  # its book is our own log
        found.facts.append(OrderFoundAbsent(order_key=key, looked_at=now))
        found.released.append((key, None, "absent"))
    elif order.stage == "dispatched" and in_doubt(order, now):
        found.facts.append(OrderOutcomeUnknown(order_key=key, cause=NOBODY_HEARD))
    else:
        return
    found.ledgers.add(risk_ledger_stream(principal, day_of(request)))


def _close_change(
    principal: UUID,
    key: str,
    change_key: str,
    change: OpenChange,
    order: OpenOrder,
    found: _Closing,
) -> None:
    unsent = change.stage == "requested" and found.at > change.request.dispatch_by
    is_paper = order.request.broker == "paper" and change_in_doubt(change, found.at)
    if unsent or is_paper:  # a change of a paper order is the yes on record, and nothing else
        found.facts.append(
            OrderChangeRejected(
                order_key=key,
                change_key=change_key,
                code="ORDER_TOO_LATE",
                reason=NEVER_SENT,
                reached_broker=False,
            )
        )
        found.released.append((key, change_key, "never_sent"))
    elif change.stage == "dispatched" and change_in_doubt(change, found.at):
        found.facts.append(
            OrderChangeUnknown(order_key=key, change_key=change_key, cause=NOBODY_HEARD)
        )
    else:
        return
    found.ledgers.add(ledger_of(principal, change.request))
