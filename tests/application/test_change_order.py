"""Modifying and cancelling: who may, what is told again, what is asked about, and what it takes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace as with_other

from application.orders.change_draft import NewTerms
from application.orders.place_order import Asked
from application.orders.request_change import ChangeReceipt
from application.ports.broker import AcceptedLogin, BrokerDown, Secrets
from domain.errors import (
    BrokerLoginRequired,
    BrokerNotSupported,
    InvalidOrder,
    LiveTradingOff,
    NotSupportedByBroker,
    OrderDeniedByRisk,
    OrderInProgress,
    OrderKeyReused,
    OrderNotFound,
    ProposalRefused,
    SessionHasExpired,
)
from domain.events import (
    OrderChangeAccepted,
    OrderChangeRequested,
    OrderConfirmed,
    OrderDenied,
    OrderObserved,
    OrderOutcomeUnknown,
)
from domain.limits import parse
from tests.application.changing import (
    CHEAPER,
    NO_ANSWER,
    TO_TWENTY,
    TODAY,
    TOO_LATE,
    Crash,
    asked,
    change,
    changed,
    crash,
    held,
    yes,
)
from tests.application.world import (
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

TWENTY_INFY = with_other(TEN_INFY, quantity_shares=20)


@pytest.fixture
def placed(world: World) -> World:
    """Ten INFY at the paper broker, as k1 and B1."""
    world.order("k1")
    return world


@pytest.fixture
def at_kite(world: World) -> World:
    """The same at Kite, where money is at stake."""
    world.at_kite()
    world.order("k1", broker="kite")
    return world


# Done


def test_a_modification_is_put_on_record_sent_once_and_told(placed: World):
    receipt = changed(placed, TO_TWENTY)

    assert placed.facts(FIRST)[-3:] == [
        "OrderChangeRequested",
        "OrderChangeDispatched",
        "OrderChangeAccepted",
    ]
    assert [(order, terms) for _, order, terms in placed.paper.changed] == [("B1", TWENTY_INFY)]
    assert (receipt.change.state, receipt.report.terms) == ("ACCEPTED", TWENTY_INFY)
    assert (receipt.minted, receipt.repeated) == (False, False)
    assert receipt.position == placed.store.head()


def test_a_cancellation_is_put_on_record_sent_once_and_told(placed: World):
    receipt = changed(placed, None)

    assert [(order, terms) for _, order, terms in placed.paper.changed] == [("B1", None)]
    assert (receipt.change.kind, receipt.change.state) == ("cancel", "ACCEPTED")
    assert receipt.report.state == "PLACED"


def test_what_the_book_shows_right_after_the_change_is_told_with_it(placed: World):
    gone = with_other(OPEN, status="CANCELLED", pending_shares=0)
    placed.paper.book = (row("B1", gone),)

    receipt = changed(placed, None)

    assert receipt.report.sighting == gone
    assert placed.facts(FIRST)[-2:] == ["OrderChangeAccepted", "OrderObserved"]
    assert placed.state(FIRST).orders == {}
    assert receipt.position == placed.store.head()


def test_a_book_that_cannot_be_read_changes_nothing_about_the_change(placed: World):
    placed.paper.book = BrokerDown("no answer")

    assert changed(placed, None).change.state == "ACCEPTED"


def test_an_order_can_be_named_by_the_brokers_id(placed: World):
    receipt = changed(placed, None, order="B1")

    assert receipt.report.request.order_key == "k1"


def test_a_change_without_a_key_gets_one_that_is_told(placed: World):
    receipt = changed(placed, None, None)

    assert receipt.minted
    assert receipt.change.change_key.startswith("c-")


@pytest.mark.parametrize(
    ("new", "terms"),
    [
        (NewTerms(order_type="MARKET"), {"order_type": "MARKET", "limit_price_inr": None}),
        (
            NewTerms(order_type="SL", trigger_price_inr=Decimal("1490")),
            {"order_type": "SL", "trigger_price_inr": Decimal("1490")},
        ),
        (NewTerms(validity="IOC"), {"validity": "IOC"}),
        (NewTerms(disclosed_quantity_shares=5), {"disclosed_quantity_shares": 5}),
    ],
)
def test_what_is_not_said_stays_as_it_is_and_a_price_without_a_use_goes(new: NewTerms, terms):
    assert new.of(TEN_INFY) == with_other(TEN_INFY, **terms)


def test_a_trigger_goes_with_the_order_type_that_needs_it():
    stop = with_other(TEN_INFY, order_type="SL", trigger_price_inr=Decimal("1490"))

    assert NewTerms(order_type="LIMIT").of(stop) == TEN_INFY


def test_of_two_modifications_the_second_begins_where_the_first_ended(placed: World):
    changed(placed, TO_TWENTY, "c1")

    receipt = changed(placed, CHEAPER, "c2")

    assert receipt.report.terms == with_other(TWENTY_INFY, limit_price_inr=Decimal("1475.50"))


def test_a_proven_refusal_leaves_the_order_as_it_was(placed: World):
    placed.paper.change_answers = [lambda: TOO_LATE]

    receipt = changed(placed, TO_TWENTY)

    told = receipt.change
    assert (told.state, told.code, told.reason) == (
        "REJECTED",
        "ORDER_NOT_OPEN",
        "The order is complete.",
    )
    assert told.safe_to_retry
    assert receipt.report.terms == TEN_INFY


# Told again


@pytest.mark.parametrize("new", [TO_TWENTY, None], ids=["modify", "cancel"])
@pytest.mark.parametrize("answer", [TOO_LATE, NO_ANSWER, None], ids=["refused", "unknown", "done"])
def test_the_same_key_and_change_tell_the_same_change_and_send_nothing(placed, new, answer):
    placed.paper.change_answers = [lambda: answer] if answer else []
    first = changed(placed, new)

    again = changed(placed, new)

    assert (again.change, again.report) == (first.change, first.report)
    assert (again.repeated, again.minted) == (True, False)
    assert len(placed.paper.changed) == 1


def test_a_modification_is_told_again_also_after_a_later_one(placed: World):
    changed(placed, TO_TWENTY, "c1")
    changed(placed, CHEAPER, "c2")

    again = changed(placed, TO_TWENTY, "c1")

    assert (again.change.change_key, again.repeated) == ("c1", True)
    assert len(placed.paper.changed) == 2


@pytest.mark.parametrize("other", [CHEAPER, None, NewTerms(quantity_shares=21)])
def test_the_same_key_with_another_change_is_refused_and_stores_nothing(placed, other):
    changed(placed, TO_TWENTY)
    before = placed.store.head()

    with pytest.raises(OrderKeyReused, match=r"change_key 'c1' already names another change of k1"):
        change(placed, other)

    assert placed.store.head() == before
    assert len(placed.paper.changed) == 1


def test_the_same_key_may_name_changes_of_two_orders(placed: World):
    placed.order("k2")
    changed(placed, None, "c1", order="k1")

    assert not changed(placed, None, "c1", order="k2").repeated


def test_without_a_key_a_modification_in_doubt_is_told_and_not_sent_again(placed: World):
    placed.paper.change_answers = [lambda: NO_ANSWER]
    first = changed(placed, TO_TWENTY, None)

    again = changed(placed, TO_TWENTY, None)

    assert (again.change, again.repeated) == (first.change, True)
    assert len(placed.paper.changed) == 1


def test_a_cancellation_of_unknown_outcome_may_be_asked_for_again(placed: World):
    placed.paper.change_answers = [lambda: NO_ANSWER]
    first = changed(placed, None, None)
    assert (first.change.state, first.change.safe_to_retry) == ("UNKNOWN", True)

    again = changed(placed, None, None)

    assert (again.change.state, again.repeated) == ("ACCEPTED", False)
    assert len(placed.paper.changed) == 2


def test_a_cancellation_whose_sender_died_in_the_call_is_told_and_later_sent_again(placed: World):
    placed.paper.change_answers = [crash]
    with pytest.raises(Crash):
        change(placed, None, None)

    assert changed(placed, None, None).change.state == "DISPATCHED"
    placed.clock.advance(timedelta(seconds=71))
    assert changed(placed, None, None).change.state == "ACCEPTED"
    assert len(placed.paper.changed) == 2


def test_a_change_that_was_asked_for_and_never_sent_is_sent_by_the_same_key(placed: World):
    placed.entered()
    placed.store.on_next_append(lambda: None)
    placed.store.on_next_append(crash)
    with pytest.raises(Crash):
        change(placed, TO_TWENTY)
    assert placed.facts(FIRST)[-1] == "OrderChangeRequested"

    receipt = changed(placed, TO_TWENTY)

    assert (receipt.change.state, receipt.repeated) == ("ACCEPTED", False)
    assert placed.facts(FIRST).count("OrderChangeRequested") == 1
    assert len(placed.paper.changed) == 1


def test_a_change_that_was_never_sent_in_time_is_closed_by_the_same_key(placed: World):
    placed.store.on_next_append(lambda: None)
    placed.store.on_next_append(crash)
    with pytest.raises(Crash):
        change(placed, TO_TWENTY)
    placed.clock.advance(timedelta(seconds=11))

    told = changed(placed, TO_TWENTY).change

    assert (told.state, told.code, told.reached_broker) == ("REJECTED", "ORDER_TOO_LATE", False)
    assert placed.paper.changed == []
    assert (reserved := held(placed)) is not None
    assert reserved.released


def test_callers_with_the_same_key_at_once_send_one_modification(placed: World):
    together = threading.Barrier(4, timeout=30)
    for _ in range(4):
        placed.store.on_next_append(together.wait)

    def call(_: int) -> ChangeReceipt | Asked | OrderInProgress:
        try:
            return change(placed, TO_TWENTY)
        except OrderInProgress as refusal:
            return refusal

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(call, range(4)))

    assert len(placed.paper.changed) == 1
    assert placed.facts(FIRST).count("OrderChangeRequested") == 1
    sent = [a for a in answers if isinstance(a, ChangeReceipt) and not a.repeated]
    assert [receipt.change.state for receipt in sent] == ["ACCEPTED"]


# What the book shows later


def test_a_modification_of_unknown_outcome_is_known_when_the_book_shows_its_terms(placed: World):
    placed.paper.change_answers = [lambda: NO_ANSWER]
    assert changed(placed, TO_TWENTY).change.state == "UNKNOWN"
    placed.paper.book = (replace(row("B1", OPEN), quantity_shares=20),)

    again = changed(placed, TO_TWENTY)

    assert (again.change.state, again.report.terms) == ("ACCEPTED", TWENTY_INFY)
    assert OrderChangeAccepted(order_key="k1", change_key="c1") in placed.events(FIRST)


def test_a_modification_of_unknown_outcome_stays_so_while_the_book_shows_the_old_terms(
    placed: World,
):
    placed.paper.change_answers = [lambda: NO_ANSWER]
    changed(placed, TO_TWENTY)
    placed.paper.book = (row("B1", OPEN),)

    again = changed(placed, TO_TWENTY)

    assert (again.change.state, again.change.safe_to_retry) == ("UNKNOWN", False)
    assert again.report.terms == TEN_INFY


def test_a_cancellation_of_unknown_outcome_is_known_when_the_book_shows_it(placed: World):
    placed.paper.change_answers = [lambda: NO_ANSWER]
    changed(placed, None)
    gone = with_other(OPEN, status="CANCELLED", pending_shares=0)
    placed.paper.book = (row("B1", gone),)

    again = changed(placed, None)

    assert (again.change.state, again.report.sighting) == ("ACCEPTED", gone)


def test_a_cancellation_of_unknown_outcome_of_an_order_that_filled_was_not_made(placed: World):
    placed.paper.change_answers = [lambda: NO_ANSWER]
    changed(placed, None)
    placed.paper.book = (row("B1", FILLED),)

    told = changed(placed, None).change

    assert (told.state, told.code) == ("REJECTED", "ORDER_IS_OVER")


# Whose it is


@pytest.mark.parametrize("order", ["k9", "B9", "240101000000001"])
def test_an_order_that_was_placed_elsewhere_is_never_touched(placed: World, order):
    placed.paper.book = (row("240101000000001", OPEN),)

    with pytest.raises(OrderNotFound, match="orders that were placed elsewhere"):
        change(placed, None, order=order)

    assert placed.paper.changed == []


@pytest.mark.parametrize("order", ["k1", "B1"])
def test_another_persons_order_is_not_found(placed: World, order):
    with pytest.raises(OrderNotFound, match="No order of yours"):
        change(placed, None, order=order, principal=RAVI)

    assert placed.paper.changed == []


def test_an_order_is_found_at_its_own_broker_whichever_is_active(at_kite: World):
    at_kite.order("k2", broker="paper")

    assert changed(at_kite, None, order="k2").report.request.broker == "paper"


def test_an_id_that_two_brokers_gave_out_means_the_active_ones(at_kite: World):
    at_kite.order("k2", broker="paper")

    assert changed(at_kite, None, order="B1").report.request.order_key == "k1"
    assert changed(at_kite, None, order="B1", broker="paper").report.request.order_key == "k2"


def test_an_order_is_not_at_another_broker_than_the_one_that_is_named(at_kite: World):
    with pytest.raises(OrderNotFound):
        change(at_kite, None, broker="paper")


def test_a_broker_that_does_not_exist_has_no_orders(placed: World):
    with pytest.raises(BrokerNotSupported):
        change(placed, None, broker="angelone")


def test_an_order_of_another_session_of_ones_own_can_be_changed(placed: World):
    assert changed(placed, TO_TWENTY, label="work").report.terms == TWENTY_INFY
    assert placed.facts(FIRST)[-1] == "OrderChangeAccepted"


def test_an_order_in_an_account_that_is_not_logged_in_is_not_touched(at_kite: World):
    at_kite.kite.login = AcceptedLogin(
        account_id="XY9876",
        account_name="Asha Rao",
        secrets=Secrets({"api_key": "kitekey", "access_token": "other"}),
        expires_at=None,
    )
    request = Secrets({"request_token": "rt"})
    at_kite.log_in(context(), at_kite.entered(), "kite", request, relink=True)

    with pytest.raises(OrderNotFound, match="in another kite account"):
        change(at_kite, None)

    assert at_kite.kite.changed == []


def test_without_a_login_nothing_is_changed(at_kite: World):
    at_kite.log_out(context(), at_kite.entered(), ("kite",))

    with pytest.raises(BrokerLoginRequired):
        change(at_kite, None)


@pytest.mark.parametrize("new", [CHEAPER, None], ids=["modify", "cancel"])
def test_an_order_is_not_looked_for_at_what_is_not_where_it_was_placed(at_kite: World, new):
    at_kite.kite.its_mode = "LIVE"

    with pytest.raises(ProposalRefused, match="placed as SIMULATED, and what listens there"):
        change(at_kite, new)

    assert at_kite.kite.changed == []


def test_a_real_order_is_not_modified_where_real_money_is_off_and_can_be_cancelled(world: World):
    world.at_kite()
    world.kite.its_mode = "LIVE"
    object.__setattr__(world.place_order, "live", True)
    world.order("k1", broker="kite")

    with pytest.raises(LiveTradingOff):
        change(world, CHEAPER)
    assert changed(world, None).change.state == "ACCEPTED"


# What cannot be changed


def test_an_order_that_is_over_cannot_be_changed(placed: World):
    placed.append(FIRST, OrderObserved(order_key="k1", broker_order_id="B1", sighting=FILLED))

    with pytest.raises(OrderNotFound, match="not open"):
        change(placed, None)


def test_an_order_of_which_nobody_knows_where_it_is_cannot_be_cancelled(world: World):
    world.paper.answers = [lambda ticket: OrderOutcomeUnknown(order_key="k1", cause="no answer")]
    world.order("k1")

    with pytest.raises(OrderInProgress):
        change(world, None)


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (NewTerms(), "has these terms already"),
        (NewTerms(limit_price_inr=Decimal("1480.5")), "has these terms already"),
        (NewTerms(trigger_price_inr=Decimal("1500")), "trigger_price has no meaning for LIMIT"),
        (NewTerms(order_type="SL"), "trigger_price is required for SL"),
        (NewTerms(disclosed_quantity_shares=11), "disclosed_quantity must be between 1"),
    ],
)
def test_a_modification_that_makes_no_sense_is_refused_and_nothing_is_stored(placed, new, why):
    before = placed.store.head()

    with pytest.raises(InvalidOrder, match=why):
        change(placed, new)

    assert placed.store.head() == before


def test_what_the_broker_does_not_offer_is_refused(placed: World):
    with pytest.raises(NotSupportedByBroker, match="Paper has no validity TTL"):
        change(placed, NewTerms(validity="TTL"))


def test_the_variety_can_be_said_but_not_changed(placed: World):
    with pytest.raises(InvalidOrder, match="variety is regular, which cannot be changed"):
        change(placed, None, variety="amo")
    assert changed(placed, None, variety="regular").change.state == "ACCEPTED"


@pytest.mark.parametrize("key", ["", "a b", "x" * 65])
def test_a_change_key_looks_like_an_order_key(placed: World, key):
    with pytest.raises(InvalidOrder):
        change(placed, None, key)


def test_after_the_end_of_its_session_an_order_is_cancelled_and_not_modified(placed: World):
    placed.close.end(context(), FIRST, "operator")

    with pytest.raises(SessionHasExpired, match="cancel_order still works"):
        change(placed, TO_TWENTY)
    assert changed(placed, None).change.state == "ACCEPTED"
    assert placed.facts(FIRST)[-1] == "OrderChangeAccepted"


# Asked about, where money is at stake


def test_a_modification_where_money_is_at_stake_is_asked_about_first(at_kite: World):
    question = asked(at_kite, TO_TWENTY)

    assert at_kite.kite.changed == []
    assert at_kite.facts(FIRST)[-1] == "OrderProposed"
    assert question.proposal.text.splitlines()[:2] == [
        "Change an open order. Now: Buy 10 shares of NSE:INFY at a limit of ₹1,480.50, "
        "product CNC, LIMIT, valid DAY.",
        "Then: Buy 20 shares of NSE:INFY at a limit of ₹1,480.50, product CNC, LIMIT, valid DAY.",
    ]
    assert (question.proposal.change_key, question.proposal.terms) == ("c1", TWENTY_INFY)


def test_a_yes_sends_exactly_what_was_asked_about_and_is_used_up(at_kite: World):
    question = asked(at_kite, TO_TWENTY)

    receipt = yes(at_kite, question)

    assert (receipt.change.change_key, receipt.change.state) == ("c1", "ACCEPTED")
    assert [terms for _, _, terms in at_kite.kite.changed] == [TWENTY_INFY]
    [request] = [e for e in at_kite.events(FIRST) if isinstance(e, OrderChangeRequested)]
    assert request.approval == question.proposal.proposal_id
    confirmed = [e for e in at_kite.events(FIRST) if isinstance(e, OrderConfirmed)]
    assert confirmed[-1].text_hash == question.proposal.text_hash
    with pytest.raises(ProposalRefused):
        yes(at_kite, question)
    assert len(at_kite.kite.changed) == 1


def test_a_cancellation_is_never_asked_about(at_kite: World):
    assert changed(at_kite, None).change.state == "ACCEPTED"


@pytest.mark.parametrize("key", ["c1", None])
def test_the_same_modification_again_is_the_same_question(at_kite: World, key):
    first = asked(at_kite, TO_TWENTY, key)
    before = at_kite.store.head()

    again = asked(at_kite, TO_TWENTY, key)

    assert again.proposal == first.proposal
    assert at_kite.store.head() == before


def test_a_key_that_waits_for_a_yes_names_no_other_modification(at_kite: World):
    asked(at_kite, TO_TWENTY)

    with pytest.raises(OrderKeyReused):
        change(at_kite, CHEAPER)


def test_a_yes_to_one_modification_does_not_follow_another_one(at_kite: World):
    question = asked(at_kite, TO_TWENTY, "c1")
    other = asked(at_kite, CHEAPER, "c2")
    at_kite.kite.change_answers = [lambda: NO_ANSWER]
    yes(at_kite, other)

    with pytest.raises(OrderInProgress):
        yes(at_kite, question)

    assert len(at_kite.kite.changed) == 1


def test_a_yes_after_two_minutes_sends_nothing(at_kite: World):
    question = asked(at_kite, TO_TWENTY)
    at_kite.clock.advance(timedelta(seconds=120))

    with pytest.raises(ProposalRefused, match="after 120 s"):
        yes(at_kite, question)

    assert at_kite.kite.changed == []


def test_a_yes_to_an_order_that_is_over_by_now_sends_nothing(at_kite: World):
    question = asked(at_kite, TO_TWENTY)
    at_kite.append(FIRST, OrderObserved(order_key="k1", broker_order_id="B1", sighting=FILLED))

    with pytest.raises(OrderNotFound):
        yes(at_kite, question)

    assert at_kite.kite.changed == []


# Judged


def test_a_modification_is_judged_and_its_denial_is_on_record(placed: World):
    limits = parse("max_order_quantity_shares=15")
    object.__setattr__(placed.policy, "defaults", limits)

    with pytest.raises(OrderDeniedByRisk, match=r"rule order_quantity, limit max_order_quantity"):
        change(placed, TO_TWENTY)

    denied = placed.events(FIRST)[-1]
    assert isinstance(denied, OrderDenied)
    assert (denied.change_key, denied.terms, denied.rule) == ("c1", TWENTY_INFY, "order_quantity")
    assert placed.paper.changed == []


def test_a_cancellation_is_not_judged(placed: World):
    limits = parse("max_order_quantity_shares=1, max_orders_per_day=1, denied_symbols=NSE:INFY")
    object.__setattr__(placed.policy, "defaults", limits)

    assert changed(placed, None).change.state == "ACCEPTED"


def test_only_what_a_modification_adds_counts_against_the_day(placed: World):
    limits = parse("max_value_per_day_inr=29610, max_order_value_inr=100000")
    object.__setattr__(placed.policy, "defaults", limits)  # twenty at 1480.50

    assert changed(placed, TO_TWENTY).change.state == "ACCEPTED"
    with pytest.raises(OrderDeniedByRisk, match="value_per_day"):
        change(placed, NewTerms(quantity_shares=21), "c2")


def test_a_question_that_waits_is_asked_again_unjudged_since_its_yes_is_judged(at_kite: World):
    first = asked(at_kite, TO_TWENTY)
    object.__setattr__(at_kite.policy, "defaults", parse("max_order_quantity_shares=15"))

    again = asked(at_kite, TO_TWENTY)

    assert again.proposal == first.proposal
    assert at_kite.facts(FIRST)[-1] == "OrderProposed"


def test_a_yes_is_judged_again(at_kite: World):
    question = asked(at_kite, TO_TWENTY)
    object.__setattr__(at_kite.policy, "defaults", parse("max_order_quantity_shares=15"))

    with pytest.raises(OrderDeniedByRisk):
        yes(at_kite, question)

    assert at_kite.kite.changed == []


# What it takes from the limits


def test_raising_the_quantity_reserves_the_difference(placed: World):
    changed(placed, TO_TWENTY)

    reserved = held(placed)
    assert reserved is not None
    assert (reserved.value_inr, reserved.released) == (Decimal("14805.00"), False)


def test_lowering_the_price_reserves_nothing(placed: World):
    changed(placed, CHEAPER)

    reserved = held(placed)
    assert reserved is not None
    assert reserved.value_inr == 0


def test_a_proven_refusal_gives_back_what_the_change_took_and_no_more(placed: World):
    placed.paper.change_answers = [lambda: TOO_LATE]

    changed(placed, TO_TWENTY)

    change_holds, order_holds = held(placed), held(placed, None)
    assert change_holds is not None
    assert order_holds is not None
    assert (change_holds.released, order_holds.released) == (True, False)


def test_a_modification_of_unknown_outcome_keeps_what_it_took(placed: World):
    placed.paper.change_answers = [lambda: NO_ANSWER]

    changed(placed, TO_TWENTY)

    reserved = held(placed)
    assert reserved is not None
    assert not reserved.released


def test_a_cancellation_takes_nothing(placed: World):
    before = placed.events(TODAY)

    changed(placed, None)

    assert placed.events(TODAY) == before


def test_a_cancellation_waits_for_nobody_who_is_placing_orders(placed: World):
    placed.store.on_next_append(lambda: placed.order("k2"))

    changed(placed, None)

    assert placed.facts(FIRST).count("OrderChangeAccepted") == 1


def test_the_login_of_the_callers_own_session_is_used_after_the_orders_session(at_kite: World):
    at_kite.close.end(context(), FIRST, "operator")
    at_kite.clock.at = OPENING_BELL + timedelta(minutes=1)
    at_kite.at_kite()

    assert changed(at_kite, None).change.state == "ACCEPTED"
    assert at_kite.kite.changed[0][0].account_id == "AB1234"


def test_an_order_that_its_owner_changed_in_the_brokers_app_is_not_modified_here(at_kite: World):
    at_kite.kite.book = (replace(row("B1", OPEN), quantity_shares=12),)
    stored = at_kite.store.head()

    with pytest.raises(InvalidOrder, match=r"12 shares at ₹1,480\.50"):
        change(at_kite, NewTerms(limit_price_inr=Decimal("1481.00")), broker="kite")

    assert at_kite.store.head() == stored
    assert at_kite.kite.changed == []
