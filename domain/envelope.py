"""What is known around each fact: who, when, on whose behalf, through which client, after what."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.events import Event

Actor = Literal["user", "reconciler", "operator", "system"]

NO_HASH = "0" * 64
"""The previous hash of a stream's first event."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
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


@dataclass(frozen=True, slots=True)
class Recorded:
    """One stored event, decoded. `position` is its place in the log, where the reader asked."""

    name: str
    event: Event
    envelope: Envelope
    hash: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A stored event that cannot be read: an unknown name, or bytes that no longer decode."""

    name: str
    stream_id: UUID
    version: int
    position: int
    cause: str
    unknown_name: bool


def digest(stream_id: UUID, version: int, name: str, state: bytes) -> str:
    """SHA-256 over everything that is stored of one event, as 64 hex digits."""
    link = hashlib.sha256()
    link.update(stream_id.bytes)
    link.update(version.to_bytes(8, "big"))
    link.update(name.encode() + b"\0")
    link.update(state)
    return link.hexdigest()
