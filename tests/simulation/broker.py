"""A broker without any protection against doubles, which loses answers and shows orders late."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from application.ports.broker import AcceptedLogin, Access, BrokerDown, Secrets
from application.ports.broker_orders import (
    Accepted,
    BrokerOrder,
    Declined,
    OrderTicket,
    Unproven,
    Written,
)
from application.ports.egress import DIRECT, Egress
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected, Outcome
from domain.vocabulary import OrderSighting, OrderStatus, OrderTerms
from tests.fakes.broker import ScriptedBroker
from tests.simulation.scheduler import Scheduler

LAGS: Final = (0, 0, 0, 8, 60, 600)
"""Seconds until an order shows in the book."""


@dataclass
class Placed:
    """One order as it is at the broker."""

    account_id: str
    broker_order_id: str
    tags: tuple[str, ...]
    terms: OrderTerms
    visible_at: datetime
    status: OrderStatus = "OPEN"
    changes: int = 0


class SimulatedBroker(ScriptedBroker):
    """`watch` is told of each order call before it takes effect, and asserts."""

    def __init__(self, scheduler: Scheduler, random: Random) -> None:
        super().__init__("kite", needs_login=True, mode="SIMULATED")
        self._scheduler = scheduler
        self._random = random
        self.placed: list[Placed] = []
        self.faults = 0.0
        self.watch: Callable[[Access, OrderTicket], None] = lambda access, ticket: None
        self.watch_change: Callable[[Access, str], None] = lambda access, order_id: None

    def log_in(self, credentials: Secrets, now: datetime, egress: Egress = DIRECT) -> AcceptedLogin:
        account = credentials["account"]
        return AcceptedLogin(
            account_id=account,
            account_name=account,
            secrets=Secrets({"api_key": "key", "access_token": f"token of {account}"}),
            expires_at=None,
        )

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        key = ticket.order_key
        self.watch(access, ticket)
        self._scheduler.effect("place")
        accident = self._random.random() if self.faults else 1.0
        if accident < self.faults * 0.2:
            return OrderRejected(
                order_key=key, code="NEVER_SENT", reason="No connection.", reached_broker=False
            )
        if accident < self.faults * 0.4:
            return OrderRejected(order_key=key, code="NO_MONEY", reason="Not enough money.")
        if accident < self.faults * 0.6:
            self._scheduler.effect("lost on its way")
            return OrderOutcomeUnknown(order_key=key, cause="no answer")
        placed = self._take(access, ticket)
        self._scheduler.effect("placed")
        if accident < self.faults:
            return OrderOutcomeUnknown(order_key=key, cause="no answer")
        return OrderPlaced(
            order_key=key, broker_order_id=placed.broker_order_id, placed_at=self._scheduler.now
        )

    def _take(self, access: Access, ticket: OrderTicket) -> Placed:
        late = timedelta(seconds=self._random.choice(LAGS) if self.faults else 0)
        placed = Placed(
            account_id=access.account_id,
            broker_order_id=f"B{len(self.placed) + 1}",
            tags=(ticket.broker_tag,),
            terms=ticket.terms,
            visible_at=self._scheduler.now + late,
        )
        self.placed.append(placed)
        return placed

    def modify(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        return self._change(access, broker_order_id, terms)

    def cancel(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        return self._change(access, broker_order_id, None)

    def _change(self, access: Access, broker_order_id: str, terms: OrderTerms | None) -> Written:
        self.watch_change(access, broker_order_id)
        self._scheduler.effect("change")
        accident = self._random.random() if self.faults else 1.0
        if accident < self.faults * 0.3:
            return Declined(code="REFUSED", reason="Not now.")
        if accident < self.faults * 0.6:
            return Unproven(cause="no answer")
        mine = [
            p
            for p in self.placed
            if (p.account_id, p.broker_order_id) == (access.account_id, broker_order_id)
        ]
        if not mine or mine[0].status != "OPEN":
            return Declined(code="NOT_OPEN", reason="There is no such open order.")
        if terms is None:
            mine[0].status = "CANCELLED"
        else:
            mine[0].terms = terms
        mine[0].changes += 1
        self._scheduler.effect("changed")
        if accident < self.faults:
            return Unproven(cause="no answer")
        return Accepted(reference=broker_order_id)

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        self._scheduler.effect("book")
        if self.faults and self._random.random() < self.faults:
            raise BrokerDown("no answer")
        return tuple(
            _row(placed)
            for placed in self.placed
            if placed.account_id == access.account_id and placed.visible_at <= self._scheduler.now
        )


def _row(placed: Placed) -> BrokerOrder:
    terms = placed.terms
    open_shares = terms.quantity_shares if placed.status == "OPEN" else 0
    return BrokerOrder(
        broker_order_id=placed.broker_order_id,
        exchange=terms.exchange,
        trading_symbol=terms.trading_symbol,
        transaction_type=terms.transaction_type,
        order_type=terms.order_type,
        product=terms.product,
        variety=terms.variety,
        validity=terms.validity,
        quantity_shares=terms.quantity_shares,
        limit_price_inr=terms.limit_price_inr,
        trigger_price_inr=terms.trigger_price_inr,
        sighting=OrderSighting(
            status=placed.status,
            raw_status=placed.status,
            filled_shares=0,
            pending_shares=open_shares,
        ),
        placed_at=placed.visible_at,
        broker_tags=placed.tags,
    )
