from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.errors import InvalidOrder
from domain.orders import check_order_key, check_terms
from tests.domain.facts import TEN_INFY

AT_MARKET = replace(TEN_INFY, order_type="MARKET", limit_price_inr=None)
STOP = replace(
    TEN_INFY,
    order_type="SL",
    limit_price_inr=Decimal("1480.50"),
    trigger_price_inr=Decimal("1479"),
)
STOP_AT_MARKET = replace(
    TEN_INFY, order_type="SL-M", limit_price_inr=None, trigger_price_inr=Decimal("1479")
)


@pytest.mark.parametrize("terms", [TEN_INFY, AT_MARKET, STOP, STOP_AT_MARKET])
def test_every_type_of_order_has_terms_that_pass(terms):
    assert check_terms(terms) is terms


@pytest.mark.parametrize(
    "symbol", ["INFY", "M&M", "BAJAJ-AUTO", "NIFTY 50", "NIFTY26NOV25000CE", "3MINDIA", "A" * 50]
)
def test_symbols_as_the_exchanges_write_them_pass(symbol):
    check_terms(replace(TEN_INFY, trading_symbol=symbol))


@pytest.mark.parametrize(
    "symbol", ["", "infy", "INFY.NS", " INFY", "-INFY", "INFY\n", "NSE:INFY", "A" * 51, "ÍNFY"]
)
def test_other_symbols_are_refused(symbol):
    with pytest.raises(InvalidOrder, match=r"trading_symbol must be .* Next: give it as"):
        check_terms(replace(TEN_INFY, trading_symbol=symbol))


@pytest.mark.parametrize("quantity", [1, 10_000_000])
def test_quantities_at_the_edges_pass(quantity):
    check_terms(replace(TEN_INFY, quantity_shares=quantity))


@pytest.mark.parametrize("quantity", [0, -1, 10_000_001])
def test_quantities_beyond_the_edges_are_refused(quantity):
    with pytest.raises(InvalidOrder, match="quantity must be a whole number of shares from 1 to"):
        check_terms(replace(TEN_INFY, quantity_shares=quantity))


@pytest.mark.parametrize("terms", [TEN_INFY, STOP], ids=["LIMIT", "SL"])
def test_orders_with_a_limit_need_a_price(terms):
    with pytest.raises(InvalidOrder, match=r"^price is required for (LIMIT|SL) orders"):
        check_terms(replace(terms, limit_price_inr=None))


@pytest.mark.parametrize("terms", [AT_MARKET, STOP_AT_MARKET], ids=["MARKET", "SL-M"])
def test_orders_at_the_market_have_no_price(terms):
    with pytest.raises(InvalidOrder, match=r"^price has no meaning for (MARKET|SL-M) orders"):
        check_terms(replace(terms, limit_price_inr=Decimal("1480.50")))


@pytest.mark.parametrize("terms", [STOP, STOP_AT_MARKET], ids=["SL", "SL-M"])
def test_orders_with_a_stop_need_a_trigger_price(terms):
    with pytest.raises(InvalidOrder, match=r"^trigger_price is required for SL(-M)? orders"):
        check_terms(replace(terms, trigger_price_inr=None))


@pytest.mark.parametrize("terms", [TEN_INFY, AT_MARKET], ids=["LIMIT", "MARKET"])
def test_orders_without_a_stop_have_no_trigger_price(terms):
    with pytest.raises(InvalidOrder, match=r"^trigger_price has no meaning for (LIMIT|MARKET)"):
        check_terms(replace(terms, trigger_price_inr=Decimal("1479")))


@pytest.mark.parametrize("price", ["0.0001", "0.05", "10000000", "1E+7", "9999999.9999"])
def test_prices_at_the_edges_pass(price):
    check_terms(replace(STOP, limit_price_inr=Decimal(price)))
    check_terms(replace(STOP, trigger_price_inr=Decimal(price)))


@pytest.mark.parametrize(
    "price", ["0", "-0", "-0.05", "10000000.0001", "NaN", "sNaN", "Infinity", "-Infinity"]
)
def test_prices_beyond_the_edges_are_refused(price):
    with pytest.raises(InvalidOrder, match=r"^price must be above 0 and at most 10000000 INR"):
        check_terms(replace(STOP, limit_price_inr=Decimal(price)))
    with pytest.raises(InvalidOrder, match=r"^trigger_price must be above 0 and at most"):
        check_terms(replace(STOP, trigger_price_inr=Decimal(price)))


@pytest.mark.parametrize("price", ["1480.50001", "0.00001", "1E-5"])
def test_prices_with_more_than_four_decimal_places_are_refused(price):
    with pytest.raises(InvalidOrder, match=r"^price has more than 4 decimal places"):
        check_terms(replace(TEN_INFY, limit_price_inr=Decimal(price)))


@pytest.mark.parametrize("disclosed", [1, 10])
def test_a_disclosed_quantity_up_to_the_whole_passes(disclosed):
    check_terms(replace(TEN_INFY, disclosed_quantity_shares=disclosed))


@pytest.mark.parametrize("disclosed", [0, -1, 11])
def test_a_disclosed_quantity_of_nothing_or_of_more_than_the_whole_is_refused(disclosed):
    with pytest.raises(InvalidOrder, match="disclosed_quantity must be between 1 and quantity"):
        check_terms(replace(TEN_INFY, disclosed_quantity_shares=disclosed))


@pytest.mark.parametrize("key", ["k", "7", "k-1", "2026.11:23_a", "K" * 64])
def test_order_keys_of_ordinary_characters_pass(key):
    assert check_order_key(key) == key


@pytest.mark.parametrize(
    "key", ["", "K" * 65, "-k", ".k", "k k", "k\n", "k/1", "schlüssel", "k1\x00"]
)
def test_other_order_keys_are_refused(key):
    with pytest.raises(InvalidOrder, match=r"order_key must be .* Next: choose another key"):
        check_order_key(key)
