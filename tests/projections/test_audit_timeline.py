"""What was done, in order, in words."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain import control_events as c
from domain import events as e
from domain.vocabulary import OrderSighting
from projections.audit_timeline import TimelineEntry
from projections.summaries import summary, words
from tests.domain.examples import EXAMPLES
from tests.domain.facts import (
    ABSENT,
    ADOPTED,
    CONFIRMED,
    CREATED,
    DECLINED,
    DENIED,
    DISPATCHED,
    FILLED,
    MISMATCHED,
    NEVER_SENT,
    OPEN,
    OPENING_BELL,
    PLACED,
    PROPOSED,
    REJECTED,
    REQUESTED,
    TEN_INFY,
    UNKNOWN,
    accepted,
    cancellation,
    doubted,
    login,
    modification,
    observed,
    refused,
    sent,
)
from tests.projections.history import ASHA, HOME, KEY, RAVI, WORK

RESERVED = EXAMPLES["risk_ledger.reserved.v1"]
MARKET_SELL = replace(
    TEN_INFY, transaction_type="SELL", order_type="MARKET", product="MIS", limit_price_inr=None
)
STOP = replace(TEN_INFY, order_type="SL", trigger_price_inr=Decimal("1475"))


def test_an_event_is_one_line_with_everything_around_it(history, shown):
    history.happened(
        WORK, CREATED, actor="operator", client_name="Claude Code", client_version="2.1"
    )

    assert shown().my_timeline(ASHA).value == [
        TimelineEntry(
            position=1,
            principal=ASHA,
            stream_id=WORK,
            version=1,
            recorded_at=OPENING_BELL,
            name="trading_session.session_created.v1",
            actor="operator",
            client="Claude Code 2.1",
            order_key=None,
            summary="Session 'work' opened (number 1).",
            words=None,
        )
    ]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (e.BrokerSelected(broker="dhan"), "dhan became the active broker."),
        (
            e.DataBrokerSelected(broker="kite"),
            "Market data comes from kite, whichever broker is active.",
        ),
        (
            e.DataBrokerSelected(broker=None),
            "Market data comes from the active broker again.",
        ),
        (login(), "Logged in to kite (SIMULATED)."),
        (
            e.BrokerAuthenticationFailed(broker="kite", code="TOKEN_REFUSED"),
            "A login to kite was refused: TOKEN_REFUSED.",
        ),
        (
            e.BrokerAuthenticationExpired(broker="kite", discovered="clock"),
            "The kite login ended (found by the clock).",
        ),
        (e.BrokerLoggedOut(broker="kite"), "Logged out of kite."),
        (
            e.SessionExpired(reason="idle", last_activity_at=OPENING_BELL, deadline=OPENING_BELL),
            "Session expired (idle), due 2026-11-23T03:45:00.000000Z.",
        ),
        (e.SessionEnded(reason="by the operator"), "Session ended on purpose."),
        (
            REQUESTED,
            "SIMULATED order requested at kite: BUY 10 NSE:INFY CNC LIMIT ₹1,480.50.",
        ),
        (
            replace(REQUESTED, terms=MARKET_SELL),
            "SIMULATED order requested at kite: SELL 10 NSE:INFY MIS MARKET.",
        ),
        (
            replace(REQUESTED, terms=STOP),
            "SIMULATED order requested at kite: "
            "BUY 10 NSE:INFY CNC SL ₹1,480.50 trigger ₹1,475.00.",
        ),
        (DISPATCHED, "The one call to the broker was released."),
        (PLACED, "The broker accepted it as B1."),
        (REJECTED, "The broker refused it: INSUFFICIENT_FUNDS."),
        (NEVER_SENT, "Never sent: NEVER_SENT: No connection."),
        (
            replace(REQUESTED, slice_of="k0"),
            "SIMULATED order requested at kite: "
            "BUY 10 NSE:INFY CNC LIMIT ₹1,480.50, a slice of 'k0'.",
        ),
        (UNKNOWN, "Outcome unknown: no answer within 7 s"),
        (observed(OPEN), "Seen as OPEN: 0 shares filled."),
        (observed(FILLED), "Seen as FILLED: 10 shares filled at ₹1,480.25."),
        (
            e.OrderKeyClaimed(order_key="k1", fingerprint="print-1", session_id=WORK),
            "Order key 'k1' claimed.",
        ),
        (
            PROPOSED,
            "A SIMULATED order at kite waits for a yes until 2026-11-23T09:17:00.000+05:30: "
            "BUY 10 NSE:INFY CNC LIMIT ₹1,480.50.",
        ),
        (
            replace(PROPOSED, change_key="m1", slices=3),
            "A change at kite waits for a yes until 2026-11-23T09:17:00.000+05:30: "
            "BUY 10 NSE:INFY CNC LIMIT ₹1,480.50 in 3 slices.",
        ),
        (CONFIRMED, "Confirmed on our page."),
        (replace(CONFIRMED, method="tool"), "Confirmed through confirm_order."),
        (DECLINED, "Declined in the client: declined."),
        (
            DENIED,
            "A SIMULATED order at kite was denied by max_order_value_inr (version 1, limit 10000): "
            "BUY 10 NSE:INFY CNC LIMIT ₹1,480.50. It is worth 14805.00 INR.",
        ),
        (
            replace(DENIED, change_key="m1"),
            "A change at kite was denied by max_order_value_inr (version 1, limit 10000): "
            "BUY 10 NSE:INFY CNC LIMIT ₹1,480.50. It is worth 14805.00 INR.",
        ),
        (
            ABSENT,
            "Not in the broker's whole book of 2026-11-23T21:15:00.000+05:30: never placed.",
        ),
        (
            ADOPTED,
            "Found at kite (SIMULATED) as B1 with an id of ours, and adopted: "
            "BUY 10 NSE:INFY CNC LIMIT ₹1,480.50, OPEN.",
        ),
        (
            MISMATCHED,
            "Our id is on B1, which is another order: SELL 10 NSE:INFY instead of BUY",
        ),
        (
            modification("m1"),
            "Changing B1 was requested: BUY 20 NSE:INFY CNC LIMIT ₹1,480.50.",
        ),
        (cancellation("c1"), "Cancelling B1 was requested."),
        (sent("c1"), "The one call for change 'c1' was released."),
        (accepted("c1"), "Change 'c1' was accepted."),
        (refused("c1"), "Change 'c1' was refused by the broker: ORDER_NOT_OPEN."),
        (
            replace(refused("c1"), reached_broker=False),
            "Change 'c1' was never sent: ORDER_NOT_OPEN: Too late.",
        ),
        (doubted("c1"), "Outcome of change 'c1' unknown: no answer within 7 s"),
        (
            replace(RESERVED, change_key=None),
            "₹14,805.00 reserved for 'k1'.",
        ),
        (
            replace(RESERVED, value_inr=None),
            "An unknown value reserved for 'k1' (change 'm1').",
        ),
        (
            c.RiskReleased(order_key="k1", reason="INSUFFICIENT_FUNDS"),
            "The reservation for 'k1' was given back: INSUFFICIENT_FUNDS.",
        ),
        (
            EXAMPLES["risk_limits.changed.v1"],
            "Limits changed: max_order_value_inr 50000, max_orders_per_day back to the default.",
        ),
        (
            c.TradingHalted(scope="account", reason="A mismatch.", by=None, order_key="k1"),
            "Trading halted in one account by the reconciler, because of order 'k1'.",
        ),
        (
            c.TradingHalted(scope="user", reason="Enough.", by=ASHA),
            "Trading halted for one person by the user.",
        ),
        (
            c.TradingResumed(scope="global", reason="Go on.", by=ASHA),
            "Trading resumed for everybody by the user.",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, e.Event) else "",
)
def test_every_kind_of_event_is_told_in_a_sentence(event, words):
    assert summary(event) == words


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_no_event_is_told_by_its_bare_name(event):
    assert summary(event) != type(event).__name__


@pytest.mark.parametrize(
    ("event", "theirs"),
    [
        (REJECTED, "Not enough money."),
        (NEVER_SENT, None),
        (refused("c1"), "Too late."),
        (replace(refused("c1"), reached_broker=False), None),
        (observed(replace(OPEN, status_message="Waits.")), "Waits."),
        (observed(FILLED), None),
        (c.TradingHalted(scope="user", reason="Enough.", by=ASHA), "Enough."),
        (e.SessionEnded(reason="by the operator"), "by the operator"),
        (DENIED, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, e.Event) else "",
)
def test_what_others_wrote_stands_beside_the_sentence(event, theirs):
    assert words(event) == theirs
    assert theirs is None or theirs not in summary(event)


def test_facts_about_orders_name_the_order(history, shown):
    history.happened(WORK, CREATED, REQUESTED, DISPATCHED)
    history.happened(KEY, e.OrderKeyClaimed(order_key="k2", fingerprint="print-1", session_id=WORK))

    history.happened(KEY, RESERVED, c.TradingHalted(scope="user", reason="Enough.", by=ASHA))

    keys = [entry.order_key for entry in shown().my_timeline(ASHA).value]

    assert keys == [None, "k1", "k1", "k2", "k1", None]


@pytest.mark.parametrize(
    ("name", "version", "client"),
    [
        (None, None, None),
        ("Cursor", None, "Cursor"),
        ("x" * 200, "1", "x" * 120),
    ],
)
def test_a_client_is_named_as_far_as_it_is_known(history, shown, name, version, client):
    history.happened(WORK, CREATED, client_name=name, client_version=version)

    assert shown().my_timeline(ASHA).value[0].client == client


def test_a_person_sees_their_own_events_over_all_sessions_in_order(history, shown):
    history.happened(WORK, CREATED)
    history.happened(HOME, CREATED, principal=RAVI)
    history.happened(KEY, CREATED)

    assert [entry.position for entry in shown().my_timeline(ASHA).value] == [1, 3]
    assert [entry.position for entry in shown().my_timeline(RAVI).value] == [2]


def test_a_timeline_is_read_page_by_page_and_up_to_an_instant(history, shown):
    history.happened(WORK, CREATED)
    for minute in range(1, 5):
        history.happened(WORK, DISPATCHED, at=OPENING_BELL + timedelta(minutes=minute))
    timeline = shown().my_timeline

    assert [entry.position for entry in timeline(ASHA, limit=2).value] == [1, 2]
    assert [entry.position for entry in timeline(ASHA, after=2, limit=2).value] == [3, 4]
    until = OPENING_BELL + timedelta(minutes=2)
    assert [entry.position for entry in timeline(ASHA, until=until).value] == [1, 2, 3]


def test_the_newest_come_first_page_by_page_of_a_person_and_of_one_order(history, shown):
    history.happened(WORK, CREATED, REQUESTED, DISPATCHED)
    history.happened(HOME, CREATED, REQUESTED, principal=RAVI)
    history.happened(WORK, PLACED, at=OPENING_BELL + timedelta(minutes=1))

    def told(**asked):
        found, total = shown().my_activity(ASHA, **asked).value
        return [entry.position for entry in found], total

    assert told() == ([6, 3, 2, 1], 4)
    assert told(limit=2) == ([6, 3], 4)
    assert told(before=3) == ([2, 1], 4)
    assert told(order_key="k1", limit=1) == ([6], 3)
    assert told(order_key="k2") == ([], 0)
    assert told(since=OPENING_BELL + timedelta(seconds=1)) == ([6], 1)
    assert told(until=OPENING_BELL, order_key="k1") == ([3, 2], 2)


def test_what_a_broker_said_is_told_whatever_it_is(history, shown):
    """Raw words of the outside world, in any script and of any length."""
    odd = OrderSighting(
        status="UNKNOWN", raw_status="अज्ञात 🪙 '; --", filled_shares=0, pending_shares=0
    )
    history.happened(
        WORK,
        observed(odd),
        e.OrderRejected(order_key="k1", code="REFUSED", reason="₹" * 5000),
    )

    told = [(entry.summary, entry.words) for entry in shown().my_timeline(ASHA).value]

    assert told == [
        ("Seen as UNKNOWN: 0 shares filled.", None),
        ("The broker refused it: REFUSED.", "₹" * 5000),
    ]


def test_a_character_that_postgresql_cannot_store_hides_nothing(history, shown):
    """Otherwise whoever names their client so would not be in the timeline."""
    history.happened(WORK, CREATED, client_name="Cla\0ude")
    history.happened(WORK, e.OrderRejected(order_key="k1", code="REFUSED", reason="no\0pe"))

    first, second = shown().my_timeline(ASHA).value

    assert first.client == "Cla\ufffdude"
    assert second.words == "no\ufffdpe"
