"""Find out what became of orders: at the start, from time to time, after a login, before the day
of a book is over. Nothing here ever sends anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from application.orders.adopt import Adopt
from application.orders.close_stale import close_stale
from application.orders.judging import RECENT_SESSIONS
from application.orders.observe import observe_book, read_book
from application.ports.broker import Access, BrokerDown, Brokers, LoginExpired, reason
from application.ports.clock import Clock, Ids
from application.ports.egress import Egresses
from application.ports.vault import HeldLogin, Vault
from application.sessions.broker_access import Admission, Admit, login_has_ended
from application.writer import Context, Writer
from domain.absence import DAY_OVER_ELSEWHERE
from domain.errors import BrokerUnavailable
from domain.events import BrokerAuthenticated
from domain.instants import IST, trading_day
from domain.order_reports import UNSETTLED
from domain.session import BrokerLogin
from domain.vocabulary import BrokerName

IN_DOUBT: Final = timedelta(seconds=5)
OPEN: Final = timedelta(seconds=20)
AFTER_THE_DAY: Final = timedelta(minutes=10)
IDLE: Final = timedelta(minutes=15)
"""How often an account's book is read: while an order is freshly in doubt; while one is open, or
long in doubt; while one is open after hours; else, also where an order is of an earlier day."""
FRESH: Final = timedelta(minutes=10)
AGAIN: Final = timedelta(minutes=1)
"""Until the next try, at most, where an account was never seen yet."""


class OpenRow(Protocol):
    """One open or unsettled order of anybody's, as the projection shows it."""

    @property
    def principal(self) -> UUID: ...
    @property
    def session_id(self) -> UUID: ...
    @property
    def broker(self) -> BrokerName: ...
    @property
    def state(self) -> str: ...
    @property
    def requested_at(self) -> datetime: ...
    @property
    def open_changes(self) -> int: ...


class OpenOrders(Protocol):
    def __call__(self) -> Iterable[OpenRow]:
        """Everybody's open and unsettled orders. Too many are harmless: each is looked up again."""
        ...


@dataclass(frozen=True, kw_only=True)
class Look:
    """One account to be looked at, by one login. Sessions are those with open orders there, and
    `pause` how long after one look the next one is due."""

    principal: UUID
    session_id: UUID
    broker: BrokerName
    version: int
    retired: bool
    sessions: tuple[UUID, ...]
    pause: timedelta

    @property
    def login(self) -> tuple[UUID, str, int]:
        return self.session_id, self.broker, self.version


class Overview(NamedTuple):
    """Logins by which accounts are looked at, and orders of which nobody knows how they ended."""

    accounts: int
    in_doubt: int


