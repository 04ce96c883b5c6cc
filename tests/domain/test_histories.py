from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BrokerLoginRequired, OrderInProgress, SessionHasExpired
from domain.order_reports import order_reports
from domain.orders import dispatch_order
from domain.session import evolve, fold, must_be_open
from tests.domain.facts import OPENING_BELL
from tests.domain.histories import History, histories

STATES = {
    "requested": "REQUESTED",
    "dispatched": "DISPATCHED",
    "placed": "PLACED",
    "rejected": "REJECTED",
    "absent": "ABSENT",
    "unknown": "UNKNOWN",
    "settled": "PLACED",
}
# The same histories on every run: a red build is about the change, not about luck.
always_the_same = settings(derandomize=True, deadline=None, max_examples=200)


@given(history=histories())
@always_the_same
def test_every_prefix_of_a_history_folds_to_the_same_state_in_one_go_and_step_by_step(
    history: History,
):
    stepwise = None
    for length, event in enumerate(history.events, start=1):
        stepwise = evolve(stepwise, event)

        assert stepwise == fold(history.events[:length])
        assert order_reports(history.events[:length]).keys() >= stepwise.orders.keys()


@given(history=histories())
@always_the_same
def test_the_fold_of_a_history_is_what_happened_in_it(history: History):
    session = fold(history.events)

    assert session is not None
    assert session.active_broker == history.active_broker
    assert {b: kept.credential_version for b, kept in session.logins.items()} == history.logins
    assert {key: order.stage for key, order in session.orders.items()} == {
        key: history.orders[key]
        for key in history.keys("requested", "dispatched", "placed", "unknown")
    }
    assert (session.ended is not None) is history.ended
    assert list(session.proposals) == history.proposals


@given(history=histories())
@always_the_same
def test_open_orders_have_the_terms_and_the_changes_that_are_true_of_them(history: History):
    session = fold(history.events)
    assert session is not None
    reports = order_reports(history.events)
    open_changes = history.open_changes("requested", "dispatched", "unknown")

    for key, order in session.orders.items():
        assert order.terms.quantity_shares == history.quantities[key]
        assert {c: change.stage for c, change in order.changes.items()} == {
            c: history.changes[k, c] for k, c in open_changes if k == key
        }
    for key, report in reports.items():
        assert report.terms.quantity_shares == history.quantities[key]
        assert {c.change_key: c.state for c in report.changes} == {
            c: stage.upper() for (k, c), stage in history.changes.items() if k == key
        }


@given(history=histories(), data=st.data())
@always_the_same
def test_outcomes_that_arrive_again_change_nothing(history: History, data: st.DataObject):
    again = data.draw(st.lists(st.sampled_from(history.outcomes))) if history.outcomes else []

    assert fold([*history.events, *again]) == fold(history.events)
    assert order_reports([*history.events, *again]) == order_reports(history.events)


@given(history=histories())
@always_the_same
def test_a_report_agrees_with_what_happened_and_calls_only_proven_ones_safe(history: History):
    reports = order_reports(history.events)

    assert {key: report.state for key, report in reports.items()} == {
        key: STATES[stage] for key, stage in history.orders.items()
    }
    safe = [key for key, report in reports.items() if report.safe_to_retry]
    assert safe == history.keys("rejected", "absent")


@given(history=histories())
@always_the_same
def test_after_any_history_exactly_the_requested_orders_whose_login_stands_can_be_dispatched(
    history: History,
):
    session = fold(history.events)
    assert session is not None
    dispatchable = []
    for key in history.orders:
        with suppress(OrderInProgress, SessionHasExpired, BrokerLoginRequired):
            dispatch_order(session, key, OPENING_BELL)
            dispatchable.append(key)

    stands = [
        key for key in history.keys("requested") if history.sent_with[key] in history.logins.items()
    ]
    assert dispatchable == ([] if history.ended else stands)


@given(history=histories().filter(lambda history: history.ended))
@always_the_same
def test_after_its_end_a_session_refuses_commands_whatever_else_happened(history: History):
    session = fold(history.events)
    assert session is not None

    with pytest.raises(SessionHasExpired):
        must_be_open(session, OPENING_BELL)
