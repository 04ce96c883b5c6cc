from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from domain import events as e
from domain.errors import OrderInProgress, OrderKeyReused, SessionHasExpired
from domain.orders import (
    OrderReport,
    claim_key,
    dispatch_order,
    fingerprint,
    must_be_that_order,
    observe_order,
    order_reports,
    request_order,
)
from domain.session import OpenOrder
from domain.vocabulary import OrderSighting
from tests.domain.facts import (
    CREATED,
    DISPATCHED,
    FILLED,
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
    observed,
)

CLAIM = e.OrderKeyClaimed(order_key="k1", fingerprint="print-1", session_id=SESSION)
NEVER_SENT = e.OrderRejected(
    order_key="k1", code="NEVER_SENT", reason="No connection.", reached_broker=False
)


def ended(status, filled=0):
    return OrderSighting(
        status=status, raw_status=status, filled_shares=filled, pending_shares=10 - filled
    )


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
    assert dispatch_order(given(CREATED, REQUESTED), "k1", OPENING_BELL) == [DISPATCHED]


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
        dispatch_order(given(CREATED, REQUESTED, *history), "k1", OPENING_BELL)


def test_an_order_that_nobody_requested_is_not_dispatched():
    with pytest.raises(OrderInProgress):
        dispatch_order(given(CREATED, REQUESTED), "k2", OPENING_BELL)


def test_dispatching_one_order_leaves_the_others_to_be_dispatched():
    second = replace(REQUESTED, order_key="k2")
    session = given(CREATED, REQUESTED, second, DISPATCHED)

    assert dispatch_order(session, "k2", OPENING_BELL) == [e.OrderDispatched(order_key="k2")]


# What the state keeps


@pytest.mark.parametrize(
    ("outcome", "stage", "broker_order_id"), [(PLACED, "placed", "B1"), (UNKNOWN, "unknown", None)]
)
def test_an_order_that_may_be_live_stays_in_the_state(outcome, stage, broker_order_id):
    order = given(CREATED, REQUESTED, DISPATCHED, outcome).orders["k1"]

    assert (order.stage, order.broker_order_id) == (stage, broker_order_id)


@pytest.mark.parametrize("outcome", [REJECTED, NEVER_SENT])
def test_an_order_that_is_proven_absent_leaves_the_state(outcome):
    assert given(CREATED, REQUESTED, DISPATCHED, outcome).orders == {}


@pytest.mark.parametrize("status", ["FILLED", "CANCELLED", "EXPIRED", "REJECTED"])
def test_an_order_seen_at_its_end_leaves_the_state(status):
    assert given(CREATED, REQUESTED, DISPATCHED, PLACED, observed(ended(status))).orders == {}


@pytest.mark.parametrize(
    "status",
    ["PENDING_SUBMIT", "OPEN", "TRIGGER_PENDING", "PARTIAL", "CANCEL_PENDING", "UNKNOWN"],
)
def test_an_order_seen_on_its_way_stays_in_the_state_with_what_was_seen(status):
    seen = ended(status)

    order = given(CREATED, REQUESTED, DISPATCHED, PLACED, observed(seen)).orders["k1"]

    assert order == OpenOrder(
        request=REQUESTED, stage="placed", broker_order_id="B1", sighting=seen
    )


def test_an_order_of_unknown_outcome_that_is_seen_at_the_broker_was_placed():
    order = given(CREATED, REQUESTED, DISPATCHED, UNKNOWN, observed(OPEN, "B9")).orders["k1"]

    assert (order.stage, order.broker_order_id) == ("placed", "B9")


def test_doubt_that_arrives_after_the_proof_changes_nothing():
    seen = given(CREATED, REQUESTED, DISPATCHED, UNKNOWN, observed(OPEN))

    assert given(CREATED, REQUESTED, DISPATCHED, UNKNOWN, observed(OPEN), UNKNOWN) == seen


@pytest.mark.parametrize("outcome", [PLACED, REJECTED, UNKNOWN, observed(OPEN)])
def test_an_outcome_of_an_order_that_is_settled_changes_nothing(outcome):
    settled = [CREATED, REQUESTED, DISPATCHED, PLACED, observed(FILLED)]

    assert given(*settled, outcome) == given(*settled)


