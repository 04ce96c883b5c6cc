from datetime import date
from decimal import Decimal

from infrastructure.simulator.exchange.margins import Leg, blocked, merged
from infrastructure.simulator.market.instruments import INSTRUMENTS
from infrastructure.simulator.market.universe import listing

DAY = listing(date(2026, 11, 23))
INFY = INSTRUMENTS["INFY"]


def option(symbol: str, shares: int, price: str = "100") -> Leg:
    found = DAY.find("NFO", symbol)
    assert found is not None
    return Leg(instrument=found, product="NRML", shares=shares, price_inr=Decimal(price))


def intraday(shares: int, price: str) -> Leg:
    return Leg(instrument=INFY, product="MIS", shares=shares, price_inr=Decimal(price))


SHORT_CALL = option("NIFTY26D0125050CE", -65)
FULL_SPAN = 65 * Decimal("25050") * Decimal("0.09")
EXPOSURE = 65 * Decimal("25050") * Decimal("0.02")


def test_a_short_option_blocks_a_share_of_its_strike():
    assert blocked([SHORT_CALL]).span_inr == FULL_SPAN
    assert blocked([SHORT_CALL]).exposure_inr == EXPOSURE


def test_a_bought_option_blocks_nothing():
    assert blocked([option("NIFTY26D0125050CE", 65)]).total_inr == 0


def test_a_covered_short_option_blocks_what_the_pair_can_lose():
    higher = blocked([SHORT_CALL, option("NIFTY26D0125100CE", 65)])
    lower = blocked([SHORT_CALL, option("NIFTY26D0125000CE", 65)])

    assert (higher.span_inr, higher.exposure_inr) == (65 * Decimal("50"), EXPOSURE)
    assert lower.span_inr == 0


def test_a_covered_short_put_loses_below_its_strike():
    short = option("NIFTY26D0125050PE", -65)

    assert blocked([short, option("NIFTY26D0125000PE", 65)]).span_inr == 65 * Decimal("50")
    assert blocked([short, option("NIFTY26D0125100PE", 65)]).span_inr == 0


def test_each_bought_lot_covers_one_sold_lot():
    two_short = option("NIFTY26D0125050CE", -130)

    assert blocked([two_short, option("NIFTY26D0125100CE", 65)]).span_inr == (
        FULL_SPAN + 65 * Decimal("50")
    )


def test_another_kind_or_expiry_covers_nothing():
    put, later = option("NIFTY26D0125100PE", 65), option("NIFTY26D0825100CE", 65)

    assert blocked([SHORT_CALL, put, later]).span_inr == FULL_SPAN


def test_a_cover_far_away_is_never_worse_than_none():
    assert blocked([SHORT_CALL, option("NIFTY26D0126900CE", 65)]).span_inr <= FULL_SPAN


def test_what_is_closed_keeps_its_price_and_what_turns_takes_the_new_one():
    legs = {intraday(10, "1000").key: intraday(10, "1000")}

    (more,) = merged(legs, intraday(10, "1200")).values()
    (less,) = merged(legs, intraday(-4, "1200")).values()
    (turned,) = merged(legs, intraday(-15, "1200")).values()

    assert (more.shares, more.price_inr) == (20, Decimal("1100"))
    assert (less.shares, less.price_inr) == (6, Decimal("1000"))
    assert (turned.shares, turned.price_inr) == (-5, Decimal("1200"))
