"""Tools that change an open order: modify it, or cancel it; each change at most once."""

from typing import Annotated
from uuid import UUID

from mcp.types import CallToolResult, InputRequiredResult
from pydantic import Field

from application.orders.change_draft import NewTerms
from application.orders.change_order import Change
from application.orders.own_orders import find_own
from application.orders.place_order import Asked, Receipt
from application.orders.request_change import ChangeReceipt
from application.sessions.enter_session import Entered
from domain.events import OrderProposed
from domain.order_changes import change_fingerprint
from domain.order_reports import OrderReport
from domain.orders import plain_prices
from domain.vocabulary import OrderType, Validity, Variety
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.server import MOVES_MONEY, TradingServer
from mcp_interface.tools.orders.approving import Approving
from mcp_interface.tools.orders.change_answers import (
    ChangeAnswer,
    ModifyAnswer,
    awaiting_change,
    awaiting_in_words,
    change_in_words,
    change_of,
)
from mcp_interface.tools.orders.order_arguments import Disclosed, Price, Quantity
from mcp_interface.tools.results import indicator

OrderId = Annotated[str, Field(max_length=64, description="order_key, or the broker's order id.")]
ChangeKey = Annotated[str | None, Field(max_length=64, description="Yours; repeat it to retry.")]
AnyBroker = Annotated[str | None, Field(max_length=20)]
"""Without it the order is looked for at the active broker first, then at the others."""


def register(server: TradingServer, app: App) -> None:
    _register_modifying(server, app)
    _register_cancelling(server, app)


def _register_modifying(server: TradingServer, app: App) -> None:
    approving = Approving(app)

    @server.tool(title="Modify an order", annotations=MOVES_MONEY)
    async def modify_order(
        ctx: Mcp,
        order_id: OrderId,
        broker: AnyBroker = None,
        variety: Variety | None = None,
        quantity: Annotated[
            Quantity | None, Field(description="Of the whole order, in shares.")
        ] = None,
        price: Price = None,
        order_type: OrderType | None = None,
        trigger_price: Price = None,
        disclosed_quantity: Disclosed = None,
        validity: Validity | None = None,
        change_key: ChangeKey = None,
    ) -> Annotated[CallToolResult, ModifyAnswer] | InputRequiredResult:
        """Change an open order of yours, at most once. The user is asked, as for a new one."""
        new = NewTerms(
            quantity_shares=quantity,
            order_type=order_type,
            limit_price_inr=price,
            trigger_price_inr=trigger_price,
            validity=validity,
            disclosed_quantity_shares=disclosed_quantity,
        )
        change = Change(
            order=order_id, new=new, change_key=change_key, broker=broker, variety=variety
        )
        answered = await approving.answered(
            ctx, app.caller_of(ctx), lambda proposal: _is_that(change, new, proposal)
        )
        if answered:
            receipt, asked = answered
            return _answered(app, receipt, asked.session_id)

        def job(
            caller: Caller, entered: Entered
        ) -> tuple[Caller, ChangeReceipt | Asked, OrderReport | None, UUID]:
            outcome = app.backend.change_order(caller.context, entered, change)
            if isinstance(outcome, ChangeReceipt):
                return caller, outcome, None, entered.session_id
            key = outcome.proposal.order_key
            own = find_own(app.backend.writer, caller.principal, key, broker, None)
            return caller, outcome, own.report, entered.session_id

        caller, outcome, report, session_id = await app.at_broker(ctx, broker, job)
        if isinstance(outcome, ChangeReceipt):
            return _answered(app, outcome, session_id)
        said = await approving.ask(ctx, caller, outcome)
        if isinstance(said, InputRequiredResult):
            return said
        if said is not None:
            return _answered(app, said, session_id)
        assert report is not None, "what was proposed is about an order"
        url = await approving.page(ctx, outcome.proposal.proposal_id)
        answer = awaiting_change(outcome, report, url)
        return _told(app, answer, awaiting_in_words(outcome, answer))

    server.rule("modify_order", "trade", "orders", "default")


def _register_cancelling(server: TradingServer, app: App) -> None:
    @server.tool(title="Cancel an order", annotations=MOVES_MONEY)
    async def cancel_order(
        ctx: Mcp,
        order_id: OrderId,
        broker: AnyBroker = None,
        variety: Variety | None = None,
        change_key: ChangeKey = None,
    ) -> Annotated[CallToolResult, ChangeAnswer]:
        """Cancel an open order of yours, at once; also while trading is halted."""
        change = Change(
            order=order_id, new=None, change_key=change_key, broker=broker, variety=variety
        )

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            receipt = app.backend.change_order(caller.context, entered, change)
            assert isinstance(receipt, ChangeReceipt), "nobody is asked about a cancellation"
            answer = ChangeAnswer(
                **change_of(receipt, str(entered.session_id)).model_dump(
                    include=set(ChangeAnswer.model_fields)
                )
            )
            return _told(app, answer, change_in_words(receipt, answer))

        return await app.at_broker(ctx, broker, job)

    server.rule("cancel_order", "trade", "orders", "default")


def _is_that(change: Change, new: NewTerms, proposal: OrderProposed) -> bool:
    """Whether the caller asks for what was proposed; key and broker may be left out again."""
    named = change_fingerprint(change.order, "modify", proposal.terms) == proposal.fingerprint
    return (
        proposal.change_key is not None
        and (named or change.order == proposal.order_key)
        and change.change_key in (None, proposal.change_key)
        and change.broker in (None, proposal.broker)
        and plain_prices(new.of(proposal.terms)) == plain_prices(proposal.terms)
    )


def _answered(app: App, told: Receipt, session_id: UUID) -> CallToolResult:
    assert isinstance(told, ChangeReceipt), "a yes to a modification leads to one"
    answer = change_of(told, str(session_id))
    return _told(app, answer, change_in_words(told, answer))


def _told(app: App, answer: ChangeAnswer, lines: list[str]) -> CallToolResult:
    now = app.backend.clock.now()
    first = indicator(answer.mode, UUID(answer.session_id), answer.broker, now)
    return result(first, lines, answer)
