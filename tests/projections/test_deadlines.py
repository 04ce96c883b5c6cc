"""What will be over, and when."""

from datetime import timedelta

import pytest

from domain import events as e
from domain.session import Due
from tests.domain.facts import (
    CREATED,
    DISPATCHED,
    FILLED,
    OPENING_BELL,
    PLACED,
    REQUESTED,
    login,
    observed,
)
from tests.projections.history import ASHA, HOME, RAVI, WORK, fold, tables

A_DAY = timedelta(hours=24)
MIDDAY = OPENING_BELL + timedelta(hours=3)
NEVER_IDLE = timedelta(days=10_000)
EXPIRED = e.SessionExpired(reason="idle", last_activity_at=OPENING_BELL, deadline=MIDDAY)
ENDED = e.SessionEnded(reason="done")


def _rows(projector):
    """Kind and time of each deadline."""
    fold(projector)
    return {(str(row[0])[:8], row[1]): row[3] for row in tables(projector.engine)["deadlines_v1"]}


def test_a_session_has_a_greatest_age_and_a_last_event(history, projector):
    history.happened(WORK, CREATED)
    history.happened(WORK, REQUESTED, at=MIDDAY)

    assert _rows(projector) == {
        ("5e550000", "age"): "2026-11-30T03:45:00.000000Z",
        ("5e550000", "used"): "2026-11-23T06:45:00.000000Z",
    }


def test_a_login_has_the_brokers_end_if_there_is_one(history, projector):
    history.happened(WORK, CREATED, login(expires_at=MIDDAY), login(broker="paper"))

    rows = _rows(projector)

    assert rows["5e550000", "kite"] == "2026-11-23T06:45:00.000000Z"
    assert ("5e550000", "paper") not in rows


@pytest.mark.parametrize("batch_size", [1, 100])
@pytest.mark.parametrize(
    "ending",
    [
        e.BrokerLoggedOut(broker="kite"),
        e.BrokerAuthenticationExpired(broker="kite", discovered="broker"),
        login(2, expires_at=None),
    ],
    ids=["logged out", "expired", "replaced by one without end"],
)
def test_a_login_that_is_no_more_has_no_deadline(history, projector, ending, batch_size):
    history.happened(WORK, CREATED, login(expires_at=MIDDAY), ending)
    fold(projector, batch_size=batch_size)

    assert ("5e550000", "kite") not in _rows(projector)


@pytest.mark.parametrize("batch_size", [1, 100])
def test_a_later_login_moves_the_deadline(history, projector, batch_size):
    history.happened(WORK, CREATED, login(1, expires_at=OPENING_BELL), login(2, expires_at=MIDDAY))
    fold(projector, batch_size=batch_size)

    assert _rows(projector)["5e550000", "kite"] == "2026-11-23T06:45:00.000000Z"


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
@pytest.mark.parametrize("end", [EXPIRED, ENDED], ids=["expired", "ended"])
def test_an_ended_session_has_no_deadline_whatever_comes_late(history, projector, end, batch_size):
    history.happened(WORK, CREATED, login(expires_at=MIDDAY), REQUESTED, DISPATCHED, end)
    history.happened(WORK, PLACED, observed(FILLED), login(2, expires_at=MIDDAY))
    history.happened(WORK, e.BrokerLoggedOut(broker="kite"))
    fold(projector, batch_size=batch_size)

    assert _rows(projector) == {}


def test_the_end_of_one_session_leaves_the_others_alone(history, projector):
    history.happened(WORK, CREATED)
    history.happened(HOME, CREATED, principal=RAVI)
    history.happened(WORK, ENDED)

    fold(projector)

    left = {(row[0], row[1], row[2]) for row in tables(projector.engine)["deadlines_v1"]}
    assert left == {(HOME, "age", RAVI), (HOME, "used", RAVI)}


# What is due


def test_nothing_is_due_before_its_time(history, shown):
    history.happened(WORK, CREATED, login(expires_at=MIDDAY))

    assert shown().due(MIDDAY - timedelta(microseconds=1), A_DAY) == []


def test_a_login_is_due_at_the_brokers_time(history, shown):
    history.happened(WORK, CREATED, login(expires_at=MIDDAY))

    assert shown().due(MIDDAY, A_DAY) == [Due(ASHA, WORK, "kite")]


def test_a_session_is_due_once_it_may_have_been_idle_long_enough(history, shown):
    history.happened(WORK, CREATED)
    history.happened(HOME, CREATED, principal=RAVI)
    history.happened(HOME, REQUESTED, principal=RAVI, at=MIDDAY)

    assert shown().due(OPENING_BELL + A_DAY, A_DAY) == [Due(ASHA, WORK, None)]


def test_a_session_is_due_at_its_greatest_age_however_busy_it_is(history, shown):
    history.happened(WORK, CREATED)
    history.happened(WORK, REQUESTED, at=OPENING_BELL + timedelta(days=7))

    assert shown().due(OPENING_BELL + timedelta(days=7), A_DAY) == [Due(ASHA, WORK, None)]


def test_a_session_that_is_due_twice_is_named_once(history, shown):
    history.happened(WORK, CREATED)

    assert shown().due(OPENING_BELL + timedelta(days=8), A_DAY) == [Due(ASHA, WORK, None)]
