"""Which accounts are looked at, when, by which login, and what is settled without any book."""

from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest

from application.orders.reconcile import Look, Overview
from application.ports.broker import BrokerDown, LoginExpired, Secrets
from domain.errors import (
    BrokerLoginRequired,
    BrokerUnavailable,
    EgressUnavailable,
    OrderInProgress,
    StoreUnavailable,
)
from domain.events import (
    OrderChangeDispatched,
    OrderChangeRequested,
    OrderPlaced,
    SessionEnded,
)
from domain.streams import session_stream
from tests.application.reconciling import (
    SIX_IN_THE_EVENING,
    another_instance,
    releases,
    report,
    reserved,
    round_of,
    state,
    tag_of,
    unknown_at_kite,
)
from tests.application.world import (
    ASHA,
    ASHAS_KITE,
    FIRST,
    OPEN,
    OPENING_BELL,
    RAVI,
    SECOND,
    World,
    context,
    row,
)

WORK = session_stream(ASHA, "work", 1)
TOKEN = Secrets({"request_token": "rt"})


class Crash(BaseException):
    """The process dies here. Not an Exception: nothing may catch it."""


def crash(*_: object) -> NoReturn:
    raise Crash


@pytest.fixture
def world() -> World:
    made = World()
    made.at_kite()
    return made


def due(world: World, after: timedelta = timedelta(0)) -> list[Look]:
    world.clock.advance(after)
    return list(world.reconcile.due())


def dies_after(world: World, appends: int, broker: str = "kite") -> None:
    """Order `k1`, and die when so many appends have happened; the next one never does."""
    for _ in range(appends):
        world.store.on_next_append(lambda: None)
    world.store.on_next_append(crash)
    with pytest.raises(Crash):
        world.order("k1", broker=broker)


def dies_in_the_call(world: World, broker: str = "kite") -> None:
    (world.kite if broker == "kite" else world.paper).answers = [crash]
    with pytest.raises(Crash):
        world.order("k1", broker=broker)


# When


def test_every_login_is_looked_at_once_when_a_process_starts(world: World):
    fresh = another_instance(world)

    [look] = fresh.due()
    fresh.look(look)

    assert (look.principal, look.session_id, look.broker, look.retired) == (
        ASHA,
        FIRST,
        "kite",
        False,
    )
    assert fresh.due() == ()


def test_an_account_without_open_orders_is_looked_at_now_and_then(world: World):
    round_of(world)

    assert due(world, timedelta(minutes=14, seconds=59)) == []
    assert len(due(world, timedelta(seconds=1))) == 1


def test_an_account_with_an_order_in_doubt_is_looked_at_every_five_seconds(world: World):
    unknown_at_kite(world)
    round_of(world, wait=timedelta(seconds=5))

    assert due(world, timedelta(seconds=4)) == []
    assert len(due(world, timedelta(seconds=1))) == 1


def test_an_order_long_in_doubt_is_looked_for_less_often(world: World):
    unknown_at_kite(world)
    round_of(world, wait=timedelta(minutes=10))

    assert due(world, timedelta(seconds=19)) == []
    assert len(due(world, timedelta(seconds=1))) == 1


def test_an_account_with_an_open_order_is_looked_at_every_twenty_seconds(world: World):
    world.order("k1", broker="kite")
    round_of(world, row("B1", OPEN, tag_of(world, "k1")))

    assert due(world, timedelta(seconds=19)) == []
    assert len(due(world, timedelta(seconds=1))) == 1


def test_after_the_day_an_open_order_can_wait(world: World):
    world.order("k1", broker="kite")
    world.clock.at = SIX_IN_THE_EVENING
    round_of(world, row("B1", OPEN, tag_of(world, "k1")), wait=timedelta(0))

    assert due(world, timedelta(minutes=9, seconds=59)) == []
    assert len(due(world, timedelta(seconds=1))) == 1


def test_an_order_of_an_earlier_day_is_looked_for_now_and_then(world: World):
    world.kite.login = replace(ASHAS_KITE, expires_at=None)
    world.log_in(context(), world.entered(), "kite", TOKEN)
    unknown_at_kite(world)
    round_of(world, wait=timedelta(days=1))

    assert due(world, timedelta(minutes=14)) == []
    assert state(world) == "UNKNOWN"


def test_what_is_in_doubt_comes_first(world: World):
    world.log_in(context(RAVI), world.entered(RAVI), "kite", TOKEN)
    unknown_at_kite(world)

    looks = due(world, timedelta(minutes=20))

    assert [look.principal for look in looks] == [ASHA, RAVI]


def test_an_account_that_could_not_be_seen_is_tried_again_in_a_minute(world: World):
    world.kite.book = BrokerDown("ReadTimeout")
    [look] = due(world)
    with pytest.raises(BrokerUnavailable):
        world.reconcile.look(look)

    assert due(world, timedelta(seconds=59)) == []
    assert due(world, timedelta(seconds=1)) == [look]


