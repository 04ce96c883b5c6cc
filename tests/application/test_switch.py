"""Stopping trading and letting it go on; whose switches there are; cancelling what is open."""

from datetime import timedelta
from uuid import UUID

import pytest

from application.orders.own_switches import OwnSwitch
from application.orders.switch import Which
from application.ports.broker import AcceptedLogin, Secrets
from application.ports.broker_orders import Declined
from application.writer import NOBODY
from domain.control_events import TradingHalted, TradingResumed
from domain.errors import BrokerLoginRequired
from domain.events import OrderObserved, OrderOutcomeUnknown
from domain.streams import GLOBAL_SWITCH, account_switch_stream, user_switch_stream
from tests.application.changing import NO_ANSWER, TOO_LATE, Crash
from tests.application.world import (
    ASHA,
    FILLED,
    FIRST,
    OPENING_BELL,
    RAVI,
    World,
    context,
)

ASHAS = Which("user", ASHA)
EVERYBODY = Which("global")
AN_ACCOUNT = Which("account", "acc-1")


# Turning it


@pytest.mark.parametrize(
    ("which", "stream", "principal"),
    [
        (EVERYBODY, GLOBAL_SWITCH, NOBODY),
        (ASHAS, user_switch_stream(ASHA), ASHA),
        (AN_ACCOUNT, account_switch_stream("acc-1"), NOBODY),
    ],
    ids=["everybody", "user", "account"],
)
def test_stopping_is_one_fact_in_the_stream_of_its_switch(world: World, which, stream, principal):
    stood = world.kill_switch.arm(context(), which, "too fast", ASHA)

    [recorded] = world.recorded(stream)
    assert recorded.event == TradingHalted(scope=which.scope, reason="too fast", by=ASHA)
    assert recorded.envelope.principal == principal
    assert (stood.changed, stood.version, stood.since) == (True, 1, OPENING_BELL)
    assert stood.position == world.store.head()


@pytest.mark.parametrize("wrong", [Which("user"), Which("account", ASHA), Which("global", ASHA)])
def test_a_scope_without_the_one_it_is_about_is_a_bug(wrong: Which):
    with pytest.raises(AssertionError, match="is nothing that"):
        _ = wrong.stream


def test_what_is_stopped_is_not_stopped_again_and_keeps_its_reason(world: World):
    first = world.kill_switch.arm(context(), ASHAS, "too fast", ASHA)
    world.clock.advance(timedelta(minutes=1))

    again = world.kill_switch.arm(context(), ASHAS, "me, too", ASHA)

    assert (again.changed, again.version, again.since) == (False, 1, OPENING_BELL)
    assert (again.switch, again.position) == (first.switch, first.position)


def test_letting_trading_go_on_is_one_fact_and_says_who(world: World):
    world.kill_switch.arm(context(), ASHAS, "too fast", ASHA)

    stood = world.kill_switch.disarm(context(), ASHAS, "looked into", ASHA, at_version=1)

    assert world.events(ASHAS.stream)[-1] == TradingResumed(
        scope="user", reason="looked into", by=ASHA
    )
    assert (stood.changed, stood.switch.halted, stood.since) == (True, None, None)
    assert world.kill_switch.look(ASHAS).switch.halted is None


def test_a_yes_is_good_once(world: World):
    world.kill_switch.arm(context(), ASHAS, "too fast", ASHA)
    world.kill_switch.disarm(context(), ASHAS, "looked into", ASHA, at_version=1)
    world.kill_switch.arm(context(), ASHAS, "again", ASHA)

    stood = world.kill_switch.disarm(context(), ASHAS, "looked into", ASHA, at_version=1)

    assert not stood.changed
    assert stood.switch.halted is not None


def test_a_halt_that_comes_in_between_is_not_let_go_on_by_an_earlier_yes(world: World):
    def halted_anew() -> None:
        world.kill_switch.disarm(context(), ASHAS, "by the operator", None)
        world.kill_switch.arm(context(), ASHAS, "again", None)

    world.kill_switch.arm(context(), ASHAS, "too fast", ASHA)
    world.store.on_next_append(halted_anew)

    stood = world.kill_switch.disarm(context(), ASHAS, "looked into", ASHA, at_version=1)

    assert not stood.changed
    assert stood.version == 3


def test_what_goes_on_is_not_let_go_on_again(world: World):
    assert not world.kill_switch.disarm(context(), ASHAS, "looked into", ASHA).changed
    assert world.events(ASHAS.stream) == []


# Whose they are


def named(own: tuple[OwnSwitch, ...]) -> list[tuple[str, str | None, UUID | str | None]]:
    return [(one.which.scope, one.broker, one.which.of) for one in own]


def kite_account(world: World, account_id: str) -> str:
    return world.vault.account_fingerprint("kite", account_id)


