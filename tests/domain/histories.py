"""Histories of one session that nobody thought of, beside a plain account of what is true at the
end of each: the account is kept by hand here, so that it can disagree with the fold."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import strategies as st
from msgspec.structs import replace

from domain import events as e
from domain.vocabulary import SETTLED_STATUSES, BrokerName, OrderStatus
from tests.domain import facts
from tests.domain.facts import CREATED, OPENING_BELL, REQUESTED, TEN_INFY, login

BROKERS: tuple[BrokerName, ...] = ("kite", "groww", "dhan", "paper")
STATUSES: tuple[OrderStatus, ...] = ("OPEN", "PARTIAL", "UNKNOWN", "FILLED", "CANCELLED")
MAX_STEPS = 40


@dataclass
class History:
    events: list[e.Event] = field(default_factory=lambda: [CREATED])
    active_broker: BrokerName | None = None
    logins: dict[BrokerName, int] = field(default_factory=dict)
    """The newest version of each login that stands."""
    orders: dict[str, str] = field(default_factory=dict)
    """requested, dispatched, placed, unknown, rejected, absent or settled, by order key."""
    sent_with: dict[str, tuple[BrokerName, int]] = field(default_factory=dict)
    """The login that each order was asked for with."""
    quantities: dict[str, int] = field(default_factory=dict)
    """What each order is for now, in shares."""
    changes: dict[tuple[str, str], str] = field(default_factory=dict)
    """requested, dispatched, unknown, accepted or rejected, by order key and change key."""
    asked_for: dict[tuple[str, str], int | None] = field(default_factory=dict)
    """The shares that a modification asks for, `None` for a cancellation."""
    proposals: list[str] = field(default_factory=list)
    """Those that wait for an answer."""
    ended: bool = False

    @property
    def outcomes(self) -> list[e.Event]:
        kinds = (
            *(e.OrderPlaced, e.OrderRejected, e.OrderOutcomeUnknown, e.OrderFoundAbsent),
            *(e.OrderChangeAccepted, e.OrderChangeRejected, e.OrderChangeUnknown),
        )
        return [event for event in self.events if isinstance(event, kinds)]

    def keys(self, *stages: str) -> list[str]:
        return [key for key, stage in self.orders.items() if stage in stages]

    def open_changes(self, *stages: str) -> list[tuple[str, str]]:
        """Of orders that are open."""
        open_keys = self.keys("requested", "dispatched", "placed", "unknown")
        return [
            which
            for which, stage in self.changes.items()
            if stage in stages and which[0] in open_keys
        ]


Move = Callable[[st.DrawFn, History], None]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Everything that the deciding functions can lead to, in any order that they allow."""
    history = History()
    for _ in range(draw(st.integers(0, MAX_STEPS))):
        moves = _facts(history) + ([] if history.ended else _commands(history))
        if moves:
            draw(st.sampled_from(moves))(draw, history)
    return history


def _facts(history: History) -> list[Move]:
    """What may still become known, also when the session has ended."""
    moves: list[Move] = []
    moves += [_see_again] if history.keys("placed", "unknown") else []
    moves += [_answer] if history.keys("dispatched") else []
    moves += [_miss] if history.keys("dispatched", "unknown") else []
    moves += [_hear_late] if history.keys("absent", "placed") else []
    moves += [_answer_change, _answer_change] if history.open_changes("dispatched") else []
    moves += [_find_out_about_change] if history.open_changes("unknown") else []
    return moves


def _commands(history: History) -> list[Move]:
    moves: list[Move] = [_select, _log_in, _fail_to_log_in, _propose, _deny, _adopt, _end]
    moves += [_request, _request] if history.logins else []
    moves += [_dispatch, _dispatch] if history.keys("requested") else []
    moves += [_lose_login] if history.logins else []
    moves += [_answer_proposal] if history.proposals else []
    moves += [_ask_for_change, _ask_for_change] if history.keys("placed") else []
    moves += [_send_change, _send_change] if history.open_changes("requested") else []
    return moves


def _select(draw: st.DrawFn, history: History) -> None:
    broker = draw(st.sampled_from(BROKERS))
    history.active_broker = broker
    history.events.append(e.BrokerSelected(broker=broker))


def _log_in(draw: st.DrawFn, history: History) -> None:
    broker = draw(st.sampled_from(BROKERS))
    history.logins[broker] = len(history.events)
    history.events.append(login(history.logins[broker], broker))


def _fail_to_log_in(draw: st.DrawFn, history: History) -> None:
    broker = draw(st.sampled_from(BROKERS))
    history.events.append(e.BrokerAuthenticationFailed(broker=broker, code="TOKEN_REFUSED"))


def _lose_login(draw: st.DrawFn, history: History) -> None:
    broker = draw(st.sampled_from(sorted(history.logins)))
    del history.logins[broker]
    history.events.append(
        draw(
            st.sampled_from(
                [
                    e.BrokerLoggedOut(broker=broker),
                    e.BrokerAuthenticationExpired(broker=broker, discovered="clock"),
                    e.BrokerAuthenticationExpired(broker=broker, discovered="broker"),
                ]
            )
        )
    )


def _propose(draw: st.DrawFn, history: History) -> None:
    proposal_id = f"p{len(history.events)}"
    history.proposals.append(proposal_id)
    key = draw(st.sampled_from([*history.orders, "k-proposed"]))
    history.events.append(replace(facts.PROPOSED, proposal_id=proposal_id, order_key=key))


def _answer_proposal(draw: st.DrawFn, history: History) -> None:
    proposal_id = draw(st.sampled_from(history.proposals))
    history.proposals.remove(proposal_id)
    answer = draw(st.sampled_from([facts.CONFIRMED, facts.DECLINED]))
    history.events.append(replace(answer, proposal_id=proposal_id))


