"""The text of an answer about one order: what became of it, what that means, what to do next."""

from decimal import Decimal
from typing import Final, cast

from domain.capabilities import OFFERS
from domain.vocabulary import BrokerName
from mcp_interface.tools.orders.order_answers import (
    ASK_AGAIN_MS,
    ChangeRow,
    OrderAnswer,
    OrderDetail,
    RiskRow,
)
from mcp_interface.tools.orders.order_rows import INSTEAD, in_words
from mcp_interface.tools.results import Form, rupees, screenful, wrote

NAMED_SLICES: Final = 3
TOLD_CHANGES: Final = 5


def told_in_words(
    row: OrderAnswer, form: Form = "concise", *, also: tuple[str, ...] = ()
) -> list[str]:
    """What it is, what it means, and what to do next; `also` comes in between."""
    lines = [in_words(row), *also]
    if row.reason:
        lines.append(row.reason)
    if row.broker_message:
        lines.append(wrote(row.broker, row.broker_message))
    lines += _next(row)
    lines.append(f"order_key: {row.order_key}")
    if row.slices:
        shown = row.slices if form == "detailed" else row.slices[:NAMED_SLICES]
        more = ", ..." if len(shown) < len(row.slices) else ""
        lines.append(f"It went as {len(row.slices)} orders: {', '.join(shown)}{more}")
    if isinstance(row, OrderDetail):
        lines += _details(row, form)
    return lines


def _next(row: OrderAnswer) -> list[str]:
    ask_again = f"get_order(order_key='{row.order_key}')"
    if row.in_progress and row.variety in INSTEAD:
        return [
            "IN_PROGRESS: it is being sent, or whoever was sending it died. Do not ask for it "
            f"again. Next: {ask_again} in {ASK_AGAIN_MS} ms; {_shown(row)}"
        ]
    if row.in_progress:
        return [
            "IN_PROGRESS: it is being sent, and may be live. Do not place it again. Next: "
            f"{ask_again} in {ASK_AGAIN_MS} ms."
        ]
    if row.variety in INSTEAD and row.state in ("PLACED", "UNKNOWN"):
        return [_instructed(row)]
    if row.state == "UNKNOWN":
        return ["It may be live. Do not place it again. Next: get_orders(), and look for it there."]
    if row.state == "AWAITING_APPROVAL":
        where = row.approval_url or "the approval page of this server"
        return [
            "Nothing was sent. The user has to say yes to this:",
            *(row.approval_text or "").splitlines(),
            f"Next: give the user this link, and wait for them: {where} (good until "
            f"{row.expires_at}, for them alone). Then {ask_again}.",
        ]
    if row.state == "REJECTED" and row.code == "MARKET_CLOSED":
        return [_after_hours(row.broker)]
    return []


def _instructed(row: OrderAnswer) -> str:
    """Of a GTT order or a conversion, which no order book shows."""
    if row.state == "UNKNOWN":
        return (
            f"It may have been done. Do not ask for it again before you looked. Next: {_shown(row)}"
        )
    return f"{row.broker.capitalize()} has done it: {_shown(row)}"


def _shown(row: OrderAnswer) -> str:
    tool = "get_positions" if row.variety == "conversion" else "get_gtt_orders"
    return f"{tool}(broker='{row.broker}') shows what there is now."


def _after_hours(broker: str) -> str:
    """What to do where the exchange is closed."""
    if "amo" in OFFERS[cast(BrokerName, broker)].varieties:
        return (
            "Next: create_order(variety='amo') with the same arguments and a new order_key goes "
            "when the market opens; get_market_status() says when that is."
        )
    return "Next: get_market_status() says when it opens; then place it with a new order_key."


def _details(row: OrderDetail, form: Form) -> list[str]:
    """Its changes; and who said yes and what the limits saw, where that is asked for."""
    changes = [_change(row.broker, each) for each in reversed(row.changes)]
    lines = screenful(changes, form, TOLD_CHANGES)
    if form == "concise":
        return lines
    if row.approval:
        lines.append(f"The user said yes at {row.approval.at} ({row.approval.method}).")
    if row.risk:
        lines.append(_risk(row.risk))
    return lines


def _change(broker: str, change: ChangeRow) -> str:
    to = f" to {change.quantity} shares" if change.quantity is not None else ""
    price = f" at {rupees(Decimal(change.price))}" if change.price else ""
    code = f" ({change.code})" if change.code else ""
    words = f" {wrote(broker, change.broker_message)}" if change.broker_message else ""
    what = f"{change.kind.capitalize()}{to}{price}: {change.state}{code}."
    return f"{what}{words} (change '{change.change_key}')"


def _risk(risk: RiskRow) -> str:
    worth = rupees(Decimal(risk.value)) if risk.value else "an unknown amount"
    day = rupees(Decimal(risk.value_today))
    return (
        f"When it was asked for: worth {worth}; before it {risk.orders_today} orders of {day} on "
        "that day."
    )