@dataclass
class Reconcile:
    """What one process knows of its looks; everything that matters is in the log."""

    open_orders: OpenOrders
    admit: Admit
    adopt: Adopt
    writer: Writer
    vault: Vault
    brokers: Brokers
    egresses: Egresses
    clock: Clock
    ids: Ids
    overview: Overview = field(default_factory=lambda: Overview(0, 0))
    """As of the last time that somebody asked what is due."""
    _seen: set[tuple[UUID, str, int]] = field(default_factory=set)
    """The logins whose account was seen whole, by session, broker and version."""
    _tried: dict[tuple[UUID, str, int], datetime] = field(default_factory=dict)

    def due(self) -> tuple[Look, ...]:
        """The accounts whose book should be read now, the most urgent first.

        Raises:
            StoreUnavailable: the store or the keys are away.
        """
        now = self.clock.now()
        rows = list(self.open_orders())
        looks = [_look_of(held, rows, now) for held in self.vault.held_by_all()]
        doubtful = sum(row.state in UNSETTLED for row in rows)
        held = {look.login for look in looks}
        self.overview = Overview(len(looks), doubtful)
        # Others add to these meanwhile, so what is gone is taken out one by one.
        for login in [login for login in tuple(self._seen) if login not in held]:
            self._seen.discard(login)
        for login in [login for login in tuple(self._tried) if login not in held]:
            self._tried.pop(login, None)
        due = [look for look in looks if self._is_due(look, now)]
        return tuple(sorted(due, key=lambda look: look.pause))

    def close_stale(self) -> int:
        """Settle what can be settled without asking anybody (see `close_stale.py`); say in how many
        sessions.

        Raises:
            StoreUnavailable: the store is away.
        """
        now = self.clock.now()
        owners = {row.session_id: row.principal for row in self.open_orders() if _may_be_stale(row)}
        return sum(
            bool(close_stale(self.writer, self._context(principal), session_id, now))
            for session_id, principal in owners.items()
        )

    def look(self, look: Look) -> None:
        """Read one account's book whole, and store what is new.

        Raises:
            BrokerUnavailable, BrokerLoginRequired, EgressUnavailable: it cannot be read now.
            StoreUnavailable: the store or the keys are away.
        """
        admission = self._admission(look)
        if admission is None:
            return
        self._tried[look.login] = self.clock.now()
        self._see(self._context(look.principal), look.session_id, admission, look.sessions)

    def first_look(self, context: Context, session_id: UUID, admission: Admission) -> None:
        """See `application.orders.place_order.FirstLook`."""
        login = admission.login
        assert login is not None, "whoever needs no login has nothing to look at"
        if (session_id, admission.broker.name, login.credential_version) not in self._seen:
            self._see(context, session_id, admission, ())

    def _see(
        self, context: Context, session_id: UUID, admission: Admission, sessions: tuple[UUID, ...]
    ) -> None:
        broker, login = admission.broker, admission.login
        assert login is not None, "only accounts behind a login are looked at"
        version = login.credential_version
        try:
            book = read_book(admission, self.clock)
        except LoginExpired:
            self.admit.login_is_over(context, session_id, broker.name, login, "broker")
            # Kept for its orders it would be of no use: the broker does not take it any more.
            self.vault.forget(context.principal, session_id, broker.name, version)
            raise login_has_ended(broker) from None
        except BrokerDown as down:
            raise BrokerUnavailable(
                f"{broker.display_name} does not show its order book{reason(down)}, and nothing is "
                "sent before it was seen. Nothing changed. Next: try again in a moment."
            ) from None
        recent = self.writer.store.sessions_of(context.principal)[-RECENT_SESSIONS:]
        for each in dict.fromkeys((*(o.session_id for o in recent), *sessions)):
            observe_book(self.writer, context, each, book)
        self.adopt(context, session_id, admission, login.mode, book)
        self._seen.add((session_id, broker.name, version))
        self._tried[session_id, broker.name, version] = book.read_at

    def _admission(self, look: Look) -> Admission | None:
        """What to ask with: the login of the session, also one that is kept for its orders only.
        `None` while the log does not know it (yet): it may still be refused."""
        broker = self.brokers.get(look.broker)
        accepted = [
            fact
            for fact in self.writer.load(look.session_id).events
            if isinstance(fact, BrokerAuthenticated)
            and (fact.broker, fact.credential_version) == (look.broker, look.version)
        ]
        held = self.vault.get_to_settle(look.principal, look.session_id, look.broker, look.version)
        if broker is None or held is None or not accepted:
            return None
        fact = accepted[-1]
        access = Access(
            principal=look.principal,
            account_id=held[0],
            secrets=held[1],
            egress=self.egresses.of(look.principal, look.broker),
        )
        login = BrokerLogin(
            fact.mode,
            fact.account_fingerprint,
            fact.account_sealed,
            fact.credential_version,
            fact.expires_at,
        )
        return Admission(
            broker=broker, login=login, access=access, account=fact.account_fingerprint
        )

    def _is_due(self, look: Look, now: datetime) -> bool:
        tried = self._tried.get(look.login)
        if tried is None:
            return True
        if look.retired and not look.sessions:
            return False
        pause = look.pause if look.login in self._seen else min(look.pause, AGAIN)
        return now - tried >= pause

    def _context(self, principal: UUID) -> Context:
        return Context(principal=principal, actor="reconciler", correlation_id=self.ids.new())


def _look_of(held: HeldLogin, rows: list[OpenRow], now: datetime) -> Look:
    mine = [r for r in rows if (r.principal, r.broker) == (held.principal, held.broker)]
    return Look(
        principal=held.principal,
        session_id=held.session_id,
        broker=held.broker,
        version=held.version,
        retired=held.retired,
        sessions=tuple(dict.fromkeys(row.session_id for row in mine)),
        pause=min((_pause(row, now) for row in mine), default=IDLE),
    )


def _pause(row: OpenRow, now: datetime) -> timedelta:
    if trading_day(row.requested_at) < trading_day(now):
        return IDLE
    if row.state in UNSETTLED or row.open_changes:
        return IN_DOUBT if now - row.requested_at < FRESH else OPEN
    return AFTER_THE_DAY if now.astimezone(IST).time() >= DAY_OVER_ELSEWHERE else OPEN


def _may_be_stale(row: OpenRow) -> bool:
    return row.state in ("REQUESTED", "DISPATCHED") or bool(row.open_changes)
