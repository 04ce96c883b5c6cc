"""What a session remembers of its orders, and of the changes and proposals about them."""

import pytest
from msgspec.structs import replace

from domain.open_orders import OpenChange, OpenOrder
from tests.domain.facts import (
    ABSENT,
    ADOPTED,
    CONFIRMED,
    CREATED,
    DECLINED,
    DENIED,
    DISPATCHED,
    FILLED,
    MISMATCHED,
    NEVER_SENT,
    OPEN,
    OPENING_BELL,
    PLACED,
    PROPOSED,
    REJECTED,
    REQUESTED,
    UNKNOWN,
    accepted,
    cancellation,
    doubted,
    ended,
    given,
    modification,
    observed,
    refused,
    sent,
)

PLACED_BEFORE = (CREATED, REQUESTED, DISPATCHED, PLACED)


# The outcome


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


def test_an_order_that_was_only_proposed_or_denied_is_no_order():
    assert given(CREATED, PROPOSED, DENIED).orders == {}


# Proof against proof


def test_a_rejection_that_comes_after_the_acceptance_changes_nothing():
    assert given(*PLACED_BEFORE, REJECTED) == given(*PLACED_BEFORE)


def test_a_rejection_that_comes_after_a_sighting_changes_nothing():
    seen = (CREATED, REQUESTED, DISPATCHED, UNKNOWN, observed(OPEN))

    assert given(*seen, REJECTED) == given(*seen)


@pytest.mark.parametrize(
    "history", [[DISPATCHED], [DISPATCHED, UNKNOWN]], ids=["dispatched", "unknown"]
)
def test_an_order_that_is_not_in_the_whole_book_of_its_day_leaves_the_state(history):
    assert given(CREATED, REQUESTED, *history, ABSENT).orders == {}


@pytest.mark.parametrize("late", [PLACED, observed(OPEN)], ids=["placed", "seen"])
def test_what_is_heard_after_an_order_was_found_absent_does_not_open_it_again(late):
    assert given(CREATED, REQUESTED, DISPATCHED, UNKNOWN, ABSENT, late).orders == {}


def test_a_mismatch_is_remembered_and_leaves_the_order_in_doubt():
    order = given(CREATED, REQUESTED, DISPATCHED, UNKNOWN, MISMATCHED).orders["k1"]

    assert (order.stage, order.mismatched, order.broker_order_id) == ("unknown", True, None)


# Adoption


def test_an_adopted_order_is_open_with_what_the_book_tells_of_it():
    assert given(CREATED, ADOPTED).orders == {
        "k1": OpenOrder(
            request=replace(REQUESTED, fingerprint="", dispatch_by=OPENING_BELL),
            stage="placed",
            broker_order_id="B1",
            sighting=OPEN,
        )
    }


def test_an_adopted_order_is_followed_to_its_end_like_any_other():
    assert given(CREATED, ADOPTED, observed(FILLED)).orders == {}


@pytest.mark.parametrize("before", [[], [REQUESTED]], ids=["unknown to us", "requested"])
def test_an_order_that_is_adopted_at_its_end_is_not_open(before):
    assert given(CREATED, *before, replace(ADOPTED, sighting=FILLED)).orders == {}


# Changes


def test_a_change_that_was_asked_for_stands_beside_the_terms_that_still_hold():
    order = given(*PLACED_BEFORE, modification("m1")).orders["k1"]

    assert order.changes == {"m1": OpenChange(modification("m1"), "requested")}
    assert order.terms == REQUESTED.terms


@pytest.mark.parametrize(
    ("history", "stage"),
    [
        ([sent("m1")], "dispatched"),
        ([sent("m1"), doubted("m1")], "unknown"),
    ],
)
def test_a_change_that_may_have_been_made_stays_with_how_far_it_came(history, stage):
    order = given(*PLACED_BEFORE, modification("m1"), *history).orders["k1"]

    assert order.changes["m1"].stage == stage
    assert order.terms == REQUESTED.terms


def test_an_accepted_modification_changes_the_terms():
    order = given(*PLACED_BEFORE, modification("m1", 20), sent("m1"), accepted("m1")).orders["k1"]

    assert order.terms == replace(REQUESTED.terms, quantity_shares=20)
    assert order.request == REQUESTED
    assert order.changes == {}


def test_a_modification_in_doubt_that_the_book_shows_changes_the_terms():
    history = [modification("m1", 20), sent("m1"), doubted("m1"), accepted("m1")]

    assert given(*PLACED_BEFORE, *history).orders["k1"].terms.quantity_shares == 20


def test_of_two_accepted_modifications_the_later_holds_also_when_the_earlier_is_told_again():
    history = [modification("m1", 20), accepted("m1"), modification("m2", 30), accepted("m2")]

    assert given(*PLACED_BEFORE, *history).orders["k1"].terms.quantity_shares == 30
    assert given(*PLACED_BEFORE, *history, accepted("m1")) == given(*PLACED_BEFORE, *history)


def test_a_rejected_change_leaves_and_changes_nothing():
    history = [modification("m1"), sent("m1"), refused("m1")]

    assert given(*PLACED_BEFORE, *history) == given(*PLACED_BEFORE)


@pytest.mark.parametrize("late", [sent("m1"), doubted("m1"), accepted("m1"), refused("m1")])
def test_what_is_told_of_a_change_that_is_settled_changes_nothing(late):
    settled = (*PLACED_BEFORE, modification("m1", 20), sent("m1"), accepted("m1"))

    assert given(*settled, late) == given(*settled)


def test_an_accepted_cancellation_leaves_the_terms_and_the_order_until_its_end_is_seen():
    accepted_cancel = (*PLACED_BEFORE, cancellation("c1"), sent("c1"), accepted("c1"))

    assert given(*accepted_cancel) == given(*PLACED_BEFORE)
    assert given(*accepted_cancel, observed(ended("CANCELLED"))).orders == {}


def test_an_accepted_cancellation_keeps_the_terms_of_an_earlier_modification():
    history = [modification("m1", 20), accepted("m1"), cancellation("c1"), accepted("c1")]

    assert given(*PLACED_BEFORE, *history).orders["k1"].terms.quantity_shares == 20


def test_two_changes_of_an_order_stand_side_by_side():
    history = [modification("m1"), sent("m1"), doubted("m1"), cancellation("c1")]

    changes = given(*PLACED_BEFORE, *history).orders["k1"].changes

    assert {key: change.stage for key, change in changes.items()} == {
        "m1": "unknown",
        "c1": "requested",
    }


def test_changes_leave_with_their_order():
    history = [cancellation("c1"), sent("c1"), observed(FILLED), doubted("c1")]

    assert given(*PLACED_BEFORE, *history).orders == {}


# Proposals


def test_a_proposal_waits_in_the_state_until_it_is_answered():
    assert given(CREATED, PROPOSED).proposals == {"p1": PROPOSED}


@pytest.mark.parametrize("answer", [CONFIRMED, DECLINED])
def test_a_proposal_that_was_answered_leaves_the_state(answer):
    assert given(CREATED, PROPOSED, answer).proposals == {}


def test_answering_one_proposal_leaves_the_others_waiting():
    second = replace(PROPOSED, proposal_id="p2")

    assert given(CREATED, PROPOSED, second, DECLINED).proposals == {"p2": second}


def test_a_proposal_of_a_change_leaves_its_order_as_it_is():
    session = given(*PLACED_BEFORE, replace(PROPOSED, change_key="m1"))

    assert session.orders == given(*PLACED_BEFORE).orders
    assert list(session.proposals) == ["p1"]
