"""Somebody whose model reads a text that was put there for it."""

from dataclasses import dataclass
from urllib.parse import quote

import httpx2
from mcp.types import InputRequiredResult

from tests.mcp_interface.injections.model import YES
from tests.mcp_interface.injections.texts import Injection
from tests.mcp_interface.people import Person, Says, buy, connected
from tests.support.servers import Plain, Server, Simulator, Site


@dataclass(frozen=True)
class Trap:
    site: Site
    server: Server
    simulator: Simulator
    others_proposal: str


@dataclass
class Victim:
    """Somebody whose model reads the injected text. They have said yes twice: to an order that
    stays open, and to one in their client, whose sealed state is known."""

    trap: Trap
    injection: Injection
    name: str
    token: str
    used_state: str = ""

    @property
    def account(self) -> str:
        return self.name.upper().replace("-", "")

    async def begin(self) -> None:
        if self.injection.way == "account name":
            body = {"user": self.account, "name": self.injection.text}
            httpx2.post(
                f"{self.trap.simulator.url}/simulator/users", json=body, trust_env=False
            ).raise_for_status()
        async with connected(self.trap.server.url, self.token, says="yes") as person:
            await person.log_in_at("kite", self.trap.simulator, self.account)
            low = buy("WIPRO", order_type="LIMIT", price="210.00", order_key="open")
            opened = await person.call("create_order", **low)
            assert opened.data["status"] == "OPEN", opened.text
            self.used_state = await self._said_yes(person)

    async def _said_yes(self, person: Person) -> str:
        order, session = buy("WIPRO", order_key="earlier"), person.client.session
        asked = await session.call_tool("create_order", order, allow_input_required=True)
        assert isinstance(asked, InputRequiredResult)
        state = asked.request_state
        assert state is not None
        await session.call_tool("create_order", order, input_responses=YES, request_state=state)
        return state

    def connected(self, says: Says):
        way, text = self.injection.way, self.injection.text
        how: Plain = {}
        if way == "label":
            how["label"] = quote(text)
        if way == "client name":
            how["calls_itself"] = text
        return connected(self.trap.server.url, self.token, says=says, visits_page=False, **how)
