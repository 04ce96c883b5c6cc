from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.limits import RiskLimits, parse
from domain.risk import judge
from domain.risk_rules import RULES
from domain.vocabulary import RiskFacts
from tests.domain.facts import TEN_INFY

NINE_FIFTEEN = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)  # a Monday
TEN = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
DEFAULTS = RiskLimits()

SEEN = RiskFacts(
    price_inr=Decimal("1480.00"),
    price_at=TEN,
    value_inr=Decimal("14805.00"),
    tick_inr=Decimal("0.05"),
    lot_size_shares=1,
    kind="EQ",
)
AT_MARKET = replace(TEN_INFY, order_type="MARKET", limit_price_inr=None)
NIFTY = replace(
    TEN_INFY,
    exchange="NFO",
    trading_symbol="NIFTY26NOV24650CE",
    product="NRML",
    quantity_shares=65,
    limit_price_inr=Decimal("100.00"),
)
NIFTY_SEEN = replace(
    SEEN, price_inr=Decimal("100.00"), value_inr=Decimal(6500), lot_size_shares=65, kind="CE"
)


def denial(limits="", terms=TEN_INFY, facts=SEEN, *, mode="LIVE", now=TEN, kind="place"):
    return judge(parse(limits), terms, mode, facts, now, kind)


def rule_of(*args, **kwargs):
    denied = denial(*args, **kwargs)
    return denied and denied.rule


def test_an_ordinary_order_passes():
    assert denial() is None


def test_a_denial_says_the_rule_the_limit_as_it_stood_and_what_to_do():
    denied = denial("max_order_value_inr=14804.99")

    assert denied == (
        "order_value",
        1,
        "max_order_value_inr=14804.99",
        "The order comes to ₹14,805.00, and one order may come to ₹14,804.99. Nothing was sent. "
        "Next: tell the user; only the operator can change this limit (trading-server risk set).",
    )


def test_every_rule_and_its_version():
    """A rule whose meaning changes has to get the next version: stored denials name this one."""
    assert {rule.name: rule.version for rule in RULES} == {
        "exchanges": 1,
        "products": 1,
        "symbols": 1,
        "market_hours": 2,
        "lot": 1,
        "tick": 1,
        "order_quantity": 1,
        "freeze_quantity": 1,
        "fresh_price": 1,
        "order_value": 1,
        "price_band": 1,
        "duplicate": 1,
        "unknown_open": 1,
        "orders_per_second": 1,
        "orders_per_minute": 1,
        "orders_per_day": 1,
        "value_per_day": 1,
    }


# Exactly at the limit, and one over

