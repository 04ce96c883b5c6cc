"""What happened, as the log hands it to a projector; and the tables that come of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from msgspec.structs import replace
from sqlalchemy import Connection, Engine, select

from application.log import DecodedLog
from application.ports.event_store import Append, Row
from domain import events as e
from domain.catalog import CATALOG
from domain.envelope import NO_HASH, Actor, Envelope, Recorded, Undecodable
from domain.events import Event
from projections.projector import PROJECTIONS, Projector
from tests.domain import facts
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


def a_busy_morning(history: History, *, sessions: int) -> History:
    """Several people's sessions, interleaved: logins, orders with every kind of end, late facts."""
    streams = [uuid5(WORK, str(number)) for number in range(sessions)]
    people = [ASHA, RAVI]

    def everywhere(minute: int, *events: Event, every: int = 1, but: int = 0) -> None:
        for number, stream in enumerate(streams):
            if number % every == but:
                at = OPENING_BELL + timedelta(minutes=minute, seconds=number)
                history.happened(stream, *events, at=at, principal=people[number % 2])

    for number, stream in enumerate(streams):
        created = replace(facts.CREATED, label=f"label {number}")
        history.happened(stream, created, principal=people[number % 2])
    everywhere(1, facts.login(expires_at=OPENING_BELL + timedelta(hours=20)))
    everywhere(1, e.BrokerSelected(broker="kite"))
    everywhere(2, facts.REQUESTED, facts.DISPATCHED, every=2)
    everywhere(3, facts.PLACED, every=4)
    everywhere(3, facts.UNKNOWN, every=4, but=2)
    everywhere(4, facts.observed(facts.PARTIAL), every=4)
    everywhere(5, e.SessionEnded(reason="done"), every=3)
    everywhere(6, facts.observed(facts.FILLED), every=4)
    everywhere(7, e.BrokerLoggedOut(broker="kite"), every=5)
    return history