def test_the_overview_counts_accounts_and_orders_in_doubt(world: World):
    unknown_at_kite(world)
    world.order("k2", broker="kite")
    world.reconcile.due()

    assert world.reconcile.overview == Overview(accounts=1, in_doubt=1)


def test_nothing_is_due_while_the_store_is_away(world: World):
    world.store.is_away = lambda: True

    with pytest.raises(StoreUnavailable):
        world.reconcile.due()


# By which login


def test_a_login_in_another_session_settles_an_order_of_one_that_has_ended(world: World):
    tag = unknown_at_kite(world)
    world.append(FIRST, SessionEnded(reason="logout"))
    world.vault.forget(ASHA, FIRST)
    assert due(world, timedelta(minutes=1)) == []

    world.at_kite()
    round_of(world, row("B7", OPEN, tag))

    assert state(world) == "PLACED"
    assert world.facts(SECOND).count("OrderObserved") == 0


def test_a_login_under_another_label_settles_it_as_well(world: World):
    tag = unknown_at_kite(world)
    world.vault.forget(ASHA, FIRST)

    world.log_in(context(), world.entered(label="work"), "kite", TOKEN)
    [look] = due(world)
    world.kite.book = [row("B7", OPEN, tag)]
    world.reconcile.look(look)

    assert (look.session_id, look.sessions) == (WORK, (FIRST,))
    assert state(world) == "PLACED"


def test_an_order_of_a_session_of_long_ago_is_still_looked_for(world: World):
    tag = unknown_at_kite(world)
    for number in range(30):
        world.entered(label=f"label-{number}")

    round_of(world, row("B7", OPEN, tag))

    assert state(world) == "PLACED"


def test_a_retired_login_is_used_for_looking_and_for_nothing_else(world: World):
    tag = unknown_at_kite(world)
    world.log_out(context(), world.entered(), ("kite",))
    with pytest.raises(BrokerLoginRequired):
        world.order("k2", broker="kite")

    [look] = due(world, timedelta(minutes=1))
    world.kite.book = [row("B7", OPEN, tag)]
    world.reconcile.look(look)

    assert look.retired
    assert state(world) == "PLACED"
    assert len(world.kite.calls) == 1


def test_a_retired_login_without_open_orders_is_looked_at_only_once(world: World):
    world.vault.retire(ASHA, FIRST, "kite", 1, OPENING_BELL + timedelta(hours=24))
    round_of(world)

    assert due(world, timedelta(hours=1)) == []


def test_an_order_whose_login_is_gone_stays_unknown_until_the_next_login(world: World):
    tag = unknown_at_kite(world)
    world.kite.book = LoginExpired()
    [look] = due(world, timedelta(minutes=1))
    with pytest.raises(BrokerLoginRequired):
        world.reconcile.look(look)

    assert state(world) == "UNKNOWN"
    assert world.facts(FIRST)[-1] == "BrokerAuthenticationExpired"
    assert world.vault.holds(FIRST) == []
    assert due(world, timedelta(minutes=1)) == []

    world.log_in(context(), world.entered(), "kite", TOKEN)
    round_of(world, row("B7", OPEN, tag))

    assert state(world) == "PLACED"
    assert releases(world) == 0


def test_a_login_that_the_log_does_not_know_yet_is_not_used(world: World):
    """It is in the vault first, and may still be refused as another account's."""
    round_of(world)
    world.vault.put(ASHA, FIRST, "kite", "ZZ9999", TOKEN)
    world.kite.book = AssertionError("nobody may ask with it")

    [look] = due(world)
    world.reconcile.look(look)

    assert look.version == 2
    assert due(world) == [look]


def test_no_other_way_is_taken_where_the_accounts_own_cannot_be_read(world: World, monkeypatch):
    def unreadable(*_: object) -> None:
        raise EgressUnavailable("Next: ask the operator.")

    monkeypatch.setattr(world.egresses, "of", unreadable)
    world.kite.book = AssertionError("nobody may ask")
    [look] = due(world)

    with pytest.raises(EgressUnavailable):
        world.reconcile.look(look)


def test_the_first_order_of_a_process_in_an_account_needs_to_have_seen_it(world: World):
    world.kite.book = BrokerDown("ReadTimeout")

    with pytest.raises(BrokerUnavailable, match="ReadTimeout"):
        world.order("k1", broker="kite")

    assert world.kite.calls == []
    assert "OrderRequested" not in world.facts(FIRST)


def test_the_orders_after_it_do_not(world: World):
    world.order("k1", broker="kite")
    world.kite.book = BrokerDown("ReadTimeout")

    world.order("k2", broker="kite")

    assert state(world, "k2") == "PLACED"


# Without a book


def test_an_order_whose_process_died_before_the_dispatch_is_closed_and_never_sent(world: World):
    dies_after(world, appends=2)
    assert state(world) == "REQUESTED"
    world.clock.advance(timedelta(seconds=11))

    assert world.reconcile.close_stale() == 1
    assert world.reconcile.close_stale() == 0

    told = report(world)
    assert (told.state, told.code, told.reached_broker) == ("REJECTED", "ORDER_TOO_LATE", False)
    assert told.safe_to_retry
    assert reserved(world, "k1").released
    assert releases(world) == 1
    assert world.order("k1", broker="kite").report.state == "REJECTED"
    assert world.kite.calls == []


