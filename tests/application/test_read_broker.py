import dataclasses
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from application.portfolio.read_portfolio import ReadPortfolio
from application.ports.broker import BrokerDown, LoginExpired
from application.ports.broker_orders import BrokerOrder
from application.read_broker import OrderBook
from domain.errors import BrokerLoginRequired, BrokerUnavailable, NoActiveBroker, SessionHasExpired
from domain.events import (
    BrokerAuthenticationExpired,
    OrderObserved,
    OrderOutcomeUnknown,
    OrderPlaced,
    OrderRejected,
    OrderRequested,
    SessionEnded,
)
from domain.streams import session_stream
from domain.vocabulary import OrderSighting
from tests.application.world import (
    ASHA,
    FILLED,
    FIRST,
    OPEN,
    OPENING_BELL,
    RAVI,
    SECOND,
    World,
    context,
    row,
)
from tests.fakes.instruments import FakeInstruments

PARTIAL = OrderSighting(
    status="PARTIAL",
    raw_status="OPEN",
    filled_shares=4,
    pending_shares=6,
    average_price_inr=Decimal("1480.25"),
)


def seen(sighting: OrderSighting, key: str = "k1", broker_order_id: str = "B1") -> OrderObserved:
    return OrderObserved(order_key=key, broker_order_id=broker_order_id, sighting=sighting)


def tag_of(world: World, key: str = "k1", session_id=FIRST) -> str:
    return world.state(session_id).orders[key].request.broker_tag


def look(world: World, *book: BrokerOrder, broker: str = "paper", label="default") -> OrderBook:
    """Read the order book, which now says this."""
    world.kite.book = world.paper.book = book
    return world.read_broker.order_book(context(), world.entered(label=label), broker)


def unknown_order(world: World) -> str:
    """Place one whose outcome nobody knows; answer with its tag."""
    world.paper.answers = [lambda _: OrderOutcomeUnknown(order_key="k1", cause="no answer")]
    world.order("k1")
    return tag_of(world)


# What the book says about our orders


def test_an_order_in_the_book_is_stored_as_seen(world: World):
    world.order("k1")

    look(world, row("B1", PARTIAL))

    assert world.events(FIRST)[-1] == seen(PARTIAL)


def test_reading_the_same_book_again_stores_nothing(world: World):
    world.order("k1")
    look(world, row("B1", PARTIAL))
    before = world.store.head()

    look(world, row("B1", PARTIAL))

    assert world.store.head() == before


def test_a_change_in_the_book_is_stored(world: World):
    world.order("k1")
    look(world, row("B1", OPEN))
    look(world, row("B1", PARTIAL))
    look(world, row("B1", FILLED))

    assert world.events(FIRST)[-3:] == [seen(OPEN), seen(PARTIAL), seen(FILLED)]
    assert world.state(FIRST).orders == {}


def test_a_settled_order_is_not_observed_any_more(world: World):
    world.order("k1")
    look(world, row("B1", FILLED))

    look(world, row("B1", OPEN))

    assert world.events(FIRST)[-1] == seen(FILLED)


def test_an_unknown_order_is_found_by_our_tag(world: World):
    tag = unknown_order(world)

    book = look(world, row("B9", OPEN, "theirs", tag))

    assert world.events(FIRST)[-1] == seen(OPEN, broker_order_id="B9")
    assert book.ours[tag].state == "PLACED"
    assert book.ours[tag].broker_order_id == "B9"


def test_an_unknown_order_is_not_found_by_its_looks(world: World):
    unknown_order(world)
    before = world.store.head()

    look(world, row("B9", OPEN), row("B10", OPEN, "somebody-elses-tag"))

    assert world.store.head() == before
    assert world.state(FIRST).orders["k1"].stage == "unknown"


def test_our_tag_comes_before_the_brokers_id(world: World):
    world.order("k1")

    look(world, row("B1", OPEN), row("B9", FILLED, tag_of(world)))

    assert world.events(FIRST)[-1] == seen(FILLED, broker_order_id="B9")