def _deny(draw: st.DrawFn, history: History) -> None:
    key = draw(st.sampled_from([*history.orders, "k-denied"]))
    history.events.append(replace(facts.DENIED, order_key=key))


def _request(draw: st.DrawFn, history: History) -> None:
    key = f"k{len(history.orders) + 1}"
    broker = draw(st.sampled_from(sorted(history.logins)))
    version, shares = history.logins[broker], draw(st.integers(1, 100))
    history.orders[key] = "requested"
    history.sent_with[key] = (broker, version)
    history.quantities[key] = shares
    history.events.append(
        replace(
            REQUESTED,
            order_key=key,
            broker=broker,
            credential_version=version,
            terms=replace(TEN_INFY, quantity_shares=shares),
        )
    )


def _adopt(draw: st.DrawFn, history: History) -> None:
    key = f"k{len(history.orders) + 1}"
    status = draw(st.sampled_from(STATUSES))
    history.orders[key] = "settled" if status in SETTLED_STATUSES else "placed"
    history.quantities[key] = TEN_INFY.quantity_shares
    history.events.append(replace(facts.ADOPTED, order_key=key, sighting=facts.ended(status)))


def _dispatch(draw: st.DrawFn, history: History) -> None:
    key = draw(st.sampled_from(history.keys("requested")))
    history.orders[key] = "dispatched"
    history.events.append(e.OrderDispatched(order_key=key))


def _answer(draw: st.DrawFn, history: History) -> None:
    key = draw(st.sampled_from(history.keys("dispatched")))
    history.orders[key] = draw(st.sampled_from(["placed", "placed", "rejected", "unknown"]))
    answers: dict[str, e.Event] = {
        "placed": _placed(key),
        "rejected": e.OrderRejected(order_key=key, code="NO_MONEY", reason="Not enough money."),
        "unknown": e.OrderOutcomeUnknown(order_key=key, cause="no answer"),
    }
    history.events.append(answers[history.orders[key]])


def _placed(key: str) -> e.OrderPlaced:
    return e.OrderPlaced(order_key=key, broker_order_id=f"B-{key}", placed_at=OPENING_BELL)


def _miss(draw: st.DrawFn, history: History) -> None:
    """The reconciler does not find it, or finds something else under its id."""
    key = draw(st.sampled_from(history.keys("dispatched", "unknown")))
    if draw(st.booleans()):
        history.events.append(replace(facts.MISMATCHED, order_key=key))
    else:
        history.orders[key] = "absent"
        history.events.append(replace(facts.ABSENT, order_key=key))


def _hear_late(draw: st.DrawFn, history: History) -> None:
    """The acceptance of an order that was given up, or a refusal of one that is there."""
    key = draw(st.sampled_from(history.keys("absent", "placed")))
    if history.orders[key] == "absent":
        history.orders[key] = "settled"
        history.events.append(_placed(key))
    else:
        history.events.append(e.OrderRejected(order_key=key, code="LATE", reason="No."))


def _see_again(draw: st.DrawFn, history: History) -> None:
    key = draw(st.sampled_from(history.keys("placed", "unknown")))
    status = draw(st.sampled_from(STATUSES))
    history.orders[key] = "settled" if status in SETTLED_STATUSES else "placed"
    sighting = facts.ended(status, draw(st.integers(0, 3)))
    history.events.append(
        e.OrderObserved(order_key=key, broker_order_id=f"B-{key}", sighting=sighting)
    )


def _ask_for_change(draw: st.DrawFn, history: History) -> None:
    key = draw(st.sampled_from(history.keys("placed")))
    change_key = f"c{len(history.events)}"
    shares = draw(st.none() | st.integers(1, 100))
    history.changes[key, change_key] = "requested"
    history.asked_for[key, change_key] = shares
    change = (
        facts.cancellation(change_key) if shares is None else facts.modification(change_key, shares)
    )
    history.events.append(replace(change, order_key=key))


def _send_change(draw: st.DrawFn, history: History) -> None:
    which = draw(st.sampled_from(history.open_changes("requested")))
    history.changes[which] = "dispatched"
    history.events.append(e.OrderChangeDispatched(order_key=which[0], change_key=which[1]))


def _answer_change(draw: st.DrawFn, history: History) -> None:
    which = draw(st.sampled_from(history.open_changes("dispatched")))
    _settle_change(draw, history, which, ["accepted", "rejected", "unknown"])


def _find_out_about_change(draw: st.DrawFn, history: History) -> None:
    which = draw(st.sampled_from(history.open_changes("unknown")))
    _settle_change(draw, history, which, ["accepted", "rejected"])


def _settle_change(
    draw: st.DrawFn, history: History, which: tuple[str, str], ends: list[str]
) -> None:
    (key, change_key), end = which, draw(st.sampled_from(ends))
    history.changes[which] = end
    shares = history.asked_for[which]
    if end == "accepted" and shares is not None:
        history.quantities[key] = shares
    answers: dict[str, e.OrderEvent] = {
        "accepted": facts.accepted(change_key),
        "rejected": facts.refused(change_key),
        "unknown": facts.doubted(change_key),
    }
    history.events.append(replace(answers[end], order_key=key))


def _end(draw: st.DrawFn, history: History) -> None:
    history.ended = True
    deadline = OPENING_BELL + timedelta(hours=24)
    history.events.append(
        draw(
            st.sampled_from(
                [
                    e.SessionEnded(reason="operator"),
                    e.SessionExpired(
                        reason="idle", last_activity_at=OPENING_BELL, deadline=deadline
                    ),
                    e.SessionExpired(
                        reason="age", last_activity_at=OPENING_BELL, deadline=deadline
                    ),
                ]
            )
        )
    )
