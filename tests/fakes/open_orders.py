"""What the projection of open orders shows, folded straight from the log."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.ports.event_store import Opened
from application.writer import Writer
from domain.events import OrderAdopted, OrderRequested
from domain.session import fold
from domain.vocabulary import BrokerName


@dataclass(frozen=True)
class FoldedRow:
    """See `application.orders.reconcile.OpenRow`."""

    principal: UUID
    session_id: UUID
    broker: BrokerName
    state: str
    requested_at: datetime
    open_changes: int


def open_rows(sessions: Iterable[Opened], writer: Writer) -> Iterator[FoldedRow]:
    for opened in sessions:
        loaded = writer.load(opened.session_id)
        asked_at = {
            recorded.event.order_key: recorded.envelope.recorded_at
            for recorded in loaded.recorded
            if isinstance(recorded.event, OrderRequested | OrderAdopted)
        }
        session = fold(loaded.events)
        for key, order in session.orders.items() if session else ():
            yield FoldedRow(
                opened.principal,
                opened.session_id,
                order.request.broker,
                order.stage.upper(),
                asked_at[key],
                len(order.changes),
            )
