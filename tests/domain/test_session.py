from datetime import timedelta
from uuid import UUID

import pytest

from domain import events as e
from domain.errors import BrokerLoginRequired, NoActiveBroker, SessionHasExpired
from domain.session import (
    BrokerLogin,
    TradingSession,
    accept_login,
    chosen_broker,
    end_session,
    evolve,
    expire_login,
    expire_session,
    fold,
    log_out,
    must_be_open,
    open_session,
    require_login,
    select_broker,
)
from tests.domain.facts import (
    CREATED,
    DISPATCHED,
    FILLED,
    OPENING_BELL,
    PLACED,
    REQUESTED,
    SESSION,
    UNKNOWN,
    given,
    login,
    observed,
)

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
IDLE_AFTER = timedelta(hours=24, seconds=10)
KITE_SELECTED = e.BrokerSelected(broker="kite")
DHAN_FOR_DATA = e.DataBrokerSelected(broker="dhan")
EXPIRED_IDLE = e.SessionExpired(
    reason="idle", last_activity_at=OPENING_BELL, deadline=OPENING_BELL + IDLE_AFTER
)
EXPIRED_BY_AGE = e.SessionExpired(
    reason="age", last_activity_at=OPENING_BELL, deadline=OPENING_BELL + timedelta(days=7)
)
ENDED = e.SessionEnded(reason="operator")
OVER = [EXPIRED_IDLE, EXPIRED_BY_AGE, ENDED]


# Beginning


def test_nothing_happened_means_there_is_no_session():
    assert fold([]) is None


def test_a_new_session_has_no_broker_no_logins_and_no_orders():
    assert given(CREATED) == TradingSession(
        label="work",
        generation=1,
        ends_at=OPENING_BELL + timedelta(days=7),
        active_broker=None,
        previous_session_id=None,
        logins={},
        orders={},
        ended=None,
    )


def test_a_session_can_only_begin_with_its_creation():
    with pytest.raises(AssertionError, match="cannot begin"):
        fold([KITE_SELECTED])


def test_a_fact_of_another_kind_of_stream_is_a_bug_and_says_so():
    claim = e.OrderKeyClaimed(order_key="k1", fingerprint="print-1", session_id=SESSION)

    with pytest.raises(AssertionError, match="not a fact of a session"):
        fold([CREATED, claim])


def test_a_session_that_is_opened_ends_after_its_greatest_age():
    assert open_session(
        label="work", generation=1, now=OPENING_BELL, max_age=7 * DAY, predecessor=None
    ) == [CREATED]


def test_the_successor_of_a_session_that_grew_too_old_keeps_its_brokers():
    old = given(CREATED, KITE_SELECTED, DHAN_FOR_DATA, EXPIRED_BY_AGE)

    assert open_session(
        label="work",
        generation=2,
        now=OPENING_BELL + 7 * DAY,
        max_age=7 * DAY,
        predecessor=(SESSION, old),
    ) == [
        e.SessionCreated(
            label="work",
            generation=2,
            ends_at=OPENING_BELL + 14 * DAY,
            active_broker="kite",
            previous_session_id=SESSION,
            data_broker="dhan",
        )
    ]


@pytest.mark.parametrize("end", [EXPIRED_IDLE, ENDED])
def test_the_successor_of_a_session_that_ended_otherwise_begins_without_a_broker(end):
    old = given(CREATED, KITE_SELECTED, end)

    [created] = open_session(
        label="work",
        generation=2,
        now=OPENING_BELL + 2 * DAY,
        max_age=7 * DAY,
        predecessor=(SESSION, old),
    )

    assert created == e.SessionCreated(
        label="work",
        generation=2,
        ends_at=OPENING_BELL + 9 * DAY,
        active_broker=None,
        previous_session_id=SESSION,
    )


def test_the_broker_carried_over_is_active_from_the_first_fact_on():
    session = given(
        e.SessionCreated(
            label="work",
            generation=2,
            ends_at=OPENING_BELL + 14 * DAY,
            active_broker="kite",
            previous_session_id=SESSION,
        )
    )

    assert session.active_broker == "kite"
    assert session.previous_session_id == UUID("5e550000-0000-4000-8000-000000000001")
    assert session.logins == {}


# Ending


