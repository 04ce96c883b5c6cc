from decimal import Decimal

import pytest

from infrastructure.simulator.exchange.charges import charges
from infrastructure.simulator.exchange.orders import OrderRequest
from infrastructure.simulator.market.instruments import INSTRUMENTS

INFY = INSTRUMENTS["INFY"]
BUYING_A_CALL = OrderRequest(
    exchange="NFO",
    symbol="NIFTY26D0125050CE",
    side="BUY",
    quantity_shares=65,
    product="NRML",
    order_type="MARKET",
)


def test_a_delivery_pays_tax_on_both_sides_stamp_duty_on_one_and_no_brokerage():
    bought = charges(INFY, "CNC", "BUY", 10, Decimal("1500"))
    sold = charges(INFY, "CNC", "SELL", 10, Decimal("1500"))

    assert bought.brokerage_inr == 0
    assert (bought.transaction_tax_inr, bought.stamp_inr) == (Decimal("15"), Decimal("2.25"))
    assert (sold.transaction_tax_inr, sold.stamp_inr) == (Decimal("15"), Decimal(0))
    assert bought.exchange_inr == Decimal("0.4455")
    assert bought.sebi_inr == Decimal("0.015")
    assert bought.gst_inr == Decimal("0.08289")
    assert bought.total_inr == Decimal("17.79339")


@pytest.mark.parametrize(
    ("shares", "brokerage"), [(10, Decimal("4.5")), (100, Decimal("20")), (1000, Decimal("20"))]
)
def test_intraday_brokerage_is_a_share_of_the_value_up_to_twenty_rupees(shares, brokerage):
    told = charges(INFY, "MIS", "BUY", shares, Decimal("1500"))

    assert told.brokerage_inr == brokerage
    assert told.transaction_tax_inr == 0


def test_an_option_pays_a_flat_brokerage_and_tax_on_its_premium_when_sold(exchange):
    bought = exchange.charges(BUYING_A_CALL, Decimal("200"))

    assert (bought.brokerage_inr, bought.transaction_tax_inr) == (Decimal("20"), 0)
    assert bought.exchange_inr == 13_000 * Decimal("0.0003503")


def test_charges_are_those_of_the_last_price_when_no_other_is_named(exchange):
    assert exchange.charges(BUYING_A_CALL) == exchange.charges(BUYING_A_CALL, Decimal("196.25"))
