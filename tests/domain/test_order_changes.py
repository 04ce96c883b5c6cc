"""When an order may be modified or cancelled, and when the one call for it may be made."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain import events as e
from domain.errors import OrderInProgress, OrderNotFound, OrderTooLate, SessionHasExpired
from domain.order_changes import (
    change_fingerprint,
    change_never_sent,
    dispatch_change,
    open_order,
    request_change,
)
from tests.domain.facts import (
    CREATED,
    DISPATCHED,
    FILLED,
    OPENING_BELL,
    PLACED,
    REQUESTED,
    TEN_INFY,
    UNKNOWN,
    accepted,
    cancellation,
    doubted,
    given,
    modification,
    observed,
    refused,
    sent,
)

AT_BROKER = (CREATED, REQUESTED, DISPATCHED, PLACED)
ENDED = e.SessionEnded(reason="operator")
LATER = OPENING_BELL + timedelta(seconds=10)
MUCH_LATER = LATER + timedelta(seconds=61)


# What makes two changes the same


def test_ten_rupees_and_ten_rupees_zero_are_the_same_change():
    ten, ten_zero = (replace(TEN_INFY, limit_price_inr=Decimal(p)) for p in ("10", "10.00"))

    assert change_fingerprint("B1", "modify", ten) == change_fingerprint("B1", "modify", ten_zero)


@pytest.mark.parametrize(
    "other",
    [
        ("B2", "modify", TEN_INFY),
        ("B1", "cancel", None),
        ("B1", "modify", replace(TEN_INFY, quantity_shares=11)),
        ("B1", "modify", replace(TEN_INFY, validity="IOC")),
    ],
    ids=["order", "kind", "quantity", "validity"],
)
def test_another_order_kind_or_term_is_another_change(other):
    assert change_fingerprint(*other) != change_fingerprint("B1", "modify", TEN_INFY)


# What can be changed at all


@pytest.mark.parametrize(
    "history", [(), (REQUESTED, DISPATCHED, PLACED, observed(FILLED))], ids=["never was", "is over"]
)
def test_what_is_not_open_cannot_be_changed(history):
    with pytest.raises(OrderNotFound, match=r"Next: get_order\(order_key='k1'\)"):
        open_order(given(CREATED, *history), "k1")


@pytest.mark.parametrize("history", [(), (DISPATCHED,), (DISPATCHED, UNKNOWN)])
def test_an_order_of_which_nobody_knows_where_it_is_cannot_be_changed(history):
    with pytest.raises(OrderInProgress, match="not known yet whether k1 is at the broker"):
        open_order(given(CREATED, REQUESTED, *history), "k1")


# Asking for a change


@pytest.mark.parametrize("wanted", [modification(), cancellation()], ids=["modify", "cancel"])
def test_a_change_of_an_open_order_is_put_on_record(wanted):
    assert request_change(given(*AT_BROKER), wanted, OPENING_BELL) == [wanted]


def test_in_a_session_that_has_ended_nothing_is_modified():
    with pytest.raises(SessionHasExpired, match="Next: cancel_order still works"):
        request_change(given(*AT_BROKER, ENDED), modification(), OPENING_BELL)


def test_at_its_greatest_age_a_session_modifies_nothing():
    with pytest.raises(SessionHasExpired):
        request_change(given(*AT_BROKER), modification(), CREATED.ends_at)


def test_in_a_session_that_has_ended_an_order_can_be_cancelled():
    assert request_change(given(*AT_BROKER, ENDED), cancellation(), OPENING_BELL)


@pytest.mark.parametrize(
    "before",
    [
        (modification("m0"),),
        (modification("m0"), sent("m0")),
        (modification("m0"), sent("m0"), doubted("m0")),
        (cancellation("c0"),),
        (cancellation("c0"), sent("c0"), doubted("c0")),
    ],
)
def test_nothing_is_modified_while_another_change_is_not_finished(before):
    with pytest.raises(OrderInProgress, match="under way or of unknown outcome"):
        request_change(given(*AT_BROKER, *before), modification(), MUCH_LATER)


@pytest.mark.parametrize("end", [accepted("m0"), refused("m0")])
def test_the_next_modification_may_follow_one_that_is_finished(end):
    session = given(*AT_BROKER, modification("m0"), sent("m0"), end)

    assert request_change(session, modification(), OPENING_BELL)


@pytest.mark.parametrize(
    "before",
    [
        (modification("m0"),),
        (modification("m0"), sent("m0")),
        (modification("m0"), sent("m0"), doubted("m0")),
        (cancellation("c0"), sent("c0"), doubted("c0")),
    ],
)
def test_a_cancellation_waits_for_no_modification_and_may_follow_one_in_doubt(before):
    assert request_change(given(*AT_BROKER, *before), cancellation(), OPENING_BELL)


@pytest.mark.parametrize("before", [(cancellation("c0"),), (cancellation("c0"), sent("c0"))])
def test_two_cancellations_are_not_sent_at_the_same_time(before):
    with pytest.raises(OrderInProgress):
        request_change(given(*AT_BROKER, *before), cancellation(), OPENING_BELL)


@pytest.mark.parametrize(
    ("before", "now"),
    [((cancellation("c0"),), LATER), ((cancellation("c0"), sent("c0")), MUCH_LATER)],
    ids=["never sent", "its sender died"],
)
def test_a_cancellation_whose_sender_died_keeps_nobody_from_cancelling(before, now):
    assert request_change(given(*AT_BROKER, *before), cancellation(), now)


# Sending it


@pytest.mark.parametrize("asked", [modification("x"), cancellation("x")], ids=["modify", "cancel"])
def test_a_change_that_was_asked_for_is_dispatched_once(asked):
    session = given(*AT_BROKER, asked)

    assert dispatch_change(session, "k1", "x", OPENING_BELL) == [sent("x")]
    with pytest.raises(OrderInProgress, match="on its way already"):
        dispatch_change(given(*AT_BROKER, asked, sent("x")), "k1", "x", OPENING_BELL)


@pytest.mark.parametrize("end", [accepted("m1"), refused("m1")])
def test_a_change_that_is_finished_is_not_dispatched(end):
    session = given(*AT_BROKER, modification(), sent("m1"), end)

    with pytest.raises(OrderInProgress):
        dispatch_change(session, "k1", "m1", OPENING_BELL)


def test_a_change_is_not_sent_after_ten_seconds():
    session = given(*AT_BROKER, modification())

    assert dispatch_change(session, "k1", "m1", LATER - timedelta(microseconds=1))
    with pytest.raises(OrderTooLate, match="not sent within 10 s"):
        dispatch_change(session, "k1", "m1", LATER)


def test_a_modification_is_not_sent_after_its_session_has_ended():
    with pytest.raises(SessionHasExpired):
        dispatch_change(given(*AT_BROKER, modification(), ENDED), "k1", "m1", OPENING_BELL)


def test_a_cancellation_is_sent_after_its_session_has_ended():
    assert dispatch_change(given(*AT_BROKER, cancellation(), ENDED), "k1", "c1", OPENING_BELL)


def test_a_change_of_an_order_that_is_over_by_now_is_not_sent():
    session = given(*AT_BROKER, cancellation(), observed(FILLED))

    with pytest.raises(OrderNotFound):
        dispatch_change(session, "k1", "c1", OPENING_BELL)


# What was never sent


def test_a_change_that_was_never_dispatched_is_closed_as_never_sent():
    closed = change_never_sent(given(*AT_BROKER, modification()), "k1", "m1", "HALTED", "Stopped.")

    assert closed == [
        e.OrderChangeRejected(
            order_key="k1",
            change_key="m1",
            code="HALTED",
            reason="Stopped.",
            reached_broker=False,
        )
    ]


@pytest.mark.parametrize(
    "history",
    [
        (),
        (modification(), sent("m1")),
        (modification(), sent("m1"), doubted("m1")),
        (modification(), observed(FILLED)),
    ],
    ids=["never was", "dispatched", "unknown", "order over"],
)
def test_what_was_dispatched_or_is_gone_is_not_closed(history):
    assert change_never_sent(given(*AT_BROKER, *history), "k1", "m1", "HALTED", "Stopped.") == []
