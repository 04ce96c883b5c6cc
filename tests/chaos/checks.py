"""What must hold when all is quiet: pure, over three records that know nothing of each other.

The broker's own list of what came into existence, the server's store, and what people were told.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.order_reports import OrderReport
from tests.chaos.plan import Wish

SETTLED: Final = ("PLACED", "REJECTED", "ABSENT")


@dataclass(frozen=True, kw_only=True)
class AtBroker:
    """One order that came into existence."""

    user: str
    tag: str | None
    symbol: str
    side: str
    quantity_shares: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a person heard last about one key. `safe`: "no such order exists, you may place it
    again", after which they did."""

    user: str
    order_key: str
    wish: Wish
    state: str
    safe: bool


@dataclass(frozen=True, kw_only=True)
class Findings:
    """One sentence per offence, by kind."""

    doubled: tuple[str, ...] = ()
    """The broker has more than one order for one wish."""
    lost: tuple[str, ...] = ()
    """The broker has an order, or a person an answer, that the store knows nothing of."""
    phantom: tuple[str, ...] = ()
    """Store or answer say that there is an order, and the broker has none; or the reverse."""
    unknown: tuple[str, ...] = ()
    """Nobody knows, although the trading day is over."""

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.doubled, *self.lost, *self.phantom, *self.unknown)


def check(
    at_broker: Sequence[AtBroker],
    stored: Mapping[str, Mapping[str, OrderReport]],
    told: Sequence[Told],
) -> Findings:
    """`stored` has each user's orders by key."""
    tags = {
        (user, report.request.broker_tag): report
        for user, reports in stored.items()
        for report in reports.values()
    }
    count = Counter((order.user, order.tag) for order in at_broker)
    return Findings(
        doubled=tuple(_doubled(at_broker)),
        lost=tuple(_lost(at_broker, tags, stored, told)),
        phantom=tuple(_phantom(at_broker, stored, count, told)),
        unknown=tuple(
            f"{user} {key} is {report.state}"
            for user, reports in stored.items()
            for key, report in reports.items()
            if report.state not in SETTLED
        ),
    )


def _doubled(at_broker: Iterable[AtBroker]) -> Iterable[str]:
    """By what was wanted: the same wish may have gone under one id twice, or under two."""
    wishes = Counter((o.user, o.symbol, o.quantity_shares) for o in at_broker)
    for (user, symbol, shares), times in wishes.items():
        if times > 1:
            yield f"{user} has {times} orders for {shares} {symbol}"


def _lost(
    at_broker: Iterable[AtBroker],
    tags: Mapping[tuple[str, str], OrderReport],
    stored: Mapping[str, Mapping[str, OrderReport]],
    told: Iterable[Told],
) -> Iterable[str]:
    for order in at_broker:
        report = tags.get((order.user, order.tag or ""))
        if report is None:
            yield f"{order} is not in the store"
        elif _terms(order) != _terms_of(report):
            yield f"{order} is in the store as {_terms_of(report)}"
        elif report.adopted:
            yield f"{order} had to be adopted"
    for each in told:
        if each.order_key not in stored.get(each.user, {}):
            yield f"{each.user} was told {each.state} of {each.order_key}: not in the store"


def _phantom(
    at_broker: Iterable[AtBroker],
    stored: Mapping[str, Mapping[str, OrderReport]],
    count: Mapping[tuple[str, str | None], int],
    told: Iterable[Told],
) -> Iterable[str]:
    for user, reports in stored.items():
        for key, report in reports.items():
            times = count.get((user, report.request.broker_tag), 0)
            if report.state in SETTLED and (report.state == "PLACED") != (times > 0):
                yield f"{user} {key} is {report.state} in the store, {times} times at the broker"
    for each in told:
        known = stored.get(each.user, {}).get(each.order_key)
        exists = known is not None and count.get((each.user, known.request.broker_tag), 0) > 0
        if (each.state == "PLACED" and not exists) or (each.safe and exists):
            yield f"{each.user} was told {each.state} of {each.order_key}; at the broker: {exists}"


def _terms(order: AtBroker) -> tuple[str, str, int]:
    return order.symbol, order.side, order.quantity_shares


def _terms_of(report: OrderReport) -> tuple[str, str, int]:
    terms = report.request.terms
    return terms.trading_symbol, terms.transaction_type, terms.quantity_shares
