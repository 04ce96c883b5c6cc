"""Who is connected: one row per session, found by its owner and label."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Table, select

from domain import events as e
from domain.envelope import Recorded
from domain.instants import as_text, from_text
from domain.vocabulary import SETTLED_STATUSES
from projections.tables import session_info
from projections.upsert import write_rows

name: Final = "session_info_v3"
tables: Final[tuple[Table, ...]] = (session_info,)


def fold(connection: Connection, batch: Sequence[Recorded]) -> None:
    """Load the rows that a batch touches, change them, and write them back in one statement."""
    touched = {r.envelope.stream_id for r in batch if isinstance(r.event, e.SessionEvent)}
    if not touched:
        return
    found = connection.execute(select(session_info).where(session_info.c.session_id.in_(touched)))
    rows: dict[UUID, dict[str, Any]] = {row.session_id: _open(row._asdict()) for row in found}
    for recorded in batch:
        if isinstance(recorded.event, e.SessionEvent):
            _apply(rows, recorded)
    write_rows(connection, session_info, [_closed(row) for row in rows.values()])


def _open(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "logins": msgspec.json.decode(row["logins"]),
        "orders_open": msgspec.json.decode(row["orders_open"]),
    }


def _closed(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "logins": msgspec.json.encode(row["logins"]).decode(),
        "orders_open": msgspec.json.encode(row["orders_open"]).decode(),
    }


def _apply(rows: dict[UUID, dict[str, Any]], recorded: Recorded) -> None:
    envelope, event = recorded.envelope, recorded.event
    at = as_text(envelope.recorded_at)
    if isinstance(event, e.SessionCreated):
        rows[envelope.stream_id] = {
            "session_id": envelope.stream_id,
            "principal": envelope.principal,
            "label": event.label,
            "generation": event.generation,
            "created_at": at,
            "last_event_at": at,
            "ends_at": as_text(event.ends_at),
            "active_broker": event.active_broker,
            "data_broker": event.data_broker,
            "logins": {},
            "orders_requested": 0,
            "orders_open": {},
            "ended_at": None,
            "end_reason": None,
        }
        return
    row = rows[envelope.stream_id]
    row["last_event_at"] = at
    match event:
        case e.BrokerSelected():
            row["active_broker"] = event.broker
        case e.DataBrokerSelected():
            row["data_broker"] = event.broker
        case e.BrokerAuthenticated():
            ends = as_text(event.expires_at) if event.expires_at else None
            row["logins"][event.broker] = [event.mode, ends]
        case e.BrokerAuthenticationExpired() | e.BrokerLoggedOut():
            row["logins"].pop(event.broker, None)
        case e.SessionExpired():
            row["ended_at"], row["end_reason"] = at, event.reason
        case e.SessionEnded():
            row["ended_at"], row["end_reason"] = at, event.reason[:100]
        case e.OrderEvent():
            row["orders_requested"] += isinstance(event, e.OrderRequested)
            _follow(row["orders_open"], event)
        case _:
            pass


def _follow(placed: dict[str, bool | None], event: e.OrderEvent) -> None:
    """Keep the keys of open orders, with whether the broker is known to have each; `None` for an
    instruction (GTT, conversion), which is open only while it is on its way."""
    key = event.order_key
    match event:
        case e.OrderRequested(terms=terms):
            placed[key] = False if terms.instruction is None else None
        case e.OrderPlaced() | e.OrderOutcomeUnknown() if placed.get(key, False) is None:
            placed.pop(key)
        case e.OrderObserved(sighting=seen) | e.OrderAdopted(sighting=seen) if (
            seen.status in SETTLED_STATUSES
        ):
            placed.pop(key, None)
        case e.OrderAdopted():
            placed[key] = True
        case e.OrderPlaced() | e.OrderObserved() if key in placed:
            placed[key] = True
        case e.OrderRejected() if not placed.get(key):
            placed.pop(key, None)
        case e.OrderFoundAbsent():
            placed.pop(key, None)
        case _:
            pass


@dataclass(frozen=True, kw_only=True)
class SessionInfo:
    """One session as the views show it. `data_broker` is one that is set apart for data. `logins`
    maps a broker to its mode and the end of the login (UTC), where it has one."""

    session_id: UUID
    principal: UUID
    label: str
    generation: int
    created_at: datetime
    last_event_at: datetime
    ends_at: datetime
    active_broker: str | None
    data_broker: str | None
    logins: dict[str, tuple[str, datetime | None]]
    orders_requested: int
    orders_open: int
    ended_at: datetime | None
    end_reason: str | None


def read(row: Any) -> SessionInfo:
    """From a row of the table."""
    logins: dict[str, tuple[str, str | None]] = msgspec.json.decode(row.logins)
    return SessionInfo(
        session_id=row.session_id,
        principal=row.principal,
        label=row.label,
        generation=row.generation,
        created_at=from_text(row.created_at),
        last_event_at=from_text(row.last_event_at),
        ends_at=from_text(row.ends_at),
        active_broker=row.active_broker,
        data_broker=row.data_broker,
        logins={b: (m, from_text(at) if at else None) for b, (m, at) in logins.items()},
        orders_requested=row.orders_requested,
        orders_open=len(msgspec.json.decode(row.orders_open)),
        ended_at=from_text(row.ended_at) if row.ended_at else None,
        end_reason=row.end_reason,
    )
