"""What happened, as the log hands it to a projector; and the tables that come of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from application.log import DecodedLog
from application.ports.event_store import Append, Row
from domain.catalog import CATALOG
from domain.envelope import NO_HASH, Actor, Envelope, Recorded, Undecodable
from domain.events import Event
from projections.projector import PROJECTIONS, Projector
from tests.support.databases import Store

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
RAVI = UUID("4a100000-0000-4000-8000-000000000002")
WORK = UUID("5e550000-0000-4000-8000-000000000001")
HOME = UUID("5e550000-0000-4000-8000-000000000002")
KEY = UUID("0e1d0000-0000-4000-8000-000000000003")
COMMAND = UUID("c0000000-0000-4000-8000-000000000004")
CALL = UUID("ca110000-0000-4000-8000-000000000005")

OPENING_BELL = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)

UNREADABLE = b'{"envelope": {}, "event": {"order_key": 5}}'

Tables = dict[str, list[tuple[Any, ...]]]  # Any: what the columns hold


@dataclass
class History:
    """Stored events in order, without a store. It is the log that a projector asks for."""

    rows: list[Row] = field(default_factory=list)

    def happened(
        self,
        stream_id: UUID,
        *events: Event,
        at: datetime = OPENING_BELL,
        principal: UUID = ASHA,
        actor: Actor = "user",
        client_name: str | None = None,
        client_version: str | None = None,
    ) -> "History":
        for event in events:
            envelope = Envelope(
                stream_id=stream_id,
                version=self._next_version(stream_id),
                recorded_at=at,
                principal=principal,
                actor=actor,
                command_id=COMMAND,
                correlation_id=CALL,
                previous_hash=NO_HASH,
                client_name=client_name,
                client_version=client_version,
            )
            self.stored(stream_id, *CATALOG.encode(event, envelope))
        return self

    def stored(self, stream_id: UUID, name: str, state: bytes) -> "History":
        """A row as it is, readable or not."""
        version = self._next_version(stream_id)
        self.rows.append(Row(stream_id, version, name, state, len(self.rows) + 1))
        return self

    def log(self, after: int, limit: int) -> Sequence[Row]:
        return self.rows[after : after + limit]

    def __call__(self, after: int, limit: int) -> Sequence[Recorded | Undecodable]:
        return DecodedLog(self, CATALOG)(after, limit)  # type: ignore[arg-type]  # of a store it asks only `log`

    def append_to(self, store: Store) -> None:
        """Store it all, one append per event."""
        for row in self.rows:
            store.append(Append([row]))

    def _next_version(self, stream_id: UUID) -> int:
        return 1 + sum(row.stream_id == stream_id for row in self.rows)


def fold(projector: Projector, *, batch_size: int = 500) -> None:
    """Bring every projection up to the end of its log."""
    for name in projector.projections:
        while projector.step(name, batch_size):
            pass


def tables(engine: Engine) -> Tables:
    """Every row of every projection, in an order that does not depend on the database."""
    with engine.connect().execution_options(reading=True) as connection:
        return {
            table.name: sorted(_rows(connection, table), key=repr)
            for projection in PROJECTIONS.values()
            for table in projection.tables
        }


def _rows(connection: Connection, table: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(select(table))]
