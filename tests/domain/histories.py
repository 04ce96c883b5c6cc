"""Histories of one session that nobody thought of, beside a plain account of what is true at the
end of each: the account is kept by hand here, so that it can disagree with the fold."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import strategies as st
from msgspec.structs import replace

from domain import events as e
from domain.vocabulary import SETTLED_STATUSES, BrokerName, OrderSighting, OrderStatus
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
    """requested, dispatched, placed, unknown, absent or settled, by order key."""
    ended: bool = False

    @property
    def outcomes(self) -> list[e.Event]:
        kinds = (e.OrderPlaced, e.OrderRejected, e.OrderOutcomeUnknown)
        return [event for event in self.events if isinstance(event, kinds)]

    def keys(self, *stages: str) -> list[str]:
        return [key for key, stage in self.orders.items() if stage in stages]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Everything that the deciding functions can lead to, in any order that they allow."""
    history = History()
    for _ in range(draw(st.integers(0, MAX_STEPS))):
        moves = [_see_again] if history.keys("placed", "unknown") else []
        moves += [_answer] if history.keys("dispatched") else []
        if not history.ended:
            moves += [_select, _log_in, _fail_to_log_in, _request, _request, _end]
            moves += [_dispatch, _dispatch] if history.keys("requested") else []
            moves += [_lose_login] if history.logins else []
        if moves:
            draw(st.sampled_from(moves))(draw, history)
    return history


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


def _request(draw: st.DrawFn, history: History) -> None:
    key = f"k{len(history.orders) + 1}"
    history.orders[key] = "requested"
    terms = replace(TEN_INFY, quantity_shares=draw(st.integers(1, 100)))
    history.events.append(replace(REQUESTED, order_key=key, terms=terms))


def _dispatch(draw: st.DrawFn, history: History) -> None:
    key = draw(st.sampled_from(history.keys("requested")))
    history.orders[key] = "dispatched"
    history.events.append(e.OrderDispatched(order_key=key))


def _answer(draw: st.DrawFn, history: History) -> None:
    key = draw(st.sampled_from(history.keys("dispatched")))
    history.orders[key] = draw(st.sampled_from(["placed", "absent", "unknown"]))
    answers: dict[str, e.Event] = {
        "placed": e.OrderPlaced(order_key=key, broker_order_id=f"B-{key}", placed_at=OPENING_BELL),
        "absent": e.OrderRejected(order_key=key, code="NO_MONEY", reason="Not enough money."),
        "unknown": e.OrderOutcomeUnknown(order_key=key, cause="no answer"),
    }
    history.events.append(answers[history.orders[key]])


def _see_again(draw: st.DrawFn, history: History) -> None:
    key = draw(st.sampled_from(history.keys("placed", "unknown")))
    status = draw(st.sampled_from(STATUSES))
    history.orders[key] = "settled" if status in SETTLED_STATUSES else "placed"
    sighting = OrderSighting(
        status=status, raw_status=status, filled_shares=0, pending_shares=draw(st.integers(0, 3))
    )
    history.events.append(
        e.OrderObserved(order_key=key, broker_order_id=f"B-{key}", sighting=sighting)
    )


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
