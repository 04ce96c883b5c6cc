"""The log of what happened: rows in, rows out. Nobody but `application/writer.py` appends."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.envelope import Row as Row


class Guard(NamedTuple):
    """A stream that must still be at this version when the writer's lock is held."""

    stream_id: UUID
    version: int


class Opened(NamedTuple):
    """A session that an append opens, for the directory of sessions."""

    principal: UUID
    label: str
    generation: int
    session_id: UUID


class Append(NamedTuple):
    """All or nothing: rows of one or more streams, and what must hold when they go in.

    `opened` and `closed` move the counter of active sessions in the same transaction.
    """

    rows: Sequence[Row]
    guards: Sequence[Guard] = ()
    opened: Sequence[Opened] = ()
    closed: int = 0


class Conflict(Exception):
    """Someone else wrote to one of the streams, or a guard no longer holds. Nothing was stored
    by this attempt; an earlier attempt of the same command may have been."""


class EventStore(Protocol):
    """Every method raises `StoreUnavailable` (a Refusal) when the database is away."""

    def read(self, stream_id: UUID) -> Sequence[Row]:
        """The whole stream, oldest first; empty when it does not exist."""
        ...

    def append(self, append: Append) -> int:
        """Store everything or nothing; answer with the position of the last row.

        Raises:
            Conflict: see there.
            SessionLimitReached: more sessions would be active than MAX_SESSIONS allows.
        """
        ...

    def position_of(self, stream_id: UUID, version: int) -> int | None: ...

    def head(self) -> int:
        """The position of the newest event, 0 in an empty log."""
        ...

    def log(self, after: int, limit: int) -> Sequence[Row]:
        """Up to `limit` rows behind position `after`, in order, without gaps left to fill."""
        ...

    def names(self) -> frozenset[str]:
        """Every event name that occurs in the log."""
        ...

    def latest_generation(self, principal: UUID, label: str) -> int:
        """The newest session under this label, 0 when there never was one."""
        ...

    def sessions_of(self, principal: UUID) -> Sequence[Opened]:
        """Every session that this principal ever had, oldest first."""
        ...

    def active_sessions(self) -> int: ...
