"""How many of each: totals that never go down. How many orders are in each state now is counted in
the order book."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from domain import control_events as c
from domain import events as e
from domain.envelope import Recorded
from projections.tables import session_statistics

name: Final = "session_statistics"
tables: Final[tuple[Table, ...]] = (session_statistics,)

COUNTED: Final[Mapping[type[e.Event], str]] = {
    e.SessionCreated: "sessions_created",
    e.SessionExpired: "sessions_expired",
    e.SessionEnded: "sessions_ended",
    e.BrokerAuthenticated: "logins_accepted",
    e.BrokerAuthenticationFailed: "logins_refused",
    e.BrokerAuthenticationExpired: "logins_expired",
    e.BrokerLoggedOut: "logouts",
    e.OrderRequested: "orders_requested",
    e.OrderDispatched: "orders_dispatched",
    e.OrderPlaced: "orders_placed",
    e.OrderRejected: "orders_rejected",
    e.OrderOutcomeUnknown: "orders_unknown",
    e.OrderProposed: "orders_proposed",
    e.OrderConfirmed: "orders_confirmed",
    e.OrderDeclined: "orders_declined",
    e.OrderDenied: "orders_denied",
    e.OrderFoundAbsent: "orders_found_absent",
    e.OrderAdopted: "orders_adopted",
    e.OrderMismatched: "orders_mismatched",
    e.OrderChangeRequested: "changes_requested",
    e.OrderChangeDispatched: "changes_dispatched",
    e.OrderChangeAccepted: "changes_accepted",
    e.OrderChangeRejected: "changes_rejected",
    e.OrderChangeUnknown: "changes_unknown",
    c.RiskReserved: "risk_reserved",
    c.RiskReleased: "risk_released",
    c.RiskLimitsChanged: "risk_limits_changed",
    c.TradingHalted: "trading_halted",
    c.TradingResumed: "trading_resumed",
}


def fold(connection: Connection, batch: Sequence[Recorded]) -> None:
    """Add a batch to the totals: one statement, whatever its size."""
    totals = Counter(counted for r in batch if (counted := _counted(r.event)))
    if not totals:
        return
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = upsert(session_statistics)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"total": session_statistics.c.total + statement.excluded.total},
        ),
        [{"name": counted, "total": total} for counted, total in sorted(totals.items())],
    )


def _counted(event: e.Event) -> str | None:
    if isinstance(event, e.OrderObserved):
        return f"orders_seen_{event.sighting.status.lower()}"
    return COUNTED.get(type(event))
