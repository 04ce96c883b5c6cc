"""What can be asked at Groww: through the real SDK, against the simulator or a far side that says
what it is told."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.ports.account import Funds, Profile
from application.ports.broker import BrokerDown, LoginExpired
from application.ports.broker_orders import Accepted, GttLeg
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.events import OrderPlaced
from infrastructure.brokers.calls import Calls
from tests.infrastructure.brokers.groww_support import (
    BUY_AT_1400,
    FUTURE,
    ONE_LOT,
    access,
    groww,
    groww_error,
    known,
    logged_in,
    payload,
)
from tests.infrastructure.brokers.kite_support import (
    TAG,
    TEN_AT_1400,
    TEN_AT_MARKET,
    far_side,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

ORDER = {
    "groww_order_id": "G1",
    "order_status": "OPEN",
    "trading_symbol": "INFY",
    "exchange": "NSE",
    "segment": "CASH",
    "transaction_type": "BUY",
    "order_type": "LIMIT",
    "product": "CNC",
    "validity": "DAY",
    "quantity": 5,
    "filled_quantity": 0,
    "remaining_quantity": 5,
    "created_at": "2026-11-23T09:15:00",
    "order_reference_id": TAG,
}
TRADE = {
    "groww_trade_id": "T1",
    "groww_order_id": "G1",
    "trading_symbol": "INFY",
    "exchange": "NSE",
    "segment": "CASH",
    "transaction_type": "BUY",
    "product": "CNC",
    "quantity": 1,
    "price": 1488.85,
    "trade_date_time": "2026-11-23T03:45:00Z",
}
ABSENT = groww_error(404, "GA004", "Requested entity does not exist.")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as simulator:
        yield simulator


def patient():
    return Calls("groww", pause=lambda seconds: None)


@pytest.fixture
def broker(simulator):
    return groww(simulator.url, simulator.keys_dir, patient())


@pytest.fixture
def alice(simulator, request):
    """A customer of this test only."""
    return logged_in(simulator, f"A{abs(hash(request.node.name)) % 10**12}")


def test_it_is_said_who_is_logged_in_and_where_they_may_trade(broker, alice):
    assert broker.profile(alice, OPENING_BELL) == Profile(
        account_id=alice.account_id,
        account_name=alice.account_id,
        exchanges=("NSE", "BSE", "NFO", "BFO"),
    )


def test_a_segment_without_a_word_of_ours_names_no_exchange(tmp_path):
    said = {"ucc": "A1", "nse_enabled": True, "active_segments": ["CASH", "COMMODITY"]}
    with far_side(lambda *_: payload(said)) as side:
        profile = groww(side.url, tmp_path).profile(access(), OPENING_BELL)

    assert profile.exchanges == ("NSE",)


def test_money_is_one_purse_of_which_deliveries_are_paid(tmp_path):
    """The example of Groww's documentation."""
    said = {
        "clear_cash": 96.21,
        "net_margin_used": 1.8,
        "brokerage_and_charges": 0.0,
        "collateral_used": 0.0,
        "collateral_available": 0.0,
        "adhoc_margin": 0.0,
        "equity_margin_details": {"cnc_balance_available": 94.41, "mis_balance_available": 94.41},
    }
    with far_side(lambda *_: payload(said)) as side:
        funds = groww(side.url, tmp_path).funds(access(), OPENING_BELL)

    assert funds == (
        Funds(
            segment="all",
            available_inr=Decimal("94.41"),
            used_inr=Decimal("1.8"),
            collateral_inr=Decimal("0"),
        ),
    )


def test_a_purse_that_says_nothing_is_no_answer(tmp_path):
    with far_side(lambda *_: payload({"clear_cash": 1})) as side, pytest.raises(BrokerDown):
        groww(side.url, tmp_path).funds(access(), OPENING_BELL)


def test_an_order_is_found_by_our_tag_without_reading_the_book(simulator, broker, alice):
    placed = broker.place(alice, ticket(TEN_AT_1400), OPENING_BELL)
    broker.place(alice, ticket(TEN_AT_1400, "another0"), OPENING_BELL)

    (found,) = broker.find(alice, TAG, "NSE", OPENING_BELL)

    assert found.broker_order_id == placed.broker_order_id
    assert found.broker_tags == (TAG,)
    assert broker.find(alice, "nobodys0", "NSE", OPENING_BELL) == ()


