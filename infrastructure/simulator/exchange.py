"""The one exchange behind every simulated broker.

It is open around the clock, it has no other participants, and every order fills whole. Nothing
runs in the background: an account catches up with the clock whenever someone looks at it. Orders
are never deduplicated by tag, because Kite does not do it either.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from threading import RLock

from domain.instants import IST
from infrastructure.simulator.accounts import Account, Funds, Holding, Position, seeded_holdings
from infrastructure.simulator.matching import (
    Refused,
    cancel,
    catch_up,
    check_holdings,
    check_tradable,
    convert,
    margin_needed,
    start_working,
)
from infrastructure.simulator.orders import (
    Fill,
    Order,
    OrderRequest,
    Product,
    Status,
    end_of_trading_day,
)
from infrastructure.simulator.prices import price

OPENING_CASH_INR = Decimal(1_000_000)


@dataclass(frozen=True, kw_only=True)
class AcceptedOrder:
    """A line of the wire log: an order that came into existence, whatever its sender learned."""

    broker: str
    user: str
    order_id: str
    request: OrderRequest
    at: datetime


class Exchange:
    """Takes orders for many accounts; every call names the account it is for.

    `seed` decides prices and first holdings, `now` is the clock. Safe to use from many threads.
    """

    def __init__(self, seed: int, now: Callable[[], datetime]) -> None:
        self.seed = seed
        self.now = now
        self.book_lag = timedelta(0)
        self._lock = RLock()
        self._accounts: dict[tuple[str, str], Account] = {}
        self._accepted: list[AcceptedOrder] = []
        # A new start counts on from the second of the day: no id is ever given twice in a day.
        midnight = now().astimezone(IST).replace(hour=0, minute=0, second=0, microsecond=0)
        self._numbers = count((now() - midnight) // timedelta(seconds=1) * 1000 + 1)

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

    def account_name(self, broker: str, user: str) -> str:
        with self._looking(broker, user) as (account, _):
            return account.name

    def place(self, broker: str, user: str, request: OrderRequest) -> str:
        """Take one order; return its id. It may be turned down later, as a row of the book.

        Raises:
            Refused: there is no order.
        """
        with self._looking(broker, user) as (account, now):
            check_tradable(request)
            blocked = margin_needed(self.seed, account, request, now)
            number = next(self._numbers)
            order = Order(
                order_id=f"{now.astimezone(IST):%y%m%d}{number:09d}",
                request=request,
                status="PUT ORDER REQ RECEIVED",
                at=now,
                placed_at=now,
            )
            self._accepted.append(
                AcceptedOrder(
                    broker=broker, user=user, order_id=order.order_id, request=request, at=now
                )
            )
            account.step(order)
            account.step(replace(order, status="VALIDATION PENDING"))
            try:
                check_holdings(account, request)
            except Refused as refused:
                # The brokers answer with an id first and turn such an order down in the book.
                account.step(replace(order, status="REJECTED", status_message=refused.message))
                return order.order_id
            order = replace(order, exchange_order_id=f"1300{number:012d}", blocked_inr=blocked)
            account.step(replace(order, status="OPEN PENDING"))
            order = replace(order, status=_first_working_status(request))
            start_working(self.seed, account, order, now)
            return order.order_id

    def modify(
        self,
        broker: str,
        user: str,
        order_id: str,
        change: Callable[[OrderRequest], OrderRequest],
    ) -> None:
        """Replace the terms of a working order.

        Raises:
            Refused: it is not there, not working any more, or the new terms are no good.
        """
        with self._looking(broker, user) as (account, now):
            order = _working(account, order_id, "modified")
            request = change(order.request)
            check_tradable(request)
            del account.working[order_id]  # what it blocks is free for its successor
            try:
                check_holdings(account, request)
                blocked = margin_needed(self.seed, account, request, now)
            except Refused:
                account.working[order_id] = order
                raise
            changed = replace(order, request=request, blocked_inr=blocked, at=now, modified=True)
            if request.order_type != order.request.order_type:
                changed = replace(changed, status=_first_working_status(request))
            start_working(self.seed, account, changed, now)

    def cancel(self, broker: str, user: str, order_id: str) -> None:
        """Raises: Refused: it is not there, or not working any more."""
        with self._looking(broker, user) as (account, now):
            cancel(account, _working(account, order_id, "cancelled"), now)

    def convert(self, broker: str, user: str, symbol: str, source: Product, shares: int) -> None:
        """Move shares of an open position from `source` to the other product.

        Raises:
            Refused: the position is as it was.
        """
        with self._looking(broker, user) as (account, _):
            convert(account, symbol, source, shares)

    def orders(self, broker: str, user: str) -> tuple[Order, ...]:
        """The day's book, oldest first; what is younger than `book_lag` does not show yet."""
        with self._looking(broker, user) as (account, now):
            latest = (steps[-1] for steps in account.steps.values())
            return tuple(order for order in latest if order.placed_at <= now - self.book_lag)

    def order_steps(self, broker: str, user: str, order_id: str) -> tuple[Order, ...]:
        """Raises: Refused: this account has no such order today."""
        with self._looking(broker, user) as (account, _):
            _find(account, order_id)
            return tuple(account.steps[order_id])

    def fills(self, broker: str, user: str) -> tuple[Fill, ...]:
        with self._looking(broker, user) as (account, _):
            return tuple(account.fills)

    def positions(self, broker: str, user: str) -> tuple[Position, ...]:
        with self._looking(broker, user) as (account, _):
            return tuple(replace(position) for position in account.positions.values())

    def holdings(self, broker: str, user: str) -> tuple[Holding, ...]:
        with self._looking(broker, user) as (account, _):
            return account.holding_rows()

    def funds(self, broker: str, user: str) -> Funds:
        with self._looking(broker, user) as (account, _):
            return account.funds()

    def accepted(self) -> tuple[AcceptedOrder, ...]:
        """Every order that ever came into existence here, in order of arrival."""
        with self._lock:
            return tuple(self._accepted)

    def last_price(self, symbol: str) -> Decimal:
        """In INR per share, now. Raises KeyError: no such share."""
        return price(self.seed, symbol, self.now())

    @contextmanager
    def _looking(self, broker: str, user: str) -> Iterator[tuple[Account, datetime]]:
        """Hold the lock on an account that has caught up with the clock."""
        with self._lock:
            self.open_account(broker, user)
            account, now = self._accounts[broker, user], self.now()
            catch_up(self.seed, account, now)
            yield account, now


def _first_working_status(request: OrderRequest) -> Status:
    return "TRIGGER PENDING" if request.order_type in ("SL", "SL-M") else "OPEN"


def _find(account: Account, order_id: str) -> Order:
    if order_id not in account.steps:
        raise Refused("NOT_FOUND", "Couldn't find that `order_id`.")
    return account.steps[order_id][-1]


def _working(account: Account, order_id: str, verb: str) -> Order:
    order = _find(account, order_id)
    if not order.is_working:
        raise Refused("ORDER", f"Order cannot be {verb} as it is {order.status.lower()}.")
    return order
