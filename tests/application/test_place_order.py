import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace as with_other

from application.orders.place_order import Asked, Order, Receipt
from application.ports.broker import BrokerDown, LoginExpired
from application.ports.broker_orders import OrderTicket
from domain.errors import (
    BrokerLoginRequired,
    InvalidOrder,
    LiveTradingOff,
    NoActiveBroker,
    NotSupportedByBroker,
    OrderDeniedByRisk,
    OrderInProgress,
    OrderKeyReused,
    ProposalRefused,
    Refusal,
    SessionHasExpired,
    SessionNotFound,
    StoreUnavailable,
)
from domain.events import (
    OrderConfirmed,
    OrderDispatched,
    OrderKeyClaimed,
    OrderObserved,
    OrderOutcomeUnknown,
    OrderPlaced,
    OrderProposed,
    OrderRejected,
    OrderRequested,
    SessionEnded,
)
from domain.orders import fingerprint
from domain.streams import order_key_stream, risk_ledger_stream, session_stream
from domain.vocabulary import RiskFacts
from tests.application.world import (
    ASHA,
    FILLED,
    FIRST,
    OPEN,
    OPENING_BELL,
    RAVI,
    SECOND,
    TEN_INFY,
    World,
    context,
    row,
)

TWENTY_INFY = with_other(TEN_INFY, quantity_shares=20)
KEY = order_key_stream(ASHA, "k1")
RAVIS = session_stream(RAVI, "default", 1)
PLACED = OrderPlaced(order_key="k1", broker_order_id="B1", placed_at=OPENING_BELL)
NO_MONEY = OrderRejected(order_key="k1", code="NO_MONEY", reason="Not enough money.")
NEVER_SENT = OrderRejected(
    order_key="k1", code="NEVER_SENT", reason="No connection.", reached_broker=False
)
NO_ANSWER = OrderOutcomeUnknown(order_key="k1", cause="no answer within 7 s")


class Crash(BaseException):
    """The process dies here. Not an Exception: nothing may catch it."""


def crash(*_):
    raise Crash


def calls(world: World) -> int:
    return len(world.paper.calls)


# The way of an order


def test_request_and_dispatch_are_stored_before_the_one_call_and_the_outcome_after(world: World):
    world.entered()
    stored_at_the_call = []

    def look(ticket):
        stored_at_the_call.extend(world.facts(FIRST) + world.facts(KEY))
        return PLACED

    world.paper.answers = [look]

    world.order("k1")

    assert stored_at_the_call == [
        "SessionCreated",
        "OrderRequested",
        "OrderDispatched",
        "OrderKeyClaimed",
    ]
    assert world.events(FIRST)[-1] == PLACED
    assert calls(world) == 1


def test_the_request_on_record_says_all_that_was_asked_and_of_whom(world: World):
    world.at_kite()

    world.order("k1", broker="kite")

    account = world.vault.account_fingerprint("kite", "AB1234")
    proposed, confirmed, requested = world.events(FIRST)[-5:-2]
    assert isinstance(proposed, OrderProposed)
    assert isinstance(confirmed, OrderConfirmed)
    assert requested == OrderRequested(
        order_key="k1",
        broker="kite",
        mode="SIMULATED",
        account_fingerprint=account,
        credential_version=1,
        terms=TEN_INFY,
        fingerprint=fingerprint("kite", account, TEN_INFY),
        broker_tag=world.vault.broker_tag(ASHA, account, "k1"),
        egress="direct",
        dispatch_by=OPENING_BELL + timedelta(seconds=10),
        approval=proposed.proposal_id,
        risk=RiskFacts(
            value_inr=Decimal("14805.00"),
            tick_inr=Decimal("0.05"),
            lot_size_shares=1,
            kind="EQ",
            exchange_open=True,
        ),
    )


def test_a_request_where_no_login_is_needed_names_the_persons_own_account(world: World):
    world.order("k1")

    [requested] = [e for e in world.events(FIRST) if isinstance(e, OrderRequested)]
    assert requested.account_fingerprint == world.vault.account_fingerprint("paper", str(ASHA))
    assert requested.credential_version == 0
    assert requested.mode == "PAPER"


