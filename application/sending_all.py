"""Send what is on record, one order or its slices one after the other, and look what became of
it."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from application.broker_access import Admission
from application.observe import observe_book, read_book
from application.ports.broker import BrokerDown, LoginExpired
from application.ports.clock import Clock
from application.sending import SendOrder
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
            if self._state(session_id, request) != "PLACED":
                self._stop(context, session_id, requests[number + 1 :])
                break
        return max(position, self.look(context, session_id, admission))

    def look(self, context: Context, session_id: UUID, admission: Admission) -> int:
        """See what the broker's book says of it now; 0 when it says nothing new or cannot."""
        with suppress(BrokerDown, LoginExpired):  # a later read will see it
            book = read_book(admission, self.clock)
            return observe_book(self.writer, context, session_id, book)
        return 0

    def _stop(self, context: Context, session_id: UUID, rest: list[OrderRequested]) -> None:
        for request in rest:
            self.send.close(context, session_id, request, "SLICES_STOPPED", STOPPED)

    def _state(self, session_id: UUID, request: OrderRequested) -> str:
        reports = order_reports(self.writer.load(session_id).events)
        return reports[request.order_key].state
