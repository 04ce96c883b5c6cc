"""Nothing is dispatched after a halt in the order of the log, whoever sends, on any instance."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from msgspec.structs import replace as with_other

from application.orders.switch import KillSwitch, Which
from application.ports.egress import Egress
from application.writer import Writer
from domain.catalog import CATALOG
from domain.control_events import TradingHalted
from domain.errors import SessionHasExpired, TradingIsHalted
from domain.events import OrderDispatched, OrderRejected, SessionEnded
from tests.application.changing import held
from tests.application.world import (
    ASHA,
    FIRST,
    OPENING_BELL,
    RAVI,
    World,
    context,
)
from tests.fakes.clock import CountingIds

EVERYBODY = Which("global")
ASHAS = Which("user", ASHA)


def paper_account(world: World, principal: UUID = ASHA) -> Which:
    return Which("account", world.vault.account_fingerprint("paper", str(principal)))


def halt(world: World, which: Which) -> Callable[[], object]:
    """By another process that shares only the log."""
    writer = Writer(store=world.store, clock=world.clock, ids=OtherIds(), catalog=CATALOG)
    return lambda: KillSwitch(writer=writer).arm(context(), which, "stop", None)


class OtherIds(CountingIds):
    """Ids of another process are others."""

    def new(self) -> UUID:
        return UUID(int=super().new().int ^ (1 << 127))


def log(world: World) -> list[str]:
    """What was stored, oldest first."""
    rows = world.store.log(0, 1000)
    kept = (OrderDispatched, TradingHalted)
    return [type(e).__name__ for r in rows if isinstance(e := CATALOG.read(r).event, kept)]


@pytest.fixture(params=["global", "user", "account"])
def which(request: pytest.FixtureRequest, world: World) -> Which:
    return {"global": EVERYBODY, "user": ASHAS, "account": paper_account(world)}[request.param]


def test_a_halt_that_slips_in_before_the_dispatch_stops_the_order(world: World, which: Which):
    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(halt(world, which))

    with pytest.raises(TradingIsHalted, match=r"\('stop'\)"):
        world.order("k1")

    assert log(world) == ["TradingHalted"]
    assert world.paper.calls == []


def test_what_was_halted_before_its_dispatch_is_closed_and_gives_back_what_it_took(
    world: World, which: Which
):
    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(halt(world, which))

    with pytest.raises(TradingIsHalted):
        world.order("k1")

    closed = world.events(FIRST)[-1]
    assert isinstance(closed, OrderRejected)
    assert (closed.order_key, closed.code, closed.reached_broker) == ("k1", "TRADING_HALTED", False)
    reserved = held(world, None)
    assert reserved is not None
    assert reserved.released


def test_its_key_tells_that_it_was_never_sent_also_after_the_halt(world: World):
    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(halt(world, ASHAS))
    with pytest.raises(TradingIsHalted):
        world.order("k1")
    world.kill_switch.disarm(context(), ASHAS, "looked into", ASHA)

    told = world.order("k1")

    assert (told.report.state, told.report.code, told.repeated) == (
        "REJECTED",
        "TRADING_HALTED",
        True,
    )
    assert told.report.safe_to_retry
    assert world.paper.calls == []


def test_while_trading_is_halted_nothing_is_asked_for_at_all(world: World, which: Which):
    world.entered()
    halt(world, which)()

    with pytest.raises(TradingIsHalted):
        world.order("k1")

    assert world.facts(FIRST) == ["SessionCreated"]


@pytest.mark.parametrize("whose", [Which("user", RAVI), Which("account", "somebody else's")])
def test_a_halt_of_somebody_else_stops_nobody_here(world: World, whose: Which):
    world.kill_switch.arm(context(RAVI), whose, "stop", None)

    assert world.order("k1").report.state == "PLACED"


def test_an_order_that_was_dispatched_first_is_sent_and_the_next_one_is_not(world: World):
    world.entered()
    for _ in range(3):
        world.store.on_next_append(lambda: None)
    world.store.on_next_append(halt(world, EVERYBODY))  # while its outcome is being stored

    assert world.order("k1").report.state == "PLACED"
    with pytest.raises(TradingIsHalted):
        world.order("k2")

    assert log(world) == ["OrderDispatched", "TradingHalted"]
    assert len(world.paper.calls) == 1


def test_two_instances_that_place_at_the_same_time_are_both_stopped(world: World, which: Which):
    """Both have put their order on record; both find the halt when they dispatch."""
    stopped = []

    def other_instance() -> None:
        world.store.on_next_append(lambda: None)
        world.store.on_next_append(halt(world, which))
        with pytest.raises(TradingIsHalted):
            world.order("k2")
        stopped.append("k2")

    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(other_instance)
    with pytest.raises(TradingIsHalted):
        world.order("k1")

    assert stopped == ["k2"]
    assert log(world) == ["TradingHalted"]
    assert world.paper.calls == []


def test_a_dispatch_that_lost_the_race_against_a_halt_and_a_resumption_is_sent(world: World):
    def on_and_off() -> None:
        halt(world, EVERYBODY)()
        world.kill_switch.disarm(context(), EVERYBODY, "a mistake", None)

    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(on_and_off)

    assert world.order("k1").report.state == "PLACED"


# Whatever else is found out between the request and the call


def test_an_order_whose_session_ended_before_the_dispatch_gives_back_what_it_took(world: World):
    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(lambda: world.append(FIRST, SessionEnded(reason="operator")))

    with pytest.raises(SessionHasExpired):
        world.order("k1")

    assert world.facts(FIRST)[-2:] == ["SessionEnded", "OrderRejected"]
    reserved = held(world, None)
    assert reserved is not None
    assert reserved.released


def test_an_order_does_not_leave_by_another_way_than_it_was_asked_for(world: World):
    world.at_kite()
    entered = world.entered()
    admission = world.admit(context(), entered, "kite")
    request = world.order("k1", broker="kite").report.request
    other = replace(admission, access=replace(admission.access, egress=Egress(source="127.0.0.2")))
    again = with_other(request, order_key="k2")
    world.append(FIRST, again)

    world.place_order.send(context(), FIRST, other, again)

    closed = world.events(FIRST)[-1]
    assert isinstance(closed, OrderRejected)
    assert (closed.code, closed.reached_broker) == ("EGRESS_CHANGED", False)
    assert [ticket.order_key for _, ticket in world.kite.calls] == ["k1"]


def test_an_order_is_not_sent_with_another_account_than_it_was_asked_with(world: World):
    world.at_kite()
    entered = world.entered()
    admission = world.admit(context(), entered, "kite")
    request = world.order("k1", broker="kite").report.request
    other = replace(admission, access=replace(admission.access, account_id="XY9876"))
    again = with_other(request, order_key="k2")
    world.append(FIRST, again)

    world.place_order.send(context(), FIRST, other, again)

    closed = world.events(FIRST)[-1]
    assert isinstance(closed, OrderRejected)
    assert (closed.code, closed.reached_broker) == ("ACCOUNT_CHANGED", False)
    assert [ticket.order_key for _, ticket in world.kite.calls] == ["k1"]


def test_a_process_that_slept_after_it_dispatched_does_not_send_any_more(world: World):
    """The dispatch is stored in time; the answer to that comes ten seconds later."""
    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(world.store.lose_acknowledgement)
    original = world.writer.store.position_of

    def asleep(stream_id: UUID, version: int) -> int | None:
        world.clock.at = max(world.clock.at, OPENING_BELL.replace(second=10))
        return original(stream_id, version)

    world.store.position_of = asleep  # type: ignore[method-assign]  # the sleep itself

    told = world.order("k1").report

    assert world.facts(FIRST)[1:] == ["OrderRequested", "OrderDispatched", "OrderRejected"]
    assert (told.state, told.code, told.reached_broker) == ("REJECTED", "ORDER_TOO_LATE", False)
    assert world.paper.calls == []
