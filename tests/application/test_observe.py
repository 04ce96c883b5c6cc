"""A book against what is on record: found, not found, or something else under our id.

How sightings are stored is in `test_read_broker.py`."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace as with_other

from domain.errors import TradingIsHalted
from domain.events import (
    OrderChangeAccepted,
    OrderChangeDispatched,
    OrderChangeRejected,
    OrderChangeRequested,
    OrderChangeUnknown,
    OrderFoundAbsent,
    OrderMismatched,
    OrderObserved,
    OrderOutcomeUnknown,
)
from domain.order_changes import change_fingerprint
from domain.vocabulary import ChangeKind, OrderSighting
from tests.application.reconciling import (
    SIX_IN_THE_EVENING,
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
    ASHAS_KITE,
    FILLED,
    FIRST,
    OPEN,
    TEN_INFY,
    World,
    context,
    row,
)

LATE_REJECTION = OrderSighting(
    status="REJECTED", raw_status="REJECTED", filled_shares=0, pending_shares=0
)
CANCELLED = OrderSighting(
    status="CANCELLED", raw_status="CANCELLED", filled_shares=0, pending_shares=0
)
TWENTY_INFY = with_other(TEN_INFY, quantity_shares=20)


@pytest.fixture
def world() -> World:
    made = World()
    made.at_kite()
    return made


# Found, or not


def test_an_order_that_a_late_book_shows_is_placed(world: World):
    tag = unknown_at_kite(world)

    round_of(world)
    assert state(world) == "UNKNOWN"
    round_of(world, row("B7", OPEN, tag))

    assert (state(world), report(world).broker_order_id) == ("PLACED", "B7")
    assert not reserved(world, "k1").released


def test_an_order_that_is_not_seen_stays_unknown_until_the_day_is_over_and_then_is_absent(
    world: World,
):
    unknown_at_kite(world)

    world.clock.at = SIX_IN_THE_EVENING - timedelta(minutes=15, seconds=1)
    round_of(world)
    before = state(world)
    round_of(world)
    round_of(world)

    assert (before, state(world)) == ("UNKNOWN", "ABSENT")
    absent = [e for e in world.events(FIRST) if isinstance(e, OrderFoundAbsent)]
    assert [e.looked_at for e in absent] == [SIX_IN_THE_EVENING + timedelta(minutes=14, seconds=59)]
    assert report(world).safe_to_retry
    assert reserved(world, "k1").released
    assert releases(world) == 1


def test_a_rejection_that_comes_late_gives_back_what_the_order_took_once(world: World):
    world.order("k1", broker="kite")
    refused = row("B1", LATE_REJECTION, tag_of(world, "k1"))

    for _ in range(3):
        round_of(world, refused)

    assert report(world).sighting == LATE_REJECTION
    assert reserved(world, "k1").released
    assert releases(world) == 1


def test_a_filled_order_gives_nothing_back(world: World):
    world.order("k1", broker="kite")

    round_of(world, row("B1", FILLED, tag_of(world, "k1")))

    assert world.state(FIRST).orders == {}
    assert not reserved(world, "k1").released


def test_the_book_of_one_account_says_nothing_about_another_at_the_same_broker(world: World):
    tag = unknown_at_kite(world)
    world.kite.login = replace(ASHAS_KITE, account_id="ZZ9999")
    world.log_in(context(), world.entered(), "kite", ASHAS_KITE.secrets, relink=True)
    world.clock.at = SIX_IN_THE_EVENING
    with_old_login = [look for look in world.reconcile.due() if look.retired]
    world.vault.forget(with_old_login[0].principal, FIRST, "kite", with_old_login[0].version)

    round_of(world, row("B7", OPEN, tag))
    round_of(world)

    assert state(world) == "UNKNOWN"


# Something else under our id


@pytest.mark.parametrize(
    ("difference", "found"),
    [
        ({"trading_symbol": "TCS"}, "BUY 10 NSE:TCS (B7)"),
        ({"transaction_type": "SELL"}, "SELL 10 NSE:INFY (B7)"),
        ({"quantity_shares": 100}, "BUY 100 NSE:INFY (B7)"),
    ],
)
def test_our_id_on_something_else_is_recorded_once_and_freezes_the_account(
    world: World, difference, found
):
    tag = unknown_at_kite(world)
    other = replace(row("B7", OPEN, tag), **difference)

    for _ in range(3):
        round_of(world, other)

    mismatched = [e for e in world.events(FIRST) if isinstance(e, OrderMismatched)]
    assert [e.found for e in mismatched] == [found]
    assert frozen(world) == f"the broker shows {found} under the id of our order k1"
    assert (state(world), report(world).mismatch) == ("UNKNOWN", found)
    sent = len(world.kite.calls)
    with pytest.raises(TradingIsHalted):
        world.order("k2", broker="kite")
    assert len(world.kite.calls) == sent


def test_two_orders_with_our_id_freeze_the_account_and_the_one_that_fits_is_followed(world: World):
    tag = unknown_at_kite(world)

    round_of(world, row("B7", OPEN, tag), row("B8", OPEN, tag))

    assert frozen(world) is not None
    assert "(B7)" in str(report(world).mismatch)
    assert "(B8)" in str(report(world).mismatch)
    assert (state(world), report(world).broker_order_id) == ("PLACED", "B7")


def test_a_placed_order_whose_first_sighting_is_of_another_quantity_freezes_the_account(
    world: World,
):
    world.order("k1", broker="kite")

    round_of(world, replace(row("B1", OPEN, tag_of(world, "k1")), quantity_shares=100))

    assert frozen(world) is not None


def test_a_quantity_that_its_owner_changed_in_the_brokers_app_freezes_nothing(world: World):
    world.order("k1", broker="kite")
    tag = tag_of(world, "k1")
    round_of(world, row("B1", OPEN, tag))
    grown = with_other(OPEN, pending_shares=25)

    round_of(world, replace(row("B1", grown, tag), quantity_shares=25))

    assert frozen(world) is None
    assert report(world).sighting == grown


def test_a_frozen_account_says_nothing_about_other_accounts(world: World):
    tag = unknown_at_kite(world)
    round_of(world, replace(row("B7", OPEN, tag), quantity_shares=100))

    world.order("k2", broker="paper")

    assert state(world, "k2") == "PLACED"


# Changes


def changing(world: World, kind: ChangeKind, stage: str) -> None:
    """An order that is open at Kite, and a change of it that got as far as this."""
    world.order("k1", broker="kite")
    round_of(world, row("B1", OPEN, tag_of(world, "k1")))
    terms = TWENTY_INFY if kind == "modify" else None
    asked = OrderChangeRequested(
        order_key="k1",
        change_key="c1",
        kind=kind,
        broker_order_id="B1",
        terms=terms,
        fingerprint=change_fingerprint("B1", kind, terms),
        credential_version=1,
        egress=None,
        dispatch_by=world.clock.now() + timedelta(seconds=10),
    )
    sent = OrderChangeDispatched(order_key="k1", change_key="c1")
    lost = OrderChangeUnknown(order_key="k1", change_key="c1", cause="no answer")
    reached = ("requested", "dispatched", "unknown").index(stage) + 1
    world.append(FIRST, *[asked, sent, lost][:reached])


def changes_of(world: World) -> list[str]:
    return [change.state for change in report(world).changes]


@pytest.mark.parametrize("stage", ["dispatched", "unknown"])
def test_a_modification_in_doubt_was_done_when_the_book_shows_its_terms(world: World, stage):
    changing(world, "modify", stage)
    changed = replace(row("B1", OPEN, tag_of(world, "k1")), quantity_shares=20)

    round_of(world, changed, wait=timedelta(minutes=2))
    round_of(world, changed)

    assert changes_of(world) == ["ACCEPTED"]
    assert world.facts(FIRST).count("OrderChangeAccepted") == 1
    assert world.state(FIRST).orders["k1"].terms.quantity_shares == 20
    assert frozen(world) is None


@pytest.mark.parametrize("kind", ["modify", "cancel"])
def test_a_change_that_an_open_order_does_not_show_stays_unknown(world: World, kind):
    changing(world, kind, "unknown")

    round_of(world, row("B1", OPEN, tag_of(world, "k1")))

    assert changes_of(world) == ["UNKNOWN"]


def test_a_cancellation_in_doubt_was_done_when_the_order_is_cancelled(world: World):
    changing(world, "cancel", "unknown")

    round_of(world, row("B1", CANCELLED, tag_of(world, "k1")))

    assert changes_of(world) == ["ACCEPTED"]
    assert world.state(FIRST).orders == {}


@pytest.mark.parametrize(
    ("kind", "stage", "reached"),
    [("cancel", "unknown", True), ("modify", "dispatched", True), ("modify", "requested", False)],
)
def test_a_change_that_the_end_of_its_order_does_not_show_was_not_done(
    world: World, kind, stage, reached
):
    changing(world, kind, stage)

    round_of(world, row("B1", FILLED, tag_of(world, "k1")))

    [ended] = [e for e in world.events(FIRST) if isinstance(e, OrderChangeRejected)]
    assert (ended.code, ended.reached_broker) == ("ORDER_IS_OVER", reached)
    assert changes_of(world) == ["REJECTED"]


def test_what_the_broker_answers_after_all_goes_before_what_its_book_left_open(world: World):
    changing(world, "cancel", "dispatched")
    round_of(world, row("B1", FILLED, tag_of(world, "k1")))

    world.append(FIRST, OrderChangeAccepted(order_key="k1", change_key="c1"))

    assert changes_of(world) == ["ACCEPTED"]


# The same on another instance


def test_two_instances_that_see_the_same_book_at_once_store_it_once(world: World):
    tag = unknown_at_kite(world)
    world.kite.book = [row("B7", OPEN, tag)]
    world.clock.advance(timedelta(minutes=1))
    [look] = world.reconcile.due()
    world.store.on_next_append(lambda: world.reconcile.look(look))

    world.reconcile.look(look)

    assert world.facts(FIRST).count("OrderObserved") == 1


def test_a_book_that_was_read_before_another_order_was_sent_says_nothing_about_it(world: World):
    world.order("k1", broker="kite")
    world.clock.at = SIX_IN_THE_EVENING
    [look] = world.reconcile.due()
    world.store.on_next_append(lambda: unknown_at_kite(world, "k2"))
    world.kite.book = [row("B1", OPEN, tag_of(world, "k1"))]

    world.reconcile.look(look)

    assert state(world, "k2") == "UNKNOWN"
    assert [type(e) for e in world.events(FIRST)].count(OrderOutcomeUnknown) == 1
    assert [e.order_key for e in world.events(FIRST) if isinstance(e, OrderObserved)] == ["k1"]


def test_an_average_price_that_was_corrected_is_news(world: World):
    world.order("k1", broker="kite")
    tag = tag_of(world, "k1")
    half = OrderSighting(
        status="PARTIAL",
        raw_status="OPEN",
        filled_shares=5,
        pending_shares=5,
        average_price_inr=Decimal("1480.10"),
    )
    round_of(world, row("B1", half, tag))

    corrected = with_other(half, average_price_inr=Decimal("1480.15"))
    round_of(world, row("B1", corrected, tag))

    assert report(world).sighting == corrected
