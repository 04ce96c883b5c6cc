"""Send what is on record, one order or its slices one after the other, and look what became of
it."""

from dataclasses import dataclass
from uuid import UUID

from application.orders.observe import look_at_book
from application.orders.sending import SendOrder
from application.ports.clock import Clock
from application.sessions.broker_access import Admission
from application.writer import Context, Writer
from domain.errors import Refusal
from domain.events import OrderRequested
from domain.order_reports import order_reports

STOPPED = "An earlier slice was not placed, so this one was not sent."


@dataclass(frozen=True, kw_only=True)
class SendAll:
    writer: Writer
    clock: Clock
    send: SendOrder

    def __call__(
        self,
        context: Context,
        session_id: UUID,
        admission: Admission,
        requests: list[OrderRequested],
    ) -> int:
        """Answer with the position of the newest news. A slice that does not end as placed stops
        those behind it, which are closed as never sent.

        Raises: as `SendOrder`, where the first one was never sent.
        """
        position = 0
        for number, request in enumerate(requests):
            try:
                position = self.send(context, session_id, admission, request)
            except Refusal:
                self._stop(context, session_id, requests[number + 1 :])
                if number == 0:
                    raise
                break
            rest = requests[number + 1 :]
            if rest and self._state(session_id, request) != "PLACED":
                self._stop(context, session_id, rest)
                break
        if requests[0].terms.instruction is not None:
            return position  # no order book shows it
        return max(position, self.look(context, session_id, admission))

    def look(self, context: Context, session_id: UUID, admission: Admission) -> int:
        """See `look_at_book`."""
        return look_at_book(self.writer, self.clock, context, session_id, admission)

    def _stop(self, context: Context, session_id: UUID, rest: list[OrderRequested]) -> None:
        for request in rest:
            self.send.close(context, session_id, request, "SLICES_STOPPED", STOPPED)

    def _state(self, session_id: UUID, request: OrderRequested) -> str:
        reports = order_reports(self.writer.load(session_id).events)
        return reports[request.order_key].state