def log_in_with_another_account(world: World) -> None:
    world.kite.login = AcceptedLogin(
        account_id="XY9876",
        account_name="Asha Rao",
        secrets=Secrets({"api_key": "kitekey", "access_token": "other"}),
        expires_at=None,
    )
    world.clock.advance(timedelta(minutes=1))
    secrets = Secrets({"request_token": "rt"})
    world.log_in(context(), world.entered(), "kite", secrets, relink=True)


def test_a_person_has_a_switch_of_their_own_and_one_for_each_account(world: World):
    world.at_kite()
    log_in_with_another_account(world)
    paper = world.vault.account_fingerprint("paper", str(ASHA))

    assert named(world.own_switches.all_of(ASHA)) == [
        ("user", None, ASHA),
        ("account", "paper", paper),
        ("account", "kite", kite_account(world, "AB1234")),
        ("account", "kite", kite_account(world, "XY9876")),
    ]
    assert [one.broker for one in world.own_switches.all_of(RAVI)] == [None, "paper"]


def test_the_account_at_a_broker_is_that_of_the_newest_login_also_after_its_end(world: World):
    world.at_kite()
    log_in_with_another_account(world)
    world.log_out(context(), world.entered(), ("kite",))

    found = world.own_switches.of_account(ASHA, "kite")

    assert found == Which("account", kite_account(world, "XY9876"))


def test_an_account_that_was_never_logged_in_to_is_not_known(world: World):
    world.entered()

    with pytest.raises(BrokerLoginRequired, match="never logged in to kite"):
        world.own_switches.of_account(ASHA, "kite")


# Cancelling what is open


def tried(world: World, account: str | None = None) -> list[tuple[str, str, str | None]]:
    return [(one.order_key, one.state, one.code) for one in world.cancel_open(context(), account)]


def test_everything_that_is_open_is_cancelled_whichever_session_it_is_of(world: World):
    world.at_kite()
    world.order("k1", broker="kite")
    world.order("k2", broker="paper", label="work")
    world.order("k3", broker="paper", principal=RAVI)
    world.kill_switch.arm(context(), EVERYBODY, "stop", None)

    assert tried(world) == [("k1", "ACCEPTED", None), ("k2", "ACCEPTED", None)]
    assert [order for _, order, _ in world.kite.changed] == ["B1"]
    assert [order for _, order, _ in world.paper.changed] == ["B1"]


def test_of_one_account_only_its_own_orders_are_cancelled(world: World):
    world.at_kite()
    world.order("k1", broker="kite")
    world.order("k2", broker="paper")

    assert tried(world, kite_account(world, "AB1234")) == [("k1", "ACCEPTED", None)]
    assert world.paper.changed == []


def test_one_order_that_cannot_be_cancelled_keeps_no_other(world: World):
    world.at_kite()
    for key in ("k1", "k2", "k3"):
        world.order(key, broker="paper")
    world.paper.change_answers = [lambda: TOO_LATE, lambda: NO_ANSWER]

    assert tried(world) == [
        ("k1", "REJECTED", "ORDER_NOT_OPEN"),
        ("k2", "UNKNOWN", None),
        ("k3", "ACCEPTED", None),
    ]


def test_an_order_of_which_nobody_knows_where_it_is_is_told_as_such(world: World):
    world.paper.answers = [lambda ticket: OrderOutcomeUnknown(order_key="k1", cause="no answer")]
    world.order("k1")

    assert tried(world) == [("k1", "REFUSED", "ORDER_IN_PROGRESS")]


def test_what_is_over_or_was_never_sent_is_passed_over(world: World):
    world.order("k1")
    world.append(FIRST, OrderObserved(order_key="k1", broker_order_id="B1", sighting=FILLED))
    world.store.on_next_append(lambda: None)

    def crash() -> None:
        raise Crash

    world.store.on_next_append(crash)
    with pytest.raises(Crash):
        world.order("k2")

    assert tried(world) == []


def test_without_a_login_to_its_account_an_order_is_told_as_not_cancelled(world: World):
    world.at_kite()
    world.order("k1", broker="kite")
    world.log_out(context(), world.entered(), ("kite",))

    assert tried(world) == [("k1", "REFUSED", "BROKER_LOGIN_REQUIRED")]
    assert world.kite.changed == []


def test_the_login_of_another_session_cancels_an_order_whose_session_has_ended(world: World):
    world.at_kite()
    world.order("k1", broker="kite")
    world.close.end(context(), FIRST, "operator")
    secrets = Secrets({"request_token": "rt"})
    world.log_in(context(), world.entered(label="work"), "kite", secrets)

    assert tried(world) == [("k1", "ACCEPTED", None)]


def test_a_login_that_its_broker_ended_cancels_nothing(world: World):
    world.at_kite()
    world.order("k1", broker="kite")
    world.kite.change_answers = [lambda: Declined(code="LOGIN_EXPIRED", reason="Token is over.")]

    assert tried(world) == [("k1", "REJECTED", "LOGIN_EXPIRED")]
    assert tried(world) == [("k1", "REFUSED", "BROKER_LOGIN_REQUIRED")]
