"""A trader's desk at one broker: the adapter, somebody logged in, and the market behind it.

Real adapters sit on their own SDKs over HTTP to the simulator; paper has no far side. The clock
stands at 09:15 IST of a trading day until a card moves it.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

from msgspec.structs import replace

from application.ports.broker import Access, Broker, Secrets
from application.ports.broker_orders import Accepted, BrokerOrder, OrderTicket, Written
from application.ports.instruments import Instruments
from domain.events import OrderPlaced, OrderRequested, Outcome
from domain.instruments import Instrument
from domain.order_reports import OrderReport
from domain.vocabulary import BROKERS, BrokerName, OrderTerms
from infrastructure.brokers.dhan import DhanBroker
from infrastructure.brokers.groww import GrowwBroker
from infrastructure.brokers.kite import KiteBroker
from infrastructure.brokers.paper import PaperBroker
from infrastructure.simulator.market.prices import price
from infrastructure.simulator.market.universe import listed
from tests.fakes.instruments import FakeInstruments
from tests.infrastructure.simulator.brokers import day_token
from tests.infrastructure.simulator.support import (
    OPENING_BELL,
    SimulatedKite,
    StandingClock,
    simulated_kite,
)
from tests.support.changes import after_change
from tests.support.universe import as_known

SEED: Final = 1
ASHA: Final = UUID("a5a00000-0000-4000-8000-000000000001")
NOBODY: Final = UUID("a5a00000-0000-4000-8000-000000000002")
USER: Final = "ASHA"
REAL: Final[tuple[BrokerName, ...]] = ("kite", "groww", "dhan")

BUY_TEN: Final = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="MARKET",
    product="CNC",
    quantity_shares=10,
)
BUY_TEN_LOW: Final = replace(BUY_TEN, order_type="LIMIT", limit_price_inr=Decimal("1400.00"))
"""Rests: INFY stands at 1488.80 and stays above for the day."""


T = TypeVar("T")


def known(value: T | None) -> T:
    """What the broker has to say here."""
    assert value is not None
    return value


@dataclass(kw_only=True)
class Desk:
    """`far_side` is the simulator, `None` for paper."""

    name: BrokerName
    broker: Broker
    access: Access
    clock: StandingClock
    far_side: SimulatedKite | None
    sent: list[OrderReport] = field(default_factory=list)

    def place(self, terms: OrderTerms = BUY_TEN, tag: str | None = None) -> Outcome:
        """As the use case would: a ticket with a tag of its own; what was placed is remembered."""
        ours = tag or "u" + hashlib.sha256(bytes([len(self.sent)])).hexdigest()[:19]
        ticket = OrderTicket(order_key=f"k{len(self.sent)}", broker_tag=ours, terms=terms)
        outcome = self.broker.place(self.access, ticket, self.clock())
        placed = outcome if isinstance(outcome, OrderPlaced) else None
        self.sent.append(
            OrderReport(
                request=OrderRequested(
                    order_key=ticket.order_key,
                    broker=self.name,
                    mode="PAPER" if self.name == "paper" else "SIMULATED",
                    account_fingerprint="f",
                    credential_version=1,
                    terms=terms,
                    fingerprint="p",
                    broker_tag=ours,
                ),
                state="PLACED" if placed else "REJECTED",
                broker_order_id=placed.broker_order_id if placed else None,
                placed_at=self.clock() if placed else None,
            )
        )
        return outcome

    def placed(self, terms: OrderTerms = BUY_TEN) -> str:
        """The broker's id of an order that it took."""
        outcome = self.place(terms)
        assert isinstance(outcome, OrderPlaced), outcome
        return outcome.broker_order_id

    def modify(self, broker_order_id: str, terms: OrderTerms) -> Written:
        """As the use case would: what was accepted is remembered."""
        end = self.broker.modify(self.access, broker_order_id, terms, self.clock())
        self._remember(end, broker_order_id, terms)
        return end

    def cancel(self, broker_order_id: str, terms: OrderTerms) -> Written:
        """`terms` are those of the order."""
        end = self.broker.cancel(self.access, broker_order_id, terms, self.clock())
        self._remember(end, broker_order_id, None)
        return end

    def _remember(self, end: Written, broker_order_id: str, terms: OrderTerms | None) -> None:
        if not isinstance(end, Accepted):
            return
        (report,) = [each for each in self.sent if each.broker_order_id == broker_order_id]
        self.sent[self.sent.index(report)] = after_change(report, terms, self.clock())

    def order(self, broker_order_id: str) -> BrokerOrder:
        book = self.broker.orders(self.access, self.clock())
        (found,) = [each for each in book if each.broker_order_id == broker_order_id]
        return found

    def advance(self, **by: float) -> None:
        self.clock.at += timedelta(**by)

    def next_morning(self) -> None:
        """The next day at the same time, with a login of that day."""
        self.advance(days=1)
        if self.far_side is not None:
            self.access = logged_in(self.name, self.far_side, USER)

    def instrument(self, exchange: str, symbol: str) -> Instrument:
        found = listed(self.clock()).find(exchange, symbol)
        assert found is not None
        return as_known(found)

    def at_the_money_call(self) -> Instrument:
        """Of the nearest expiry of NIFTY, the one whose strike is nearest to the index."""
        listing, spot = listed(self.clock()), self.price("NSE", "NIFTY 50")
        chain = listing.chain("NIFTY", listing.expiries("NIFTY")[0])
        return as_known(min(chain, key=lambda row: abs(row.strike_inr - spot)).call)

    def future(self) -> Instrument:
        """On NIFTY, the nearest."""
        listing = listed(self.clock())
        return as_known(known(listing.future("NIFTY", listing.future_expiries("NIFTY")[0])))

    def price(self, exchange: str, symbol: str) -> Decimal:
        found = listed(self.clock()).find(exchange, symbol)
        assert found is not None
        return price(SEED, found, self.clock())

    def stranger(self) -> Access:
        """Somebody whose token the broker has never issued."""
        secrets = dict.fromkeys(self.access.secrets, "never-issued")
        return Access(principal=NOBODY, account_id="NOBODY", secrets=Secrets(secrets))

    def neighbour(self) -> Access:
        """Somebody else with an account at the same broker."""
        assert self.far_side is not None
        return logged_in(self.name, self.far_side, "BOB")

    def shares(self, count: int) -> list[Instrument]:
        listing = listed(self.clock())
        found = [each for each in listing.all if each.exchange == "NSE" and each.kind == "EQ"]
        return [as_known(each) for each in found[:count]]

    def accident(self, fault: str, route: str, calls: int = 1) -> None:
        """The next calls of this route go wrong."""
        assert self.far_side is not None
        self.far_side.fault(fault=fault, route=route, calls=calls)

    def orders_at_the_broker(self) -> int:
        assert self.far_side is not None
        return len(self.far_side.accepted_tags())


