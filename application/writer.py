"""Load, decide, store: the only way into the event log.

A decision is made again when someone else wrote first, up to ten times, under the same command
id. A fact that has already happened outside is recorded at the head until it is in.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from application.ports.clock import Clock, Ids
from application.ports.event_store import Append, Conflict, EventStore, Guard, Opened
from domain.catalog import Catalog
from domain.envelope import NO_HASH, Actor, Envelope, Recorded, Row
from domain.errors import Busy, SessionNotFound, StoreUnavailable
from domain.events import Event, SessionCreated, SessionEnded, SessionExpired

ATTEMPTS: Final = 10
NOBODY: Final = UUID(int=0)
"""The principal in the envelopes of streams that belong to no single person."""
PATIENCE_SECONDS: Final = 30.0
"""How long a fact that already happened keeps trying to get into a store that is away."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """On whose behalf, and through what. `correlation_id` is the same for all that one call did."""

    principal: UUID
    actor: Actor
    correlation_id: UUID
    causation_id: UUID | None = None
    client_name: str | None = None
    client_version: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stream as it was read: all its events, and the hash that the next one must name."""

    stream_id: UUID
    recorded: tuple[Recorded, ...]

    @property
    def version(self) -> int:
        return len(self.recorded)

    @property
    def hash(self) -> str:
        return self.recorded[-1].hash if self.recorded else NO_HASH

    @property
    def events(self) -> Iterable[Event]:
        return (r.event for r in self.recorded)

    @property
    def last_recorded_at(self) -> datetime:
        return self.recorded[-1].envelope.recorded_at


Decision = Callable[[Sequence[Loaded]], Sequence[Sequence[Event]]]
"""From streams as they are to new events for each of them, in the same order. May refuse."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a decision came to. `position` is `None` when there was nothing to store."""

    position: int | None
    streams: tuple[Loaded, ...]