def test_key_and_limits_are_taken_in_the_same_append_as_the_request(world: World):
    world.order("k1")

    [append] = [a for a in world.store.attempts if any(r.stream_id == KEY for r in a.rows)]
    ledger = risk_ledger_stream(ASHA, date(2026, 11, 23))
    assert sorted(r.stream_id for r in append.rows) == sorted([FIRST, KEY, ledger])
    assert world.facts(ledger) == ["RiskReserved"]
    [claim] = world.events(KEY)
    assert isinstance(claim, OrderKeyClaimed)
    assert (claim.order_key, claim.session_id) == ("k1", FIRST)


def test_the_broker_gets_our_tag_the_terms_and_the_access(world: World):
    world.at_kite()

    world.order("k1", broker="kite")

    [(access, ticket)] = world.kite.calls
    requested = world.events(FIRST)[-3]
    assert isinstance(requested, OrderRequested)
    assert ticket == OrderTicket(order_key="k1", broker_tag=requested.broker_tag, terms=TEN_INFY)
    assert (access.principal, access.account_id) == (ASHA, "AB1234")
    assert access.secrets["access_token"] == "open-sesame"


def test_the_receipt_of_a_new_order(world: World):
    receipt = world.order("k1")

    assert receipt.report.state == "PLACED"
    assert receipt.report.broker_order_id == "B1"
    assert receipt.position == world.store.head() == 6
    assert (receipt.repeated, receipt.minted) == (False, False)


def test_without_a_named_broker_the_order_goes_to_the_active_one(world: World):
    entered = world.at_kite()

    world.said_yes(
        world.place_order(context(), entered, Order(terms=TEN_INFY, order_key="k1", broker=None))
    )

    assert (len(world.kite.calls), calls(world)) == (1, 0)


def test_everything_that_one_call_stored_has_its_correlation_id(world: World):
    entered = world.entered()

    world.place_order(
        context(correlation=0xFE), entered, Order(terms=TEN_INFY, order_key="k1", broker="paper")
    )

    ids = {
        r.envelope.correlation_id.int for r in (*world.recorded(FIRST)[1:], *world.recorded(KEY))
    }
    assert ids == {0xFE}


def test_a_caller_without_a_key_gets_one_minted_and_is_told(world: World):
    first, second = world.order(None), world.order(None)

    assert first.minted
    assert second.minted
    keys = [r.report.request.order_key for r in (first, second)]
    assert len(set(keys)) == 2
    assert all(len(key) == 18 and key.startswith("k-") for key in keys)
    assert calls(world) == 2


def test_an_empty_key_is_no_key_and_is_refused(world: World):
    with pytest.raises(InvalidOrder, match="order_key must be"):
        world.order("")

    assert calls(world) == 0


# How it ends


@pytest.mark.parametrize(
    ("outcome", "state", "safe"),
    [
        (PLACED, "PLACED", False),
        (NO_MONEY, "REJECTED", True),
        (NEVER_SENT, "REJECTED", True),
        (NO_ANSWER, "UNKNOWN", False),
    ],
    ids=["placed", "rejected", "never sent", "unknown"],
)
def test_every_end_of_the_call_is_on_record_and_told(world: World, outcome, state, safe):
    world.paper.answers = [lambda ticket: outcome]

    receipt = world.order("k1")

    assert world.events(FIRST)[-1] == outcome
    assert receipt.report.state == state
    assert receipt.report.safe_to_retry is safe
    assert calls(world) == 1


@pytest.mark.parametrize("outcome", [NO_MONEY, NEVER_SENT, NO_ANSWER])
def test_no_end_of_the_call_is_ever_tried_again_under_the_same_key(world: World, outcome):
    world.paper.answers = [lambda ticket: outcome]
    first = world.order("k1")

    again = world.order("k1")

    assert again.report == first.report
    assert again.repeated
    assert calls(world) == 1


def test_an_order_that_is_in_the_book_at_once_is_told_with_what_was_seen(world: World):
    world.paper.book = (row("B1", FILLED),)

    receipt = world.order("k1")

    assert receipt.report.sighting == FILLED
    assert world.events(FIRST)[-1] == OrderObserved(
        order_key="k1", broker_order_id="B1", sighting=FILLED
    )
    assert receipt.position == world.store.head()
    assert world.state(FIRST).orders == {}


