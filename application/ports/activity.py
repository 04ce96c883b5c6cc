"""When each session was last used. Not an event: it is kept beside the log and only rises."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Activity(Protocol):
    def touch(self, session_id: UUID, at: datetime) -> None:
        """Remember a use; it reaches the disk within the flush interval."""
        ...

    def last(self, session_id: UUID) -> datetime | None:
        """The latest use that this process knows of, from memory and disk."""
        ...
