"""The one way in for an order, whichever tool it was asked for with."""

from dataclasses import dataclass
from uuid import UUID

from mcp.types import CallToolResult, InputRequiredResult

from application.orders.place_order import Asked, Order, Receipt
from application.orders.tell_order import Told
from application.sessions.enter_session import Entered
from domain.errors import OrderInProgress
from domain.events import OrderProposed
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.composition import Backend
from mcp_interface.tools.orders.approving import Approving
from mcp_interface.tools.orders.order_answers import OrderAnswer, awaiting, receipt_of
from mcp_interface.tools.orders.order_arguments import Wanted, is_that
from mcp_interface.tools.orders.order_words import told_in_words
from mcp_interface.tools.results import Form, indicator


@dataclass(frozen=True)
class Placing:
    app: App

    async def __call__(self, ctx: Mcp, wanted: Wanted) -> CallToolResult | InputRequiredResult:
        """Place it, at most once; the person is asked where money is at stake.

        Raises: as `PlaceOrder` and `Approving`.
        """
        app, backend, approving = self.app, self.app.backend, Approving(self.app)
        minted = wanted.order_key is None

        def is_this(proposal: OrderProposed) -> bool:
            order = wanted.order(backend.instruments)
            return proposal.change_key is None and is_that(order, proposal)

        if answered := await approving.answered(ctx, app.caller_of(ctx), is_this):
            receipt, asked = answered
            return answered_order(app, receipt, asked.session_id, minted)

        def job(caller: Caller, entered: Entered) -> tuple[Caller, Receipt | Asked, UUID]:
            order = wanted.order(backend.instruments)
            return caller, _placed(backend, caller, entered, order), entered.session_id

        caller, outcome, session_id = await app.at_broker(ctx, wanted.broker, job)
        if isinstance(outcome, Receipt):
            return answered_order(app, outcome, session_id, minted)
        said = await approving.ask(ctx, caller, outcome)
        if isinstance(said, InputRequiredResult):
            return said
        if said is not None:
            return answered_order(app, said, session_id, minted)
        url = await approving.page(ctx, outcome.proposal.proposal_id)
        return told_order(app, awaiting(outcome, url, minted=minted))


def answered_order(app: App, told: Receipt, session_id: UUID, minted: bool) -> CallToolResult:
    """What became of it, by a receipt."""
    also = ("Nothing was sent now: this order_key named this order already.",)
    return told_order(
        app,
        receipt_of(told, str(session_id), minted=minted),
        also=also if told.repeated else (),
    )


def told_order(
    app: App, model: OrderAnswer, form: Form = "concise", *, also: tuple[str, ...] = ()
) -> CallToolResult:
    first = indicator(model.mode, UUID(model.session_id), model.broker, app.backend.clock.now())
    return result(first, told_in_words(model, form, also=also), model)


def _placed(backend: Backend, caller: Caller, entered: Entered, order: Order) -> Receipt | Asked:
    """An order that somebody else is sending just now is told as it stands."""
    try:
        return backend.place_order(caller.context, entered, order)
    except OrderInProgress:
        told = backend.tell_order.known(caller.principal, order.order_key)
        if not isinstance(told, Told):
            raise
        return Receipt(report=told.report, position=told.position, repeated=True, minted=False)
