"""The vault follows the log: what is over there is forgotten here, whoever died in between."""

from datetime import timedelta

import pytest

from application.ports.broker import Secrets
from application.ports.event_store import Append
from application.sessions.forget_logins import ForgetLogins, Forgotten
from domain.envelope import Row
from domain.errors import BrokerLoginRequired, KeyStoreUnavailable
from domain.events import BrokerLoggedOut, OrderObserved, OrderOutcomeUnknown, SessionEnded
from tests.application.world import (
    ASHA,
    ASHAS_KITE,
    FIRST,
    OPEN,
    OPENING_BELL,
    RAVI,
    SIX_IN_THE_MORNING,
    World,
    context,
)

NO_ANSWER = OrderOutcomeUnknown(order_key="k1", cause="no answer within 7 s")
RT = Secrets({"request_token": "rt"})


@pytest.fixture
def world() -> World:
    return World()


def clean_up(world: World, *, only_retired: bool = False) -> Forgotten:
    forget = ForgetLogins(writer=world.writer, vault=world.vault, clock=world.clock)
    return forget(only_retired=only_retired)


def kept(world: World) -> bool:
    """Whether what became of its orders can still be asked with Asha's first Kite login."""
    return world.vault.get_to_settle(ASHA, FIRST, "kite", 1) is not None


def unsettled(world: World):
    """Asha at Kite, with an order of which nobody knows how it ended."""
    entered = world.at_kite()
    world.kite.answers = [lambda ticket: NO_ANSWER]
    world.order("k1", broker="kite")
    assert world.state(FIRST).orders["k1"].stage == "unknown"
    return entered


# Unsettled orders


def test_logging_out_with_an_unsettled_order_stops_commands_and_keeps_the_key(world: World):
    unsettled(world)

    world.log_out(context(), world.entered(), ("kite",))

    assert world.vault.get(ASHA, FIRST, "kite", 1) is None
    with pytest.raises(BrokerLoginRequired):
        world.admit(context(), world.entered(), "kite")
    assert kept(world)
    assert world.kite.logged_out == []  # the broker would not answer that token any more


def test_the_key_goes_when_the_order_is_settled(world: World):
    unsettled(world)
    world.log_out(context(), world.entered(), ("kite",))
    assert clean_up(world, only_retired=True) == (0, ())
    assert kept(world)

    world.append(FIRST, OrderObserved(order_key="k1", broker_order_id="B7", sighting=OPEN))

    assert clean_up(world, only_retired=True) == (1, ())
    assert not kept(world)


def test_the_key_goes_when_the_brokers_day_ends_settled_or_not(world: World):
    unsettled(world)
    world.log_out(context(), world.entered(), ("kite",))

    world.clock.advance(SIX_IN_THE_MORNING - OPENING_BELL - timedelta(seconds=1))
    clean_up(world, only_retired=True)
    assert kept(world)

    world.clock.advance(timedelta(seconds=1))
    assert clean_up(world, only_retired=True) == (1, ())
    assert not kept(world)


def test_a_session_that_ends_with_an_unsettled_order_keeps_its_key_as_well(world: World):
    unsettled(world)

    world.close.end(context(), FIRST, "operator")

    assert world.vault.get(ASHA, FIRST, "kite", 1) is None
    assert kept(world)


def test_a_login_that_is_replaced_is_forgotten_unless_orders_need_it(world: World):
    world.at_kite()
    world.log_in(context(), world.entered(), "kite", RT)
    assert world.vault.holds(FIRST) == [("kite", 2)]

    world.kite.answers = [lambda ticket: NO_ANSWER]
    world.order("k1", broker="kite")
    world.log_in(context(), world.entered(), "kite", RT)

    assert world.vault.holds(FIRST) == [("kite", 2), ("kite", 3)]
    assert world.vault.get(ASHA, FIRST, "kite", 2) is None
    assert world.vault.get(ASHA, FIRST, "kite", 3) is not None


# Crashes


@pytest.mark.parametrize(
    "fact", [BrokerLoggedOut(broker="kite"), SessionEnded(reason="operator")], ids=["out", "end"]
)
def test_a_crash_between_the_fact_and_the_key_is_made_good(world: World, fact):
    world.at_kite()
    world.append(FIRST, fact)
    assert world.vault.holds(FIRST) == [("kite", 1)]

    assert clean_up(world) == (1, ())

    assert world.vault.holds(FIRST) == []
    assert clean_up(world) == (0, ())


def test_a_crash_between_the_key_and_the_fact_is_made_good_when_the_brokers_day_ends(world: World):
    """Until then nobody can tell it from a login of this very moment in another process."""
    world.entered()
    world.vault.put(ASHA, FIRST, "kite", "AB1234", ASHAS_KITE.secrets, SIX_IN_THE_MORNING)

    assert clean_up(world) == (0, ())
    world.clock.advance(SIX_IN_THE_MORNING - OPENING_BELL)

    assert clean_up(world) == (1, ())


def test_a_clean_up_in_the_middle_of_a_login_leaves_that_login_alone(world: World):
    world.at_kite()
    world.store.on_next_append(lambda: clean_up(world))

    world.log_in(context(), world.entered(), "kite", RT)

    assert world.vault.holds(FIRST) == [("kite", 2)]
    assert world.admit(context(), world.entered(), "kite").access.account_id == "AB1234"


def test_live_logins_of_others_are_left_alone(world: World):
    world.at_kite()
    ravis = world.entered(RAVI)
    world.log_in(context(RAVI), ravis, "kite", RT)
    world.append(FIRST, SessionEnded(reason="operator"))

    clean_up(world)

    assert world.vault.holds(ravis.session_id) == [("kite", 1)]
    assert world.vault.holds(FIRST) == []


# Keys out of reach


def test_a_logout_while_the_keys_are_away_is_on_record_and_finished_later(
    world: World, monkeypatch
):
    world.at_kite()

    def away(*login: object) -> None:
        raise KeyStoreUnavailable("The keys are away. Next: try again.")

    with monkeypatch.context() as outage:
        outage.setattr(world.vault, "forget", away)
        with pytest.raises(KeyStoreUnavailable):
            world.log_out(context(), world.entered(), ("kite",))

    assert world.state(FIRST).logins == {}
    assert len(world.kite.logged_out) == 1
    with pytest.raises(BrokerLoginRequired):
        world.admit(context(), world.entered(), "kite")
    assert clean_up(world) == (1, ())


def test_a_damaged_session_keeps_nobody_elses_login_alive(world: World):
    ravis = world.entered(RAVI).session_id
    world.log_in(context(RAVI), world.entered(RAVI), "kite", RT)
    world.append(ravis, SessionEnded(reason="operator"), principal=RAVI)
    world.vault.put(ASHA, FIRST, "kite", "AB1234", ASHAS_KITE.secrets)
    damaged = world.store.read(ravis)[0].state.replace(b'"label"', b'"lable"')
    world.store.store(Append([Row(FIRST, 1, "trading_session.session_created.v1", damaged)]))

    assert clean_up(world) == (1, ((FIRST, "ValidationError"),))
    assert world.vault.holds(ravis) == []
