"""Would a day's orders have passed other limits? Pure replay of stored facts.

Each order is judged again with what was known of it then; the counters are counted again over the
orders that would have passed, so an order that falls makes room for those behind it. An order that
was denied then and passes now counts as sent, with a person's yes and no refusal by the broker.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from application.writer import Writer
from domain import events as e
from domain.control_events import RiskReleased, RiskReserved
from domain.envelope import Recorded
from domain.instants import trading_day
from domain.limits import RiskLimits
from domain.open_orders import as_request
from domain.orders import DISPATCH_WITHIN
from domain.risk import Denial, judge
from domain.risk_ledger import fold_ledger, same_as, with_counters
from domain.streams import risk_ledger_stream
from domain.vocabulary import BrokerName, ChangeKind, Mode, OrderTerms, RiskFacts

Kind = ChangeKind | Literal["place"]
Key = tuple[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An order or a modification as it was asked for, and what became of it `then`. `facts` are
    `None` where an older release did not keep them."""

    position: int
    at: datetime
    session_id: UUID
    order_key: str
    change_key: str | None
    broker: BrokerName
    mode: Mode
    account_fingerprint: str
    terms: OrderTerms
    facts: RiskFacts | None
    then: Denial | None

    @property
    def key(self) -> Key:
        return self.order_key, self.change_key

    @property
    def kind(self) -> Kind:
        return "place" if self.change_key is None else "modify"


@dataclass(frozen=True, kw_only=True)
class Rejudged:
    """`denial` is that under the other limits; it means nothing unless `judged`."""

    asked: Asked
    judged: bool
    denial: Denial | None

    @property
    def newly_denied(self) -> bool:
        return self.judged and self.asked.then is None and self.denial is not None

    @property
    def newly_passed(self) -> bool:
        return self.judged and self.asked.then is not None and self.denial is None


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    writer: Writer

    def __call__(self, principal: UUID, day: date, limits: RiskLimits) -> tuple[Rejudged, ...]:
        """Everything that was asked for on that trading day (IST), in the order of the log."""
        reserved = self.writer.load(risk_ledger_stream(principal, day)).recorded
        steps: list[tuple[int, Asked | e.Event]] = [
            *((asked.position, asked) for asked in self._asked(principal, day)),
            *((self._position(each), each.event) for each in reserved),
        ]
        steps.sort(key=lambda step: step[0])
        return tuple(_replay((step for _, step in steps), limits))

    def _asked(self, principal: UUID, day: date) -> Iterator[Asked]:
        for opened in self.writer.store.sessions_of(principal):
            requests: dict[str, e.OrderRequested] = {}
            for recorded in self.writer.load(opened.session_id).recorded:
                event = recorded.event
                if isinstance(event, e.OrderRequested):
                    requests[event.order_key] = event
                elif isinstance(event, e.OrderAdopted):
                    requests[event.order_key] = as_request(event)
                if trading_day(asked_at(recorded)) == day:
                    asked = _as_asked(recorded, requests, self._position(recorded))
                    if asked is not None:
                        yield asked

    def _position(self, recorded: Recorded) -> int:
        at = recorded.envelope
        return self.writer.store.position_of(at.stream_id, at.version) or 0


def asked_at(recorded: Recorded) -> datetime:
    """When the order was decided about: its deadline is counted from there."""
    event = recorded.event
    if isinstance(event, e.OrderRequested | e.OrderChangeRequested) and event.dispatch_by:
        return event.dispatch_by - DISPATCH_WITHIN
    return recorded.envelope.recorded_at


def _as_asked(
    recorded: Recorded, requests: Mapping[str, e.OrderRequested], position: int
) -> Asked | None:
    """`None` for a fact that is no question to the limits."""
    event = recorded.event
    of: e.OrderRequested | e.OrderDenied
    change_key: str | None = None
    then: Denial | None = None
    match event:
        case e.OrderRequested():
            of, facts, terms = event, event.risk, event.terms
        case e.OrderDenied():
            of, facts, terms = event, event.facts, event.terms
            change_key = event.change_key
            then = Denial(event.rule, event.rule_version, event.threshold, event.reason)
        case e.OrderChangeRequested(kind="modify", terms=OrderTerms() as terms):
            of, facts, change_key = requests[event.order_key], event.risk, event.change_key
        case _:
            return None
    return Asked(
        position=position,
        at=asked_at(recorded),
        session_id=recorded.envelope.stream_id,
        order_key=of.order_key,
        change_key=change_key,
        broker=of.broker,
        mode=of.mode,
        account_fingerprint=of.account_fingerprint,
        terms=terms,
        facts=facts,
        then=then,
    )


def _replay(steps: Iterable[Asked | e.Event], limits: RiskLimits) -> Iterator[Rejudged]:
    ledger: list[e.Event] = []  # as it would have been
    fallen: dict[Key, Denial] = {}
    for step in steps:
        if isinstance(step, RiskReserved | RiskReleased):
            if (step.order_key, step.change_key) not in fallen:
                ledger.append(step)
        elif isinstance(step, Asked):
            if step.facts is None:
                yield Rejudged(asked=step, judged=False, denial=None)
                continue
            denied = _judged(step, step.facts, ledger, fallen, limits)
            fallen.pop(step.key, None)
            if denied is not None:
                fallen[step.key] = denied
            elif step.then is not None:
                ledger.append(_reservation(step, step.facts))
            yield Rejudged(asked=step, judged=True, denial=denied)


def _judged(
    asked: Asked,
    known: RiskFacts,
    ledger: Iterable[e.Event],
    fallen: Mapping[Key, Denial],
    limits: RiskLimits,
) -> Denial | None:
    if asked.change_key is not None and (whole := fallen.get((asked.order_key, None))):
        return whole  # there would be no order to modify
    held = fold_ledger(ledger)
    if asked.key in held.reservations:
        return None  # asked for again under its key: an earlier try would have passed
    facts = with_counters(known, held, asked.account_fingerprint, asked.terms, asked.at)
    return judge(limits, asked.terms, asked.mode, facts, asked.at, asked.kind)


def _reservation(asked: Asked, known: RiskFacts) -> RiskReserved:
    return RiskReserved(
        order_key=asked.order_key,
        session_id=asked.session_id,
        broker=asked.broker,
        account_fingerprint=asked.account_fingerprint,
        same_as=same_as(asked.account_fingerprint, asked.terms),
        value_inr=max((known.value_inr or Decimal(0)) - known.held_inr, Decimal(0)),
        at=asked.at,
        broker_tag="",
        change_key=asked.change_key,
    )
