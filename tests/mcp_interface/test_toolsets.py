"""What `tools/list` shows to whom, what that costs a model, and what a change to it asks for."""

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from infrastructure.settings import BadSettings, Settings, load_settings
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Era, Person, buy, connected
from tests.support.listings import MOST_TOKENS, MOST_TOOLS, as_told, tokens
from tests.support.servers import COMMAND, Plain, Site, site

pytestmark = pytest.mark.anyio

SNAPSHOT = Path(__file__).with_name("tools.json")
EVERYTHING = {"TRADING_TOOLSETS": "all", "TRADING_CONFIRM": "tool"}

DEFAULT = [
    "get_session_info",
    "list_brokers",
    "set_active_broker",
    "get_broker_login_instructions",
    "authenticate_broker",
    "logout_broker",
    "create_order",
    "preview_order",
    "get_order",
    "get_orders",
    "modify_order",
    "cancel_order",
    "set_kill_switch",
    "get_portfolio",
    "get_positions",
    "get_consolidated_portfolio",
    "search_instruments",
    "get_margins",
    "get_trades",
    "get_quote",
    "get_historical_data",
    "get_option_chain",
    "get_market_status",
    "get_technical_indicators",
    "get_activity",
]
WRITING = {"create_order", "modify_order", "cancel_order", "set_kill_switch"}
LOW = {"order_type": "LIMIT", "price": "1400"}
"""Far below the last price of INFY, so that it stays open."""
MARKET = [
    "search_instruments",
    "get_quote",
    "get_historical_data",
    "get_option_chain",
    "get_market_status",
]


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("toolsets")) as place:
        yield place


@asynccontextmanager
async def at_the_desk(
    desktop: Site, settings: Mapping[str, str], era: Era = "auto"
) -> AsyncIterator[Person]:
    """Over stdio, with settings of its own."""
    started = StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], "stdio"], env={**desktop.env, **settings}
    )
    with (desktop.directory / "stdio.log").open("a") as log:
        async with Client(stdio_client(started, errlog=log), mode=era) as client:
            yield Person(client)


async def names(person: Person) -> list[str]:
    return [tool.name for tool, _ in await person.tools()]


async def test_a_trader_is_shown_these_tools_in_this_order_over_http(market: Market, era: Era):
    token = market.site.token(f"lister-{era}")
    async with connected(market.server.url, token, era) as asha:
        assert await names(asha) == DEFAULT
        assert await names(asha) == DEFAULT


async def test_the_person_at_the_desk_is_shown_the_same(desktop: Site, era: Era):
    async with at_the_desk(desktop, {}, era) as asha:
        assert await names(asha) == DEFAULT


async def test_the_default_list_leaves_a_model_room(market: Market):
    async with connected(market.server.url, market.site.token("reader-of-lists")) as asha:
        told = as_told([tool for tool, _ in await asha.tools()])

    assert len(told) <= MOST_TOOLS
    assert tokens(told) < MOST_TOKENS


async def test_a_list_is_for_its_reader_alone(market: Market):
    async with connected(market.server.url, market.site.token("private-lister")) as asha:
        listed = await asha.client.list_tools()

    assert listed.cache_scope == "private"


async def test_who_may_not_trade_is_shown_nothing_that_does(market: Market, era: Era):
    trader = market.site.token(f"trader-{era}", "trade")
    reader = market.site.token(f"reader-{era}", "read")
    async with (
        connected(market.server.url, trader, era) as asha,
        connected(market.server.url, reader, era) as ravi,
    ):
        assert await names(asha) == DEFAULT
        assert await names(ravi) == [name for name in DEFAULT if name not in WRITING]
        refused = await ravi.try_to("create_order", **buy(), broker="paper")

    assert refused.code == "SCOPE_MISSING"


async def test_who_may_not_even_read_is_shown_nothing(market: Market, era: Era):
    auditor = market.site.token(f"auditor-{era}", "audit")
    async with connected(market.server.url, auditor, era) as meera:
        assert await names(meera) == []


async def test_reading_only_wins_over_the_toolsets(desktop: Site):
    async with at_the_desk(desktop, {**EVERYTHING, "TRADING_READ_ONLY": "true"}) as asha:
        listed = await names(asha)
        refused = await asha.try_to("create_order", **buy(), broker="paper")

    assert "get_orders" in listed
    assert WRITING.isdisjoint(listed)
    assert refused.code == "READ_ONLY"


async def test_a_tool_that_is_not_listed_can_be_called(desktop: Site, era: Era):
    async with at_the_desk(desktop, {"TRADING_TOOLSETS": "market"}, era) as asha:
        assert await names(asha) == MARKET
        await asha.call("set_active_broker", broker="paper")
        placed = await asha.call("create_order", **buy())

    assert placed.data["mode"] == "PAPER"


async def test_null_means_the_same_as_leaving_an_argument_out(desktop: Site):
    async with at_the_desk(desktop, {}) as asha:
        await asha.call("set_active_broker", broker="paper")
        answer = await asha.call("get_margins", broker=None, segment=None)

    assert answer.data["broker"] == "paper"


async def test_from_a_terminal_a_tool_that_is_not_listed_knows_texts_from_numbers(desktop: Site):
    called = desktop.run(
        *("tools", "call", "search_instruments", "--arg", "query=500325", "--json"),
        TRADING_TOOLSETS="session",
    )

    assert json.loads(called.stdout)["status"] == "ok", called.stdout


