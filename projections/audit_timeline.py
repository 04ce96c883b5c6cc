"""What was done, in order, one line per event, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table

from domain import events as e
from domain.envelope import Recorded
from domain.instants import as_text, from_text
from domain.vocabulary import OrderTerms
from projections.tables import audit_timeline
from projections.upsert import write_rows

name: Final = "audit_timeline"
tables: Final[tuple[Table, ...]] = (audit_timeline,)


def fold(connection: Connection, batch: Sequence[Recorded]) -> None:
    write_rows(connection, audit_timeline, [_row(recorded) for recorded in batch])


def _row(recorded: Recorded) -> dict[str, Any]:
    envelope = recorded.envelope
    client = " ".join(p for p in (envelope.client_name, envelope.client_version) if p)
    return {
        "position": recorded.position,
        "principal": envelope.principal,
        "stream_id": envelope.stream_id,
        "version": envelope.version,
        "recorded_at": as_text(envelope.recorded_at),
        "name": recorded.name,
        "actor": envelope.actor,
        "correlation_id": envelope.correlation_id,
        "client": client[:120] or None,
        "order_key": getattr(recorded.event, "order_key", None),
        "summary": summary(recorded.event),
    }


def summary(event: e.Event) -> str:
    """One sentence for a person."""
    match event:
        case e.SessionCreated():
            return f"Session '{event.label}' opened (number {event.generation})."
        case e.BrokerSelected():
            return f"{event.broker} became the active broker."
        case e.BrokerAuthenticated():
            account = ", now with another account" if event.relinked else ""
            return f"Logged in to {event.broker} ({event.mode}){account}."
        case e.BrokerAuthenticationFailed():
            return f"A login to {event.broker} was refused: {event.code}."
        case e.BrokerAuthenticationExpired():
            return f"The {event.broker} login ended (found by the {event.discovered})."
        case e.BrokerLoggedOut():
            return f"Logged out of {event.broker}."
        case e.SessionExpired():
            return f"Session expired ({event.reason}), due {as_text(event.deadline)}."
        case e.SessionEnded():
            return f"Session ended: {event.reason}."
        case e.OrderRequested():
            return f"{event.mode} order requested at {event.broker}: {in_words(event.terms)}."
        case e.OrderDispatched():
            return "The one call to the broker was released."
        case e.OrderPlaced():
            return f"The broker accepted it as {event.broker_order_id}."
        case e.OrderRejected():
            return f"Rejected: {event.code}: {event.reason}"
        case e.OrderOutcomeUnknown():
            return f"Outcome unknown: {event.cause}"
        case e.OrderObserved(sighting=seen):
            price = f" at {seen.average_price_inr} INR" if seen.average_price_inr else ""
            return f"Seen as {seen.status}: {seen.filled_shares} shares filled{price}."
        case e.OrderKeyClaimed():
            return f"Order key {event.order_key} claimed."
        case _:
            return type(event).__name__


def in_words(terms: OrderTerms) -> str:
    """`BUY 10 NSE:INFY CNC LIMIT 1500.00`."""
    words = [
        terms.transaction_type,
        str(terms.quantity_shares),
        f"{terms.exchange}:{terms.trading_symbol}",
        terms.product,
        terms.order_type,
    ]
    if terms.limit_price_inr is not None:
        words.append(str(terms.limit_price_inr))
    if terms.trigger_price_inr is not None:
        words.append(f"trigger {terms.trigger_price_inr}")
    return " ".join(words)


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One event, as the timeline shows it."""

    position: int
    principal: UUID
    stream_id: UUID
    version: int
    recorded_at: datetime
    name: str
    actor: str
    client: str | None
    order_key: str | None
    summary: str


def read(row: Any) -> TimelineEntry:
    """From a row of the table."""
    return TimelineEntry(
        position=row.position,
        principal=row.principal,
        stream_id=row.stream_id,
        version=row.version,
        recorded_at=from_text(row.recorded_at),
        name=row.name,
        actor=row.actor,
        client=row.client,
        order_key=row.order_key,
        summary=row.summary,
    )