def test_a_session_is_idle_at_the_exact_instant_of_its_deadline():
    assert expire_session(
        given(CREATED),
        now=OPENING_BELL + IDLE_AFTER,
        last_activity_at=OPENING_BELL,
        idle_after=IDLE_AFTER,
    ) == [EXPIRED_IDLE]


def test_a_session_is_not_idle_a_microsecond_before_its_deadline():
    assert (
        expire_session(
            given(CREATED),
            now=OPENING_BELL + IDLE_AFTER - INSTANT,
            last_activity_at=OPENING_BELL,
            idle_after=IDLE_AFTER,
        )
        == []
    )


def test_a_session_in_use_is_too_old_at_the_exact_instant_of_its_end():
    last_used = OPENING_BELL + 7 * DAY - timedelta(hours=1)

    assert expire_session(
        given(CREATED),
        now=OPENING_BELL + 7 * DAY,
        last_activity_at=last_used,
        idle_after=IDLE_AFTER,
    ) == [
        e.SessionExpired(reason="age", last_activity_at=last_used, deadline=OPENING_BELL + 7 * DAY)
    ]


def test_a_session_in_use_is_not_too_old_a_microsecond_before_its_end():
    assert (
        expire_session(
            given(CREATED),
            now=OPENING_BELL + 7 * DAY - INSTANT,
            last_activity_at=OPENING_BELL + 7 * DAY - timedelta(hours=1),
            idle_after=IDLE_AFTER,
        )
        == []
    )


def test_a_session_found_long_after_both_deadlines_ended_by_the_one_that_came_first():
    long_after = OPENING_BELL + 30 * DAY
    idle = expire_session(
        given(CREATED), now=long_after, last_activity_at=OPENING_BELL, idle_after=IDLE_AFTER
    )
    aged = expire_session(
        given(CREATED),
        now=long_after,
        last_activity_at=OPENING_BELL + 6 * DAY + timedelta(hours=23),
        idle_after=IDLE_AFTER,
    )

    assert idle == [EXPIRED_IDLE]
    assert aged == [
        e.SessionExpired(
            reason="age",
            last_activity_at=OPENING_BELL + 6 * DAY + timedelta(hours=23),
            deadline=OPENING_BELL + 7 * DAY,
        )
    ]


def test_two_deadlines_at_one_instant_count_as_idleness():
    last_used = OPENING_BELL + 7 * DAY - IDLE_AFTER

    [expired] = expire_session(
        given(CREATED),
        now=OPENING_BELL + 7 * DAY,
        last_activity_at=last_used,
        idle_after=IDLE_AFTER,
    )

    assert expired == e.SessionExpired(
        reason="idle", last_activity_at=last_used, deadline=OPENING_BELL + 7 * DAY
    )


@pytest.mark.parametrize("end", OVER)
def test_a_session_that_has_ended_never_expires_again(end):
    assert (
        expire_session(
            given(CREATED, end),
            now=OPENING_BELL + 30 * DAY,
            last_activity_at=OPENING_BELL,
            idle_after=IDLE_AFTER,
        )
        == []
    )


def test_an_open_session_can_be_ended_on_purpose():
    assert end_session(given(CREATED), "operator") == [e.SessionEnded(reason="operator")]


@pytest.mark.parametrize("end", OVER)
def test_a_session_that_has_ended_is_not_ended_again(end):
    assert end_session(given(CREATED, end), "operator") == []


@pytest.mark.parametrize(
    ("end", "how"), [(EXPIRED_IDLE, "idle"), (EXPIRED_BY_AGE, "age"), (ENDED, "ended")]
)
def test_the_state_remembers_how_a_session_ended(end, how):
    assert given(CREATED, end).ended == how


# What an end means


def test_an_open_session_takes_commands_until_a_microsecond_before_its_end():
    must_be_open(given(CREATED), OPENING_BELL + 7 * DAY - INSTANT)


def test_a_command_at_the_instant_of_the_greatest_age_is_refused():
    with pytest.raises(SessionHasExpired, match=r"Next: call again"):
        must_be_open(given(CREATED), OPENING_BELL + 7 * DAY)


@pytest.mark.parametrize("end", OVER)
def test_a_session_that_has_ended_refuses_commands(end):
    with pytest.raises(SessionHasExpired):
        must_be_open(given(CREATED, end), OPENING_BELL)