def test_several_orders_are_seen_in_one_append(world: World):
    world.order("k1")
    world.order("k2")

    look(world, row("B2", FILLED), row("B1", OPEN))

    assert world.events(FIRST)[-2:] == [seen(OPEN), seen(FILLED, "k2", "B2")]
    assert [r.name for r in world.store.attempts[-1].rows] == [
        "trading_session.order_observed.v1",
        "trading_session.order_observed.v1",
    ]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (OrderPlaced(order_key="k1", broker_order_id="B9", placed_at=OPENING_BELL), "PLACED"),
        (OrderOutcomeUnknown(order_key="k1", cause="no answer within 7 s"), "PLACED"),
    ],
    ids=["placed", "unknown"],
)
@pytest.mark.parametrize("sighting", [OPEN, FILLED], ids=["open", "filled"])
def test_an_order_that_is_seen_while_its_call_is_on_the_way_stays_seen(
    world: World, outcome, state, sighting
):
    def meanwhile(ticket):
        look(world, row("B9", sighting, ticket.broker_tag))
        return outcome

    world.paper.answers = [meanwhile]

    receipt = world.order("k1")

    assert world.facts(FIRST)[-2:] == ["OrderObserved", type(outcome).__name__]
    assert receipt.report.state == state
    assert receipt.report.sighting == sighting
    open_orders = {key: o.stage for key, o in world.state(FIRST).orders.items()}
    assert open_orders == ({"k1": "placed"} if sighting is OPEN else {})


def test_an_order_whose_server_died_in_mid_call_is_found_by_our_tag(world: World):
    crashed_in_mid_call(world, "k1")

    look(world, row("B9", FILLED, world.state(FIRST).orders["k1"].request.broker_tag))

    assert world.events(FIRST)[-1] == seen(FILLED, broker_order_id="B9")
    assert world.state(FIRST).orders == {}


def test_asking_again_for_an_order_whose_server_died_looks_for_it_and_sends_nothing(world: World):
    crashed_in_mid_call(world, "k1")
    tag = world.state(FIRST).orders["k1"].request.broker_tag
    world.paper.book = (row("B9", FILLED, tag),)

    receipt = world.order("k1")

    assert receipt.repeated
    assert receipt.report.sighting == FILLED
    assert len(world.paper.calls) == 1


def crashed_in_mid_call(world: World, key: str) -> None:
    def dies(ticket):
        raise SystemExit

    world.paper.answers = [dies]
    with pytest.raises(SystemExit):
        world.order(key)
    assert world.facts(FIRST)[-1] == "OrderDispatched"


def test_the_same_order_id_at_another_broker_is_another_order(world: World):
    world.at_kite()
    world.order("k1", broker="kite")

    look(world, row("B1", FILLED), broker="paper")

    assert "OrderObserved" not in world.facts(FIRST)
    assert list(world.state(FIRST).orders) == ["k1"]


def test_a_row_with_the_tag_of_another_order_is_another_order_whatever_its_id(world: World):
    world.order("k1")

    look(world, row("B1", FILLED, "somebody-elses-tag"))

    assert "OrderObserved" not in world.facts(FIRST)


@pytest.mark.parametrize(
    "difference",
    [{"trading_symbol": "TCS"}, {"transaction_type": "SELL"}, {"quantity_shares": 11}],
    ids=lambda difference: next(iter(difference)),
)
@pytest.mark.parametrize("tagged", [True, False])
def test_a_row_about_something_else_is_another_order(world: World, difference, tagged):
    world.order("k1")
    tags = [tag_of(world)] if tagged else []

    look(world, replace(row("B1", FILLED, *tags), **difference))

    assert "OrderObserved" not in world.facts(FIRST)


def test_an_order_that_was_never_sent_is_not_in_any_book(world: World):
    world.entered()
    world.store.on_next_append(lambda: None)
    world.store.on_next_append(lambda: world.append(FIRST, SessionEnded(reason="operator")))
    with pytest.raises(SessionHasExpired):
        world.order("k1")
    [requested] = [e for e in world.events(FIRST) if isinstance(e, OrderRequested)]

    look(world, row("B1", FILLED, requested.broker_tag))

    last = world.events(FIRST)[-1]
    assert isinstance(last, OrderRejected)
    assert not last.reached_broker


@pytest.mark.parametrize(
    "other",
    [
        {"trading_symbol": "TCS"},
        {"transaction_type": "SELL"},
        {"quantity_shares": 3},
        {"broker_tags": ("uaaaaaaaaaaaaaaaaaaa",)},
    ],
    ids=["share", "side", "quantity", "tag"],
)
def test_an_order_id_that_is_given_twice_moves_no_fill_to_another_order(world: World, other):
    world.order("k1")

    look(world, dataclasses.replace(row("B1", FILLED), **other))

    assert "OrderObserved" not in world.facts(FIRST)


def test_the_book_is_read_as_of_the_newest_state_of_the_session(world: World):
    world.order("k1")
    world.store.on_next_append(lambda: world.append(FIRST, seen(PARTIAL)))

    look(world, row("B1", PARTIAL))

    assert world.facts(FIRST).count("OrderObserved") == 1


def test_the_book_reaches_an_order_of_an_earlier_session(world: World):
    world.order("k1")
    world.clock.advance(timedelta(days=2))

    book = look(world, row("B1", FILLED))

    assert world.facts(FIRST)[-2:] == ["SessionExpired", "OrderObserved"]
    assert world.facts(SECOND) == ["SessionCreated"]
    assert [report.state for report in book.ours.values()] == ["PLACED"]