AT_AND_OVER = {
    "order_value": [
        ("max_order_value_inr=14805", TEN_INFY, SEEN),
        ("max_order_value_inr=14805", TEN_INFY, replace(SEEN, value_inr=Decimal("14805.01"))),
    ],
    "order_quantity": [
        ("max_order_quantity_shares=10", TEN_INFY, SEEN),
        ("max_order_quantity_shares=10", replace(TEN_INFY, quantity_shares=11), SEEN),
    ],
    "orders_per_day": [
        ("max_orders_per_day=3", TEN_INFY, replace(SEEN, orders_today=2)),
        ("max_orders_per_day=3", TEN_INFY, replace(SEEN, orders_today=3)),
    ],
    "orders_per_second": [
        ("", TEN_INFY, replace(SEEN, orders_last_second=4)),
        ("", TEN_INFY, replace(SEEN, orders_last_second=5)),
    ],
    "orders_per_minute": [
        ("", TEN_INFY, replace(SEEN, orders_last_minute=59)),
        ("", TEN_INFY, replace(SEEN, orders_last_minute=60)),
    ],
    "value_per_day": [
        ("", TEN_INFY, replace(SEEN, value_today_inr=Decimal("985195.00"))),
        ("", TEN_INFY, replace(SEEN, value_today_inr=Decimal("985195.01"))),
    ],
    "unknown_open": [
        ("max_unknown_open=2", TEN_INFY, replace(SEEN, unknown_open=1)),
        ("max_unknown_open=2", TEN_INFY, replace(SEEN, unknown_open=2)),
    ],
    "duplicate": [
        ("", TEN_INFY, replace(SEEN, same_order_at=TEN - timedelta(seconds=30))),
        ("", TEN_INFY, replace(SEEN, same_order_at=TEN - timedelta(seconds=30) + INSTANT)),
    ],
    "fresh_price": [
        ("", AT_MARKET, replace(SEEN, price_at=TEN - timedelta(seconds=15))),
        ("", AT_MARKET, replace(SEEN, price_at=TEN - timedelta(seconds=15) - INSTANT)),
    ],
    "price_band": [
        ("", replace(TEN_INFY, limit_price_inr=Decimal("1554.00")), SEEN),
        ("", replace(TEN_INFY, limit_price_inr=Decimal("1554.05")), SEEN),
    ],
    "tick": [
        ("", replace(TEN_INFY, limit_price_inr=Decimal("1480.55")), SEEN),
        ("", replace(TEN_INFY, limit_price_inr=Decimal("1480.56")), SEEN),
    ],
    "lot": [
        ("", replace(NIFTY, quantity_shares=130), NIFTY_SEEN),
        ("", replace(NIFTY, quantity_shares=131), NIFTY_SEEN),
    ],
    "freeze_quantity": [
        ("freeze_quantity_shares=NFO:NIFTY:65", NIFTY, NIFTY_SEEN),
        ("freeze_quantity_shares=NFO:NIFTY:64", NIFTY, NIFTY_SEEN),
    ],
}


@pytest.mark.parametrize("rule", AT_AND_OVER)
def test_exactly_at_a_limit_passes_and_one_over_is_denied(rule):
    at, over = AT_AND_OVER[rule]

    assert rule_of(*at) is None
    assert rule_of(*over) == rule


@pytest.mark.parametrize("rule", AT_AND_OVER)
def test_every_reason_ends_in_what_to_do(rule):
    denied = denial(*AT_AND_OVER[rule][1])

    assert ". Nothing was sent. Next: " in denied.reason
    assert denied.reason.endswith(".")
    assert "default" not in denied.threshold


# What may be traded


@pytest.mark.parametrize(
    ("limits", "terms", "rule", "threshold"),
    [
        ("allowed_exchanges=NSE", NIFTY, "exchanges", "allowed_exchanges=NSE"),
        ("", replace(TEN_INFY, exchange="MCX"), "exchanges", "allowed_exchanges=NSE|BSE|NFO|BFO"),
        ("", replace(TEN_INFY, product="MTF"), "products", "allowed_products=CNC|MIS|NRML"),
        ("denied_symbols=NSE:INFY", TEN_INFY, "symbols", "denied_symbols=NSE:INFY"),
        ("denied_symbols=NFO:NIFTY", NIFTY, "symbols", "denied_symbols=NFO:NIFTY"),
        ("allowed_symbols=NSE:TCS", TEN_INFY, "symbols", "allowed_symbols=NSE:TCS"),
        (
            "allowed_symbols=NSE:INFY, denied_symbols=NSE:INFY",
            TEN_INFY,
            "symbols",
            "denied_symbols=NSE:INFY",
        ),
    ],
)
def test_what_may_not_be_traded_is_denied(limits, terms, rule, threshold):
    denied = denial(limits, terms)

    assert (denied.rule, denied.threshold) == (rule, threshold)
    assert "not allowed" in denied.reason


def test_what_is_on_the_list_of_the_allowed_passes():
    assert denial("allowed_symbols=NSE:TCS|NSE:INFY") is None
    assert denial("allowed_symbols=NFO:NIFTY", NIFTY, NIFTY_SEEN) is None


# Market hours

SHUT = replace(
    SEEN,
    exchange_open=False,
    closed_because="Guru Nanak Jayanti",
    opens_at=datetime(2026, 11, 25, 3, 45, tzinfo=UTC),
)
CRUDE = replace(TEN_INFY, exchange="MCX", trading_symbol="CRUDEOIL26DECFUT")


