"""What auditors and operators are told of others, and that nobody else is."""

from collections.abc import AsyncIterator

import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import Person, buy, connected

pytestmark = pytest.mark.anyio

OF_OTHERS = {"get_user_activity", "list_sessions", "get_server_statistics"}


@pytest.fixture
async def auditor(market: Market) -> AsyncIterator[Person]:
    async with connected(market.server.url, market.site.token("meera", "audit")) as person:
        yield person


@pytest.fixture(scope="module")
async def lata(market: Market) -> str:
    """Somebody who has traded."""
    async with connected(market.server.url, market.site.token("lata"), label="latas") as person:
        await person.call("create_order", **buy("TCS", 2, order_key="latas-1"), broker="paper")
        return await person.session_id()


async def test_an_auditor_reads_what_a_user_did_and_what_was_known(auditor, lata):
    told = await auditor.call("get_user_activity", user="lata")
    then = await auditor.call("get_user_activity", user="lata", at=told.data["events"][0]["at"])

    assert told.data["user"] == "lata"
    assert told.data["events"][-1]["summary"] == "Session 'latas' opened (number 1)."
    assert {row["orderKey"] for row in told.data["events"]} == {None, "latas-1"}
    assert told.data["sessionId"] != lata
    assert "What 'lata' did:" in told.text
    (order,) = then.data["knownThen"]["orders"]
    assert (order["orderKey"], order["state"], order["status"]) == ("latas-1", "PLACED", "FILLED")
    assert [each["sessionId"] for each in then.data["knownThen"]["sessions"]] == [lata]


async def test_an_operator_sees_sessions_and_totals(market, lata):
    async with connected(market.server.url, market.site.token("olga", "admin")) as olga:
        sessions = await olga.call("list_sessions", user="lata")
        pages = await olga.call("list_sessions", limit=1)
        totals = await olga.call("get_server_statistics")

    (row,) = sessions.data["sessions"]
    assert (row["sessionId"], row["user"], row["label"]) == (lata, "lata", "latas")
    assert (row["ordersRequested"], sessions.data["total"]) == (1, 1)
    assert "'lata', session 'latas'" in sessions.text
    assert pages.data["nextCursor"] == "c1"
    assert "list_sessions(cursor='c1')" in pages.text
    counted = {each["name"]: each["count"] for each in totals.data["totals"]}
    assert counted["orders_placed"] >= 1
    assert totals.data["activeSessions"] >= 2
    assert f"Active sessions: {totals.data['activeSessions']} of at most" in totals.text


@pytest.mark.parametrize("tool", sorted(OF_OTHERS))
@pytest.mark.parametrize("scope", ["read", "trade"])
async def test_whoever_may_not_audit_is_told_nothing_of_others(market, lata, tool, scope):
    asked = {"user": "lata"} if tool == "get_user_activity" else {}
    async with connected(market.server.url, market.site.token(f"nosy-{scope}", scope)) as nosy:
        refused = await nosy.try_to(tool, **asked)

    assert refused.code == "SCOPE_MISSING"
    assert "latas" not in refused.raw


async def test_somebody_who_was_never_here_is_said_to_be_unknown(auditor):
    for tool in ("get_user_activity", "list_sessions"):
        refused = await auditor.try_to(tool, user="no\nbody")
        assert refused.text == (
            "INVALID_ARGUMENT: Nobody called 'no\\nbody' has been here. Next: list_sessions() "
            "names them."
        )
