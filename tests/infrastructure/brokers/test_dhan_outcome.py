"""What the end of the one call proves: through the real SDK, over real HTTP."""

import contextlib

import pytest
import requests
from msgspec.structs import replace

from application.ports.broker import Access, Secrets
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected
from infrastructure.brokers.calls import Calls, TimeOuts
from infrastructure.brokers.dhan import sdk
from tests.infrastructure.brokers.dhan_support import (
    access,
    data_error,
    dhan,
    dhan_error,
    logged_in,
)
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

YES = as_json(200, {"orderId": "112111182198", "orderStatus": "PENDING"})


@pytest.fixture
def simulator(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(simulator):
    return dhan(simulator.url, simulator.keys_dir)


def placed_at(url, tmp_path, terms=TEN_AT_MARKET, token="s3cr3t-t0ken"):
    return dhan(url, tmp_path).place(access(token), ticket(terms), OPENING_BELL)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("drop_after", "broke before its answer was complete (ConnectionError)"),
        ("truncated", "broke before its answer was complete (ChunkedEncodingError)"),
        ("status:500", "answered 500 (DH-908)"),
        ("status:504", "answered 504 (DH-909)"),
        ("html502", "answered 502 with something that made no sense"),
        ("json_list", "yes does not name what it is about"),
    ],
)
def test_an_unknown_outcome_says_in_our_own_words_what_happened(simulator, broker, fault, cause):
    simulator.fault(fault=fault, route="/v2/orders")

    outcome = broker.place(logged_in(simulator), ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderOutcomeUnknown)
    assert cause in outcome.cause


def test_an_answer_that_does_not_come_in_time_is_called_that(simulator):
    calls = Calls("dhan", time_outs=TimeOuts(write=0.2))
    broker = dhan(simulator.url, simulator.keys_dir, calls)
    simulator.fault(fault="hang", route="/v2/orders")

    assert broker.place(logged_in(simulator), ticket(), OPENING_BELL) == OrderOutcomeUnknown(
        order_key="k1", cause="Dhan did not answer in time (ReadTimeout)."
    )


def test_a_token_that_has_ended_is_proof_and_says_so(simulator, broker):
    alice = logged_in(simulator)
    simulator.clock.advance(hours=24)

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
        (400, "DH-905", "Missing required fields, bad values", "INPUT_REFUSED"),
        (400, "DH-905", "Invalid IP", "IP_NOT_ALLOWED"),
        (400, "DH-905", "Tick size for this stock is 0.05.", "PRICE_REFUSED"),
        (400, "DH-906", "Insufficient funds.", "INSUFFICIENT_FUNDS"),
        (400, "DH-906", "Market is closed.", "MARKET_CLOSED"),
        (400, "DH-906", "Kill Switch is activated.", "KILL_SWITCH"),
        (400, "DH-906", "Order cannot be cancelled as it is complete.", "NOT_WORKING"),
        (404, "DH-906", "Couldn't find that `order_id`.", "NOT_FOUND"),
        (401, "DH-901", "Client ID or access token is invalid", "LOGIN_EXPIRED"),
        (401, "DH-902", "No access to Trading APIs.", "NOT_PERMITTED"),
        (400, "DH-903", "Segment is not activated", "NOT_PERMITTED"),
        (429, "DH-904", "Too many requests", "RATE_LIMITED"),
    ],
)
def test_the_allow_list_of_proven_refusals(tmp_path, status, code, message, proof):
    with far_side(lambda *_: dhan_error(status, code, message)) as side:
        outcome = placed_at(side.url, tmp_path)

    assert isinstance(outcome, OrderRejected)
    assert outcome.code == proof
    assert side.asked == ["POST /v2/orders"]


TIMED_OUT = "Order request timed out. Please check the order book before placing again."


