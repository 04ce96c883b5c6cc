from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.capabilities import OFFERS
from domain.errors import InvalidOrder, NotSupportedByBroker
from domain.order_offers import iceberg_legs, must_be_changeable, must_take, not_taken
from tests.domain.facts import TEN_INFY

ICEBERG = replace(TEN_INFY, variety="iceberg", quantity_shares=100, disclosed_quantity_shares=25)


def advice(broker, terms):
    with pytest.raises(NotSupportedByBroker) as refusal:
        must_take(broker, broker.title(), OFFERS[broker], terms)
    said, _, next_step = str(refusal.value).partition(" Next: ")
    return said, next_step


@pytest.mark.parametrize(
    ("broker", "varieties"),
    [
        ("kite", ["regular", "amo", "iceberg"]),
        ("groww", ["regular"]),
        ("dhan", ["regular", "amo"]),
        ("paper", ["regular"]),
    ],
)
def test_what_each_broker_takes_is_not_refused(broker, varieties):
    for variety in varieties:
        must_take(broker, broker, OFFERS[broker], replace(TEN_INFY, variety=variety))


@pytest.mark.parametrize("broker", ["kite", "groww", "dhan", "paper"])
@pytest.mark.parametrize("variety", ["co", "bo"])
def test_nobody_takes_a_cover_or_bracket_order(broker, variety):
    said, next_step = advice(broker, replace(TEN_INFY, variety=variety))

    assert said.endswith("orders that could be placed from here; nothing was sent.")
    assert next_step.startswith(f"create_order(broker='{broker}', ")


def test_the_way_out_of_a_short_entry_is_a_purchase():
    terms = replace(TEN_INFY, variety="co", transaction_type="SELL", product="MIS")

    _, next_step = advice("kite", terms)

    assert next_step == (
        "create_order(broker='kite', exchange='NSE', trading_symbol='INFY', "
        "transaction_type='SELL', quantity=10, product='MIS', order_type='LIMIT', "
        "price='1480.50') and, once it is filled, create_order(broker='kite', exchange='NSE', "
        "trading_symbol='INFY', transaction_type='BUY', quantity=10, product='MIS', "
        "order_type='SL') with your stop loss as trigger_price and price."
    )


def test_the_products_that_only_named_a_kind_become_the_intraday_one():
    _, next_step = advice("kite", replace(TEN_INFY, variety="bo", product="BO"))

    assert next_step.count("product='MIS'") == 2


def test_a_trigger_price_stays_in_the_call_that_is_advised():
    stop = replace(TEN_INFY, variety="amo", order_type="SL", trigger_price_inr=Decimal("1470"))

    _, next_step = advice("paper", stop)

    assert "order_type='SL', price='1480.50', trigger_price='1470')" in next_step


def test_an_order_until_a_date_becomes_one_until_a_price_where_there_are_such():
    groww = str(not_taken("groww", "Groww", OFFERS["groww"], "gtd", TEN_INFY))
    paper = str(not_taken("paper", "Paper", OFFERS["paper"], "gtd", TEN_INFY))

    assert "Next: place_gtt_order(kind='SINGLE', broker='groww', " in groww
    assert "Next: create_order(broker='paper', " in paper


def test_an_iceberg_is_equal_legs():
    assert iceberg_legs(ICEBERG) == 4
    assert iceberg_legs(replace(ICEBERG, disclosed_quantity_shares=2)) == 50
    assert iceberg_legs(replace(ICEBERG, disclosed_quantity_shares=50)) == 2


@pytest.mark.parametrize("each", [None, 1, 30, 100])
def test_legs_that_are_unequal_too_many_or_too_few_are_refused(each):
    with pytest.raises(InvalidOrder, match="2 to 50 legs"):
        iceberg_legs(replace(ICEBERG, disclosed_quantity_shares=each))


def test_an_iceberg_is_not_changed_and_other_orders_are():
    must_be_changeable(TEN_INFY)
    with pytest.raises(NotSupportedByBroker, match="place_iceberg_order with the new terms"):
        must_be_changeable(ICEBERG)
