from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from domain import events as e
from domain.errors import (
    BrokerLoginRequired,
    OrderInProgress,
    OrderKeyReused,
    OrderTooLate,
    SessionHasExpired,
)
from domain.open_orders import OpenOrder
from domain.order_reports import OrderReport
from domain.orders import (
    claim_key,
    dispatch_order,
    fingerprint,
    must_be_that_order,
    never_sent,
    observe_order,
    request_order,
)
from domain.vocabulary import CancelGtt, ConvertPosition, GttLeg, PlaceGtt
from tests.domain.facts import (
    CREATED,
    DISPATCHED,
    FILLED,
    NEVER_SENT,
    OPEN,
    OPENING_BELL,
    OTHER_SESSION,
    PARTIAL,
    PLACED,
    REJECTED,
    REQUESTED,
    SESSION,
    TEN_INFY,
    UNKNOWN,
    given,
    login,
    observed,
)

CLAIM = e.OrderKeyClaimed(order_key="k1", fingerprint="print-1", session_id=SESSION)
IN_TIME = replace(REQUESTED, dispatch_by=OPENING_BELL + timedelta(seconds=10))
REPORT = OrderReport(request=REQUESTED)
WITHOUT_LOGIN = replace(REQUESTED, broker="paper", credential_version=0)


# Asking for an order


def test_a_request_is_written_down_as_it_was_made():
    assert request_order(given(CREATED), REQUESTED) == [REQUESTED]


def test_a_second_request_under_the_key_of_an_open_order_is_refused():
    with pytest.raises(OrderInProgress, match="k1 is already open"):
        request_order(given(CREATED, REQUESTED), REQUESTED)


def test_a_request_under_another_key_stands_beside_an_open_order():
    second = replace(REQUESTED, order_key="k2")

    assert request_order(given(CREATED, REQUESTED), second) == [second]
    assert list(given(CREATED, REQUESTED, second).orders) == ["k1", "k2"]


def test_a_request_opens_an_order_that_the_broker_has_not_seen():
    assert given(CREATED, REQUESTED).orders == {
        "k1": OpenOrder(request=REQUESTED, stage="requested", broker_order_id=None, sighting=None)
    }


# The key


def test_a_free_key_is_claimed_for_the_order_and_its_session():
    assert claim_key(None, "k1", "print-1", SESSION) == [CLAIM]


def test_a_key_that_names_this_very_order_claims_nothing():
    assert claim_key(CLAIM, "k1", "print-1", SESSION) == []


def test_a_key_that_names_this_very_order_of_an_earlier_session_claims_nothing():
    assert claim_key(CLAIM, "k1", "print-1", OTHER_SESSION) == []


def test_a_key_that_names_an_order_with_other_terms_is_refused():
    with pytest.raises(OrderKeyReused, match=r"nothing was sent\. Next: use a new order_key"):
        claim_key(CLAIM, "k1", "print-2", SESSION)


# The one dispatch


def test_a_requested_order_is_dispatched():
    session = given(CREATED, login(), REQUESTED)

    assert dispatch_order(session, "k1", OPENING_BELL) == [DISPATCHED]


@pytest.mark.parametrize(
    "history",
    [
        [DISPATCHED],
        [DISPATCHED, PLACED],
        [DISPATCHED, UNKNOWN],
        [DISPATCHED, REJECTED],
        [DISPATCHED, NEVER_SENT],
        [DISPATCHED, PLACED, observed(OPEN)],
        [DISPATCHED, PLACED, observed(FILLED)],
        [DISPATCHED, UNKNOWN, observed(OPEN)],
    ],
    ids=lambda history: "-".join(type(event).__name__ for event in history),
)
def test_an_order_that_was_dispatched_is_never_dispatched_again(history):
    with pytest.raises(OrderInProgress):
        dispatch_order(given(CREATED, login(), REQUESTED, *history), "k1", OPENING_BELL)


def test_an_order_that_nobody_requested_is_not_dispatched():
    with pytest.raises(OrderInProgress):
        dispatch_order(given(CREATED, login(), REQUESTED), "k2", OPENING_BELL)


def test_dispatching_one_order_leaves_the_others_to_be_dispatched():
    second = replace(REQUESTED, order_key="k2")
    session = given(CREATED, login(), REQUESTED, second, DISPATCHED)

    assert dispatch_order(session, "k2", OPENING_BELL) == [e.OrderDispatched(order_key="k2")]