@pytest.mark.parametrize(
    "answer",
    [
        dhan_error(400, "DH-905", TIMED_OUT),
        dhan_error(400, "DH-906", "Incorrect request for order and cannot be processed."),
        dhan_error(404, "DH-906", "Nothing here."),
        dhan_error(404, "DH-905", "Order not found"),
        data_error(429, 805, "Too many requests"),
        dhan_error(400, "DH-908", "Insufficient funds"),
        dhan_error(400, "DH-909", "Insufficient funds"),
        dhan_error(400, "DH-910", "Insufficient funds"),
        dhan_error(400, "DH-901", "Client ID is invalid"),
        dhan_error(401, "DH-906", "Insufficient funds"),
        dhan_error(500, "DH-905", "Missing required fields"),
        dhan_error(500, "DH-904", "Too many requests"),
        dhan_error(504, "DH-906", "Insufficient funds"),
        dhan_error(200, "DH-905", "Missing required fields"),
        as_json(400, {"errorCode": None, "errorMessage": "Insufficient funds"}),
        as_json(400, {"message": "Insufficient funds"}),
        as_json(429, {"message": "Too many requests"}),
        as_json(400, ["DH-905"]),
        as_json(200, {}),
        as_json(200, {"orderId": None}),
        as_json(200, {"orderId": ""}),
        as_json(200, {"orderId": 7}),
        as_json(200, [{"orderId": "1"}]),
        as_json(200, None),
        (200, {"Content-Type": "application/json"}, b"{"),
        (200, {"Content-Type": "text/html"}, b"<html>"),
        (403, {"Content-Type": "text/html"}, b"<html>blocked</html>"),
        (429, {"Content-Type": "text/html"}, b"<html>slow down</html>"),
        (200, {}, b""),
        (202, {}, b""),
        (204, {}, b""),
    ],
)
def test_everything_else_is_unknown(tmp_path, answer):
    with far_side(lambda *_: answer) as side:
        outcome = placed_at(side.url, tmp_path)

    assert isinstance(outcome, OrderOutcomeUnknown)
    assert side.asked == ["POST /v2/orders"]


def test_an_empty_yes_is_told_from_a_broken_answer(tmp_path):
    with far_side(lambda *_: (202, {}, b"")) as side:
        empty = placed_at(side.url, tmp_path)
    with far_side(lambda *_: (202, {}, b"{")) as side:
        broken = placed_at(side.url, tmp_path)

    assert empty == OrderOutcomeUnknown(order_key="k1", cause="Dhan answered 202 without a word.")
    assert isinstance(broken, OrderOutcomeUnknown)
    assert "made no sense" in broken.cause


def test_an_id_is_what_makes_an_order_placed(tmp_path):
    with far_side(lambda *_: YES) as side:
        outcome = placed_at(side.url, tmp_path, TEN_AT_1400)

    assert outcome == OrderPlaced(
        order_key="k1", broker_order_id="112111182198", placed_at=OPENING_BELL
    )
    (_, _, headers, body) = side.requests[0]
    assert (headers["access-token"], headers["client-id"]) == ("s3cr3t-t0ken", "ALICE")
    assert '"securityId": "1594"' in body
    assert '"price": 1400.0' in body
    assert f'"correlationId": "{TAG}"' in body
    assert '"dhanClientId": "ALICE"' in body


def test_a_request_that_could_not_even_be_made_was_never_sent(tmp_path):
    with far_side(lambda *_: YES) as side:
        outcome = placed_at(side.url, tmp_path, token="broken\ntoken")

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == ("NEVER_SENT", False)
    assert side.asked == []


def test_one_calls_end_says_nothing_about_the_next(simulator, broker):
    """The client keeps what the SDK throws away; it must not keep it for too long."""
    alice = logged_in(simulator)
    assert isinstance(broker.place(alice, ticket(), OPENING_BELL), OrderPlaced)
    client = broker._client(alice)

    with pytest.raises(sdk.NoAnswer) as nothing:
        sdk.asked(client, lambda _: {"status": "failure", "remarks": "nothing was asked"})

    assert not nothing.value.was_sent


def test_what_the_caller_was_handling_before_proves_nothing(simulator, broker):
    alice = logged_in(simulator)
    simulator.fault(fault="drop_after", route="/v2/orders")

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
        (replace(TEN_AT_MARKET, trading_symbol="NOPE"), "UNKNOWN_INSTRUMENT"),
        (replace(TEN_AT_MARKET, exchange="NFO"), "UNKNOWN_INSTRUMENT"),
        (replace(TEN_AT_MARKET, order_type="SL-M"), "NOT_SUPPORTED"),
        (replace(TEN_AT_MARKET, product="CO"), "NOT_SUPPORTED"),
        (replace(TEN_AT_MARKET, variety="iceberg"), "NOT_SUPPORTED"),
        (replace(TEN_AT_MARKET, validity="TTL"), "NOT_SUPPORTED"),
    ],
)
def test_what_dhan_could_not_be_told_is_never_sent(tmp_path, terms, code):
    with far_side(lambda *_: YES) as side:
        outcome = placed_at(side.url, tmp_path, terms)

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == (code, False)
    assert side.asked == []


def test_without_a_token_nothing_is_sent(tmp_path):
    bare = Access(principal=ASHA, account_id="ALICE", secrets=Secrets({}))
    with far_side(lambda *_: YES) as side:
        outcome = dhan(side.url, tmp_path).place(bare, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == ("NEVER_SENT", False)
    assert side.asked == []
