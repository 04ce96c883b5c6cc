"""Ask the person at the client, through the client, and hear what they said.

Revision 2026-07-28 asks in rounds: the question is the answer to the first call, and the client
calls again with what the person said and with a state that is sealed by the SDK for this caller,
this tool and these very arguments. Earlier revisions are asked while the call waits, where there is
a way back to the client at all: over stdio.
"""

from typing import Final, Literal

import anyio
from mcp.shared.exceptions import MCPError
from mcp.types import (
    ElicitRequest,
    ElicitRequestedSchema,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)

from mcp_interface.app import Mcp

IN_ROUNDS: Final = "2026-07-28"
QUESTION: Final = "answer"
YES: Final = "approve"

Said = Literal["yes", "declined", "dismissed"]


def form(yes: str) -> ElicitRequestedSchema:
    """One box to tick: a form that is sent off by mistake is no yes."""
    box = {"type": "boolean", "title": yes, "description": "Not ticked: nothing happens."}
    return {"type": "object", "properties": {YES: box}, "required": [YES]}


def can_ask(mcp: Mcp) -> bool:
    """Whether the client shows forms, and can be reached to show one."""
    capabilities = mcp.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return asks_in_rounds(mcp) or mcp.session.can_send_request


def asks_in_rounds(mcp: Mcp) -> bool:
    return (mcp.protocol_version or "") >= IN_ROUNDS


def question(words: str, yes: str, state: str) -> InputRequiredResult:
    """The answer to the first call."""
    asked = ElicitRequestFormParams(message=words, requested_schema=form(yes))
    return InputRequiredResult(
        input_requests={QUESTION: ElicitRequest(params=asked)}, request_state=state
    )


def heard(mcp: Mcp) -> tuple[str, Said] | None:
    """The state and what was said, in the second round. Without both nobody was asked: whatever
    claims to be an answer is none."""
    state, answers = mcp.request_state, mcp.input_responses
    answer = answers.get(QUESTION) if answers else None
    if state is None or not isinstance(answer, ElicitResult):
        return None
    return state, _said(answer)


async def ask_now(mcp: Mcp, words: str, yes: str, seconds: float) -> Said | None:
    """Ask while the call waits; `None` where nothing was said in this time, or the client could
    not ask after all."""
    with anyio.move_on_after(max(seconds, 0.0)):
        try:
            return _said(
                await mcp.session.elicit_form(
                    message=words, requested_schema=form(yes), related_request_id=mcp.request_id
                )
            )
        except MCPError:
            return None
    return None


def _said(answer: ElicitResult) -> Said:
    if answer.action == "cancel":
        return "dismissed"
    agreed = answer.action == "accept" and (answer.content or {}).get(YES) is True
    return "yes" if agreed else "declined"