async def test_an_unknown_toolset_does_not_start(desktop: Site):
    told = desktop.run("tools", "list", "--json", TRADING_TOOLSETS="orders,ordres")

    assert told.returncode == 2
    assert "TRADING_TOOLSETS" in told.stdout
    assert "session, market, portfolio, orders, analysis, activity, classic" in told.stdout
    assert "ordres" not in told.stdout


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ("default", {"default"}),
        (" orders , market,", {"orders", "market"}),
        ("default,analysis", {"default", "analysis"}),
        (
            "all",
            {
                *("default", "session", "market", "portfolio", "orders", "analysis"),
                *("activity", "classic", "admin", "audit"),
            },
        ),
    ],
)
def test_toolsets_are_chosen_by_their_names(words: str, chosen: set[str]):
    assert Settings.model_validate({"TRADING_TOOLSETS": words}).toolsets == chosen


@pytest.mark.parametrize("words", [",", "Orders", "orders market", "None"])
def test_other_words_choose_nothing(words: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRADING_TOOLSETS", words)

    with pytest.raises(BadSettings, match="must be all, or some of default, session, market"):
        load_settings()


async def test_the_schemas_are_those_that_were_accepted(desktop: Site):
    async with at_the_desk(desktop, EVERYTHING) as asha:
        told = {tool["name"]: tool for tool in as_told([t for t, _ in await asha.tools()])}
    if os.environ.get("ACCEPT_SCHEMAS"):
        SNAPSHOT.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")

    accepted = json.loads(SNAPSHOT.read_text())
    changed = {name for name in {*told, *accepted} if told.get(name) != accepted.get(name)}
    assert not changed, (
        f"Schemas changed: {', '.join(sorted(changed))}. Clients build on them. If it is meant: "
        "make accept-schemas"
    )
    assert list(told) == list(accepted), "The order changed. If it is meant: make accept-schemas"


async def test_every_field_of_an_answers_schema_is_in_the_answer(desktop: Site):
    here = {"broker": "paper"}
    calls: list[tuple[str, Plain]] = [
        ("create_order", {**buy("TCS", 2), **here}),
        ("create_order", {**buy("INFY", 1), "product": "MIS", **here}),
        ("create_order", {**buy("INFY", 1), **LOW, "order_key": "low", **here}),
        ("preview_order", {**buy("INFY", 1), **here}),
        ("get_order", {"order_key": "low"}),
        ("modify_order", {"order_id": "low", "quantity": 2}),
        ("cancel_order", {"order_id": "low"}),
        ("create_order", {**buy("INFY", 2), **LOW, "order_key": "lower", **here}),
        ("set_kill_switch", {"on": True, "cancel_open_orders": True}),
        ("get_session_info", {}),
        ("list_brokers", {}),
        ("set_active_broker", here),
        ("get_broker_login_instructions", here),
        ("authenticate_broker", here),
        ("get_orders", here),
        ("get_portfolio", here),
        ("get_order_types_info", here),
        ("search_instruments", {"query": "infosys"}),
        ("get_positions", here),
        ("get_margins", here),
        ("get_trades", here),
        ("get_quote", {"symbols": ["NSE:INFY", "NSE:NOSUCH"], **here}),
        ("get_historical_data", {"symbol": "NSE:INFY", "from_date": "2026-11-02", **here}),
        ("get_market_status", {}),
        ("get_consolidated_portfolio", {"brokers": ["paper"]}),
        ("compare_portfolios", {"brokers": ["paper"]}),
        ("get_technical_indicators", {"symbols": ["INFY"], "interval": "60m", **here}),
        ("get_rsi", {"symbol": "INFY", "interval": "60m", **here}),
        ("compare_technical_indicators", {"symbol": "INFY", "indicator": "RSI"}),
        ("get_activity", {}),
        ("get_activity", {"at": "2026-01-05T10:00"}),
        ("logout_broker", here),
    ]
    everything = {"TRADING_USER": "everybody", "TRADING_TOOLSETS": "all"}
    async with at_the_desk(desktop, everything) as asha:
        schemas = {tool.name: tool.output_schema or {} for tool, _ in await asha.tools()}
        for name, arguments in calls:
            answer = await asha.call(name, **arguments)
            assert list(missing(answer.data, schemas[name], schemas[name], name)) == []


def missing(value: Any, schema: Plain, root: Plain, where: str) -> Iterator[str]:  # Any: JSON
    """Where an object of the answer and its schema do not have the same fields."""
    if reference := schema.get("$ref"):
        schema = root["$defs"][reference.removeprefix("#/$defs/")]
    for each in schema.get("anyOf", []) if value is not None else []:
        yield from missing(value, each, root, where) if each != {"type": "null"} else ()
    if isinstance(value, list):
        for each in value:
            yield from missing(each, schema["items"], root, f"{where}[]")
    if isinstance(value, dict) and "properties" not in schema:  # by names that differ
        for name, each in value.items():
            yield from missing(each, schema["additionalProperties"], root, f"{where}.{name}")
    elif isinstance(value, dict):
        fields = schema["properties"]
        if value.keys() != fields.keys():
            yield f"{where}: {sorted(value.keys() ^ fields.keys())}"
        for name in value.keys() & fields.keys():
            yield from missing(value[name], fields[name], root, f"{where}.{name}")