def test_an_unknown_outcome_is_known_when_the_book_shows_our_tag(world: World):
    def lost(ticket):
        world.paper.book = (row("B7", OPEN, ticket.broker_tag),)
        return NO_ANSWER

    world.paper.answers = [lost]

    receipt = world.order("k1")

    assert world.facts(FIRST)[-2:] == ["OrderOutcomeUnknown", "OrderObserved"]
    assert (receipt.report.state, receipt.report.broker_order_id) == ("PLACED", "B7")


@pytest.mark.parametrize("trouble", [BrokerDown("no answer"), LoginExpired("token is over")])
def test_a_book_that_cannot_be_read_changes_nothing_about_the_order(world: World, trouble):
    world.paper.book = trouble

    receipt = world.order("k1")

    assert receipt.report.state == "PLACED"
    assert receipt.report.sighting is None
    assert world.facts(FIRST)[-1] == "OrderPlaced"


# The same key again


def test_the_same_key_and_terms_tell_the_same_order_and_send_nothing(world: World):
    first = world.order("k1")

    again = world.order("k1")

    assert again == Receipt(
        report=first.report, position=first.position, repeated=True, minted=False
    )
    assert calls(world) == 1


def test_ten_rupees_and_ten_rupees_zero_are_the_same_order(world: World):
    world.order("k1", with_other(TEN_INFY, limit_price_inr=Decimal("10")))

    assert world.order("k1", with_other(TEN_INFY, limit_price_inr=Decimal("10.00"))).repeated
    assert calls(world) == 1


def test_the_same_key_with_other_terms_is_refused_and_stores_nothing(world: World):
    world.order("k1")
    before = world.store.head()

    with pytest.raises(OrderKeyReused):
        world.order("k1", TWENTY_INFY)

    assert world.store.head() == before
    assert calls(world) == 1


def test_the_same_key_at_another_broker_is_another_order_and_refused(world: World):
    world.at_kite()
    world.order("k1", broker="paper")

    with pytest.raises(OrderKeyReused):
        world.order("k1", broker="kite")

    assert world.kite.calls == []


def test_a_key_names_one_order_in_all_sessions_of_a_person(world: World):
    at_home = world.order("k1", label="home")

    at_work = world.order("k1", label="work")

    assert at_work.report == at_home.report
    assert at_work.repeated
    assert world.facts(session_stream(ASHA, "work", 1)) == ["SessionCreated"]
    assert calls(world) == 1


def test_a_key_still_names_its_order_after_the_session_has_ended(world: World):
    first = world.order("k1")
    world.clock.advance(timedelta(days=2))

    again = world.order("k1")

    assert again.report == first.report
    assert world.facts(SECOND) == ["SessionCreated"]
    assert calls(world) == 1


def test_two_people_may_use_the_same_key_for_different_orders(world: World):
    ashas = world.order("k1", TEN_INFY, principal=ASHA)

    ravis = world.order("k1", TWENTY_INFY, principal=RAVI)

    assert not ravis.repeated
    assert calls(world) == 2
    assert ashas.report.request.broker_tag != ravis.report.request.broker_tag
    assert [e.terms for e in world.events(RAVIS) if isinstance(e, OrderRequested)] == [TWENTY_INFY]


def test_a_repeated_call_tells_what_was_seen_since(world: World):
    world.order("k1")
    world.append(FIRST, OrderObserved(order_key="k1", broker_order_id="B1", sighting=FILLED))

    again = world.order("k1")

    assert again.report.sighting == FILLED
    assert again.position == world.store.head()


# What is refused before anything is stored


def refused(world: World, kind: type[Refusal], **asked):
    world.entered()
    before = world.store.head()

    with pytest.raises(kind) as refusal:
        world.order("k1", **asked)

    assert world.store.head() == before
    assert (world.kite.calls, world.paper.calls) == ([], [])
    return str(refusal.value)


def test_an_order_at_a_real_broker_is_refused_and_nothing_is_stored(world: World):
    world.at_kite()
    world.kite.its_mode = "LIVE"

    text = refused(world, LiveTradingOff, broker="kite")

    assert "Nothing was sent. Next:" in text


