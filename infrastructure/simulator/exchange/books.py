"""What can be read of the simulated exchange, account by account.

Nothing runs in the background: an account catches up with the clock whenever someone looks at it.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import RLock

from infrastructure.simulator.exchange.accounts import (
    Account,
    Funds,
    Holding,
    Liquidity,
    seeded_holdings,
)
from infrastructure.simulator.exchange.days import catch_up
from infrastructure.simulator.exchange.gtt import Gtt
from infrastructure.simulator.exchange.orders import Fill, Order, OrderRequest, end_of_trading_day
from infrastructure.simulator.exchange.positions import Position
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.exchange.venue import Venue
from infrastructure.simulator.market.hours import MarketHours

OPENING_CASH_INR = Decimal(1_000_000)


@dataclass(frozen=True, kw_only=True)
class AcceptedOrder:
    """A line of the wire log: an order that came into existence, whatever its sender learned."""

    broker: str
    user: str
    order_id: str
    request: OrderRequest
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Write:
    """A line of the wire log: something that was done, such as `cancel`, and to what."""

    broker: str
    user: str
    action: str
    id: str
    at: datetime


class Books:
    """Accounts under one lock. Safe to use from many threads; every call names its account."""

    def __init__(self, seed: int, now: Callable[[], datetime], hours: MarketHours) -> None:
        self.seed = seed
        self.now = now
        self.hours = hours
        self.venue = Venue(seed=seed, hours=hours)
        self.book_lag = timedelta(0)
        self._lock = RLock()
        self._accounts: dict[tuple[str, str], Account] = {}
        self._accepted: list[AcceptedOrder] = []
        self._writes: list[Write] = []

    def open_account(
        self, broker: str, user: str, name: str | None = None, cash_inr: Decimal | None = None
    ) -> None:
        """Make the account on first sight; later a given name or opening balance replaces it."""
        with self._lock:
            now = self.now()
            account = self._accounts.get((broker, user))
            if account is None:
                account = self._accounts[broker, user] = Account(
                    broker=broker,
                    user=user,
                    name=user.title(),
                    cash_inr=OPENING_CASH_INR,
                    day_ends_at=end_of_trading_day(now),
                    looked_at=now,
                    holdings=seeded_holdings(self.seed, broker, user, now),
                )
            account.name = account.name if name is None else name
            account.cash_inr = account.cash_inr if cash_inr is None else cash_inr

    def accounts(self) -> tuple[tuple[str, str], ...]:
        """Every (broker, user)."""
        with self._lock:
            return tuple(self._accounts)

    def set_liquidity(self, broker: str, user: str, liquidity: Liquidity | None) -> None:
        """From now on this account's orders fill so; `None`: as the market's depth allows."""
        with self._looking(broker, user) as (account, _):
            account.liquidity = liquidity

    def set_book_lag(self, broker: str, user: str, lag: timedelta) -> None:
        """How long this account's new orders do not show in its book."""
        with self._looking(broker, user) as (account, _):
            account.book_lag = lag

    def account_name(self, broker: str, user: str) -> str:
        with self._looking(broker, user) as (account, _):
            return account.name

    def orders(self, broker: str, user: str) -> tuple[Order, ...]:
        """The day's book, oldest first; what is younger than the book's lag does not show yet."""
        with self._looking(broker, user) as (account, now):
            latest = (steps[-1] for steps in account.steps.values())
            shown = now - max(self.book_lag, account.book_lag)
            return tuple(order for order in latest if order.placed_at <= shown)

    def order_steps(self, broker: str, user: str, order_id: str) -> tuple[Order, ...]:
        """Raises: Refused: this account has no such order today."""
        with self._looking(broker, user) as (account, _):
            found(account, order_id)
            return tuple(account.steps[order_id])

    def fills(self, broker: str, user: str) -> tuple[Fill, ...]:
        """The day's trades, oldest first."""
        with self._looking(broker, user) as (account, _):
            return tuple(account.fills)

    def updates_since(self, broker: str, user: str, cursor: int) -> tuple[tuple[Order, ...], int]:
        """Every step of an order that was written down after `cursor`, and the next cursor.

        Steps of past days are gone. Begin with 0, or with `updates_end` for what is new.
        """
        with self._looking(broker, user) as (account, _):
            first = max(0, cursor - account.forgotten_updates)
            end = account.forgotten_updates + len(account.updates)
            return tuple(account.updates[first:]), end

    def updates_end(self, broker: str, user: str) -> int:
        """The cursor behind all that has happened."""
        return self.updates_since(broker, user, 0)[1]

    def positions(self, broker: str, user: str) -> tuple[Position, ...]:
        with self._looking(broker, user) as (account, _):
            positions = account.positions.values()
            return tuple(replace(p) for p in positions if p.was_touched)

    def holdings(self, broker: str, user: str) -> tuple[Holding, ...]:
        with self._looking(broker, user) as (account, _):
            return account.holding_rows()

    def funds(self, broker: str, user: str) -> Funds:
        with self._looking(broker, user) as (account, _):
            return account.funds()

    def gtts(self, broker: str, user: str) -> tuple[Gtt, ...]:
        """All of them, the settled ones included, oldest first."""
        with self._looking(broker, user) as (account, _):
            return tuple(account.gtts.values())

    def gtt(self, broker: str, user: str, gtt_id: int) -> Gtt:
        """Raises: Refused: this account has no such trigger."""
        with self._looking(broker, user) as (account, _):
            return found_gtt(account, gtt_id)

    def kill_switch(self, broker: str, user: str) -> bool:
        """Whether this account trades no more today."""
        with self._looking(broker, user) as (account, _):
            return account.kill_switch

    def accepted(self) -> tuple[AcceptedOrder, ...]:
        """Every order that ever came into existence here, in order of arrival."""
        with self._lock:
            return tuple(self._accepted)

    def writes(self) -> tuple[Write, ...]:
        """Everything that was ever done here, by somebody or by a trigger of theirs, in order."""
        with self._lock:
            return tuple(self._writes)

    def last_price(self, symbol: str, exchange: str = "NSE") -> Decimal:
        """In INR per share, now. Raises Refused: not listed."""
        now = self.now()
        return self.venue.last(self.venue.instrument(exchange, symbol, now), now)

    @abstractmethod
    def _place(self, account: Account, request: OrderRequest, at: datetime) -> str:
        """Take an order of an account that has caught up to `at`."""

    @contextmanager
    def _looking(self, broker: str, user: str) -> Iterator[tuple[Account, datetime]]:
        """Hold the lock on an account that has caught up with the clock."""
        with self._lock:
            self.open_account(broker, user)
            account, now = self._accounts[broker, user], self.now()
            catch_up(self.venue, account, now, lambda order, at: self._place(account, order, at))
            yield account, now


def found(account: Account, order_id: str) -> Order:
    """Raises: Refused: this account has no such order today."""
    if order_id not in account.steps:
        raise Refused("NOT_FOUND", "Couldn't find that `order_id`.")
    return account.steps[order_id][-1]


def found_gtt(account: Account, gtt_id: int) -> Gtt:
    """Raises: Refused: this account has no such trigger."""
    if gtt_id not in account.gtts:
        raise Refused("NOT_FOUND", "Couldn't find that trigger.")
    return account.gtts[gtt_id]
