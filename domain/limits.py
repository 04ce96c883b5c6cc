"""What a person may do at most: one table of conservative defaults, and how they are changed.

The names of limits are stored in facts and set in environments, so they are for ever.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, get_type_hints

import msgspec
from msgspec.structs import replace

from domain.errors import InvalidArgument
from domain.limit_values import (
    INR,
    PERCENT,
    SHARES_BY_SYMBOL,
    SOME_EXCHANGES,
    SOME_PRODUCTS,
    SYMBOLS_OR_ALL,
    SYMBOLS_OR_NONE,
    YES_OR_NO,
    Kind,
    count,
    one_of,
)
from domain.vocabulary import Exchange, OrderTerms, Product

MarketHours = Literal["live", "always", "off"]

FREEZE_QUANTITIES: Final[Mapping[str, int]] = {
    # NSE's notice of 30 January 2026, good from 1 February 2026; it is revised every month.
    "NFO:NIFTY": 1800,
    "NFO:BANKNIFTY": 600,
    "NFO:FINNIFTY": 1800,
    "NFO:MIDCPNIFTY": 2800,
    "NFO:NIFTYNXT50": 600,
    # As brokers list it in 2026; BSE's own notice was not at hand.
    "BFO:SENSEX": 1000,
}


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Beside each limit: how it is written, and what it is for. Shares are never lots."""

    max_order_value_inr: Annotated[
        Decimal, INR, "What one order comes to: quantity times the price that it would go at."
    ] = Decimal(200_000)
    max_order_quantity_shares: Annotated[
        int, count(1, 10_000_000, "shares"), "Quantity of one order: a slip of a zero ends here."
    ] = 5_000
    max_orders_per_day: Annotated[
        int, count(1, 100_000, "orders"), "Orders and modifications asked for in a day (IST)."
    ] = 100
    max_value_per_day_inr: Annotated[
        Decimal, INR, "What a day's orders come to together, less what was proven not to be sent."
    ] = Decimal(1_000_000)
    max_orders_per_second: Annotated[
        int, count(1, 100, "orders"), "Asked for within any second."
    ] = 5
    max_orders_per_minute: Annotated[
        int, count(1, 6_000, "orders"), "Asked for within any minute: a loop ends here."
    ] = 60
    price_band_percent: Annotated[
        Decimal,
        PERCENT,
        "How far limit and trigger may be from the last price, where one is known.",
    ] = Decimal(5)
    option_price_band_percent: Annotated[
        Decimal, PERCENT, "The same for options, whose prices move many times faster."
    ] = Decimal(25)
    price_max_age_seconds: Annotated[
        int, count(1, 3_600, "seconds"), "How old a last price may be to judge an order by."
    ] = 15
    duplicate_window_seconds: Annotated[
        int, count(0, 86_400, "seconds"), "The same order again within this is denied; 0 is off."
    ] = 30
    max_unknown_open: Annotated[
        int,
        count(1, 100, "orders"),
        "With so many orders of unknown outcome in an account it takes no new one.",
    ] = 1
    allowed_symbols: Annotated[tuple[str, ...], SYMBOLS_OR_ALL, "What may be traded at all."] = ()
    denied_symbols: Annotated[
        tuple[str, ...], SYMBOLS_OR_NONE, "What may not be traded, whatever is allowed."
    ] = ()
    allowed_exchanges: Annotated[
        tuple[Exchange, ...], SOME_EXCHANGES, "Shares and their contracts; no other segments."
    ] = ("NSE", "BSE", "NFO", "BFO")
    allowed_products: Annotated[
        tuple[Product, ...], SOME_PRODUCTS, "MTF is left out, as it borrows money."
    ] = ("CNC", "MIS", "NRML")
    market_hours: Annotated[
        MarketHours,
        one_of("live", "always", "off"),
        "Orders only in market hours: for real money, always, or never minded.",
    ] = "live"
    freeze_quantity_shares: Annotated[
        Mapping[str, int],
        SHARES_BY_SYMBOL,
        "What the exchange takes in one order, by symbol or underlying; a change replaces all.",
    ] = msgspec.field(default_factory=lambda: FREEZE_QUANTITIES)
    require_tick_multiple: Annotated[
        bool, YES_OR_NO, "Prices must be multiples of the tick, where it is known."
    ] = True
    require_lot_multiple: Annotated[
        bool, YES_OR_NO, "Quantities must be multiples of the lot size, where it is known."
    ] = True


