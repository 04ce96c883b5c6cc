from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.errors import InvalidArgument
from domain.limits import (
    LIMITS,
    RiskLimits,
    about,
    as_text,
    covers,
    freeze_quantity_of,
    parse,
    read_changes,
    takes,
    with_changes,
)
from tests.domain.facts import TEN_INFY

DEFAULTS = RiskLimits()


def contract(symbol: str, exchange: str = "NFO"):
    return replace(TEN_INFY, exchange=exchange, trading_symbol=symbol)


def test_without_a_word_from_the_operator_the_defaults_hold():
    assert parse("") == parse("  ") == DEFAULTS
    assert with_changes(DEFAULTS, {}) == DEFAULTS


def test_the_defaults_leave_room_for_a_retail_day():
    assert DEFAULTS.max_order_value_inr == 200_000
    assert DEFAULTS.max_order_quantity_shares == 5_000
    assert DEFAULTS.max_orders_per_day == 100
    assert DEFAULTS.max_value_per_day_inr == 1_000_000
    assert (DEFAULTS.max_orders_per_second, DEFAULTS.max_orders_per_minute) == (5, 60)
    assert DEFAULTS.max_unknown_open == 1


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("max_order_value_inr=50000", "max_order_value_inr", Decimal(50_000)),
        ("max_order_value_inr=50000.50", "max_order_value_inr", Decimal("50000.50")),
        ("price_band_percent=0.5", "price_band_percent", Decimal("0.5")),
        ("max_orders_per_day = 7", "max_orders_per_day", 7),
        ("duplicate_window_seconds=0", "duplicate_window_seconds", 0),
        ("allowed_symbols=NSE:INFY|NSE:M&M", "allowed_symbols", ("NSE:INFY", "NSE:M&M")),
        ("allowed_symbols=all", "allowed_symbols", ()),
        ("denied_symbols=NFO:NIFTY", "denied_symbols", ("NFO:NIFTY",)),
        ("denied_symbols=none", "denied_symbols", ()),
        ("allowed_exchanges=NSE", "allowed_exchanges", ("NSE",)),
        ("allowed_products=CNC | MTF", "allowed_products", ("CNC", "MTF")),
        ("market_hours=always", "market_hours", "always"),
        ("freeze_quantity_shares=NFO:NIFTY:65", "freeze_quantity_shares", {"NFO:NIFTY": 65}),
        ("freeze_quantity_shares=none", "freeze_quantity_shares", {}),
        ("require_lot_multiple=no", "require_lot_multiple", False),
    ],
)
def test_a_limit_is_read_as_an_operator_writes_it(text, name, value):
    assert parse(text) == replace(DEFAULTS, **{name: value})


def test_several_limits_are_read_at_once():
    limits = parse("max_orders_per_day=7, denied_symbols=NSE:INFY|NSE:TCS,")

    assert limits.max_orders_per_day == 7
    assert limits.denied_symbols == ("NSE:INFY", "NSE:TCS")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_order_value_inr", "0"),
        ("max_order_value_inr", "0.99"),
        ("max_order_value_inr", "100000000000.01"),
        ("max_order_value_inr", "-5"),
        ("max_order_value_inr", "2 lakh"),
        ("max_order_value_inr", "1e5"),
        ("max_order_value_inr", "NaN"),
        ("max_order_value_inr", "\u0665\u0660\u0660"),
        ("max_order_value_inr", ""),
        ("price_band_percent", "0"),
        ("price_band_percent", "100.01"),
        ("max_orders_per_day", "0"),
        ("max_orders_per_day", "1.5"),
        ("max_orders_per_day", "100001"),
        ("max_unknown_open", "0"),
        ("duplicate_window_seconds", "86401"),
        ("allowed_symbols", "INFY"),
        ("allowed_symbols", "NSE:infy"),
        ("allowed_symbols", "NSE:INFY||NSE:TCS"),
        ("allowed_symbols", "none"),
        ("denied_symbols", "all"),
        ("denied_symbols", "|".join(f"NSE:S{n}" for n in range(51))),
        ("allowed_exchanges", ""),
        ("allowed_exchanges", "NYSE"),
        ("allowed_products", "none"),
        ("market_hours", "sometimes"),
        ("freeze_quantity_shares", "NFO:NIFTY"),
        ("freeze_quantity_shares", "NFO:NIFTY:0"),
        ("freeze_quantity_shares", "NFO:NIFTY:-5"),
        ("require_tick_multiple", "true"),
    ],
)
def test_a_value_that_a_limit_cannot_have_is_refused_with_what_it_takes(name, text):
    with pytest.raises(InvalidArgument) as refused:
        with_changes(DEFAULTS, {name: text})

    assert str(refused.value) == f"{name} cannot be that. Next: write {takes(name)}."


