"""Cards 44 to 62: quotes, candles, options, triggers, the kill switch, whoever the broker is."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from msgspec.structs import replace

from application.market.periods import Period, pieces
from application.ports.broker_orders import (
    Accepted,
    Declined,
    GttLeg,
    GttOrder,
    GttTicket,
    Unproven,
)
from domain.capabilities import OFFERS, Function
from domain.errors import NotSupportedByBroker
from domain.events import OrderRejected
from domain.instruments import Instrument
from domain.vocabulary import Interval
from infrastructure.brokers.lacking import Lacking
from tests.contract.cards import needs
from tests.contract.desk import BUY_TEN, Desk, known

METHODS: dict[Function, tuple[str, ...]] = {
    "modify": ("modify",),
    "cancel": ("cancel",),
    "profile": ("profile",),
    "funds": ("funds",),
    "order_history": ("order_history",),
    "find": ("find",),
    "trades": ("trades",),
    "quotes": ("quotes",),
    "candles": ("candles",),
    "order_margins": ("order_margins",),
    "basket_margins": ("basket_margins",),
    "charges": ("charges",),
    "convert_position": ("convert_position",),
    "gtt": ("place_gtt", "modify_gtt", "cancel_gtt", "gtt_orders"),
    "option_chain": ("option_chain",),
    "expiries": ("expiries",),
    "kill_switch": ("set_kill_switch", "kill_switch"),
}
NOBODY = Instrument(
    name="NSE:ZYXW",
    exchange="NSE",
    kind="EQ",
    trading_symbol="ZYXW",
    exchange_token="999999",
    description="Nobody",
    tick_inr=Decimal("0.05"),
)


@needs("quotes")
def test_card_44_last_prices_come_in_the_order_asked(desk: Desk):
    wanted = [desk.instrument("NSE", "TCS"), desk.instrument("NSE", "INFY")]

    quotes = desk.broker.quotes(desk.access, wanted, "ltp", desk.clock())

    assert [(q.instrument.name, q.last_price_inr) for q in quotes] == [
        ("NSE:TCS", desk.price("NSE", "TCS")),
        ("NSE:INFY", desk.price("NSE", "INFY")),
    ]


@needs("quotes")
def test_card_45_what_the_broker_does_not_know_is_missing(desk: Desk):
    wanted = [NOBODY, desk.instrument("NSE", "INFY")]

    quotes = desk.broker.quotes(desk.access, wanted, "ltp", desk.clock())

    assert [quote.instrument.name for quote in quotes] == ["NSE:INFY"]


@needs("quotes")
def test_card_46_the_day_lies_between_its_low_and_its_high(desk: Desk):
    desk.advance(hours=2)

    (quote,) = desk.broker.quotes(
        desk.access, [desk.instrument("NSE", "INFY")], "ohlc", desk.clock()
    )

    low, high = known(quote.low_inr), known(quote.high_inr)
    assert low <= known(quote.open_inr) <= high
    assert low <= quote.last_price_inr <= high
    assert quote.previous_close_inr is None or quote.previous_close_inr > 0


@needs("depth")
def test_card_47_the_depth_has_the_best_prices_first(desk: Desk):
    desk.advance(hours=1)

    (quote,) = desk.broker.quotes(
        desk.access, [desk.instrument("NSE", "INFY")], "full", desk.clock()
    )

    bids, asks = [b.price_inr for b in quote.bids], [a.price_inr for a in quote.asks]
    assert len(bids) == len(asks) == 5
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert all(level.quantity_shares > 0 for level in quote.bids + quote.asks)
    assert known(quote.volume_shares) > 0


@needs("quotes")
def test_card_48_an_index_has_a_price_too(desk: Desk):
    nifty = desk.instrument("NSE", "NIFTY 50")

    (quote,) = desk.broker.quotes(desk.access, [nifty], "ltp", desk.clock())

    assert quote.last_price_inr == desk.price("NSE", "NIFTY 50")


@needs("quotes")
def test_card_49_an_option_has_a_price_too(desk: Desk):
    call = desk.at_the_money_call()

    (quote,) = desk.broker.quotes(desk.access, [call], "ltp", desk.clock())

    assert quote.last_price_inr == desk.price("NFO", call.trading_symbol)


@needs("quotes")
def test_card_50_fifty_one_at_once_are_no_trouble(desk: Desk):
    wanted = desk.shares(51)

    quotes = desk.broker.quotes(desk.access, wanted, "ltp", desk.clock())

    assert [q.instrument.name for q in quotes] == [i.name for i in wanted]


@needs("candles")
def test_card_51_minutes_begin_at_the_start_and_stop_before_the_end(desk: Desk):
    start = desk.clock()
    desk.advance(minutes=30)

    bars = desk.broker.candles(
        desk.access,
        desk.instrument("NSE", "INFY"),
        "1m",
        start,
        start + timedelta(minutes=10),
        desk.clock(),
    )

    assert [bar.starts_at for bar in bars] == [start + timedelta(minutes=n) for n in range(10)]
    assert all(bar.low_inr <= bar.open_inr <= bar.high_inr for bar in bars)
    assert all(bar.low_inr <= bar.close_inr <= bar.high_inr for bar in bars)
    assert all(bar.starts_at.utcoffset() == timedelta(0) for bar in bars)


@needs("candles")
@pytest.mark.parametrize(("interval", "days"), [("5m", 130), ("1d", 2600)])
def test_card_52_a_span_of_several_requests_has_no_gaps_and_no_doubles(
    desk: Desk, interval: Interval, days: int
):
    end = desk.clock()
    start = end - timedelta(days=days)

    infy, longest_span = desk.instrument("NSE", "INFY"), OFFERS[desk.name].longest_span[interval]

    starts = [
        bar.starts_at
        for part in pieces(Period(start=start, end=end), interval, longest_span)
        for bar in desk.broker.candles(
            desk.access, infy, interval, part.start, part.end, desk.clock()
        )
    ]

    assert starts == sorted(set(starts))
    assert start <= starts[0] < start + timedelta(days=5)
    assert end - timedelta(days=5) < starts[-1] < end
    longest = max(later - earlier for earlier, later in pairwise(starts))
    assert longest <= timedelta(days=5)


@needs("candles")
def test_card_53_an_interval_that_the_broker_lacks_is_refused(desk: Desk):
    everywhere: tuple[Interval, ...] = ("2m", "3m", "25m", "1w", "1M")
    lacking = [each for each in everywhere if each not in OFFERS[desk.name].longest_span]
    assert lacking, "no broker has them all"
    for interval in lacking:
        with pytest.raises(NotSupportedByBroker, match=interval):
            desk.broker.candles(
                desk.access,
                desk.instrument("NSE", "INFY"),
                interval,
                desk.clock() - timedelta(days=1),
                desk.clock(),
                desk.clock(),
            )


def triggered(desk: Desk, **changes: object) -> GttTicket:
    """Buys a lot of the nearest NIFTY future far below: every broker takes triggers for those."""
    future = desk.future()
    tick = future.tick_inr
    price = desk.price("NFO", future.trading_symbol)
    low = (price * Decimal("0.95")) // tick * tick
    leg = GttLeg(trigger_price_inr=low, limit_price_inr=low)
    terms: dict[str, object] = {
        "broker_tag": "u1b2c3d4e5f6g7h8i9j0",
        "kind": "SINGLE",
        "exchange": "NFO",
        "trading_symbol": future.trading_symbol,
        "transaction_type": "BUY",
        "product": "NRML",
        "quantity_shares": future.lot_size_shares,
        "legs": (leg,),
        "last_price_inr": price,
    }
    return GttTicket(**(terms | changes))  # type: ignore[arg-type]  # names as above


def one_of(desk: Desk, gtt_id: str) -> GttOrder:
    listed = desk.broker.gtt_orders(desk.access, desk.clock())
    (found,) = [each for each in listed if each.gtt_id == gtt_id]
    return found


@needs("gtt")
def test_card_54_a_trigger_waits_and_is_listed(desk: Desk):
    ticket = triggered(desk)

    end = desk.broker.place_gtt(desk.access, ticket, desk.clock())

    assert isinstance(end, Accepted)
    found = one_of(desk, str(end.reference))
    assert (found.status, found.kind) == ("ACTIVE", "SINGLE")
    assert (found.exchange, found.trading_symbol) == ("NFO", ticket.trading_symbol)
    assert (found.transaction_type, found.product) == ("BUY", "NRML")
    assert (found.quantity_shares, found.legs) == (ticket.quantity_shares, ticket.legs)
    assert desk.broker.orders(desk.access, desk.clock()) == ()


@needs("gtt")
def test_card_55_of_two_legs_the_lower_is_told_first(desk: Desk):
    future = desk.future()
    price = desk.price("NFO", future.trading_symbol)
    tick = future.tick_inr
    low, high = ((price * share) // tick * tick for share in (Decimal("0.95"), Decimal("1.05")))
    legs = tuple(GttLeg(trigger_price_inr=at, limit_price_inr=at) for at in (low, high))
    if "NFO" in desk.broker.offer.exchanges:
        # Groww documents an OCO as a way out of what is held; the others take it then, too.
        desk.placed(
            replace(
                BUY_TEN,
                exchange="NFO",
                trading_symbol=future.trading_symbol,
                product="NRML",
                quantity_shares=future.lot_size_shares,
            )
        )

    end = desk.broker.place_gtt(
        desk.access,
        triggered(desk, kind="OCO", transaction_type="SELL", legs=legs),
        desk.clock(),
    )

    assert isinstance(end, Accepted)
    found = one_of(desk, str(end.reference))
    assert (found.kind, found.status) == ("OCO", "ACTIVE")
    assert [leg.trigger_price_inr for leg in found.legs] == [low, high]


@needs("gtt")
def test_card_56_a_trigger_can_be_moved(desk: Desk):
    ticket = triggered(desk)
    end = desk.broker.place_gtt(desk.access, ticket, desk.clock())
    assert isinstance(end, Accepted)
    lower = ticket.legs[0].trigger_price_inr - 10 * desk.future().tick_inr
    leg = GttLeg(trigger_price_inr=lower, limit_price_inr=lower)

    moved = desk.broker.modify_gtt(
        desk.access, str(end.reference), triggered(desk, legs=(leg,)), desk.clock()
    )

    assert isinstance(moved, Accepted)
    assert one_of(desk, str(end.reference)).legs == (leg,)


@needs("gtt")
def test_card_57_a_trigger_can_be_taken_back_once(desk: Desk):
    end = desk.broker.place_gtt(desk.access, triggered(desk), desk.clock())
    assert isinstance(end, Accepted)
    waiting = one_of(desk, str(end.reference))

    first = desk.broker.cancel_gtt(desk.access, waiting, desk.clock())
    again = desk.broker.cancel_gtt(desk.access, waiting, desk.clock())

    assert isinstance(first, Accepted)
    assert isinstance(again, Declined | Unproven)
    left = desk.broker.gtt_orders(desk.access, desk.clock())
    assert [g.status for g in left if g.gtt_id == waiting.gtt_id] in ([], ["CANCELLED"])


@needs("expiries")
def test_card_58_expiries_come_the_nearest_first(desk: Desk):
    nifty = desk.instrument("NSE", "NIFTY 50")

    expiries = desk.broker.expiries(desk.access, nifty, desk.clock())

    assert len(expiries) >= 3
    assert list(expiries) == sorted(set(expiries))
    assert expiries[0] == desk.at_the_money_call().expiry


@needs("option_chain")
def test_card_59_a_chain_has_calls_and_puts_by_strike(desk: Desk):
    nifty, call = desk.instrument("NSE", "NIFTY 50"), desk.at_the_money_call()
    assert call.expiry is not None

    chain = desk.broker.option_chain(desk.access, nifty, call.expiry, desk.clock())

    strikes = [row.strike_inr for row in chain.rows]
    assert strikes == sorted(set(strikes))
    (row,) = [row for row in chain.rows if row.strike_inr == call.strike_inr]
    assert row.call is not None
    assert row.put is not None
    assert row.call.last_price_inr == desk.price("NFO", call.trading_symbol)
    assert Decimal(0) < known(row.call.delta) < Decimal(1)
    assert Decimal(-1) < known(row.put.delta) < Decimal(0)
    assert chain.underlying_price_inr == desk.price("NSE", "NIFTY 50")


@needs("kill_switch")
def test_card_60_the_kill_switch_stops_orders(desk: Desk):
    assert desk.broker.kill_switch(desk.access, desk.clock()) is False

    end = desk.broker.set_kill_switch(desk.access, True, desk.clock())

    assert isinstance(end, Accepted)
    assert desk.broker.kill_switch(desk.access, desk.clock()) is True
    assert isinstance(desk.place(BUY_TEN), OrderRejected)


def test_card_61_what_is_offered_is_there_and_nothing_else_is(desk: Desk):
    """Whatever an adapter does not define itself is `Lacking`'s refusal."""
    offered = OFFERS[desk.name].functions
    there = {
        function
        for function, methods in METHODS.items()
        if all(getattr(type(desk.broker), each) is not getattr(Lacking, each) for each in methods)
    }

    assert there == {each for each in offered if each in METHODS}


def test_card_62_no_secret_shows_in_what_can_be_printed(desk: Desk):
    secrets = list(desk.access.secrets.values())

    shown = f"{desk.access!r} {desk.broker!r} {vars(desk.broker)!r} {desk.access.secrets}"

    assert [secret for secret in secrets if secret in shown and len(secret) > 8] == []