@pytest.mark.parametrize(
    "logins",
    [
        [],
        [login(1), e.BrokerLoggedOut(broker="kite")],
        [login(1), e.BrokerAuthenticationExpired(broker="kite", discovered="broker")],
        [login(1), login(2)],
        [login(1, broker="groww")],
    ],
    ids=["never logged in", "logged out", "expired", "logged in again", "at another broker"],
)
def test_an_order_is_sent_with_the_login_that_it_was_asked_for_with_or_not_at_all(logins):
    with pytest.raises(BrokerLoginRequired, match=r"nothing was sent\. Next: log in") as refused:
        dispatch_order(given(CREATED, *logins, REQUESTED), "k1", OPENING_BELL)

    assert refused.value.login_at == "kite"


def test_an_order_that_needs_no_login_is_sent_without_one():
    assert dispatch_order(given(CREATED, WITHOUT_LOGIN), "k1", OPENING_BELL) == [DISPATCHED]


def test_an_order_is_sent_until_a_microsecond_before_its_time_is_up():
    almost = OPENING_BELL + timedelta(seconds=10) - timedelta(microseconds=1)

    assert dispatch_order(given(CREATED, login(), IN_TIME), "k1", almost) == [DISPATCHED]


def test_an_order_whose_time_is_up_is_not_sent():
    with pytest.raises(OrderTooLate, match=r"k1 was not sent within 10 s .* use a new order_key"):
        dispatch_order(given(CREATED, login(), IN_TIME), "k1", OPENING_BELL + timedelta(seconds=10))


def test_whoever_comes_second_is_told_so_even_where_the_time_is_up():
    session = given(CREATED, IN_TIME, DISPATCHED, e.SessionEnded(reason="operator"))

    with pytest.raises(OrderInProgress):
        dispatch_order(session, "k1", OPENING_BELL + timedelta(days=1))


def test_an_order_that_was_never_dispatched_is_closed_as_never_sent():
    decided = never_sent(given(CREATED, REQUESTED), "k1", "ORDER_TOO_LATE", "Too late.")

    assert decided == [
        e.OrderRejected(
            order_key="k1", code="ORDER_TOO_LATE", reason="Too late.", reached_broker=False
        )
    ]
    assert given(CREATED, REQUESTED, *decided).orders == {}


@pytest.mark.parametrize("history", [[], [REQUESTED, DISPATCHED], [REQUESTED, REJECTED]])
def test_nothing_else_is_ever_closed_as_never_sent(history):
    assert never_sent(given(CREATED, *history), "k1", "ORDER_TOO_LATE", "Too late.") == []


# Sightings


def test_the_first_sighting_is_news():
    session = given(CREATED, REQUESTED, DISPATCHED, PLACED)

    assert observe_order(session, "k1", "B1", OPEN) == [observed(OPEN)]


def test_the_same_sighting_again_is_no_news():
    session = given(CREATED, REQUESTED, DISPATCHED, PLACED, observed(PARTIAL))

    assert observe_order(session, "k1", "B1", PARTIAL) == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": "CANCEL_PENDING"},
        {"raw_status": "MODIFY PENDING"},
        {"filled_shares": 5},
        {"pending_shares": 5},
        {"average_price_inr": Decimal("1480.30")},
        {"status_message": "18070 : The order is outside the range."},
        {"broker_time": OPENING_BELL},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_sighting_that_differs_in_anything_is_news(change):
    session = given(CREATED, REQUESTED, DISPATCHED, PLACED, observed(PARTIAL))
    seen = replace(PARTIAL, **change)

    assert observe_order(session, "k1", "B1", seen) == [observed(seen)]


def test_a_sighting_of_a_settled_order_is_no_news():
    session = given(CREATED, REQUESTED, DISPATCHED, PLACED, observed(FILLED))

    assert observe_order(session, "k1", "B1", OPEN) == []


def test_a_sighting_of_an_order_of_somebody_else_is_no_news():
    assert observe_order(given(CREATED), "k1", "B1", OPEN) == []


# Fingerprints


def test_a_fingerprint_is_the_same_in_every_release():
    ten_at_ten = replace(TEN_INFY, limit_price_inr=Decimal("10"))

    assert (
        fingerprint("paper", "a", ten_at_ten)
        == "382dc1743985f3b7a52b9c27b8d722b41a0d79ccb3f4eb8ae8e8de49fbe56955"
    )


