"""What can be told about orders, settled ones included."""

import pytest
from msgspec.structs import replace

from domain import events as e
from domain.order_reports import ChangeReport, OrderReport, order_reports
from tests.domain.facts import (
    ABSENT,
    ADOPTED,
    CREATED,
    DENIED,
    DISPATCHED,
    FILLED,
    MISMATCHED,
    NEVER_SENT,
    OPEN,
    OPENING_BELL,
    PARTIAL,
    PLACED,
    PROPOSED,
    REJECTED,
    REQUESTED,
    SESSION,
    UNKNOWN,
    accepted,
    cancellation,
    doubted,
    ended,
    modification,
    observed,
    refused,
    sent,
)

CLAIM = e.OrderKeyClaimed(order_key="k1", fingerprint="print-1", session_id=SESSION)


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
        ([DISPATCHED, PLACED, REJECTED], "PLACED"),
        ([DISPATCHED, PLACED, ABSENT], "PLACED"),
        ([DISPATCHED, REJECTED, UNKNOWN], "REJECTED"),
        ([DISPATCHED, REJECTED, ABSENT], "REJECTED"),
        ([DISPATCHED, ABSENT], "ABSENT"),
        ([DISPATCHED, UNKNOWN, ABSENT], "ABSENT"),
        ([DISPATCHED, UNKNOWN, ABSENT, UNKNOWN], "ABSENT"),
        ([DISPATCHED, UNKNOWN, ABSENT, PLACED], "PLACED"),
        ([DISPATCHED, UNKNOWN, ABSENT, observed(OPEN)], "PLACED"),
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
        ([DISPATCHED, UNKNOWN, ABSENT], True),
        ([DISPATCHED, UNKNOWN, ABSENT, PLACED], False),
        ([DISPATCHED, UNKNOWN, MISMATCHED], False),
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


def test_a_late_rejection_of_a_placed_order_leaves_no_word_in_its_report():
    assert told(REQUESTED, DISPATCHED, PLACED, REJECTED) == told(REQUESTED, DISPATCHED, PLACED)


@pytest.mark.parametrize("before", [ABSENT, REJECTED, NEVER_SENT])
def test_an_order_that_turns_out_to_be_there_after_all_is_told_as_placed_and_nothing_else(before):
    placed = told(REQUESTED, DISPATCHED, UNKNOWN, before, PLACED)
    seen = told(REQUESTED, DISPATCHED, UNKNOWN, before, observed(OPEN))

    assert placed == told(REQUESTED, DISPATCHED, PLACED)
    assert seen == told(REQUESTED, DISPATCHED, observed(OPEN))


def test_an_order_that_was_found_absent_is_told_with_its_code():
    report = told(REQUESTED, DISPATCHED, UNKNOWN, ABSENT)

    assert report == OrderReport(request=REQUESTED, state="ABSENT", code="FOUND_ABSENT")


def test_an_adopted_order_is_told_as_one_that_the_broker_has():
    assert told(ADOPTED) == OrderReport(
        request=replace(REQUESTED, fingerprint="", dispatch_by=OPENING_BELL),
        state="PLACED",
        broker_order_id="B1",
        placed_at=OPENING_BELL,
        sighting=OPEN,
        adopted=True,
    )


def test_a_mismatch_is_told_and_settles_nothing():
    report = told(REQUESTED, DISPATCHED, UNKNOWN, MISMATCHED)

    assert (report.state, report.mismatch) == ("UNKNOWN", "SELL 10 NSE:INFY instead of BUY")


def test_what_was_only_proposed_or_denied_is_no_order():
    assert order_reports([CREATED, PROPOSED, DENIED]) == {}


# Changes


def changed(*events: e.Event) -> ChangeReport:
    """The only change of an order that was placed."""
    [change] = told(REQUESTED, DISPATCHED, PLACED, *events).changes
    return change


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ([], "REQUESTED"),
        ([sent("m1")], "DISPATCHED"),
        ([sent("m1"), accepted("m1")], "ACCEPTED"),
        ([sent("m1"), accepted("m1"), refused("m1")], "ACCEPTED"),
        ([sent("m1"), accepted("m1"), doubted("m1")], "ACCEPTED"),
        ([sent("m1"), refused("m1")], "REJECTED"),
        ([sent("m1"), refused("m1"), doubted("m1")], "REJECTED"),
        ([sent("m1"), doubted("m1")], "UNKNOWN"),
        ([sent("m1"), doubted("m1"), accepted("m1")], "ACCEPTED"),
        ([sent("m1"), doubted("m1"), refused("m1")], "REJECTED"),
    ],
)
def test_a_report_says_how_far_a_change_came(history, state):
    assert changed(modification("m1"), *history).state == state


def test_a_rejected_change_is_told_with_its_code_and_reason():
    assert changed(modification("m1"), sent("m1"), refused("m1")) == ChangeReport(
        change_key="m1",
        kind="modify",
        terms=modification("m1").terms,
        fingerprint="print-m1",
        state="REJECTED",
        code="ORDER_NOT_OPEN",
        reason="Too late.",
        reached_broker=True,
    )


@pytest.mark.parametrize(
    ("history", "safe"),
    [
        ([modification("m1"), sent("m1"), doubted("m1")], False),
        ([modification("m1"), sent("m1"), refused("m1")], True),
        ([modification("m1"), sent("m1"), accepted("m1")], False),
        ([cancellation("c1")], False),
        ([cancellation("c1"), sent("c1")], False),
        ([cancellation("c1"), sent("c1"), doubted("c1")], True),
        ([cancellation("c1"), sent("c1"), refused("c1")], True),
        ([cancellation("c1"), sent("c1"), accepted("c1")], False),
    ],
)
def test_only_a_cancellation_may_be_asked_for_again_in_doubt(history, safe):
    assert changed(*history).safe_to_retry is safe


def test_the_terms_that_are_told_are_those_of_the_last_accepted_modification():
    report = told(
        REQUESTED,
        DISPATCHED,
        PLACED,
        *(modification("m1", 20), sent("m1"), accepted("m1")),
        *(modification("m2", 30), sent("m2"), accepted("m2")),
        *(modification("m3", 40), sent("m3"), refused("m3")),
        *(modification("m4", 50), sent("m4"), doubted("m4")),
        *(cancellation("c1"), sent("c1"), accepted("c1")),
        accepted("m1"),
    )

    assert report.terms == replace(REQUESTED.terms, quantity_shares=30)
    assert report.request == REQUESTED
    assert [(change.change_key, change.state) for change in report.changes] == [
        ("m1", "ACCEPTED"),
        ("m2", "ACCEPTED"),
        ("m3", "REJECTED"),
        ("m4", "UNKNOWN"),
        ("c1", "ACCEPTED"),
    ]


def test_the_end_of_one_change_says_nothing_of_another():
    report = told(
        REQUESTED,
        DISPATCHED,
        PLACED,
        *(modification("m1"), sent("m1"), doubted("m1")),
        *(cancellation("c1"), sent("c1"), refused("c1")),
    )

    assert [change.state for change in report.changes] == ["UNKNOWN", "REJECTED"]
    assert report.state == "PLACED"
