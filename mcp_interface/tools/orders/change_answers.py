"""How tools answer about a change of an order: small, as get_order() tells the rest."""

from decimal import Decimal

from application.orders.place_order import Asked
from application.orders.request_change import ChangeReceipt
from domain.instants import outside
from domain.order_reports import ChangeReport, OrderReport
from domain.vocabulary import OrderTerms
from mcp_interface.tools.orders.order_answers import ASK_AGAIN_MS, IN_FLIGHT
from mcp_interface.tools.orders.order_rows import why
from mcp_interface.tools.results import Outside, Result, rupees, wrote

# What these say beside their fields is read by every model before it begins: as little as can be.


class ChangeAnswer(Result):
    order_key: str
    broker_order_id: str | None
    change_key: str
    broker: str
    mode: str
    state: str
    order_state: str
    status: str | None
    code: str | None = None
    reason: str | None = None
    broker_message: Outside = None
    repeated: bool = False
    safe_to_retry: bool = False
    in_progress: bool = False
    ask_again_in_ms: int | None = None
    position: int
    session_id: str


class ModifyAnswer(ChangeAnswer):
    """`approvalUrl`: where the user says yes, while it waits for that."""

    proposal_id: str | None = None
    approval_url: str | None = None


def change_of(told: ChangeReceipt, session_id: str) -> ModifyAnswer:
    report, change = told.report, told.change
    in_flight = change.state in IN_FLIGHT
    return ModifyAnswer(
        order_key=report.request.order_key,
        broker_order_id=report.broker_order_id,
        change_key=change.change_key,
        broker=report.request.broker,
        mode=report.request.mode,
        state=change.state,
        order_state=report.state,
        status=report.sighting.status if report.sighting else None,
        code=change.code,
        **why(report.request.broker, change),
        repeated=told.repeated,
        safe_to_retry=change.safe_to_retry,
        in_progress=in_flight,
        ask_again_in_ms=ASK_AGAIN_MS if in_flight else None,
        position=told.position,
        session_id=session_id,
    )


def awaiting_change(asked: Asked, report: OrderReport, url: str | None) -> ModifyAnswer:
    """Nothing was sent, and nothing will be without the person's yes on our page."""
    proposal = asked.proposal
    return ModifyAnswer(
        order_key=proposal.order_key,
        broker_order_id=report.broker_order_id,
        change_key=proposal.change_key or "",
        broker=proposal.broker,
        mode=proposal.mode,
        state="AWAITING_APPROVAL",
        order_state=report.state,
        status=report.sighting.status if report.sighting else None,
        position=asked.position,
        session_id=str(asked.session_id),
        proposal_id=proposal.proposal_id,
        approval_url=url,
    )


def change_in_words(told: ChangeReceipt, answer: ChangeAnswer) -> list[str]:
    """What was asked for, what became of it, and what to do next."""
    change = told.change
    order = f" ({answer.status})" if answer.status else ""
    lines = [f"{_wanted(change)} {answer.order_key}{order}: {change.state}"]
    if change.code:
        lines[0] += f" ({change.code})"
    if told.repeated:
        lines.append("Nothing was sent now: this change was asked for before.")
    if answer.reason:
        lines.append(answer.reason)
    if answer.broker_message:
        lines.append(wrote(answer.broker, answer.broker_message))
    ask_again = f"get_order(order_key='{answer.order_key}')"
    if answer.in_progress:
        lines.append(f"IN_PROGRESS: it is being sent. Next: {ask_again} in {ASK_AGAIN_MS} ms.")
    elif change.state == "UNKNOWN" and change.kind == "cancel":
        lines.append(
            f"It may have been cancelled. Next: {ask_again}; if it is still open, cancel_order "
            "again, which does no harm."
        )
    elif change.state == "UNKNOWN":
        lines.append(f"It may have been changed. Do not ask for it again. Next: {ask_again}.")
    lines.append(f"change_key: {change.change_key}")
    return lines


def awaiting_in_words(asked: Asked, answer: ModifyAnswer) -> list[str]:
    where = answer.approval_url or "the approval page of this server"
    until = outside(asked.proposal.expires_at)
    return [
        f"Change {answer.order_key}: AWAITING_APPROVAL",
        "Nothing was sent. The user has to say yes to this:",
        *asked.proposal.text.splitlines(),
        f"Next: give the user this link, and wait for them: {where} (good until "
        f"{until}, for them alone). Then get_order(order_key='{answer.order_key}').",
        f"change_key: {answer.change_key}",
    ]


def _wanted(change: ChangeReport) -> str:
    return "Cancel" if change.terms is None else f"Change to {_terms(change.terms)}:"


def _terms(terms: OrderTerms) -> str:
    def at(word: str, price: Decimal | None) -> str:
        return f" {word} {rupees(price)}" if price is not None else ""

    return (
        f"{terms.transaction_type} {terms.quantity_shares} {terms.exchange}:{terms.trading_symbol} "
        f"{terms.order_type}{at('at', terms.limit_price_inr)}"
        f"{at('trigger', terms.trigger_price_inr)}"
    )