def test_real_orders_go_only_while_the_calendar_says_that_the_exchange_is_open():
    sunday = datetime(2026, 2, 1, 4, 30, tzinfo=UTC)  # the Union Budget
    open_today = replace(SEEN, price_at=sunday, exchange_open=True)

    assert rule_of(facts=open_today, now=sunday) is None
    assert rule_of(facts=SHUT) == "market_hours"


def test_the_denial_names_the_holiday_and_the_next_opening():
    denied = denial(facts=SHUT)

    assert denied == (
        "market_hours",
        2,
        "market_hours=live",
        "NSE is closed (Guru Nanak Jayanti) at Mon 23 Nov 2026 10:00 IST; it opens Wed 25 Nov 2026 "
        "09:15 IST. Nothing was sent. Next: wait for the market to open, or place it as an "
        "after-market order (variety amo) where the broker takes one.",
    )


def test_outside_of_hours_there_is_no_reason_to_name():
    after_hours = replace(SHUT, closed_because=None)

    assert denial(facts=after_hours).reason.startswith("NSE is closed at Mon 23 Nov 2026 10:00 IST")


def test_the_calendar_knows_every_exchange():
    assert rule_of("allowed_exchanges=MCX", CRUDE, SHUT) == "market_hours"
    assert rule_of("allowed_exchanges=MCX", CRUDE, replace(SHUT, exchange_open=True)) is None


# Market hours, of facts without a calendar


@pytest.mark.parametrize(
    ("now", "rule"),
    [
        (NINE_FIFTEEN - INSTANT, "market_hours"),
        (NINE_FIFTEEN, None),
        (datetime(2026, 11, 23, 10, 0, tzinfo=UTC) - INSTANT, None),
        (datetime(2026, 11, 23, 10, 0, tzinfo=UTC), "market_hours"),
        (datetime(2026, 11, 20, 4, 30, tzinfo=UTC), None),
        (datetime(2026, 11, 21, 4, 30, tzinfo=UTC), "market_hours"),
        (datetime(2026, 11, 22, 4, 30, tzinfo=UTC), "market_hours"),
        # 22:30 UTC on Sunday is 04:00 IST on Monday
        (datetime(2026, 11, 22, 22, 30, tzinfo=UTC), "market_hours"),
    ],
    ids=["before the bell", "bell", "15:29", "15:30", "Friday", "Saturday", "Sunday", "night"],
)
def test_real_orders_of_an_older_release_go_only_from_monday_to_friday(now, rule):
    assert rule_of(facts=replace(SEEN, price_at=now), now=now) == rule


def test_without_a_calendar_it_is_version_one_that_denies():
    denied = denial(now=datetime(2026, 11, 23, 12, 30, tzinfo=UTC))

    assert denied.rule_version == 1
    assert "it is Mon 23 Nov 2026 18:00 IST" in denied.reason


EVENING = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def test_after_market_orders_are_for_the_evening():
    amo = replace(TEN_INFY, variety="amo")

    assert denial(terms=amo, now=EVENING) is None
    assert denial(terms=amo, facts=SHUT) is None


@pytest.mark.parametrize(
    ("setting", "mode", "rule"),
    [
        ("live", "PAPER", None),
        ("live", "SIMULATED", None),
        ("live", "LIVE", "market_hours"),
        ("always", "PAPER", "market_hours"),
        ("always", "SIMULATED", "market_hours"),
        ("off", "LIVE", None),
    ],
)
def test_whose_orders_keep_the_market_hours_is_a_setting(setting, mode, rule):
    assert rule_of(f"market_hours={setting}", mode=mode, now=EVENING) == rule
    assert rule_of(f"market_hours={setting}", facts=SHUT, mode=mode) == rule


def test_without_a_calendar_hours_of_other_exchanges_are_the_brokers_to_judge():
    assert denial("allowed_exchanges=MCX", CRUDE, now=EVENING) is None


# Prices

NO_PRICE = replace(SEEN, price_inr=None, price_at=None, value_inr=None)
PRICE_OF_ZERO = replace(SEEN, price_inr=Decimal(0), value_inr=Decimal(0))
STOP_AT_MARKET = replace(AT_MARKET, order_type="SL-M", trigger_price_inr=Decimal("1470.00"))
STOP = replace(TEN_INFY, order_type="SL", trigger_price_inr=Decimal("1481.00"))