@contextmanager
def desk(name: BrokerName, keys_dir: Path) -> Iterator[Desk]:
    if name == "paper":
        clock = StandingClock(OPENING_BELL)
        sitting = Desk(
            name=name,
            broker=PaperBroker(SEED, lambda who: sitting.sent if who == ASHA else []),
            access=Access(principal=ASHA, account_id="PAPER"),
            clock=clock,
            far_side=None,
        )
        yield sitting
        return
    with simulated_kite(keys_dir) as simulator:
        known = FakeInstruments(as_known(each) for each in listed(OPENING_BELL).all)
        yield Desk(
            name=name,
            broker=_adapter(name, simulator.url, keys_dir, known),
            access=logged_in(name, simulator, USER),
            clock=simulator.clock,
            far_side=simulator,
        )


def _adapter(name: BrokerName, url: str, keys_dir: Path, known: Instruments) -> Broker:
    if name == "kite":
        return KiteBroker(url, keys_dir)
    if name == "groww":
        return GrowwBroker(url, keys_dir, known)
    return DhanBroker(url, keys_dir, known)


def logged_in(name: BrokerName, simulator: SimulatedKite, user: str) -> Access:
    if name == "kite":
        secrets = {"api_key": "demo", "access_token": simulator.access_token(user)}
    else:
        secrets = {"access_token": day_token(simulator, name, user)}
    if name == "dhan":
        secrets["client_id"] = user
    return Access(principal=ASHA, account_id=user, secrets=Secrets(secrets))


assert set(BROKERS) == {*REAL, "paper"}
