"""Placing, changing and cancelling orders.

By default the market is open around the clock; with market hours kept it takes regular orders
while it is open, and after-market orders while it is not. Orders are never deduplicated by tag,
because Kite does not do it either.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from domain.instants import IST
from infrastructure.simulator.exchange.accounts import Account
from infrastructure.simulator.exchange.books import AcceptedOrder, Books, Write, found
from infrastructure.simulator.exchange.checks import check_holdings, check_terms, money_to_block
from infrastructure.simulator.exchange.matching import (
    cancel,
    first_working_status,
    start_working,
    work_on,
)
from infrastructure.simulator.exchange.orders import Order, OrderRequest
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.hours import MarketHours
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.prices import has_expired

MOST_MODIFICATIONS = 25
MOST_SLICES = 10


class Trading(Books):
    """Takes orders for many accounts; every call names the account it is for."""

    def __init__(self, seed: int, now: Callable[[], datetime], hours: MarketHours) -> None:
        super().__init__(seed, now, hours)
        # A new start counts on from the second of the day: no id is ever given twice in a day.
        midnight = now().astimezone(IST).replace(hour=0, minute=0, second=0, microsecond=0)
        self._numbers = count((now() - midnight) // timedelta(seconds=1) * 1000 + 1)

    def place(self, broker: str, user: str, request: OrderRequest) -> str:
        """Take one order; return its id. It may be turned down later, as a row of the book.

        Raises:
            Refused: there is no order.
        """
        with self._looking(broker, user) as (account, now):
            return self._place(account, request, now)

    def place_sliced(
        self, broker: str, user: str, request: OrderRequest
    ) -> tuple[str | Refused, ...]:
        """Take an order in slices that the exchange's freeze quantity allows; each stands alone.

        Raises:
            Refused: not listed, or more than ten slices.
        """
        instrument = self.venue.instrument(request.exchange, request.symbol, self.now())
        most = instrument.freeze_shares or request.quantity_shares
        starts = range(0, request.quantity_shares, most)
        if len(starts) > MOST_SLICES:
            raise Refused("INPUT", f"An order has at most {MOST_SLICES} slices.")
        placed: list[str | Refused] = []
        for start in starts:
            shares = min(most, request.quantity_shares - start)
            try:
                placed.append(self.place(broker, user, replace(request, quantity_shares=shares)))
            except Refused as refused:
                placed.append(refused)
        return tuple(placed)

    def modify(
        self,
        broker: str,
        user: str,
        order_id: str,
        change: Callable[[OrderRequest], OrderRequest],
    ) -> None:
        """Replace the terms of a working order; what it has traded stays traded.

        Raises:
            Refused: it is not there, not working any more, or the new terms are no good.
        """
        with self._looking(broker, user) as (account, now):
            check_kill_switch(account)
            order = _working(account, order_id, "modified")
            if order.modifications == MOST_MODIFICATIONS:
                raise Refused("ORDER", "Maximum allowed order modifications exceeded.")
            request = change(order.request)
            instrument = self._checked(request, now)
            left = request.quantity_shares - order.filled_shares
            if left <= 0:
                raise Refused("INPUT", "Quantity cannot be less than what is filled already.")
            del account.working[order_id]  # what it blocks is free for its successor
            try:
                rest = replace(request, quantity_shares=left)
                check_holdings(account, rest, instrument)
                blocked = money_to_block(
                    account, rest, instrument, self.venue.last(instrument, now)
                )
            except Refused:
                account.working[order_id] = order
                raise
            changed = replace(
                order,
                request=request,
                blocked_inr=blocked,
                at=now,
                modifications=order.modifications + 1,
            )
            if order.status != "AMO REQ RECEIVED" and (
                request.order_type != order.request.order_type
            ):
                changed = replace(changed, status=first_working_status(request))
            self._note(account, "modify", order_id, now)
            work_on(self.venue, account, changed, now)

    def cancel(self, broker: str, user: str, order_id: str) -> None:
        """Raises: Refused: it is not there, or not working any more."""
        with self._looking(broker, user) as (account, now):
            order = _working(account, order_id, "cancelled")
            self._note(account, "cancel", order_id, now)
            cancel(account, order, now)

    def exit_all(self, broker: str, user: str) -> None:
        """Cancel what works and close every open position at market.

        Raises:
            Refused: a position could not be closed; those before it were.
        """
        with self._looking(broker, user) as (account, now):
            self._note(account, "exit_all", user, now)
            for order in list(account.working.values()):
                cancel(account, order, now)
            for position in list(account.positions.values()):
                if position.net_shares and not has_expired(position.instrument, now):
                    closing = OrderRequest(
                        exchange=position.instrument.exchange,
                        symbol=position.symbol,
                        side="SELL" if position.net_shares > 0 else "BUY",
                        quantity_shares=abs(position.net_shares),
                        product=position.product,
                        order_type="MARKET",
                    )
                    self._place(account, closing, now)

    def _place(self, account: Account, request: OrderRequest, at: datetime) -> str:
        check_kill_switch(account)
        instrument = self._checked(request, at)
        works_from = self._works_from(request, at)
        self.venue.must_trade(instrument, works_from or at)
        blocked = money_to_block(account, request, instrument, self.venue.last(instrument, at))
        number = next(self._numbers)
        order = Order(
            order_id=f"{at.astimezone(IST):%y%m%d}{number:09d}",
            request=request,
            status="PUT ORDER REQ RECEIVED",
            at=at,
            placed_at=at,
            works_from=works_from,
        )
        self._accept(account, order)
        account.step(order)
        account.step(replace(order, status="VALIDATION PENDING"))
        try:
            check_holdings(account, request, instrument)
        except Refused as refused:
            # The brokers answer with an id first and turn such an order down in the book.
            account.step(replace(order, status="REJECTED", status_message=refused.message))
            return order.order_id
        order = replace(order, exchange_order_id=f"1300{number:012d}", blocked_inr=blocked)
        if works_from is None:
            start_working(self.venue, account, order, at)
        else:
            account.step(replace(order, status="AMO REQ RECEIVED"))
        return order.order_id

    def _checked(self, request: OrderRequest, at: datetime) -> Instrument:
        instrument = self.venue.instrument(request.exchange, request.symbol, at)
        self.venue.must_trade(instrument, at)
        check_terms(request, instrument, self.venue.day_range(instrument, at))
        return instrument

    def _works_from(self, request: OrderRequest, at: datetime) -> datetime | None:
        """When an order that is taken at `at` enters the market; `None`: at once."""
        if not self.hours.kept:
            return None
        is_open = self.hours.is_open(request.exchange, at)
        if request.variety != "amo" and not is_open:
            raise Refused(
                "MARKET_CLOSED",
                "Markets are closed right now. Place an after market order (AMO) instead.",
            )
        if request.variety == "amo" and is_open:
            raise Refused("INPUT", "After market orders are taken while the market is closed.")
        return None if is_open else self.hours.next_open(request.exchange, at)

    def _accept(self, account: Account, order: Order) -> None:
        self._accepted.append(
            AcceptedOrder(
                broker=account.broker,
                user=account.user,
                order_id=order.order_id,
                request=order.request,
                at=order.at,
            )
        )
        self._note(account, "place", order.order_id, order.at)

    def _note(self, account: Account, action: str, of: str, at: datetime) -> None:
        self._writes.append(
            Write(broker=account.broker, user=account.user, action=action, id=of, at=at)
        )


def check_kill_switch(account: Account) -> None:
    """Raises: Refused: this account trades no more today."""
    if account.kill_switch:
        raise Refused("KILL_SWITCH", "Trading is switched off for this account today.")


def _working(account: Account, order_id: str, verb: str) -> Order:
    order = found(account, order_id)
    if not order.is_working:
        raise Refused("ORDER", f"Order cannot be {verb} as it is {order.status.lower()}.")
    return order
