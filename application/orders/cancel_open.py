"""Cancel whatever one person has open, one after another, and tell how each one went."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from application.orders.change_order import Change, ChangeOrder
from application.orders.judging import RECENT_SESSIONS
from application.orders.request_change import ChangeReceipt
from application.ports.clock import Clock
from application.sessions.broker_access import state_of
from application.sessions.enter_session import Entered
from application.writer import Context, Loaded, Writer
from domain.errors import BrokerLoginRequired, Refusal, StoreUnavailable
from domain.events import OrderRequested
from domain.vocabulary import BrokerName


class Tried(NamedTuple):
    """`state` is that of the cancellation, or REFUSED where none was asked for; then `code` and
    `reason` say why. `broker_message`: the broker's own, and then `reason` is none."""

    order_key: str
    broker: BrokerName
    broker_order_id: str | None
    state: str
    code: str | None
    reason: str | None
    broker_message: str | None = None


@dataclass(frozen=True, kw_only=True)
class CancelOpen:
    """Works while trading is halted, and with whatever login of the person's is stored."""

    writer: Writer
    change_order: ChangeOrder
    clock: Clock

    def __call__(self, context: Context, account: str | None = None) -> tuple[Tried, ...]:
        """`account` is a fingerprint; without one all are meant.

        Raises:
            StoreUnavailable: what was told so far is in the log.
        """
        return tuple(
            self._cancel(context, request, broker_order_id)
            for request, broker_order_id in list(self._open(context.principal, account))
        )

    def _open(
        self, principal: UUID, account: str | None
    ) -> Iterator[tuple[OrderRequested, str | None]]:
        """What is at a broker, or may be. What was never dispatched is not, and a switch that is
        off keeps it so."""
        for opened in self.writer.store.sessions_of(principal)[-RECENT_SESSIONS:]:
            for order in state_of(self.writer.load(opened.session_id)).orders.values():
                request = order.request
                is_meant = account in (None, request.account_fingerprint)
                if is_meant and order.stage != "requested":
                    yield request, order.broker_order_id

    def _cancel(
        self, context: Context, request: OrderRequested, broker_order_id: str | None
    ) -> Tried:
        key, broker = request.order_key, request.broker
        try:
            change = Change(order=key, new=None, broker=broker)
            receipt = self.change_order(context, self._session_for(context, request), change)
        except StoreUnavailable:
            raise
        except Refusal as refusal:  # one order that cannot be cancelled keeps no other
            return Tried(key, broker, broker_order_id, "REFUSED", refusal.code, str(refusal))
        assert isinstance(receipt, ChangeReceipt), "nobody is asked about a cancellation"
        told = receipt.change
        theirs = told.broker_words
        ours = None if theirs else told.reason
        return Tried(key, broker, broker_order_id, told.state, told.code, ours, theirs)

    def _session_for(self, context: Context, request: OrderRequested) -> Entered:
        """An open session that is logged in to the order's account.

        Raises:
            BrokerLoginRequired: there is none (any more).
        """
        for opened in reversed(self.writer.store.sessions_of(context.principal)[-RECENT_SESSIONS:]):
            loaded = self.writer.load(opened.session_id)
            if self._may_act(loaded, request):
                return Entered(opened.session_id, loaded)
        raise BrokerLoginRequired(
            f"No open session is logged in to the {request.broker} account of this order; nothing "
            "was sent. Next: log in there, or cancel it in the broker's own app.",
            login_at=request.broker,
        )

    def _may_act(self, loaded: Loaded, request: OrderRequested) -> bool:
        session, now = state_of(loaded), self.clock.now()
        if session.ended or now >= session.ends_at:
            return False
        login = session.logins.get(request.broker)
        if login is None:
            return not request.credential_version
        is_over = login.expires_at is not None and now >= login.expires_at
        return login.account_fingerprint == request.account_fingerprint and not is_over
