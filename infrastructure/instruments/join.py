"""One instrument out of what up to three brokers say about it.

A broker that nobody agrees with loses its handle: the instrument stays visible, and cannot be
traded there. Of two that disagree both lose theirs, because nobody can say which one is right.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Final, NamedTuple

from domain.instruments import canonical_name
from domain.vocabulary import BrokerName
from infrastructure.instruments.listing import Listing

CHECKED: Final[dict[str, Callable[[Listing], str | int | None]]] = {
    "kind": lambda listing: listing.kind,
    "symbol": lambda listing: listing.is_about,
    "expiry": lambda listing: listing.expiry,
    "strike": lambda listing: listing.strike_inr,
    "lot": lambda listing: listing.lot_size_shares,
    "tick": lambda listing: listing.tick_inr,
    "isin": lambda listing: listing.isin,
}
"""What must be the same everywhere; a broker that says nothing contradicts nobody."""

_CHECKED_AT_ONCE: Final = attrgetter(
    "kind", "is_about", "expiry", "strike_inr", "lot_size_shares", "tick_inr", "isin"
)
"""Nearly always all are alike, and the fields need not be looked at one by one."""

_ORDER: Final[dict[BrokerName, int]] = {"kite": 0, "groww": 1, "dhan": 2, "paper": 3}
"""Whose spelling and description is taken first: Kite and Groww write the exchange's symbol."""


class Disagreement(NamedTuple):
    """What one broker says about a field that another broker contradicts."""

    field: str
    broker: BrokerName
    value: str


class Joined(NamedTuple):
    """`best` has the values to go by, `trusted` the listings whose handles may be used."""

    name: str
    best: Listing
    trusted: tuple[Listing, ...]
    isin: str | None
    disagreements: tuple[Disagreement, ...]


def join(listings: Sequence[Listing]) -> Joined:
    """Make one instrument of listings with the same key.

    Args:
        listings: at least one; of two by the same broker neither is believed.
    """
    doubled = _doubled(listings)
    suspects = {broker for broker, _ in doubled}
    disagreements = [Disagreement("listed twice", broker, symbol) for broker, symbol in doubled]
    if len(set(map(_CHECKED_AT_ONCE, listings))) > 1:
        for field, read in CHECKED.items():
            values = {each.broker: read(each) for each in listings if read(each) is not None}
            if len(set(values.values())) > 1:
                suspects |= _outliers(values)
                disagreements += [
                    Disagreement(field, broker, str(value)) for broker, value in values.items()
                ]
    trusted = tuple(
        sorted(
            (each for each in listings if each.broker not in suspects),
            key=lambda each: _ORDER[each.broker],
        )
    )
    best = trusted[0] if trusted else min(listings, key=lambda each: _ORDER[each.broker])
    isins = (each.isin for each in trusted or (best,) if each.isin)
    return Joined(_name(best), best, trusted, next(isins, None), tuple(disagreements))


def joined(in_order: Iterator[tuple[str, Listing]]) -> Iterator[Joined]:
    """Join listings that come in the order of their keys."""
    group: list[Listing] = []
    current = None
    for key, listing in in_order:
        if key != current and group:
            yield join(group)
            group = []
        current = key
        group.append(listing)
    if group:
        yield join(group)


def _doubled(listings: Sequence[Listing]) -> list[tuple[BrokerName, str]]:
    if len({each.broker for each in listings}) == len(listings):
        return []
    times = Counter(each.broker for each in listings)
    return [(each.broker, each.symbol) for each in listings if times[each.broker] > 1]


def _outliers(values: dict[BrokerName, str | int | None]) -> set[BrokerName]:
    """Everybody but the two or more who agree."""
    (common, times), *_ = Counter(values.values()).most_common()
    return {broker for broker, value in values.items() if times == 1 or value != common}


def _name(listing: Listing) -> str:
    return canonical_name(
        listing.exchange,
        listing.symbol,
        listing.kind,
        listing.underlying,
        date.fromisoformat(listing.expiry) if listing.expiry else None,
        Decimal(listing.strike_inr) if listing.strike_inr else None,
    )
