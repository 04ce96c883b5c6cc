"""Histories that nobody thought of, in which only happens what can happen."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID, uuid5

from hypothesis import strategies as st
from msgspec.structs import replace

from domain import control_events as c
from domain import events as e
from domain.envelope import Actor
from domain.vocabulary import BrokerName, Mode, OrderSighting, OrderStatus, OrderTerms
from tests.domain import facts
from tests.projections.history import ASHA, KEY, OPENING_BELL, RAVI, WORK

PEOPLE = (ASHA, RAVI)
NOBODY = UUID(int=0)
LEDGER = UUID("1ed90000-0000-4000-8000-000000000006")
SWITCH = UUID("5b170000-0000-4000-8000-000000000007")
LABELS = ("default", "work")
BROKERS: tuple[BrokerName, ...] = ("kite", "paper")
ACTORS: tuple[Actor, ...] = ("user", "reconciler", "operator", "system")
MODES: tuple[Mode, ...] = ("PAPER", "SIMULATED", "LIVE")
BY_CLOCK_OR_BROKER: tuple[Literal["clock", "broker"], ...] = ("clock", "broker")
BY_IDLENESS_OR_AGE: tuple[Literal["idle", "age"], ...] = ("idle", "age")
OPEN_STATUSES: tuple[OrderStatus, ...] = ("OPEN", "PARTIAL", "TRIGGER_PENDING", "UNKNOWN")
FINAL_STATUSES: tuple[OrderStatus, ...] = ("FILLED", "CANCELLED", "EXPIRED", "REJECTED")


@dataclass(frozen=True)
class Told:
    """An event and who did it, through what, when."""

    stream_id: UUID
    principal: UUID
    at: datetime
    actor: Actor
    client: tuple[str | None, str | None]
    events: tuple[e.Event, ...]


@dataclass
class _Session:
    stream_id: UUID
    principal: UUID
    label: str
    generation: int
    ended: bool = False
    logged_in: set[BrokerName] = field(default_factory=set)
    credential_version: int = 0
    stages: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    """`k1/c1`: the order's key and the change's."""
    proposals: list[str] = field(default_factory=list)


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    """Two people under two labels each: sessions follow one another, orders live and end."""
    at = OPENING_BELL
    told: list[Told] = []
    current: dict[tuple[UUID, str], _Session] = {}
    past: list[_Session] = []
    keys = 0
    for _ in range(draw(st.integers(1, 40))):
        at += timedelta(microseconds=draw(st.integers(0, 10**10)))
        principal, label = draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(LABELS))
        session = current.get((principal, label))
        late = [s for s in past if s.principal == principal and _late_facts(s)]
        events: list[e.Event]
        if late and draw(st.integers(0, 3)) == 0:
            session = draw(st.sampled_from(late))
            events = draw(_happens(session, draw(st.sampled_from(_late_facts(session))), at, 0))
        elif session is None:
            before = [s for s in past if (s.principal, s.label) == (principal, label)]
            session = _Session(
                uuid5(WORK, f"{principal}/{label}/{len(before)}"), principal, label, len(before) + 1
            )
            current[principal, label] = session
            carried = draw(st.none() | st.sampled_from(BROKERS)) if before else None
            events = [
                e.SessionCreated(
                    label=label,
                    generation=session.generation,
                    ends_at=at + timedelta(days=draw(st.integers(1, 7))),
                    active_broker=carried,
                    previous_session_id=before[-1].stream_id if before else None,
                )
            ]
        else:
            ends = draw(st.integers(0, 9)) == 9
            action = draw(st.sampled_from(["expire", "end"] if ends else _possible(session)))
            keys += action in ("request", "adopt")
            events = draw(_happens(session, action, at, keys))
            if action == "request":
                claimed = e.OrderKeyClaimed(
                    order_key=f"k{keys}", fingerprint=f"p{keys}", session_id=session.stream_id
                )
                told.append(_told(draw, uuid5(KEY, f"k{keys}"), principal, at, [claimed]))
                reserved = draw(_reservations(f"k{keys}", session.stream_id, at))
                told.append(_told(draw, uuid5(LEDGER, str(principal)), principal, at, reserved))
            if session.ended:
                past.append(current.pop((principal, label)))
        told.append(_told(draw, session.stream_id, principal, at, events))
        if draw(st.integers(0, 9)) == 9:
            told.append(_told(draw, uuid5(SWITCH, "global"), NOBODY, at, [draw(_switched())]))
    return told


def _told(
    draw: st.DrawFn, stream_id: UUID, principal: UUID, at: datetime, events: list[e.Event]
) -> Told:
    actor = draw(st.sampled_from(ACTORS))
    client = draw(st.sampled_from([(None, None), ("Cursor", None), ("Claude Code", "2.1")]))
    return Told(stream_id, principal, at, actor, client, tuple(events))


def _possible(session: _Session) -> list[str]:
    """What may happen next in a session that goes on, the more often the more interesting."""
    actions = ["select", "select for data", "log in", "log in fails", "request", "request", "adopt"]
    actions += ["propose", "deny"] + ["answer"] * (2 * bool(session.proposals))
    if session.logged_in:
        actions += ["log out", "login ends"]
    return actions + 4 * _facts_about_orders(session)


def _late_facts(session: _Session) -> list[str]:
    """What may still happen in a session that has ended: facts, never commands."""
    commands = ("dispatch ", "ask ")
    possible = [f for f in _facts_about_orders(session) if not f.startswith(commands)]
    return possible + (["log out"] if session.logged_in else [])


def _facts_about_orders(session: _Session) -> list[str]:
    after = {
        "requested": ["dispatch", "dispatch", "reject"],
        "dispatched": ["place", "place", "reject", "doubt", "miss"],
        "unknown": ["place", "reject", "see open", "see final", "miss", "mismatch"],
        "placed": ["place", "reject", "doubt", "see open", "see final", "ask", "ask"],
        "settled": ["place", "reject", "doubt", "see open", "see final", "miss", "ask"],
    }
    of_orders = [f"{fact} {key}" for key, stage in session.stages.items() for fact in after[stage]]
    of_changes = ("change sent", "change accepted", "change rejected", "change unknown")
    return of_orders + [f"{fact} {change}" for change in session.changes for fact in of_changes]


@st.composite
def _happens(
    draw: st.DrawFn, session: _Session, action: str, at: datetime, number: int
) -> list[e.Event]:
    """The events of one step; the session's own memory moves along."""
    match action:
        case "select":
            return [e.BrokerSelected(broker=draw(st.sampled_from(BROKERS)))]
        case "select for data":
            return [e.DataBrokerSelected(broker=draw(st.sampled_from([*BROKERS, None])))]
        case "log in":
            session.credential_version += 1
            login = draw(_logins(session.credential_version, at))
            session.logged_in.add(login.broker)
            first = draw(st.booleans())
            return [login, e.BrokerSelected(broker=login.broker)] if first else [login]
        case "log in fails":
            broker = draw(st.sampled_from(BROKERS))
            return [e.BrokerAuthenticationFailed(broker=broker, code="TOKEN_REFUSED")]
        case "log out" | "login ends":
            broker = draw(st.sampled_from(sorted(session.logged_in)))
            session.logged_in.discard(broker)
            if action == "log out":
                return [e.BrokerLoggedOut(broker=broker)]
            discovered = draw(st.sampled_from(BY_CLOCK_OR_BROKER))
            return [e.BrokerAuthenticationExpired(broker=broker, discovered=discovered)]
        case "expire":
            session.ended = True
            reason = draw(st.sampled_from(BY_IDLENESS_OR_AGE))
            return [e.SessionExpired(reason=reason, last_activity_at=at, deadline=at)]
        case "end":
            session.ended = True
            return [e.SessionEnded(reason=draw(st.sampled_from(["done", "x" * 150])))]
        case "request":
            return draw(_begun(session, f"k{number}", at))
        case "adopt":
            status = draw(st.sampled_from([*OPEN_STATUSES, *FINAL_STATUSES]))
            session.stages[f"k{number}"] = "settled" if status in FINAL_STATUSES else "placed"
            return [replace(facts.ADOPTED, order_key=f"k{number}", sighting=facts.ended(status))]
        case "propose" | "answer" | "deny":
            return [draw(_talk(session, action))]
    fact, _, key = action.rpartition(" ")
    if fact == "ask":
        return draw(_changing(session, key))
    if fact.startswith("change "):
        order_key, change_key = key.split("/")
        return [draw(_facts_of_changes(fact, order_key, change_key, at))]
    return [draw(_facts(session, fact, key, at))]


