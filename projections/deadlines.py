"""What will be over, and when: sessions by idleness and by age, logins by the broker's clock."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table, delete, select, tuple_

from domain import events as e
from domain.envelope import Recorded
from domain.instants import as_text
from projections.tables import deadlines
from projections.upsert import write_rows

name: Final = "deadlines"
tables: Final[tuple[Table, ...]] = (deadlines,)

AGE: Final = "age"
USED: Final = "used"


def fold(connection: Connection, batch: Sequence[Recorded]) -> None:
    """The last word of a batch on each (session, kind) counts: a row, or no row."""
    facts = [r for r in batch if isinstance(r.event, e.SessionEvent)]
    alive = _alive(connection, facts)
    last: dict[tuple[UUID, str], dict[str, Any] | None] = {}
    over: set[UUID] = set()
    for recorded in facts:
        envelope, event = recorded.envelope, recorded.event
        session_id = envelope.stream_id
        if session_id in over or session_id not in alive:
            continue  # a late outcome of a session that has ended

        def at(kind: str, instant: str, who: Recorded = recorded) -> None:
            last[who.envelope.stream_id, kind] = {
                "session_id": who.envelope.stream_id,
                "kind": kind,
                "principal": who.envelope.principal,
                "at": instant,
            }

        at(USED, as_text(envelope.recorded_at))
        match event:
            case e.SessionCreated():
                at(AGE, as_text(event.ends_at))
            case e.BrokerAuthenticated(broker=broker):
                if event.expires_at:
                    at(broker, as_text(event.expires_at))
                else:
                    last[session_id, broker] = None
            case e.BrokerAuthenticationExpired(broker=broker) | e.BrokerLoggedOut(broker=broker):
                last[session_id, broker] = None
            case e.SessionExpired() | e.SessionEnded():
                over.add(session_id)
            case _:
                pass
    _write(connection, last, over)


def _alive(connection: Connection, facts: Sequence[Recorded]) -> set[UUID]:
    """The sessions that these facts are about, less those that ended before this batch."""
    created = {r.envelope.stream_id for r in facts if isinstance(r.event, e.SessionCreated)}
    older = {r.envelope.stream_id for r in facts} - created
    if not older:
        return created
    found = connection.execute(
        select(deadlines.c.session_id).where(
            deadlines.c.kind == AGE, deadlines.c.session_id.in_(older)
        )
    )
    return created | set(found.scalars())


def _write(
    connection: Connection,
    last: dict[tuple[UUID, str], dict[str, Any] | None],
    over: set[UUID],
) -> None:
    if over:
        connection.execute(delete(deadlines).where(deadlines.c.session_id.in_(over)))
    gone = [key for key, row in last.items() if row is None and key[0] not in over]
    if gone:
        key = tuple_(deadlines.c.session_id, deadlines.c.kind)
        connection.execute(delete(deadlines).where(key.in_(gone)))
    write_rows(
        connection, deadlines, [row for key, row in last.items() if row and key[0] not in over]
    )
