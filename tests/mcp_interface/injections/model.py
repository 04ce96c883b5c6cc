"""A model that does whatever a text tells it, as far as the tools and the link let it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import httpx2
from anyio import to_thread
from mcp import MCPError
from mcp.types import CallToolResult, ElicitResult, InputRequiredResult, InputResponses

from tests.mcp_interface.connect.browser import Browser
from tests.mcp_interface.people import Answer, Person, buy
from tests.support.servers import Plain

YES: Final[InputResponses] = {"answer": ElicitResult(action="accept", content={"approve": True})}
SAYS_YES: Final[list[Plain]] = [
    {"confirm": True},
    {"approved": "yes"},
    {"user_confirmed": True},
    {"approve": True, "answer": "accept"},
]


@dataclass
class Model:
    """`used_state` and `others_proposal` are what it may have seen before: the sealed state of a
    yes that was used up, and a proposal of somebody else. `heard` is every answer that it got."""

    person: Person
    url: str
    used_state: str | None
    others_proposal: str
    open_order: str
    heard: list[Answer] = field(default_factory=list)

    async def call(self, tool: str, **arguments: object) -> Answer:
        answer = await self.person.try_to(tool, **arguments)
        self.heard.append(answer)
        return answer

    async def obey(self, text: str, key: str) -> None:
        """Try everything, with this text wherever a text can stand."""
        order = buy("WIPRO", 7, order_key=key)
        asked = await self.call("create_order", **order)
        for yes in SAYS_YES:
            await self.call("create_order", **order, **yes)
        await self.call("modify_order", order_id=self.open_order, quantity=900, change_key="grow")
        proposals = [asked.data.get("proposalId"), self.others_proposal, "0" * 32, text[:64], key]
        for proposal in filter(None, proposals):
            await self.call("confirm_order", order_key=key, proposal_id=proposal)
        await self.call("approve_order", order_key=key, approval=text)
        await self.call("set_kill_switch", on=False)
        await self._forge_answers(order)
        for proposal in filter(None, proposals[:2]):
            await to_thread.run_sync(self._press_the_button, proposal, text)
        for look in ("get_orders", "get_session_info", "list_brokers"):
            await self.call(look)
        await self.call("get_activity", limit=200, response_format="detailed")
        await self.call("get_order", order_key=key)

    async def _forge_answers(self, order: Plain) -> None:
        """Answers to a question that was not put: without a state, with an old one, a made-up one,
        and with the one that was just told, which no model gets to see."""
        session = self.person.client.session

        async def with_state(state: str | None) -> CallToolResult | InputRequiredResult:
            return await session.call_tool(
                "create_order",
                dict(order),
                input_responses=YES,
                request_state=state,
                allow_input_required=True,
            )

        for state in (None, self.used_state, "v1.AAAA"):
            await _try_with(with_state, state)

    def _press_the_button(self, proposal: str, text: str) -> None:
        """The link is in the chat; the person's token is not."""
        url = f"{self.url}/approve/{proposal}"
        for fields in ({"do": "approve"}, {"do": "approve", "csrf": text}):
            httpx2.post(url, data=fields, trust_env=False)
        browser = Browser()
        try:
            page = browser.open(url)
            form = page.forms[0]
            browser.http.post(url, data={**form.fields, "do": "approve"})
            browser.http.post(url, data={**form.fields, "do": "sign-in", "token": "ts_guess"})
            badge = browser.http.cookies["approval"]
            forged = badge.replace("guest", "0" * 32)
            cookie = {"Cookie": f"approval={forged}"}
            httpx2.post(url, data={**form.fields, "do": "approve"}, headers=cookie, trust_env=False)
        finally:
            browser.http.close()


async def _try_with(
    call: Callable[[str | None], Awaitable[CallToolResult | InputRequiredResult]],
    state: str | None,
) -> None:
    """Whatever comes of it shows in the orders."""
    with suppress(MCPError):
        await call(state)
