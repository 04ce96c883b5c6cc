"""An order that is more than the exchange takes at once goes as several, each an order of its own
with its own key and its own id at the broker. Never by a broker's own slicing: there one call makes
many orders, and a lost answer would leave nobody knowing how many."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from domain.errors import InvalidOrder
from domain.order_reports import OrderReport, OrderState
from domain.vocabulary import OrderTerms

MOST_SLICES: Final = 10
"""The exchanges' rules count each as an order, and allow ten in a second."""
LONGEST_KEY: Final = 60
"""Of an order that is sliced: `.10` has to fit behind it."""


def slice_terms(
    terms: OrderTerms, most_shares: int, lot_size_shares: int
) -> tuple[OrderTerms, ...]:
    """The same order in parts of at most `most_shares`, in whole lots, the smallest last.

    Raises:
        InvalidOrder: it would be more than ten, or has a disclosed quantity.
    """
    each = most_shares // lot_size_shares * lot_size_shares
    whole, rest = divmod(terms.quantity_shares, each) if each else (MOST_SLICES + 1, 0)
    count = whole + (rest > 0)
    if count > MOST_SLICES:
        raise InvalidOrder(
            f"The order would go as {count} orders, and one may go as {MOST_SLICES} at most. Next: "
            f"ask for at most {each * MOST_SLICES} shares at once."
        )
    if terms.disclosed_quantity_shares is not None:
        raise InvalidOrder(
            "An order that goes in slices cannot have a disclosed_quantity. Next: leave it out."
        )
    sizes = [each] * whole + ([rest] if rest else [])
    return tuple(replace(terms, quantity_shares=size) for size in sizes)


def slice_key(order_key: str, number: int) -> str:
    """The key of the n-th slice, counted from 1.

    Raises:
        InvalidOrder: the order's own key is too long for it.
    """
    if len(order_key) > LONGEST_KEY:
        raise InvalidOrder(
            f"order_key may have {LONGEST_KEY} characters for an order that goes in slices. Next: "
            "use a shorter one."
        )
    return f"{order_key}.{number}"


def slices_in(reports: Mapping[str, OrderReport], order_key: str) -> tuple[OrderReport, ...]:
    """The slices of this order, the first one first; none for an order that went whole."""
    return tuple(r for r in reports.values() if r.request.slice_of == order_key)


def report_in(reports: Mapping[str, OrderReport], order_key: str) -> OrderReport:
    """The order of this key or, if it went in slices, all of them told as one.

    Raises:
        KeyError: there is no such order.
    """
    parts = slices_in(reports, order_key)
    return _told_as_one(order_key, parts) if parts else reports[order_key]


def _told_as_one(order_key: str, parts: Sequence[OrderReport]) -> OrderReport:
    """In doubt while one of them is; placed where at least one is; else as the first one ended."""
    first = parts[0]
    shares = sum(part.request.terms.quantity_shares for part in parts)
    request = replace(
        first.request,
        order_key=order_key,
        terms=replace(first.request.terms, quantity_shares=shares),
        slice_of=None,
    )
    states = [part.state for part in parts]
    state: OrderState = next(
        (s for s in ("UNKNOWN", "DISPATCHED", "REQUESTED", "PLACED") if s in states), first.state
    )
    speaks = next((part for part in parts if part.reason), first)
    theirs = speaks.broker_words
    ours = None if theirs else speaks.reason
    return replace(
        first,
        request=request,
        state=state,
        broker_order_id=None,
        code=speaks.code,
        reason=f"{states.count('PLACED')} of {len(parts)} slices are placed."
        + (f" {ours}" if ours else ""),
        said_of_a_slice=theirs,
        sighting=None,
        changes=(),
        changed=None,
    )
