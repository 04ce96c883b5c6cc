"""How time passes for an account: orders and GTTs catch up, days end, contracts expire."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from infrastructure.simulator.exchange.accounts import Account, Holding
from infrastructure.simulator.exchange.gtt import Gtt, GttFired, firing
from infrastructure.simulator.exchange.matching import cancel, work
from infrastructure.simulator.exchange.orders import ZERO, Order, OrderRequest, Product
from infrastructure.simulator.exchange.positions import Position
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.exchange.venue import Venue
from infrastructure.simulator.market.instruments import INSTRUMENTS
from infrastructure.simulator.market.prices import expires_at, settlement

Place = Callable[[OrderRequest, datetime], str]


def catch_up(venue: Venue, account: Account, now: datetime, place: Place) -> None:
    """Let the time since the last look pass for this account, the ends of its days included.

    `place` takes an order for this account at a given time, as a GTT that is reached does.
    """
    while now >= account.day_ends_at:
        _within_the_day(venue, account, account.day_ends_at, place)
        _close_the_day(venue, account)
        account.day_ends_at += timedelta(days=1)
    _within_the_day(venue, account, now, place)


def _within_the_day(venue: Venue, account: Account, now: datetime, place: Place) -> None:
    for gtt in [each for each in account.gtts.values() if each.status == "active"]:
        account.gtts[gtt.gtt_id] = _watched(venue, gtt, account.looked_at, now, place)
    for order in list(account.working.values()):
        work(venue, account, order, account.looked_at, now)
    while account.legs_to_come:
        _follow_up(venue, account, account.legs_to_come.pop(0), now, place)
    account.looked_at = max(account.looked_at, now)


def _follow_up(venue: Venue, account: Account, filled: Order, now: datetime, place: Place) -> None:
    """Bring the next leg of an iceberg to the market; where it is refused, the iceberg ends."""
    request = filled.next_leg
    assert request is not None, "only such orders are kept"
    with suppress(Refused):
        leg = account.working.get(place(request, filled.at))
        if leg is not None:
            work(venue, account, leg, filled.at, now)


def _watched(venue: Venue, gtt: Gtt, after: datetime, now: datetime, place: Place) -> Gtt:
    until = min(now, gtt.expires_at)
    fires = firing(venue, gtt, max(after, gtt.updated_at), until)
    if fires is None:
        return replace(gtt, status="expired", updated_at=until) if now >= gtt.expires_at else gtt
    leg, at, price_inr = fires
    order_id = rejection = None
    try:
        order_id = place(gtt.terms.legs[leg].request, at)
    except Refused as refused:
        rejection = refused.message
    fired = GttFired(leg=leg, at=at, price_inr=price_inr, order_id=order_id, rejection=rejection)
    return replace(gtt, status="triggered", updated_at=at, fired=fired)


def _close_the_day(venue: Venue, account: Account) -> None:
    """Open orders lapse, intraday positions are closed, deliveries become holdings, contracts
    are carried. The day's book is forgotten, as the brokers' own is; after-market orders stay.
    """
    at = account.day_ends_at
    for order in list(account.working.values()):
        if order.status != "AMO REQ RECEIVED":
            cancel(account, order, at, lapsed=True)
    for position in account.positions.values():
        account.cash_inr += position.cash_flow_inr
        last = _closed_at(venue, position, at)
        if last is not None:
            each = last if position.is_paid_in_full else last - position.average_price_inr
            account.cash_inr += position.net_shares * each
    _deliver(account)
    carried = [p for p in account.positions.values() if _is_carried(p, at)]
    for position in carried:
        position.carry()
    account.positions = {position.key: position for position in carried}
    account.steps = {order_id: account.steps[order_id] for order_id in account.working}
    account.fills.clear()
    account.forgotten_updates += len(account.updates)
    account.updates.clear()
    account.legs_to_come.clear()
    account.kill_switch = False


def _is_carried(position: Position, at: datetime) -> bool:
    """Contracts held as NRML go on until they expire."""
    return (
        position.product == "NRML"
        and position.net_shares != 0
        and expires_at(position.instrument) > at
    )


def _closed_at(venue: Venue, position: Position, at: datetime) -> Decimal | None:
    """The price in INR at which a position ends with the day `at`; `None`: it does not."""
    instrument = position.instrument
    if instrument.is_contract and expires_at(instrument) <= at:
        return settlement(venue.seed, instrument)
    return venue.last(instrument, at) if position.product == "MIS" else None


def _deliver(account: Account) -> None:
    """Settle the day's deliveries of each share, whichever exchange they were traded on."""
    traded: dict[tuple[str, Product], list[Position]] = {}
    for position in account.positions.values():
        if position.product in ("CNC", "MTF"):
            traded.setdefault((position.symbol, position.product), []).append(position)
    for (symbol, product), positions in traded.items():
        share = INSTRUMENTS[symbol]
        held = account.holdings.pop((share.isin, product), None)
        before = held.quantity_shares if held else 0
        average = held.average_price_inr if held else ZERO
        net = sum(position.net_shares for position in positions)
        if before + net <= 0:
            continue
        if net > 0:
            bought = max(positions, key=lambda position: position.net_shares)
            average = (average * before + bought.average_price_inr * net) / (before + net)
        account.holdings[share.isin, product] = Holding(
            instrument=share,
            quantity_shares=before + net,
            average_price_inr=average,
            product=product,
        )