def test_an_order_that_may_still_be_sent_is_not_closed(world: World):
    dies_after(world, appends=2)
    world.clock.advance(timedelta(seconds=10))

    assert world.reconcile.close_stale() == 0


def test_whoever_slept_past_the_closing_does_not_send_any_more(world: World):
    def sleeps() -> None:
        world.clock.advance(timedelta(seconds=11))
        world.reconcile.close_stale()

    for _ in range(2):
        world.store.on_next_append(lambda: None)
    world.store.on_next_append(sleeps)

    with pytest.raises(OrderInProgress):
        world.order("k1", broker="kite")

    assert world.kite.calls == []
    assert state(world) == "REJECTED"
    assert releases(world) == 1


def test_of_an_order_whose_process_died_in_the_call_it_is_said_that_nobody_knows(world: World):
    dies_in_the_call(world)
    world.clock.advance(timedelta(seconds=70))
    assert world.reconcile.close_stale() == 0
    world.clock.advance(timedelta(seconds=1))

    assert world.reconcile.close_stale() == 1
    assert world.reconcile.close_stale() == 0

    assert state(world) == "UNKNOWN"
    assert not report(world).safe_to_retry
    assert not reserved(world, "k1").released


def test_the_order_of_a_process_that_died_in_the_call_is_found_without_anybody_asking(
    world: World,
):
    dies_in_the_call(world)
    fresh = another_instance(world)
    world.kite.book = [row("B7", OPEN, tag_of(world, "k1"))]

    for look in fresh.due():
        fresh.look(look)

    assert state(world) == "PLACED"


def test_an_answer_that_comes_after_it_was_given_up_is_believed(world: World):
    dies_in_the_call(world)
    world.clock.advance(timedelta(seconds=71))
    world.reconcile.close_stale()

    world.append(FIRST, OrderPlaced(order_key="k1", broker_order_id="B1", placed_at=OPENING_BELL))

    assert state(world) == "PLACED"


def test_a_paper_order_whose_process_died_never_came_to_be(world: World):
    dies_in_the_call(world, broker="paper")
    world.clock.advance(timedelta(seconds=71))

    assert world.reconcile.close_stale() == 1

    assert state(world) == "ABSENT"
    assert reserved(world, "k1").released


def change(world: World, stage: str, broker: str) -> None:
    """A cancellation whose process died when it got as far as this."""
    world.order("k1", broker=broker)
    asked = OrderChangeRequested(
        order_key="k1",
        change_key="c1",
        kind="cancel",
        broker_order_id="B1",
        terms=None,
        fingerprint="print",
        credential_version=1,
        egress=None,
        dispatch_by=world.clock.now() + timedelta(seconds=10),
    )
    sent = OrderChangeDispatched(order_key="k1", change_key="c1")
    world.append(FIRST, *([asked] if stage == "requested" else [asked, sent]))


@pytest.mark.parametrize(
    ("stage", "broker", "seconds", "end"),
    [
        ("requested", "kite", 11, "REJECTED"),
        ("dispatched", "kite", 71, "UNKNOWN"),
        ("dispatched", "paper", 71, "REJECTED"),
    ],
)
def test_a_change_whose_process_died_is_given_the_end_that_is_known(
    world: World, stage, broker, seconds, end
):
    change(world, stage, broker)
    world.clock.advance(timedelta(seconds=seconds - 1))
    assert world.reconcile.close_stale() == 0
    world.clock.advance(timedelta(seconds=1))

    assert world.reconcile.close_stale() == 1
    assert world.reconcile.close_stale() == 0

    [told] = report(world).changes
    assert told.state == end


def test_several_abandoned_orders_of_a_session_are_settled_in_one_append(world: World):
    dies_in_the_call(world)
    world.kite.answers = [crash]
    with pytest.raises(Crash):
        world.order("k2", broker="kite")
    world.clock.advance(timedelta(minutes=2))

    assert world.reconcile.close_stale() == 1

    assert (state(world, "k1"), state(world, "k2")) == ("UNKNOWN", "UNKNOWN")


def test_nobody_elses_abandoned_order_is_written_to_the_wrong_person(world: World):
    dies_in_the_call(world, broker="paper")
    world.clock.advance(timedelta(minutes=2))

    world.reconcile.close_stale()

    assert {r.envelope.principal for r in world.recorded(FIRST)} == {ASHA}
    assert world.recorded(FIRST)[-1].envelope.actor == "reconciler"


# What is never done


def test_looking_sends_nothing_whatever_it_finds(world: World):
    tag = unknown_at_kite(world)
    sent = len(world.kite.calls)

    for book in ([], [row("B7", OPEN, tag)], [row("B7", OPEN, tag), row("B8", OPEN, tag)]):
        round_of(world, *book)
    world.clock.at = SIX_IN_THE_EVENING
    round_of(world)

    assert len(world.kite.calls) == sent
