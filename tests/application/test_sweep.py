from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from application.ports.broker import Secrets
from application.ports.event_store import Append, Row
from application.sessions.sweep import Sweep, Swept
from domain.errors import KeyStoreUnavailable, StoreUnavailable
from domain.events import BrokerAuthenticationExpired, BrokerSelected
from domain.session import Due
from tests.application.world import (
    ASHA,
    ASHAS_KITE,
    FIRST,
    OPENING_BELL,
    RAVI,
    SIX_IN_THE_MORNING,
    THIRD,
    World,
    context,
)

DAY = timedelta(days=1)
ASHAS_SESSION = Due(ASHA, FIRST, None)
ASHAS_LOGIN = Due(ASHA, FIRST, "kite")


class Suspects:
    """Answers with what the test suspects, right or wrong."""

    def __init__(self, *due: Due) -> None:
        self.suspected = due
        self.asked: list[tuple[datetime, timedelta]] = []

    def due(self, now, idle_after):
        self.asked.append((now, idle_after))
        return self.suspected


def sweep(world: World, *due: Due) -> int:
    swept = Sweep(
        deadlines=Suspects(*due),
        close=world.close,
        writer=world.writer,
        clock=world.clock,
        ids=world.ids,
    )()
    assert swept.failed == ()
    return swept.ended


def test_sessions_that_are_due_are_ended_and_counted(world: World):
    world.entered()
    ravis = world.entered(RAVI).session_id
    world.clock.advance(2 * DAY)

    assert sweep(world, ASHAS_SESSION, Due(RAVI, ravis, None)) == 2

    assert world.facts(FIRST) == world.facts(ravis) == ["SessionCreated", "SessionExpired"]
    assert world.store.active_sessions() == 0


def test_the_system_ends_a_session_in_the_name_of_its_owner(world: World):
    ravis = world.entered(RAVI).session_id
    world.clock.advance(2 * DAY)

    sweep(world, Due(RAVI, ravis, None))

    envelope = world.recorded(ravis)[-1].envelope
    assert (envelope.principal, envelope.actor) == (RAVI, "system")


def test_every_end_has_a_correlation_id_of_its_own(world: World):
    world.entered()
    ravis = world.entered(RAVI).session_id
    world.clock.advance(2 * DAY)

    sweep(world, ASHAS_SESSION, Due(RAVI, ravis, None))

    ids = {world.recorded(s)[-1].envelope.correlation_id for s in (FIRST, ravis)}
    assert len(ids) == 2


def test_a_suspicion_that_proves_wrong_ends_nothing(world: World):
    world.at_kite()
    before = world.facts(FIRST)

    assert sweep(world, ASHAS_SESSION, ASHAS_LOGIN, Due(ASHA, THIRD, None)) == 0
    assert world.facts(FIRST) == before
    assert world.vault.holds(FIRST) == [("kite", 1)]


def test_sweeping_again_ends_nothing_more(world: World):
    world.at_kite()
    world.clock.at = SIX_IN_THE_MORNING

    assert sweep(world, ASHAS_LOGIN) == 1
    assert sweep(world, ASHAS_LOGIN) == 0
    world.clock.advance(2 * DAY)
    assert sweep(world, ASHAS_SESSION) == 1
    assert sweep(world, ASHAS_SESSION, ASHAS_LOGIN) == 0


def test_a_login_is_ended_at_the_exact_instant_of_the_brokers_clock(world: World):
    world.at_kite()
    world.clock.at = SIX_IN_THE_MORNING - timedelta(microseconds=1)
    assert sweep(world, ASHAS_LOGIN) == 0
    world.clock.at = SIX_IN_THE_MORNING

    assert sweep(world, ASHAS_LOGIN) == 1

    assert world.events(FIRST)[-1] == BrokerAuthenticationExpired(broker="kite", discovered="clock")
    assert world.vault.holds(FIRST) == []
    assert world.state(FIRST).ended is None


def test_a_login_that_was_renewed_meanwhile_is_left_alone(world: World):
    world.at_kite()
    world.clock.at = SIX_IN_THE_MORNING

    def renew():
        world.kite.login = replace(ASHAS_KITE, expires_at=None)
        world.log_in(context(), world.entered(), "kite", Secrets({"request_token": "rt"}))

    world.store.on_next_append(renew)

    assert sweep(world, ASHAS_LOGIN) == 0
    assert world.state(FIRST).logins["kite"].credential_version == 2
    assert ("kite", 2) in world.vault.holds(FIRST)


@pytest.mark.parametrize("broker", [None, "kite"])
def test_a_session_that_ended_on_purpose_is_not_ended_again(world: World, broker):
    world.at_kite()
    world.close.end(context(), FIRST, "operator")
    before = world.facts(FIRST)
    world.clock.advance(30 * DAY)

    assert sweep(world, Due(ASHA, FIRST, broker)) == 0
    assert world.facts(FIRST) == before


def test_a_session_that_is_used_while_it_is_being_ended_goes_on(world: World):
    world.entered()
    world.clock.advance(2 * DAY)
    world.store.on_next_append(lambda: world.append(FIRST, BrokerSelected(broker="kite")))

    assert sweep(world, ASHAS_SESSION) == 0
    assert world.state(FIRST).ended is None


def test_what_is_due_is_asked_for_with_the_tolerance(world: World):
    suspects = Suspects()

    Sweep(
        deadlines=suspects,
        close=world.close,
        writer=world.writer,
        clock=world.clock,
        ids=world.ids,
    )()

    assert suspects.asked == [(OPENING_BELL, timedelta(hours=24, seconds=10))]


def test_a_session_whose_keys_cannot_be_reached_keeps_no_other_alive(world: World, monkeypatch):
    world.at_kite()
    ravis = world.entered(RAVI).session_id
    world.clock.advance(2 * DAY)

    def out_of_reach(*login: object) -> None:
        raise KeyStoreUnavailable("The keys are away. Next: try again.")

    monkeypatch.setattr(world.vault, "forget", out_of_reach)
    swept = Sweep(
        deadlines=Suspects(ASHAS_SESSION, Due(RAVI, ravis, None)),
        close=world.close,
        writer=world.writer,
        clock=world.clock,
        ids=world.ids,
    )()

    assert swept == (1, ((FIRST, "KeyStoreUnavailable"),))
    assert world.facts(FIRST)[-1] == "SessionExpired"
    assert world.facts(ravis) == ["SessionCreated", "SessionExpired"]


def test_a_session_with_a_damaged_row_is_named_and_the_others_end(world: World):
    ravis = world.entered(RAVI).session_id
    damaged = world.store.read(ravis)[0].state.replace(b'"label"', b'"lable"')
    world.store.store(Append([Row(FIRST, 1, "trading_session.session_created.v1", damaged)]))
    world.clock.advance(2 * DAY)

    swept = Sweep(
        deadlines=Suspects(ASHAS_SESSION, Due(RAVI, ravis, None)),
        close=world.close,
        writer=world.writer,
        clock=world.clock,
        ids=world.ids,
    )()

    assert swept == Swept(ended=1, failed=((FIRST, "ValidationError"),))
    assert world.state(ravis).ended == "idle"


def test_a_store_that_is_away_ends_the_sweep(world: World):
    world.entered()
    world.clock.advance(2 * DAY)
    world.store.is_away = lambda: True

    with pytest.raises(StoreUnavailable):
        sweep(world, ASHAS_SESSION)