# Any: each limit has values of its own type.
_KINDS: Final[Mapping[str, tuple[Kind[Any], str]]] = {
    name: hint.__metadata__
    for name, hint in get_type_hints(RiskLimits, include_extras=True).items()
}
LIMITS: Final = tuple(_KINDS)
"""Every name, in the order of the table."""


def about(name: str) -> str:
    """What this limit is for."""
    return _KINDS[name][1]


def takes(name: str) -> str:
    """What can be written for it."""
    return _KINDS[name][0].takes


def shown(limits: RiskLimits, name: str) -> str:
    """The value of one limit, as it is written."""
    return _KINDS[name][0].write(getattr(limits, name))


def as_text(limits: RiskLimits) -> dict[str, str]:
    """Every limit as it is written, by name."""
    return {name: shown(limits, name) for name in LIMITS}


def with_changes(limits: RiskLimits, changes: Mapping[str, str | None]) -> RiskLimits:
    """These limits with others in places; `None` leaves what is there.

    Raises:
        InvalidArgument: names the limit and what it takes, never the value.
    """
    values: dict[str, Any] = {}  # Any: each limit has values of its own type
    for name, text in changes.items():
        if name not in _KINDS:
            raise InvalidArgument(
                f"There is no limit {ascii(name)[:42]}. Next: choose one of {', '.join(LIMITS)}."
            )
        if text is None:
            continue
        try:
            values[name] = _KINDS[name][0].read(text)
        except ValueError:
            raise InvalidArgument(f"{name} cannot be that. Next: write {takes(name)}.") from None
    return replace(limits, **values)


def read_changes(text: str) -> dict[str, str | None]:
    """What `name=value, name=value` says; `default` takes a limit back, lists have | inside.

    Raises:
        InvalidArgument: it is not written so, or names a limit twice.
    """
    changes: dict[str, str | None] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, sign, value = (each.strip() for each in part.partition("="))
        if not sign or not name or not value or name in changes:
            raise InvalidArgument(
                f"{ascii(name)[:42]} cannot be read as a limit. Next: write each limit once, as "
                "name=value, with commas between them."
            )
        changes[name] = None if value == "default" else value
    return changes


def parse(text: str) -> RiskLimits:
    """The table's defaults with these changes.

    Raises:
        InvalidArgument: see `read_changes` and `with_changes`.
    """
    return with_changes(RiskLimits(), read_changes(text))


def covers(name: str, terms: OrderTerms) -> bool:
    """Whether `NSE:INFY` is what the order is in, or `NFO:NIFTY` the underlying of its contract:
    a contract's symbol goes on with the year after it (NIFTY26NOVFUT, but not NIFTYNXT5026NOVFUT).
    """
    exchange, _, symbol = name.partition(":")
    if exchange != terms.exchange:
        return False
    rest = terms.trading_symbol.removeprefix(symbol)
    if not rest:
        return True
    is_contract = exchange not in ("NSE", "BSE")
    return is_contract and rest != terms.trading_symbol and rest[0].isdigit()


def freeze_quantity_of(limits: RiskLimits, terms: OrderTerms) -> int | None:
    """How many shares the exchange takes in one order, where it is known; the symbol itself goes
    before its underlying. It need not be a multiple of the lot."""
    table = limits.freeze_quantity_shares
    exact = table.get(f"{terms.exchange}:{terms.trading_symbol}")
    if exact is not None:
        return exact
    return next((shares for name, shares in table.items() if covers(name, terms)), None)