def test_settling_one_order_leaves_the_others_in_the_state():
    second = replace(REQUESTED, order_key="k2")

    assert list(given(CREATED, REQUESTED, second, DISPATCHED, REJECTED).orders) == ["k2"]


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


# What can be told


def told(*events: e.Event) -> OrderReport:
    return order_reports([CREATED, *events])["k1"]


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ([], "REQUESTED"),
        ([DISPATCHED], "DISPATCHED"),
        ([DISPATCHED, PLACED], "PLACED"),
        ([DISPATCHED, REJECTED], "REJECTED"),
        ([DISPATCHED, NEVER_SENT], "REJECTED"),
        ([DISPATCHED, UNKNOWN], "UNKNOWN"),
        ([DISPATCHED, UNKNOWN, observed(OPEN)], "PLACED"),
        ([DISPATCHED, UNKNOWN, observed(OPEN), UNKNOWN], "PLACED"),
        ([DISPATCHED, PLACED, observed(FILLED), PLACED], "PLACED"),
        ([DISPATCHED, PLACED, observed(ended("REJECTED"))], "PLACED"),
    ],
)
def test_a_report_says_how_far_an_order_came(history, state):
    assert told(REQUESTED, *history).state == state


@pytest.mark.parametrize(
    ("history", "safe"),
    [
        ([], False),
        ([DISPATCHED], False),
        ([DISPATCHED, PLACED], False),
        ([DISPATCHED, UNKNOWN], False),
        ([DISPATCHED, UNKNOWN, observed(ended("CANCELLED"))], False),
        ([DISPATCHED, PLACED, observed(ended("REJECTED"))], False),
        ([DISPATCHED, REJECTED], True),
        ([DISPATCHED, NEVER_SENT], True),
    ],
)
def test_only_an_order_that_is_proven_absent_is_safe_to_retry(history, safe):
    assert told(REQUESTED, *history).safe_to_retry is safe


def test_a_report_of_a_placed_order_names_it_as_the_broker_does():
    report = told(REQUESTED, DISPATCHED, PLACED)

    assert report == OrderReport(
        request=REQUESTED, state="PLACED", broker_order_id="B1", placed_at=OPENING_BELL
    )


def test_a_report_of_a_rejected_order_gives_the_code_and_the_reason():
    report = told(REQUESTED, DISPATCHED, REJECTED)

    assert report == OrderReport(
        request=REQUESTED,
        state="REJECTED",
        code="INSUFFICIENT_FUNDS",
        reason="Not enough money.",
    )


def test_a_report_of_an_unknown_outcome_gives_its_cause():
    assert told(REQUESTED, DISPATCHED, UNKNOWN).reason == "no answer within 7 s"


def test_a_report_keeps_the_last_sighting_also_of_a_settled_order():
    report = told(REQUESTED, DISPATCHED, PLACED, observed(PARTIAL), observed(FILLED))

    assert report.sighting == FILLED


def test_reports_are_in_the_order_of_the_requests():
    first = replace(REQUESTED, order_key="z")
    second = replace(REQUESTED, order_key="a")

    reports = order_reports([CREATED, first, second, e.OrderDispatched(order_key="z")])

    assert [(key, report.state) for key, report in reports.items()] == [
        ("z", "DISPATCHED"),
        ("a", "REQUESTED"),
    ]


def test_facts_that_are_not_about_orders_are_not_reported():
    assert order_reports([CREATED, e.BrokerSelected(broker="kite"), CLAIM]) == {}


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

    must_be_that_order(told(REQUESTED), broker, terms)


def test_a_key_does_not_name_an_order_at_another_broker():
    with pytest.raises(OrderKeyReused):
        must_be_that_order(told(REQUESTED), "paper", TEN_INFY)


@pytest.mark.parametrize("change", OTHER_TERMS, ids=lambda change: next(iter(change)))
def test_a_key_does_not_name_an_order_with_other_terms(change):
    with pytest.raises(OrderKeyReused):
        must_be_that_order(told(REQUESTED), None, replace(TEN_INFY, **change))
