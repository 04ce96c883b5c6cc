"""What must be true, in the words of the documentation: people, sessions, logins, switches, limits.

Written without the product's own decisions and folds, so that an error has to be made twice to stay
unseen. It is told how each call at the broker ended, and predicts what the caller is answered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from domain.instants import IST
from domain.vocabulary import BrokerName, ChangeKind, OrderTerms
from tests.simulation.broker import Placed
from tests.state_machine.broker import StoryBroker, next_six

TTL: Final = timedelta(days=1)
IDLE_AFTER: Final = TTL + timedelta(seconds=10)
MAX_AGE: Final = timedelta(days=7)
SETTLED: Final = ("FILLED", "CANCELLED", "EXPIRED", "REJECTED")
LIMITS: Final = {
    "max_order_value_inr": 12_000,
    "max_value_per_day_inr": 20_000,
    "max_orders_per_day": 6,
    "max_orders_per_second": 2,
    "max_orders_per_minute": 4,
    "duplicate_window_seconds": 30,
    "max_unknown_open": 1,
}


class No(Exception):
    """It is refused with this code and, where a limit forbids it, by this rule."""

    def __init__(self, code: str, rule: str | None = None) -> None:
        super().__init__(code, rule)
        self.answer = ("refused", code, rule)


class Died(Exception):
    """The process ended in the middle: nobody was answered."""


class Account(NamedTuple):
    broker: BrokerName
    name: str


@dataclass
class Login:
    account: Account
    token: str
    expires_at: datetime


@dataclass
class Session:
    who: UUID
    label: str
    generation: int
    ends_at: datetime
    active: BrokerName | None
    touched: datetime
    login: Login | None = None
    ended: str | None = None


@dataclass
class Change:
    key: str
    kind: ChangeKind
    terms: OrderTerms | None
    before: OrderTerms
    asked_at: datetime
    state: str = "REQUESTED"
    caller: Session | None = None

    @property
    def is_open(self) -> bool:
        return self.state not in ("ACCEPTED", "REJECTED")

    def in_doubt(self, now: datetime) -> bool:
        return _in_doubt(self.state, self.asked_at, now)


@dataclass
class Order:
    """`there` is the truth at the broker; `seen` its status and filled shares, as we know them."""

    session: Session
    key: str
    account: Account
    terms: OrderTerms
    asked_for: OrderTerms
    asked_at: datetime
    token: str | None
    state: str = "REQUESTED"
    code: str | None = None
    broker_id: str | None = None
    there: Placed | None = None
    seen: tuple[str, int] | None = None
    changes: list[Change] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        over = self.seen is not None and self.seen[0] in SETTLED
        return not over and self.state not in ("REJECTED", "ABSENT")

    def in_doubt(self, now: datetime) -> bool:
        return _in_doubt(self.state, self.asked_at, now)


@dataclass
class Proposal:
    id: str
    session: Session
    key: str
    account: Account
    terms: OrderTerms
    expires_at: datetime
    change_key: str | None
    answer: str | None = None
    denial: No | None = None
    """What a limit said when the yes came: the yes is used up all the same."""

    def judged(self, judge: Callable[[], None]) -> None:
        try:
            judge()
        except No as no:
            self.answer, self.denial = "yes", no
            raise


@dataclass
class Taken:
    """From the limits of a day."""

    day: date
    key: str
    change_key: str | None
    at: datetime
    looks_like: object
    value: Decimal
    released: bool = False


class People:
    """Everything but orders."""

    def __init__(self, now: Callable[[], datetime], kite: StoryBroker, paper: StoryBroker) -> None:
        self._now = now
        self.kite, self.paper = kite, paper
        self.sessions: list[Session] = []
        self.pinned: dict[UUID, str] = {}
        self.halted: set[object] = set()
        self.limits: dict[UUID, dict[str, int]] = {}
        self.taken: dict[UUID, list[Taken]] = {}
        self.seen_whole: set[str] = set()
        """Tokens by which this process has seen the whole book."""
        self.last_fact: dict[tuple[UUID, str, int], datetime] = {}
        """When each session's newest fact was stored, before the call at hand."""

    @property
    def now(self) -> datetime:
        return self._now()

    @property
    def today(self) -> date:
        return self.now.astimezone(IST).date()

    # Sessions

    def enter(self, who: UUID, label: str) -> Session:
        mine = [s for s in self.sessions if (s.who, s.label) == (who, label)]
        last = mine[-1] if mine else None
        carried: BrokerName | None = None
        if last is not None:
            self._expire(last)
            if not last.ended:
                last.touched = self.now
                return last
            carried = last.active if last.ended == "age" else None
        fresh = Session(
            who=who,
            label=label,
            generation=len(mine) + 1,
            ends_at=self.now + MAX_AGE,
            active=carried,
            touched=self.now,
        )
        self.sessions.append(fresh)
        return fresh

    def _expire(self, session: Session) -> None:
        name = (session.who, session.label, session.generation)
        idle = max(session.touched, self.last_fact[name]) + IDLE_AFTER
        if not session.ended and self.now >= min(idle, session.ends_at):
            session.ended = "age" if session.ends_at < idle else "idle"

    def must_be_open(self, session: Session) -> None:
        if session.ended or self.now >= session.ends_at:
            raise No("SESSION_EXPIRED")

    # Logins

    def log_in(self, who: UUID, label: str, account: str, token: str, relink: bool) -> None:
        session = self.enter(who, label)
        if self.kite.refuses_logins:
            raise No("BROKER_LOGIN_FAILED")
        if self.pinned.get(who, account) != account and not relink:
            raise No("ACCOUNT_DIFFERS")
        self.pinned[who] = account
        session.login = Login(Account("kite", account), token, next_six(self.now))
        session.active = session.active or "kite"

    def admit(self, session: Session, named: BrokerName | None) -> tuple[Account, Login | None]:
        self.must_be_open(session)
        broker = named or session.active
        if broker is None:
            raise No("NO_ACTIVE_BROKER")
        if broker == "paper":
            return Account("paper", str(session.who)), None
        login = session.login
        if login is None or self.now >= login.expires_at:
            session.login = None
            raise No("BROKER_LOGIN_REQUIRED")
        return login.account, login

    # Switches and limits

    def must_not_be_halted(self, who: UUID, account: Account) -> None:
        if self.halted & {"everybody", who, account}:
            raise No("TRADING_HALTED")

    def limit(self, who: UUID, name: str) -> int:
        return self.limits.get(who, {}).get(name, LIMITS[name])

    def judge(
        self, who: UUID, account: Account, terms: OrderTerms, unknown: int, held: Decimal | None
    ) -> None:
        """`held`: what a modified order is worth before; `None` for a new order."""
        value, now = worth(terms), self.now
        today = [t for t in self.taken.get(who, []) if t.day == self.today]
        if value > self.limit(who, "max_order_value_inr"):
            raise No("ORDER_DENIED", "order_value")
        if held is None:
            window = timedelta(seconds=self.limit(who, "duplicate_window_seconds"))
            alike = looks_like(account, terms)
            same = [t for t in today if t.looks_like == alike and not t.released]
            if window and any(t.at > now - window for t in same):
                raise No("ORDER_DENIED", "duplicate")
            if unknown >= self.limit(who, "max_unknown_open"):
                raise No("ORDER_DENIED", "unknown_open")
        for seconds, name in ((1, "second"), (60, "minute"), (86_400 * 2, "day")):
            recent = [t for t in today if t.at > now - timedelta(seconds=seconds)]
            if len(recent) >= self.limit(who, f"max_orders_per_{name}"):
                raise No("ORDER_DENIED", f"orders_per_{name}")
        adds = value - (held or 0)
        if adds > 0 and self.value_today(who) + adds > self.limit(who, "max_value_per_day_inr"):
            raise No("ORDER_DENIED", "value_per_day")

    def value_today(self, who: UUID) -> Decimal:
        held = [t for t in self.taken.get(who, []) if t.day == self.today and not t.released]
        return sum((t.value for t in held), Decimal(0))

    def take(
        self, who: UUID, order: Order, terms: OrderTerms, change_key: str | None, value: Decimal
    ) -> None:
        alike = looks_like(order.account, terms)
        taken = Taken(self.today, order.key, change_key, self.now, alike, value)
        self.taken.setdefault(who, []).append(taken)

    def give_back(self, who: UUID, key: str, change_key: str | None = None) -> None:
        for taken in self.taken.get(who, []):
            if (taken.key, taken.change_key) == (key, change_key):
                taken.released = True


def worth(terms: OrderTerms) -> Decimal:
    assert terms.limit_price_inr is not None, "every order of a story has a limit price"
    return terms.limit_price_inr * terms.quantity_shares


def looks_like(account: Account, terms: OrderTerms) -> object:
    return account, terms


def _in_doubt(state: str, asked_at: datetime, now: datetime) -> bool:
    """A call ends within a minute of the last instant at which it may be made."""
    dead = now > asked_at + timedelta(seconds=10 + 60)
    return state == "UNKNOWN" or (state == "DISPATCHED" and dead)
