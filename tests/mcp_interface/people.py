"""People with a token and a real MCP client, and what they do."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import anyio
import httpx2
from anyio import to_thread
from mcp import Client
from mcp.client.context import ClientRequestContext
from mcp.client.session import ElicitationFnT
from mcp.client.streamable_http import streamable_http_client
from mcp.types import (
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    Implementation,
    Tool,
    ToolAnnotations,
)

from tests.mcp_interface.connect.browser import Browser, Page
from tests.support.servers import CALL_SECONDS, Plain, Simulator
from tests.support.waiting import wait_until

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, Era] = ("auto", "legacy")
"""A client of revision 2026-07-28, and one of 2025-11-25."""

API_KEY = "e2eapp"


@dataclass(frozen=True)
class Answer:
    """What a tool said. `raw` is all of it, as it went over the wire."""

    text: str
    data: Plain
    refused: bool
    raw: str

    @property
    def first_line(self) -> str:
        return self.text.splitlines()[0]

    @property
    def code(self) -> str | None:
        """Of a refusal, as in `NO_ACTIVE_BROKER`."""
        return self.text.split(":")[0] if self.refused else None


Says = Literal["yes", "no", "unticked", "dismiss", "nothing", "cannot"]
"""What a person answers when their client asks them; `cannot`: it has no way to ask."""


def answering(says: Says, questions: list[str]) -> ElicitationFnT | None:
    """What a host does with a question; each is noted down."""

    async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        questions.append(params.message)
        if says == "nothing":
            await anyio.sleep_forever()
        if says == "no":
            return ElicitResult(action="decline")
        if says == "dismiss":
            return ElicitResult(action="cancel")
        return ElicitResult(action="accept", content={"approve": says == "yes"})

    return None if says == "cannot" else answer


def on_the_page(url: str, token: str, what: Literal["approve", "decline"] = "approve") -> Page:
    """What a person does with a link to our approval page: sign in, look, say yes or no."""
    browser = Browser()
    browser.open(url)
    browser.send(browser.page.forms[0], token=token, do="sign-in")
    form = browser.page.forms[0 if what == "approve" else 1]
    return browser.send(form, do=what)


class Person:
    """Somebody with a connected client. `questions` are those that it has put to them; with a
    `token` they say yes on the approval page, too, whenever they are sent there."""

    def __init__(
        self, client: Client, questions: list[str] | None = None, token: str | None = None
    ) -> None:
        self.client = client
        self.questions = [] if questions is None else questions
        self._token = token

    async def try_to(self, tool: str, **arguments: object) -> Answer:
        """Call a tool; it may say no."""
        answer = await self._ask(tool, arguments)
        waits = answer.data.get("state") == "AWAITING_APPROVAL" and "orderKey" in answer.data
        if self._token is None or not waits:
            return answer
        url, token = answer.data["approvalUrl"], self._token
        await to_thread.run_sync(lambda: on_the_page(url, token))
        if "changeKey" in answer.data:
            return await self._ask(tool, {**arguments, "change_key": answer.data["changeKey"]})
        return await self._ask(tool, {**arguments, "order_key": answer.data["orderKey"]})

    async def _ask(self, tool: str, arguments: Mapping[str, object]) -> Answer:
        told = await self.client.call_tool(tool, dict(arguments))
        assert isinstance(told, CallToolResult)
        return Answer(
            text="\n".join(getattr(block, "text", "") for block in told.content),
            data=told.structured_content or {},
            refused=bool(told.is_error),
            raw=told.model_dump_json(by_alias=True),
        )

    async def call(self, tool: str, **arguments: object) -> Answer:
        """Call a tool that has to say yes."""
        answer = await self.try_to(tool, **arguments)
        assert not answer.refused, answer.text
        return answer

    async def session_id(self) -> str:
        return str((await self.call("get_session_info")).data["sessionId"])

    async def tools(self) -> list[tuple[Tool, ToolAnnotations]]:
        """What is offered, every tool with its annotations."""
        return [
            (t, t.annotations or ToolAnnotations()) for t in (await self.client.list_tools()).tools
        ]

    async def log_in_at_kite(
        self, simulator: Simulator, user: str, api_key: str = API_KEY
    ) -> Answer:
        """With the link of the instructions, in the simulator's login page, and back."""
        told = await self.call("get_broker_login_instructions", broker="kite", api_key=api_key)
        return await self.call(
            "authenticate_broker",
            broker="kite",
            api_key=api_key,
            api_secret=f"{api_key}-secret",
            request_token=simulator.request_token(told.data["loginUrl"], user),
        )

    async def log_in_at(self, broker: str, simulator: Simulator, user: str) -> None:
        """Wherever that is, and make it the active broker; `user` is the account there."""
        if broker == "kite":
            await self.log_in_at_kite(simulator, user)
        elif broker != "paper":
            token = {"access_token": simulator.day_token(broker, user)}
            account = {"client_id": user} if broker == "dhan" else {}
            await self.call("authenticate_broker", broker=broker, **token, **account)
        await self.call("set_active_broker", broker=broker)


def buy(symbol: str = "INFY", quantity: int = 1, **more: object) -> dict[str, Any]:
    """The arguments of a market order; whatever else it should say as keywords."""
    return {
        "trading_symbol": symbol,
        "exchange": "NSE",
        "transaction_type": "BUY",
        "order_type": "MARKET",
        "quantity": quantity,
        "product": "CNC",
        **more,
    }


async def eventually(condition: Callable[[], bool], what: str, *, seconds: float = 30.0) -> None:
    """`wait_until`, while clients go on."""
    await to_thread.run_sync(lambda: wait_until(condition, what, seconds=seconds))


class Gathering:
    """Nobody goes on before the last one has arrived."""

    def __init__(self, size: int) -> None:
        self._missing = size
        self._complete = anyio.Event()

    async def arrived(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._complete.set()
        await self._complete.wait()


@asynccontextmanager
async def connected(
    server_url: str,
    token: str,
    era: Era = "auto",
    *,
    label: str | None = None,
    headers: Mapping[str, str] | None = None,
    calls_itself: str = "tests",
    hears_headers: Callable[[httpx2.Headers], None] = lambda _: None,
    says: Says = "yes",
    visits_page: bool = True,
) -> AsyncIterator[Person]:
    """A client over HTTP, for as long as the block. `hears_headers` gets those of each answer. Who
    says yes and cannot be asked does so on the page, unless they do not visit it."""
    questions: list[str] = []

    async def heard(response: httpx2.Response) -> None:
        hears_headers(response.headers)

    url = f"{server_url}/mcp" + (f"?session={label}" if label else "")
    async with (
        httpx2.AsyncClient(
            headers={**(headers or {}), "Authorization": f"Bearer {token}"},
            timeout=CALL_SECONDS,
            trust_env=False,
            event_hooks={"response": [heard]},
        ) as http,
        Client(
            streamable_http_client(url, http_client=http),
            mode=era,
            client_info=Implementation(name=calls_itself, version="1"),
            elicitation_callback=answering(says, questions),
        ) as client,
    ):
        yield Person(client, questions, token if says == "yes" and visits_page else None)


async def call_once(
    server_url: str, token: str, tool: str, era: Era = "auto", **arguments: object
) -> Answer:
    """One call over a connection of its own, as some hosts make every call."""
    async with connected(server_url, token, era) as person:
        return await person.try_to(tool, **arguments)
