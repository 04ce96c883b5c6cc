"""An event log in memory whose every call is an effect, and whose acknowledgements get lost."""

from collections.abc import Sequence
from random import Random
from uuid import UUID

from application.ports.event_store import Append, Conflict, Opened, Row
from domain.errors import StoreUnavailable
from tests.simulation.scheduler import Scheduler


class SimulatedStore:
    """See `application.ports.event_store.EventStore`."""

    def __init__(self, scheduler: Scheduler, random: Random) -> None:
        self._scheduler = scheduler
        self._random = random
        self.streams: dict[UUID, list[Row]] = {}
        self.rows: list[Row] = []
        self.directory: list[Opened] = []
        self.faults = 0.0
        """How often an append is lost before or after it took effect."""

    def read(self, stream_id: UUID) -> Sequence[Row]:
        self._scheduler.effect("read")
        return list(self.streams.get(stream_id, ()))

    def append(self, append: Append) -> int:
        self._scheduler.effect("append")
        accident = self._random.random() if self.faults else 1.0
        if accident < self.faults / 3:
            raise StoreUnavailable("The event store cannot be reached. Next: try again.")
        position = self._store(append)
        if accident < self.faults * 2 / 3:
            raise Conflict("it was stored the first time")
        if accident < self.faults:
            raise StoreUnavailable("The event store cannot be reached. Next: try again.")
        self._scheduler.effect("appended")
        return position

    def _store(self, append: Append) -> int:
        for guard in append.guards:
            if len(self.streams.get(guard.stream_id, ())) != guard.version:
                raise Conflict("a guarded stream has moved on")
        expected: dict[UUID, int] = {}
        for row in append.rows:
            before = expected.get(row.stream_id, len(self.streams.get(row.stream_id, ())))
            if row.version <= before:
                raise Conflict("a stream has moved on")
            assert row.version == before + 1, "a writer left a gap"
            expected[row.stream_id] = row.version
        named = {o[:3] for o in self.directory}
        if any(o[:3] in named for o in append.opened):
            raise Conflict("that session has been opened already")
        self.directory += append.opened
        for row in append.rows:
            placed = Row(row.stream_id, row.version, row.name, row.state, len(self.rows) + 1)
            self.rows.append(placed)
            self.streams.setdefault(row.stream_id, []).append(placed)
        return len(self.rows)

    def position_of(self, stream_id: UUID, version: int) -> int | None:
        rows = self.streams.get(stream_id, [])
        return rows[version - 1].position if 0 < version <= len(rows) else None

    def head(self) -> int:
        return len(self.rows)

    def log(self, after: int, limit: int) -> Sequence[Row]:
        return self.rows[after : after + limit]

    def names(self) -> frozenset[str]:
        return frozenset(row.name for row in self.rows)

    def latest_generation(self, principal: UUID, label: str) -> int:
        mine = [
            o.generation for o in self.directory if (o.principal, o.label) == (principal, label)
        ]
        return max(mine, default=0)

    def sessions_of(self, principal: UUID) -> Sequence[Opened]:
        return [opened for opened in self.directory if opened.principal == principal]

    def active_sessions(self) -> int:
        return len(self.directory)
