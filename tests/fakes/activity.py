"""Last uses in a dictionary, without a flush to wait for."""

from datetime import datetime
from uuid import UUID


class MemoryActivity:
    def __init__(self) -> None:
        self._last: dict[UUID, datetime] = {}

    def touch(self, session_id: UUID, at: datetime) -> None:
        self._last[session_id] = max(at, self._last.get(session_id, at))

    def last(self, session_id: UUID) -> datetime | None:
        return self._last.get(session_id)

    def lose_everything(self) -> None:
        """What a crash does to uses that had not reached the disk."""
        self._last.clear()