def test_the_book_reaches_an_order_of_another_label(world: World):
    world.order("k1", label="home")

    look(world, row("B1", FILLED), label="work")

    assert world.facts(session_stream(ASHA, "home", 1))[-1] == "OrderObserved"


def test_the_book_of_one_person_says_nothing_about_the_orders_of_another(world: World):
    world.order("k1", principal=RAVI)
    ravis = session_stream(RAVI, "default", 1)
    tag = tag_of(world, session_id=ravis)

    book = look(world, row("B1", FILLED, tag))

    assert book.ours == {}
    assert "OrderObserved" not in world.facts(ravis)


# What the answer shows


def test_the_answer_shows_the_book_as_the_broker_lists_it(world: World):
    world.order("k1")
    listed = (row("B1", OPEN), row("X7", FILLED))

    book = look(world, *listed)

    assert book.orders == listed
    assert book.admission.broker is world.paper
    assert list(book.ours) == [tag_of(world)]


def test_an_order_that_the_broker_does_not_list_is_shown_as_unlisted(world: World):
    tag = unknown_order(world)

    [unlisted] = look(world).unlisted

    assert unlisted.request.broker_tag == tag
    assert unlisted.state == "UNKNOWN"


def test_an_order_that_the_broker_lists_under_our_tag_is_not_shown_as_unlisted(world: World):
    tag = unknown_order(world)

    assert look(world, row("B9", OPEN, tag)).unlisted == ()


def test_a_placed_order_that_is_no_longer_listed_is_not_worth_telling(world: World):
    world.order("k1")

    book = look(world)

    assert book.unlisted == ()
    assert [report.state for report in book.ours.values()] == ["PLACED"]


def test_the_book_reaches_back_twenty_sessions_and_no_further(world: World):
    world.order("k1")
    for generation in range(1, 20):
        world.close.end(context(), session_stream(ASHA, "default", generation), "operator")
        world.entered()
    in_the_twentieth = look(world)
    world.close.end(context(), session_stream(ASHA, "default", 20), "operator")
    in_the_next = look(world)

    assert len(in_the_twentieth.ours) == 1
    assert in_the_next.ours == {}


def test_orders_at_another_broker_are_not_ours_here(world: World):
    world.at_kite()
    world.order("k1", broker="kite")

    book = look(world, broker="paper")

    assert book.ours == {}
    assert book.unlisted == ()


# Trouble


def reads(world: World):
    return [
        lambda: world.read_broker.order_book(context(), world.entered(), "kite"),
        lambda: portfolio_of(world, "kite"),
    ]


def portfolio_of(world: World, named: str | None):
    read = ReadPortfolio(read_broker=world.read_broker, instruments=FakeInstruments([]))
    return read(context(), world.entered(), named, "holdings", "positions")


@pytest.mark.parametrize("which", [0, 1], ids=["order book", "portfolio"])
def test_a_login_that_the_broker_calls_ended_is_recorded_and_its_secret_forgotten(
    world: World, which
):
    world.at_kite()
    world.kite.book = world.kite.its_holdings = LoginExpired("token is over")

    with pytest.raises(BrokerLoginRequired, match="Kite says that your login has ended"):
        reads(world)[which]()

    assert world.events(FIRST)[-1] == BrokerAuthenticationExpired(
        broker="kite", discovered="broker"
    )
    assert world.vault.holds(FIRST) == []
    with pytest.raises(BrokerLoginRequired, match="You are not logged in"):
        reads(world)[which]()


def test_a_broker_without_logins_that_asks_for_one_records_no_end_of_a_login(world: World):
    world.paper.book = LoginExpired("no such thing here")

    with pytest.raises(BrokerLoginRequired):
        world.read_broker.order_book(context(), world.entered(), "paper")

    assert world.facts(FIRST) == ["SessionCreated"]


@pytest.mark.parametrize("which", [0, 1], ids=["order book", "portfolio"])
def test_a_broker_that_is_down_changes_nothing(world: World, which):
    world.at_kite()
    before = world.store.head()
    world.kite.book = BrokerDown("timed out")
    world.kite.its_positions = BrokerDown("timed out")

    with pytest.raises(BrokerUnavailable, match="Nothing changed"):
        reads(world)[which]()

    assert world.store.head() == before
    assert world.vault.holds(FIRST) == [("kite", 1)]


def test_without_any_broker_there_is_nothing_to_read(world: World):
    with pytest.raises(NoActiveBroker):
        world.read_broker.order_book(context(), world.entered(), None)
    with pytest.raises(NoActiveBroker):
        portfolio_of(world, None)
