"""A broker that says what a test told it to say, and remembers what it was asked."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from application.ports.account import Conversion, Holding, Position
from application.ports.broker import AcceptedLogin, Access, Broker, LoginInstructions, Secrets
from application.ports.broker_orders import (
    Accepted,
    BrokerOrder,
    GttOrder,
    GttTicket,
    OrderTicket,
    Written,
)
from application.ports.egress import DIRECT, Egress
from application.ports.market import Detail, Quote
from domain.capabilities import Offer
from domain.events import OrderPlaced, Outcome
from domain.instruments import Instrument
from domain.vocabulary import BrokerName, Mode, OrderTerms
from infrastructure.brokers.lacking import Lacking

T = TypeVar("T")

EVERYTHING = Offer(
    exchanges=frozenset({"NSE", "BSE"}),
    products=frozenset({"CNC", "MIS"}),
    varieties=frozenset({"regular", "amo"}),
    order_types=frozenset({"MARKET", "LIMIT", "SL", "SL-M"}),
    validities=frozenset({"DAY", "IOC"}),
)


class ScriptedBroker(Lacking):
    """Accepts every order as B1, B2, ... unless `answers` says otherwise, and every change of one
    unless `change_answers` does.

    An answer is a function of the ticket, so that it can look around, wait, or raise, which a real
    adapter never does and a crash does.
    """

    def __init__(
        self,
        name: BrokerName = "paper",
        *,
        needs_login: bool = False,
        mode: Mode = "PAPER",
        offer: Offer = EVERYTHING,
    ) -> None:
        self.name: BrokerName = name
        self.display_name = name.capitalize()
        self.needs_login = needs_login
        self.offer = offer
        self.its_mode: Mode = mode
        self.answers: list[Callable[[OrderTicket], Outcome]] = []
        self.change_answers: list[Callable[[], Written]] = []
        self.changed: list[tuple[Access, str, OrderTerms | None]] = []
        """Modifications, and (without terms) cancellations, that were asked for."""
        self.instructed: list[GttTicket | GttOrder | Conversion] = []
        """GTT orders to keep or to take back, and conversions, that were asked for."""
        self.prices: dict[str, Decimal] = {}
        """Last prices in INR by canonical name; without any it has no call for quotes."""
        self.login: AcceptedLogin | Exception | None = None
        self.book: Sequence[BrokerOrder] | Exception = ()
        self.its_holdings: tuple[Holding, ...] | Exception = ()
        self.its_positions: tuple[Position, ...] | Exception = ()
        self.calls: list[tuple[Access, OrderTicket]] = []
        self.logged_in_with: list[Secrets] = []
        self.logged_in_by: list[Egress] = []
        self.logged_out: list[Access] = []
        self.now = datetime.min.replace(tzinfo=UTC)

    def mode(self, egress: Egress = DIRECT) -> Mode:
        return self.its_mode

    def login_instructions(self, api_key: str | None) -> LoginInstructions:
        return LoginInstructions(needs_login=self.needs_login, steps=("Log in.",))

    def log_in(self, credentials: Secrets, now: datetime, egress: Egress = DIRECT) -> AcceptedLogin:
        self.logged_in_with.append(credentials)
        self.logged_in_by.append(egress)
        assert self.login is not None, "the test has not said how a login ends"
        return _answered(self.login)

    def log_out(self, access: Access) -> None:
        self.logged_out.append(access)

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        self.calls.append((access, ticket))
        self.now = now
        return self.answers.pop(0)(ticket) if self.answers else self.accepted(ticket)

    def accepted(self, ticket: OrderTicket) -> Outcome:
        """What it answers with unless it was told another answer."""
        return OrderPlaced(
            order_key=ticket.order_key,
            broker_order_id=f"B{len(self.calls)}",
            placed_at=self.now,
        )

    def modify(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        return self._change(access, broker_order_id, terms)

    def cancel(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        return self._change(access, broker_order_id, None)

    def _change(self, access: Access, broker_order_id: str, terms: OrderTerms | None) -> Written:
        self.changed.append((access, broker_order_id, terms))
        if self.change_answers:
            return self.change_answers.pop(0)()
        return Accepted(reference=broker_order_id)

    def place_gtt(self, access: Access, ticket: GttTicket, now: datetime) -> Written:
        return self._instruct(ticket)

    def cancel_gtt(self, access: Access, gtt: GttOrder, now: datetime) -> Written:
        return self._instruct(gtt)

    def convert_position(self, access: Access, conversion: Conversion, now: datetime) -> Written:
        return self._instruct(conversion)

    def _instruct(self, asked: GttTicket | GttOrder | Conversion) -> Written:
        self.instructed.append(asked)
        if self.change_answers:
            return self.change_answers.pop(0)()
        return Accepted(reference=f"G{len(self.instructed)}")

    def quotes(
        self, access: Access, instruments: Sequence[Instrument], detail: Detail, now: datetime
    ) -> tuple[Quote, ...]:
        if not self.prices:
            return super().quotes(access, instruments, detail, now)
        return tuple(
            Quote(instrument=each, last_price_inr=self.prices[each.name]) for each in instruments
        )

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        return tuple(_answered(self.book))

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        return _answered(self.its_holdings)

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        return _answered(self.its_positions)


class FakeBrokers:
    def __init__(self, *brokers: Broker) -> None:
        self._brokers = brokers

    def get(self, name: BrokerName) -> Broker | None:
        return next((broker for broker in self._brokers if broker.name == name), None)

    def all(self) -> tuple[Broker, ...]:
        return self._brokers


def _answered(scripted: T | Exception) -> T:
    if isinstance(scripted, Exception):
        raise scripted
    return scripted
