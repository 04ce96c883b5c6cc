"""What can be told about orders: a fold over all their facts, settled ones included."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from domain import events as e
from domain.open_orders import as_request
from domain.vocabulary import ChangeKind, OrderSighting, OrderTerms

OrderState = Literal["REQUESTED", "DISPATCHED", "PLACED", "REJECTED", "UNKNOWN", "ABSENT"]
ChangeState = Literal["REQUESTED", "DISPATCHED", "ACCEPTED", "REJECTED", "UNKNOWN"]
UNSETTLED: frozenset[str] = frozenset({"DISPATCHED", "UNKNOWN"})
"""States in which an order, or a change of one, may or may not be at the broker. It is never sent
again; it is looked for."""
UNPROVEN: frozenset[str] = UNSETTLED | {"REQUESTED"}
"""States without a proof: in any other, a doubt that comes late takes nothing back."""


_NAME_BEFORE: Final = re.compile(r"\A(?:Kite|Groww|Dhan) refused: ")


def words_of(reason: str) -> str:
    """What a broker wrote, out of the reason on record, which puts the broker's name before it."""
    return _NAME_BEFORE.sub("", reason)


class ChangeReport(msgspec.Struct, frozen=True, kw_only=True):
    """One modification or cancellation. `terms`: all the new ones, `None` for a cancellation.
    `accepted_at`: when the broker said yes; `None` also where its book showed that it was done."""

    change_key: str
    kind: ChangeKind
    terms: OrderTerms | None
    fingerprint: str
    state: ChangeState = "REQUESTED"
    code: str | None = None
    reason: str | None = None
    reached_broker: bool = True
    accepted_at: datetime | None = None

    @property
    def broker_refused(self) -> bool:
        """Then `reason` is no words of ours."""
        return self.state == "REJECTED" and self.reached_broker

    @property
    def broker_words(self) -> str | None:
        """What the broker wrote, word for word."""
        return words_of(self.reason) if self.broker_refused and self.reason else None

    @property
    def safe_to_retry(self) -> bool:
        """A cancellation may always be asked for again; a modification where it is proven that
        nothing was changed."""
        return self.state == "REJECTED" or (self.kind == "cancel" and self.state == "UNKNOWN")


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that the stored facts say about one order. `changed`: its terms as they stand now, where
    they were modified. `said_of_a_slice`: what the broker wrote about one, where this is the whole
    of several."""

    request: e.OrderRequested
    state: OrderState = "REQUESTED"
    broker_order_id: str | None = None
    placed_at: datetime | None = None
    code: str | None = None
    reason: str | None = None
    sighting: OrderSighting | None = None
    reached_broker: bool = True
    adopted: bool = False
    mismatch: str | None = None
    changed: OrderTerms | None = None
    changes: tuple[ChangeReport, ...] = ()
    said_of_a_slice: str | None = None

    @property
    def broker_refused(self) -> bool:
        """Then `reason` is no words of ours."""
        return self.state == "REJECTED" and self.reached_broker and self.said_of_a_slice is None

    @property
    def broker_words(self) -> str | None:
        """What the broker wrote, word for word."""
        if self.broker_refused and self.reason:
            return words_of(self.reason)
        said = self.sighting.status_message if self.sighting else None
        return said or self.said_of_a_slice

    @property
    def terms(self) -> OrderTerms:
        return self.changed or self.request.terms

    @property
    def safe_to_retry(self) -> bool:
        """True only where it is proven that no order exists at the broker."""
        return self.state in ("REJECTED", "ABSENT")


def tell_order(report: OrderReport | None, event: e.OrderEvent) -> OrderReport | None:
    """Fold one order's facts into what can be told about it. What was only proposed or denied is
    no order."""
    if isinstance(event, e.OrderRequested):
        return OrderReport(request=event)
    if isinstance(event, e.OrderAdopted):
        return OrderReport(
            request=report.request if report else as_request(event),  # given up too early
            state="PLACED",
            broker_order_id=event.broker_order_id,
            placed_at=event.placed_at,
            sighting=event.sighting,
            adopted=True,
        )
    if report is None:
        return None
    match event:
        case e.OrderDispatched():
            return replace(report, state="DISPATCHED")
        case e.OrderPlaced(broker_order_id=broker_order_id, placed_at=placed_at):
            return replace(
                report,
                state="PLACED",
                broker_order_id=broker_order_id,
                placed_at=placed_at,
                code=None,
                reason=None,
                reached_broker=True,
            )
        case e.OrderRejected() if report.state != "PLACED":
            return replace(
                report,
                state="REJECTED",
                code=event.code,
                reason=event.reason,
                reached_broker=event.reached_broker,
            )
        case e.OrderOutcomeUnknown(cause=cause) if report.state in UNPROVEN:
            return replace(report, state="UNKNOWN", reason=cause)
        case e.OrderFoundAbsent() if report.state in UNPROVEN:
            return replace(report, state="ABSENT", code="FOUND_ABSENT", reason=None)
        case e.OrderObserved(broker_order_id=broker_order_id, sighting=sighting):
            return replace(
                report,
                state="PLACED",
                broker_order_id=broker_order_id,
                code=None,
                reason=None,
                reached_broker=True,
                sighting=sighting,
            )
        case e.OrderMismatched(found=found):
            return replace(report, mismatch=found)
        case _:
            return _tell_change(report, event)


def _tell_change(report: OrderReport, event: e.OrderEvent) -> OrderReport:
    if isinstance(event, e.OrderChangeRequested):
        fresh = ChangeReport(
            change_key=event.change_key,
            kind=event.kind,
            terms=event.terms,
            fingerprint=event.fingerprint,
        )
        return replace(report, changes=(*report.changes, fresh))
    key = getattr(event, "change_key", None)
    changed, changes = report.changed, list[ChangeReport]()
    for change in report.changes:
        if change.change_key == key:
            if isinstance(event, e.OrderChangeAccepted) and change.state != "ACCEPTED":
                changed = change.terms or changed
            change = _told(change, event)
        changes.append(change)
    return replace(report, changed=changed, changes=tuple(changes))


def _told(change: ChangeReport, event: e.OrderEvent) -> ChangeReport:
    match event:
        case e.OrderChangeDispatched():
            return replace(change, state="DISPATCHED")
        case e.OrderChangeAccepted(at=at):
            since = change.accepted_at or at  # what its book shows later takes no time back
            return replace(change, state="ACCEPTED", code=None, reason=None, accepted_at=since)
        case e.OrderChangeRejected() if change.state != "ACCEPTED":
            return replace(
                change,
                state="REJECTED",
                code=event.code,
                reason=event.reason,
                reached_broker=event.reached_broker,
            )
        case e.OrderChangeUnknown(cause=cause) if change.state in UNPROVEN:
            return replace(change, state="UNKNOWN", reason=cause)
        case _:
            return change


def order_reports(events: Iterable[e.Event]) -> dict[str, OrderReport]:
    """Every order that these facts speak of, by key, oldest first."""
    reports: dict[str, OrderReport] = {}
    for event in events:
        if isinstance(event, e.OrderEvent):
            told = tell_order(reports.get(event.order_key), event)
            if told is not None:
                reports[event.order_key] = told
    return reports
