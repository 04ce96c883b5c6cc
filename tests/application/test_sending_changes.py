"""From a change on record to the one call: what stops it, and what is recorded then."""

from datetime import timedelta

import pytest

from application.orders.switch import Which
from application.ports.broker_orders import Accepted, Declined
from domain.errors import (
    OrderNotFound,
    SessionHasExpired,
    StoreUnavailable,
    TradingIsHalted,
)
from domain.events import (
    OrderChangeDispatched,
    OrderChangeRejected,
    OrderObserved,
    SessionEnded,
)
from tests.application.changing import (
    CHEAPER,
    NO_ANSWER,
    TO_TWENTY,
    Crash,
    asked,
    change,
    changed,
    crash,
    held,
    yes,
)
from tests.application.world import ASHA, FILLED, FIRST, World, context

ASHAS = Which("user", ASHA)
SWITCHES = ["global", "user", "account"]


@pytest.fixture
def placed(world: World) -> World:
    world.order("k1")
    return world


@pytest.fixture(params=SWITCHES)
def which(request: pytest.FixtureRequest, placed: World) -> Which:
    account = placed.vault.account_fingerprint("paper", str(ASHA))
    found = {"global": Which("global"), "user": ASHAS, "account": Which("account", account)}
    return found[request.param]


def never_sent(world: World) -> OrderChangeRejected:
    """The last fact, which must say that a change was not sent."""
    fact = world.events(FIRST)[-1]
    assert isinstance(fact, OrderChangeRejected)
    assert not fact.reached_broker
    return fact


def between(world: World, happens) -> None:
    """After the change is on record, and before its dispatch is."""
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(happens)


# Switches


def test_while_trading_is_halted_nothing_is_modified_and_everything_can_be_cancelled(
    placed: World, which: Which
):
    placed.kill_switch.arm(context(), which, "stop", None)

    with pytest.raises(TradingIsHalted):
        change(placed, TO_TWENTY)
    assert changed(placed, None).change.state == "ACCEPTED"
    assert [terms for _, _, terms in placed.paper.changed] == [None]


def test_a_halt_between_request_and_dispatch_stops_a_modification(placed: World, which: Which):
    between(placed, lambda: placed.kill_switch.arm(context(), which, "stop", None))

    with pytest.raises(TradingIsHalted):
        change(placed, TO_TWENTY)

    assert never_sent(placed).code == "TRADING_HALTED"
    assert "OrderChangeDispatched" not in placed.facts(FIRST)
    assert placed.paper.changed == []
    reserved = held(placed)
    assert reserved is not None
    assert reserved.released


def test_a_halt_between_request_and_dispatch_does_not_stop_a_cancellation(
    placed: World, which: Which
):
    between(placed, lambda: placed.kill_switch.arm(context(), which, "stop", None))

    assert changed(placed, None).change.state == "ACCEPTED"


def test_a_yes_while_trading_is_halted_sends_nothing(world: World):
    world.at_kite()
    world.order("k1", broker="kite")
    question = asked(world, TO_TWENTY)
    world.kill_switch.arm(context(), ASHAS, "stop", ASHA)

    with pytest.raises(TradingIsHalted):
        yes(world, question)

    assert world.kite.changed == []


# Whatever else comes in between


def test_a_modification_whose_session_ended_before_the_dispatch_is_never_sent(placed: World):
    between(placed, lambda: placed.append(FIRST, SessionEnded(reason="operator")))

    with pytest.raises(SessionHasExpired):
        change(placed, TO_TWENTY)

    assert never_sent(placed).code == "SESSION_EXPIRED"
    assert placed.paper.changed == []


def test_a_cancellation_whose_session_ended_before_the_dispatch_is_sent(placed: World):
    between(placed, lambda: placed.append(FIRST, SessionEnded(reason="operator")))

    assert changed(placed, None).change.state == "ACCEPTED"


def test_a_change_of_an_order_that_filled_before_the_dispatch_is_never_sent(placed: World):
    filled = OrderObserved(order_key="k1", broker_order_id="B1", sighting=FILLED)
    between(placed, lambda: placed.append(FIRST, filled))

    with pytest.raises(OrderNotFound):
        change(placed, None)

    assert placed.paper.changed == []


