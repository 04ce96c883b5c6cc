"""Every tool, at one address, for clients of the newest protocol revision and of the one before."""

import re
from collections.abc import AsyncIterator, Iterator

import pytest
from mcp.types import Tool, ToolAnnotations

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Era, Person, buy, connected

pytestmark = pytest.mark.anyio

TOOLS = [
    "authenticate_broker",
    "create_order",
    "get_broker_login_instructions",
    "get_orders",
    "get_portfolio",
    "get_session_info",
    "list_brokers",
    "logout_broker",
    "set_active_broker",
]
WHERE_YOU_ARE = re.compile(
    r"\[(PAPER|SIMULATED|NOT LOGGED IN|NO BROKER) · your session [0-9a-f]{8} · "
    r"(paper|kite|no broker) · \d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2} IST\]"
)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30")
CAMEL_CASE = re.compile(r"[a-z][A-Za-z]*")


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture
async def asha(market: Market, era: Era) -> AsyncIterator[Person]:
    """Asha, with a new session for every test; her session's label says which one."""
    async with connected(market.server.url, market.site.token(f"asha-{era}"), era) as person:
        yield person
