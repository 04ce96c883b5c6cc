from datetime import timedelta
from uuid import UUID

import pytest

from application.ports.event_store import Guard
from application.writer import Context
from domain.envelope import NO_HASH
from domain.errors import Busy, Refusal, StoreUnavailable
from domain.events import BrokerLoggedOut, BrokerSelected, OrderKeyClaimed
from tests.application.world import ASHA, FIRST, OPENING_BELL, World, context, hashes
from tests.fakes.clock import numbered

OTHER = UUID("07e40000-0000-4000-8000-000000000001")
KITE = BrokerSelected(broker="kite")
GROWW = BrokerSelected(broker="groww")
DHAN = BrokerSelected(broker="dhan")
PAPER = BrokerSelected(broker="paper")


def always(*events):
    """A decision about one stream that does not look at it."""
    return lambda _: [list(events)]


class SaidNo(Refusal):
    pass


# Storing


def test_what_was_decided_is_stored_and_its_position_told(world: World):
    written = world.writer.decide(context(), [FIRST], always(KITE, GROWW))

    assert written.position == 2
    assert world.events(FIRST) == [KITE, GROWW]
    assert world.told == [2]


def test_the_answer_holds_the_streams_as_they_are_then(world: World):
    world.append(FIRST, KITE)

    [after] = world.writer.decide(context(), [FIRST], always(GROWW)).streams

    assert hashes(after) == hashes(world.writer.load(FIRST))
    assert after.version == 2


def test_a_decision_for_nothing_stores_nothing(world: World):
    written = world.writer.decide(context(), [FIRST], always())

    assert written.position is None
    assert world.store.attempts == []
    assert world.told == []


def test_a_refusal_stores_nothing(world: World):
    def refuse(_):
        raise SaidNo("no")

    with pytest.raises(SaidNo):
        world.writer.decide(context(), [FIRST], refuse)

    assert world.store.attempts == []


def test_events_of_two_streams_go_in_together_or_not_at_all(world: World):
    world.append(OTHER, KITE)
    world.store.on_next_append(lambda: world.append(OTHER, GROWW))
    seen = []

    def decision(streams):
        seen.append([stream.version for stream in streams])
        return [[PAPER], [DHAN]]

    world.writer.decide(context(), [FIRST, OTHER], decision)

    assert seen == [[0, 1], [0, 2]]
    assert world.events(FIRST) == [PAPER]
    assert world.events(OTHER) == [KITE, GROWW, DHAN]


def test_a_stream_that_was_read_already_is_not_read_again(world: World, monkeypatch):
    loaded = world.append(FIRST, KITE)
    monkeypatch.setattr(world.store, "read", lambda _: pytest.fail("read once more"))

    world.writer.decide(context(), [FIRST], always(GROWW), loaded=[loaded])

    assert world.store.head() == 2


# The envelope


def test_each_event_carries_who_when_why_and_through_what(world: World):
    asked = Context(
        principal=ASHA,
        actor="operator",
        correlation_id=UUID(int=7),
        causation_id=UUID(int=8),
        client_name="Claude Desktop",
        client_version="1.2",
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    )

    world.writer.decide(asked, [FIRST], always(KITE))

    [recorded] = world.recorded(FIRST)
    envelope = recorded.envelope
    assert (envelope.stream_id, envelope.version) == (FIRST, 1)
    assert envelope.recorded_at == OPENING_BELL
    assert envelope.principal == ASHA
    assert envelope.actor == "operator"
    assert envelope.command_id == numbered(1)
    assert envelope.correlation_id == UUID(int=7)
    assert envelope.causation_id == UUID(int=8)
    assert (envelope.client_name, envelope.client_version) == ("Claude Desktop", "1.2")
    assert envelope.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_all_events_of_one_command_share_its_id_and_the_next_command_has_another(world: World):
    world.writer.decide(context(), [FIRST, OTHER], lambda _: [[KITE, GROWW], [PAPER]])
    world.writer.decide(context(), [FIRST], always(DHAN))

    ids = [r.envelope.command_id for r in (*world.recorded(FIRST), *world.recorded(OTHER))]

    assert ids == [numbered(1), numbered(1), numbered(2), numbered(1)]


def test_one_call_has_one_correlation_id_over_all_its_commands(world: World):
    call = context(correlation=0xA1)

    world.writer.decide(call, [FIRST], always(KITE))
    world.writer.record(call, [OTHER], lambda _: [[GROWW]])
    world.writer.decide(context(correlation=0xB2), [FIRST], always(PAPER))

    ids = [r.envelope.correlation_id for r in (*world.recorded(FIRST), *world.recorded(OTHER))]
    assert ids == [UUID(int=0xA1), UUID(int=0xB2), UUID(int=0xA1)]


