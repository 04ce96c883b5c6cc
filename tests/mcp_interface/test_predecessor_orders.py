"""The commands of the server before this one that place, change or reckon with orders, with its
arguments, at every broker, through the SDKs: what is taken, and what is refused with which way out.
"""

import re
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Person, connected
from tests.mcp_interface.predecessor import (
    BROKERS,
    CALLS,
    GROWW_ORDER,
    KITE_ORDER,
    MODES,
    log_everybody_in,
    old_order,
    without,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def tokens(three_brokers: Market) -> dict[str, str]:
    return await log_everybody_in(three_brokers, "pro")


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def olga(three_brokers: Market, tokens: dict[str, str], broker: str) -> AsyncIterator[Person]:
    """Who came from the predecessor, is logged in at this broker, and says yes on the page."""
    async with connected(three_brokers.server.url, tokens[broker], says="cannot") as person:
        yield Person(person.client, token=tokens[broker])


def only(*brokers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("broker", brokers, indirect=True)


async def test_an_order_is_placed_changed_and_cancelled_with_the_old_arguments(olga, broker):
    key = f"old-{broker}"

    placed = await olga.call(
        "create_order", **CALLS["create_order"], broker=broker, order_reference_id=key
    )
    changed = await olga.call(
        "modify_order",
        broker=broker,
        order_id=placed.data["brokerOrderId"],
        variety="regular",
        quantity=3,
        price=1401.5,
        order_type="LIMIT",
        validity="DAY",
    )
    orders = await olga.call("get_orders", broker=broker)
    gone = await olga.call(
        "cancel_order", broker=broker, order_id=placed.data["brokerOrderId"], variety="regular"
    )

    assert (placed.data["orderKey"], placed.data["mode"]) == (key, MODES[broker])
    assert placed.data["state"] == "PLACED"
    assert (changed.data["state"], gone.data["state"]) == ("ACCEPTED", "ACCEPTED")
    (row,) = [each for each in orders.data["orders"] if each["orderKey"] == key]
    assert (row["quantity"], row["price"], row["status"]) == (3, "1401.50", "OPEN")


@only("kite", "dhan")
async def test_an_after_market_order_is_placed(olga, broker):
    placed = await olga.call(
        "place_amo", **CALLS["place_amo"], broker=broker, order_key=f"amo-{broker}"
    )

    assert (placed.data["state"], placed.data["mode"]) == ("PLACED", "SIMULATED")
    told = await olga.call("get_order", order_key=f"amo-{broker}")
    assert told.data["variety"] == "amo"


@pytest.mark.parametrize("era", ERAS)
async def test_who_can_be_asked_is_asked_for_these_orders_too(three_brokers: Market, tokens, era):
    arguments = {**CALLS["place_iceberg_order"], "order_key": f"asked-{era}", "broker": "kite"}

    async with connected(three_brokers.server.url, tokens["kite"], era) as person:
        placed = await person.call("place_iceberg_order", **arguments)
        await person.call("cancel_order", order_id=f"asked-{era}")

    assert placed.data["state"] == "PLACED"
    if era == "auto":  # the older revision has no way to ask over HTTP, and is sent to the page
        assert "variety iceberg, 5 at a time, one after the other" in person.questions[0]


@only("kite")
async def test_an_iceberg_of_kite_is_one_order_until_it_is_cancelled(olga):
    arguments = {**CALLS["place_iceberg_order"], "broker": "kite", "order_key": "ice-1"}

    placed = await olga.call("place_iceberg_order", **arguments)
    repeated = await olga.call("place_iceberg_order", **arguments)
    changed = await olga.try_to("modify_order", order_id="ice-1", price=1401, variety="iceberg")
    gone = await olga.call("cancel_order", order_id="ice-1", variety="iceberg")
    told = await olga.call("get_order", order_key="ice-1")

    assert placed.data["brokerOrderId"] == repeated.data["brokerOrderId"]
    assert repeated.data["repeated"]
    assert changed.code == "NOT_SUPPORTED_BY_BROKER"
    assert changed.text.endswith("Next: cancel_order, then place_iceberg_order with the new terms.")
    assert gone.data["state"] == "ACCEPTED"
    assert (told.data["variety"], told.data["quantity"]) == ("iceberg", 20)
    assert told.data["status"] == "CANCELLED"


@only("kite")
async def test_the_legs_of_an_iceberg_fill_and_the_account_stays_open(olga):
    quote = await olga.call("get_quote", symbols=["NSE:INFY"])
    above = Decimal(quote.data["quotes"][0]["lastPrice"]) * Decimal("1.01") // 1
    arguments = {**CALLS["place_iceberg_order"], "price": float(above)}

    placed = await olga.call("place_iceberg_order", **arguments, order_key="ice-2")
    for _ in range(4):
        orders = await olga.call("get_orders")
    told = await olga.call("get_order", order_key="ice-2")
    after = await olga.call("create_order", **old_order(), order_key="after-ice")

    (row,) = [each for each in orders.data["orders"] if each["orderKey"] == "ice-2"]
    assert (row["quantity"], row["filledQuantity"]) == (20, 20)
    assert told.data["status"] == "FILLED"
    assert told.data["brokerOrderId"] == placed.data["brokerOrderId"]
    assert after.data["state"] == "PLACED"
    await olga.call("cancel_order", order_id="after-ice")


@only("kite")
@pytest.mark.parametrize("disclosed", [3, 20, 15])
async def test_legs_that_do_not_make_up_the_whole_are_refused(olga, disclosed):
    arguments = {**CALLS["place_iceberg_order"], "disclosed_quantity": disclosed}

    answer = await olga.try_to("place_iceberg_order", **arguments)

    assert answer.code == "INVALID_ORDER"
    assert "choose a disclosed_quantity that divides quantity" in answer.text


COVER = (
    r"create_order\(.*transaction_type='BUY', .*product='MIS', .*\) and, once it is filled, "
    r"create_order\(.*transaction_type='SELL', .*order_type='SL'\) with your stop loss .*"
)
BRACKET = (
    r"create_order\(.*product='MIS', .*\) and, once it is filled, place_gtt_order\(kind='OCO', "
    r"broker='{broker}', .*transaction_type='SELL', .*\) with your target and stop loss\."
)
WAYS_OUT = {
    ("place_amo", "groww"): r"create_order\(broker='groww', exchange='NSE', "
    r"trading_symbol='INFY', transaction_type='BUY', quantity=2, product='CNC', "
    r"order_type='LIMIT', price='1400'\) while the market is open\.",
    ("place_amo", "paper"): r"create_order\(.*\), which paper takes around the clock\.",
    ("place_iceberg_order", "groww"): r"create_order\(.*quantity=20, .*\); with slices=true .*",
    ("place_iceberg_order", "dhan"): r"create_order\(.*\) with disclosed_quantity=5 \(at least .*",
    ("place_iceberg_order", "paper"): r"create_order\(broker='paper', .*slices=true.*",
    **{("place_cover_order", broker): COVER for broker in BROKERS},
    **{
        ("place_bracket_order", broker): BRACKET.replace("{broker}", broker)
        for broker in ("kite", "groww", "dhan")
    },
    ("place_bracket_order", "paper"): r"create_order\(.*order_type='SL'\) .*; the target is a .*",
}


@pytest.mark.parametrize(("name", "broker"), WAYS_OUT, indirect=["broker"])
async def test_what_a_broker_does_not_take_is_refused_with_a_way_out(olga, broker, name):
    answer = await olga.try_to(name, **CALLS[name], broker=broker)

    assert answer.code == "NOT_SUPPORTED_BY_BROKER"
    assert "nothing was sent. Next: " in answer.text
    assert re.fullmatch(WAYS_OUT[name, broker], answer.text.split("Next: ")[1]), answer.text


@only("groww")
@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("place_groww_gtd_order", "place_gtt_order(kind='SINGLE', broker='groww', "),
        ("place_groww_bracket_order", "place_gtt_order(kind='OCO', broker='groww', "),
        ("place_groww_cover_order", "order_type='SL') with your stop loss"),
    ],
)
async def test_growws_own_kinds_are_refused_with_a_way_out(olga, name, way_out):
    told = [
        await olga.try_to(name, **CALLS[name]),
        await olga.try_to(name, **CALLS[name], broker="groww"),
        await olga.try_to(name, **CALLS[name], broker="kite"),
    ]

    assert [answer.code for answer in told] == ["NOT_SUPPORTED_BY_BROKER"] * 3
    assert all(way_out in answer.text for answer in told[:2])
    assert f"{name} is for groww alone" in told[2].text


