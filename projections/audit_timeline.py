"""What was done, in order, one line per event, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table

from domain.envelope import Recorded
from domain.instants import as_text, from_text
from projections.summaries import summary, words
from projections.tables import audit_timeline
from projections.upsert import write_rows

name: Final = "audit_timeline_v2"
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
        "words": words(recorded.event),
    }


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One event, as the timeline shows it. `words` were written by a broker or a person."""

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
    words: str | None


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
        words=row.words,
    )