def test_an_order_with_impossible_terms_is_refused_and_nothing_is_stored(world: World):
    refused(world, InvalidOrder, terms=with_other(TEN_INFY, quantity_shares=0))


def test_an_order_without_a_login_is_refused_and_nothing_is_stored(world: World):
    refused(world, BrokerLoginRequired, broker="kite")


def test_an_order_without_any_broker_is_refused_and_nothing_is_stored(world: World):
    refused(world, NoActiveBroker, broker=None)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"exchange": "MCX"}, "Paper has no exchange MCX. Next: choose one of BSE, NSE."),
        ({"product": "NRML"}, "Paper has no product NRML. Next: choose one of CNC, MIS."),
        ({"validity": "TTL"}, "Paper has no validity TTL. Next: choose one of DAY, IOC."),
    ],
)
def test_what_the_broker_does_not_offer_is_refused_with_what_it_does(world: World, terms, text):
    assert refused(world, NotSupportedByBroker, terms=with_other(TEN_INFY, **terms)) == text


def test_an_order_type_that_the_broker_does_not_offer_is_refused(world: World):
    world.paper.offer = replace(world.paper.offer, order_types=frozenset({"MARKET"}))

    assert (
        refused(world, NotSupportedByBroker)
        == "Paper has no order_type LIMIT. Next: choose one of MARKET."
    )


def test_an_order_in_a_session_that_ended_meanwhile_is_refused_and_nothing_is_stored(
    world: World,
):
    entered = world.entered()
    world.append(FIRST, SessionEnded(reason="operator"))

    with pytest.raises(SessionHasExpired):
        world.place_order(context(), entered, Order(terms=TEN_INFY, order_key="k1", broker="paper"))

    assert world.facts(FIRST) == ["SessionCreated", "SessionEnded"]
    assert world.events(KEY) == []
    assert calls(world) == 0


def test_a_store_that_is_away_before_the_call_means_that_nothing_was_sent(world: World):
    entered = world.entered()
    world.store.is_away = lambda: True

    with pytest.raises(StoreUnavailable):
        world.place_order(context(), entered, Order(terms=TEN_INFY, order_key="k1", broker="paper"))

    assert calls(world) == 0


# What happens meanwhile


def test_a_session_that_ends_during_the_call_takes_the_late_outcome(world: World):
    def ends_meanwhile(ticket):
        world.close.end(context(), FIRST, "operator")
        return PLACED

    world.paper.answers = [ends_meanwhile]

    assert world.order("k1").report.state == "PLACED"
    assert world.facts(FIRST)[-2:] == ["SessionEnded", "OrderPlaced"]


def test_an_order_whose_session_ends_before_the_dispatch_is_never_sent(world: World):
    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(lambda: world.append(FIRST, SessionEnded(reason="operator")))

    with pytest.raises(SessionHasExpired):
        world.order("k1")

    assert calls(world) == 0


def test_a_key_names_its_order_whichever_broker_is_active_by_now(world: World):
    world.at_kite()
    first = world.order("k1", broker="paper")

    again = world.order("k1", broker=None)

    assert (again.report, again.repeated) == (first.report, True)
    with pytest.raises(OrderKeyReused):
        world.order("k1", broker="kite")


def test_a_key_names_its_order_after_the_login_has_ended(world: World):
    world.at_kite()
    first = world.order("k1", broker="kite")
    world.log_out(context(ASHA), world.entered(), ("kite",))

    again = world.order("k1", broker=None)

    assert (again.report, again.repeated) == (first.report, True)


def test_nobody_writes_into_a_history_of_somebody_else(world: World):
    ashas = world.entered().session_id

    with pytest.raises(SessionNotFound):
        world.writer.decide(context(RAVI), [ashas], lambda _: [[SessionEnded(reason="mischief")]])

    assert world.facts(FIRST) == ["SessionCreated"]


