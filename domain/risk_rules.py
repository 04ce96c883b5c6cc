"""The risk rules: small pure functions, each of which may forbid an order or a modification.

A denial stores the rule's version: a rule whose meaning changes gets the next one.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from domain.instants import IST
from domain.instructions import prices_in
from domain.limits import RiskLimits, covers, freeze_quantity_of
from domain.order_text import grouped, rupees
from domain.vocabulary import ChangeKind, Mode, OrderTerms, RiskFacts

OPENS, CLOSES = time(9, 15), time(15, 30)
SAME_HOURS: Final = frozenset({"NSE", "BSE", "NFO", "BFO"})
"""What version 1 of the rule about market hours knew: Monday to Friday, no holidays; orders for
other exchanges passed."""
RAISE: Final = "only the operator can change this limit (trading-server risk set)"
WAIT: Final = (
    "wait for the market to open, or place it as an after-market order (variety amo) where the "
    "broker takes one"
)


class Case(NamedTuple):
    """Everything that a rule sees. `at` is when the order was asked for."""

    limits: RiskLimits
    terms: OrderTerms
    mode: Mode
    facts: RiskFacts
    at: datetime
    kind: ChangeKind | Literal["place"]


class Broken(NamedTuple):
    """What forbids it: the limit's name, what happened, and what to do instead. `version` is an
    earlier one of the rule, where no more is known than it looked at."""

    limit: str
    what: str
    instead: str = f"tell the user; {RAISE}"
    version: int | None = None


class Rule(NamedTuple):
    name: str
    version: int
    check: Callable[[Case], Broken | None]


def _shares(count: int) -> str:
    return f"{grouped(str(count))} share{'' if count == 1 else 's'}"


def _symbol(terms: OrderTerms) -> str:
    return f"{terms.exchange}:{terms.trading_symbol}"


def _exchanges(case: Case) -> Broken | None:
    if case.terms.exchange in case.limits.allowed_exchanges:
        return None
    return Broken("allowed_exchanges", f"Orders on {case.terms.exchange} are not allowed")


def _products(case: Case) -> Broken | None:
    if case.terms.product in case.limits.allowed_products:
        return None
    return Broken("allowed_products", f"Orders of product {case.terms.product} are not allowed")


def _symbols(case: Case) -> Broken | None:
    limits, terms = case.limits, case.terms
    what = f"Orders in {_symbol(terms)} are not allowed"
    if any(covers(name, terms) for name in limits.denied_symbols):
        return Broken("denied_symbols", what)
    if limits.allowed_symbols and not any(covers(name, terms) for name in limits.allowed_symbols):
        return Broken("allowed_symbols", what)
    return None


def _market_hours(case: Case) -> Broken | None:
    rule, terms, facts = case.limits.market_hours, case.terms, case.facts
    if rule == "off" or (rule == "live" and case.mode != "LIVE") or terms.variety == "amo":
        return None
    if terms.instruction is not None:  # brokers take these around the clock
        return None
    if facts.exchange_open is None:
        return _weekday_hours(case)
    if facts.exchange_open:
        return None
    because = f" ({facts.closed_because})" if facts.closed_because else ""
    opens = f"; it opens {_moment(facts.opens_at)}" if facts.opens_at else ""
    return Broken(
        "market_hours",
        f"{terms.exchange} is closed{because} at {_moment(case.at)}{opens}",
        WAIT,
    )


def _weekday_hours(case: Case) -> Broken | None:
    """Version 1, for orders of a release that asked no calendar."""
    at, exchange = case.at.astimezone(IST), case.terms.exchange
    if exchange not in SAME_HOURS or (at.weekday() < 5 and OPENS <= at.time() < CLOSES):
        return None
    return Broken(
        "market_hours",
        f"{exchange} trades from 09:15 to 15:30 IST, Monday to Friday, and it is "
        f"{_moment(case.at)}",
        WAIT,
        version=1,
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(IST):%a %d %b %Y %H:%M} IST"


def _tick(case: Case) -> Broken | None:
    tick = case.facts.tick_inr
    if not case.limits.require_tick_multiple or not tick:
        return None
    for name, price in _prices(case.terms):
        if price % tick:
            return Broken(
                "require_tick_multiple",
                f"The {name} {rupees(price)} is no multiple of the tick of {rupees(tick)}",
                "round it to the tick",
            )
    return None


def _lot(case: Case) -> Broken | None:
    lot, quantity = case.facts.lot_size_shares, case.terms.quantity_shares
    if not case.limits.require_lot_multiple or not lot or quantity % lot == 0:
        return None
    return Broken(
        "require_lot_multiple",
        f"{_shares(quantity)} are no multiple of the lot of {_shares(lot)}",
        "give quantity in shares, as whole lots",
    )


def _freeze_quantity(case: Case) -> Broken | None:
    """Of an iceberg what counts is what is in the market at once."""
    most, lot = freeze_quantity_of(case.limits, case.terms), case.facts.lot_size_shares or 1
    at_once = case.terms.quantity_shares
    if case.terms.variety == "iceberg":
        at_once = case.terms.disclosed_quantity_shares or at_once
    if most is None or at_once <= most:
        return None
    return Broken(
        "freeze_quantity_shares",
        f"The exchange takes at most {_shares(most)} of {_symbol(case.terms)} in one order, and "
        f"this is for {_shares(at_once)}",
        f"use {'' if case.terms.instruction else 'slices=true, or '}orders of at most "
        f"{_shares(most // lot * lot)} each",
    )


def _order_quantity(case: Case) -> Broken | None:
    most, quantity = case.limits.max_order_quantity_shares, case.terms.quantity_shares
    if quantity <= most:
        return None
    return Broken(
        "max_order_quantity_shares",
        f"The order is for {_shares(quantity)}, and one order may have {_shares(most)}",
    )


def _fresh_price(case: Case) -> Broken | None:
    """An order that no price bounds may go only at one that is known. A price of 0 is none: it
    would make any quantity worth nothing."""
    at_market = case.terms.order_type in ("MARKET", "SL-M") or case.terms.instruction is not None
    value = case.facts.value_inr
    if (value is not None and value > 0) and (not at_market or _fresh(case) is not None):
        return None
    return Broken(
        "price_max_age_seconds",
        f"There is no last price of {_symbol(case.terms)} that is at most "
        f"{case.limits.price_max_age_seconds} s old, so nobody knows what the order would cost",
        f"search_instruments(query={case.terms.trading_symbol!r}) if the name may be wrong; "
        f"otherwise {'' if case.terms.instruction else 'use a LIMIT order, or '}try again in a "
        "minute",
    )


def _fresh(case: Case) -> Decimal | None:
    """The last price in INR, if it is one and not too old."""
    price, read_at = case.facts.price_inr, case.facts.price_at
    if price is None or read_at is None or price <= 0:
        return None
    return price if case.at - read_at <= _seconds(case.limits.price_max_age_seconds) else None


def _seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


def _order_value(case: Case) -> Broken | None:
    most, value = case.limits.max_order_value_inr, case.facts.value_inr or Decimal(0)
    if value <= most:
        return None
    return Broken(
        "max_order_value_inr",
        f"The order comes to {rupees(value)}, and one order may come to {rupees(most)}",
    )


def _price_band(case: Case) -> Broken | None:
    last = _fresh(case)
    if last is None or case.terms.instruction is not None:  # a GTT order waits for another price
        return None
    option = case.facts.kind in ("CE", "PE")
    limit = "option_price_band_percent" if option else "price_band_percent"
    band = case.limits.option_price_band_percent if option else case.limits.price_band_percent
    for name, price in _prices(case.terms):
        if abs(price - last) * 100 > band * last:
            return Broken(
                limit,
                f"The {name} {rupees(price)} is more than {band:f} % away from the last price, "
                f"{rupees(last)}",
                f"check the price with the user; {RAISE}",
            )
    return None


def _prices(terms: OrderTerms) -> list[tuple[str, Decimal]]:
    if legs := prices_in(terms):
        return list(legs)
    named = ("limit", terms.limit_price_inr), ("trigger", terms.trigger_price_inr)
    return [(f"{name} price", price) for name, price in named if price is not None]


def _duplicate(case: Case) -> Broken | None:
    window, before = case.limits.duplicate_window_seconds, case.facts.same_order_at
    if case.kind != "place" or window == 0 or before is None:
        return None
    if before <= case.at - _seconds(window):
        return None
    return Broken(
        "duplicate_window_seconds",
        f"The same order was asked for at {before.astimezone(IST):%H:%M:%S} IST, less than "
        f"{window} s before",
        "get_orders() shows whether it is there; ask the user before you place it again, and wait "
        f"{window} s",
    )


def _unknown_open(case: Case) -> Broken | None:
    found = case.facts.unknown_open
    if case.kind != "place" or found < case.limits.max_unknown_open:
        return None
    return Broken(
        "max_unknown_open",
        f"Nobody knows yet whether {found} earlier order{'' if found == 1 else 's'} of this "
        "account reached the broker",
        "get_orders() looks for it; place new orders once it is known",
    )


def _orders_per_second(case: Case) -> Broken | None:
    before, most = case.facts.orders_last_second, case.limits.max_orders_per_second
    return _too_many(before, most, "second", "wait a second")


def _orders_per_minute(case: Case) -> Broken | None:
    before, most = case.facts.orders_last_minute, case.limits.max_orders_per_minute
    return _too_many(before, most, "minute", "wait a minute")


def _orders_per_day(case: Case) -> Broken | None:
    before, most = case.facts.orders_today, case.limits.max_orders_per_day
    return _too_many(before, most, "day", f"tell the user; {RAISE}")


def _too_many(before: int, most: int, span: str, instead: str) -> Broken | None:
    if before < most:
        return None
    what = f"{before} orders were asked for within this {span}, and {most} may be"
    return Broken(f"max_orders_per_{span}", what, instead)


def _value_per_day(case: Case) -> Broken | None:
    most, before = case.limits.max_value_per_day_inr, case.facts.value_today_inr
    adds = (case.facts.value_inr or Decimal(0)) - case.facts.held_inr
    if adds <= 0 or before + adds <= most:
        return None
    return Broken(
        "max_value_per_day_inr",
        f"With another {rupees(adds)} the day would come to {rupees(before + adds)}, and it may "
        f"come to {rupees(most)}",
    )


RULES: Final = (
    Rule("exchanges", 1, _exchanges),
    Rule("products", 1, _products),
    Rule("symbols", 1, _symbols),
    Rule("market_hours", 2, _market_hours),
    Rule("lot", 1, _lot),
    Rule("tick", 1, _tick),
    Rule("order_quantity", 1, _order_quantity),
    Rule("freeze_quantity", 1, _freeze_quantity),
    Rule("fresh_price", 1, _fresh_price),
    Rule("order_value", 1, _order_value),
    Rule("price_band", 1, _price_band),
    Rule("duplicate", 1, _duplicate),
    Rule("unknown_open", 1, _unknown_open),
    Rule("orders_per_second", 1, _orders_per_second),
    Rule("orders_per_minute", 1, _orders_per_minute),
    Rule("orders_per_day", 1, _orders_per_day),
    Rule("value_per_day", 1, _value_per_day),
)
"""What is wrong with the order itself first, then what came before it."""
