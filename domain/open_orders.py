"""What a session remembers of orders that are not settled, and how facts change it."""

from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec
from msgspec.structs import replace

from domain import events as e
from domain.vocabulary import SETTLED_STATUSES, OrderSighting, OrderTerms

V = TypeVar("V")

OrderStage = Literal["requested", "dispatched", "placed", "unknown"]
ChangeStage = Literal["requested", "dispatched", "unknown"]


class OpenChange(msgspec.Struct, frozen=True, gc=False):
    """A modification or cancellation whose end is not known yet."""

    request: e.OrderChangeRequested
    stage: ChangeStage = "requested"


class OpenOrder(msgspec.Struct, frozen=True, gc=False):
    """An order whose end is not known yet. `changed` are its terms now, where they were modified;
    `changes` are under way or in doubt, by their keys. `mismatched`: the broker has shown our id on
    something else."""

    request: e.OrderRequested
    stage: OrderStage = "requested"
    broker_order_id: str | None = None
    sighting: OrderSighting | None = None
    changed: OrderTerms | None = None
    changes: Mapping[str, OpenChange] = {}
    mismatched: bool = False

    @property
    def terms(self) -> OrderTerms:
        return self.changed or self.request.terms

    @property
    def is_instruction(self) -> bool:
        """Something else than an order in the market: see `domain/instructions.py`."""
        return self.request.terms.instruction is not None


Orders = Mapping[str, OpenOrder]
Proposals = Mapping[str, e.OrderProposed]


def as_request(adopted: e.OrderAdopted) -> e.OrderRequested:
    """What was asked for, as far as the broker's book tells it. It counts in the day that it was
    placed on."""
    return e.OrderRequested(
        order_key=adopted.order_key,
        broker=adopted.broker,
        mode=adopted.mode,
        account_fingerprint=adopted.account_fingerprint,
        credential_version=adopted.credential_version,
        terms=adopted.terms,
        fingerprint="",
        broker_tag=adopted.broker_tag,
        dispatch_by=adopted.placed_at,
    )


def evolve_orders(orders: Orders, event: e.OrderEvent) -> Orders:
    """Apply one fact. Settled orders leave."""
    if isinstance(event, e.OrderRequested):
        return {**orders, event.order_key: OpenOrder(event)}
    if isinstance(event, e.OrderAdopted):
        if _is_settled(event.sighting):
            return without(orders, event.order_key)
        found = OpenOrder(as_request(event), "placed", event.broker_order_id, event.sighting)
        return {**orders, event.order_key: found}
    known = orders.get(event.order_key)
    if known is None:  # settled before: an outcome that arrives twice changes nothing
        return orders
    match event:
        case e.OrderDispatched():
            known = replace(known, stage="dispatched")
        case e.OrderPlaced() | e.OrderOutcomeUnknown() if known.is_instruction:
            return without(orders, event.order_key)  # no order book ever shows it
        case e.OrderPlaced():
            known = replace(known, stage="placed", broker_order_id=event.broker_order_id)
        case e.OrderOutcomeUnknown():
            if known.stage != "placed":  # the proof came first: a late doubt takes nothing back
                known = replace(known, stage="unknown")
        case e.OrderObserved(sighting=sighting) if not _is_settled(sighting):
            known = replace(
                known, stage="placed", broker_order_id=event.broker_order_id, sighting=sighting
            )
        case e.OrderRejected() if known.stage == "placed":
            return orders  # the proof came first here, too
        case e.OrderRejected() | e.OrderFoundAbsent() | e.OrderObserved():
            return without(orders, event.order_key)
        case e.OrderMismatched():
            known = replace(known, mismatched=True)
        case _:
            known = _evolve_changes(known, event)
    return {**orders, event.order_key: known}


def _evolve_changes(known: OpenOrder, event: e.OrderEvent) -> OpenOrder:
    match event:
        case e.OrderChangeRequested(change_key=key):
            return replace(known, changes={**known.changes, key: OpenChange(event)})
        case e.OrderChangeDispatched(change_key=key) if key in known.changes:
            return _staged(known, key, "dispatched")
        case e.OrderChangeUnknown(change_key=key) if key in known.changes:
            return _staged(known, key, "unknown")
        case e.OrderChangeAccepted(change_key=key) if key in known.changes:
            terms = known.changes[key].request.terms or known.changed
            return replace(known, changed=terms, changes=without(known.changes, key))
        case e.OrderChangeRejected(change_key=key):
            return replace(known, changes=without(known.changes, key))
        case _:
            return known


def _staged(known: OpenOrder, key: str, stage: ChangeStage) -> OpenOrder:
    change = replace(known.changes[key], stage=stage)
    return replace(known, changes={**known.changes, key: change})


def evolve_proposals(proposals: Proposals, event: e.OrderEvent) -> Proposals:
    """A proposal is there until it is answered; whether it is too old is for the decision."""
    match event:
        case e.OrderProposed(proposal_id=proposal_id):
            return {**proposals, proposal_id: event}
        case e.OrderConfirmed(proposal_id=proposal_id) | e.OrderDeclined(proposal_id=proposal_id):
            return without(proposals, proposal_id)
        case _:
            return proposals


def without(mapping: Mapping[str, V], key: str) -> Mapping[str, V]:
    return {k: v for k, v in mapping.items() if k != key}


def _is_settled(sighting: OrderSighting) -> bool:
    return sighting.status in SETTLED_STATUSES
