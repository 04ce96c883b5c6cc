from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.broker import Secrets
from application.sessions.enter_session import SessionLife
from domain.errors import InvalidArgument, SessionLimitReached, StoreUnavailable
from domain.events import BrokerSelected, SessionCreated, SessionEnded, SessionExpired
from domain.streams import session_stream
from tests.application.world import (
    ASHA,
    FIRST,
    OPENING_BELL,
    RAVI,
    SECOND,
    THIRD,
    World,
    context,
    hashes,
)

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
IDLE_AFTER = timedelta(hours=24, seconds=10)
KITE = BrokerSelected(broker="kite")


# Entering


def test_the_first_call_creates_the_session(world: World):
    entered = world.enter(context(), "default")

    assert entered.session_id == FIRST
    assert world.events(FIRST) == [
        SessionCreated(label="default", generation=1, ends_at=OPENING_BELL + 7 * DAY)
    ]
    assert entered.created_at == OPENING_BELL
    assert hashes(entered.loaded) == hashes(world.writer.load(FIRST))
    assert world.store.active_sessions() == 1


def test_entering_counts_as_a_use_the_first_time_too(world: World):
    world.entered()
    first = world.activity.last(FIRST)
    world.clock.advance(timedelta(hours=1))
    world.entered()

    assert first == OPENING_BELL
    assert world.activity.last(FIRST) == OPENING_BELL + timedelta(hours=1)


def test_the_second_call_finds_the_session_and_stores_nothing(world: World):
    first = world.enter(context(), "default")
    world.clock.advance(timedelta(hours=1))

    second = world.enter(context(), "default")

    assert second.session_id == first.session_id
    assert hashes(second.loaded) == hashes(first.loaded)
    assert len(world.store.attempts) == 1


def test_every_label_is_a_session_of_its_own(world: World):
    home, work = world.entered(label="home"), world.entered(label="work")

    assert home.session_id != work.session_id
    assert (home.session.label, work.session.label) == ("home", "work")


def test_every_person_has_a_session_of_their_own_under_the_same_label(world: World):
    asha, ravi = world.entered(ASHA), world.entered(RAVI)

    assert asha.session_id == session_stream(ASHA, "default", 1)
    assert ravi.session_id == session_stream(RAVI, "default", 1)
    assert [r.envelope.principal for r in world.recorded(ravi.session_id)] == [RAVI]


@pytest.mark.parametrize("label", ["x", "शेयर", "two words", "L" * 64])
def test_labels_that_can_be_printed_are_welcome(world: World, label):
    assert world.enter(context(), label).session.label == label


@pytest.mark.parametrize("label", ["", "L" * 65, "a\nb", "a\x00b"])
def test_other_labels_are_refused_and_nothing_is_stored(world: World, label):
    with pytest.raises(InvalidArgument, match="1 to 64 printable characters"):
        world.enter(context(), label)

    assert world.store.attempts == []


def test_a_store_that_is_away_refuses_entry(world: World):
    world.store.is_away = lambda: True

    with pytest.raises(StoreUnavailable):
        world.enter(context(), "default")


# Races


def test_two_creators_at_once_get_one_session(world: World):
    theirs = []
    world.store.on_next_append(lambda: theirs.append(world.enter(context(), "default")))

    mine = world.enter(context(), "default")

    assert mine.session_id == theirs[0].session_id == FIRST
    assert hashes(mine.loaded) == hashes(theirs[0].loaded)
    assert world.facts(FIRST) == ["SessionCreated"]
    assert world.store.active_sessions() == 1


def test_two_creators_of_the_last_session_that_there_is_room_for_both_get_it():
    world = World(max_sessions=1)
    world.store.on_next_append(world.entered)

    mine = world.enter(context(), "default")

    assert mine.session_id == FIRST
    assert world.facts(FIRST) == ["SessionCreated"]


def test_a_creation_whose_acknowledgement_was_lost_is_found_again(world: World):
    world.store.lose_acknowledgement()

    assert world.enter(context(), "default").session_id == FIRST
    assert world.facts(FIRST) == ["SessionCreated"]
    assert world.store.active_sessions() == 1


def test_two_successors_at_once_get_one_session_and_one_end(world: World):
    world.entered()
    world.clock.advance(2 * DAY)
    world.store.on_next_append(world.entered)

    assert world.entered().session_id == SECOND

    assert world.facts(FIRST) == ["SessionCreated", "SessionExpired"]
    assert world.facts(SECOND) == ["SessionCreated"]
    assert world.store.active_sessions() == 1


