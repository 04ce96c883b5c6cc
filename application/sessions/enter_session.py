"""Find the caller's session, or open it: nobody needs to know that sessions exist."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from application.ports.activity import Activity
from application.ports.clock import Clock
from application.ports.event_store import EventStore
from application.ports.login_states import LoginStates
from application.ports.vault import Vault
from application.sessions.forget_logins import forget_logins, forget_logins_under_way
from application.writer import Context, Loaded, Writer
from domain import session as sessions
from domain.errors import InvalidArgument, SessionLimitReached
from domain.events import Event
from domain.session import TradingSession, expire_session, fold, open_session
from domain.streams import session_stream

MAX_LABEL_CHARACTERS = 64


@dataclass(frozen=True, kw_only=True)
class SessionLife:
    """How long sessions live. `flush_interval` is how late a use may reach the disk."""

    ttl: timedelta
    max_age: timedelta

    @property
    def flush_interval(self) -> timedelta:
        return min(timedelta(seconds=5), self.ttl / 10)

    @property
    def idle_after(self) -> timedelta:
        """The time to live, and twice the flush interval for uses that are not on disk yet."""
        return self.ttl + 2 * self.flush_interval


@dataclass(frozen=True)
class Entered:
    """The caller's open session, as it stands in the log."""

    session_id: UUID
    loaded: Loaded

    @property
    def session(self) -> TradingSession:
        session = fold(self.loaded.events)
        assert session is not None, "an entered session exists"
        return session

    @property
    def created_at(self) -> datetime:
        return self.loaded.recorded[0].envelope.recorded_at


@dataclass(frozen=True, kw_only=True)
class EnterSession:
    writer: Writer
    store: EventStore
    activity: Activity
    vault: Vault
    login_states: LoginStates
    clock: Clock
    life: SessionLife
    make_room: Callable[[], int]
    """Ends what is due, and says how much that was: asked before anybody is turned away."""

    def __call__(self, context: Context, label: str) -> Entered:
        """Answer with the open session of this principal and label; open the first or the next.

        Raises:
            InvalidArgument: the label is empty or too long.
            SessionLimitReached: a new one would be one too many. Nothing was stored.
        """
        check_label(label)
        try:
            return self._enter(context, label)
        except SessionLimitReached:
            if not self.make_room():
                raise
            return self._enter(context, label)

    def _enter(self, context: Context, label: str) -> Entered:
        generation = max(1, self.store.latest_generation(context.principal, label))
        previous: Loaded | None = None
        while True:
            stream_id = session_stream(context.principal, label, generation)
            loaded = self.writer.load(stream_id)
            session = fold(loaded.events)
            if session is None:
                return self._open(context, label, generation, previous, loaded)
            if not session.ended and not self._expiry(loaded, session):
                self.activity.touch(stream_id, self.clock.now())
                return Entered(stream_id, loaded)
            previous, generation = loaded, generation + 1

    def _open(
        self,
        context: Context,
        label: str,
        generation: int,
        previous: Loaded | None,
        fresh: Loaded,
    ) -> Entered:
        """Append the first fact of a session and, if it is due, the last one of its predecessor.

        When someone else opened it meanwhile, theirs is the session. When the predecessor proves
        to be in use after all, it stays the session.
        """

        def decision(streams: Sequence[Loaded]) -> Sequence[Sequence[Event]]:
            last: list[Event] = []
            predecessor: tuple[UUID, TradingSession] | None = None
            if len(streams) == 2 and (before := fold(streams[1].events)) is not None:
                last = list(self._expiry(streams[1], before))
                for fact in last:
                    before = sessions.evolve(before, fact)
                if not before.ended:
                    return [[]] * len(streams)
                predecessor = (streams[1].stream_id, before)
            if streams[0].version:
                return [[]] * len(streams)
            first: list[Event] = list(
                open_session(
                    label=label,
                    generation=generation,
                    now=self.clock.now(),
                    max_age=self.life.max_age,
                    predecessor=predecessor,
                )
            )
            return [first, last][: len(streams)]

        streams = [fresh] if previous is None else [fresh, previous]
        written = self.writer.decide(
            context,
            [s.stream_id for s in streams],
            decision,
            loaded=streams,
        )
        if not written.streams[0].version:
            return self._enter(context, label)
        if previous is not None:
            now = self.clock.now()
            forget_logins(self.writer, self.vault, now, context.principal, previous.stream_id)
            forget_logins_under_way(self.login_states, context.principal, previous.stream_id)
        self.activity.touch(fresh.stream_id, self.clock.now())
        return Entered(fresh.stream_id, written.streams[0])

    def _expiry(self, loaded: Loaded, session: TradingSession) -> list[Event]:
        now = self.clock.now()
        last_used = loaded.last_recorded_at
        if now - last_used >= self.life.ttl:
            last_used = max(last_used, self.activity.last(loaded.stream_id) or last_used)
        return list(
            expire_session(
                session, now=now, last_activity_at=last_used, idle_after=self.life.idle_after
            )
        )


@dataclass(frozen=True, kw_only=True)
class CloseSession:
    """End a session that is due, or one that an operator wants gone; forget its secrets."""

    writer: Writer
    activity: Activity
    vault: Vault
    login_states: LoginStates
    clock: Clock
    life: SessionLife

    def expire_if_due(self, context: Context, session_id: UUID) -> bool:
        """Store `SessionExpired` if its time is over; say whether it was."""

        def decision(loaded: Loaded) -> list[Event]:
            session = fold(loaded.events)
            if session is None:
                return []
            last_used = max(
                loaded.last_recorded_at, self.activity.last(session_id) or loaded.last_recorded_at
            )
            return list(
                expire_session(
                    session,
                    now=self.clock.now(),
                    last_activity_at=last_used,
                    idle_after=self.life.idle_after,
                )
            )

        return self._close(context, session_id, decision)

    def end(self, context: Context, session_id: UUID, reason: str) -> bool:
        """Store `SessionEnded`; say whether it was open until now."""

        def decision(loaded: Loaded) -> list[Event]:
            session = fold(loaded.events)
            return list(sessions.end_session(session, reason)) if session else []

        return self._close(context, session_id, decision)

    def _close(
        self, context: Context, session_id: UUID, decision: Callable[[Loaded], list[Event]]
    ) -> bool:
        written = self.writer.decide(context, [session_id], lambda s: [decision(s[0])])
        if written.position is None:
            return False
        forget_logins(self.writer, self.vault, self.clock.now(), context.principal, session_id)
        forget_logins_under_way(self.login_states, context.principal, session_id)
        return True


def check_label(label: str) -> str:
    """Raises:
    InvalidArgument: not 1 to 64 printable characters.
    """
    if not 0 < len(label) <= MAX_LABEL_CHARACTERS or not label.isprintable():
        raise InvalidArgument(
            f"A session label has 1 to {MAX_LABEL_CHARACTERS} printable characters. Next: choose "
            "a shorter one in ?session= or --session."
        )
    return label
