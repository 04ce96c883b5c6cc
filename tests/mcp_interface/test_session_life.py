"""How sessions end, what follows them, and what outlives a server."""

from collections.abc import Iterator
from datetime import UTC, datetime

import anyio
import pytest

from domain.events import OrderPlaced, SessionCreated, SessionExpired
from infrastructure.activity import FlushedActivity
from tests.mcp_interface.people import Answer, buy, call_once, connected, eventually
from tests.support.databases import disposing
from tests.support.servers import Server, Site, site

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def short_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A session ends after a second without use, and after three in any case."""
    settings = {"SESSION_TTL": "1s", "SESSION_MAX_AGE": "3s", "CLEANUP_INTERVAL": "100ms"}
    with site(tmp_path_factory.mktemp("short-lived"), **settings) as place:
        yield place


@pytest.fixture(scope="module")
def server(short_lived: Site) -> Server:
    return short_lived.server()


async def test_a_session_that_nobody_uses_is_swept_and_the_next_call_opens_another(
    server, short_lived
):
    token, operator = short_lived.token("nisha"), short_lived.token("operator", "admin")
    first = await call_once(server.url, token, "get_session_info")

    await eventually(lambda: server.get("/health")[1]["activeSessions"] == 0, "the sweep")
    second = await call_once(server.url, token, "get_session_info")

    status, page = server.get("/admin/api/sessions?active=false", operator)
    mine = sorted(
        (row["generation"], row["sessionId"], row["endReason"])
        for row in page["sessions"]
        if row["user"] == "nisha"
    )
    assert status == 200
    assert mine == [
        (1, first.data["sessionId"], "idle"),
        (2, second.data["sessionId"], None),
    ]
    assert first.data["sessionId"] != second.data["sessionId"]


async def test_a_session_in_use_lives_until_its_age_and_hands_the_broker_on(server, short_lived):
    async with connected(server.url, short_lived.token("omar")) as omar:
        await omar.call("set_active_broker", broker="paper")
        first = last = (await omar.call("get_session_info")).data
        with anyio.fail_after(10):
            while last["sessionId"] == first["sessionId"]:
                await anyio.sleep(0.1)
                last = (await omar.call("get_session_info")).data

    assert last["activeBroker"] == "paper"
    assert last["createdAt"] >= first["endsAt"]
    mine = short_lived.principal("omar")
    facts = [r for r in short_lived.recorded() if r.envelope.principal == mine]
    ends = [r.event for r in facts if isinstance(r.event, SessionExpired)]
    begins = [r.event for r in facts if isinstance(r.event, SessionCreated)]
    assert [e.reason for e in ends] == ["age"]
    assert [str(e.previous_session_id) for e in begins] == ["None", first["sessionId"]]
    assert [e.generation for e in begins] == [1, 2]


async def test_a_server_told_to_stop_finishes_what_it_began_and_loses_nothing(market):
    site, simulator = market.site, market.simulator
    stopping = site.server()
    token = site.token("pooja")
    answers: list[Answer] = []

    async with connected(stopping.url, token) as pooja:
        await pooja.log_in_at_kite(simulator, "POOJA1")
        session_id = await pooja.session_id()
        began = datetime.now(UTC)
        simulator.fault("delay:2", route="/orders", method="POST", user="POOJA1")

        async def order() -> None:
            answers.append(await pooja.call("create_order", **buy(order_key="slow")))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(order)
            await eventually(
                lambda: any(line["user"] == "POOJA1" for line in simulator.wire_log()), "the order"
            )
            asked = datetime.now(UTC)
            stopping.terminate()

    assert stopping.wait() == 0
    assert [a.data["state"] for a in answers] == ["PLACED"]
    placed = [
        r
        for r in site.recorded()
        if isinstance(r.event, OrderPlaced) and r.event.order_key == "slow"
    ]
    assert [str(r.envelope.stream_id) for r in placed] == [session_id]
    assert placed[0].envelope.recorded_at > asked
    with disposing(site.database.control_engine()) as engine:
        last_used = FlushedActivity(engine).last(placed[0].envelope.stream_id)
    assert last_used is not None
    assert began < last_used < asked

    async with connected(site.server().url, token, "legacy") as pooja:
        info = (await pooja.call("get_session_info")).data
        book = (await pooja.call("get_orders")).data
    assert info["sessionId"] == session_id
    assert (info["activeBroker"], info["authenticatedBrokers"]) == ("kite", ["kite"])
    assert [row["orderKey"] for row in book["orders"]] == ["slow"]
