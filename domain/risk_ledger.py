"""What was taken from one principal's limits on one trading day: a fold, so that it survives a
restart and is the same on every instance."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain import control_events as c
from domain.events import Event
from domain.orders import plain_prices
from domain.vocabulary import OrderTerms, RiskFacts


class Reservation(msgspec.Struct, frozen=True, gc=False):
    """One order that was asked for. `released`: proven not to be at the broker."""

    at: datetime
    session_id: UUID
    account_fingerprint: str
    broker_tag: str
    same_as: str
    value_inr: Decimal | None
    released: bool = False


class RiskLedger(msgspec.Struct, frozen=True, gc=False):
    """By order key or, for a modification, by order key and change key."""

    reservations: Mapping[tuple[str, str | None], Reservation] = {}

    @property
    def orders(self) -> int:
        return len(self.reservations)

    @property
    def value_inr(self) -> Decimal:
        """Of what may be at the broker."""
        held = (r.value_inr for r in self.reservations.values() if not r.released)
        return sum((value for value in held if value is not None), Decimal(0))

    def since(self, now: datetime, span: timedelta) -> int:
        """How many were asked for within the last `span`. The future counts, too: it is another
        instance's clock."""
        return sum(r.at > now - span for r in self.reservations.values())

    def last_same(self, same_as: str) -> datetime | None:
        """When the same order was last asked for, and may be at the broker."""
        found = (
            r.at for r in self.reservations.values() if r.same_as == same_as and not r.released
        )
        return max(found, default=None)

    def with_reserved(self, fact: c.RiskReserved) -> "RiskLedger":
        """As it is once this is on record."""
        key = fact.order_key, fact.change_key
        return RiskLedger({**self.reservations, key: _reservation(fact)})


def _reservation(fact: c.RiskReserved) -> Reservation:
    return Reservation(
        fact.at,
        fact.session_id,
        fact.account_fingerprint,
        fact.broker_tag,
        fact.same_as,
        fact.value_inr,
    )


def fold_ledger(events: Iterable[Event]) -> RiskLedger:
    reservations: dict[tuple[str, str | None], Reservation] = {}
    for event in events:
        match event:
            case c.RiskReserved():
                reservations[event.order_key, event.change_key] = _reservation(event)
            case c.RiskReleased(order_key=key, change_key=change) if (key, change) in reservations:
                reservations[key, change] = replace(reservations[key, change], released=True)
            case _:
                pass
    return RiskLedger(reservations)


def release(
    ledger: RiskLedger, order_key: str, reason: str, change_key: str | None = None
) -> list[Event]:
    """Decide: give back what this order took. Nothing where it took nothing, or gave it back."""
    held = ledger.reservations.get((order_key, change_key))
    if held is None or held.released:
        return []
    return [c.RiskReleased(order_key=order_key, reason=reason, change_key=change_key)]


def with_counters(
    known: RiskFacts, ledger: RiskLedger, account_fingerprint: str, terms: OrderTerms, now: datetime
) -> RiskFacts:
    """What is known of an order, with the day's counters before it."""
    return replace(
        known,
        orders_today=ledger.orders,
        value_today_inr=ledger.value_inr,
        orders_last_second=ledger.since(now, timedelta(seconds=1)),
        orders_last_minute=ledger.since(now, timedelta(minutes=1)),
        same_order_at=ledger.last_same(same_as(account_fingerprint, terms)),
    )


def same_as(account_fingerprint: str, terms: OrderTerms) -> str:
    """A digest of what makes two orders look the same to a person: account, instrument, side,
    product, type, quantity and prices (SHA-256, 32 hex digits)."""

    def plain(price: Decimal | None) -> str | None:
        return None if price is None else f"{price.normalize():f}"

    parts: list[object] = [
        account_fingerprint,
        terms.exchange,
        terms.trading_symbol,
        terms.transaction_type,
        terms.product,
        terms.order_type,
        terms.quantity_shares,
        plain(terms.limit_price_inr),
        plain(terms.trigger_price_inr),
    ]
    if terms.instruction is not None:  # orders of earlier releases have none: theirs stay as told
        parts.append(plain_prices(terms).instruction)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