def test_a_session_that_proves_to_be_in_use_is_entered_and_not_replaced(world: World):
    world.at_kite()
    world.clock.advance(2 * DAY)
    world.store.on_next_append(lambda: world.append(FIRST, BrokerSelected(broker="groww")))

    entered = world.entered()

    assert entered.session_id == FIRST
    assert entered.session.active_broker == "groww"
    assert world.events(SECOND) == []
    assert world.vault.holds(FIRST) == [("kite", 1)]
    assert world.store.active_sessions() == 1


# Succession


def test_a_session_that_was_idle_ends_and_the_next_begins_in_the_same_append(world: World):
    world.entered()
    world.clock.advance(IDLE_AFTER)

    entered = world.entered()

    assert entered.session_id == SECOND
    assert world.events(FIRST)[-1] == SessionExpired(
        reason="idle", last_activity_at=OPENING_BELL, deadline=OPENING_BELL + IDLE_AFTER
    )
    assert world.events(SECOND) == [
        SessionCreated(
            label="default",
            generation=2,
            ends_at=OPENING_BELL + IDLE_AFTER + 7 * DAY,
            previous_session_id=FIRST,
        )
    ]
    succession = world.store.attempts[-1]
    assert sorted(r.stream_id for r in succession.rows) == sorted([FIRST, SECOND])
    assert (len(succession.opened), succession.closed) == (1, 1)
    assert world.store.active_sessions() == 1


def test_a_session_is_still_there_a_microsecond_before_it_would_be_idle(world: World):
    world.entered()
    world.clock.advance(IDLE_AFTER - INSTANT)

    assert world.entered().session_id == FIRST


def test_a_use_that_stored_nothing_keeps_a_session_alive(world: World):
    world.entered()
    world.clock.advance(timedelta(hours=23))
    world.entered()
    world.clock.advance(timedelta(hours=23))

    assert world.entered().session_id == FIRST
    assert world.facts(FIRST) == ["SessionCreated"]


def test_the_tolerance_covers_uses_that_never_reached_the_disk(world: World):
    world.entered()
    world.clock.advance(timedelta(seconds=10))
    world.entered()
    world.activity.lose_everything()
    world.clock.advance(timedelta(hours=24) - INSTANT)

    assert world.entered().session_id == FIRST


def test_an_event_counts_as_a_use(world: World):
    world.entered()
    world.clock.advance(timedelta(hours=20))
    world.append(FIRST, KITE)
    world.activity.lose_everything()
    world.clock.advance(timedelta(hours=20))

    assert world.entered().session_id == FIRST


def test_a_session_that_grew_too_old_is_followed_by_one_with_its_active_broker(world: World):
    world.entered()
    world.append(FIRST, KITE)
    for _ in range(7):
        world.clock.advance(timedelta(hours=23))
        world.entered()
    world.clock.advance(timedelta(hours=7))

    entered = world.entered()

    assert isinstance(ended := world.events(FIRST)[-1], SessionExpired)
    assert (ended.reason, ended.deadline) == ("age", OPENING_BELL + 7 * DAY)
    assert entered.session_id == SECOND
    assert entered.session.active_broker == "kite"
    assert entered.session.previous_session_id == FIRST


def test_a_session_that_was_idle_leaves_its_broker_behind(world: World):
    world.entered()
    world.append(FIRST, KITE)
    world.clock.advance(2 * DAY)

    assert world.entered().session.active_broker is None


def test_the_secrets_of_a_session_end_with_it(world: World):
    world.at_kite()
    world.clock.advance(2 * DAY)

    world.entered()

    assert world.vault.holds(FIRST) == []


def test_a_session_that_was_ended_on_purpose_is_followed_by_the_next(world: World):
    world.entered()
    world.close.end(context(), FIRST, "operator")

    entered = world.entered()

    assert entered.session_id == SECOND
    assert world.facts(FIRST) == ["SessionCreated", "SessionEnded"]
    assert world.store.active_sessions() == 1


def test_entering_steps_forward_past_ended_sessions_though_the_hint_is_old(
    world: World, monkeypatch
):
    for session_id in (FIRST, SECOND):
        world.entered()
        world.close.end(context(), session_id, "operator")
    monkeypatch.setattr(world.store, "latest_generation", lambda principal, label: 0)

    created = world.entered()
    found = world.entered()

    assert created.session_id == found.session_id == THIRD
    assert created.session.previous_session_id == SECOND
    assert created.session.generation == 3


def test_a_session_that_ended_while_the_next_was_being_opened_is_ended_once(world: World):
    world.entered()
    world.clock.advance(2 * DAY)
    world.store.on_next_append(lambda: world.append(FIRST, SessionEnded(reason="operator")))

    assert world.entered().session_id == SECOND

    assert world.facts(FIRST) == ["SessionCreated", "SessionEnded"]
    assert world.store.active_sessions() == 1


