"""What a history means, worked out once more in the plainest way.

It goes through the whole history for every question, keeps nothing, and shares no code with the
folds: it knows the events and no other code of the product. Where it and a fold disagree, one of
the two is wrong.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import events as e
from domain.envelope import Actor

FINAL = ("FILLED", "CANCELLED", "EXPIRED", "REJECTED")

Plain = dict[str, Any]  # Any: what a person would write down about a session or a row


@dataclass(frozen=True)
class Happening:
    """One stored event and all that was written down around it."""

    stream_id: UUID
    version: int
    principal: UUID
    at: datetime
    name: str
    event: e.Event
    actor: Actor
    client_name: str | None
    client_version: str | None


Story = list[Happening]


def written(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S.%f}Z"


def of(story: Story, session_id: UUID) -> Story:
    return [h for h in story if h.stream_id == session_id]


def sessions(story: Story) -> list[UUID]:
    return [h.stream_id for h in story if isinstance(h.event, e.SessionCreated)]


def _events(story: Story, *kinds: type[e.Event]) -> Iterable[Any]:  # Any: one of these kinds
    return (h.event for h in story if isinstance(h.event, kinds))


# One session


def session(story: Story, session_id: UUID) -> Plain:
    """What a session remembers: the state that decisions are made from."""
    mine = of(story, session_id)
    created = mine[0].event
    assert isinstance(created, e.SessionCreated)
    return {
        "label": created.label,
        "generation": created.generation,
        "ends_at": created.ends_at,
        "previous_session_id": created.previous_session_id,
        "active_broker": _active_broker(mine),
        "data_broker": _data_broker(mine),
        "logins": {broker: _remembered(login) for broker, login in logins(mine).items()},
        "orders": orders(mine),
        "proposals": _proposals(mine),
        "ended": _ended(mine),
    }


def _active_broker(mine: Story) -> str | None:
    """The last one chosen; before any choice, the one that was carried over."""
    carried_over = [created.active_broker for created in _events(mine, e.SessionCreated)]
    chosen: list[str | None] = [event.broker for event in _events(mine, e.BrokerSelected)]
    last: str | None = (carried_over + chosen)[-1]
    return last


def _data_broker(mine: Story) -> str | None:
    chosen: list[str | None] = [
        event.data_broker if isinstance(event, e.SessionCreated) else event.broker
        for event in _events(mine, e.SessionCreated, e.DataBrokerSelected)
    ]
    return chosen[-1]


def logins(mine: Story) -> dict[str, e.BrokerAuthenticated]:
    """Of each broker the last login, unless it was ended afterwards."""
    kinds = (e.BrokerAuthenticated, e.BrokerLoggedOut, e.BrokerAuthenticationExpired)
    last = {event.broker: event for event in _events(mine, *kinds)}
    return {b: event for b, event in last.items() if isinstance(event, e.BrokerAuthenticated)}


def _remembered(login: e.BrokerAuthenticated) -> Plain:
    return {
        "mode": login.mode,
        "account_fingerprint": login.account_fingerprint,
        "account_sealed": login.account_sealed,
        "credential_version": login.credential_version,
        "expires_at": login.expires_at,
    }


def _proposals(mine: Story) -> dict[str, e.OrderProposed]:
    """What waits for a yes or a no."""
    answers = _events(mine, e.OrderConfirmed, e.OrderDeclined)
    answered = {answer.proposal_id for answer in answers}
    proposals = _events(mine, e.OrderProposed)
    return {p.proposal_id: p for p in proposals if p.proposal_id not in answered}


def orders(mine: Story) -> dict[str, Plain]:
    """Every order whose end is not known, with the last that is known about it."""
    return {
        begun.order_key: _order(begun, facts)
        for begun in _events(mine, e.OrderRequested, e.OrderAdopted)
        if not _settled(facts := _about(mine, begun.order_key))
    }


def _about(mine: Story, order_key: str) -> list[Any]:
    return [event for event in _events(mine, e.OrderEvent) if event.order_key == order_key]


def _settled(facts: list[Any]) -> bool:
    """Seen at its end, given up, or rejected before anything proved that it is there."""
    proven = [isinstance(f, e.OrderPlaced | e.OrderObserved | e.OrderAdopted) for f in facts]
    return any(
        (isinstance(fact, e.OrderRejected) and not any(proven[:number]))
        or isinstance(fact, e.OrderFoundAbsent)
        or (isinstance(fact, e.OrderObserved | e.OrderAdopted) and fact.sighting.status in FINAL)
        for number, fact in enumerate(facts)
    )


def _order(begun: e.OrderRequested | e.OrderAdopted, facts: list[Any]) -> Plain:
    proofs = [f for f in facts if isinstance(f, e.OrderPlaced | e.OrderObserved | e.OrderAdopted)]
    sightings = [f.sighting for f in facts if isinstance(f, e.OrderObserved | e.OrderAdopted)]
    kinds = [type(f) for f in facts]
    if proofs:
        stage = "placed"
    elif e.OrderOutcomeUnknown in kinds:
        stage = "unknown"
    elif e.OrderDispatched in kinds:
        stage = "dispatched"
    else:
        stage = "requested"
    return {
        "request": begun if isinstance(begun, e.OrderRequested) else _as_if_requested(begun),
        "stage": stage,
        "broker_order_id": proofs[-1].broker_order_id if proofs else None,
        "sighting": sightings[-1] if sightings else None,
        "changed": _changed(facts),
        "changes": _open_changes(facts),
        "mismatched": e.OrderMismatched in kinds,
    }


def _as_if_requested(adopted: e.OrderAdopted) -> e.OrderRequested:
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


def _changes(facts: list[Any]) -> list[tuple[e.OrderChangeRequested, list[Any]]]:
    asked = [f for f in facts if isinstance(f, e.OrderChangeRequested)]
    return [
        (change, [f for f in facts if getattr(f, "change_key", None) == change.change_key])
        for change in asked
    ]


def _end_of_change(facts: list[Any]) -> Any:
    """The first proof."""
    ends = [f for f in facts if isinstance(f, e.OrderChangeAccepted | e.OrderChangeRejected)]
    return ends[0] if ends else None


def _open_changes(facts: list[Any]) -> Plain:
    found: Plain = {}
    for change, about in _changes(facts):
        if _end_of_change(about) is not None:
            continue
        steps = [f for f in about if isinstance(f, e.OrderChangeDispatched | e.OrderChangeUnknown)]
        stage = "requested"
        if steps:
            last_is_doubt = isinstance(steps[-1], e.OrderChangeUnknown)
            stage = "unknown" if last_is_doubt else "dispatched"
        found[change.change_key] = {"request": change, "stage": stage}
    return found


def _changed(facts: list[Any]) -> Any:
    """The terms of the modification that was accepted last."""
    modified = [
        (next(n for n, f in enumerate(facts) if f is end), change.terms)
        for change, about in _changes(facts)
        if change.terms and isinstance(end := _end_of_change(about), e.OrderChangeAccepted)
    ]
    return max(modified, key=lambda found: found[0])[1] if modified else None


def _ending(mine: Story) -> Happening | None:
    ends = [h for h in mine if isinstance(h.event, e.SessionExpired | e.SessionEnded)]
    return ends[0] if ends else None


def _ended(mine: Story) -> str | None:
    for event in _events(mine, e.SessionExpired, e.SessionEnded):
        return str(event.reason) if isinstance(event, e.SessionExpired) else "ended"
    return None


# Rows


def session_info(story: Story) -> dict[UUID, Plain]:
    return {session_id: _info(of(story, session_id)) for session_id in sessions(story)}


def _info(mine: Story) -> Plain:
    state = session(mine, mine[0].stream_id)
    ending = _ending(mine)
    return {
        "session_id": mine[0].stream_id,
        "principal": mine[0].principal,
        "label": state["label"],
        "generation": state["generation"],
        "created_at": written(mine[0].at),
        "last_event_at": written(mine[-1].at),
        "ends_at": written(state["ends_at"]),
        "active_broker": state["active_broker"],
        "data_broker": state["data_broker"],
        "logins": {
            broker: [login["mode"], login["expires_at"] and written(login["expires_at"])]
            for broker, login in state["logins"].items()
        },
        "orders_requested": len(list(_events(mine, e.OrderRequested))),
        "orders_open": {k: o["stage"] == "placed" for k, o in state["orders"].items()},
        "ended_at": written(ending.at) if ending else None,
        "end_reason": ending.event.reason[:100] if ending else None,  # type: ignore[attr-defined]
    }


TOTALS = {
    "SessionCreated": "sessions_created",
    "SessionExpired": "sessions_expired",
    "SessionEnded": "sessions_ended",
    "BrokerAuthenticated": "logins_accepted",
    "BrokerAuthenticationFailed": "logins_refused",
    "BrokerAuthenticationExpired": "logins_expired",
    "BrokerLoggedOut": "logouts",
    "OrderRequested": "orders_requested",
    "OrderDispatched": "orders_dispatched",
    "OrderPlaced": "orders_placed",
    "OrderRejected": "orders_rejected",
    "OrderOutcomeUnknown": "orders_unknown",
    "OrderProposed": "orders_proposed",
    "OrderConfirmed": "orders_confirmed",
    "OrderDeclined": "orders_declined",
    "OrderDenied": "orders_denied",
    "OrderFoundAbsent": "orders_found_absent",
    "OrderAdopted": "orders_adopted",
    "OrderMismatched": "orders_mismatched",
    "OrderChangeRequested": "changes_requested",
    "OrderChangeDispatched": "changes_dispatched",
    "OrderChangeAccepted": "changes_accepted",
    "OrderChangeRejected": "changes_rejected",
    "OrderChangeUnknown": "changes_unknown",
    "RiskReserved": "risk_reserved",
    "RiskReleased": "risk_released",
    "RiskLimitsChanged": "risk_limits_changed",
    "TradingHalted": "trading_halted",
    "TradingResumed": "trading_resumed",
}


def session_statistics(story: Story) -> dict[str, int]:
    kinds = Counter(type(h.event).__name__ for h in story)
    totals = {TOTALS[kind]: times for kind, times in kinds.items() if kind in TOTALS}
    seen = Counter(event.sighting.status for event in _events(story, e.OrderObserved))
    return totals | {f"orders_seen_{status.lower()}": times for status, times in seen.items()}


def order_book(story: Story) -> dict[tuple[UUID, str], Plain]:
    """Every open order of every session."""
    return {
        (session_id, order_key): _booked(of(story, session_id), order_key, order)
        for session_id in sessions(story)
        for order_key, order in orders(of(story, session_id)).items()
    }


def _booked(mine: Story, order_key: str, order: Plain) -> Plain:
    def first(*kinds: type[e.Event]) -> str | None:
        about = (h for h in mine if getattr(h.event, "order_key", None) == order_key)
        return next((written(h.at) for h in about if isinstance(h.event, kinds)), None)

    request, terms = order["request"], order["changed"] or order["request"].terms
    return {
        "principal": mine[0].principal,
        "session_id": mine[0].stream_id,
        "order_key": order_key,
        "broker": request.broker,
        "account_fingerprint": request.account_fingerprint,
        "credential_version": request.credential_version,
        "mode": request.mode,
        "state": order["stage"].upper(),
        "broker_tag": request.broker_tag,
        "broker_order_id": order["broker_order_id"],
        "exchange": terms.exchange,
        "trading_symbol": terms.trading_symbol,
        "transaction_type": terms.transaction_type,
        "quantity_shares": terms.quantity_shares,
        "filled_shares": order["sighting"].filled_shares if order["sighting"] else 0,
        "requested_at": first(e.OrderRequested, e.OrderAdopted),
        "dispatched_at": first(e.OrderDispatched),
        "open_changes": len(order["changes"]),
    }


def audit_timeline(story: Story) -> list[Plain]:
    return [
        {
            "position": position,
            "principal": h.principal,
            "stream_id": h.stream_id,
            "version": h.version,
            "recorded_at": written(h.at),
            "name": h.name,
            "actor": h.actor,
            "client": " ".join(filter(None, [h.client_name, h.client_version])) or None,
            "order_key": getattr(h.event, "order_key", None),
        }
        for position, h in enumerate(story, start=1)
    ]


def deadlines(story: Story) -> dict[tuple[UUID, str], tuple[UUID, str]]:
    """Of sessions that go on: their greatest age, their last event, the end of each login."""
    found: dict[tuple[UUID, str], tuple[UUID, str]] = {}
    for session_id in sessions(story):
        mine = of(story, session_id)
        if _ending(mine):
            continue
        ends = {"age": session(story, session_id)["ends_at"], "used": mine[-1].at}
        ends |= {b: login.expires_at for b, login in logins(mine).items() if login.expires_at}
        found |= {(session_id, kind): (mine[0].principal, written(at)) for kind, at in ends.items()}
    return found
