"""Three simulated brokers, a server, and people whose clients have no model.

The exchange of Kite and Groww is always open here, that of Dhan always closed: it keeps its hours,
and its clock stands late in the evening.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import httpx2
import pytest

from domain.instants import IST
from tests.evaluations.agent import Agent
from tests.mcp_interface.conftest import anyio_backend  # noqa: F401  # a fixture of this name
from tests.mcp_interface.people import Says, connected
from tests.support.servers import Server, Simulator, site

Meet = Callable[..., Awaitable[Agent]]
Reads = Literal["default", "all"]
"""The list of tools that a client is shown."""
COST: Final = "cost of the task"
KITE_APP: Final = {"api_key": "evalapp", "api_secret": "evalapp-secret"}
"""Where people log in at Kite through our page."""


@dataclass(frozen=True)
class Town:
    """`servers` are of one installation and differ in the list of tools alone."""

    token: Callable[[str], str]
    servers: dict[Reads, Server]
    exchanges: dict[str, Simulator]
    """By broker."""


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    # The default limits: what a new user meets.
    with site(tmp_path_factory.mktemp("evaluations"), TRADING_RISK_LIMITS="") as place:
        late = datetime.now(IST).replace(hour=23, minute=0, second=0, microsecond=0)
        open_one = place.simulator()
        closed = place.simulator("--hours", "--frozen", "--clock", late.isoformat())
        exchanges = {"kite": open_one, "groww": open_one, "dhan": closed}
        place.env |= {f"TRADING_{b.upper()}_URL": each.url for b, each in exchanges.items()}
        servers: dict[Reads, Server] = {
            "default": place.server(),
            "all": place.server(TRADING_TOOLSETS="all"),
        }
        back = f"{servers['default'].url}/connect/kite/callback"
        app = {"broker": "kite", "api_key": KITE_APP["api_key"], "redirect_url": back}
        httpx2.post(f"{open_one.url}/simulator/apps", json=app, trust_env=False).raise_for_status()
        yield Town(place.token, servers, exchanges)


@pytest.fixture
async def meet(town: Town, request: pytest.FixtureRequest) -> AsyncIterator[Meet]:
    """`await meet("asha", "paper", "kite")`: somebody new, logged in there, the last one active."""
    async with AsyncExitStack() as stack:
        people: list[Agent] = []

        async def arrive(
            name: str, *brokers: str, reads: Reads = "default", says: Says = "yes"
        ) -> Agent:
            who = f"{name}-{request.node.name}"[:60]
            token, account = town.token(who), account_of(who)
            person = await stack.enter_async_context(
                connected(town.servers[reads].url, token, says=says, visits_page=False)
            )
            for broker in brokers:
                exchange = town.exchanges.get(broker, town.exchanges["kite"])
                await person.log_in_at(broker, exchange, account)
            tools = [tool for tool, _ in await person.tools()]
            people.append(Agent(person, token, account, tools))
            return people[-1]

        yield arrive
        calls = sum(len(each.called) for each in people)
        tokens = sum(each.tokens for each in people)
        request.node.user_properties.append((COST, (calls, tokens)))


def account_of(who: str) -> str:
    """Nobody else's, and the same at every broker."""
    return f"9{sum(ord(c) * 31**i for i, c in enumerate(who)) % 10**8:08d}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What each task cost; `make evaluations` shows it."""
    # Reports of fixtures that ended well have no category; what a task cost is known only then.
    told = [
        (report.nodeid.rpartition("::test_")[2].replace("_", " "), *cost)
        for report in terminalreporter.stats.get("", [])
        for name, cost in report.user_properties
        if name == COST and report.when == "teardown"
    ]
    if not told or terminalreporter.config.get_verbosity() < 1:
        return
    terminalreporter.section("evaluations: calls and tokens (arguments and replies)")
    total = ("in all", sum(calls for _, calls, _ in told), sum(tokens for *_, tokens in told))
    for task, calls, tokens in [*told, total]:
        terminalreporter.line(f"{calls:4} calls {tokens:6} tokens  {task}")
