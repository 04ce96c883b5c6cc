"""What the end of the one call proves: through the real SDK, over real HTTP."""

import contextlib

import pytest
import requests

from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected
from domain.vocabulary import OrderTerms
from infrastructure.brokers.calls import Calls, TimeOuts
from infrastructure.brokers.kite import KiteBroker
from tests.infrastructure.brokers.kite_support import (
    TAG,
    TEN_AT_1400,
    access,
    as_json,
    far_side,
    kite_error,
    logged_in,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

BEYOND_THE_FUNDS = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="MARKET",
    product="CNC",
    quantity_shares=1000,
)


@pytest.fixture
def kite(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(kite):
    return KiteBroker(kite.url, kite.keys_dir)


def placed_at(url, tmp_path):
    return KiteBroker(url, tmp_path).place(access(), ticket(), OPENING_BELL)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("drop_after", "broke before its answer was complete (ConnectionError)"),
        ("truncated", "broke before its answer was complete (ChunkedEncodingError)"),
        ("status:500", "answered 500 (GeneralException)"),
        ("status:504", "answered 504 (NetworkException)"),
        ("html502", "made no sense (DataException)"),
        ("no_content_type", "made no sense (KeyError)"),
        ("json_list", "made no sense (AttributeError)"),
    ],
)
def test_an_unknown_outcome_says_in_our_own_words_what_happened(kite, broker, fault, cause):
    kite.fault(fault=fault, route="/orders")

    outcome = broker.place(logged_in(kite), ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderOutcomeUnknown)
    assert cause in outcome.cause


def test_an_answer_that_does_not_come_in_time_is_called_that(kite):
    calls = Calls("kite", time_outs=TimeOuts(write=0.2))
    broker = KiteBroker(kite.url, kite.keys_dir, calls)
    kite.fault(fault="hang", route="/orders")

    assert broker.place(logged_in(kite), ticket(), OPENING_BELL) == OrderOutcomeUnknown(
        order_key="k1", cause="Kite did not answer in time (ReadTimeout)."
    )