@pytest.mark.parametrize("written", ["10.0", "10.00", "1E+1", "10.0000"])
def test_ten_rupees_have_one_fingerprint_however_they_are_written(written):
    ten = replace(TEN_INFY, order_type="SL", limit_price_inr=Decimal("10"), trigger_price_inr=None)
    as_limit = replace(ten, limit_price_inr=Decimal(written))
    trigger = replace(ten, trigger_price_inr=Decimal("10"))
    as_trigger = replace(ten, trigger_price_inr=Decimal(written))

    assert fingerprint("kite", "acc-1", as_limit) == fingerprint("kite", "acc-1", ten)
    assert fingerprint("kite", "acc-1", as_trigger) == fingerprint("kite", "acc-1", trigger)


OTHER_TERMS: list[dict[str, object]] = [
    {"exchange": "BSE"},
    {"trading_symbol": "TCS"},
    {"transaction_type": "SELL"},
    {"order_type": "SL"},
    {"product": "MIS"},
    {"quantity_shares": 11},
    {"variety": "amo"},
    {"validity": "IOC"},
    {"limit_price_inr": Decimal("1480.51")},
    {"limit_price_inr": None},
    {"trigger_price_inr": Decimal("1480.50")},
    {"disclosed_quantity_shares": 5},
    {"tag": "mine"},
    {"instruction": ConvertPosition(from_product="MIS")},
    {"instruction": CancelGtt(gtt_id="7", kind="SINGLE")},
    {
        "instruction": PlaceGtt(
            legs=(GttLeg(trigger_price_inr=Decimal("1470"), limit_price_inr=Decimal("1480.50")),)
        )
    },
]


@pytest.mark.parametrize("change", OTHER_TERMS, ids=lambda change: next(iter(change)))
def test_orders_that_differ_in_any_term_have_different_fingerprints(change):
    other = replace(TEN_INFY, **change)

    assert fingerprint("kite", "acc-1", other) != fingerprint("kite", "acc-1", TEN_INFY)


def test_the_cases_above_vary_every_term():
    varied = {name for change in OTHER_TERMS for name in change}

    assert varied == {field.name for field in msgspec.structs.fields(TEN_INFY)}


def test_the_same_terms_at_another_broker_or_account_have_another_fingerprint():
    prints = {
        fingerprint("kite", "acc-1", TEN_INFY),
        fingerprint("groww", "acc-1", TEN_INFY),
        fingerprint("kite", "acc-2", TEN_INFY),
    }

    assert len(prints) == 3


def test_the_limit_and_the_trigger_are_not_confused():
    at_10_triggered_at_11 = replace(
        TEN_INFY,
        order_type="SL",
        limit_price_inr=Decimal("10"),
        trigger_price_inr=Decimal("11"),
    )
    swapped = replace(
        at_10_triggered_at_11, limit_price_inr=Decimal("11"), trigger_price_inr=Decimal("10")
    )

    assert fingerprint("kite", "acc-1", swapped) != fingerprint(
        "kite", "acc-1", at_10_triggered_at_11
    )


def test_an_order_of_a_session_that_is_over_is_never_sent():
    ended = given(CREATED, REQUESTED, e.SessionEnded(reason="by the operator"))

    with pytest.raises(SessionHasExpired):
        dispatch_order(ended, "k1", OPENING_BELL)


def test_an_order_at_the_instant_of_its_sessions_greatest_age_is_not_sent():
    with pytest.raises(SessionHasExpired):
        dispatch_order(given(CREATED, REQUESTED), "k1", CREATED.ends_at)


# The order that a key names


@pytest.mark.parametrize("broker", [None, "kite"])
@pytest.mark.parametrize("price", ["1480.50", "1480.5", "1480.5000"])
def test_a_key_names_its_order_by_the_same_terms_at_its_broker(broker, price):
    terms = replace(TEN_INFY, limit_price_inr=Decimal(price))

    must_be_that_order(REPORT, broker, terms)


def test_a_key_does_not_name_an_order_at_another_broker():
    with pytest.raises(OrderKeyReused):
        must_be_that_order(REPORT, "paper", TEN_INFY)


@pytest.mark.parametrize("change", OTHER_TERMS, ids=lambda change: next(iter(change)))
def test_a_key_does_not_name_an_order_with_other_terms(change):
    with pytest.raises(OrderKeyReused):
        must_be_that_order(REPORT, None, replace(TEN_INFY, **change))
