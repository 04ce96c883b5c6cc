"""The engine with one defence taken out. Each of these has to be caught by some seed: it shows that
the simulation would notice if the product lost that defence."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from application.orders import draft, observe, place_order, sending
from application.orders.reconcile import Reconcile
from application.orders.sending import SendOrder
from application.ports.event_store import Append, Conflict
from application.writer import Context
from domain import events as e
from domain import order_changes, orders, risk
from domain.events import Event
from domain.risk_ledger import RiskLedger
from tests.simulation.broker import SimulatedBroker
from tests.simulation.store import SimulatedStore

Mutant = Callable[[], AbstractContextManager[object]]


def _dispatch_is_not_fenced() -> AbstractContextManager[object]:
    """Whoever wants to send may, also when it is on its way already."""

    def dispatch(state: object, order_key: str, now: object) -> list[Event]:
        return [e.OrderDispatched(order_key=order_key)]

    return patch.object(orders, "dispatch_order", dispatch)


def _an_unclear_call_is_made_again() -> AbstractContextManager[object]:
    place = SimulatedBroker.place

    def twice(self: SimulatedBroker, access: Any, ticket: Any, now: Any) -> Any:
        outcome = place(self, access, ticket, now)
        if isinstance(outcome, e.OrderOutcomeUnknown):
            self.watch = lambda access, ticket: None
            return place(self, access, ticket, now)
        return outcome

    return patch.object(SimulatedBroker, "place", twice)


def _no_answer_means_not_placed() -> AbstractContextManager[object]:
    place = SimulatedBroker.place

    def failed(self: SimulatedBroker, access: Any, ticket: Any, now: Any) -> Any:
        outcome = place(self, access, ticket, now)
        if isinstance(outcome, e.OrderOutcomeUnknown):
            return e.OrderRejected(
                order_key=ticket.order_key, code="TIMEOUT", reason="", reached_broker=False
            )
        return outcome

    return patch.object(SimulatedBroker, "place", failed)


def _not_in_the_book_means_absent() -> AbstractContextManager[object]:
    return patch.object(observe, "proves_absence", lambda order, at: order.stage == "unknown")


def _the_call_comes_before_the_dispatch() -> AbstractContextManager[object]:
    return patch.object(SendOrder, "_dispatch", lambda self, *a: None)


def _a_conflict_is_taken_for_success() -> AbstractContextManager[object]:
    append = SimulatedStore.append

    def deaf(self: SimulatedStore, wanted: Append) -> int:
        try:
            return append(self, wanted)
        except Conflict:
            return self.head()

    return patch.object(SimulatedStore, "append", deaf)


def _guards_are_not_checked() -> AbstractContextManager[object]:
    append = SimulatedStore.append

    def unguarded(self: SimulatedStore, wanted: Append) -> int:
        return append(self, wanted._replace(guards=()))

    return patch.object(SimulatedStore, "append", unguarded)


def _switches_are_read_once_at_the_start() -> AbstractContextManager[object]:
    return patch.object(sending, "check_switches", lambda streams: None)


def _keys_are_not_claimed() -> AbstractContextManager[object]:
    """Each caller's key is another stream."""
    count = iter(range(10**9))
    return patch.object(
        place_order, "order_key_stream", lambda principal, key: UUID(int=next(count) + 1)
    )


def _nobody_reconciles() -> AbstractContextManager[object]:
    return patch.object(Reconcile, "due", lambda self: ())


def _whoever_died_is_forgotten() -> AbstractContextManager[object]:
    return patch.object(Reconcile, "close_stale", lambda self: 0)


def _a_yes_is_not_asked_for() -> AbstractContextManager[object]:
    def at_once(
        self: Any, context: Any, session_id: UUID, wanted: Any, order: Any, minted: bool
    ) -> Any:
        return self._request(context, session_id, wanted, minted=minted)

    return patch.object(place_order.PlaceOrder, "_propose", at_once)


def _limits_are_counted_without_the_lock() -> AbstractContextManager[object]:
    """Everybody sees the day as it was in the morning."""
    judge = risk.judge

    def blind(limits: Any, terms: Any, mode: Any, known: Any, now: Any, *kind: Any) -> Any:
        from msgspec.structs import replace

        morning = RiskLedger()
        seen = replace(known, orders_today=morning.orders, value_today_inr=morning.value_inr)
        return judge(limits, terms, mode, seen, now, *kind)

    return patch.object(draft, "judge", blind)


def _what_is_under_way_is_closed_as_never_sent() -> AbstractContextManager[object]:
    def closed(state: Any, order_key: str, code: str, reason: str) -> list[Event]:
        return [
            e.OrderRejected(order_key=order_key, code=code, reason=reason, reached_broker=False)
        ]

    return patch.object(orders, "never_sent", closed)


def _a_late_doubt_takes_a_proof_back() -> AbstractContextManager[object]:
    def forgetful(self: Any, context: Context, session_id: UUID, request: Any, outcome: Any) -> int:
        doubt = e.OrderRejected(
            order_key=request.order_key, code="TIMEOUT", reason="", reached_broker=False
        )
        written = self.writer.record(
            context,
            [session_id],
            lambda _: [[doubt if isinstance(outcome, e.OrderOutcomeUnknown) else outcome]],
        )
        return written.position or 0

    return patch.object(SendOrder, "record", forgetful)


def _changes_are_sent_twice() -> AbstractContextManager[object]:
    def dispatch(state: Any, order_key: str, change_key: str, now: Any) -> list[Event]:
        return [e.OrderChangeDispatched(order_key=order_key, change_key=change_key)]

    return patch.object(order_changes, "dispatch_change", dispatch)


MUTANTS: Final[dict[str, Mutant]] = {
    name.strip("_"): made
    for name, made in globals().items()
    if name.startswith("_") and callable(made) and getattr(made, "__module__", "") == __name__
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    with MUTANTS[name]():
        yield