def test_a_store_that_goes_away_during_the_call_gets_the_outcome_when_it_is_back(world: World):
    def goes_away(ticket):
        back_at = world.clock.now() + timedelta(seconds=20)
        world.store.is_away = lambda: world.clock.now() < back_at
        return PLACED

    world.paper.answers = [goes_away]

    assert world.order("k1").report.state == "PLACED"
    assert world.events(FIRST)[-1] == PLACED
    assert sum(world.clock.slept) == 20
    assert calls(world) == 1


def test_a_store_that_stays_away_leaves_the_order_dispatched_and_it_is_never_resent(world: World):
    def goes_away(ticket):
        world.store.is_away = lambda: True
        return PLACED

    world.paper.answers = [goes_away]

    with pytest.raises(StoreUnavailable):
        world.order("k1")
    world.store.is_away = lambda: False
    again = world.order("k1")

    assert again.report.state == "DISPATCHED"
    assert again.report.safe_to_retry is False
    assert calls(world) == 1


@pytest.mark.parametrize("lost", [1, 2, 3], ids=["request", "dispatch", "outcome"])
def test_a_lost_acknowledgement_anywhere_sends_once_and_stores_once(world: World, lost):
    world.entered()
    for _ in range(lost - 1):
        world.store.on_next_append(lambda: None)
    world.store.on_next_append(world.store.lose_acknowledgement)

    receipt = world.order("k1")

    assert receipt.report.state == "PLACED"
    assert receipt.position == world.store.head()
    assert not receipt.repeated
    assert world.facts(FIRST)[1:] == ["OrderRequested", "OrderDispatched", "OrderPlaced"]
    assert calls(world) == 1


def test_an_outcome_that_was_stored_though_the_store_then_went_away_is_stored_once(world: World):
    def its_answer_gets_lost(ticket):
        world.store.lose_acknowledgement(StoreUnavailable("the line went dead"))
        return PLACED

    world.paper.answers = [its_answer_gets_lost]

    assert world.order("k1").report.state == "PLACED"
    assert world.facts(FIRST).count("OrderPlaced") == 1


def test_a_crash_between_request_and_dispatch_is_made_good_by_the_same_key(world: World):
    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(crash)
    with pytest.raises(Crash):
        world.order("k1")
    assert world.facts(FIRST) == ["SessionCreated", "OrderRequested"]

    receipt = world.order("k1")

    assert receipt.report.state == "PLACED"
    assert not receipt.repeated
    assert world.facts(FIRST)[1:] == ["OrderRequested", "OrderDispatched", "OrderPlaced"]
    assert world.facts(KEY) == ["OrderKeyClaimed"]
    assert calls(world) == 1


def test_an_unfinished_order_is_finished_from_another_session_of_the_same_person(world: World):
    world.entered(label="home")
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(crash)
    with pytest.raises(Crash):
        world.order("k1", label="home")

    receipt = world.order("k1", label="work")

    assert receipt.report.state == "PLACED"
    assert world.facts(session_stream(ASHA, "home", 1))[1:] == [
        "OrderRequested",
        "OrderDispatched",
        "OrderPlaced",
    ]
    assert calls(world) == 1


@pytest.mark.parametrize("moment", ["before the call", "after the call"])
def test_a_crash_around_the_call_is_never_made_good_by_sending_again(world: World, moment):
    world.entered()
    if moment == "before the call":
        world.paper.answers = [crash]
    else:
        world.store.on_next_append(lambda: None)
        world.store.on_next_append(lambda: None)
        world.store.on_next_append(crash)
    with pytest.raises(Crash):
        world.order("k1")

    again = world.order("k1")

    assert again.report.state == "DISPATCHED"
    assert again.repeated
    assert again.report.safe_to_retry is False
    assert calls(world) == 1


# Several callers at once


CALLERS = 8


def all_at_once(world: World, key: str = "k1") -> list[Receipt | OrderInProgress]:
    """Callers with the same key, held at their first append until all of them are there."""
    together = threading.Barrier(CALLERS, timeout=30)
    for _ in range(CALLERS):
        world.store.on_next_append(together.wait)

    def call(_: int) -> Receipt | OrderInProgress:
        try:
            return world.order(key)
        except OrderInProgress as refusal:
            return refusal

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(call, range(CALLERS)))


