"""Order flows as others build them. Each leaves out one defence of ours, and the harness has to see
what comes of it; else it would see nothing in ours either."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from unittest import mock
from uuid import UUID

from application.orders import observe
from application.orders.draft import Draft
from application.orders.place_order import PlaceOrder, Receipt
from application.orders.sending import SendOrder
from application.ports.broker_orders import OrderTicket
from application.sessions.broker_access import Admission
from application.writer import Context
from domain.absence import in_doubt
from domain.events import OrderOutcomeUnknown, OrderRejected, OrderRequested, Outcome
from mcp_interface import trading


class CallThenSave(PlaceOrder):
    """Call the broker first, and put everything on record when the answer is there."""

    def _request(
        self, context: Context, session_id: UUID, draft: Draft, **how: Any
    ) -> Receipt:  # Any: passed on as it came
        admission = draft.admission
        ticket = OrderTicket(order_key=draft.key, broker_tag=draft.broker_tag, terms=draft.terms)
        outcome = admission.broker.place(admission.access, ticket, self.clock.now())
        send = self.send
        answered = Answered(
            admit=send.admit,
            writer=send.writer,
            vault=send.vault,
            clock=send.clock,
            outcome=outcome,
        )
        return PlaceOrder._request(replace(self, send=answered), context, session_id, draft, **how)


@dataclass(frozen=True, kw_only=True)
class Answered(SendOrder):
    """The call was made already; this is what came of it."""

    outcome: Outcome

    def _call(self, admission: Admission, request: OrderRequested) -> Outcome:
        return self.outcome


class RetryOnTimeOut(SendOrder):
    """No answer came: try once more."""

    def _call(self, admission: Admission, request: OrderRequested) -> Outcome:
        outcome = super()._call(admission, request)
        if isinstance(outcome, OrderOutcomeUnknown):
            return super()._call(admission, request)
        return outcome


class TimeOutMeansFailed(SendOrder):
    """No answer came: so there is no order."""

    def _call(self, admission: Admission, request: OrderRequested) -> Outcome:
        outcome = super()._call(admission, request)
        if isinstance(outcome, OrderOutcomeUnknown):
            return OrderRejected(
                order_key=request.order_key, code="TIMED_OUT", reason=outcome.cause
            )
        return outcome


ARMS: Final[Mapping[str, Callable[[], AbstractContextManager[object]]]] = {
    "call then save": partial(mock.patch.object, trading, "PlaceOrder", CallThenSave),
    "retry on time-out": partial(mock.patch.object, trading, "SendOrder", RetryOnTimeOut),
    "time-out means failed": partial(mock.patch.object, trading, "SendOrder", TimeOutMeansFailed),
    # What the book does not show, not even yet, does not exist.
    "absent is final": partial(mock.patch.object, observe, "proves_absence", in_doubt),
}


def instead(arm: str) -> AbstractContextManager[object]:
    """Whatever is built or asked within this is of that arm."""
    return ARMS[arm]()
