"""A client that goes away in the middle of a call: what was begun is finished all the same."""

import http.client
import json
import socket
import struct
from functools import partial

import anyio
import pytest

from domain.events import OrderPlaced
from tests.mcp_interface.people import ERAS, buy, connected, eventually
from tests.support.servers import Plain, Simulator, Site

pytestmark = pytest.mark.anyio

NEWEST = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": NEWEST,
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.mark.parametrize("revision", [NEWEST, "2025-11-25"])
async def test_an_order_whose_sender_hung_up_is_recorded_like_any_other(market, revision):
    user, key = f"RANI{revision[:4]}", f"hung-up-{revision}"
    site, simulator, server = market.site, market.simulator, market.server
    token = site.token(user)
    async with connected(server.url, token) as rani:
        await rani.log_in_at_kite(simulator, user)
    simulator.fault("delay:1", route="/orders", method="POST", user=user)

    connection = send(server.port, token, revision, buy("WIPRO", order_key=key))
    await eventually(lambda: sent_by(user, simulator) == 1, "the order")
    assert not outcomes(site, key)
    hang_up(connection)
    await eventually(lambda: len(outcomes(site, key)) == 1, "the outcome")

    async with connected(server.url, token) as rani:
        again = await rani.call("create_order", **buy("WIPRO", order_key=key))
        book = await rani.call("get_orders")
    assert (again.data["state"], again.data["repeated"]) == ("PLACED", True)
    assert [row["orderKey"] for row in book.data["orders"]] == [key]
    assert sent_by(user, simulator) == 1


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_gives_up_waiting_finds_its_order_later(market, era):
    user, key = f"SUNIL{era.upper()}", f"given-up-{era}"
    token = market.site.token(user)
    async with connected(market.server.url, token, era) as sunil:
        await sunil.log_in_at_kite(market.simulator, user)
        market.simulator.fault("delay:1", route="/orders", method="POST", user=user)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(sunil.call, "create_order", **buy("WIPRO", order_key=key)))
            await eventually(lambda: sent_by(user, market.simulator) == 1, "the order")
            tasks.cancel_scope.cancel()
    assert not outcomes(market.site, key)

    await eventually(lambda: len(outcomes(market.site, key)) == 1, "the outcome")

    async with connected(market.server.url, token, era) as sunil:
        book = await sunil.call("get_orders")
    assert [(row["orderKey"], row["status"]) for row in book.data["orders"]] == [(key, "FILLED")]


def send(port: int, token: str, revision: str, order: Plain) -> http.client.HTTPConnection:
    """Ask for an order the way a client of this revision does, without waiting for the answer."""
    params = {"name": "create_order", "arguments": order}
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": revision,
    }
    if revision == NEWEST:
        params["_meta"] = META
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": "create_order"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/mcp", json.dumps(body), headers)
    return connection


def hang_up(connection: http.client.HTTPConnection) -> None:
    """Reset the connection, as a machine does that lost its power or its network."""
    at_once = struct.pack("ii", 1, 0)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    connection.close()


def sent_by(user: str, simulator: Simulator) -> int:
    return sum(line["user"] == user for line in simulator.wire_log())


def outcomes(site: Site, key: str) -> list[OrderPlaced]:
    events = [recorded.event for recorded in site.recorded()]
    return [e for e in events if isinstance(e, OrderPlaced) and e.order_key == key]