def test_a_crash_before_the_call_leaves_the_change_dispatched_and_it_is_not_sent_again(
    placed: World,
):
    placed.paper.change_answers = [crash]
    with pytest.raises(Crash):
        change(placed, TO_TWENTY)

    again = changed(placed, TO_TWENTY)

    assert (again.change.state, again.change.safe_to_retry) == ("DISPATCHED", False)
    assert len(placed.paper.changed) == 1


def test_a_process_that_slept_after_it_dispatched_does_not_send_the_change(placed: World):
    def sleeps_over_the_end() -> None:
        placed.store.lose_acknowledgement()
        asked_at = placed.clock.at
        original = placed.store.position_of

        def asleep(stream_id, version):
            placed.clock.at = max(placed.clock.at, asked_at + timedelta(seconds=10))
            return original(stream_id, version)

        placed.store.position_of = asleep  # type: ignore[method-assign]  # the sleep itself

    between(placed, sleeps_over_the_end)

    told = changed(placed, None).change

    assert OrderChangeDispatched(order_key="k1", change_key="c1") in placed.events(FIRST)
    assert (told.state, told.code, told.reached_broker) == ("REJECTED", "ORDER_TOO_LATE", False)
    assert placed.paper.changed == []


# What is recorded


UNSENT = Declined(code="NOT_SENT", reason="No connection.", reached_broker=False)
OVER = Declined(code="ORDER_NOT_OPEN", reason="Too late.")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (UNSENT, ("REJECTED", "NOT_SENT", "No connection.", False)),
        (OVER, ("REJECTED", "ORDER_NOT_OPEN", "Too late.", True)),
        (NO_ANSWER, ("UNKNOWN", None, "no answer within 7 s", True)),
        (Accepted(), ("ACCEPTED", None, None, True)),
    ],
)
def test_every_end_of_the_call_is_on_record(placed: World, answer, told):
    placed.paper.change_answers = [lambda: answer]

    change = changed(placed, CHEAPER).change

    assert (change.state, change.code, change.reason, change.reached_broker) == told


def test_a_store_that_goes_away_during_the_call_gets_the_outcome_when_it_is_back(placed: World):
    def goes_away():
        back_at = placed.clock.now() + timedelta(seconds=20)
        placed.store.is_away = lambda: placed.clock.now() < back_at
        return NO_ANSWER

    placed.paper.change_answers = [goes_away]

    assert changed(placed, None).change.state == "UNKNOWN"
    assert len(placed.paper.changed) == 1


def test_a_store_that_stays_away_leaves_the_change_dispatched(placed: World):
    def goes_away():
        placed.store.is_away = lambda: True
        return NO_ANSWER

    placed.paper.change_answers = [goes_away]

    with pytest.raises(StoreUnavailable, match="The change of k1 was sent"):
        change(placed, TO_TWENTY)
    placed.store.is_away = lambda: False
    assert changed(placed, TO_TWENTY).change.state == "DISPATCHED"
    assert len(placed.paper.changed) == 1


@pytest.mark.parametrize("lost", [1, 2, 3], ids=["request", "dispatch", "outcome"])
def test_a_lost_acknowledgement_anywhere_sends_once_and_stores_once(placed: World, lost):
    for _ in range(lost - 1):
        placed.store.on_next_append(lambda: None)
    placed.store.on_next_append(placed.store.lose_acknowledgement)

    receipt = changed(placed, TO_TWENTY)

    assert (receipt.change.state, receipt.repeated) == ("ACCEPTED", False)
    assert placed.facts(FIRST)[-3:] == [
        "OrderChangeRequested",
        "OrderChangeDispatched",
        "OrderChangeAccepted",
    ]
    assert len(placed.paper.changed) == 1


def test_a_refusal_because_the_login_is_over_ends_the_login_of_the_caller(world: World):
    world.at_kite()
    world.order("k1", broker="kite")
    world.kite.change_answers = [lambda: Declined(code="LOGIN_EXPIRED", reason="Token is over.")]

    told = changed(world, None).change

    assert (told.state, told.code) == ("REJECTED", "LOGIN_EXPIRED")
    assert world.state(FIRST).logins == {}


def test_the_order_of_facts_is_intention_dispatch_call_outcome(placed: World):
    seen = []

    def looks():
        seen.extend(placed.facts(FIRST)[-2:])
        return NO_ANSWER

    placed.paper.change_answers = [looks]
    changed(placed, TO_TWENTY)

    assert seen == ["OrderChangeRequested", "OrderChangeDispatched"]
    assert placed.facts(FIRST)[-1] == "OrderChangeUnknown"
