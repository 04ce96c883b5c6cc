"""Zerodha's own published samples through the real SDK, against what they say in our words."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from application.ports.account import Holding, Position
from application.ports.broker import Secrets
from domain.events import OrderPlaced
from domain.vocabulary import OrderSighting
from infrastructure.brokers.kite import KiteBroker
from tests.infrastructure.brokers.kite_support import access, far_side, recorded, ticket
from tests.infrastructure.simulator.support import OPENING_BELL

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "fixtures" / "kiteconnect-mocks"

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="Zerodha's samples are not beside the repository"
)

FILES = {
    "GET /orders": "orders",
    "GET /portfolio/holdings": "holdings",
    "GET /portfolio/positions": "positions",
    "GET /user/profile": "profile",
    "POST /session/token": "generate_session",
    "POST /orders/regular": "order_response",
}


@pytest.fixture
def broker(tmp_path):
    with far_side(lambda method, path: recorded(SAMPLES, FILES[f"{method} {path}"])) as side:
        yield KiteBroker(side.url, tmp_path)


def test_the_order_book(broker):
    book = broker.orders(access(), OPENING_BELL)

    assert [order.sighting.status for order in book[:4]] == [
        "CANCELLED",
        "FILLED",
        "FILLED",
        "REJECTED",
    ]
    cancelled, bought, sold, rejected = book[:4]
    assert cancelled.broker_order_id == "100000000000000"
    assert (cancelled.exchange, cancelled.trading_symbol) == ("CDS", "USDINR21JUNFUT")
    assert cancelled.placed_at == datetime(2021, 5, 31, 3, 45, 38, tzinfo=UTC)
    assert cancelled.sighting.broker_time == datetime(2021, 5, 31, 3, 48, 57, tzinfo=UTC)
    assert bought.limit_price_inr == Decimal("109.4")
    assert bought.trigger_price_inr is None
    assert bought.sighting == OrderSighting(
        status="FILLED",
        raw_status="COMPLETE",
        filled_shares=1,
        pending_shares=0,
        average_price_inr=Decimal("109.4"),
        broker_time=datetime(2021, 5, 31, 9, 50, 28, tzinfo=UTC),
    )
    assert (sold.order_type, sold.transaction_type, sold.limit_price_inr) == (
        "MARKET",
        "SELL",
        None,
    )
    assert (rejected.variety, rejected.validity) == ("iceberg", "TTL")
    assert rejected.broker_tags == ("icebergord",)
    assert rejected.placed_at == datetime(2022, 5, 24, 6, 56, 52, tzinfo=UTC)
    assert rejected.sighting.status_message == (
        "Insufficient funds. Required margin is 95417.84 but available margin is 74251.80. "
        "Check the orderbook for open orders."
    )


def test_holdings(broker):
    assert broker.holdings(access(), OPENING_BELL) == (
        Holding(
            exchange="NSE",
            trading_symbol="AARON",
            isin="INE721Z01010",
            quantity_shares=1,
            average_price_inr=Decimal("161"),
            last_price_inr=Decimal("352.95"),
        ),
        Holding(
            exchange="BSE",
            trading_symbol="SBIN",
            isin="INE062A01020",
            quantity_shares=16,
            average_price_inr=Decimal("801.78125"),
            last_price_inr=Decimal("762.45"),
        ),
    )


def test_positions_are_the_net_ones(broker):
    positions = broker.positions(access(), OPENING_BELL)

    assert positions[0] == Position(
        exchange="MCX",
        trading_symbol="LEADMINI17DECFUT",
        product="NRML",
        quantity_shares=1,
        average_price_inr=Decimal("161.05"),
        last_price_inr=Decimal("161.05"),
    )
    assert [(each.trading_symbol, each.quantity_shares) for each in positions[1:]] == [
        ("GOLDGUINEA17DECFUT", 0),
        ("SBIN", 0),
    ]


def test_a_login_by_either_token(broker):
    by_token = broker.log_in(Secrets({"api_key": "k", "access_token": "t"}), OPENING_BELL)
    redeemed = broker.log_in(
        Secrets({"api_key": "k", "api_secret": "s", "request_token": "r"}), OPENING_BELL
    )

    assert (by_token.account_id, by_token.account_name) == ("AB1234", "AxAx Bxx")
    assert (redeemed.account_id, redeemed.account_name) == ("XX0000", "Kite Connect")
    assert redeemed.secrets["access_token"] == "XXXXXX"


def test_a_placed_order(broker):
    assert broker.place(access(), ticket(), OPENING_BELL) == OrderPlaced(
        order_key="k1", broker_order_id="151220000000000", placed_at=OPENING_BELL
    )
