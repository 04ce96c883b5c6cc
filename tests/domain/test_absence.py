"""When it may be said that an order never came to be."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from domain import events as e
from domain.absence import change_in_doubt, in_doubt, may_be_live, proves_absence
from domain.open_orders import OpenChange, OpenOrder
from tests.domain.facts import TEN_INFY, modification

HALF_PAST_NINE = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
THREE = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SIX = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
NEXT_SIX = SIX + timedelta(days=1)


def asked(at: datetime, **more: object) -> e.OrderRequested:
    plain = e.OrderRequested(
        order_key="k1",
        broker="kite",
        mode="SIMULATED",
        account_fingerprint="acc-1",
        credential_version=1,
        terms=TEN_INFY,
        fingerprint="print",
        broker_tag="utag0000000000000001",
        dispatch_by=at + timedelta(seconds=10),
    )
    return replace(plain, **more)


UNKNOWN = OpenOrder(asked(HALF_PAST_NINE), "unknown")
AFTER_MARKET = OpenOrder(asked(SIX, terms=replace(TEN_INFY, variety="amo")), "unknown")


@pytest.mark.parametrize("stage", ["requested", "placed"])
def test_an_order_that_was_not_sent_or_was_seen_is_not_in_doubt(stage):
    assert not in_doubt(OpenOrder(asked(HALF_PAST_NINE), stage), NEXT_SIX)


def test_a_dispatched_order_is_in_doubt_when_no_call_can_be_under_way_any_more():
    dispatched = OpenOrder(asked(HALF_PAST_NINE), "dispatched")

    assert not in_doubt(dispatched, HALF_PAST_NINE + timedelta(seconds=70))
    assert in_doubt(dispatched, HALF_PAST_NINE + timedelta(seconds=71))


def test_a_dispatched_order_of_an_older_release_is_in_doubt():
    assert in_doubt(OpenOrder(asked(SIX, dispatch_by=None), "dispatched"), HALF_PAST_NINE)


@pytest.mark.parametrize(
    ("stage", "seconds", "doubtful"),
    [
        ("requested", 3600, False),
        ("dispatched", 70, False),
        ("dispatched", 71, True),
        ("unknown", 0, True),
    ],
)
def test_a_change_is_in_doubt_by_the_same_rule(stage, seconds, doubtful):
    asked_at = modification().dispatch_by - timedelta(seconds=10)

    change = OpenChange(modification(), stage)

    assert change_in_doubt(change, asked_at + timedelta(seconds=seconds)) is doubtful


def test_a_book_without_the_order_proves_nothing_before_the_day_is_over():
    assert not proves_absence(UNKNOWN, SIX - timedelta(seconds=1))
    assert proves_absence(UNKNOWN, SIX)


def test_a_book_of_another_day_proves_nothing():
    assert not proves_absence(UNKNOWN, NEXT_SIX)


def test_an_order_that_was_sent_after_hours_gets_a_quarter_of_an_hour_to_show():
    late = OpenOrder(asked(SIX), "unknown")

    assert not proves_absence(late, SIX + timedelta(minutes=15) - timedelta(seconds=1))
    assert proves_absence(late, SIX + timedelta(minutes=15))


def test_an_after_market_order_is_for_another_day_and_never_proven_absent():
    assert not proves_absence(AFTER_MARKET, SIX + timedelta(hours=1))
    assert not proves_absence(AFTER_MARKET, NEXT_SIX)


@pytest.mark.parametrize("exchange", ["MCX", "CDS"])
def test_where_trading_goes_on_into_the_evening_the_day_is_longer(exchange):
    order = OpenOrder(asked(THREE, terms=replace(TEN_INFY, exchange=exchange)), "unknown")

    assert not proves_absence(order, SIX)
    assert proves_absence(order, datetime(2026, 11, 23, 18, 29, tzinfo=UTC))


def test_an_order_of_an_older_release_is_of_no_known_day():
    assert not proves_absence(OpenOrder(asked(SIX, dispatch_by=None), "unknown"), SIX)


def test_a_paper_order_whose_process_died_is_absent_at_once_as_its_book_is_our_log():
    paper = OpenOrder(asked(HALF_PAST_NINE, broker="paper"), "dispatched")

    assert not proves_absence(paper, HALF_PAST_NINE + timedelta(seconds=70))
    assert proves_absence(paper, HALF_PAST_NINE + timedelta(seconds=71))


def test_a_placed_order_is_never_proven_absent():
    assert not proves_absence(replace(UNKNOWN, stage="placed"), SIX)


def test_an_order_in_doubt_may_be_live_for_the_rest_of_its_day():
    assert may_be_live(UNKNOWN, THREE)
    assert not may_be_live(UNKNOWN, NEXT_SIX)
    assert may_be_live(AFTER_MARKET, NEXT_SIX)
    assert not may_be_live(replace(UNKNOWN, stage="placed"), THREE)
