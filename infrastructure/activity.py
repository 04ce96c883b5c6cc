"""When each session was last used: kept in memory for seconds, then flushed, only upwards."""

import threading
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from domain.instants import as_text, from_text
from infrastructure.store.engines import reading
from infrastructure.store.refusals import store_errors
from infrastructure.store.schema import activity


class FlushedActivity:
    """Someone must call `flush` every flush interval, and once at the end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pending: dict[UUID, datetime] = {}
        self._lock = threading.Lock()

    def touch(self, session_id: UUID, at: datetime) -> None:
        with self._lock:
            known = self._pending.get(session_id)
            if known is None or at > known:
                self._pending[session_id] = at

    def last(self, session_id: UUID) -> datetime | None:
        with self._lock:  # before the disk: what is no longer pending has been written
            pending = self._pending.get(session_id)
        with store_errors(), reading(self._engine) as connection:
            stored = connection.execute(
                select(activity.c.last_used_at).where(activity.c.session_id == session_id)
            ).scalar()
        known = [t for t in (from_text(stored) if stored else None, pending) if t]
        return max(known, default=None)

    def flush(self) -> int:
        """Write what is pending; say how many sessions. On failure it stays pending."""
        with self._lock:
            taken = dict(self._pending)
        if not taken:
            return 0
        upsert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        statement = upsert(activity)
        newest = statement.excluded.last_used_at
        statement = statement.on_conflict_do_update(
            index_elements=[activity.c.session_id],
            set_={"last_used_at": newest},
            where=activity.c.last_used_at < newest,
        )
        with store_errors(), self._engine.begin() as connection:
            connection.execute(
                statement,
                [
                    {"session_id": session_id, "last_used_at": as_text(at)}
                    for session_id, at in sorted(taken.items())
                ],
            )
        with self._lock:
            for session_id, at in taken.items():
                if self._pending.get(session_id) == at:
                    del self._pending[session_id]
        return len(taken)
