"""Gather what the risk rules look at: limits, price, instrument, and what the day has seen."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from application.market.market_days import is_open, next_open
from application.orders.last_prices import LastPrice, LastPrices
from application.orders.risk_limits import RiskPolicy
from application.ports.calendar import Calendar
from application.ports.instruments import Instruments
from application.sessions.broker_access import Admission
from application.writer import Writer
from domain.absence import may_be_live
from domain.instants import trading_day
from domain.instruments import Instrument
from domain.limits import RiskLimits
from domain.risk_ledger import RiskLedger, with_counters
from domain.session import fold
from domain.vocabulary import OrderTerms, RiskFacts

RECENT_SESSIONS: Final = 20
"""An account's orders of the day may be of any recent session of its owner."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is looked up before the decision; the ledger is read inside it, and the calendar asked
    about its moment."""

    limits: RiskLimits
    instrument: Instrument | None
    price: LastPrice | None
    unknown_open: int
    calendar: Calendar


@dataclass(frozen=True, kw_only=True)
class Judging:
    policy: RiskPolicy
    prices: LastPrices
    instruments: Instruments
    calendar: Calendar
    writer: Writer

    def look(self, admission: Admission, account: str, terms: OrderTerms, now: datetime) -> Seen:
        """Asks the broker for the last price, where the instrument is known.

        Raises:
            LoginExpired: the broker says that the login is over.
        """
        instrument = self.instruments.find(terms.exchange, terms.trading_symbol)
        principal = admission.access.principal
        return Seen(
            limits=self.policy.of(principal),
            instrument=instrument,
            price=self.prices.of(admission, instrument) if instrument else None,
            unknown_open=self._unknown_open(principal, account, now),
            calendar=self.calendar,
        )

    def _unknown_open(self, principal: UUID, account: str, now: datetime) -> int:
        count = 0
        for opened in self.writer.store.sessions_of(principal)[-RECENT_SESSIONS:]:
            session = fold(self.writer.load(opened.session_id).events)
            for order in session.orders.values() if session else ():
                if order.request.account_fingerprint == account and may_be_live(order, now):
                    count += 1
        return count


def facts(
    seen: Seen, ledger: RiskLedger, account: str, terms: OrderTerms, now: datetime
) -> RiskFacts:
    """Everything that the rules see of this order, with the day's counters before it."""
    instrument, price, calendar = seen.instrument, seen.price, seen.calendar
    open_now = is_open(calendar, terms.exchange, now)
    known = RiskFacts(
        price_inr=price.price_inr if price else None,
        price_at=price.at if price else None,
        value_inr=value_of(terms, price.price_inr if price else None),
        tick_inr=instrument.tick_inr if instrument else None,
        lot_size_shares=instrument.lot_size_shares if instrument else None,
        kind=instrument.kind if instrument else None,
        unknown_open=seen.unknown_open,
        exchange_open=open_now,
        closed_because=calendar.closed_because(terms.exchange, trading_day(now)),
        opens_at=None if open_now else next_open(calendar, terms.exchange, now).opens,
    )
    return with_counters(known, ledger, account, terms, now)


def value_of(terms: OrderTerms, last_price_inr: Decimal | None) -> Decimal | None:
    """Quantity times the price that it would go at: a buyer's limit is the most it can be, a
    seller's the least, so there the last price counts if it is more; without a limit the trigger or
    the last price, whichever is more. `None` without any of them."""
    if terms.limit_price_inr is not None and terms.transaction_type == "BUY":
        return terms.limit_price_inr * terms.quantity_shares
    given = (terms.limit_price_inr, terms.trigger_price_inr, last_price_inr)
    known = [price for price in given if price is not None]
    return max(known) * terms.quantity_shares if known else None