# The limit


def test_when_all_sessions_are_in_use_nobody_new_gets_in_and_room_is_asked_for_once():
    world = World(max_sessions=1)
    world.entered(RAVI)

    with pytest.raises(SessionLimitReached):
        world.entered(ASHA)

    assert world.asked_for_room == 1
    assert world.events(FIRST) == []
    assert world.store.active_sessions() == 1


def test_room_that_was_made_is_used():
    world = World(max_sessions=1)
    ravis = world.entered(RAVI)

    def end_ravis() -> int:
        return int(world.close.end(context(RAVI), ravis.session_id, "operator"))

    enter = replace(world.enter, make_room=end_ravis)

    assert enter(context(ASHA), "default").session_id == FIRST
    assert world.store.active_sessions() == 1


def test_whoever_has_a_session_is_let_in_at_the_limit():
    world = World(max_sessions=1)
    world.entered()

    assert world.entered().session_id == FIRST
    assert world.asked_for_room == 0


def test_a_successor_needs_no_room():
    world = World(max_sessions=1)
    world.entered()
    world.clock.advance(2 * DAY)

    assert world.entered().session_id == SECOND
    assert world.asked_for_room == 0


# How long sessions live


@pytest.mark.parametrize(
    ("ttl", "idle_after"),
    [
        (timedelta(hours=24), timedelta(hours=24, seconds=10)),
        (timedelta(seconds=50), timedelta(seconds=60)),
        (timedelta(seconds=10), timedelta(seconds=12)),
    ],
)
def test_the_tolerance_is_twice_the_flush_interval_and_the_interval_is_bounded(ttl, idle_after):
    life = SessionLife(ttl=ttl, max_age=7 * DAY)

    assert life.idle_after == idle_after


# Closing


def test_a_session_that_is_due_is_closed_and_its_secrets_forgotten(world: World):
    world.at_kite()
    world.clock.advance(IDLE_AFTER)

    assert world.close.expire_if_due(context(), FIRST) is True

    assert world.events(FIRST)[-1] == SessionExpired(
        reason="idle", last_activity_at=OPENING_BELL, deadline=OPENING_BELL + IDLE_AFTER
    )
    assert world.vault.holds(FIRST) == []
    assert world.store.active_sessions() == 0


def test_a_session_that_is_not_due_stays_open_and_keeps_its_secrets(world: World):
    world.at_kite()
    world.clock.advance(IDLE_AFTER - INSTANT)

    assert world.close.expire_if_due(context(), FIRST) is False

    assert world.state(FIRST).ended is None
    assert world.vault.holds(FIRST) == [("kite", 1)]


def test_a_use_known_only_to_this_process_keeps_a_session_from_being_closed(world: World):
    world.entered()
    world.clock.advance(timedelta(hours=23))
    world.activity.touch(FIRST, world.clock.now())
    world.clock.advance(timedelta(hours=2))

    assert world.close.expire_if_due(context(), FIRST) is False


def test_a_session_is_closed_by_the_activity_that_is_known_when_it_is_stored(world: World):
    world.entered()
    world.clock.advance(2 * DAY)
    world.store.on_next_append(lambda: world.append(FIRST, KITE))

    assert world.close.expire_if_due(context(), FIRST) is False
    assert world.facts(FIRST) == ["SessionCreated", "BrokerSelected"]


def test_a_session_is_ended_on_purpose_once(world: World):
    world.at_kite()

    assert world.close.end(context(), FIRST, "operator") is True
    assert world.close.end(context(), FIRST, "operator") is False

    assert world.events(FIRST)[-1] == SessionEnded(reason="operator")
    assert world.facts(FIRST).count("SessionEnded") == 1
    assert world.vault.holds(FIRST) == []
    assert world.store.active_sessions() == 0


def test_a_session_that_has_ended_does_not_expire_as_well(world: World):
    world.entered()
    world.close.end(context(), FIRST, "operator")
    world.clock.advance(30 * DAY)

    assert world.close.expire_if_due(context(), FIRST) is False
    assert world.store.active_sessions() == 0


def test_a_session_that_never_was_can_neither_expire_nor_be_ended(world: World):
    assert world.close.expire_if_due(context(), THIRD) is False
    assert world.close.end(context(), THIRD, "operator") is False
    assert world.store.attempts == []


def test_one_persons_secrets_survive_the_end_of_anothers_session(world: World):
    world.at_kite()
    ravis = world.entered(RAVI)
    world.log_in(context(RAVI), ravis, "kite", Secrets({"request_token": "rt"}))

    world.close.end(context(), FIRST, "operator")

    assert world.vault.holds(ravis.session_id) == [("kite", 1)]
