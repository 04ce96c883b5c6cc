"""What every tool needs: the backend, the workers, and a way to say who is calling."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from mcp.server.mcpserver import Context as McpContext
from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, Field

from application.sessions.broker_access import Admission
from application.sessions.enter_session import Entered
from domain.session import TradingSession
from mcp_interface.caller import Caller, CallerOf
from mcp_interface.composition import Backend
from mcp_interface.tools.results import MARK, indicator, one_line, outside_fields
from mcp_interface.work import Work

T = TypeVar("T")

Mcp = McpContext[Any, Any]
"""Any: the SDK's context is generic over a lifespan and a request that we do not use."""

AddressOfPages = Callable[[Mcp], Awaitable[str | None]]
"""Where a browser of this caller's finds `/connect`; `None` where nobody serves it."""

BrokerArgument = Annotated[
    str, Field(max_length=20, description="One of paper, kite, groww, dhan.")
]
OptionalBroker = Annotated[str | None, Field(max_length=20)]
"""Without it the active broker is meant, as the server's instructions say once for all tools."""


@dataclass(frozen=True)
class App:
    """Handed to every `register` function of the tool modules."""

    backend: Backend
    work: Work
    caller_of: CallerOf
    address_of_pages: AddressOfPages

    async def in_session(self, mcp: Mcp, job: Callable[[Caller, Entered], T]) -> T:
        """Enter the caller's session and do the job there, in a worker thread."""
        caller = self.caller_of(mcp)

        def enter_and_do() -> T:
            return job(caller, self.backend.enter(caller.context, caller.label))

        return await self.work.run(enter_and_do)

    async def at_broker(
        self,
        mcp: Mcp,
        named: str | None,
        job: Callable[[Caller, Entered], T],
        *,
        for_data: bool = False,
    ) -> T:
        """The same for work that waits for a broker, in the broker's own bounded threads.
        `for_data`: a question about the market, which another broker may answer."""
        caller = self.caller_of(mcp)
        backend = self.backend
        entered = await self.work.run(lambda: backend.enter(caller.context, caller.label))
        session = entered.session
        apart = session.data_broker if for_data else None
        broker = named or apart or session.active_broker or "none"
        return await self.work.run_at_broker(caller.principal, broker, lambda: job(caller, entered))

    async def login_link(self, mcp: Mcp, broker: str) -> str | None:
        """A new link for the caller to log in with, in the caller's own session.

        Raises:
            Refusal: there is no such broker, or the store is away.
        """
        address = await self.address_of_pages(mcp)
        if address is None:
            return None
        link = await self.in_session(
            mcp,
            lambda caller, entered: self.backend.connecting.link(
                caller.context, entered.session_id, broker
            ),
        )
        return link and f"{address.rstrip('/')}/connect/{broker}?state={link}"

    def first_line(self, entered: Entered, session: TradingSession | None = None) -> str:
        """The indicator of a session as it is in the log."""
        state = session or entered.session
        return indicator(
            mode_of(state), entered.session_id, state.active_broker, self.backend.clock.now()
        )

    def first_line_at(self, entered: Entered, admission: Admission) -> str:
        """The same for an answer of a broker, which need not be the active one."""
        broker, now = admission.broker.name, self.backend.clock.now()
        return indicator(admission.mode, entered.session_id, broker, now)


def mode_of(session: TradingSession) -> str | None:
    """The mode of the active broker, as far as it is known without asking anybody."""
    if session.active_broker is None:
        return None
    if session.active_broker == "paper":
        return "PAPER"
    login = session.logins.get(session.active_broker)
    return login.mode if login else "NOT LOGGED IN"


def is_ready(app: App, session: TradingSession, broker: str) -> bool:
    adapter = app.backend.brokers.get(broker)  # type: ignore[arg-type]  # any name may be asked for
    return adapter is not None and (not adapter.needs_login or broker in session.logins)


def result(first_line: str, lines: list[str], model: BaseModel) -> CallToolResult:
    """A short text for the reader and the same facts as data, with a mark where that may hold
    words from outside."""
    text = "\n".join([first_line, *map(one_line, lines)])
    outside = outside_fields(type(model))
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=model.model_dump(mode="json", by_alias=True),
        _meta={MARK: list(outside)} if outside else None,
    )
