"""End what is due: sessions nobody used, sessions too old, broker logins past their clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from application.ports.clock import Clock, Ids
from application.sessions.enter_session import CloseSession
from application.sessions.forget_logins import forget_logins
from application.writer import Context, Loaded, Writer
from domain.errors import KeyStoreUnavailable, Refusal
from domain.events import Event
from domain.session import Due, expire_login, fold
from domain.vocabulary import BrokerName


class Swept(NamedTuple):
    """How many sessions and logins ended, and which could not be ended, with the error's name."""

    ended: int
    failed: tuple[tuple[UUID, str], ...]


class Deadlines(Protocol):
    def due(self, now: datetime, idle_after: timedelta) -> Iterable[Due]:
        """What may be over at `now`. Too much is harmless: every one is checked again."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sweep:
    deadlines: Deadlines
    close: CloseSession
    writer: Writer
    clock: Clock
    ids: Ids

    def __call__(self, *, only_logins: bool = False) -> Swept:
        """End everything that is due. One session that cannot be ended keeps no other alive.
        `only_logins`: those past the broker's clock, and no session.

        Raises:
            StoreUnavailable: nothing can be ended now.
        """
        ended, failed = 0, list[tuple[UUID, str]]()
        now = self.clock.now()
        for due in self.deadlines.due(now, self.close.life.idle_after):
            if only_logins and due.broker is None:
                continue
            context = Context(
                principal=due.principal, actor="system", correlation_id=self.ids.new()
            )
            try:
                if due.broker is None:
                    ended += self.close.expire_if_due(context, due.session_id)
                else:
                    ended += self._expire_login(context, due.session_id, due.broker, now)
            except KeyStoreUnavailable as e:  # it has ended; its keys go with the next clean-up
                failed.append((due.session_id, type(e).__name__))
            except Refusal:
                raise
            except Exception as e:  # noqa: BLE001 - a damaged row
                failed.append((due.session_id, type(e).__name__))
        return Swept(ended, tuple(failed))

    def _expire_login(
        self, context: Context, session_id: UUID, broker: BrokerName, now: datetime
    ) -> bool:
        def decision(loaded: Loaded) -> list[Event]:
            session = fold(loaded.events)
            login = session.logins.get(broker) if session and not session.ended else None
            if session is None or login is None or not login.expires_at or login.expires_at > now:
                return []
            return list(expire_login(session, broker, "clock", login.credential_version))

        written = self.writer.decide(context, [session_id], lambda s: [decision(s[0])])
        if written.position is None:
            return False
        forget_logins(self.writer, self.close.vault, now, context.principal, session_id)
        return True
