"""An event log in memory with the contract of the real ones, and the accidents that befall them.

Accidents are queued with `on_next_append` and its shorthands; each one happens to one append.
"""

import threading
from collections.abc import Callable, Sequence
from uuid import UUID

from application.ports.event_store import Append, Conflict, Guard, Opened, Row
from domain.errors import SessionLimitReached, StoreUnavailable


class MemoryEventStore:
    def __init__(self, *, max_sessions: int = 1000) -> None:
        self.max_sessions = max_sessions
        self.attempts: list[Append] = []
        """Every append that was asked for, stored or not."""
        self.is_away: Callable[[], bool] = lambda: False
        self._rows: list[Row] = []
        self._directory: list[Opened] = []
        self._active = 0
        self._before: list[Callable[[], object]] = []
        self._after: list[Callable[[], object]] = []
        self._lock = threading.RLock()

    # Accidents

    def on_next_append(self, happens: Callable[[], object]) -> None:
        """Run this just before the next append takes effect, outside the lock: it may append
        itself (and then meets the accident queued behind this one), wait, or raise."""
        self._before.append(happens)

    def conflict(self, times: int = 1) -> None:
        """Refuse the next appends, as if somebody had written the same version first."""
        for _ in range(times):
            self.on_next_append(lambda: _raise(Conflict("injected")))

    def lose_acknowledgement(self, answer: Exception | None = None) -> None:
        """Store the next append, and still answer with an error: a Conflict by default, as when
        a library sends it a second time over a new connection."""
        self._after.append(lambda: _raise(answer or Conflict("it was stored the first time")))

    # The port

    def read(self, stream_id: UUID) -> Sequence[Row]:
        self._must_be_there()
        with self._lock:
            return [_placed(row, None) for row in self._of(stream_id)]

    def append(self, append: Append) -> int:
        self.attempts.append(append)
        self._next_accident(self._before)
        self._must_be_there()
        position = self.store(append)
        self._next_accident(self._after)
        return position

    def position_of(self, stream_id: UUID, version: int) -> int | None:
        self._must_be_there()
        with self._lock:
            return next((r.position for r in self._of(stream_id) if r.version == version), None)

    def head(self) -> int:
        self._must_be_there()
        return len(self._rows)

    def log(self, after: int, limit: int) -> Sequence[Row]:
        self._must_be_there()
        with self._lock:
            return self._rows[after : after + limit]

    def names(self) -> frozenset[str]:
        self._must_be_there()
        with self._lock:
            return frozenset(row.name for row in self._rows)

    def latest_generation(self, principal: UUID, label: str) -> int:
        self._must_be_there()
        with self._lock:
            mine = [o for o in self._directory if (o.principal, o.label) == (principal, label)]
        return max((o.generation for o in mine), default=0)

    def sessions_of(self, principal: UUID) -> Sequence[Opened]:
        self._must_be_there()
        with self._lock:
            return [opened for opened in self._directory if opened.principal == principal]

    def all_sessions(self) -> Sequence[Opened]:
        """Everybody's, for what stands in for a projection."""
        with self._lock:
            return list(self._directory)

    def active_sessions(self) -> int:
        self._must_be_there()
        return self._active

    # Inside

    def store(self, append: Append) -> int:
        """The append itself, out of reach of accidents. Like the databases it hears of a conflict
        before it hears of the limit."""
        with self._lock:
            for guard in append.guards:
                if guard != self._head_of(guard.stream_id):
                    raise Conflict(f"stream {guard.stream_id} has moved on")
            named = {(o.principal, o.label, o.generation) for o in self._directory}
            if any((o.principal, o.label, o.generation) in named for o in append.opened):
                raise Conflict("that session has been opened already")
            expected = {row.stream_id: self._head_of(row.stream_id).version for row in append.rows}
            for row in append.rows:
                expected[row.stream_id] += 1
                if row.version < expected[row.stream_id]:
                    raise Conflict(f"stream {row.stream_id} has version {row.version} already")
                assert row.version == expected[row.stream_id], "a writer left a gap in a stream"
            change = len(append.opened) - append.closed
            if change > 0 and self._active + change > self.max_sessions:
                raise SessionLimitReached(f"All {self.max_sessions} sessions are in use.")
            self._active += change
            self._directory += append.opened
            for row in append.rows:
                self._rows.append(_placed(row, len(self._rows) + 1))
            return len(self._rows)

    def _next_accident(self, queue: list[Callable[[], object]]) -> None:
        with self._lock:
            accident = queue.pop(0) if queue else None
        if accident:
            accident()

    def _of(self, stream_id: UUID) -> list[Row]:
        return [row for row in self._rows if row.stream_id == stream_id]

    def _head_of(self, stream_id: UUID) -> Guard:
        return Guard(stream_id, len(self._of(stream_id)))

    def _must_be_there(self) -> None:
        if self.is_away():
            raise StoreUnavailable("The event store cannot be reached. Next: try again.")


def _placed(row: Row, position: int | None) -> Row:
    return Row(row.stream_id, row.version, row.name, row.state, position)


def _raise(error: Exception) -> None:
    raise error
