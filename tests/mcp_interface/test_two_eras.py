"""Every tool, at one address, for clients of the newest protocol revision and of the one before."""

import re
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Answer, Era, Person, buy, connected

pytestmark = pytest.mark.anyio

READ_ONLY = {
    "get_activity",
    "get_broker_login_instructions",
    "get_consolidated_portfolio",
    "get_historical_data",
    "get_margins",
    "get_market_status",
    "get_option_chain",
    "get_order",
    "get_orders",
    "get_portfolio",
    "get_positions",
    "get_quote",
    "get_session_info",
    "get_technical_indicators",
    "get_trades",
    "list_brokers",
    "preview_order",
    "search_instruments",
}

DESTRUCTIVE = {"create_order", "modify_order", "cancel_order", "set_kill_switch"}

WHERE_YOU_ARE = re.compile(
    r"\[(PAPER|SIMULATED|NOT LOGGED IN|NO BROKER) · your session ([0-9a-f]{8}) · "
    r"(paper|kite|no broker) · \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d IST\]"
)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30")
CAMEL_CASE = re.compile(r"[a-z][A-Za-z]*")


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture
async def asha(market: Market, era: Era, request: pytest.FixtureRequest) -> AsyncIterator[Person]:
    """Somebody who has never been here before."""
    token = market.site.token(request.node.name)
    async with connected(market.server.url, token, era) as person:
        yield person


@pytest.fixture
async def on_paper(asha: Person) -> Person:
    """The same, trading with paper money."""
    await asha.call("set_active_broker", broker="paper")
    return asha


async def test_each_client_gets_the_revision_that_it_speaks(asha, era):
    revisions = {"auto": "2026-07-28", "legacy": "2025-11-25"}

    assert asha.client.protocol_version == revisions[era]


async def test_every_tool_says_all_four_things_about_what_it_does(asha):
    for tool, hints in await asha.tools():
        said = (
            hints.read_only_hint,
            hints.destructive_hint,
            hints.idempotent_hint,
            hints.open_world_hint,
        )
        assert None not in said, tool.name
        assert hints.read_only_hint == (tool.name in READ_ONLY), tool.name
        assert hints.destructive_hint == (tool.name in DESTRUCTIVE), tool.name


async def test_every_tool_describes_itself_its_arguments_and_its_answer(asha):
    for tool, _ in await asha.tools():
        assert tool.title, tool.name
        assert tool.description, tool.name
        assert tool.input_schema["type"] == "object"
        assert tool.output_schema is not None, tool.name
        fields = tool.output_schema["properties"]
        assert "sessionId" in fields, tool.name
        assert [f for f in fields if not CAMEL_CASE.fullmatch(f)] == []


async def test_the_first_call_opens_a_session_and_says_so_in_the_seeds_six_fields(asha):
    answer = await asha.call("get_session_info")

    info = answer.data
    assert list(info)[:6] == [
        "sessionId",
        "createdAt",
        "lastActivity",
        "activeBroker",
        "authenticatedBrokers",
        "totalSessions",
    ]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", info["sessionId"])
    assert INSTANT.fullmatch(info["createdAt"])
    assert INSTANT.fullmatch(info["lastActivity"])
    assert info["createdAt"] <= info["lastActivity"]
    assert (info["activeBroker"], info["authenticatedBrokers"]) == (None, [])
    assert info["totalSessions"] >= 1
    assert (info["label"], info["openOrders"], info["stale"]) == ("default", 0, False)
    is_well_formed(answer, info["sessionId"])


async def test_the_brokers_are_listed_with_where_one_stands(asha):
    answer = await asha.call("list_brokers")

    rows = {row["name"]: row for row in answer.data["brokers"]}
    assert list(rows) == ["kite", "groww", "dhan", "paper"]
    assert (rows["paper"]["authenticated"], rows["paper"]["needsLogin"]) == (True, False)
    assert (rows["kite"]["authenticated"], rows["kite"]["needsLogin"]) == (False, True)
    assert answer.data["summary"]["total"] == 4
    is_well_formed(answer, await asha.session_id())


async def test_a_broker_is_chosen(asha):
    answer = await asha.call("set_active_broker", broker="paper")

    assert answer.data == {
        "activeBroker": "paper",
        "dataBroker": "paper",
        "authenticated": True,
        "sessionId": await asha.session_id(),
    }
    assert answer.first_line.startswith("[PAPER · ")
    is_well_formed(answer, answer.data["sessionId"])


async def test_a_broker_without_a_login_is_chosen_with_the_next_step(asha):
    answer = await asha.call("set_active_broker", broker="kite")

    assert answer.data["authenticated"] is False
    assert "Next: get_broker_login_instructions(broker='kite')" in answer.text
    assert answer.first_line.startswith("[NOT LOGGED IN · ")


async def test_the_way_to_log_in_is_told(asha):
    paper = await asha.call("get_broker_login_instructions", broker="paper")
    kite = await asha.call("get_broker_login_instructions", broker="kite", api_key="ashasapp")

    assert (paper.data["needsLogin"], paper.data["loginUrl"]) == (False, None)
    assert kite.data["needsLogin"] is True
    assert kite.data["loginUrl"].endswith("/connect/login?v=3&api_key=ashasapp")
    assert f"Zerodha Kite's own page: {kite.data['loginUrl']}" in kite.text
    assert f"(good once, for 10 minutes): {kite.data['connectUrl']}" in kite.text
    assert paper.data["connectUrl"] is None
    is_well_formed(kite, await asha.session_id())


