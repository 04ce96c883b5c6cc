"""What holdings and positions are worth, what they have gained in all, and what today.

Today's change is against the close before, the gain against what was paid: two numbers that are
never mixed. Nothing is rounded here, and a number that something is missing for is `None`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from application.ports.account import Holding, Position, PriceSource
from application.ports.market import Quote

ZERO: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Price:
    """Both numbers come from one source. `traded_at` is `None` where that names no time."""

    last_inr: Decimal
    previous_close_inr: Decimal | None
    source: PriceSource
    traded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ValuedHolding:
    holding: Holding
    price: Price | None

    @property
    def name(self) -> str:
        return f"{self.holding.exchange}:{self.holding.trading_symbol}"

    @property
    def invested_inr(self) -> Decimal:
        return self.holding.average_price_inr * self.holding.quantity_shares

    @property
    def current_inr(self) -> Decimal | None:
        return None if self.price is None else self.price.last_inr * self.holding.quantity_shares

    @property
    def gain_inr(self) -> Decimal | None:
        return None if self.current_inr is None else self.current_inr - self.invested_inr

    @property
    def before_inr(self) -> Decimal | None:
        """What it was worth at the close before; what was bought since, at its price."""
        if self.price is None or self.price.previous_close_inr is None:
            return None
        held, new = self.holding, self.holding.bought_today_shares
        old = self.price.previous_close_inr * (held.quantity_shares - new)
        return old + held.bought_today_price_inr * new

    @property
    def day_change_inr(self) -> Decimal | None:
        if self.current_inr is None or self.before_inr is None:
            return None
        return self.current_inr - self.before_inr


@dataclass(frozen=True, kw_only=True)
class ValuedPosition:
    """Both gains are of the position as the broker shows it; the day's is of today alone."""

    position: Position
    price: Price | None

    @property
    def unrealised_inr(self) -> Decimal | None:
        held = self.position
        if not held.quantity_shares:
            return ZERO
        if self.price is None:
            return held.unrealised_inr
        if held.unrealised_inr is not None and self.price.source == held.price_source:
            return held.unrealised_inr
        each = self.price.last_inr - held.average_price_inr
        return each * held.quantity_shares * held.multiplier

    @property
    def gain_inr(self) -> Decimal | None:
        if self.unrealised_inr is None or self.position.realised_inr is None:
            return None
        return self.unrealised_inr + self.position.realised_inr

    @property
    def day_gain_inr(self) -> Decimal | None:
        """What was carried counts from the close before, what was traded today from its price."""
        held, day = self.position, self.position.day
        if day is None:
            return None
        if day.overnight_shares + day.buy_shares - day.sell_shares != held.quantity_shares:
            return None  # the parts do not make the whole, so they mean something else
        worth = ZERO
        if held.quantity_shares:
            if self.price is None:
                return None
            worth = self.price.last_inr * held.quantity_shares
        if day.overnight_shares:
            if self.price is None or self.price.previous_close_inr is None:
                return None
            worth -= self.price.previous_close_inr * day.overnight_shares
        return day.sell_value_inr - day.buy_value_inr + worth * held.multiplier


def needs_quote(item: Holding | Position) -> bool:
    """Whether something is missing that a quote would tell."""
    if isinstance(item, Holding):
        return item.last_price_inr is None or item.previous_close_inr is None
    carried = item.day is not None and item.day.overnight_shares != 0
    return (item.quantity_shares != 0 and item.last_price_inr is None) or (
        carried and item.previous_close_inr is None
    )


def price_of(item: Holding | Position, quote: Quote | None) -> Price | None:
    """The quote's, where there is one: it is asked for only where something is missing."""
    if quote is not None:
        return Price(
            last_inr=quote.last_price_inr,
            previous_close_inr=quote.previous_close_inr,
            source="quotes",
            traded_at=quote.traded_at,
        )
    if item.last_price_inr is None:
        return None
    return Price(
        last_inr=item.last_price_inr,
        previous_close_inr=item.previous_close_inr,
        source=item.price_source,
    )


class Worth(Protocol):
    """What can be summed up: one holding, or the same share at several brokers."""

    @property
    def name(self) -> str: ...
    @property
    def invested_inr(self) -> Decimal: ...
    @property
    def current_inr(self) -> Decimal | None: ...
    @property
    def gain_inr(self) -> Decimal | None: ...
    @property
    def before_inr(self) -> Decimal | None: ...


@dataclass(frozen=True, kw_only=True)
class Totals:
    """`unpriced` and `unclosed` name what no price, and no close before, is known of; a total that
    would have to leave them out is `None`. `free` cost nothing (a bonus, or a transfer from
    elsewhere): all of their worth counts as gain."""

    count: int
    invested_inr: Decimal
    current_inr: Decimal | None
    before_inr: Decimal | None
    winners: int
    losers: int
    unpriced: tuple[str, ...]
    unclosed: tuple[str, ...]
    free: tuple[str, ...]

    @property
    def gain_inr(self) -> Decimal | None:
        return None if self.current_inr is None else self.current_inr - self.invested_inr

    @property
    def day_change_inr(self) -> Decimal | None:
        if self.current_inr is None or self.before_inr is None:
            return None
        return self.current_inr - self.before_inr


def totals(items: Iterable[Worth]) -> Totals:
    found = list(items)
    gains = [each.gain_inr for each in found if each.gain_inr is not None]
    return Totals(
        count=len(found),
        invested_inr=sum((each.invested_inr for each in found), ZERO),
        current_inr=sum_if_all(each.current_inr for each in found),
        before_inr=sum_if_all(each.before_inr for each in found),
        winners=sum(gain > 0 for gain in gains),
        losers=sum(gain < 0 for gain in gains),
        unpriced=tuple(each.name for each in found if each.current_inr is None),
        unclosed=tuple(each.name for each in found if each.before_inr is None),
        free=tuple(each.name for each in found if each.invested_inr == 0 and each.current_inr != 0),
    )


def sum_if_all(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """A sum that leaves something out is none."""
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
