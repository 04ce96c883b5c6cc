from datetime import date
from decimal import Decimal

import pytest

from application.market.read_market import Symbol
from application.market.read_options import ChainView
from domain.errors import InvalidArgument, NotSupportedByBroker, UnknownInstrument
from tests.application.market import MarketWorld
from tests.application.world import context

EXPIRED, TODAY, NEXT = date(2026, 11, 17), date(2026, 11, 23), date(2026, 12, 1)


def dhan() -> MarketWorld:
    world = MarketWorld("dhan")
    world.broker.its_expiries = (EXPIRED, TODAY, NEXT)
    world.broker.strikes = (24300, 24400, 24500, 24600, 24700)
    world.broker.underlying_price_inr = Decimal("24551.00")
    return world


def chain(world: MarketWorld, underlying="NIFTY 50", expiry=None, around=1) -> ChainView:
    return world.read_option_chain(
        context(), world.entered(), world.broker.name, Symbol(text=underlying), expiry, around
    ).answer


def strikes(view: ChainView) -> list[int]:
    return [int(row.strike_inr) for row in view.rows]


def test_the_nearest_expiry_is_shown_around_the_money():
    view = chain(dhan())

    assert (view.chain.expiry, view.expiries) == (TODAY, (TODAY, NEXT))
    assert strikes(view) == [24500, 24600, 24700]
    assert view.at_the_money is not None
    assert view.at_the_money.strike_inr == 24600


def test_another_expiry_can_be_chosen():
    world = dhan()

    chain(world, expiry=NEXT)

    assert world.broker.asked == [("NSE:NIFTY 50", NEXT)]


@pytest.mark.parametrize("expiry", [EXPIRED, date(2026, 11, 26)])
def test_an_expiry_that_is_not_there_is_refused_with_those_that_are(expiry):
    world = dhan()

    with pytest.raises(InvalidArgument, match=r"Next: choose one of 2026-11-23, 2026-12-01\."):
        chain(world, expiry=expiry)

    assert world.broker.asked == []


def test_at_the_edge_of_the_chain_there_are_fewer_strikes():
    world = dhan()
    world.broker.underlying_price_inr = Decimal("20000")

    assert strikes(chain(world)) == [24300, 24400]


def test_without_a_price_of_the_underlying_all_strikes_are_shown():
    world = dhan()
    world.broker.underlying_price_inr = None

    view = chain(world)

    assert (len(view.rows), view.at_the_money) == (5, None)


def test_a_chain_without_strikes_is_an_answer():
    world = dhan()
    world.broker.strikes = ()

    view = chain(world)

    assert (view.rows, view.at_the_money) == ((), None)


def test_what_has_no_options_is_refused():
    world = dhan()
    world.broker.its_expiries = ()

    with pytest.raises(UnknownInstrument, match="NSE:NIFTY 50 has no options at Dhan"):
        chain(world)


def test_a_contract_has_no_chain_of_its_own():
    with pytest.raises(InvalidArgument, match="NFO:NIFTY:2026-11-23:FUT is a contract itself"):
        chain(dhan(), underlying="NFO:NIFTY:2026-11-23:FUT")


def test_a_broker_without_chains_is_refused_before_anything_else():
    with pytest.raises(NotSupportedByBroker, match="groww, dhan can"):
        chain(MarketWorld("kite"), underlying="nothing of the sort")
