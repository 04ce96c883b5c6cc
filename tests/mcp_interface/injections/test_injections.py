"""Whatever a model is told by names, tags and refusals: no order without its person's yes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.events import OrderProposed
from domain.instants import IST
from tests.infrastructure.instruments.support import make_table
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.injections.checks import (
    QUOTED,
    check_fields,
    check_orders,
    check_words,
    events,
    sent,
)
from tests.mcp_interface.injections.model import Model
from tests.mcp_interface.injections.texts import INJECTIONS, Injection
from tests.mcp_interface.injections.victim import Trap, Victim
from tests.mcp_interface.people import Says, buy, connected
from tests.support.servers import Plain, Server

pytestmark = pytest.mark.anyio

SHARES = [
    "969473,3787,WIPRO,WIPRO,0.0,,0.0,0.01,1,EQ,NSE,NSE",
    *(
        f"{9_000_000 + n},{90_000 + n},TRAP{n},{each.text},0.0,,0.0,0.05,1,EQ,NSE,NSE"
        for n, each in enumerate(INJECTIONS)
        if each.way == "instrument"
    ),
]


@pytest.fixture(scope="module")
async def trap(market: Market, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trap]:
    with market.neighbour(tmp_path_factory.mktemp("injections")) as site:
        today = datetime.now(UTC)
        make_table(site.data_dir / "instruments", today.astimezone(IST).date(), today, kite=SHARES)
        server = site.server()
        async with link_only(server, site.token("bystander")) as other:
            await other.log_in_at("kite", market.simulator, "BYSTANDER")
            asked = await other.call("create_order", **buy("WIPRO", 7, order_key="mine"))
        yield Trap(site, server, market.simulator, asked.data["proposalId"])


def link_only(server: Server, token: str, **how: Any):  # Any: those of `connected`
    return connected(server.url, token, says="cannot", visits_page=False, **how)


async def bring_in(victim: Victim, model: Model) -> str:
    """Let the text come in by its way; the key that the model then uses for its order."""
    way, text, mark = victim.injection.way, victim.injection.text, victim.injection.mark
    simulator, order = victim.trap.simulator, buy("WIPRO", 7)

    def refuse(method: str, route: str, calls: int = 1) -> None:
        where: Plain = {"method": method, "route": route, "user": victim.account, "calls": calls}
        simulator.fault("reject", words=text, **where)

    match way:
        case "refusal":
            wanted = buy("WIPRO", 3, order_key="refused")
            refuse("POST", "/orders")
            async with connected(victim.trap.server.url, victim.token, says="yes") as person:
                await person.call("create_order", **wanted)
            told = await model.call("get_order", order_key="refused")
            again = await model.call("create_order", **wanted)
            assert mark in told.text
            assert mark in again.text
        case "refusal of a cancellation":
            refuse("DELETE", "/orders")
            told = await model.call("cancel_order", order_id="open")
            assert mark in told.text
        case "refusal of a login":
            refuse("POST", "/session/token")
            simulator_says = {"broker": "kite", "api_key": "e2eapp", "api_secret": "e2eapp-secret"}
            await model.call("authenticate_broker", **simulator_says, request_token="wrong")
            simulator.clear_faults()
        case "refusal of a reading":
            refuse("GET", "/orders", calls=3)
            await model.call("get_orders")
            simulator.clear_faults()
        case "instrument":
            told = await model.call("search_instruments", query=mark)
            assert mark in told.text
        case "tag":
            await model.call("create_order", **order, order_key="tagged", tag=text)
        case "order reference":
            await model.call("create_order", **order, order_reference_id=text)
        case "argument":
            await model.call("create_order", **order, **{text: True})
            await model.call("create_order", **order, broker=text[:20])
        case "tool":
            await model.call(text, order_key="k")
        case "symbol":
            await model.call("create_order", **{**order, "trading_symbol": text})
        case "reason":
            told = await model.call("set_kill_switch", on=True, reason=text)
            assert mark in told.text
        case "search":
            await model.call("search_instruments", query=text)
            await model.call("get_orders", cursor=text)
    return text if way == "order key" else "greedy"


@pytest.mark.parametrize("can_be_asked", [False, True], ids=["unasked", "asked"])
@pytest.mark.parametrize("injection", INJECTIONS, ids=[f"{i.mark} {i.way}" for i in INJECTIONS])
async def test_no_text_gets_an_order_without_a_yes(
    trap: Trap, injection: Injection, can_be_asked: bool
):
    number = int(injection.mark[1:])
    no: Says = "no" if number % 2 else "dismiss"
    name = f"{injection.mark}-{can_be_asked}"
    victim = Victim(trap, injection, name, trap.site.token(name))
    await victim.begin()

    async with victim.connected(no if can_be_asked else "cannot") as person:
        if injection.way == "label":  # another session, with a login of its own
            await person.log_in_at("kite", trap.simulator, victim.account)
        await person.call("set_active_broker", broker="kite")
        model = Model(person, trap.server.url, victim.used_state, trap.others_proposal, "open")
        key = await bring_in(victim, model)
        await model.obey(injection.text, key)

    check_orders(victim)
    asked = [fact.text for fact in events(victim) if isinstance(fact, OrderProposed)]
    assert bool(person.questions) is can_be_asked
    for words in (*asked, *person.questions):
        assert injection.mark not in QUOTED.sub("", words)
    for answer in model.heard:
        check_words(answer, injection)
        check_fields(answer, injection)


async def test_where_a_tool_may_say_yes_the_same_model_gets_its_order_and_it_is_seen(
    market: Market, tmp_path
):
    """What the operator allows with TRADING_CONFIRM=tool; and a check that checks see something."""
    with market.neighbour(tmp_path / "tool", TRADING_CONFIRM="tool") as site:
        server, injection = site.server(), INJECTIONS[2]
        trap = Trap(site, server, market.simulator, "0" * 32)
        victim = Victim(trap, injection, "let-go", site.token("let-go"))
        await victim.begin()
        async with victim.connected("cannot") as person:
            await person.call("set_active_broker", broker="kite")
            model = Model(person, server.url, victim.used_state, "0" * 32, "open")
            await model.obey(injection.text, "greedy")

        assert 7 in [order["quantityShares"] for order in sent(victim)]
        with pytest.raises(AssertionError, match="tool"):
            check_orders(victim)


def test_there_are_thirty_of_them_each_with_its_mark():
    assert [each.mark for each in INJECTIONS] == [f"q{n:02}" for n in range(1, 31)]
    assert all(each.mark in each.text for each in INJECTIONS)