@st.composite
def _facts(draw: st.DrawFn, session: _Session, fact: str, key: str, at: datetime) -> e.Event:
    settled = session.stages[key] == "settled"
    broker_order_id = f"B{draw(st.integers(1, 3))}"
    match fact:
        case "dispatch":
            session.stages[key] = "dispatched"
            return e.OrderDispatched(order_key=key)
        case "place":
            session.stages[key] = "settled" if settled else "placed"
            return e.OrderPlaced(order_key=key, broker_order_id=broker_order_id, placed_at=at)
        case "doubt":
            if session.stages[key] == "dispatched":
                session.stages[key] = "unknown"
            return e.OrderOutcomeUnknown(order_key=key, cause="no answer within 7 s")
        case "reject":
            session.stages[key] = "placed" if session.stages[key] == "placed" else "settled"
            return e.OrderRejected(order_key=key, code="REFUSED", reason="No.")
        case "miss":
            session.stages[key] = "settled"
            return e.OrderFoundAbsent(order_key=key, looked_at=at)
        case "mismatch":
            return replace(facts.MISMATCHED, order_key=key)
    statuses = FINAL_STATUSES if fact == "see final" else OPEN_STATUSES
    session.stages[key] = "settled" if settled or fact == "see final" else "placed"
    return e.OrderObserved(
        order_key=key,
        broker_order_id=broker_order_id,
        sighting=OrderSighting(
            status=draw(st.sampled_from(statuses)),
            raw_status="AS THEY SAY",
            filled_shares=draw(st.integers(0, 10)),
            pending_shares=draw(st.integers(0, 10)),
            average_price_inr=draw(st.sampled_from([None, Decimal("1480.25")])),
        ),
    )


