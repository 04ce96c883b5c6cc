"""What the end of the one call proves: through the real SDK, over real HTTP."""

import contextlib

import pytest
import requests
from msgspec.structs import replace

from application.ports.broker import Access, Secrets
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected
from infrastructure.brokers.calls import Calls, TimeOuts
from tests.infrastructure.brokers.groww_support import YES, access, groww, groww_error, logged_in
from tests.infrastructure.brokers.kite_support import (
    ASHA,
    TAG,
    TEN_AT_1400,
    TEN_AT_MARKET,
    as_json,
    far_side,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite


@pytest.fixture
def simulator(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(simulator):
    return groww(simulator.url, simulator.keys_dir)


def placed_at(url, tmp_path, terms=TEN_AT_MARKET):
    return groww(url, tmp_path).place(access(), ticket(terms), OPENING_BELL)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("drop_after", "broke before its answer was complete (ConnectionError)"),
        ("truncated", "broke before its answer was complete (ChunkedEncodingError)"),
        ("status:500", "answered 500 (GA000)"),
        ("status:503", "answered 503 (GA003)"),
        ("html502", "made no sense (JSONDecodeError)"),
        ("json_list", "made no sense (ValueError)"),
    ],
)
def test_an_unknown_outcome_says_in_our_own_words_what_happened(simulator, broker, fault, cause):
    simulator.fault(fault=fault, route="/v1/order")

    outcome = broker.place(logged_in(simulator), ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderOutcomeUnknown)
    assert cause in outcome.cause


def test_an_answer_that_does_not_come_in_time_is_called_that(simulator):
    calls = Calls("groww", time_outs=TimeOuts(write=0.2))
    broker = groww(simulator.url, simulator.keys_dir, calls)
    simulator.fault(fault="hang", route="/v1/order")

    assert broker.place(logged_in(simulator), ticket(), OPENING_BELL) == OrderOutcomeUnknown(
        order_key="k1", cause="Groww did not answer in time (ReadTimeout)."
    )


def test_an_order_with_a_reference_that_exists_is_unknown_until_the_book_shows_it(
    simulator, broker
):
    alice = logged_in(simulator)
    simulator.fault(fault="drop_after", route="/v1/order")
    broker.place(alice, ticket(), OPENING_BELL)

    again = broker.place(alice, ticket(), OPENING_BELL)

    assert again == OrderOutcomeUnknown(
        order_key="k1",
        cause="Groww says that an order with this order's reference exists already.",
    )
    assert simulator.accepted_tags() == [TAG]


