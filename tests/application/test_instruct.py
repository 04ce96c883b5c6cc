"""GTT orders and conversions go the way of every order, with another call at the end."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.orders.close_stale import close_stale
from application.orders.place_order import Asked, Order, Receipt
from application.orders.switch import Which
from application.ports.account import Conversion, Position
from application.ports.broker import BrokerDown
from application.ports.broker_orders import Declined, GttOrder, GttTicket, Unproven
from domain.capabilities import OFFERS
from domain.errors import (
    BrokerUnavailable,
    InvalidOrder,
    LiveTradingOff,
    OrderKeyReused,
    ProposalRefused,
    TradingIsHalted,
)
from domain.events import OrderProposed
from domain.instructions import gtt_terms
from domain.risk_ledger import fold_ledger
from domain.streams import risk_ledger_stream
from domain.vocabulary import CancelGtt, ConvertPosition, GttLeg, OrderTerms
from tests.application.world import ASHA, FIRST, OPEN, OPENING_BELL, TEN_INFY, World, context, row

LEG = GttLeg(trigger_price_inr=Decimal("1400"), limit_price_inr=Decimal("1395"))
GTT = gtt_terms(TEN_INFY, (LEG,))
CANCEL = replace(TEN_INFY, instruction=CancelGtt(gtt_id="G1", kind="SINGLE"))
CONVERT = replace(
    TEN_INFY,
    order_type="MARKET",
    limit_price_inr=None,
    instruction=ConvertPosition(from_product="MIS"),
)
HELD = Position(
    exchange="NSE",
    trading_symbol="INFY",
    product="MIS",
    quantity_shares=10,
    average_price_inr=Decimal("1490"),
    last_price_inr=Decimal("1500"),
)
LEDGER = risk_ledger_stream(ASHA, OPENING_BELL.date())
TWO_MINUTES = timedelta(minutes=2)


class Crash(BaseException):
    """The process dies here."""


def crash(*_: object) -> None:
    raise Crash


@pytest.fixture
def world() -> World:
    """Asha is at Kite, which knows the price of INFY."""
    made = World()
    made.kite.offer = OFFERS["kite"]
    made.kite.prices = {"NSE:INFY": Decimal("1500")}
    made.kite.its_positions = (HELD,)
    made.at_kite()
    return made


def ask(world: World, terms: OrderTerms, key: str = "g1") -> Receipt | Asked:
    wanted = Order(terms=terms, order_key=key, broker="kite")
    return world.place_order(context(), world.entered(), wanted)


def done(world: World, terms: OrderTerms, key: str = "g1") -> Receipt:
    return world.said_yes(ask(world, terms, key))


def kinds(world: World) -> list[str]:
    """Of Asha's facts since she logged in."""
    facts = world.facts(FIRST)
    return facts[facts.index("BrokerSelected") + 1 :]


def test_the_exact_text_is_asked_about_and_then_the_broker_is_called_once(world: World):
    asked = ask(world, GTT)
    before = list(world.kite.instructed)
    receipt = world.said_yes(asked)

    assert isinstance(asked, Asked)
    assert "at a limit of ₹1,395.00 once the price reaches ₹1,400.00" in asked.proposal.text
    assert before == []
    (ticket,) = world.kite.instructed
    assert isinstance(ticket, GttTicket)
    assert (ticket.kind, ticket.legs, ticket.last_price_inr) == ("SINGLE", (LEG,), Decimal("1500"))
    assert (receipt.report.state, receipt.report.broker_order_id) == ("PLACED", "G1")
    assert kinds(world) == [
        "OrderProposed",
        "OrderConfirmed",
        "OrderRequested",
        "OrderDispatched",
        "OrderPlaced",
    ]
    assert world.state(FIRST).orders == {}
    assert world.kite.calls == []


def test_a_conversion_says_from_where_to_where(world: World):
    receipt = done(world, CONVERT)

    assert world.kite.instructed == [
        Conversion(
            exchange="NSE",
            trading_symbol="INFY",
            transaction_type="BUY",
            quantity_shares=10,
            from_product="MIS",
            to_product="CNC",
        )
    ]
    assert receipt.report.state == "PLACED"
    assert fold_ledger(world.events(LEDGER)).value_inr == 0


@pytest.mark.parametrize(
    "terms",
    [
        replace(CONVERT, transaction_type="SELL"),
        replace(CONVERT, quantity_shares=11),
        replace(CONVERT, product="MIS", instruction=ConvertPosition(from_product="CNC")),
        replace(CONVERT, exchange="BSE"),
    ],
    ids=["other side", "too many", "other product", "other exchange"],
)
def test_a_position_that_is_not_there_is_not_converted(world: World, terms):
    with pytest.raises(InvalidOrder, match="get_positions"):
        ask(world, terms)
    assert kinds(world) == []


def test_positions_that_cannot_be_seen_are_not_converted(world: World):
    world.kite.its_positions = BrokerDown("ReadTimeout")

    with pytest.raises(BrokerUnavailable, match="Nothing was sent"):
        ask(world, CONVERT)


