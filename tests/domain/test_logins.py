"""Which stored logins the log still needs, and for what."""

import pytest

from domain import events as e
from domain.logins import logins_in_use
from tests.domain.facts import (
    CREATED,
    DISPATCHED,
    FILLED,
    OPEN,
    PLACED,
    REJECTED,
    REQUESTED,
    UNKNOWN,
    login,
    observed,
)

OUT = e.BrokerLoggedOut(broker="kite")
EXPIRED = e.BrokerAuthenticationExpired(broker="kite", discovered="clock")
ENDED = e.SessionEnded(reason="operator")


def fate(*facts: e.Event, version: int = 1) -> str:
    """What becomes of a Kite login after these facts."""
    return logins_in_use((CREATED, *facts)).fate("kite", version)


def test_a_login_is_live_until_somebody_or_something_ends_it():
    assert fate(login()) == "live"
    assert fate(login(), OUT) == "over"
    assert fate(login(), EXPIRED) == "over"
    assert fate(login(), ENDED) == "over"


def test_a_login_that_was_replaced_is_over_and_the_new_one_live():
    assert fate(login(1), login(2), version=1) == "over"
    assert fate(login(1), login(2), version=2) == "live"


def test_the_end_of_one_brokers_login_is_not_the_end_of_anothers():
    facts = (CREATED, login(1, "kite"), login(1, "dhan"), OUT)

    assert logins_in_use(facts).fate("dhan", 1) == "live"


@pytest.mark.parametrize("end", [OUT, EXPIRED, ENDED, login(2)], ids=lambda end: type(end).__name__)
@pytest.mark.parametrize("doubt", [(), (UNKNOWN,)], ids=["dispatched", "unknown"])
def test_a_login_that_ends_with_an_unsettled_order_is_kept_to_settle_it(end, doubt):
    assert fate(login(), REQUESTED, DISPATCHED, *doubt, end) == "retired"


@pytest.mark.parametrize(
    "proof", [PLACED, REJECTED, observed(OPEN), observed(FILLED)], ids=lambda p: type(p).__name__
)
def test_once_the_order_is_settled_nothing_needs_the_login(proof):
    assert fate(login(), REQUESTED, DISPATCHED, UNKNOWN, OUT, proof) == "over"
    assert fate(login(), REQUESTED, DISPATCHED, UNKNOWN, ENDED, proof) == "over"


def test_an_order_that_was_never_dispatched_keeps_nothing():
    assert fate(login(), REQUESTED, OUT) == "over"


def test_only_the_login_that_the_order_went_out_with_is_kept():
    facts = (login(1), REQUESTED, DISPATCHED, login(2), OUT)

    assert fate(*facts, version=1) == "retired"
    assert fate(*facts, version=2) == "over"


def test_a_login_that_the_log_has_not_heard_of_yet_is_somebodys_of_this_moment():
    assert fate(version=1) == "live"
    assert fate(login(1), OUT, version=2) == "live"
    assert fate(login(2), version=1) == "over"


def test_in_a_session_that_has_ended_nobody_can_be_logging_in():
    assert fate(login(1), ENDED, version=2) == "over"
    assert logins_in_use(()).fate("kite", 1) == "over"