def test_a_token_that_has_ended_is_proof_and_says_so(simulator, broker):
    alice = logged_in(simulator)
    simulator.clock.advance(hours=21)

    outcome = broker.place(alice, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert outcome.code == "LOGIN_EXPIRED"


def test_too_little_money_is_proof(simulator, broker):
    much = replace(TEN_AT_MARKET, quantity_shares=1000)

    outcome = broker.place(logged_in(simulator), ticket(much), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert outcome.code == "INSUFFICIENT_FUNDS"
    assert outcome.reached_broker
    assert simulator.accepted_tags() == []


@pytest.mark.parametrize(
    ("status", "code", "message", "proof"),
    [
        (400, "GA001", "Bad request: quantity", "INPUT_REFUSED"),
        (400, "GA001", "Tick size for this stock is 0.05.", "PRICE_REFUSED"),
        (400, "GA006", "Insufficient funds.", "INSUFFICIENT_FUNDS"),
        (400, "GA006", "Markets are closed right now.", "MARKET_CLOSED"),
        (401, "GA005", "User not authorised", "LOGIN_EXPIRED"),
        (403, "GA005", "User not authorised", "NOT_PERMITTED"),
        (403, "GA005", "IP 192.0.2.1 is not allowed", "IP_NOT_ALLOWED"),
        (429, "GA000", "Too many requests", "RATE_LIMITED"),
    ],
)
def test_the_allow_list_of_proven_refusals(tmp_path, status, code, message, proof):
    with far_side(lambda *_: groww_error(status, code, message)) as side:
        outcome = placed_at(side.url, tmp_path)

    assert isinstance(outcome, OrderRejected)
    assert outcome.code == proof
    assert side.asked == ["POST /v1/order/create"]


TIMED_OUT = "Order request timed out. Please check the order book before placing again."


@pytest.mark.parametrize(
    "answer",
    [
        groww_error(400, "GA001", TIMED_OUT),
        groww_error(401, "GA005", "gateway"),
        groww_error(400, "GA006", "Something unheard of"),
        groww_error(400, "GA000", "Insufficient funds"),
        groww_error(400, "GA003", "Insufficient funds"),
        groww_error(404, "GA004", "Requested entity does not exist."),
        groww_error(409, "GA007", "Duplicate order reference id."),
        groww_error(500, "GA001", "Bad request"),
        groww_error(200, "GA001", "Bad request"),
        groww_error(400, "XX001", "Bad request"),
        as_json(400, {"status": "FAILURE"}),
        as_json(400, {"status": "FAILURE", "error": "GA001"}),
        as_json(400, {"message": "Bad request"}),
        as_json(504, {"message": "Endpoint request timed out"}),
        as_json(200, {"status": "SUCCESS", "payload": {}}),
        as_json(200, {"status": "SUCCESS", "payload": {"groww_order_id": None}}),
        as_json(200, {"status": "SUCCESS", "payload": {"groww_order_id": ""}}),
        as_json(200, {"status": "SUCCESS", "payload": {"groww_order_id": 7}}),
        as_json(200, {"status": "SUCCESS", "payload": [["groww_order_id", "G1"]]}),
        as_json(200, {"status": "SUCCESS", "payload": [{"groww_order_id": "G1", "x": 1}]}),
        as_json(200, {"status": "SUCCESS", "payload": None}),
        as_json(200, {"status": "SUCCESS"}),
        as_json(200, {"groww_order_id": "G1"}),
        as_json(200, None),
        (200, {"Content-Type": "application/json"}, b"{"),
        (200, {"Content-Type": "text/csv"}, b"a,b"),
        (403, {"Content-Type": "text/html"}, b"<html>blocked</html>"),
        (429, {"Content-Type": "text/html"}, b"<html>slow down</html>"),
        (202, {}, b""),
        (204, {}, b""),
    ],
)
def test_everything_else_is_unknown(tmp_path, answer):
    with far_side(lambda *_: answer) as side:
        outcome = placed_at(side.url, tmp_path)

    assert isinstance(outcome, OrderOutcomeUnknown)
    assert side.asked == ["POST /v1/order/create"]


def test_an_id_is_what_makes_an_order_placed(tmp_path):
    with far_side(lambda *_: YES) as side:
        outcome = placed_at(side.url, tmp_path, TEN_AT_1400)

    assert outcome == OrderPlaced(
        order_key="k1", broker_order_id="GMK39038RDT490CCVRO", placed_at=OPENING_BELL
    )
    (_, _, headers, body) = side.requests[0]
    assert headers["Authorization"] == "Bearer s3cr3t-t0ken"
    assert headers["x-client-platform-version"] == "1.5.0"
    assert '"price": 1400.0' in body
    assert f'"order_reference_id": "{TAG}"' in body


def test_what_the_caller_was_handling_before_proves_nothing(simulator, broker):
    alice = logged_in(simulator)
    simulator.fault(fault="drop_after", route="/v1/order")

    outcome = None
    with contextlib.suppress(requests.ConnectionError):
        try:
            requests.get("http://127.0.0.1:9", timeout=1)
        except requests.ConnectionError:
            outcome = broker.place(alice, ticket(), OPENING_BELL)
            raise

    assert isinstance(outcome, OrderOutcomeUnknown)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (replace(TEN_AT_MARKET, disclosed_quantity_shares=5), "NOT_SUPPORTED"),
        (replace(TEN_AT_MARKET, exchange="MCX"), "NOT_SUPPORTED"),
        (replace(TEN_AT_MARKET, product="MTF"), "NOT_SUPPORTED"),
        (replace(TEN_AT_MARKET, variety="amo"), "NOT_SUPPORTED"),
        (replace(TEN_AT_MARKET, validity="TTL"), "NOT_SUPPORTED"),
        (replace(TEN_AT_MARKET, trading_symbol="NOPE"), "UNKNOWN_INSTRUMENT"),
    ],
)
def test_what_groww_could_not_be_told_is_never_sent(tmp_path, terms, code):
    with far_side(lambda *_: YES) as side:
        outcome = placed_at(side.url, tmp_path, terms)

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == (code, False)
    assert side.asked == []


def test_without_a_token_nothing_is_sent(tmp_path):
    bare = Access(principal=ASHA, account_id="ALICE", secrets=Secrets({}))
    with far_side(lambda *_: YES) as side:
        outcome = groww(side.url, tmp_path).place(bare, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == ("NEVER_SENT", False)
    assert side.asked == []