@pytest.mark.parametrize("end", OVER)
def test_a_session_that_has_ended_refuses_to_select_a_broker_or_to_accept_a_login(end):
    over = given(CREATED, end)

    with pytest.raises(SessionHasExpired):
        select_broker(over, "kite", OPENING_BELL)
    with pytest.raises(SessionHasExpired):
        accept_login(over, login(), OPENING_BELL)


@pytest.mark.parametrize("end", OVER)
def test_a_session_that_has_ended_takes_the_late_outcome_of_its_order(end):
    over = given(CREATED, REQUESTED, DISPATCHED, end)

    after = evolve(over, PLACED)

    assert after.orders["k1"].stage == "placed"
    assert after.orders["k1"].broker_order_id == "B1"
    assert after.ended == over.ended


@pytest.mark.parametrize("end", OVER)
def test_a_late_sighting_settles_an_order_of_a_session_that_has_ended(end):
    assert given(CREATED, REQUESTED, DISPATCHED, UNKNOWN, end, observed(FILLED)).orders == {}


def test_a_creation_that_is_stored_twice_changes_nothing():
    session = given(CREATED, KITE_SELECTED)

    assert evolve(session, CREATED) == session


# Choosing a broker


def test_selecting_a_broker_makes_it_the_active_one():
    decided = select_broker(given(CREATED), "kite", OPENING_BELL)

    assert decided == [KITE_SELECTED]
    assert given(CREATED, *decided).active_broker == "kite"


def test_selecting_the_active_broker_again_stores_nothing():
    assert select_broker(given(CREATED, KITE_SELECTED), "kite", OPENING_BELL) == []


def test_selecting_another_broker_replaces_the_active_one_and_keeps_the_logins():
    session = given(CREATED, login(), KITE_SELECTED, e.BrokerSelected(broker="paper"))

    assert session.active_broker == "paper"
    assert list(session.logins) == ["kite"]


def test_a_broker_set_apart_for_data_leaves_the_active_one_as_it_is():
    decided = select_broker(given(CREATED, KITE_SELECTED), "dhan", OPENING_BELL, "data")

    session = given(CREATED, KITE_SELECTED, *decided)
    assert decided == [DHAN_FOR_DATA]
    assert (session.active_broker, session.data_broker) == ("kite", "dhan")
    assert select_broker(session, "dhan", OPENING_BELL, "data") == []


def test_another_active_broker_leaves_the_one_for_data_as_it_is():
    session = given(CREATED, KITE_SELECTED, DHAN_FOR_DATA)

    assert select_broker(session, "paper", OPENING_BELL) == [e.BrokerSelected(broker="paper")]


def test_a_broker_for_both_takes_the_place_of_the_one_for_data():
    session = given(CREATED, KITE_SELECTED, DHAN_FOR_DATA)

    decided = select_broker(session, "kite", OPENING_BELL, "both")

    assert decided == [e.DataBrokerSelected(broker=None)]
    assert select_broker(given(CREATED), "kite", OPENING_BELL, "both") == [KITE_SELECTED]


def test_questions_about_the_market_go_to_the_broker_that_is_set_apart_for_them():
    session = given(CREATED, KITE_SELECTED, DHAN_FOR_DATA)

    assert chosen_broker(session, None, for_data=True) == "dhan"
    assert chosen_broker(session, "paper", for_data=True) == "paper"
    assert chosen_broker(session, None) == "kite"
    assert chosen_broker(given(CREATED, KITE_SELECTED), None, for_data=True) == "kite"


def test_a_call_is_about_the_broker_that_it_names():
    assert chosen_broker(given(CREATED, KITE_SELECTED), "paper") == "paper"


def test_a_call_that_names_no_broker_is_about_the_active_one():
    assert chosen_broker(given(CREATED, KITE_SELECTED), None) == "kite"


def test_a_call_that_names_no_broker_is_refused_where_none_is_active():
    with pytest.raises(NoActiveBroker, match=r"Next: set_active_broker"):
        chosen_broker(given(CREATED), None)


# Logging in and out


def test_the_first_login_makes_its_broker_the_active_one():
    assert accept_login(given(CREATED), login(), OPENING_BELL) == [login(), KITE_SELECTED]