@dataclass(frozen=True, kw_only=True)
class Writer:
    store: EventStore
    clock: Clock
    ids: Ids
    catalog: Catalog
    appended: Callable[[int], None] = lambda position: None
    """Told of each position stored, to wake the projector."""

    def load(self, stream_id: UUID) -> Loaded:
        """Read and decode a whole stream; an empty one has version 0."""
        return Loaded(stream_id, tuple(map(self.catalog.read, self.store.read(stream_id))))

    def head_of(self, stream: Loaded) -> int:
        """The place in the log of the newest event of a stream as it was read; 0 for none."""
        return self.store.position_of(stream.stream_id, stream.version) or 0

    def decide(
        self,
        context: Context,
        streams: Sequence[UUID],
        decision: Decision,
        *,
        loaded: Sequence[Loaded] | None = None,
        shared: Collection[UUID] = (),
    ) -> Written:
        """Load, decide, store all or nothing. `loaded` saves the first load.

        A stream that the decision looked at and adds nothing to becomes a guard: its version is
        checked again inside the writer's lock. Streams in `shared` belong to nobody in particular.

        Raises:
            Refusal: the decision's own, or the store's. Busy: ten conflicts in a row.
                Nothing was stored.
        """
        current = list(loaded) if loaded is not None else [self.load(s) for s in streams]
        return self._attempt(context, self.ids.new(), current, decision, shared)

    def _attempt(
        self,
        context: Context,
        command_id: UUID,
        current: Sequence[Loaded],
        decision: Decision,
        shared: Collection[UUID] = (),
    ) -> Written:
        for stream in current:
            if stream.stream_id not in shared:
                _must_belong_to(context.principal, stream)
        for attempt in range(ATTEMPTS):
            new = decision(current)
            if not any(new):
                return Written(None, tuple(current))
            rows, after = self._rows(context, command_id, current, new, shared)
            try:
                position = self.store.append(
                    Append(
                        rows,
                        [
                            Guard(stream.stream_id, stream.version)
                            for stream, events in zip(current, new, strict=True)
                            if not events
                        ],
                        *_session_traffic(context, current, new),
                    )
                )
            except Conflict:
                current = [self.load(stream.stream_id) for stream in current]
                if mine := self._already_stored(command_id, current):
                    return mine
                self.clock.sleep(0.001 * 2**attempt if attempt > 2 else 0)
                continue
            self.appended(position)
            return Written(position, tuple(after))
        raise Busy("Others kept writing at the same time; nothing was stored. Next: call again.")

    def record(
        self,
        context: Context,
        streams: Sequence[UUID],
        decision: Decision,
        *,
        shared: Collection[UUID] = (),
    ) -> Written:
        """Store what has happened already, at the head of the streams, whatever else is there.

        Every try bears the same command id, so one that was stored before the store went away is
        recognised when it is back.

        Raises:
            StoreUnavailable: the store stayed away for half a minute.
        """
        command_id = self.ids.new()
        waited = 0.0
        while True:
            try:
                current = [self.load(stream_id) for stream_id in streams]
                return self._already_stored(command_id, current) or self._attempt(
                    context, command_id, current, decision, shared
                )
            except Busy:
                continue
            except StoreUnavailable:
                if waited >= PATIENCE_SECONDS:
                    raise
                self.clock.sleep(0.5)
                waited += 0.5

    def _rows(
        self,
        context: Context,
        command_id: UUID,
        current: Sequence[Loaded],
        new: Sequence[Sequence[Event]],
        shared: Collection[UUID],
    ) -> tuple[list[Row], list[Loaded]]:
        now = self.clock.now()
        rows: list[Row] = []
        after: list[Loaded] = []
        for stream, events in zip(current, new, strict=True):
            head, recorded = stream.hash, list(stream.recorded)
            for version, event in enumerate(events, start=stream.version + 1):
                envelope = Envelope(
                    stream_id=stream.stream_id,
                    version=version,
                    recorded_at=now,
                    principal=NOBODY if stream.stream_id in shared else context.principal,
                    actor=context.actor,
                    command_id=command_id,
                    correlation_id=context.correlation_id,
                    previous_hash=head,
                    causation_id=context.causation_id,
                    client_name=context.client_name,
                    client_version=context.client_version,
                    trace_id=context.trace_id,
                )
                name, state = self.catalog.encode(event, envelope)
                row = Row(stream.stream_id, version, name, state)
                recorded.append(self.catalog.read(row))
                rows.append(row)
                head = recorded[-1].hash
            after.append(Loaded(stream.stream_id, tuple(recorded)))
        return rows, after

    def _already_stored(self, command_id: UUID, current: Sequence[Loaded]) -> Written | None:
        """After a lost acknowledgement the conflict is with ourselves."""
        mine = [r for s in current for r in s.recorded if r.envelope.command_id == command_id]
        if not mine:
            return None
        positions = [
            self.store.position_of(r.envelope.stream_id, r.envelope.version) or 0 for r in mine
        ]
        self.appended(max(positions))
        return Written(max(positions), tuple(current))


def _must_belong_to(principal: UUID, stream: Loaded) -> None:
    """Stream ids are made from the principal, so this cannot happen; if it does, nothing is
    written into another person's history.

    Raises:
        SessionNotFound: the stream is somebody else's.
    """
    if stream.recorded and stream.recorded[0].envelope.principal != principal:
        raise SessionNotFound("There is no such session of yours. Next: get_session_info().")


def _session_traffic(
    context: Context, current: Sequence[Loaded], new: Sequence[Sequence[Event]]
) -> tuple[list[Opened], int]:
    opened: list[Opened] = []
    closed = 0
    for stream, events in zip(current, new, strict=True):
        for event in events:
            if isinstance(event, SessionCreated):
                opened.append(
                    Opened(context.principal, event.label, event.generation, stream.stream_id)
                )
            elif isinstance(event, SessionExpired | SessionEnded):
                closed += 1
    return opened, closed
