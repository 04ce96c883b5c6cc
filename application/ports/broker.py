"""What the use cases need from a broker: one port, one adapter each.

Reads raise; a write never does. `place` answers with a fact whatever happens, because an
exception could not say whether an order exists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from domain.events import Outcome
from domain.vocabulary import BrokerName, Exchange, Mode, OrderSighting, OrderTerms


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
    """Who acts at the broker. `secrets` is empty where the broker needs no login (paper)."""

    principal: UUID
    account_id: str
    secrets: Secrets = field(default_factory=lambda: Secrets({}), repr=False)


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
    """A read could not be answered: no connection, time-out, or an answer that makes no sense."""


@dataclass(frozen=True, kw_only=True)
class OrderTicket:
    """One order, ready to be sent. `broker_tag` is ours: 20 characters, [a-z][a-z0-9]*."""

    order_key: str
    broker_tag: str
    terms: OrderTerms


@dataclass(frozen=True, kw_only=True)
class BrokerOrder:
    """One row of the broker's order book. `broker_tags` are the tags that the broker shows."""

    broker_order_id: str
    exchange: str
    trading_symbol: str
    transaction_type: str
    order_type: str
    product: str
    variety: str
    validity: str
    quantity_shares: int
    limit_price_inr: Decimal | None
    trigger_price_inr: Decimal | None
    sighting: OrderSighting
    placed_at: datetime | None
    broker_tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Shares held for delivery. Prices in INR per share."""

    exchange: str
    trading_symbol: str
    isin: str | None
    quantity_shares: int
    average_price_inr: Decimal
    last_price_inr: Decimal


@dataclass(frozen=True, kw_only=True)
class Position:
    """A net position of the day; `quantity_shares` is negative when short."""

    exchange: str
    trading_symbol: str
    product: str
    quantity_shares: int
    average_price_inr: Decimal
    last_price_inr: Decimal


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a broker can do here, for checking a request before it is stored."""

    exchanges: frozenset[Exchange]
    products: frozenset[str]
    varieties: frozenset[str]
    order_types: frozenset[str]
    validities: frozenset[str]


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

    def mode(self) -> Mode:
        """What an order sent now would be. May ask the far side to prove that it is ours."""
        ...

    def login_instructions(self, api_key: str | None) -> LoginInstructions: ...

    def log_in(self, credentials: Secrets, now: datetime) -> AcceptedLogin:
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

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        """The order book of the trading day, oldest first.

        Raises:
            LoginExpired, BrokerDown: see these.
        """
        ...

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        """Raises: LoginExpired, BrokerDown."""
        ...

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        """Raises: LoginExpired, BrokerDown."""
        ...


class Brokers(Protocol):
    def get(self, name: BrokerName) -> Broker | None:
        """The adapter, or `None` where this build has none for that broker."""
        ...

    def all(self) -> tuple[Broker, ...]: ...