@st.composite
def _begun(draw: st.DrawFn, session: _Session, key: str, at: datetime) -> list[e.Event]:
    """A request, often with what usually follows: otherwise few orders would come far."""
    life: list[tuple[str, e.Event]] = [
        ("requested", draw(_requests(key))),
        ("dispatched", e.OrderDispatched(order_key=key)),
        draw(
            st.sampled_from(
                [
                    ("placed", e.OrderPlaced(order_key=key, broker_order_id="B1", placed_at=at)),
                    ("unknown", e.OrderOutcomeUnknown(order_key=key, cause="no answer")),
                ]
            )
        ),
    ]
    lived = life[: draw(st.integers(1, 3))]
    session.stages[key] = lived[-1][0]
    return [event for _, event in lived]


@st.composite
def _changing(draw: st.DrawFn, session: _Session, key: str) -> list[e.Event]:
    """A change that is asked for, often with what usually follows."""
    change = f"c{len(session.changes)}"
    session.changes.append(f"{key}/{change}")
    shares = draw(st.none() | st.integers(1, 10))
    life = [
        facts.cancellation(change) if shares is None else facts.modification(change, shares),
        facts.sent(change),
        draw(st.sampled_from([facts.accepted(change), facts.doubted(change)])),
    ]
    return [replace(event, order_key=key) for event in life[: draw(st.integers(1, 3))]]


@st.composite
def _facts_of_changes(
    draw: st.DrawFn, fact: str, key: str, change: str, at: datetime
) -> e.OrderEvent:
    told: dict[str, e.OrderEvent] = {
        "change sent": facts.sent(change),
        "change accepted": e.OrderChangeAccepted(
            order_key=key, change_key=change, at=draw(st.sampled_from([None, at]))
        ),
        "change rejected": facts.refused(change),
        "change unknown": facts.doubted(change),
    }
    return replace(told[fact], order_key=key)


@st.composite
def _talk(draw: st.DrawFn, session: _Session, action: str) -> e.OrderEvent:
    """What is said about an order, there or not, before anything is asked of a broker."""
    key = draw(st.sampled_from([*session.stages, "k-not-yet"]))
    if action == "deny":
        return replace(facts.DENIED, order_key=key)
    if action == "propose":
        proposal_id = f"p{len(session.proposals)}-{draw(st.integers(0, 10**9))}"
        session.proposals.append(proposal_id)
        return replace(facts.PROPOSED, proposal_id=proposal_id, order_key=key)
    answer = draw(st.sampled_from([facts.CONFIRMED, facts.DECLINED]))
    proposal_id = draw(st.sampled_from(session.proposals))
    return replace(answer, proposal_id=proposal_id, order_key=key)


@st.composite
def _reservations(draw: st.DrawFn, key: str, session_id: UUID, at: datetime) -> list[e.Event]:
    reserved = c.RiskReserved(
        order_key=key,
        session_id=session_id,
        broker="kite",
        account_fingerprint="acc-1",
        same_as="same",
        value_inr=draw(st.sampled_from([None, Decimal("1480.25")])),
        at=at,
        broker_tag=f"utag{key}",
    )
    released = c.RiskReleased(order_key=key, reason="REFUSED")
    return [reserved, released] if draw(st.booleans()) else [reserved]


def _switched() -> st.SearchStrategy[e.Event]:
    return st.sampled_from(
        [
            c.TradingHalted(scope="global", reason="Enough.", by=ASHA),
            c.TradingResumed(scope="global", reason="Go on.", by=ASHA),
            c.RiskLimitsChanged(changes={"max_orders_per_day": "5"}, reason="Careful."),
        ]
    )


@st.composite
def _logins(draw: st.DrawFn, version: int, at: datetime) -> e.BrokerAuthenticated:
    hours = draw(st.sampled_from([None, 1, 20]))
    return e.BrokerAuthenticated(
        broker=draw(st.sampled_from(BROKERS)),
        mode=draw(st.sampled_from(MODES)),
        account_fingerprint=f"acc-{version}",
        account_sealed=f"sealed-{version}",
        credential_version=version,
        expires_at=at + timedelta(hours=hours) if hours else None,
    )


@st.composite
def _requests(draw: st.DrawFn, key: str) -> e.OrderRequested:
    return e.OrderRequested(
        order_key=key,
        broker=draw(st.sampled_from(BROKERS)),
        mode="SIMULATED",
        account_fingerprint="acc-1",
        credential_version=1,
        terms=OrderTerms(
            exchange="NSE",
            trading_symbol="INFY",
            transaction_type=draw(st.sampled_from(["BUY", "SELL"])),
            order_type="MARKET",
            product="CNC",
            quantity_shares=draw(st.integers(1, 10)),
        ),
        fingerprint=f"print-{key}",
        broker_tag=f"utag{key}",
    )
