"""Who is connected: one row per session."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import events as e
from tests.domain.facts import (
    ABSENT,
    ADOPTED,
    CREATED,
    DECLINED,
    DENIED,
    DISPATCHED,
    FILLED,
    MISMATCHED,
    OPEN,
    OPENING_BELL,
    PLACED,
    PROPOSED,
    REJECTED,
    REQUESTED,
    UNKNOWN,
    cancellation,
    login,
    observed,
    refused,
    sent,
)
from tests.projections.history import ASHA, HOME, KEY, RAVI, WORK

LATER = OPENING_BELL + timedelta(minutes=5)
SIX_IN_THE_MORNING = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)


def _info(shown, label="work", principal=ASHA):
    return shown().my_session(principal, label).value


def test_a_new_session_is_shown_with_its_owner_and_its_times(history, shown):
    history.happened(WORK, CREATED)

    info = _info(shown)

    assert (info.session_id, info.principal, info.label, info.generation) == (WORK, ASHA, "work", 1)
    assert info.created_at == info.last_event_at == OPENING_BELL
    assert info.ends_at == OPENING_BELL + timedelta(days=7)
    assert (info.active_broker, info.logins) == (None, {})
    assert (info.orders_requested, info.orders_open) == (0, 0)
    assert (info.ended_at, info.end_reason) == (None, None)


def test_a_session_is_its_owners_only(history, shown):
    history.happened(WORK, CREATED)

    assert _info(shown, principal=RAVI) is None
    assert _info(shown, label="home") is None


def test_a_successor_shows_the_broker_that_was_carried_over(history, shown):
    history.happened(
        HOME,
        e.SessionCreated(
            label="work",
            generation=2,
            ends_at=LATER,
            active_broker="kite",
            previous_session_id=WORK,
        ),
    )

    assert _info(shown).active_broker == "kite"


def test_of_several_generations_the_newest_is_shown(history, shown):
    history.happened(WORK, CREATED, e.SessionEnded(reason="by the operator"))
    history.happened(HOME, e.SessionCreated(label="work", generation=2, ends_at=LATER))

    assert _info(shown).session_id == HOME


def test_every_event_moves_the_last_one_and_the_last_chosen_broker_is_active(history, shown):
    history.happened(WORK, CREATED)
    history.happened(WORK, e.BrokerSelected(broker="paper"), at=LATER)
    history.happened(WORK, e.DataBrokerSelected(broker="dhan"), at=LATER)
    history.happened(WORK, e.BrokerSelected(broker="kite"), at=LATER + timedelta(seconds=1))

    info = _info(shown)

    assert (info.active_broker, info.data_broker) == ("kite", "dhan")
    assert info.created_at == OPENING_BELL
    assert info.last_event_at == LATER + timedelta(seconds=1)


def test_logins_are_shown_with_mode_and_end_and_never_more(history, shown, projector):
    history.happened(
        WORK, CREATED, login(expires_at=SIX_IN_THE_MORNING), login(broker="paper", expires_at=None)
    )

    assert _info(shown).logins == {
        "kite": ("SIMULATED", SIX_IN_THE_MORNING),
        "paper": ("SIMULATED", None),
    }
    with projector.engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT * FROM session_info_v3").one()
    assert "sealed-1" not in repr(row)
    assert "acc-1" not in repr(row)


def test_a_second_login_takes_the_place_of_the_first(history, shown):
    history.happened(WORK, CREATED, login(1, expires_at=LATER))
    history.happened(WORK, login(2, expires_at=SIX_IN_THE_MORNING))

    assert _info(shown).logins == {"kite": ("SIMULATED", SIX_IN_THE_MORNING)}


def test_a_login_that_ended_is_not_shown_and_the_broker_stays_active(history, shown):
    history.happened(WORK, CREATED, login(), login(broker="dhan"), e.BrokerSelected(broker="kite"))
    history.happened(WORK, e.BrokerAuthenticationExpired(broker="kite", discovered="clock"))
    history.happened(WORK, e.BrokerLoggedOut(broker="dhan"))

    info = _info(shown)

    assert info.logins == {}
    assert info.active_broker == "kite"


def test_a_refused_login_changes_no_login(history, shown):
    history.happened(WORK, CREATED, login())
    history.happened(WORK, e.BrokerAuthenticationFailed(broker="kite", code="TOKEN_REFUSED"))

    assert list(_info(shown).logins) == ["kite"]


def test_orders_are_counted_once_and_open_until_their_end_is_known(history, shown):
    history.happened(WORK, CREATED, REQUESTED)
    assert (_info(shown).orders_requested, _info(shown).orders_open) == (1, 1)

    history.happened(WORK, DISPATCHED, UNKNOWN, observed(OPEN), PLACED)
    assert _info(shown).orders_open == 1

    history.happened(WORK, observed(FILLED))
    assert (_info(shown).orders_requested, _info(shown).orders_open) == (1, 0)

    history.happened(WORK, observed(FILLED), observed(OPEN), PLACED)
    assert _info(shown).orders_open == 0


def test_a_rejected_order_is_not_open(history, shown):
    history.happened(WORK, CREATED, REQUESTED, DISPATCHED, REJECTED, REJECTED)

    assert (_info(shown).orders_requested, _info(shown).orders_open) == (1, 0)


def test_an_order_that_was_found_absent_is_not_open(history, shown):
    history.happened(WORK, CREATED, REQUESTED, DISPATCHED, UNKNOWN, ABSENT, PLACED)

    assert (_info(shown).orders_requested, _info(shown).orders_open) == (1, 0)


def test_an_adopted_order_is_open_until_its_end_and_was_not_requested(history, shown):
    history.happened(WORK, CREATED, ADOPTED)
    assert (_info(shown).orders_requested, _info(shown).orders_open) == (0, 1)

    history.happened(WORK, observed(FILLED))
    assert (_info(shown).orders_requested, _info(shown).orders_open) == (0, 0)


@pytest.mark.parametrize("proof", [PLACED, observed(OPEN)], ids=["placed", "seen"])
def test_a_rejection_that_comes_after_a_proof_leaves_the_order_open(history, shown, proof):
    history.happened(WORK, CREATED, REQUESTED, DISPATCHED, proof)
    assert _info(shown).orders_open == 1

    history.happened(WORK, REJECTED)
    assert _info(shown).orders_open == 1


def test_talk_about_orders_and_changes_of_them_opens_nothing_and_ends_nothing(history, shown):
    history.happened(WORK, CREATED, PROPOSED, DENIED, DECLINED)
    assert _info(shown).orders_open == 0

    history.happened(WORK, REQUESTED, DISPATCHED, UNKNOWN, MISMATCHED)
    history.happened(WORK, cancellation("c1"), sent("c1"), refused("c1"))
    assert _info(shown).orders_open == 1


def test_an_ended_session_says_when_and_why(history, shown):
    history.happened(WORK, CREATED)
    history.happened(WORK, e.SessionEnded(reason="by the operator: " + "x" * 200), at=LATER)

    info = _info(shown)

    assert info.ended_at == LATER
    assert info.end_reason == ("by the operator: " + "x" * 200)[:100]


def test_a_reason_with_a_character_that_postgresql_cannot_store_is_shown_without_it(history, shown):
    history.happened(WORK, CREATED, e.SessionEnded(reason="do\0ne"))

    assert _info(shown).end_reason == "do\ufffdne"


def test_an_expired_session_says_whether_by_idleness_or_age(history, shown):
    expired = e.SessionExpired(reason="idle", last_activity_at=OPENING_BELL, deadline=LATER)
    history.happened(WORK, CREATED)
    history.happened(WORK, expired, at=LATER + timedelta(hours=1))

    info = _info(shown)

    assert info.ended_at == LATER + timedelta(hours=1)
    assert info.end_reason == "idle"


def test_facts_that_come_after_the_end_are_shown_and_do_not_open_it_again(history, shown):
    history.happened(WORK, CREATED, REQUESTED, DISPATCHED, e.SessionEnded(reason="done"))
    history.happened(WORK, PLACED, observed(FILLED), at=LATER)

    info = _info(shown)

    assert info.ended_at == OPENING_BELL
    assert info.last_event_at == LATER
    assert info.orders_open == 0


def test_two_sessions_in_one_batch_do_not_mix(history, shown):
    history.happened(WORK, CREATED)
    history.happened(HOME, e.SessionCreated(label="home", generation=1, ends_at=LATER))
    history.happened(WORK, REQUESTED)
    history.happened(HOME, e.BrokerSelected(broker="paper"))

    assert (_info(shown).orders_open, _info(shown).active_broker) == (1, None)
    home = _info(shown, label="home")
    assert (home.orders_open, home.active_broker) == (0, "paper")


def test_what_happens_to_order_keys_is_nothing_that_a_session_shows(history, shown):
    history.happened(WORK, CREATED)
    claimed = e.OrderKeyClaimed(order_key="k1", fingerprint="print-1", session_id=WORK)
    history.happened(KEY, claimed, at=LATER)

    assert _info(shown).last_event_at == OPENING_BELL