def test_the_look_up_goes_by_reference_and_then_by_order(tmp_path):
    def answer(_: str, path: str):
        return payload({"groww_order_id": "G1"} if "reference" in path else ORDER)

    with far_side(answer) as side:
        (found,) = groww(side.url, tmp_path).find(access(), TAG, "NSE", OPENING_BELL)

    assert found.broker_order_id == "G1"
    assert side.asked == [
        f"GET /v1/order/status/reference/{TAG}?segment=CASH",
        "GET /v1/order/detail/G1?segment=CASH",
    ]


def test_an_order_that_only_the_book_shows_is_found(tmp_path):
    def answer(_: str, path: str):
        if "reference" in path:
            return ABSENT
        other = ORDER | {"groww_order_id": "G2", "order_reference_id": "another0"}
        return payload({"order_list": [ORDER, other] if "CASH" in path else []})

    with far_side(answer) as side:
        (found,) = groww(side.url, tmp_path).find(access(), TAG, "NSE", OPENING_BELL)

    assert found.broker_order_id == "G1"


@pytest.mark.parametrize("answer", [groww_error(404, "XX4", "?"), groww_error(400, "GA001", "?")])
def test_only_growws_own_word_for_it_means_that_there_is_no_such_order(tmp_path, answer):
    with far_side(lambda *_: answer) as side:
        broker = groww(side.url, tmp_path)
        with pytest.raises(BrokerDown):
            broker.find(access(), TAG, "NSE", OPENING_BELL)
        with pytest.raises(BrokerDown):
            broker.order_history(access(), "G1", "NSE", OPENING_BELL)


def test_of_an_orders_life_groww_tells_the_last_step(broker, alice):
    placed = broker.place(alice, ticket(TEN_AT_1400), OPENING_BELL)

    (step,) = broker.order_history(alice, placed.broker_order_id, "NSE", OPENING_BELL)

    assert (step.status, step.raw_status, step.pending_shares) == ("OPEN", "OPEN", 10)
    assert broker.order_history(alice, "1", "NSE", OPENING_BELL) == ()


@pytest.mark.parametrize(
    ("raw", "filled", "status"),
    [
        ("NEW", 0, "PENDING_SUBMIT"),
        ("ACKED", 0, "PENDING_SUBMIT"),
        ("APPROVED", 0, "PENDING_SUBMIT"),
        ("OPEN", 0, "OPEN"),
        ("OPEN", 2, "PARTIAL"),
        ("MODIFICATION_REQUESTED", 2, "PARTIAL"),
        ("TRIGGER_PENDING", 0, "TRIGGER_PENDING"),
        ("EXECUTED", 5, "FILLED"),
        ("DELIVERY_AWAITED", 5, "FILLED"),
        ("COMPLETED", 5, "FILLED"),
        ("CANCELLATION_REQUESTED", 0, "CANCEL_PENDING"),
        ("CANCELLED", 0, "CANCELLED"),
        ("REJECTED", 0, "REJECTED"),
        ("FAILED", 0, "REJECTED"),
        ("HALTED", 0, "UNKNOWN"),
    ],
)
def test_every_status_of_growws_has_a_word_and_an_unheard_one_is_kept_raw(
    tmp_path, raw, filled, status
):
    row = ORDER | {"order_status": raw, "filled_quantity": filled, "remaining_quantity": 3}
    with far_side(lambda *_: payload(row)) as side:
        (step,) = groww(side.url, tmp_path).order_history(access(), "G1", "NSE", OPENING_BELL)

    assert (step.status, step.raw_status) == (status, raw)
    over = status in ("FILLED", "CANCELLED", "REJECTED", "UNKNOWN")
    assert step.pending_shares == (0 if over else 3)


def test_a_partly_filled_order_shows_what_is_filled_and_what_is_not(simulator, broker, alice):
    simulator.http.post(
        "/simulator/fills",
        json={
            "broker": "groww",
            "user": alice.account_id,
            "shares_per_fill": 4,
            "seconds_per_fill": 60,
        },
    ).raise_for_status()
    broker.place(alice, ticket(), OPENING_BELL)

    (order,) = broker.orders(alice, OPENING_BELL)

    assert (order.sighting.status, order.sighting.filled_shares) == ("PARTIAL", 4)
    assert order.sighting.pending_shares == 6


