"""The Groww adapter, the real SDK and the simulator together."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from application.ports.broker import Broker, BrokerDown, LoginExpired
from domain.events import OrderPlaced
from domain.vocabulary import OrderTerms
from infrastructure.brokers.groww.map_orders import order_arguments
from infrastructure.brokers.groww.mapping import Names
from tests.infrastructure.brokers.groww_support import TABLE, access, groww, logged_in, payload
from tests.infrastructure.brokers.kite_support import (
    TAG,
    TEN_AT_1400,
    as_json,
    far_side,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

SIX_OCLOCK = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)


@pytest.fixture
def simulator(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(simulator) -> Broker:
    return groww(simulator.url, simulator.keys_dir)


def test_an_order_is_placed_once_with_our_reference_and_found_again_by_it(simulator, broker):
    alice = logged_in(simulator)

    outcome = broker.place(alice, ticket(), OPENING_BELL)

    assert outcome == OrderPlaced(
        order_key="k1", broker_order_id="261123033300001", placed_at=OPENING_BELL
    )
    assert simulator.accepted_tags() == [TAG]
    (order,) = broker.orders(alice, OPENING_BELL)
    assert order.broker_tags == (TAG,)
    assert (order.exchange, order.order_type, order.product) == ("NSE", "MARKET", "CNC")
    assert (order.placed_at, order.limit_price_inr) == (OPENING_BELL, None)
    assert order.sighting.status == "FILLED"
    assert order.sighting.average_price_inr == Decimal("1488.8")


def test_a_resting_limit_order_is_open(simulator, broker):
    alice = logged_in(simulator)

    broker.place(alice, ticket(TEN_AT_1400), OPENING_BELL)

    (order,) = broker.orders(alice, OPENING_BELL)
    assert order.limit_price_inr == Decimal("1400")
    assert (order.sighting.status, order.sighting.pending_shares) == ("OPEN", 10)


def test_the_whole_book_is_read_although_groww_gives_25_at_a_time(simulator, broker):
    alice = logged_in(simulator)
    for number in range(51):
        tag = f"reference{number:03}"
        assert isinstance(broker.place(alice, ticket(TEN_AT_1400, tag), OPENING_BELL), OrderPlaced)
        simulator.clock.advance(seconds=1)

    book = broker.orders(alice, OPENING_BELL)

    assert [order.broker_tags[0] for order in book] == [f"reference{n:03}" for n in range(51)]


def test_a_book_whose_pages_never_change_ends_all_the_same(tmp_path):
    row = {
        "trading_symbol": "INFY",
        "order_status": "OPEN",
        "exchange": "NSE",
        "segment": "CASH",
        "transaction_type": "BUY",
        "order_type": "SL_M",
        "product": "MIS",
        "validity": "DAY",
        "quantity": 1,
        "filled_quantity": 0,
    }
    rows = [row | {"groww_order_id": f"G{n}"} for n in range(25)]
    answer = as_json(200, {"status": "SUCCESS", "payload": {"order_list": rows}})
    with far_side(lambda *_: answer) as side:
        book = groww(side.url, tmp_path).orders(access(), OPENING_BELL)

    assert len(book) == 25
    assert book[0].order_type == "SL-M"
    assert side.asked == [
        "GET /v1/order/list?segment=CASH&page=0",
        "GET /v1/order/list?segment=CASH&page=1",
        "GET /v1/order/list?segment=FNO&page=0",
    ]


def test_a_portfolio_is_read_to_the_paisa_with_the_prices_that_groww_keeps_apart(simulator, broker):
    alice = logged_in(simulator)
    broker.place(alice, ticket(), OPENING_BELL)

    (position,) = broker.positions(alice, OPENING_BELL)
    holdings = broker.holdings(alice, OPENING_BELL)

    assert (position.trading_symbol, position.product) == ("INFY", "CNC")
    assert (position.quantity_shares, position.average_price_inr) == (10, Decimal("1488.8"))
    assert position.last_price_inr == Decimal("1488.8")
    assert [
        (held.trading_symbol, held.quantity_shares, held.last_price_inr) for held in holdings
    ] == [
        (held.symbol, held.quantity_shares, simulator.exchange.last_price(held.symbol))
        for held in simulator.exchange.holdings("groww", "ALICE")
    ]


def test_prices_are_asked_for_fifty_at_a_time_and_a_missing_one_is_not_made_up(tmp_path):
    names = [f"S{n}" for n in range(51)]
    held = [{"trading_symbol": name, "quantity": 1, "average_price": 10} for name in names]
    asked = []

    def answer(method, path):
        if "/holdings/" in path:
            return payload({"holdings": held})
        asked.append(path.count("NSE_"))
        return payload({"NSE_S0": 12.35, "NSE_S1": None} if len(asked) == 1 else {})

    with far_side(answer) as side:
        holdings = groww(side.url, tmp_path).holdings(access(), OPENING_BELL)

    assert asked == [50, 50, 1, 1]  # the last prices, and the days with the closes before
    priced = {each.trading_symbol: each.last_price_inr for each in holdings}
    assert priced == dict.fromkeys(names) | {"S0": Decimal("12.35")}


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
    simulator.clock.advance(hours=21)

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
    simulator.fault(fault=fault, route="/v1/order", calls=3)

    with pytest.raises(BrokerDown):
        broker.orders(alice, OPENING_BELL)


def test_only_our_own_simulator_is_simulated(simulator, broker, tmp_path):
    modes = [
        broker.mode(),
        groww(simulator.url, tmp_path / "other").mode(),
        groww("http://127.0.0.1:9", simulator.keys_dir).mode(),
        groww(None, tmp_path).mode(),
    ]

    assert modes == ["SIMULATED", "LIVE", "LIVE", "LIVE"]


@pytest.mark.parametrize("url", ["127.0.0.1:9100", "http://127.0.0.1:9100/v1", "http://u:p@x"])
def test_an_address_with_more_than_a_host_is_refused_at_the_start(tmp_path, url):
    with pytest.raises(ValueError, match="address of Groww must be scheme://host:port"):
        groww(url, tmp_path)


def test_an_order_in_growws_words():
    stop = OrderTerms(
        exchange="BFO",
        trading_symbol="SENSEX26NOVFUT",
        transaction_type="SELL",
        order_type="SL-M",
        product="NRML",
        quantity_shares=20,
        trigger_price_inr=Decimal("81234.5500"),
        tag="my own note",
    )

    assert order_arguments(ticket(stop), Names(TABLE)) == {
        "validity": "DAY",
        "exchange": "BSE",
        "segment": "FNO",
        "order_type": "SL_M",
        "product": "NRML",
        "quantity": 20,
        "trading_symbol": "SENSEX26NOVFUT",
        "transaction_type": "SELL",
        "order_reference_id": TAG,
        "price": 0.0,
        "trigger_price": 81234.55,
    }