async def test_whatever_names_a_bracket_or_cover_order_is_refused_in_one_way(olga, broker):
    told = {
        "bo": [
            await olga.try_to("create_order", **old_order(variety="bo"), broker=broker),
            await olga.try_to("create_order", **old_order(product="BO"), broker=broker),
            await olga.try_to("create_order", **old_order(squareoff=1450), broker=broker),
            await olga.try_to("preview_order", **old_order(variety="bo"), broker=broker),
        ],
        "co": [
            await olga.try_to("create_order", **old_order(variety="co"), broker=broker),
            await olga.try_to("create_order", **old_order(product="CO"), broker=broker),
            await olga.try_to("create_order", **old_order(stoploss=1380), broker=broker),
        ],
    }

    for kind, answers in told.items():
        words = {"bo": "has no bracket orders", "co": "has no cover orders"}[kind]
        for answer in answers:
            assert answer.code == "NOT_SUPPORTED_BY_BROKER"
            assert words in answer.text


async def test_nobody_has_to_log_in_to_hear_that_there_is_no_such_thing(three_brokers: Market):
    token = three_brokers.site.token("pro-stranger")

    async with connected(three_brokers.server.url, token) as person:
        answers = [
            await person.try_to("place_bracket_order", **CALLS["place_bracket_order"], broker=each)
            for each in ("kite", "groww", "dhan")
        ]

    assert [answer.code for answer in answers] == ["NOT_SUPPORTED_BY_BROKER"] * 3


