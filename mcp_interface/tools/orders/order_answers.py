"""How tools answer about one order: sent, waiting for a yes, or never sent."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from application.orders.place_order import Asked, Receipt
from application.orders.preview_order import Preview
from application.orders.tell_order import Approved, Told, Unsent
from domain.events import OrderDenied, OrderProposed
from domain.instants import outside
from domain.order_reports import ChangeReport, OrderReport
from domain.order_text import order_text
from domain.vocabulary import RiskFacts
from mcp_interface.tools.orders.order_rows import OrderRow, row_of, unsent_row, why
from mcp_interface.tools.results import CURRENCY, Outside, Result, money, when

ASK_AGAIN_MS = 1000
IN_FLIGHT = ("REQUESTED", "DISPATCHED")


class OrderAnswer(OrderRow):
    """`inProgress`: ask for it again after so many ms. While it waits for the user's yes,
    `approvalText` is what they are asked, and `approvalUrl` where. `slices`: the keys of the orders
    that it went as, where it went as several."""

    slices: list[str] = Field(default_factory=list)
    broker_tag: str | None = None
    in_progress: bool = False
    ask_again_in_ms: int | None = None
    proposal_id: str | None = None
    approval_text: str | None = None
    approval_url: str | None = None
    expires_at: str | None = None
    position: int
    session_id: str


class OrderReceipt(OrderAnswer):
    """`repeated`: the key named this order already and this call sent nothing."""

    order_key_minted: bool
    repeated: bool


class ChangeRow(Result):
    """A modification or cancellation."""

    change_key: str
    kind: str
    state: str
    quantity: int | None
    price: str | None
    trigger_price: str | None
    code: str | None
    reason: str | None
    broker_message: Outside
    safe_to_retry: bool


class ApprovalRow(Result):
    method: str
    at: str
    text_hash: str


class RiskRow(Result):
    """What the rules saw; counts are before this order."""

    value: str | None
    last_price: str | None
    price_at: str | None
    orders_today: int
    value_today: str
    orders_last_minute: int
    unknown_open: int


class OrderDetail(OrderAnswer):
    changes: list[ChangeRow] = Field(default_factory=list)
    approval: ApprovalRow | None = None
    risk: RiskRow | None = None


class OrderPreview(Result):
    """`passes`: no limit forbids it now. `orderKey` is for create_order, with these arguments."""

    order_key: str
    passes: bool
    rule: str | None
    threshold: str | None
    reason: str | None
    needs_approval: bool
    text: str
    broker: str
    mode: str
    currency: str
    risk: RiskRow
    session_id: str


def receipt_of(told: Receipt, session_id: str, *, minted: bool) -> OrderReceipt:
    return OrderReceipt(
        **_row(told.report),
        slices=_keys(told.slices),
        position=told.position,
        session_id=session_id,
        order_key_minted=minted,
        repeated=told.repeated,
    )


def awaiting(asked: Asked, url: str | None, *, minted: bool) -> OrderReceipt:
    """Nothing was sent, and nothing will be without the person's yes on our page."""
    return OrderReceipt(
        **_unsent(asked.proposal, "AWAITING_APPROVAL", url),
        position=asked.position,
        session_id=str(asked.session_id),
        order_key_minted=minted,
        repeated=False,
    )


def detail_of(told: Told) -> OrderDetail:
    return OrderDetail(
        **_row(told.report),
        slices=_keys(told.slices),
        position=told.position,
        session_id=str(told.session_id),
        changes=[_change(told.report.request.broker, change) for change in told.report.changes],
        approval=_approval(told.approval) if told.approval else None,
        risk=risk_row(told.report.request.risk) if told.report.request.risk else None,
    )


def detail_unsent(unsent: Unsent, url: str | None) -> OrderDetail:
    fact = unsent.fact
    return OrderDetail(
        **_unsent(fact, unsent.state, url),
        position=unsent.position,
        session_id=str(unsent.session_id),
        risk=risk_row(fact.facts) if isinstance(fact, OrderDenied) else None,
    )


def preview_of(preview: Preview, session_id: str) -> OrderPreview:
    draft, denied = preview.draft, preview.denied
    broker = draft.admission.broker
    value = preview.known.value_inr
    return OrderPreview(
        order_key=draft.key,
        passes=denied is None,
        rule=denied.rule if denied else None,
        threshold=denied.threshold if denied else None,
        reason=denied.reason if denied else None,
        needs_approval=draft.mode != "PAPER",
        text=order_text(
            draft.terms,
            broker.display_name,
            draft.mode,
            value_inr=value,
            slices=len(draft.parts),
        ),
        broker=broker.name,
        mode=draft.mode,
        currency=CURRENCY,
        risk=risk_row(preview.known),
        session_id=session_id,
    )


def risk_row(facts: RiskFacts) -> RiskRow:
    return RiskRow(
        value=money(facts.value_inr),
        last_price=money(facts.price_inr),
        price_at=when(facts.price_at),
        orders_today=facts.orders_today,
        value_today=money(facts.value_today_inr),
        orders_last_minute=facts.orders_last_minute,
        unknown_open=facts.unknown_open,
    )


def _keys(slices: Sequence[OrderReport]) -> list[str]:
    return [each.request.order_key for each in slices]


def _row(report: OrderReport) -> dict[str, Any]:
    in_flight = report.state in IN_FLIGHT
    return {
        **row_of(report).model_dump(),
        "broker_tag": report.request.broker_tag,
        "in_progress": in_flight,
        "ask_again_in_ms": ASK_AGAIN_MS if in_flight else None,
    }


def _unsent(fact: OrderProposed | OrderDenied, state: str, url: str | None) -> dict[str, Any]:
    row = unsent_row(fact, state).model_dump()
    if isinstance(fact, OrderDenied) or state != "AWAITING_APPROVAL":
        return row
    return {
        **row,
        "proposal_id": fact.proposal_id,
        "approval_text": fact.text,
        "approval_url": url,
        "expires_at": outside(fact.expires_at),
    }


def _change(broker: str, change: ChangeReport) -> ChangeRow:
    terms = change.terms
    return ChangeRow(
        change_key=change.change_key,
        kind=change.kind,
        state=change.state,
        quantity=terms.quantity_shares if terms else None,
        price=money(terms.limit_price_inr) if terms else None,
        trigger_price=money(terms.trigger_price_inr) if terms else None,
        code=change.code,
        **why(broker, change),
        safe_to_retry=change.safe_to_retry,
    )


def _approval(approved: Approved) -> ApprovalRow:
    return ApprovalRow(
        method=approved.method, at=outside(approved.at), text_hash=approved.text_hash
    )