def test_taking_a_gtt_order_back_asks_nobody_and_takes_nothing(world: World):
    receipt = ask(world, CANCEL)

    assert isinstance(receipt, Receipt)
    (gtt,) = world.kite.instructed
    assert isinstance(gtt, GttOrder)
    assert (gtt.gtt_id, gtt.kind) == ("G1", "SINGLE")
    assert world.events(LEDGER) == []


def test_a_halt_stops_what_is_new_and_not_what_is_taken_back(world: World):
    world.kill_switch.arm(context(), Which("user", ASHA), "enough", ASHA)

    for terms in (GTT, CONVERT):
        with pytest.raises(TradingIsHalted):
            ask(world, terms)
    assert isinstance(ask(world, CANCEL), Receipt)


def test_a_book_that_cannot_be_read_keeps_nobody_from_taking_an_order_back(world: World):
    world.kite.book = BrokerDown("ReadTimeout")

    assert isinstance(ask(world, CANCEL), Receipt)


def test_real_money_has_to_be_allowed_for_all_of_them(world: World):
    world.kite.its_mode = "LIVE"

    for terms in (GTT, CONVERT, CANCEL):
        with pytest.raises(LiveTradingOff):
            ask(world, terms)


@pytest.mark.parametrize(
    ("answer", "state", "released"),
    [
        (Declined(code="NO_MONEY", reason="Not enough money."), "REJECTED", True),
        (Unproven(cause="no answer within 7 s"), "UNKNOWN", False),
    ],
)
def test_every_other_end_is_told_and_never_tried_again(world: World, answer, state, released):
    world.kite.change_answers = [lambda: answer]

    first = done(world, GTT)
    again = ask(world, GTT)

    assert isinstance(again, Receipt)
    assert (first.report.state, again.report.state, again.repeated) == (state, state, True)
    assert len(world.kite.instructed) == 1
    assert world.state(FIRST).orders == {}
    assert [r.released for r in fold_ledger(world.events(LEDGER)).reservations.values()] == [
        released
    ]


def test_one_key_never_names_two_things(world: World):
    done(world, GTT)

    for terms in (
        TEN_INFY,
        CANCEL,
        CONVERT,
        gtt_terms(TEN_INFY, (replace(LEG, limit_price_inr=Decimal("1396")),)),
    ):
        with pytest.raises(OrderKeyReused):
            ask(world, terms)


def test_a_yes_after_two_minutes_sends_nothing(world: World):
    asked = ask(world, GTT)
    world.clock.advance(TWO_MINUTES)

    with pytest.raises(ProposalRefused):
        world.said_yes(asked)
    assert world.kite.instructed == []


def test_what_was_requested_and_not_sent_in_time_never_is(world: World):
    asked = ask(world, GTT)
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(crash)
    with pytest.raises(Crash):
        world.said_yes(asked)
    world.clock.advance(TWO_MINUTES)

    close_stale(world.writer, context(), FIRST, world.clock.now())
    told = ask(world, GTT)

    assert isinstance(told, Receipt)
    assert (told.report.state, told.report.reached_broker) == ("REJECTED", False)
    assert world.kite.instructed == []


def test_what_was_sent_by_somebody_who_died_is_unknown_and_never_sent_again(world: World):
    asked = ask(world, GTT)
    world.kite.change_answers = [crash]  # type: ignore[list-item]  # it does not answer
    with pytest.raises(Crash):
        world.said_yes(asked)
    in_doubt = ask(world, GTT)
    world.clock.advance(TWO_MINUTES)

    # The whole book, late on its day, without any row of it: no proof about a GTT order.
    world.clock.advance(timedelta(hours=10))
    close_stale(world.writer, context(), FIRST, world.clock.now())
    told = ask(world, GTT)

    assert isinstance(in_doubt, Receipt)
    assert isinstance(told, Receipt)
    assert (in_doubt.report.state, told.report.state) == ("DISPATCHED", "UNKNOWN")
    assert len(world.kite.instructed) == 1


def test_an_order_book_says_nothing_about_an_instruction_on_its_way(world: World):
    asked = ask(world, GTT)
    assert isinstance(asked, Asked)
    world.kite.change_answers = [crash]  # type: ignore[list-item]  # it does not answer
    with pytest.raises(Crash):
        world.said_yes(asked)
    world.clock.advance(timedelta(hours=10))
    world.kite.book = ()

    world.read_broker.order_book(context(), world.entered(), "kite")

    assert kinds(world)[-1] == "OrderDispatched"


def test_what_a_triggered_gtt_order_sends_is_taken_in_under_its_key(world: World):
    receipt = done(world, GTT)
    tag = receipt.report.request.broker_tag
    seen = row("B7", replace(row("B7", OPEN).sighting, raw_status="OPEN"), tag)
    world.kite.book = (seen,)
    world.clock.advance(timedelta(hours=1))

    (look,) = world.reconcile.due()
    world.reconcile.look(look)

    assert kinds(world)[-1] == "OrderAdopted"
    assert world.state(FIRST).orders["g1"].broker_order_id == "B7"


def test_a_proposal_bears_what_it_is_about(world: World):
    ask(world, CONVERT)

    (proposed,) = [e for e in world.events(FIRST) if isinstance(e, OrderProposed)]
    assert proposed.terms == CONVERT