def test_a_limit_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(InvalidArgument, match=r"no limit 'max_lots'.*max_order_value_inr"):
        parse("max_lots=5")


@pytest.mark.parametrize(
    "text", ["max_orders_per_day", "=5", "max_orders_per_day=", "a=1, a=2", "market_hours: off"]
)
def test_what_is_not_written_as_limits_is_refused(text):
    with pytest.raises(InvalidArgument, match="cannot be read as a limit"):
        read_changes(text)


def test_a_limit_that_is_taken_back_is_what_it_was():
    configured = parse("max_orders_per_day=7")

    assert read_changes("max_orders_per_day=default") == {"max_orders_per_day": None}
    assert with_changes(configured, {"max_orders_per_day": None}) == configured


@pytest.mark.parametrize(
    "limits",
    [
        DEFAULTS,
        parse(
            "max_order_value_inr=50000.5, allowed_symbols=NSE:INFY|NFO:NIFTY, market_hours=off, "
            "freeze_quantity_shares=none, require_tick_multiple=no, allowed_exchanges=NSE"
        ),
    ],
)
def test_limits_that_are_shown_can_be_typed_in_again(limits):
    text = ", ".join(f"{name}={value}" for name, value in as_text(limits).items())

    assert parse(text) == limits


def test_every_limit_says_what_it_is_for_and_what_it_takes():
    assert len(LIMITS) == 19
    assert all(about(name) and takes(name) for name in LIMITS)


@pytest.mark.parametrize(
    ("name", "terms", "covered"),
    [
        ("NSE:INFY", contract("INFY", "NSE"), True),
        ("NSE:INFY", contract("INFY", "BSE"), False),
        ("NSE:INFY", contract("INFYLTD", "NSE"), False),
        ("NSE:INFY", contract("INFY26NOVFUT", "NSE"), False),
        ("NFO:INFY", contract("INFY26NOVFUT"), True),
        ("NFO:NIFTY", contract("NIFTY26NOV24650CE"), True),
        ("NFO:NIFTY", contract("NIFTYNXT5026NOVFUT"), False),
        ("NFO:NIFTY", contract("BANKNIFTY26NOVFUT"), False),
        ("NFO:NIFTY", contract("360ONE26NOVFUT"), False),
        ("NFO:NIFTYNXT50", contract("NIFTYNXT5026NOVFUT"), True),
        ("NFO:NIFTY26NOVFUT", contract("NIFTY26NOVFUT"), True),
    ],
)
def test_a_name_covers_its_symbol_and_of_an_underlying_every_contract(name, terms, covered):
    assert covers(name, terms) is covered


def test_the_freeze_quantity_is_that_of_the_symbol_or_else_of_its_underlying():
    nifty = contract("NIFTY26NOV24650CE")

    assert freeze_quantity_of(DEFAULTS, nifty) == 1800
    assert freeze_quantity_of(DEFAULTS, contract("NIFTYNXT5026NOVFUT")) == 600
    assert freeze_quantity_of(DEFAULTS, contract("SENSEX26NOVFUT", "BFO")) == 1000
    assert freeze_quantity_of(DEFAULTS, TEN_INFY) is None
    own = parse("freeze_quantity_shares=NFO:NIFTY:1800|NFO:NIFTY26NOV24650CE:65")
    assert freeze_quantity_of(own, nifty) == 65
