"""The Dhan adapter, the real SDK and the simulator together."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from application.ports.broker import Broker, BrokerDown, LoginExpired
from domain.events import OrderPlaced
from domain.vocabulary import OrderTerms
from infrastructure.brokers.dhan.map_orders import broker_orders, order_arguments
from infrastructure.brokers.dhan.mapping import Names
from tests.infrastructure.brokers.dhan_support import TABLE, access, dhan, dhan_error, logged_in
from tests.infrastructure.brokers.kite_support import (
    TAG,
    TEN_AT_1400,
    far_side,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

NEXT_DAY = OPENING_BELL + timedelta(hours=24)


@pytest.fixture
def simulator(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(simulator) -> Broker:
    return dhan(simulator.url, simulator.keys_dir)


def test_an_order_is_placed_once_with_our_correlation_id_and_found_again(simulator, broker):
    alice = logged_in(simulator)

    outcome = broker.place(alice, ticket(), OPENING_BELL)

    assert outcome == OrderPlaced(
        order_key="k1", broker_order_id="261123033300001", placed_at=OPENING_BELL
    )
    assert simulator.accepted_tags() == [TAG]
    (order,) = broker.orders(alice, OPENING_BELL)
    assert order.broker_tags == (TAG,)
    assert (order.exchange, order.trading_symbol) == ("NSE", "INFY")
    # Dhan makes a limit order of it, at the end of a band around the price.
    assert (order.order_type, order.limit_price_inr) == ("LIMIT", Decimal("1496.2"))
    assert order.placed_at == OPENING_BELL
    assert order.sighting.status == "FILLED"
    assert order.sighting.average_price_inr == Decimal("1488.8")


def test_a_resting_limit_order_is_open_and_a_stop_waits_for_its_trigger(simulator, broker):
    alice = logged_in(simulator)
    stop = OrderTerms(
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type="BUY",
        order_type="SL",
        product="MIS",
        quantity_shares=1,
        limit_price_inr=Decimal("1600"),
        trigger_price_inr=Decimal("1590.05"),
        variety="amo",
    )

    broker.place(alice, ticket(TEN_AT_1400), OPENING_BELL)
    broker.place(alice, ticket(stop, "another"), OPENING_BELL)

    resting, waiting = broker.orders(alice, OPENING_BELL)
    assert resting.limit_price_inr == Decimal("1400")
    assert (resting.sighting.status, resting.sighting.pending_shares) == ("OPEN", 10)
    assert (waiting.order_type, waiting.product, waiting.variety) == ("SL", "MIS", "amo")
    assert (waiting.sighting.status, waiting.sighting.raw_status) == ("TRIGGER_PENDING", "PENDING")
    assert waiting.trigger_price_inr == Decimal("1590.05")


def test_a_portfolio_is_read_to_the_paisa_with_prices_that_follow_from_profits(simulator, broker):
    alice = logged_in(simulator)
    broker.place(alice, ticket(), OPENING_BELL)
    simulator.clock.advance(minutes=7)

    (position,) = broker.positions(alice, OPENING_BELL)
    holdings = broker.holdings(alice, OPENING_BELL)

    assert (position.exchange, position.trading_symbol, position.product) == ("NSE", "INFY", "CNC")
    assert (position.quantity_shares, position.average_price_inr) == (10, Decimal("1488.8"))
    assert position.last_price_inr == simulator.exchange.last_price("INFY")
    assert position.last_price_inr != Decimal("1488.8")
    assert [
        (held.exchange, held.trading_symbol, held.quantity_shares, held.last_price_inr)
        for held in holdings
    ] == [
        ("NSE", held.symbol, held.quantity_shares, simulator.exchange.last_price(held.symbol))
        for held in simulator.exchange.holdings("dhan", "ALICE")
    ]


def test_an_error_that_means_no_holdings_is_an_empty_list(tmp_path):
    with far_side(lambda *_: dhan_error(404, "DH-1111", "No holdings available")) as side:
        broker = dhan(side.url, tmp_path)

        assert broker.holdings(access(), OPENING_BELL) == ()
        with pytest.raises(BrokerDown):
            broker.positions(access(), OPENING_BELL)


def test_users_of_one_adapter_never_see_each_other(simulator, broker):
    people = {name: logged_in(simulator, name) for name in ("ALICE", "BOB")}

    def act(turn: int) -> tuple[str, tuple[str, ...]]:
        name = list(people)[turn % 2]
        tag = f"{name.lower()}order{turn:02}"
        assert isinstance(
            broker.place(people[name], ticket(TEN_AT_1400, tag), OPENING_BELL), OrderPlaced
        )
        book = broker.orders(people[name], OPENING_BELL)
        return name, tuple(tag for order in book for tag in order.broker_tags)

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(act, range(24)))

    assert all(tag.startswith(name.lower()) for name, tags in seen for tag in tags)
    assert len(simulator.accepted_tags()) == 24


def test_a_token_that_has_ended_is_expired_for_reads(simulator, broker):
    alice = logged_in(simulator)
    simulator.clock.advance(hours=24)

    for read in (broker.orders, broker.holdings, broker.positions):
        with pytest.raises(LoginExpired):
            read(alice, OPENING_BELL)


def test_logging_out_forgets_our_copy_and_asks_nobody(simulator, broker):
    alice = logged_in(simulator)
    client = broker._client(alice)

    broker.log_out(alice)

    assert broker._client(alice) is not client


@pytest.mark.parametrize(
    "fault", ["drop_after", "html502", "truncated", "json_list", "status:500", "status:429"]
)
def test_a_read_without_a_usable_answer_says_so(simulator, broker, fault):
    alice = logged_in(simulator)
    simulator.fault(fault=fault, route="/v2/orders", calls=3)

    with pytest.raises(BrokerDown):
        broker.orders(alice, OPENING_BELL)


def test_only_our_own_simulator_is_simulated(simulator, broker, tmp_path):
    modes = [
        broker.mode(),
        dhan(simulator.url, tmp_path / "other").mode(),
        dhan("http://127.0.0.1:9", simulator.keys_dir).mode(),
        dhan(None, tmp_path).mode(),
    ]

    assert modes == ["SIMULATED", "LIVE", "LIVE", "LIVE"]


@pytest.mark.parametrize("url", ["127.0.0.1:9100", "http://127.0.0.1:9100/v2", "http://u:p@x"])
def test_an_address_with_more_than_a_host_is_refused_at_the_start(tmp_path, url):
    with pytest.raises(ValueError, match="address of Dhan must be scheme://host:port"):
        dhan(url, tmp_path)


def test_an_order_in_dhans_words():
    stop = OrderTerms(
        exchange="NSE",
        trading_symbol="M&M",
        transaction_type="SELL",
        order_type="SL",
        product="MIS",
        quantity_shares=5,
        limit_price_inr=Decimal("3499.9500"),
        trigger_price_inr=Decimal("3.5E+3"),
        disclosed_quantity_shares=1,
        tag="my own note",
    )

    assert order_arguments(ticket(stop), Names(TABLE)) == {
        "security_id": "2031",
        "exchange_segment": "NSE_EQ",
        "transaction_type": "SELL",
        "quantity": 5,
        "order_type": "STOP_LOSS",
        "product_type": "INTRADAY",
        "price": 3499.95,
        "trigger_price": 3500.0,
        "disclosed_quantity": 1,
        "after_market_order": False,
        "validity": "DAY",
        "tag": TAG,
    }


def test_a_row_says_what_it_can_and_no_more():
    row = {
        "orderId": "112111182198",
        "orderStatus": "PENDING",
        "transactionType": "BUY",
        "exchangeSegment": "NSE_EQ",
        "productType": "MARGIN",
        "orderType": "MARKET",
        "validity": "DAY",
        "tradingSymbol": "",
        "securityId": "11536",
        "quantity": "5",
        "filledQty": 2,
        "remainingQuantity": 3,
        "createTime": "2021-11-24 13:33:03",
        "updateTime": "0001-01-01 00:00:00",
    }
    unknown = row | {"orderStatus": "DREAMING", "securityId": "1", "createTime": "NA"}

    first, second = broker_orders([unknown, row], Names(TABLE))

    assert (first.sighting.status, first.sighting.raw_status) == ("UNKNOWN", "DREAMING")
    assert (first.trading_symbol, first.placed_at, first.sighting.broker_time) == ("1", None, None)
    assert (second.trading_symbol, second.product, second.quantity_shares) == ("TCS", "NRML", 5)
    assert (second.sighting.status, second.sighting.pending_shares) == ("PARTIAL", 3)
    assert second.sighting.broker_time == second.placed_at
    with pytest.raises(ValueError, match="filledQty"):
        broker_orders([{name: row[name] for name in row if name != "filledQty"}], Names(TABLE))
