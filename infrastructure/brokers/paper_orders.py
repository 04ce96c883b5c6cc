"""What has become of one paper order: its terms, as they were changed, over the price function.

Whoever asks at the same instant, with the same facts and the same seed, gets the same answer, years
later, too. The paper market is open around the clock; orders are for the (Indian) day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from domain.instants import IST
from domain.order_reports import OrderReport
from domain.vocabulary import SETTLED_STATUSES, OrderSighting, OrderStatus, OrderTerms
from infrastructure.simulator.market.instruments import INSTRUMENTS, Instrument
from infrastructure.simulator.market.prices import first_reached, price


@dataclass(frozen=True, kw_only=True)
class PaperOrder:
    """An accepted order at one instant. `terms` are in force then, or were when it ended."""

    report: OrderReport
    terms: OrderTerms
    sighting: OrderSighting

    @property
    def is_open(self) -> bool:
        return self.sighting.status not in SETTLED_STATUSES


@dataclass(frozen=True)
class _Step:
    """From `since` on these terms hold; `None`: it is cancelled."""

    terms: OrderTerms | None
    since: datetime


def see(seed: int, report: OrderReport, now: datetime, *, changing: bool = False) -> PaperOrder:
    """What has become of an accepted order by `now`. What is settled on record stays so.

    `changing`: somebody changes it at `now`, so that a price that is reached in this very second
    comes too late for the old terms.
    """
    steps = _steps(report, now)
    if report.sighting is not None and report.sighting.status in SETTLED_STATUSES:
        terms = _terms_at(steps, report.sighting.broker_time or now)
        return PaperOrder(report=report, terms=terms, sighting=report.sighting)
    for step, following in pairwise(steps):
        ended = _ended(seed, report, step, following.since, cut_short=True)
        if ended is not None:
            return ended
    last, terms = steps[-1], _terms_at(steps, now)
    if last.terms is None:
        cancelled = _sighting(terms, "CANCELLED", last.since)
        return PaperOrder(report=report, terms=terms, sighting=cancelled)
    ended = _ended(seed, report, last, now, cut_short=changing)
    if ended is not None:
        return ended
    waits = terms.trigger_price_inr is not None
    status: OrderStatus = "TRIGGER_PENDING" if waits else "OPEN"
    return PaperOrder(report=report, terms=terms, sighting=_sighting(terms, status, last.since))


def day_end(instant: datetime) -> datetime:
    """Midnight in India after this instant."""
    local = instant.astimezone(IST)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _steps(report: OrderReport, now: datetime) -> list[_Step]:
    """As it was placed, then each change that was accepted by `now`, oldest first; nothing comes
    after a cancellation."""
    assert report.placed_at is not None, "an accepted order has a time"
    changes = [
        _Step(change.terms, change.accepted_at)
        for change in report.changes
        if change.accepted_at is not None and change.accepted_at <= now
    ]
    steps = [_Step(report.request.terms, report.placed_at)]
    for step in sorted(changes, key=lambda change: change.since):
        if steps[-1].terms is not None:
            steps.append(step)
    return steps


def _terms_at(steps: list[_Step], at: datetime) -> OrderTerms:
    """The last that held by then."""
    known = [s.terms for s in steps if s.terms is not None and s.since <= at]
    first = steps[0].terms
    assert first is not None, "an order begins with terms"
    return known[-1] if known else first


def _ended(
    seed: int, report: OrderReport, step: _Step, until: datetime, *, cut_short: bool
) -> PaperOrder | None:
    """How it ended under these terms by `until`; `None` while it is open."""
    terms, placed_at = step.terms, report.placed_at
    assert terms is not None, "nothing follows a cancellation"
    assert placed_at is not None, "an accepted order has a time"
    end = day_end(placed_at)
    filled = _fill(seed, terms, step.since, min(until, end))
    if filled is not None and cut_short and step.since < filled[0] == until:
        filled = None
    if filled is not None:
        sighting = _sighting(terms, "FILLED", filled[0], filled[1])
    elif terms.validity == "IOC":
        sighting = _sighting(terms, "CANCELLED", step.since)
    elif until >= end:
        sighting = _sighting(terms, "EXPIRED", end)
    else:
        return None
    return PaperOrder(report=report, terms=terms, sighting=sighting)


def _fill(
    seed: int, terms: OrderTerms, since: datetime, until: datetime
) -> tuple[datetime, Decimal] | None:
    """When and at what price the whole order was filled, if it has been by `until`."""
    share = INSTRUMENTS[terms.trading_symbol]
    buying = terms.transaction_type == "BUY"
    trigger, limit = terms.trigger_price_inr, terms.limit_price_inr
    at: datetime | None = since
    if terms.validity == "IOC":
        until = since
    if trigger is not None:
        at = _reached(seed, share, since, until, lambda p: p >= trigger if buying else p <= trigger)
    if limit is not None and at is not None:
        at = _reached(seed, share, at, until, lambda p: p <= limit if buying else p >= limit)
    return None if at is None else (at, price(seed, share, at))


def _reached(
    seed: int,
    share: Instrument,
    after: datetime,
    until: datetime,
    reached: Callable[[Decimal], bool],
) -> datetime | None:
    if reached(price(seed, share, after)):
        return after
    return first_reached(seed, share, after, until, reached)


def _sighting(
    terms: OrderTerms, status: OrderStatus, at: datetime, price_inr: Decimal | None = None
) -> OrderSighting:
    """All or nothing: paper fills no order in parts."""
    shares = terms.quantity_shares
    return OrderSighting(
        status=status,
        raw_status=status,
        filled_shares=shares if status == "FILLED" else 0,
        pending_shares=0 if status in SETTLED_STATUSES else shares,
        average_price_inr=price_inr,
        broker_time=at,
    )