def test_words_of_growws_that_we_do_not_know_are_kept(tmp_path):
    row = ORDER | {
        "order_type": "ICEBERG",
        "product": "ARB",
        "exchange": "MCX",
        "segment": "COMMODITY",
        "created_at": "soon",
    }

    def answer(_: str, path: str):
        return payload({"order_list": [row] if "CASH" in path else []})

    with far_side(answer) as side:
        (order,) = groww(side.url, tmp_path).orders(access(), OPENING_BELL)

    assert (order.order_type, order.product) == ("ICEBERG", "ARB")
    assert (order.exchange, order.trading_symbol) == ("MCX_COMMODITY", "INFY")
    assert order.placed_at is None


@pytest.mark.parametrize("lacking", ["order_status", "quantity", "segment", "groww_order_id"])
def test_an_order_that_lacks_what_every_order_has_is_no_answer(tmp_path, lacking):
    row = {name: value for name, value in ORDER.items() if name != lacking}
    with far_side(lambda *_: payload({"order_list": [row]})) as side, pytest.raises(BrokerDown):
        groww(side.url, tmp_path).orders(access(), OPENING_BELL)


def test_trades_are_read_order_by_order_and_only_of_orders_that_have_traded(tmp_path):
    traded = ORDER | {"groww_order_id": "G2", "filled_quantity": 60, "quantity": 60}

    def answer(_: str, path: str):
        if "/order/list" in path:
            return payload({"order_list": [ORDER, traded] if "CASH" in path else []})
        first = 0 if "page=0" in path else 50
        count = 50 if "page=0" in path else 10
        return payload(
            {"trade_list": [TRADE | {"groww_trade_id": f"T{first + n}"} for n in range(count)]}
        )

    with far_side(answer) as side:
        trades = groww(side.url, tmp_path).trades(access(), OPENING_BELL)

    assert [each.trade_id for each in trades] == [f"T{n}" for n in range(60)]
    assert trades[0].price_inr == Decimal("1488.85")
    assert trades[0].traded_at == OPENING_BELL
    assert side.asked[2:] == [
        "GET /v1/order/trades/G2?segment=CASH&page=0&page_size=50",
        "GET /v1/order/trades/G2?segment=CASH&page=1&page_size=50",
    ]


def test_too_many_orders_to_ask_for_their_trades_are_said_so(tmp_path):
    def answer(_: str, path: str):
        page = int(path.rsplit("=", 1)[1])
        rows = [
            ORDER | {"groww_order_id": f"G{page * 25 + n}", "filled_quantity": 1} for n in range(25)
        ]
        return payload({"order_list": rows if "CASH" in path and page < 9 else []})

    with (
        far_side(answer) as side,
        pytest.raises(BrokerDown, match="225 orders have traded today"),
    ):
        groww(side.url, tmp_path).trades(access(), OPENING_BELL)

    assert not [each for each in side.asked if "trades" in each]


