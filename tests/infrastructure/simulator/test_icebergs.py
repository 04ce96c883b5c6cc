from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from infrastructure.simulator.exchange.accounts import Liquidity
from infrastructure.simulator.exchange.orders import Iceberg, OrderRequest

ALICE = ("kite", "ALICE")
FIRST_LEG = OrderRequest(
    symbol="INFY",
    side="BUY",
    quantity_shares=5,
    product="CNC",
    order_type="LIMIT",
    limit_price_inr=Decimal("1500"),
    variety="iceberg",
    tag="ice",
    iceberg=Iceberg(leg=1, legs=3, total_shares=15),
)
"""Above the market: it is filled at once."""
ORDER = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": "15",
    "product": "CNC",
    "order_type": "LIMIT",
    "price": "1400",
    "iceberg_legs": "3",
    "iceberg_quantity": "5",
}


def test_a_leg_comes_when_the_one_before_it_is_filled(exchange):
    first = exchange.place(*ALICE, FIRST_LEG)

    legs = exchange.orders(*ALICE)

    assert [leg.request.iceberg.leg for leg in legs] == [1, 2, 3]
    assert [leg.request.iceberg.parent_id for leg in legs] == [None, first, first]
    assert [leg.status for leg in legs] == ["COMPLETE"] * 3
    assert sum(fill.shares for fill in exchange.fills(*ALICE)) == 15


def test_nobody_has_to_look_for_the_legs_to_come_in_their_time(exchange, clock):
    began = clock.at
    exchange.set_liquidity(*ALICE, Liquidity(shares_per_fill=3, every=timedelta(minutes=1)))
    exchange.place(*ALICE, FIRST_LEG)

    clock.advance(hours=1)

    fills = exchange.fills(*ALICE)
    assert [fill.shares for fill in fills] == [3, 2, 3, 2, 3, 2]
    assert [(fill.at - began).seconds // 60 for fill in fills] == [0, 1, 1, 2, 2, 3]


def test_after_a_cancelled_leg_none_comes(exchange, clock):
    waiting = replace(FIRST_LEG, limit_price_inr=Decimal("1400"))
    exchange.cancel(*ALICE, exchange.place(*ALICE, waiting))

    clock.advance(minutes=5)

    assert [leg.status for leg in exchange.orders(*ALICE)] == ["CANCELLED"]


def test_a_leg_that_there_is_no_money_for_ends_the_iceberg(exchange):
    exchange.open_account(*ALICE, cash_inr=Decimal("7500"))
    exchange.place(*ALICE, FIRST_LEG)

    assert [leg.filled_shares for leg in exchange.orders(*ALICE)] == [5]


@pytest.fixture
def alice(kite):
    with kite.as_user(kite.access_token("ALICE")) as http:
        yield http


def test_on_the_wire_a_leg_says_which_one_it_is_and_of_what(alice):
    placed = alice.post("/orders/iceberg", data=ORDER).json()["data"]["order_id"]

    (row,) = alice.get("/orders").json()["data"]

    assert (row["order_id"], row["variety"], row["parent_order_id"]) == (placed, "iceberg", None)
    assert (row["quantity"], row["pending_quantity"]) == (5, 5)
    assert row["meta"] == {
        "iceberg": {
            "leg": 1,
            "legs": 3,
            "leg_quantity": 5,
            "total_quantity": 15,
            "remaining_quantity": 10,
        }
    }


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        ({"iceberg_legs": "1", "iceberg_quantity": "15"}, "iceberg_legs"),
        ({"iceberg_legs": "51"}, "iceberg_legs"),
        ({"iceberg_quantity": "6"}, "iceberg_quantity"),
        ({"iceberg_legs": None}, "iceberg_legs"),
    ],
)
def test_legs_that_kite_refuses_are_refused(alice, cells, wrong):
    form = {name: text for name, text in {**ORDER, **cells}.items() if text is not None}

    answer = alice.post("/orders/iceberg", data=form)

    assert answer.status_code == 400
    assert answer.json()["message"] == f"Invalid `{wrong}`."