def test_a_later_login_leaves_the_active_broker_as_it_is():
    session = given(CREATED, e.BrokerSelected(broker="paper"))

    assert accept_login(session, login(), OPENING_BELL) == [login()]


def test_a_login_at_the_instant_of_the_greatest_age_is_refused():
    with pytest.raises(SessionHasExpired):
        accept_login(given(CREATED), login(), OPENING_BELL + 7 * DAY)


def test_the_state_keeps_what_later_calls_need_of_a_login():
    assert given(CREATED, login(version=3, expires_at=OPENING_BELL + DAY)).logins == {
        "kite": BrokerLogin(
            mode="SIMULATED",
            account_fingerprint="acc-1",
            account_sealed="sealed-1",
            credential_version=3,
            expires_at=OPENING_BELL + DAY,
        )
    }


def test_a_second_login_at_the_same_broker_takes_the_place_of_the_first():
    session = given(CREATED, login(version=1), login(version=2))

    assert session.logins["kite"].credential_version == 2


def test_logins_at_two_brokers_stand_side_by_side():
    session = given(CREATED, login(version=1), login(version=1, broker="groww"))

    assert set(session.logins) == {"kite", "groww"}


def test_a_login_that_the_broker_refused_leaves_the_earlier_one_standing():
    failed = e.BrokerAuthenticationFailed(broker="kite", code="TOKEN_REFUSED")

    assert given(CREATED, login(), failed) == given(CREATED, login())


def test_logging_out_ends_the_logins_that_are_there_and_passes_over_the_others():
    session = given(CREATED, login())

    assert log_out(session, ["groww", "kite", "paper"]) == [e.BrokerLoggedOut(broker="kite")]


def test_logging_out_twice_stores_nothing_the_second_time():
    session = given(CREATED, login(), e.BrokerLoggedOut(broker="kite"))

    assert session.logins == {}
    assert log_out(session, ["kite"]) == []


def test_logging_out_leaves_the_broker_active_and_the_other_logins_alone():
    session = given(
        CREATED,
        login(),
        login(broker="groww"),
        KITE_SELECTED,
        e.BrokerLoggedOut(broker="kite"),
    )

    assert session.active_broker == "kite"
    assert list(session.logins) == ["groww"]


@pytest.mark.parametrize("discovered", ["clock", "broker"])
def test_a_login_that_is_over_is_noted_with_who_found_out(discovered):
    decided = expire_login(given(CREATED, login(version=2)), "kite", discovered, 2)

    assert decided == [e.BrokerAuthenticationExpired(broker="kite", discovered=discovered)]
    assert given(CREATED, login(version=2), *decided).logins == {}


def test_the_end_of_an_older_login_does_not_end_the_newer_one():
    session = given(CREATED, login(version=1), login(version=2))

    assert expire_login(session, "kite", "broker", 1) == []


def test_the_end_of_a_login_is_noted_once():
    session = given(
        CREATED, login(), e.BrokerAuthenticationExpired(broker="kite", discovered="clock")
    )

    assert expire_login(session, "kite", "broker", 1) == []


def test_a_login_can_be_used_until_a_microsecond_before_the_brokers_clock_ends_it():
    session = given(CREATED, login(version=5, expires_at=OPENING_BELL + DAY))

    found = require_login(session, "kite", OPENING_BELL + DAY - INSTANT)

    assert found.credential_version == 5


def test_a_login_cannot_be_used_at_the_instant_at_which_the_brokers_clock_ends_it():
    session = given(CREATED, login(expires_at=OPENING_BELL + DAY))

    with pytest.raises(BrokerLoginRequired, match="by the broker's own clock"):
        require_login(session, "kite", OPENING_BELL + DAY)


def test_a_login_without_an_end_can_be_used_at_any_time():
    session = given(CREATED, login(expires_at=None))

    found = require_login(session, "kite", OPENING_BELL + timedelta(days=10_000))

    assert found.credential_version == 1


def test_a_broker_without_a_login_asks_for_one():
    with pytest.raises(BrokerLoginRequired, match=r"not logged in to kite\. Next: get_broker"):
        require_login(given(CREATED, login(broker="groww")), "kite", OPENING_BELL)
