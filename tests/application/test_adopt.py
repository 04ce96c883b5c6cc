"""Orders of ours at the broker that the log has lost, or given up, become orders again."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from application.orders.place_order import Order
from application.orders.reconcile import IDLE, Look
from domain.errors import OrderKeyReused
from domain.events import OrderAdopted, OrderKeyClaimed, OrderRejected
from domain.streams import order_key_stream, session_stream
from domain.vocabulary import OrderSighting
from tests.application.reconciling import (
    MONDAY,
    SIX_IN_THE_EVENING,
    account,
    another_instance,
    frozen,
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
    FILLED,
    FIRST,
    OPEN,
    OPENING_BELL,
    RAVI,
    TEN_INFY,
    World,
    context,
    row,
)

REFUSED = OrderSighting(status="REJECTED", raw_status="REJECTED", filled_shares=0, pending_shares=0)


@pytest.fixture
def world() -> World:
    """Asha is at Kite. The store was restored from a backup made before she ordered `k1`."""
    made = World()
    made.at_kite()
    return made


def adopted_key(world: World, key: str = "k1") -> str:
    return f"adopted-{tag_of(world, key)}"


def adoptions(world: World) -> int:
    return world.facts(FIRST).count("OrderAdopted")


def due_look(world: World) -> Look:
    world.clock.advance(IDLE)
    [look] = world.reconcile.due()
    return look


# What the log has lost


def test_an_order_of_ours_that_the_log_has_lost_is_adopted(world: World):
    round_of(world, row("B7", OPEN, tag_of(world, "k1")))

    [fact] = [e for e in world.events(FIRST) if isinstance(e, OrderAdopted)]
    assert fact == OrderAdopted(
        order_key=adopted_key(world),
        broker="kite",
        mode="SIMULATED",
        account_fingerprint=account(world),
        credential_version=1,
        broker_tag=tag_of(world, "k1"),
        broker_order_id="B7",
        terms=TEN_INFY,
        sighting=OPEN,
        placed_at=OPENING_BELL,
    )
    told = report(world, adopted_key(world))
    assert (told.state, told.adopted, told.safe_to_retry) == ("PLACED", True, False)
    assert world.recorded(FIRST)[-1].envelope.actor == "reconciler"


def test_it_takes_its_key_and_its_part_of_the_limits_in_the_same_append(world: World):
    round_of(world, row("B7", OPEN, tag_of(world, "k1")))

    key = adopted_key(world)
    [claim] = world.events(order_key_stream(ASHA, key))
    assert isinstance(claim, OrderKeyClaimed)
    assert (claim.order_key, claim.session_id) == (key, FIRST)
    taken = reserved(world, key)
    assert (taken.value_inr, taken.at, taken.released) == (
        Decimal("14805.00"),
        OPENING_BELL,
        False,
    )
    assert len(world.store.attempts[-1].rows) == 3


def test_it_counts_in_the_day_that_it_was_placed_on(world: World):
    friday = replace(
        row("B7", OPEN, tag_of(world, "k1")), placed_at=OPENING_BELL - timedelta(days=3)
    )

    round_of(world, friday)

    day = MONDAY - timedelta(days=3)
    assert reserved(world, adopted_key(world), day).at == OPENING_BELL - timedelta(days=3)
    round_of(world, replace(friday, sighting=REFUSED))
    assert reserved(world, adopted_key(world), day).released


def test_looking_again_adopts_nothing_again_and_follows_what_was_adopted(world: World):
    tag = tag_of(world, "k1")

    round_of(world, row("B7", OPEN, tag))
    round_of(world, row("B7", OPEN, tag))
    round_of(world, row("B7", FILLED, tag))
    round_of(world, row("B7", FILLED, tag))

    assert adoptions(world) == 1
    assert report(world, adopted_key(world)).sighting == FILLED
    assert world.state(FIRST).orders == {}


@pytest.mark.parametrize("sighting", [FILLED, REFUSED])
def test_an_order_that_had_ended_already_is_adopted_as_it_ended(world: World, sighting):
    round_of(world, row("B7", sighting, tag_of(world, "k1")))

    assert report(world, adopted_key(world)).sighting == sighting
    assert world.state(FIRST).orders == {}
    assert reserved(world, adopted_key(world)).released is (sighting == REFUSED)


def test_a_market_order_takes_what_it_was_filled_at(world: World):
    bought = replace(
        row("B7", FILLED, tag_of(world, "k1")), order_type="MARKET", limit_price_inr=None
    )

    round_of(world, bought)

    assert reserved(world, adopted_key(world)).value_inr == Decimal("14802.50")


def test_two_instances_that_adopt_at_once_adopt_once(world: World):
    world.kite.book = [row("B7", OPEN, tag_of(world, "k1"))]
    look, other = due_look(world), another_instance(world)
    world.store.on_next_append(lambda: other.look(look))

    world.reconcile.look(look)

    assert adoptions(world) == 1
    assert releases(world) == 0
    assert world.facts(order_key_stream(ASHA, adopted_key(world))) == ["OrderKeyClaimed"]


def test_two_sessions_of_one_account_that_adopt_at_once_adopt_once(world: World):
    world.log_in(context(), world.entered(label="work"), "kite", ASHAS_KITE.secrets)
    world.kite.book = [row("B7", OPEN, tag_of(world, "k1"))]
    world.clock.advance(IDLE)
    one, two = world.reconcile.due()
    world.store.on_next_append(lambda: world.reconcile.look(two))

    world.reconcile.look(one)

    work = session_stream(ASHA, "work", 1)
    assert adoptions(world) + world.facts(work).count("OrderAdopted") == 1


def test_the_key_that_was_lost_is_refused_with_the_way_to_the_order(world: World):
    round_of(world, row("B7", OPEN, tag_of(world, "k1")))

    with pytest.raises(OrderKeyReused) as refused:
        world.order("k1", broker="kite")

    assert f"get_order(order_key='{adopted_key(world)}')" in str(refused.value)
    assert world.kite.calls == []


def test_that_key_is_refused_on_any_later_day_as_well(world: World):
    round_of(world, row("B7", OPEN, tag_of(world, "k1")))
    world.clock.advance(timedelta(days=2))
    world.kite.login = replace(ASHAS_KITE, expires_at=None)
    world.at_kite()

    with pytest.raises(OrderKeyReused):
        world.order("k1", broker="kite")

    assert world.kite.calls == []


def test_an_order_that_is_adopted_while_its_key_is_being_used_is_not_sent_again(world: World):
    round_of(world)
    asked = world.place_order(
        context(), world.entered(), Order(terms=TEN_INFY, order_key="k1", broker="kite")
    )
    world.kite.book = [row("B7", OPEN, tag_of(world, "k1"))]
    look = due_look(world)
    world.clock.advance(-IDLE)  # the yes is still good
    world.store.on_next_append(lambda: world.reconcile.look(look))

    with pytest.raises(OrderKeyReused):
        world.said_yes(asked)

    assert (adoptions(world), world.kite.calls) == (1, [])


def test_the_first_order_of_a_process_looks_first_and_so_doubles_nothing(world: World):
    world.kite.book = [row("B7", OPEN, tag_of(world, "k1"))]

    with pytest.raises(OrderKeyReused):
        world.order("k1", broker="kite")

    assert (adoptions(world), world.kite.calls) == (1, [])


# What is not to be adopted


@pytest.mark.parametrize("tags", [(), ("mine",), ("u" + "0" * 19,), ("mktp", "mktp:2.00")])
def test_a_foreign_order_is_not_touched(world: World, tags):
    round_of(world, row("B7", OPEN, *tags))

    assert adoptions(world) == 0
    assert frozen(world) is None


def test_an_order_of_somebody_else_in_a_shared_account_is_theirs(world: World):
    of_ravi = world.vault.broker_tag(RAVI, account(world), "k1")

    round_of(world, row("B7", OPEN, of_ravi))

    assert adoptions(world) == 0


def test_an_id_of_ours_for_another_account_is_foreign_here(world: World):
    elsewhere = world.vault.broker_tag(ASHA, "another-account", "k1")

    round_of(world, row("B7", OPEN, elsewhere))

    assert adoptions(world) == 0


def test_an_order_that_is_on_record_is_not_adopted(world: World):
    world.order("k1", broker="kite")

    round_of(world, row("B1", OPEN, tag_of(world, "k1")))

    assert adoptions(world) == 0


def test_a_row_that_is_nothing_that_we_send_is_left_alone(world: World):
    strange = replace(row("B7", OPEN, tag_of(world, "k1")), product="CNC_PLUS")

    round_of(world, strange)

    assert adoptions(world) == 0


# What the log has given up


def test_an_order_that_appears_after_it_was_found_absent_is_placed_after_all(world: World):
    tag = unknown_at_kite(world)
    world.clock.at = SIX_IN_THE_EVENING
    round_of(world)
    before = state(world)

    round_of(world, row("B7", OPEN, tag))
    round_of(world, row("B7", FILLED, tag))

    told = report(world)
    assert (before, told.state, told.sighting) == ("ABSENT", "PLACED", FILLED)
    assert not told.safe_to_retry
    assert told.request.approval is not None
    assert not reserved(world, "k1").released
    assert adoptions(world) == 1


def test_an_order_that_was_never_sent_as_far_as_we_know_is_placed_when_it_appears(world: World):
    """The store was restored to the moment between request and dispatch."""
    never = OrderRejected(order_key="k1", code="X", reason="No connection.", reached_broker=False)
    world.kite.answers = [lambda _: never]
    world.order("k1", broker="kite")

    round_of(world, row("B7", OPEN, tag_of(world, "k1")))

    assert state(world) == "PLACED"
    assert world.state(FIRST).orders["k1"].broker_order_id == "B7"
    assert not reserved(world, "k1").released


def test_a_refused_order_that_the_broker_lists_as_refused_stays_refused(world: World):
    no = OrderRejected(order_key="k1", code="NO_MONEY", reason="Not enough money.")
    world.kite.answers = [lambda _: no]
    world.order("k1", broker="kite")

    round_of(world, row("B7", REFUSED, tag_of(world, "k1")))

    assert (state(world), adoptions(world)) == ("REJECTED", 0)
    assert reserved(world, "k1").released


def test_a_settled_order_is_not_adopted_however_its_row_changes(world: World):
    world.order("k1", broker="kite")
    tag = tag_of(world, "k1")
    round_of(world, row("B1", FILLED, tag))

    round_of(world, row("B1", OPEN, tag))

    assert adoptions(world) == 0
    assert report(world).sighting == FILLED
