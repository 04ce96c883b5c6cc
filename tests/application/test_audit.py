from datetime import timedelta

from application.audit import known_at
from domain.events import BrokerSelected, OrderObserved
from domain.streams import session_stream
from tests.application.world import (
    ASHA,
    FILLED,
    FIRST,
    OPENING_BELL,
    RAVI,
    SECOND,
    World,
    context,
)

INSTANT = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
AT_9_16 = OPENING_BELL + MINUTE
AT_9_17 = OPENING_BELL + 2 * MINUTE


def a_morning(world: World) -> None:
    """09:15 the session, 09:16 an order, 09:17 it is filled."""
    world.entered()
    world.clock.at = AT_9_16
    world.order("k1")
    world.clock.at = AT_9_17
    world.append(FIRST, OrderObserved(order_key="k1", broker_order_id="B1", sighting=FILLED))


def test_before_the_first_event_nothing_was_known(world: World):
    a_morning(world)

    assert world.audit.state(ASHA, OPENING_BELL - INSTANT) == ()


def test_a_moment_before_an_order_the_session_had_none(world: World):
    a_morning(world)

    [then] = world.audit.state(ASHA, AT_9_16 - INSTANT)

    assert then.orders == ()
    assert then.session.orders == {}
    assert then.events == 1
    assert then.created_at == OPENING_BELL


def test_at_the_very_instant_of_an_order_it_was_known(world: World):
    a_morning(world)

    [then] = world.audit.state(ASHA, AT_9_16)

    [order] = then.orders
    assert (order.state, order.broker_order_id, order.sighting) == ("PLACED", "B1", None)
    assert list(then.session.orders) == ["k1"]
    assert then.events == 4


def test_a_later_sighting_does_not_colour_what_was_known_before_it(world: World):
    a_morning(world)

    [before] = world.audit.state(ASHA, AT_9_17 - INSTANT)
    [after] = world.audit.state(ASHA, AT_9_17)

    assert [order.sighting for order in before.orders] == [None]
    assert [order.sighting for order in after.orders] == [FILLED]
    assert list(before.session.orders) == ["k1"]
    assert after.session.orders == {}


def test_the_state_at_the_end_is_the_fold_of_everything(world: World):
    a_morning(world)

    [now] = world.audit.state(ASHA, AT_9_17 + timedelta(days=365))

    assert now.session == world.state(FIRST)
    assert now.events == len(world.events(FIRST))


def test_every_session_that_existed_by_then_is_told_oldest_first(world: World):
    world.entered()
    world.close.end(context(), FIRST, "operator")
    world.clock.at = AT_9_16
    world.entered(label="work")
    world.clock.at = AT_9_17
    world.entered()

    def told(at):
        return [found.opened.session_id for found in world.audit.state(ASHA, at)]

    work = session_stream(ASHA, "work", 1)
    assert told(OPENING_BELL) == [FIRST]
    assert told(AT_9_16) == [FIRST, work]
    assert told(AT_9_17) == [FIRST, work, SECOND]


def test_an_ended_session_was_open_before_its_end(world: World):
    world.entered()
    world.clock.at = AT_9_16
    world.close.end(context(), FIRST, "operator")

    [before] = world.audit.state(ASHA, AT_9_16 - INSTANT)
    [after] = world.audit.state(ASHA, AT_9_16)

    assert (before.session.ended, after.session.ended) == (None, "ended")


def test_one_person_is_told_nothing_of_another(world: World):
    world.entered(RAVI)

    assert world.audit.state(ASHA, AT_9_17) == ()


def test_clocks_that_disagree_never_make_a_stream_begin_in_its_middle(world: World):
    world.entered()
    world.clock.at = OPENING_BELL - MINUTE  # another instance, whose clock is behind
    world.append(FIRST, BrokerSelected(broker="kite"))

    assert known_at(world.recorded(FIRST), OPENING_BELL - INSTANT) == []
    assert world.audit.state(ASHA, OPENING_BELL - INSTANT) == ()
    assert [found.events for found in world.audit.state(ASHA, OPENING_BELL)] == [2]


def test_looking_back_stores_nothing(world: World):
    a_morning(world)
    before = world.store.head()

    world.audit.state(ASHA, AT_9_17)

    assert world.store.head() == before
