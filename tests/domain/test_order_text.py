from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.order_text import order_text, rupees
from tests.domain.facts import TEN_INFY


def text(terms=TEN_INFY, **more):
    return order_text(terms, "Kite", "SIMULATED", value_inr=Decimal("14805"), **more)


def test_a_person_is_shown_what_where_and_what_it_comes_to():
    assert text() == (
        "Buy 10 shares of NSE:INFY at a limit of ₹1,480.50, product CNC, LIMIT, valid DAY.\n"
        "At Kite, SIMULATED: no real money.\n"
        "Worth about ₹14,805.00."
    )


def test_what_a_seller_gets_is_at_least_the_limit():
    sold = text(replace(TEN_INFY, transaction_type="SELL", quantity_shares=1))

    assert sold.startswith("Sell 1 share of NSE:INFY")
    assert "Worth at least ₹14,805.00." in sold


def test_a_change_shows_both_the_order_as_it_is_and_as_it_would_be():
    changed = text(replace(TEN_INFY, quantity_shares=20), instead_of=TEN_INFY)

    assert "Now: Buy 10 shares" in changed
    assert "Then: Buy 20 shares" in changed


def test_an_order_in_slices_says_as_how_many_it_goes():
    assert "It goes as 3 orders" in text(slices=3)


def test_an_iceberg_says_how_much_of_it_goes_at_a_time():
    legs = replace(TEN_INFY, variety="iceberg", disclosed_quantity_shares=5)

    assert ", variety iceberg, 5 at a time, one after the other.\n" in text(legs)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "₹0.00"), ("999.5", "₹999.50"), ("100000", "₹1,00,000.00"), ("0.0025", "₹0.0025"),
     ("12345678.9", "₹1,23,45,678.90"), ("-1200", "-₹1,200.00")],
)  # fmt: skip
def test_rupees_have_the_sign_and_indian_groups(amount, shown):
    assert rupees(Decimal(amount)) == shown
