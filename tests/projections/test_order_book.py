"""Which orders are open or unsettled, everybody's and one's own."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain import events as e
from projections.order_book import OpenRow
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
from tests.projections.history import ASHA, HOME, RAVI, WORK, fold, tables

A_SECOND = timedelta(seconds=1)


@pytest.fixture
def row(history, shown):
    """The only row after these facts, `None` where there is none."""

    def row(*facts: e.Event) -> OpenRow | None:
        history.happened(WORK, *facts)
        rows = shown().open_orders().value
        assert len(rows) <= 1
        return rows[0] if rows else None

    return row


def test_an_order_is_in_the_book_from_the_moment_it_is_asked_for(row):
    assert row(CREATED, REQUESTED) == OpenRow(
        principal=ASHA,
        session_id=WORK,
        order_key="k1",
        broker="kite",
        account_fingerprint="acc-1",
        credential_version=1,
        mode="SIMULATED",
        state="REQUESTED",
        broker_tag="utag0000000000000001",
        broker_order_id=None,
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type="BUY",
        quantity_shares=10,
        filled_shares=0,
        requested_at=OPENING_BELL,
        dispatched_at=None,
        open_changes=0,
    )


def test_the_book_says_when_an_order_was_asked_for_and_when_it_was_sent(history, shown):
    history.happened(WORK, CREATED, REQUESTED)
    history.happened(WORK, DISPATCHED, at=OPENING_BELL + A_SECOND)
    history.happened(WORK, PLACED, at=OPENING_BELL + 2 * A_SECOND)

    [row] = shown().open_orders().value

    assert (row.requested_at, row.dispatched_at) == (OPENING_BELL, OPENING_BELL + A_SECOND)


@pytest.mark.parametrize(
    ("facts", "state", "broker_order_id"),
    [
        ([DISPATCHED], "DISPATCHED", None),
        ([DISPATCHED, UNKNOWN], "UNKNOWN", None),
        ([DISPATCHED, UNKNOWN, MISMATCHED], "UNKNOWN", None),
        ([DISPATCHED, PLACED], "PLACED", "B1"),
        ([DISPATCHED, PLACED, UNKNOWN], "PLACED", "B1"),
        ([DISPATCHED, PLACED, REJECTED], "PLACED", "B1"),
        ([DISPATCHED, UNKNOWN, observed(OPEN, "B9")], "PLACED", "B9"),
    ],
)
def test_an_order_is_shown_in_the_state_that_its_session_remembers(
    row, facts, state, broker_order_id
):
    shown = row(CREATED, REQUESTED, *facts)

    assert (shown.state, shown.broker_order_id) == (state, broker_order_id)


@pytest.mark.parametrize(
    "facts",
    [
        [NEVER_SENT],
        [DISPATCHED, REJECTED],
        [DISPATCHED, UNKNOWN, ABSENT],
        [DISPATCHED, UNKNOWN, ABSENT, PLACED],
        [DISPATCHED, PLACED, observed(FILLED)],
        [DISPATCHED, PLACED, observed(ended("CANCELLED"))],
        [DISPATCHED, PLACED, observed(ended("EXPIRED"))],
        [DISPATCHED, PLACED, observed(ended("REJECTED"))],
        [DISPATCHED, PLACED, observed(FILLED), observed(OPEN), PLACED],
    ],
)
def test_an_order_whose_end_is_known_leaves_the_book(row, facts):
    assert row(CREATED, REQUESTED) is not None
    assert row(*facts) is None


def test_what_was_only_proposed_or_denied_is_not_in_the_book(row):
    assert row(CREATED, PROPOSED, DENIED) is None


def test_an_adopted_order_is_in_the_book_and_was_never_dispatched_here(row):
    shown = row(CREATED, ADOPTED)

    assert (shown.state, shown.broker_order_id) == ("PLACED", "B1")
    assert (shown.requested_at, shown.dispatched_at) == (OPENING_BELL, None)


def test_the_shares_that_were_filled_are_those_of_the_last_sighting(row):
    assert row(CREATED, REQUESTED, DISPATCHED, PLACED, observed(PARTIAL)).filled_shares == 4


# Changes


@pytest.mark.parametrize(
    ("facts", "still_open", "quantity"),
    [
        ([modification("m1", 20)], 1, 10),
        ([modification("m1", 20), sent("m1")], 1, 10),
        ([modification("m1", 20), sent("m1"), doubted("m1")], 1, 10),
        (
            [modification("m1", 20), sent("m1"), doubted("m1"), cancellation("c1"), sent("c1")],
            2,
            10,
        ),
        ([modification("m1", 20), sent("m1"), refused("m1")], 0, 10),
        ([modification("m1", 20), sent("m1"), doubted("m1"), accepted("m1")], 0, 20),
        ([cancellation("c1"), sent("c1"), accepted("c1")], 0, 10),
    ],
)
def test_open_changes_are_counted_and_accepted_ones_change_the_quantity(
    row, facts, still_open, quantity
):
    assert row(CREATED, REQUESTED, DISPATCHED, PLACED).quantity_shares == 10

    changed = row(*facts)

    assert (changed.open_changes, changed.quantity_shares) == (still_open, quantity)


# Whose


def test_the_operator_sees_everybodys_orders_oldest_first(history, shown):
    history.happened(WORK, CREATED)
    history.happened(HOME, CREATED, principal=RAVI)
    history.happened(WORK, replace(REQUESTED, order_key="k3"), at=OPENING_BELL + 3 * A_SECOND)
    history.happened(HOME, REQUESTED, at=OPENING_BELL + 2 * A_SECOND, principal=RAVI)
    history.happened(WORK, REQUESTED, at=OPENING_BELL + A_SECOND)

    rows = shown().open_orders().value

    assert [(r.principal, r.session_id, r.order_key) for r in rows] == [
        (ASHA, WORK, "k1"),
        (RAVI, HOME, "k1"),
        (ASHA, WORK, "k3"),
    ]


def test_a_person_sees_their_own_orders_of_all_sessions_and_nobody_elses(history, shown):
    history.happened(WORK, CREATED, REQUESTED)
    history.happened(HOME, CREATED, replace(REQUESTED, order_key="k2"), principal=RAVI)

    assert [r.order_key for r in shown().my_open_orders(ASHA).value] == ["k1"]
    assert [r.order_key for r in shown().my_open_orders(RAVI).value] == ["k2"]


def test_the_end_of_an_order_is_not_the_end_of_one_of_the_same_key_elsewhere(history, shown):
    history.happened(WORK, CREATED, REQUESTED)
    history.happened(HOME, CREATED, REQUESTED, principal=RAVI)
    fold_between = shown()
    assert len(fold_between.open_orders().value) == 2

    history.happened(HOME, REJECTED, principal=RAVI)

    assert [r.session_id for r in shown().open_orders().value] == [WORK]


def test_an_order_that_begins_and_ends_within_one_batch_leaves_nothing(history, projector):
    history.happened(WORK, CREATED, REQUESTED, DISPATCHED, REJECTED)

    fold(projector)

    assert tables(projector.engine)["order_book_v1"] == []


def test_an_order_stays_open_in_the_book_when_its_session_ends(row):
    shown = row(CREATED, REQUESTED, DISPATCHED, UNKNOWN, e.SessionEnded(reason="done"))

    assert shown.state == "UNKNOWN"
