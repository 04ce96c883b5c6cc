"""When each session was last used: kept in memory for seconds, then flushed, only upwards."""

import threading
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from domain.instants import as_text, from_text
from infrastructure.store.refusals import store_unavailable
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
        try:
            with self._engine.connect().execution_options(reading=True) as connection:
                stored = connection.execute(
                    select(activity.c.last_used_at).where(activity.c.session_id == session_id)
                ).scalar()
        except SQLAlchemyError as e:
            raise store_unavailable(e) from e
        with self._lock:
            pending = self._pending.get(session_id)
        known = [t for t in (from_text(stored) if stored else None, pending) if t]
        return max(known, default=None)

    def flush(self) -> int:
        """Write what is pending; say how many sessions. On failure it stays pending."""
        with self._lock:
            taken, self._pending = self._pending, {}
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
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    statement,
                    [
                        {"session_id": session_id, "last_used_at": as_text(at)}
                        for session_id, at in sorted(taken.items())
                    ],
                )
        except SQLAlchemyError as e:
            for session_id, at in taken.items():
                self.touch(session_id, at)
            raise store_unavailable(e) from e
        return len(taken)