def test_fills_are_trades_to_the_paisa(broker, alice):
    placed = broker.place(alice, ticket(), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    (trade,) = broker.trades(alice, OPENING_BELL)

    assert (trade.broker_order_id, trade.quantity_shares) == (placed.broker_order_id, 10)
    assert (trade.price_inr, trade.traded_at) == (Decimal("1488.8"), OPENING_BELL)


def test_a_short_position_that_was_carried_shows_with_its_average(simulator, broker, alice):
    broker.place(alice, ticket(replace(ONE_LOT, transaction_type="SELL")), OPENING_BELL)

    (position,) = broker.positions(alice, OPENING_BELL)

    assert (position.exchange, position.trading_symbol) == ("NFO", FUTURE)
    assert position.quantity_shares == -65


def test_an_answer_without_a_list_is_no_empty_list(tmp_path):
    with far_side(lambda *_: payload({})) as side:
        broker = groww(side.url, tmp_path)
        for read in (broker.orders, broker.holdings, broker.positions, broker.gtt_orders):
            with pytest.raises(BrokerDown):
                read(access(), OPENING_BELL)


def test_no_permission_is_not_an_expired_login(tmp_path):
    with far_side(lambda *_: groww_error(403, "GA005", "no")) as side:
        broker = groww(side.url, tmp_path)
        with pytest.raises(BrokerDown, match="does not let this account"):
            broker.quotes(access(), [known("NSE", "INFY")], "ltp", OPENING_BELL)
    with far_side(lambda *_: groww_error(401, "GA005", "no")) as side, pytest.raises(LoginExpired):
        groww(side.url, tmp_path).profile(access(), OPENING_BELL)


def test_a_failure_is_told_by_its_code_whatever_the_status_says(tmp_path):
    """The SDK forgets the status of those, and has classes only for answers without a code."""
    with (
        far_side(lambda *_: groww_error(200, "GA000", "sorry")) as side,
        pytest.raises(BrokerDown, match=r"200 \(GA000\)"),
    ):
        groww(side.url, tmp_path).profile(access(), OPENING_BELL)


def test_all_that_waits_is_listed_by_kind_segment_and_month(tmp_path):
    with far_side(lambda *_: payload({"orders": []})) as side:
        assert groww(side.url, tmp_path, patient()).gtt_orders(access(), OPENING_BELL) == ()

    cash = [path for path in side.asked if "GTT" in path and "CASH" in path]
    assert cash[0] == (
        "GET /v1/order-advance/list?smart_order_type=GTT&segment=CASH&status=ACTIVE&page=0"
        "&page_size=50&start_date_time=2026-10-27T00%3A00%3A00"
        "&end_date_time=2026-11-24T00%3A00%3A00"
    )
    assert "start_date_time=2025-11-23T00%3A00%3A00" in cash[-1]
    assert len(cash) == 14
    assert len([path for path in side.asked if "OCO" in path]) == 2
    assert len(side.asked) == 30


def test_a_smart_order_of_long_ago_is_still_found(simulator, tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as later:
        broker = groww(later.url, later.keys_dir, patient())
        far_below = dataclasses.replace(
            BUY_AT_1400,
            legs=(GttLeg(trigger_price_inr=Decimal("800"), limit_price_inr=Decimal("800")),),
        )
        placed = broker.place_gtt(logged_in(later), far_below, OPENING_BELL)
        assert isinstance(placed, Accepted)
        later.clock.advance(days=60)

        (found,) = broker.gtt_orders(logged_in(later), later.clock())

    assert (found.gtt_id, found.status) == (placed.reference, "ACTIVE")


def test_smart_orders_are_read_page_by_page(tmp_path):
    row = {
        "smart_order_type": "GTT",
        "status": "ACTIVE",
        "trading_symbol": "INFY",
        "exchange": "NSE",
        "quantity": 1,
        "product_type": "CNC",
        "trigger_price": "1400.00",
        "order": {"order_type": "MARKET", "price": None, "transaction_type": "SELL"},
        "created_at": "2026-11-23T09:15:00",
    }

    def answer(_: str, path: str):
        if "GTT&segment=CASH" not in path or "end_date_time=2026-11-24" not in path:
            return payload({"orders": []})
        count, first = (50, 0) if "page=0" in path else (3, 50)
        rows = [row | {"smart_order_id": f"gtt_{first + n}"} for n in range(count)]
        return payload({"orders": rows})

    with far_side(answer) as side:
        found = groww(side.url, tmp_path, patient()).gtt_orders(access(), OPENING_BELL)

    assert [each.gtt_id for each in found] == [f"gtt_{n}" for n in range(53)]
    at_market = GttLeg(trigger_price_inr=Decimal("1400.00"), limit_price_inr=Decimal(0))
    assert (found[0].legs, found[0].transaction_type) == ((at_market,), "SELL")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("TRIGGERED", "TRIGGERED"),
        ("COMPLETED", "COMPLETED"),
        ("FAILED", "REJECTED"),
        ("EXPIRED", "EXPIRED"),
        ("PAUSED", "UNKNOWN"),
    ],
)
def test_the_status_of_a_smart_order_is_ours_or_unknown(tmp_path, raw, status):
    row = {
        "smart_order_id": "oco_1",
        "smart_order_type": "OCO",
        "status": raw,
        "trading_symbol": FUTURE,
        "exchange": "NSE",
        "quantity": 65,
        "product_type": "NRML",
        "target": {"trigger_price": "24000", "order_type": "LIMIT", "price": "24000"},
        "stop_loss": {"trigger_price": "26000", "order_type": "SL_M", "price": None},
    }

    def answer(_: str, path: str):
        return payload({"orders": [row] if "OCO&segment=FNO" in path else []})

    with far_side(answer) as side:
        (found,) = groww(side.url, tmp_path, patient()).gtt_orders(access(), OPENING_BELL)

    assert (found.status, found.raw_status) == (status, raw)
    assert (found.exchange, found.trading_symbol) == ("NFO", FUTURE)
    assert found.transaction_type == "BUY"  # its target is below its stop loss
    assert [leg.trigger_price_inr for leg in found.legs] == [Decimal(24000), Decimal(26000)]