@pytest.mark.parametrize("terms", [AT_MARKET, STOP_AT_MARKET], ids=["MARKET", "SL-M"])
@pytest.mark.parametrize(
    "facts",
    [
        replace(NO_PRICE, value_inr=Decimal("14700.00")),
        replace(SEEN, price_at=None),
        replace(SEEN, price_at=TEN - timedelta(minutes=1)),
        PRICE_OF_ZERO,
    ],
    ids=["none", "of unknown age", "old", "zero"],
)
def test_without_a_fresh_price_nothing_goes_at_the_market(terms, facts):
    assert rule_of(terms=terms, facts=facts) == "fresh_price"


@pytest.mark.parametrize("terms", [AT_MARKET, STOP_AT_MARKET], ids=["MARKET", "SL-M"])
def test_with_a_fresh_price_it_does(terms):
    assert denial(terms=terms) is None


def test_a_price_from_an_instance_whose_clock_is_ahead_is_fresh():
    assert denial(terms=AT_MARKET, facts=replace(SEEN, price_at=TEN + timedelta(seconds=2))) is None


@pytest.mark.parametrize("terms", [TEN_INFY, STOP], ids=["LIMIT", "SL"])
def test_an_order_that_its_own_price_bounds_needs_no_last_price(terms):
    facts = replace(NO_PRICE, value_inr=Decimal("14805.00"))

    assert denial(terms=terms, facts=facts) is None


@pytest.mark.parametrize("terms", [TEN_INFY, AT_MARKET, STOP, STOP_AT_MARKET])
@pytest.mark.parametrize("value", [None, Decimal(0)])
def test_what_nobody_can_value_never_passes(terms, value):
    assert rule_of(terms=terms, facts=replace(SEEN, value_inr=value)) == "fresh_price"


@pytest.mark.parametrize(
    "terms",
    [
        replace(TEN_INFY, limit_price_inr=Decimal("1405.95")),
        replace(STOP, trigger_price_inr=Decimal("1554.05")),
        replace(STOP_AT_MARKET, trigger_price_inr=Decimal("1405.95")),
    ],
    ids=["limit below", "trigger above", "trigger below"],
)
def test_the_band_is_on_both_sides_and_for_triggers_too(terms):
    denied = denial(terms=terms)

    assert (denied.rule, denied.threshold) == ("price_band", "price_band_percent=5")
    assert "5 % away from the last price, ₹1,480.00" in denied.reason


def test_an_old_price_bands_nothing():
    far = replace(TEN_INFY, limit_price_inr=Decimal("100.00"))

    assert denial(terms=far, facts=replace(SEEN, price_at=TEN - timedelta(minutes=1))) is None
    assert denial(terms=far, facts=replace(SEEN, price_inr=Decimal(0))) is None


@pytest.mark.parametrize("kind", ["CE", "PE"])
def test_options_have_a_band_of_their_own(kind):
    facts = replace(NIFTY_SEEN, kind=kind)

    at, over = (replace(NIFTY, limit_price_inr=Decimal(p)) for p in ("125.00", "125.05"))
    assert denial(terms=at, facts=facts) is None
    denied = denial(terms=over, facts=facts)
    assert (denied.rule, denied.threshold) == ("price_band", "option_price_band_percent=25")
    assert rule_of(terms=at, facts=replace(facts, kind="FUT")) == "price_band"


def test_a_trigger_off_the_tick_is_denied():
    off = replace(STOP, trigger_price_inr=Decimal("1481.01"))

    assert rule_of(terms=off) == "tick"
    assert denial("require_tick_multiple=no", off) is None


def test_without_a_known_tick_or_lot_neither_is_judged():
    odd = replace(TEN_INFY, quantity_shares=7, limit_price_inr=Decimal("1480.0101"))

    assert denial(terms=odd, facts=replace(SEEN, tick_inr=None, lot_size_shares=None)) is None