@only("kite")
async def test_what_orders_would_block_at_kite(olga):
    old = await olga.call(
        "calculate_kite_order_margins", **CALLS["calculate_kite_order_margins"], broker="kite"
    )
    compact = await olga.call(
        "calculate_kite_basket_margins", **CALLS["calculate_kite_basket_margins"]
    )
    whole = await olga.call("calculate_kite_basket_margins", orders=[KITE_ORDER, KITE_ORDER])

    assert [row["total"] for row in old.data["orders"]] == ["14000.00", "14000.00"]
    assert (old.data["total"], old.data["saved"]) == ("28000.00", "0.00")
    assert old.text.splitlines()[1] == "2 orders would block ₹28,000.00 at Zerodha Kite."
    assert old.text.splitlines()[2] == "BUY 10 NSE:INFY LIMIT CNC: ₹14,000.00"
    assert (compact.data["orders"], compact.data["total"]) == ([], "28000.00")
    assert len(whole.data["orders"]) == 2


@only("kite")
async def test_what_orders_would_cost_at_kite(olga):
    one = await olga.call(
        "calculate_kite_order_charges", **CALLS["calculate_kite_order_charges"], broker="kite"
    )
    market = {**without(KITE_ORDER, "price"), "order_type": "MARKET", "average_price": 1400.5}
    unpriced = without(market, "average_price")
    at_market = await olga.call("calculate_kite_order_charges", orders=[market])
    without_price = await olga.try_to("calculate_kite_order_charges", orders=[unpriced])

    (row,) = one.data["orders"]
    parts = ("brokerage", "transactionTax", "exchangeCharge", "stampDuty", "gst", "sebiCharge")
    assert sum(Decimal(row[part]) for part in parts) == pytest.approx(Decimal(row["total"]), abs=1)
    assert (row["price"], one.data["total"]) == ("1400.50", row["total"])
    assert at_market.data["total"] == one.data["total"]
    assert without_price.code == "INVALID_ORDER"