def test_each_event_names_the_hash_of_the_one_before_it_in_its_stream(world: World):
    world.writer.decide(context(), [FIRST, OTHER], lambda _: [[KITE, GROWW], [PAPER]])
    world.writer.decide(context(), [FIRST], always(DHAN))

    first, other = world.recorded(FIRST), world.recorded(OTHER)

    assert [r.envelope.previous_hash for r in first] == [NO_HASH, first[0].hash, first[1].hash]
    assert [r.envelope.previous_hash for r in other] == [NO_HASH]
    assert len({r.hash for r in (*first, *other)}) == 4


def test_the_chain_holds_after_a_conflict(world: World):
    world.append(FIRST, KITE)
    world.store.on_next_append(lambda: world.append(FIRST, GROWW))

    world.writer.decide(context(), [FIRST], always(PAPER))

    hashes = [r.hash for r in world.recorded(FIRST)]
    assert [r.envelope.previous_hash for r in world.recorded(FIRST)] == [NO_HASH, *hashes[:-1]]


# Conflicts


def test_on_a_conflict_the_decision_is_made_again_under_the_same_command_id(world: World):
    world.append(FIRST, KITE)
    world.store.on_next_append(lambda: world.append(FIRST, GROWW))
    seen = []

    def decision(streams):
        seen.append(list(streams[0].events))
        return [[PAPER]]

    world.writer.decide(context(), [FIRST], decision)

    assert seen == [[KITE], [KITE, GROWW]]
    assert world.events(FIRST) == [KITE, GROWW, PAPER]
    assert [append.rows[0].version for append in world.store.attempts[1:]] == [2, 2, 3]
    assert [r.envelope.command_id for r in world.recorded(FIRST)] == [
        numbered(1),
        numbered(3),  # the other one, who came later and was faster
        numbered(2),
    ]


def test_a_decision_may_refuse_after_a_conflict(world: World):
    def only_first(streams):
        if streams[0].version:
            raise SaidNo("too late")
        return [[PAPER]]

    world.store.on_next_append(lambda: world.append(FIRST, GROWW))

    with pytest.raises(SaidNo):
        world.writer.decide(context(), [FIRST], only_first)

    assert world.events(FIRST) == [GROWW]


def test_after_nine_conflicts_the_tenth_attempt_stores(world: World):
    world.store.conflict(times=9)

    assert world.writer.decide(context(), [FIRST], always(KITE)).position == 1


def test_ten_conflicts_in_a_row_end_in_busy_and_nothing_is_stored(world: World):
    world.store.conflict(times=10)

    with pytest.raises(Busy, match=r"nothing was stored\. Next: call again"):
        world.writer.decide(context(), [FIRST], always(KITE))

    assert len(world.store.attempts) == 10
    assert world.events(FIRST) == []
    assert world.told == []


def test_conflicts_are_waited_out_ever_longer_and_for_about_a_second_in_all(world: World):
    world.store.conflict(times=10)

    with pytest.raises(Busy):
        world.writer.decide(context(), [FIRST], always(KITE))

    assert [round(seconds * 1000) for seconds in world.clock.slept] == [
        *(0, 0, 0),
        *(8, 16, 32, 64, 128, 256, 512),
    ]


def test_an_event_bears_the_time_of_the_attempt_that_stored_it(world: World):
    world.append(FIRST, KITE)
    minute = timedelta(minutes=1)

    def somebody_is_faster():
        world.append(FIRST, GROWW)
        world.clock.advance(minute)

    world.store.on_next_append(somebody_is_faster)

    world.writer.decide(context(), [FIRST], always(PAPER))

    assert world.recorded(FIRST)[-1].envelope.recorded_at == OPENING_BELL + minute


# Guards


def test_a_stream_that_was_looked_at_and_not_written_becomes_a_guard(world: World):
    world.append(OTHER, KITE, GROWW)

    world.writer.decide(context(), [FIRST, OTHER], lambda _: [[PAPER], []])

    append = world.store.attempts[-1]
    assert [row.stream_id for row in append.rows] == [FIRST]
    assert append.guards == [Guard(OTHER, 2)]


def test_a_stream_that_does_not_exist_is_guarded_against_beginning(world: World):
    world.writer.decide(context(), [FIRST, OTHER], lambda _: [[PAPER], []])

    assert world.store.attempts[-1].guards == [Guard(OTHER, 0)]


def test_a_guarded_stream_that_moved_makes_the_decision_anew(world: World):
    world.store.on_next_append(lambda: world.append(OTHER, GROWW))

    def unless_the_other_began(streams):
        if streams[1].version:
            raise SaidNo("the other one began")
        return [[PAPER], []]

    with pytest.raises(SaidNo):
        world.writer.decide(context(), [FIRST, OTHER], unless_the_other_began)

    assert world.events(FIRST) == []


