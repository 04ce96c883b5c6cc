"""What the use cases need from a broker: one port, one adapter each.

Reads raise; a write never does. A write answers with how it ended whatever happens, because an
exception could not say whether something was changed.

What a broker has no call for (see `domain.capabilities`) raises NotSupportedByBroker, before
anything is sent; that goes for writes, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID

from application.ports.account import (
    Charges,
    Conversion,
    Funds,
    Holding,
    Margins,
    Position,
    Profile,
)
from application.ports.broker_orders import (
    BrokerOrder,
    GttOrder,
    GttTicket,
    OrderTicket,
    Trade,
    Written,
)
from application.ports.browser_login import BrowserLogin
from application.ports.egress import DIRECT, Egress
from application.ports.market import Candle, Detail, OptionChain, Quote
from domain.capabilities import Offer
from domain.events import Outcome
from domain.instruments import Instrument
from domain.vocabulary import BrokerName, Interval, Mode, OrderSighting, OrderTerms


class Secrets(Mapping[str, str]):
    """Named secret values. Nothing that prints, formats or logs it ever shows a value."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self._values))})"

    __str__ = __repr__


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who acts at the broker, and by which way calls leave. `secrets` is empty where the broker
    needs no login (paper)."""

    principal: UUID
    account_id: str
    secrets: Secrets = field(default_factory=lambda: Secrets({}), repr=False)
    egress: Egress = DIRECT


@dataclass(frozen=True, kw_only=True)
class AcceptedLogin:
    """A login that the broker has verified just now.

    `secrets` is all that later calls need (for Kite: api_key and access_token), nothing more.
    `expires_at` is when the broker's own clock ends it (UTC), `None` when it never does.
    """

    account_id: str
    account_name: str
    secrets: Secrets = field(repr=False)
    expires_at: datetime | None


NOT_ASKED: Final = frozenset({"MISSING_ARGUMENT", "MALFORMED_ARGUMENT"})
"""Codes of a refusal that the adapter made by itself, without asking the broker."""


class LoginRefused(Exception):
    """The broker refused the credentials, or some are missing.

    `code` is a short stable word (MISSING_ARGUMENT, TOKEN_REFUSED, ...); `advice` is a sentence
    for the user. Neither ever holds a credential's value or the broker's raw text.
    """

    def __init__(self, code: str, advice: str) -> None:
        super().__init__(f"{code}: {advice}")
        self.code = code
        self.advice = advice


class LoginExpired(Exception):
    """The broker says that the token used for a read is no longer valid."""


class BrokerDown(Exception):
    """A read could not be answered: no connection, time-out, or an answer that makes no sense.

    Its text, if there is one, says why in our own words; never the broker's, never a secret.
    """


def reason(down: BrokerDown) -> str:
    """` (ReadTimeout)`: why, to be put behind what is said to the user; nothing without a text."""
    said = str(down).rstrip(".")
    return f" ({said})" if said else ""


class RateLimited(BrokerDown):
    """A read came too soon after others of this account."""

    def __init__(self, again_in_seconds: float) -> None:
        super().__init__(f"This account may be asked again in {again_in_seconds:.1f} s.")
        self.again_in_seconds = again_in_seconds


@dataclass(frozen=True, kw_only=True)
class LoginInstructions:
    """How a person logs in. `login_url` is a page of the broker (or of the simulator)."""

    needs_login: bool
    steps: tuple[str, ...]
    login_url: str | None = None


class Broker(Protocol):
    """One broker. Stateless towards the caller: who acts comes in with every call.

    Every method blocks; the caller runs it in a worker thread of a bounded pool.
    """

    @property
    def name(self) -> BrokerName: ...

    @property
    def display_name(self) -> str: ...

    @property
    def offer(self) -> Offer: ...

    @property
    def needs_login(self) -> bool: ...

    def mode(self, egress: Egress = DIRECT) -> Mode:
        """What an order sent now by this way would be. May ask the far side to prove that it is
        ours; whatever a proxy leads to is LIVE, because nobody knows where that is."""
        ...

    def login_instructions(self, api_key: str | None) -> LoginInstructions: ...

    @property
    def browser(self) -> BrowserLogin | None:
        """How to log in on a page; `None` where there is nothing to log in to."""
        ...

    def log_in(self, credentials: Secrets, now: datetime, egress: Egress = DIRECT) -> AcceptedLogin:
        """Verify a login at the broker.

        Raises:
            LoginRefused: the broker refused it, or an argument is missing.
            BrokerDown: no usable answer.
        """
        ...

    def log_out(self, access: Access) -> None:
        """Ask the broker to end the token. Best effort: never raises."""
        ...

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        """Call the broker once, without retry. Never raises: every end is a fact."""
        ...

    def modify(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        """Replace the terms of a working order by `terms`, all of them. Once; never raises."""
        ...

    def cancel(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        """Once; never raises. `terms` say where the order lives (exchange, variety)."""
        ...

    def convert_position(self, access: Access, conversion: Conversion, now: datetime) -> Written:
        """Once; never raises."""
        ...

    def place_gtt(self, access: Access, ticket: GttTicket, now: datetime) -> Written:
        """Once; never raises."""
        ...

    def modify_gtt(self, access: Access, gtt_id: str, ticket: GttTicket, now: datetime) -> Written:
        """Once; never raises."""
        ...

    def cancel_gtt(self, access: Access, gtt: GttOrder, now: datetime) -> Written:
        """Once; never raises."""
        ...

    def set_kill_switch(self, access: Access, on: bool, now: datetime) -> Written:
        """Once; never raises."""
        ...

    # Everything below reads. It may be asked again, and raises LoginExpired or BrokerDown; and
    # UnknownInstrument where the broker does not list what was asked for.

    def kill_switch(self, access: Access, now: datetime) -> bool: ...

    def profile(self, access: Access, now: datetime) -> Profile: ...

    def funds(self, access: Access, now: datetime) -> tuple[Funds, ...]: ...

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]: ...

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]: ...

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        """The order book of the trading day, oldest first."""
        ...

    def order_history(
        self, access: Access, broker_order_id: str, exchange: str, now: datetime
    ) -> tuple[OrderSighting, ...]:
        """What became of one order of the day, oldest first; a broker that keeps no steps gives
        the last one only. Empty: it knows no such order."""
        ...

    def find(
        self, access: Access, broker_tag: str, exchange: str, now: datetime
    ) -> tuple[BrokerOrder, ...]:
        """The day's orders with this tag of ours. None is no proof that there is none."""
        ...

    def trades(self, access: Access, now: datetime) -> tuple[Trade, ...]:
        """The fills of the trading day, oldest first."""
        ...

    def gtt_orders(self, access: Access, now: datetime) -> tuple[GttOrder, ...]: ...

    def quotes(
        self, access: Access, instruments: Sequence[Instrument], detail: Detail, now: datetime
    ) -> tuple[Quote, ...]:
        """In the order asked; those that the broker does not know are missing. Any number: the
        adapter asks in batches of what the broker allows."""
        ...

    def candles(
        self,
        access: Access,
        instrument: Instrument,
        interval: Interval,
        start: datetime,
        end: datetime,
        now: datetime,
    ) -> tuple[Candle, ...]:
        """Bars with start <= starts_at < end, oldest first, without doubles, in one call: the span
        is at most `offer.longest_span`.

        Raises:
            NotSupportedByBroker: it has no such interval.
        """
        ...

    def order_margins(self, access: Access, orders: Sequence[OrderTerms], now: datetime) -> Margins:
        """What each of these orders would block by itself."""
        ...

    def basket_margins(
        self,
        access: Access,
        orders: Sequence[OrderTerms],
        now: datetime,
        *,
        consider_positions: bool = True,
    ) -> Margins:
        """What they would block together, `total_inr`: less, where they hedge each other. Open
        positions count if `consider_positions`, at brokers that can be told so (Kite)."""
        ...

    def charges(
        self, access: Access, orders: Sequence[OrderTerms], now: datetime
    ) -> tuple[Charges, ...]:
        """What each order would cost. Market orders need `limit_price_inr` as the price."""
        ...

    def expiries(
        self, access: Access, underlying: Instrument, now: datetime
    ) -> tuple[date, ...]: ...

    def option_chain(
        self, access: Access, underlying: Instrument, expiry: date, now: datetime
    ) -> OptionChain: ...


class Brokers(Protocol):
    def get(self, name: BrokerName) -> Broker | None:
        """The adapter, or `None` where this build has none for that broker."""
        ...

    def all(self) -> tuple[Broker, ...]: ...