@only("groww")
async def test_what_orders_would_block_at_groww(olga):
    one = await olga.call("calculate_order_margin", **CALLS["calculate_order_margin"])
    several = await olga.call(
        "get_margin_for_orders", **{**CALLS["get_margin_for_orders"], "orders": [GROWW_ORDER] * 2}
    )
    borrowed = {**GROWW_ORDER, "productType": "MTF"}
    refused = await olga.try_to("get_margin_for_orders", orders=[borrowed])

    (row,) = one.data["orders"]
    assert (one.data["broker"], row["symbol"], row["quantity"]) == ("groww", "INFY", 10)
    assert Decimal(14000) < Decimal(one.data["total"]) < Decimal(14100)
    assert Decimal(several.data["total"]) == 2 * Decimal(one.data["total"])
    assert refused.code == "NOT_SUPPORTED_BY_BROKER"
    assert "Groww has no product MTF" in refused.text


@only("kite")
async def test_what_is_wrong_with_orders_to_reckon_with_is_told(olga):
    def asked(**cells: object):
        return olga.try_to("calculate_kite_order_margins", orders=[{**KITE_ORDER, **cells}])

    told = [
        await asked(quantity=1.5),
        await asked(trading_symbol="INFY"),
        await asked(tradingsymbol="BSE:INFY"),
        await asked(price=0),
        await asked(exchange="MCX"),
        await asked(variety="bo"),
        await olga.try_to("calculate_kite_order_margins", orders=[]),
        await olga.try_to("calculate_kite_order_margins", orders=[KITE_ORDER] * 21),
        await olga.try_to("calculate_kite_order_margins", orders=[KITE_ORDER], broker="groww"),
        await olga.try_to("calculate_order_margin", **CALLS["calculate_order_margin"]),
    ]
    whole = await asked(quantity=10.0)

    assert [answer.code for answer in told] == [
        *["INVALID_ARGUMENT"] * 2,
        *["INVALID_ORDER"] * 2,
        *["NOT_SUPPORTED_BY_BROKER"] * 2,
        *["INVALID_ARGUMENT"] * 2,
        "NOT_SUPPORTED_BY_BROKER",
        "BROKER_LOGIN_REQUIRED",
    ]
    assert not whole.refused


@only("paper")
async def test_zeros_and_nulls_in_an_order_are_what_is_left_out(olga):
    zeros = {"price": 0, "trigger_price": 0, "stoploss": 0, "squareoff": 0, "disclosed_quantity": 0}
    nulls = dict.fromkeys(("price", "variety", "tag", "trailing_stoploss", "symboltoken"))
    at_market = old_order(order_type="MARKET", quantity=2.0)

    first = await olga.call("create_order", **{**at_market, **zeros}, broker="paper")
    second = await olga.call("create_order", **{**at_market, **nulls}, broker="paper")
    limit = await olga.try_to("create_order", **{**old_order(), "price": 0}, broker="paper")

    assert (first.data["quantity"], second.data["status"]) == (2, "FILLED")
    assert limit.code == "INVALID_ORDER"
    assert "price is required for LIMIT orders" in limit.text


@only("paper")
@pytest.mark.parametrize(
    "kinds",
    [
        {"variety": "amo", "product": "BO"},
        {"variety": "iceberg", "amo": True},
        {"variety": "regular", "amo": True},
        {"amo": True, "stoploss": 1380},
        {"variety": "co", "squareoff": 1450},
        {"variety": "iceberg", "slices": True},
    ],
)
async def test_arguments_that_name_two_kinds_of_order_are_refused(olga, kinds):
    answer = await olga.try_to("create_order", **old_order(**kinds), broker="paper")

    assert answer.code == "INVALID_ORDER"