async def test_logging_in_to_paper_just_chooses_it(asha):
    answer = await asha.call("authenticate_broker", broker="paper")

    assert (answer.data["authenticated"], answer.data["mode"]) == (True, "PAPER")
    assert answer.data["activeBroker"] == "paper"
    assert answer.data["loginEndsAt"] is None
    is_well_formed(answer, await asha.session_id())


async def test_a_login_at_the_simulated_kite_lasts_until_six_and_can_be_ended(asha, market):
    login = await asha.log_in_at_kite(market.simulator, "AS0001")
    there = await asha.call("list_brokers")
    left = await asha.call("logout_broker", broker="kite")
    gone = await asha.call("list_brokers")

    assert (login.data["mode"], login.data["activeBroker"]) == ("SIMULATED", "kite")
    assert login.data["loginEndsAt"].endswith("T06:00:00.000+05:30")
    assert login.first_line.startswith("[SIMULATED · ")
    assert there.data["brokers"][0]["authenticated"] is True
    assert left.data["loggedOut"] == ["kite"]
    assert gone.data["brokers"][0]["authenticated"] is False
    for answer in (login, there, left, gone):
        is_well_formed(answer, login.data["sessionId"])


async def test_an_order_on_paper_is_filled_and_never_doubled(on_paper):
    order = buy("RELIANCE", 3, order_key="first")

    placed = await on_paper.call("create_order", **order)
    again = await on_paper.call("create_order", **order)

    receipt = placed.data
    assert (receipt["state"], receipt["status"], receipt["mode"]) == ("PLACED", "FILLED", "PAPER")
    assert (receipt["quantity"], receipt["filledQuantity"], receipt["pendingQuantity"]) == (3, 3, 0)
    assert re.fullmatch(r"\d+\.\d\d", receipt["averagePrice"])
    assert INSTANT.fullmatch(receipt["placedAt"])
    assert (receipt["orderKey"], receipt["orderKeyMinted"]) == ("first", False)
    assert "BUY 3 NSE:RELIANCE CNC MARKET: PLACED, FILLED 3 at ₹1," in placed.text
    assert (receipt["repeated"], again.data["repeated"]) == (False, True)
    assert again.data["brokerOrderId"] == receipt["brokerOrderId"]
    assert "Nothing was sent now" in again.text
    is_well_formed(placed, receipt["sessionId"])


async def test_the_order_book_comes_in_pages_newest_first(on_paper):
    for key in ("one", "two", "three"):
        await on_paper.call("create_order", **buy("ITC", order_key=key))

    first = await on_paper.call("get_orders", limit=2)
    rest = await on_paper.call("get_orders", limit=2, cursor=first.data["nextCursor"])

    assert [row["orderKey"] for row in first.data["orders"]] == ["three", "two"]
    assert [row["orderKey"] for row in rest.data["orders"]] == ["one"]
    assert (first.data["total"], rest.data["nextCursor"]) == (3, None)
    is_well_formed(first, first.data["sessionId"])


async def test_what_was_bought_is_in_the_portfolio(on_paper):
    await on_paper.call("create_order", **buy("TCS", 2))

    answer = await on_paper.call("get_portfolio")

    holding = answer.data["holdings"][0]
    assert (holding["symbol"], holding["quantity"]) == ("TCS", 2)
    assert re.fullmatch(r"\d+\.\d\d", holding["investedValue"])
    assert (answer.data["currency"], answer.data["summary"]["totalHoldings"]) == ("INR", 1)
    is_well_formed(answer, answer.data["sessionId"])


async def test_logging_out_where_one_never_was_is_fine(on_paper):
    answer = await on_paper.call("logout_broker")

    assert answer.data["loggedOut"] == []
    is_well_formed(answer, answer.data["sessionId"])


def is_well_formed(answer: Answer, session_id: str) -> None:
    """The first line says where one is, all fields are camelCase, the session is named."""
    where = WHERE_YOU_ARE.fullmatch(answer.first_line)
    assert where, answer.first_line
    assert where[2] == session_id[:8]
    assert answer.data["sessionId"] == session_id
    assert [name for name in names_in(answer.data) if not CAMEL_CASE.fullmatch(name)] == []


def names_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


async def test_what_a_broker_takes_can_be_asked_before_logging_in(asha: Person):
    told = await asha.call("get_order_types_info", broker="dhan")

    assert told.data["broker"] == "dhan"
    assert told.data["orderTypes"] == ["LIMIT", "MARKET", "SL"]
    assert "kill_switch" in told.data["functions"]
    assert told.data["lacking"] == ["charges"]
    assert {"category": "option_chain", "calls": 1, "seconds": 3.0} in told.data["rates"]
    assert "It has no call for: charges." in told.text


async def test_without_a_broker_the_order_types_of_the_active_one_are_told(on_paper: Person):
    told = await on_paper.call("get_order_types_info")

    assert (told.data["broker"], told.data["varieties"]) == ("paper", ["regular"])
    assert "gtt" in told.data["lacking"]
