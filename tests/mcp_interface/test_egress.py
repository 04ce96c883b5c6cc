"""An operator sets by which way a person's orders leave, while the server runs."""

import httpx2
import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import buy, connected
from tests.support.servers import Plain

pytestmark = pytest.mark.anyio


def egress_set(market: Market, user: str, way: str) -> None:
    done = market.site.run("egress", "set", user, "kite", way, "--json")
    assert done.returncode == 0, done.stderr


async def test_an_order_leaves_from_the_registered_address_from_the_call_after_it_was_set(market):
    registered = {"broker": "kite", "user": "NORA", "addresses": ["127.0.0.77"]}
    httpx2.post(
        f"{market.simulator.url}/simulator/addresses", json=registered, trust_env=False
    ).raise_for_status()

    async with connected(market.server.url, market.site.token("nora")) as nora:

        async def order(key: str) -> Plain:
            # A price of its own: on a slow machine no fresh one comes from nowhere.
            low = buy(order_key=key, order_type="LIMIT", price="1400")
            answer = await nora.call("create_order", **low, broker="kite")
            return {**answer.data, "text": answer.text}

        await nora.log_in_at_kite(market.simulator, "NORA")
        from_anywhere = await order("anywhere")
        egress_set(market, "nora", "source:127.0.0.77")
        from_her_own = await order("her-own")
        egress_set(market, "nora", "source:192.0.2.1")
        from_nowhere = await order("nowhere")
        listed = await nora.try_to("get_orders", broker="kite")

    told = [(each["state"], each["code"]) for each in (from_anywhere, from_her_own, from_nowhere)]
    assert told == [
        ("REJECTED", "IP_NOT_ALLOWED"),
        ("PLACED", None),
        ("REJECTED", "EGRESS_UNAVAILABLE"),
    ]
    assert ["Kite wrote: " in each["text"] for each in (from_anywhere, from_nowhere)] == [
        True,
        False,
    ]
    assert listed.code == "BROKER_UNAVAILABLE"
    assert "Ask the operator (trading-server egress show)" in listed.text
    mine = [each["tag"] for each in market.simulator.wire_log() if each["user"] == "NORA"]
    assert len(mine) == 1


async def test_an_order_through_a_proxy_is_live_and_refused_where_live_trading_is_off(market):
    async with connected(market.server.url, market.site.token("omid")) as omid:
        await omid.log_in_at_kite(market.simulator, "OMID")
        egress_set(market, "omid", "proxy:http://asha:pr0xy-s3cret@127.0.0.1:9")
        refused = await omid.try_to("create_order", **buy(), broker="kite")
        unread = await omid.try_to("get_orders", broker="kite")

    assert (refused.code, unread.code) == ("LIVE_TRADING_OFF", "BROKER_UNAVAILABLE")
    assert "pr0xy-s3cret" not in refused.raw + unread.raw + market.site.logs()