def test_margins_of_shares_add_up_because_groww_has_no_baskets_of_them(broker, alice):
    dearer = replace(TEN_AT_1400, trading_symbol="TCS", limit_price_inr=Decimal("3000"))

    margins = broker.basket_margins(alice, [TEN_AT_1400, dearer], OPENING_BELL)

    assert [each.trading_symbol for each in margins.orders] == ["INFY", "TCS"]
    assert margins.total_inr == sum(each.total_inr for each in margins.orders)
    assert margins.orders[0].charges_inr is not None
    assert margins.orders[0].total_inr == Decimal("14000") + margins.orders[0].charges_inr


def test_derivatives_that_hedge_each_other_block_less_together(broker, alice):
    both = [ONE_LOT, replace(ONE_LOT, transaction_type="SELL"), TEN_AT_1400]

    margins = broker.basket_margins(alice, both, OPENING_BELL)

    bought, sold, shares = margins.orders
    assert bought.span_inr is not None
    assert bought.span_inr > 0
    assert bought.exposure_inr is not None
    assert margins.total_inr < shares.total_inr + (bought.total_inr + sold.total_inr) / 10


def test_the_trigger_price_that_the_sdk_drops_stands_for_the_price(tmp_path):
    stop = replace(TEN_AT_MARKET, order_type="SL-M", trigger_price_inr=Decimal("1560.05"))
    with far_side(lambda *_: payload({"total_requirement": 15600.5})) as side:
        margins = groww(side.url, tmp_path).order_margins(access(), [stop], OPENING_BELL)

    assert margins.total_inr == Decimal("15600.5")
    (_, path, _, body) = side.requests[0]
    assert path == "/v1/margins/detail/orders?segment=CASH"
    assert '"price": 1560.05' in body
    assert "trigger" not in body


def test_what_groww_has_no_call_for_is_said_before_anything_is_sent(broker, alice):
    with pytest.raises(NotSupportedByBroker, match="groww has no call for charges"):
        broker.charges(alice, [TEN_AT_1400], OPENING_BELL)
    with pytest.raises(NotSupportedByBroker, match="groww has no call for kill switch"):
        broker.set_kill_switch(alice, True, OPENING_BELL)
    with pytest.raises(NotSupportedByBroker):
        broker.order_history(alice, "1", "MCX", OPENING_BELL)


def test_an_order_for_what_groww_does_not_list_is_not_asked_about(tmp_path):
    with far_side(lambda *_: payload({})) as side, pytest.raises(UnknownInstrument):
        groww(side.url, tmp_path).order_margins(
            access(), [replace(TEN_AT_1400, trading_symbol="NOPE")], OPENING_BELL
        )

    assert side.asked == []


def test_growws_instants_are_indian_and_become_utc(tmp_path):
    row = ORDER | {"exchange_time": "2026-11-23T09:16:02"}
    with far_side(lambda *_: payload(row)) as side:
        (step,) = groww(side.url, tmp_path).order_history(access(), "G1", "NSE", OPENING_BELL)

    assert step.broker_time == datetime(2026, 11, 23, 3, 46, 2, tzinfo=UTC)
    assert step.broker_time.utcoffset() == timedelta(0)


def test_growws_words_about_an_order_do_not_repeat_the_account(tmp_path):
    row = ORDER | {"order_status": "REJECTED", "remark": "Margin exceeds for account ALICE"}

    def answer(_: str, path: str):
        if "/detail/" in path:
            return payload(row)
        return payload({"order_list": [row] if "CASH" in path else []})

    with far_side(answer) as side:
        broker = groww(side.url, tmp_path)
        (listed,) = broker.orders(access(), OPENING_BELL)
        (last,) = broker.order_history(access(), "G1", "NSE", OPENING_BELL)

    assert listed.sighting.status_message == "Margin exceeds for account ***"
    assert last == listed.sighting