def test_too_little_money_is_proof_although_the_sdk_lost_its_class(kite, broker):
    outcome = broker.place(logged_in(kite), ticket(BEYOND_THE_FUNDS), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert outcome.code == "INSUFFICIENT_FUNDS"
    assert "available margin is 1000000.00" in outcome.reason
    assert outcome.reached_broker
    assert kite.accepted_tags() == []


@pytest.mark.parametrize(
    ("status", "error_type", "message", "code"),
    [
        (400, "InputException", "Invalid `quantity`.", "INPUT_REFUSED"),
        (400, "InputException", "Tick size for this stock is 0.05.", "PRICE_REFUSED"),
        (400, "MarginException", "Insufficient funds. Required margin is 9", "INSUFFICIENT_FUNDS"),
        (400, "HoldingException", "Insufficient stock holding", "INSUFFICIENT_HOLDINGS"),
        (400, "OrderException", "Markets are closed right now.", "MARKET_CLOSED"),
        (403, "PermissionException", "Insufficient permission for that call.", "NOT_PERMITTED"),
        (403, "GeneralException", "IP 192.0.2.1 is not allowed to trade", "IP_NOT_ALLOWED"),
        (400, "OrderException", "This stock is blocked for trading.", "NOT_TRADABLE"),
        (429, "NetworkException", "Maximum allowed order requests exceeded.", "RATE_LIMITED"),
        (403, "TokenException", "Incorrect `api_key` or `access_token`.", "LOGIN_EXPIRED"),
        (
            400,
            "OrderException",
            "Order cannot be modified as it is being processed.",
            "NOT_WORKING",
        ),
        (400, "GeneralException", "Maximum allowed order modifications exceeded.", "NOT_WORKING"),
        (404, "GeneralException", "Couldn't find that `order_id`.", "NOT_FOUND"),
        (404, "GeneralException", "Trigger not found", "NOT_FOUND"),
    ],
)
def test_the_allow_list_of_proven_refusals(tmp_path, status, error_type, message, code):
    with far_side(lambda *_: kite_error(status, error_type, message)) as side:
        outcome = placed_at(side.url, tmp_path)

    assert isinstance(outcome, OrderRejected)
    assert outcome.code == code
    assert side.asked == ["POST /orders/regular"]


TIMED_OUT = "Order request timed out. Please check the order book before placing again."


@pytest.mark.parametrize(
    "answer",
    [
        kite_error(400, "OrderException", TIMED_OUT),
        kite_error(400, "InputException", TIMED_OUT),
        kite_error(400, "InputException", "Timeout while validating the order"),
        kite_error(400, "GeneralException", "Something unheard of"),
        kite_error(400, "OrderException", "Something unheard of"),
        kite_error(400, "NetworkException", "Insufficient funds"),
        kite_error(400, "DataException", "Invalid response"),
        kite_error(404, "GeneralException", "Route not found"),
        kite_error(404, "GeneralException", "Something unheard of"),
        kite_error(500, "OrderException", "Insufficient funds"),
        kite_error(500, "InputException", "Invalid `quantity`."),
        kite_error(200, "TokenException", "Incorrect `api_key` or `access_token`."),
        kite_error(200, "InputException", "Invalid `quantity`."),
        as_json(400, {"status": "error", "message": "no type"}),
        as_json(200, {"status": "success", "data": {}}),
        as_json(200, {"status": "success", "data": {"order_id": None}}),
        as_json(200, {"status": "success", "data": {"order_id": ""}}),
        as_json(200, {"status": "success", "data": {"order_id": 7}}),
        as_json(200, {"status": "success", "data": None}),
        as_json(200, {"status": "success"}),
        as_json(200, None),
        (200, {"Content-Type": "application/json"}, b"{"),
        (200, {"Content-Type": "text/csv"}, b"a,b"),
        (403, {"Content-Type": "text/html"}, b"<html>blocked</html>"),
        (429, {"Content-Type": "text/html"}, b"<html>slow down</html>"),
        (204, {}, b""),
    ],
)
def test_everything_else_is_unknown(tmp_path, answer):
    with far_side(lambda *_: answer) as side:
        outcome = placed_at(side.url, tmp_path)

    assert isinstance(outcome, OrderOutcomeUnknown)
    assert side.asked == ["POST /orders/regular"]


def test_an_id_is_what_makes_an_order_placed(tmp_path):
    answer = as_json(200, {"status": "success", "data": {"order_id": "151220000000000"}})
    with far_side(lambda *_: answer) as side:
        outcome = placed_at(side.url, tmp_path)

    assert outcome == OrderPlaced(
        order_key="k1", broker_order_id="151220000000000", placed_at=OPENING_BELL
    )
    (_, _, headers, form) = side.requests[0]
    assert headers["Authorization"] == "token demo:s3cr3t-t0ken"
    assert form == (
        "variety=regular&exchange=NSE&tradingsymbol=INFY&transaction_type=BUY&quantity=10"
        f"&product=CNC&order_type=MARKET&validity=DAY&tag={TAG}&market_protection=-1"
    )


def test_a_price_goes_out_as_it_was_written(tmp_path):
    with far_side(lambda *_: as_json(200, {})) as side:
        KiteBroker(side.url, tmp_path).place(access(), ticket(TEN_AT_1400), OPENING_BELL)

    assert "&price=1400.00" in side.requests[0][3]


def test_what_the_caller_was_handling_before_proves_nothing(kite, broker):
    alice = logged_in(kite)
    kite.fault(fault="drop_after", route="/orders")

    outcome = None
    with contextlib.suppress(requests.ConnectionError):
        try:
            requests.get("http://127.0.0.1:9", timeout=1)
        except requests.ConnectionError:
            outcome = broker.place(alice, ticket(), OPENING_BELL)
            raise

    assert isinstance(outcome, OrderOutcomeUnknown)
    assert kite.accepted_tags() == [TAG]


def test_without_a_token_nothing_is_sent(tmp_path):
    from application.ports.broker import Access, Secrets
    from tests.infrastructure.brokers.kite_support import ASHA

    bare = Access(principal=ASHA, account_id="ALICE", secrets=Secrets({}))
    with far_side(lambda *_: as_json(200, {})) as side:
        outcome = KiteBroker(side.url, tmp_path).place(bare, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == ("NEVER_SENT", False)
    assert side.asked == []
