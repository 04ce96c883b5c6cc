"""What is said about a kill switch: to the person who is asked, and to the client."""

from collections.abc import Sequence

from application.orders.cancel_open import Tried
from application.orders.own_switches import OwnSwitch
from domain.control_events import TradingHalted
from domain.instants import outside, spoken
from domain.proposals import APPROVAL_LIFE
from mcp_interface.tools.results import Outside, Result, wrote


class CancelRow(Result):
    order_key: str
    broker: str
    broker_order_id: str | None
    state: str
    code: str | None
    reason: str | None
    broker_message: Outside


class SwitchAnswer(Result):
    """`state`: ON, HALTED or AWAITING_APPROVAL (the user says yes at `approvalUrl`)."""

    state: str
    scope: str
    broker: str | None
    changed: bool
    reason: Outside
    halted_by: str | None
    halted_at: str | None
    cancelled: list[CancelRow]
    approval_url: str | None = None
    position: int
    session_id: str


def answer_of(
    own: OwnSwitch, session_id: str, *, tried: Sequence[Tried] = (), url: str | None = None
) -> SwitchAnswer:
    stood, fact = own.stood, own.stood.switch.halted
    return SwitchAnswer(
        state="HALTED" if fact else "ON",
        scope=own.which.scope,
        broker=own.broker,
        changed=stood.changed,
        reason=fact.reason if fact else None,
        halted_by=by_whom(fact) if fact else None,
        halted_at=outside(stood.since) if stood.since else None,
        cancelled=[CancelRow(**one._asdict()) for one in tried],
        approval_url=url,
        position=stood.position,
        session_id=session_id,
    )


def by_whom(fact: TradingHalted) -> str:
    if fact.by is not None:
        return "the user"
    return "the operator" if fact.order_key is None else "this server"


def whose(own: OwnSwitch) -> str:
    return "for you" if own.broker is None else f"in your {own.broker} account"


def since_when(own: OwnSwitch) -> str:
    """`It was halted on 23 Nov 2026 09:20 IST by the operator: 'too many orders'.`"""
    fact, since = own.stood.switch.halted, own.stood.since
    assert fact is not None, "only what is halted is told of"
    assert since is not None, "what is halted was halted at some time"
    return f"It was halted on {spoken(since)} by {by_whom(fact)}: '{fact.reason}'."


def question_of(own: OwnSwitch) -> str:
    """What a person says yes to."""
    lines = [f"Let trading go on {whose(own)}?", since_when(own)]
    fact = own.stood.switch.halted
    if fact is not None and fact.order_key is not None:
        lines.append("Look at the order book before you say yes.")
    lines.append(f"This is good for {APPROVAL_LIFE.seconds} s.")
    return "\n".join(lines)


def in_words(own: OwnSwitch, tried: Sequence[Tried], *, asked_to_cancel: bool) -> list[str]:
    fact = own.stood.switch.halted
    if fact is None:
        done = "Trading goes on" if own.stood.changed else "Trading was not halted"
        return [f"{done} {whose(own)}."]
    lines = [f"Trading is halted {whose(own)}. {since_when(own)}"]
    lines.append("Nothing new is sent and nothing is modified; cancelling works.")
    if asked_to_cancel:
        done_for = sum(one.state == "ACCEPTED" for one in tried)
        lines.append(f"Open orders: {len(tried)}, cancelled: {done_for}.")
        lines += [_tried(one) for one in tried]
    else:
        lines.append("Open orders stay at the broker. Next: get_orders() shows them.")
    return lines


def awaiting_in_words(own: OwnSwitch, url: str | None) -> list[str]:
    where = url or "the approval page of this server"
    return [
        f"Trading is still halted {whose(own)}. {since_when(own)}",
        f"Only the user can let it go on. Next: give them this link, and wait for them: {where} "
        "(for them alone). Then set_kill_switch(on=false, ...) again tells how it stands.",
    ]


def _tried(one: Tried) -> str:
    named = f" [{one.broker_order_id}]" if one.broker_order_id else ""
    why = f": {one.reason}" if one.reason else ""
    if one.broker_message:
        why += f". {wrote(one.broker, one.broker_message)}"
    return f"{one.order_key} at {one.broker}{named}: {one.code or one.state}{why}"
