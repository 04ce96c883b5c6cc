from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from infrastructure.simulator.exchange.accounts import Liquidity
from infrastructure.simulator.exchange.orders import OrderRequest
from infrastructure.simulator.exchange.refusals import Refused

ALICE = ("kite", "ALICE")
TEN_AT_MARKET = OrderRequest(
    symbol="INFY", side="BUY", quantity_shares=10, product="CNC", order_type="MARKET"
)
TEN_AT_1490 = replace(TEN_AT_MARKET, order_type="LIMIT", limit_price_inr=Decimal("1490"))
FOUR_A_SECOND = Liquidity(shares_per_fill=4, every=timedelta(seconds=1))


@pytest.fixture
def thin(exchange):
    """An exchange on which Alice's orders fill four shares a second."""
    exchange.set_liquidity(*ALICE, FOUR_A_SECOND)
    return exchange


def last(exchange):
    return exchange.orders(*ALICE)[-1]


def filled_and_pending(exchange):
    order = last(exchange)
    return order.status, order.filled_shares, order.pending_shares


def test_an_order_fills_piece_by_piece_as_time_passes(thin, clock):
    thin.place(*ALICE, TEN_AT_MARKET)
    assert filled_and_pending(thin) == ("OPEN", 4, 6)

    clock.advance(seconds=1)
    assert filled_and_pending(thin) == ("OPEN", 8, 2)

    clock.advance(seconds=1)
    assert filled_and_pending(thin) == ("COMPLETE", 10, 0)


def test_pieces_that_nobody_watched_fill_at_their_own_seconds(thin, clock):
    thin.place(*ALICE, TEN_AT_MARKET)
    began = clock.at

    clock.advance(hours=1)

    fills = thin.fills(*ALICE)
    assert [fill.shares for fill in fills] == [4, 4, 2]
    assert [fill.at - began for fill in fills] == [timedelta(seconds=s) for s in (0, 1, 2)]
    assert len({fill.trade_id for fill in fills}) == 3


def test_the_average_price_is_that_of_all_trades(thin, clock):
    thin.place(*ALICE, TEN_AT_MARKET)
    clock.advance(seconds=5)

    fills = thin.fills(*ALICE)
    assert [fill.price_inr for fill in fills] == [
        Decimal("1488.80"),
        Decimal("1488.50"),
        Decimal("1488.20"),
    ]
    assert last(thin).average_price_inr == Decimal("1488.56")
    assert thin.positions(*ALICE)[0].buy_value_inr == Decimal("14885.60")


def test_what_waits_in_the_book_is_filled_at_its_own_limit(thin, clock):
    thin.place(*ALICE, TEN_AT_1490)

    clock.advance(seconds=1)

    assert [fill.price_inr for fill in thin.fills(*ALICE)] == [Decimal("1488.80"), Decimal("1490")]


def test_money_is_blocked_for_the_rest_only(thin):
    thin.place(*ALICE, TEN_AT_1490)

    assert last(thin).blocked_inr == Decimal("8940")
    assert thin.funds(*ALICE).available_inr == Decimal("985104.80")


def test_cancelling_ends_the_rest_and_keeps_what_was_traded(thin, clock):
    order_id = thin.place(*ALICE, TEN_AT_MARKET)

    thin.cancel(*ALICE, order_id)
    clock.advance(minutes=5)

    assert (last(thin).status, last(thin).filled_shares, last(thin).cancelled_shares) == (
        "CANCELLED",
        4,
        6,
    )
    assert thin.positions(*ALICE)[0].net_shares == 4
    assert thin.funds(*ALICE).available_inr == Decimal("994044.80")


def test_an_immediate_order_takes_what_is_there_and_gives_up_the_rest(thin):
    thin.place(*ALICE, replace(TEN_AT_1490, validity="IOC"))

    assert (last(thin).status, last(thin).filled_shares, last(thin).cancelled_shares) == (
        "CANCELLED",
        4,
        6,
    )


def test_the_rest_of_an_order_can_be_modified(thin, clock):
    order_id = thin.place(*ALICE, TEN_AT_1490)

    thin.modify(*ALICE, order_id, lambda terms: replace(terms, quantity_shares=6))
    clock.advance(seconds=1)

    assert filled_and_pending(thin) == ("COMPLETE", 6, 0)


@pytest.mark.parametrize("shares", [3, 4])
def test_an_order_cannot_become_smaller_than_what_was_traded(thin, shares):
    order_id = thin.place(*ALICE, TEN_AT_1490)

    with pytest.raises(Refused) as refused:
        thin.modify(*ALICE, order_id, lambda terms: replace(terms, quantity_shares=shares))

    assert refused.value.reason == "INPUT"
    assert filled_and_pending(thin) == ("OPEN", 4, 6)


def test_an_order_for_more_than_the_book_shows_fills_in_pieces_by_itself(exchange, clock):
    exchange.open_account(*ALICE, cash_inr=Decimal(100_000_000))
    exchange.place(*ALICE, replace(TEN_AT_MARKET, quantity_shares=10_000))
    assert filled_and_pending(exchange) == ("OPEN", 6610, 3390)

    clock.advance(seconds=10)

    assert filled_and_pending(exchange) == ("COMPLETE", 10_000, 0)


def test_a_protected_market_order_goes_no_further_than_its_band(thin, clock):
    """0.02 % below 1488.80, on tick: 1488.55."""
    band = Decimal("0.02")
    selling = replace(TEN_AT_MARKET, side="SELL", product="MIS", market_protection_percent=band)
    thin.place(*ALICE, selling)

    clock.advance(seconds=1)  # INFY is at 1488.50
    assert filled_and_pending(thin) == ("OPEN", 4, 6)

    clock.advance(minutes=2)  # INFY is at 1491.80
    assert filled_and_pending(thin) == ("COMPLETE", 10, 0)