def test_lots_are_told_in_shares():
    denied = denial(terms=replace(NIFTY, quantity_shares=100), facts=NIFTY_SEEN)

    assert denied.reason.startswith("100 shares are no multiple of the lot of 65 shares.")
    assert (
        rule_of("require_lot_multiple=no", replace(NIFTY, quantity_shares=100), NIFTY_SEEN) is None
    )


def test_of_an_iceberg_one_leg_has_to_be_within_the_freeze_quantity():
    limits = "freeze_quantity_shares=NFO:NIFTY:130"
    iceberg = replace(NIFTY, quantity_shares=650, variety="iceberg", disclosed_quantity_shares=130)

    assert rule_of(limits, iceberg, NIFTY_SEEN) is None
    assert rule_of(limits, replace(iceberg, disclosed_quantity_shares=325), NIFTY_SEEN) == (
        "freeze_quantity"
    )


def test_above_the_freeze_quantity_the_reason_names_the_most_that_whole_lots_make():
    many = replace(NIFTY, quantity_shares=1820, limit_price_inr=Decimal("100.00"))

    denied = denial(terms=many, facts=NIFTY_SEEN)
    assert denied.rule == "freeze_quantity"
    assert "at most 1,800 shares of NFO:NIFTY26NOV24650CE" in denied.reason
    assert denied.reason.endswith("Next: use slices=true, or orders of at most 1,755 shares each.")


def test_large_figures_have_indian_grouping():
    many = replace(TEN_INFY, quantity_shares=150_000)
    denied = denial(terms=many, facts=SEEN)
    assert denied.reason.startswith(
        "The order is for 1,50,000 shares, and one order may have 5,000"
    )

    denied = denial(facts=replace(SEEN, value_inr=Decimal("1234567.50")))
    assert "₹12,34,567.50" in denied.reason
    assert "₹2,00,000.00" in denied.reason


# What came before


def test_the_same_order_again_is_denied_also_where_another_clock_is_ahead():
    assert rule_of(facts=replace(SEEN, same_order_at=TEN)) == "duplicate"
    assert rule_of(facts=replace(SEEN, same_order_at=TEN + timedelta(seconds=5))) == "duplicate"


def test_a_window_of_zero_switches_the_duplicate_rule_off():
    later = replace(SEEN, same_order_at=TEN + timedelta(seconds=5))

    assert denial("duplicate_window_seconds=0", facts=later) is None


def test_one_unknown_order_in_the_account_holds_back_the_next():
    assert rule_of(facts=replace(SEEN, unknown_open=1)) == "unknown_open"


# Modifications and cancellations


@pytest.mark.parametrize("facts", [replace(SEEN, same_order_at=TEN), replace(SEEN, unknown_open=9)])
def test_a_modification_is_no_duplicate_and_waits_for_no_other_order(facts):
    assert denial(facts=facts, kind="modify") is None


@pytest.mark.parametrize("rule", sorted(set(AT_AND_OVER) - {"duplicate", "unknown_open"}))
def test_every_other_rule_holds_for_modifications(rule):
    assert rule_of(*AT_AND_OVER[rule][1], kind="modify") == rule


@pytest.mark.parametrize("rule", AT_AND_OVER)
def test_a_cancellation_is_never_judged(rule):
    assert denial(*AT_AND_OVER[rule][1], kind="cancel") is None


def test_of_a_modification_only_what_it_adds_counts_for_the_day():
    today = replace(SEEN, value_today_inr=Decimal("995000.00"), held_inr=Decimal("9805.00"))

    assert denial(facts=today, kind="modify") is None
    denied = denial(facts=replace(today, value_today_inr=Decimal("995000.01")), kind="modify")
    assert denied.rule == "value_per_day"
    assert denied.reason.startswith("With another ₹5,000.00 the day would come to ₹10,00,000.01")


def test_a_modification_that_adds_nothing_passes_on_a_day_that_is_full():
    full = replace(SEEN, value_today_inr=Decimal(2_000_000), held_inr=Decimal("14805.00"))

    assert denial(facts=full, kind="modify") is None
