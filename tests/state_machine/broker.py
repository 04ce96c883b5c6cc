"""The simulation's broker without its dice: each call ends as the story says."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Final, Literal, NamedTuple
from uuid import UUID

from msgspec.structs import replace as replace_struct

from application.ports.broker import (
    AcceptedLogin,
    Access,
    BrokerDown,
    LoginExpired,
    LoginRefused,
    Secrets,
)
from application.ports.broker_orders import (
    LOGIN_EXPIRED,
    BrokerOrder,
    Declined,
    OrderTicket,
    Written,
)
from application.ports.egress import DIRECT, Egress
from domain.events import OrderRejected, Outcome
from domain.instants import IST, trading_day
from domain.vocabulary import BrokerName, OrderStatus, OrderTerms
from tests.fakes.broker import ScriptedBroker
from tests.simulation.broker import Placed, SimulatedBroker
from tests.simulation.scheduler import Crash, Scheduler

Ending = Literal[
    "yes", "no", "never sent", "lost", "no answer", "dies unsent", "dies before", "dies after"
]
"""How a call ends. `lost`: it never came there, and nobody heard so. `dies ...`: our process does,
before the dispatch is on record, before the call took effect, or after it."""
TAKEN: Final = ("yes", "no answer", "dies after")
_ON_PAPER: Final = ("yes", "no", "dies unsent", "dies before")
LATE: Final = timedelta(seconds=60)
_ORDER: Final = {"never sent": 0.05, "no": 0.15, "lost": 0.25, "no answer": 0.4}
_CHANGE: Final = {"no": 0.1, "never sent": 0.1, "lost": 0.2, "no answer": 0.4}
_FAULTS: Final = 0.5


def on_paper(ending: Ending) -> Ending:
    """Nothing gets lost on the way to paper: its book is our own log."""
    return ending if ending in _ON_PAPER else "yes"


class Dice(Random):
    """Dice that show what they were told to."""

    shows = 1.0
    lag = 0

    def random(self) -> float:
        return self.shows

    def choice(self, seq: object) -> object:  # type: ignore[override]  # only lags are drawn
        return self.lag


class Token(NamedTuple):
    """What was given out at one login: whose it is, and what it is good for."""

    principal: UUID
    account_id: str
    expires_at: datetime


class StoryBroker(SimulatedBroker):
    """`kite` takes any login of `accounts`, until 06:00 IST; `paper` takes everybody."""

    def __init__(self, scheduler: Scheduler, name: BrokerName) -> None:
        self._dice = Dice(0)
        super().__init__(scheduler, self._dice)
        if name == "paper":
            ScriptedBroker.__init__(self, "paper")
        self._at = scheduler
        self.ending: Ending = "yes"
        self.late = False
        self.is_down = False
        self.refuses_logins = False
        self.tokens: dict[str, Token] = {}
        self.dead: set[str] = set()
        self.filled: dict[str, int] = {}
        self._days: dict[str, date] = {}

    def log_in(self, credentials: Secrets, now: datetime, egress: Egress = DIRECT) -> AcceptedLogin:
        if self.refuses_logins:
            raise LoginRefused("TOKEN_REFUSED", "It was refused.")
        account, token = credentials["account"], f"canary-{len(self.tokens)}-token"
        expires_at = next_six(now)
        principal = UUID(credentials["principal"])
        self.tokens[token] = Token(principal, account, expires_at)
        return AcceptedLogin(
            account_id=account,
            account_name=account,
            secrets=Secrets({"api_key": "canary-key", "access_token": token}),
            expires_at=expires_at,
        )

    def log_out(self, access: Access) -> None:
        self.dead.add(access.secrets["access_token"])

    def takes(self, token: str) -> bool:
        return token not in self.dead and self._at.now < self.tokens[token].expires_at

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        if self._is_refused(access):
            return OrderRejected(order_key=ticket.order_key, code=LOGIN_EXPIRED, reason="It ended.")
        with_own = replace(access, account_id=self._account(access))
        self._load(_ORDER)
        if self.ending == "dies before":
            self.watch(with_own, ticket)
            raise Crash
        answer = super().place(with_own, ticket, now)
        if self.ending == "dies after":
            raise Crash
        return answer

    def _take(self, access: Access, ticket: OrderTicket) -> Placed:
        self._dice.lag = int(LATE.total_seconds()) if self.late else 0
        placed = super()._take(access, ticket)
        self._days[placed.broker_order_id] = trading_day(self._at.now)
        return placed

    def _change(self, access: Access, broker_order_id: str, terms: OrderTerms | None) -> Written:
        if self._is_refused(access):
            return Declined(code=LOGIN_EXPIRED, reason="It ended.")
        with_own = replace(access, account_id=self._account(access))
        self._load(_CHANGE)
        if self.ending == "dies before":
            self.watch_change(with_own, broker_order_id)
            raise Crash
        answer = super()._change(with_own, broker_order_id, terms)
        if self.ending == "dies after":
            raise Crash
        return answer

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        """Of this day only, as real books are."""
        if self._is_refused(access):
            raise LoginExpired
        if self.is_down:
            raise BrokerDown("no answer")
        self._dice.shows, self.faults = 1.0, 0.0
        rows = super().orders(replace(access, account_id=self._account(access)), now)
        return tuple(self._as_it_is(row) for row in rows if self.is_of_today(row.broker_order_id))

    def is_of_today(self, broker_order_id: str) -> bool:
        return self._days[broker_order_id] == trading_day(self._at.now)

    def shows(self, placed: Placed) -> bool:
        return placed.visible_at <= self._at.now and self.is_of_today(placed.broker_order_id)

    def status_of(self, placed: Placed) -> tuple[OrderStatus, int]:
        """As its book says it, and how many shares are filled."""
        filled = self.filled.get(placed.broker_order_id, 0)
        return ("PARTIAL" if placed.status == "OPEN" and filled else placed.status), filled

    def _as_it_is(self, row: BrokerOrder) -> BrokerOrder:
        [placed] = [p for p in self.placed if p.broker_order_id == row.broker_order_id]
        status, filled = self.status_of(placed)
        pending = row.sighting.pending_shares - filled if placed.status == "OPEN" else 0
        sighting = replace_struct(
            row.sighting,
            status=status,
            raw_status=status,
            filled_shares=filled,
            pending_shares=pending,
        )
        return replace(row, sighting=sighting)

    def _account(self, access: Access) -> str:
        return access.account_id if self.needs_login else f"PAPER {access.principal}"

    def _is_refused(self, access: Access) -> bool:
        return self.needs_login and not self.takes(access.secrets["access_token"])

    def _load(self, shows: dict[str, float]) -> None:
        self._dice.shows, self.faults = shows.get(self.ending, 0.9), _FAULTS


def next_six(now: datetime) -> datetime:
    """The next 06:00 in India, when logins end."""
    here = now.astimezone(IST)
    six = here.replace(hour=6, minute=0, second=0, microsecond=0)
    return (six if here < six else six + timedelta(days=1)).astimezone(now.tzinfo)
