"""What is known around each fact: who, when, on whose behalf, through which client, after what."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from domain.events import Event

Actor = Literal["user", "reconciler", "operator", "system"]

NO_HASH = "0" * 64
"""The previous hash of a stream's first event."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Stored beside every event, the same from the first version on.

    `command_id` lets a writer recognise its own event after a lost acknowledgement.
    `previous_hash` is the digest of the stream's event before this one.
    """

    stream_id: UUID
    version: int
    recorded_at: datetime
    principal: UUID
    actor: Actor
    command_id: UUID
    correlation_id: UUID
    previous_hash: str
    causation_id: UUID | None = None
    client_name: str | None = None
    client_version: str | None = None
    trace_id: str | None = None


class Row(msgspec.Struct, frozen=True, gc=False):
    """One stored event as bytes. `position` is its place in the log where the store knows it."""

    stream_id: UUID
    version: int
    name: str
    state: bytes
    position: int | None = None


class Recorded(msgspec.Struct, eq=False, gc=False):
    """One stored event, decoded: `name` is the stored name that its type has today.

    A fold needs only `event`, so the envelope and the hash are worked out when they are asked for.
    """

    name: str
    event: Event
    row: Row
    raw_envelope: msgspec.Raw
    _envelope: Envelope | None = None
    _hash: str | None = None

    @property
    def position(self) -> int | None:
        """Its place in the log, where the reader asked for it."""
        return self.row.position

    @property
    def envelope(self) -> Envelope:
        if self._envelope is None:
            self._envelope = _ENVELOPES.decode(self.raw_envelope)
        return self._envelope

    @property
    def hash(self) -> str:
        """The digest of the row as it is stored."""
        if self._hash is None:
            self._hash = digest(self.row)
        return self._hash


_ENVELOPES: Final = msgspec.json.Decoder(Envelope)


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A stored event that cannot be read: an unknown name, or bytes that no longer decode."""

    name: str
    stream_id: UUID
    version: int
    position: int
    cause: str
    unknown_name: bool


def digest(row: Row) -> str:
    """SHA-256 over everything that is stored of one event, as 64 hex digits."""
    link = hashlib.sha256()
    link.update(row.stream_id.bytes)
    link.update(row.version.to_bytes(8, "big"))
    link.update(row.name.encode() + b"\0")
    link.update(row.state)
    return link.hexdigest()