# Lost acknowledgements


def test_a_lost_acknowledgement_is_recognised_by_the_command_id(world: World):
    world.store.lose_acknowledgement()

    written = world.writer.decide(context(), [FIRST], always(KITE, GROWW))

    assert written.position == 2
    assert world.events(FIRST) == [KITE, GROWW]
    assert len(world.store.attempts) == 1
    assert world.told == [2]


def test_a_lost_acknowledgement_is_recognised_behind_what_others_stored_since(world: World):
    world.append(FIRST, KITE)
    claim = OrderKeyClaimed(order_key="k1", fingerprint="p", session_id=FIRST)

    def stored_but_late():
        [mine, theirs] = world.store.attempts[-1], claim
        world.store.store(mine)
        world.append(OTHER, theirs)

    world.store.on_next_append(stored_but_late)

    written = world.writer.decide(context(), [FIRST], always(PAPER))

    assert written.position == 2
    assert world.events(FIRST) == [KITE, PAPER]
    assert world.store.head() == 3


def test_the_same_event_of_somebody_else_is_not_taken_for_ours(world: World):
    world.store.on_next_append(lambda: world.append(FIRST, KITE))

    world.writer.decide(context(), [FIRST], always(KITE))

    assert world.events(FIRST) == [KITE, KITE]


def test_a_command_whose_store_went_away_is_refused(world: World):
    world.store.is_away = lambda: True

    with pytest.raises(StoreUnavailable):
        world.writer.decide(context(), [FIRST], always(KITE))

    assert world.clock.slept == []


# Facts that have happened already


def test_a_fact_gets_in_however_many_conflicts_there_are(world: World):
    world.store.conflict(times=35)

    written = world.writer.record(context(), [FIRST], lambda _: [[KITE]])

    assert written.position == 1
    assert world.events(FIRST) == [KITE]
    assert len(world.store.attempts) == 36


def test_a_fact_is_stored_behind_whatever_got_there_first(world: World):
    world.append(FIRST, KITE)
    world.store.on_next_append(lambda: world.append(FIRST, BrokerLoggedOut(broker="kite")))

    world.writer.record(context(), [FIRST], lambda _: [[PAPER]])

    assert world.events(FIRST) == [KITE, BrokerLoggedOut(broker="kite"), PAPER]


def test_a_fact_gets_in_when_the_store_comes_back_before_half_a_minute(world: World):
    world.store.is_away = lambda: world.clock.now() < OPENING_BELL + timedelta(seconds=29)

    world.writer.record(context(), [FIRST], lambda _: [[KITE]])

    assert world.events(FIRST) == [KITE]
    assert sum(world.clock.slept) == 29


def test_a_fact_gives_up_on_a_store_that_stays_away_for_half_a_minute(world: World):
    world.store.is_away = lambda: True

    with pytest.raises(StoreUnavailable):
        world.writer.record(context(), [FIRST], lambda _: [[KITE]])

    assert sum(world.clock.slept) == 30


@pytest.mark.parametrize("answer", [None, StoreUnavailable("the line went dead")])
def test_a_fact_whose_acknowledgement_was_lost_is_stored_once(world: World, answer):
    world.store.lose_acknowledgement(answer)

    written = world.writer.record(context(), [FIRST], lambda _: [[KITE]])

    assert world.events(FIRST) == [KITE]
    assert written.position == 1
    assert world.told == [1]


def test_a_fact_whose_acknowledgement_was_lost_is_stored_once_though_others_wrote(world: World):
    def stored_but_nobody_knows():
        world.store.store(world.store.attempts[-1])
        world.append(FIRST, GROWW)
        raise StoreUnavailable("the line went dead")

    world.store.on_next_append(stored_but_nobody_knows)

    world.writer.record(context(), [FIRST], lambda _: [[KITE]])

    assert world.events(FIRST) == [KITE, GROWW]


def test_a_fact_that_stopped_being_news_meanwhile_is_not_stored(world: World):
    world.store.on_next_append(lambda: world.append(FIRST, KITE))

    written = world.writer.record(context(), [FIRST], lambda s: [[] if s[0].version else [KITE]])

    assert written.position is None
    assert world.events(FIRST) == [KITE]


def test_sessions_that_begin_and_end_are_named_to_the_store(world: World):
    world.entered()
    [opening] = world.store.attempts
    world.close.end(context(), FIRST, "operator")
    closing = world.store.attempts[-1]

    assert [tuple(o) for o in opening.opened] == [(ASHA, "default", 1, FIRST)]
    assert (opening.closed, list(closing.opened), closing.closed) == (0, [], 1)