def test_callers_with_the_same_key_at_once_send_one_order(world: World):
    world.entered()

    answers = all_at_once(world)

    assert calls(world) == 1
    assert world.facts(FIRST)[1:] == ["OrderRequested", "OrderDispatched", "OrderPlaced"]
    assert world.facts(KEY) == ["OrderKeyClaimed"]
    senders = [a for a in answers if isinstance(a, Receipt) and not a.repeated]
    assert [sender.report.state for sender in senders] == ["PLACED"]


def test_callers_who_all_find_a_request_that_nobody_sent_send_one_order(world: World):
    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(crash)
    with pytest.raises(Crash):
        world.order("k1")

    answers = all_at_once(world)

    assert calls(world) == 1
    assert world.facts(FIRST)[1:] == ["OrderRequested", "OrderDispatched", "OrderPlaced"]
    told = [a for a in answers if isinstance(a, Receipt)]
    assert [receipt.report.state for receipt in told] == ["PLACED"]
    assert len(answers) - len(told) == CALLERS - 1


def test_callers_with_different_keys_at_once_send_each_order_once(world: World):
    world.entered()

    with ThreadPoolExecutor(CALLERS) as pool:
        receipts = list(pool.map(lambda n: world.order(f"k{n}"), range(CALLERS)))

    assert sorted(ticket.order_key for _, ticket in world.paper.calls) == [
        f"k{n}" for n in range(CALLERS)
    ]
    assert {receipt.report.state for receipt in receipts} == {"PLACED"}
    dispatched = [e.order_key for e in world.events(FIRST) if isinstance(e, OrderDispatched)]
    assert sorted(dispatched) == [f"k{n}" for n in range(CALLERS)]


def test_a_caller_who_comes_during_the_call_is_told_that_it_is_on_its_way(world: World):
    seen = []

    def meanwhile(ticket):
        seen.append(world.order("k1"))
        return PLACED

    world.paper.answers = [meanwhile]

    world.order("k1")

    assert [(receipt.report.state, receipt.repeated) for receipt in seen] == [("DISPATCHED", True)]
    assert calls(world) == 1


def test_an_order_that_waits_for_its_yes_is_asked_about_again_unjudged(world: World):
    entered = world.at_kite()
    wanted = Order(terms=TEN_INFY, order_key="k1", broker="kite")
    first = world.place_order(context(), entered, wanted)
    world.policy.set(context(), ASHA, {"max_order_quantity_shares": "1"}, "less")
    stored = world.store.head()

    again = world.place_order(context(), world.entered(), wanted)

    assert isinstance(first, Asked)
    assert isinstance(again, Asked)
    assert again.proposal == first.proposal
    assert world.store.head() == stored
    with pytest.raises(OrderDeniedByRisk):
        world.said_yes(again)
    assert world.kite.calls == []


def test_a_yes_that_a_limit_turns_down_is_used_up_all_the_same(world: World):
    entered = world.at_kite()
    wanted = Order(terms=TEN_INFY, order_key="k1", broker="kite")
    asked = world.place_order(context(), entered, wanted)
    world.policy.set(context(), ASHA, {"max_order_quantity_shares": "1"}, "less")
    with pytest.raises(OrderDeniedByRisk):
        world.said_yes(asked)
    world.policy.set(context(), ASHA, {"max_order_quantity_shares": None}, "more again")

    with pytest.raises(ProposalRefused):
        world.said_yes(asked)

    assert world.facts(FIRST)[-2:] == ["OrderConfirmed", "OrderDenied"]
    assert world.kite.calls == []


def test_a_caller_whose_key_was_used_meanwhile_is_told_that_order_not_denied_a_double(world: World):
    world.at_kite()
    world.policy.set(context(), ASHA, {"duplicate_window_seconds": "30"}, "as usual")
    entered = world.entered()
    world.store.on_next_append(lambda: world.order("k1", broker="kite"))

    answer = world.place_order(
        context(), entered, Order(terms=TEN_INFY, order_key="k1", broker="kite")
    )

    assert isinstance(answer, Receipt)
    assert (answer.report.state, answer.repeated) == ("PLACED", True)
    assert len(world.kite.calls) == 1
    assert "OrderDenied" not in world.facts(FIRST)
