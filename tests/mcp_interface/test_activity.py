"""One's own audit trail: newest first, page by page, as of a moment, and nobody else's."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from domain.instants import IST
from mcp_interface.tools.activity.activity_rows import Activity, told_in_words
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Era, Person, buy, connected
from tests.support.servers import Plain

pytestmark = pytest.mark.anyio

LOW: Plain = {"order_type": "LIMIT", "price": "1400"}
"""Far below the last price of INFY, so that it stays open."""
OF_AN_ORDER = [
    "order_observed",
    "order_placed",
    "order_dispatched",
    "risk_ledger_reserved",
    "order_key_claimed",
    "order_requested",
]


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture
async def asha(market: Market, era: Era, request: pytest.FixtureRequest) -> AsyncIterator[Person]:
    """Somebody new, trading with paper money."""
    token = market.site.token(request.node.name)
    async with connected(market.server.url, token, era, calls_itself="Claude Code") as person:
        await person.call("set_active_broker", broker="paper")
        yield person


def names(answer: object) -> list[str]:
    return [row["event"] for row in answer.data["events"]]  # type: ignore[attr-defined]


async def test_what_one_did_is_told_newest_first_in_words(asha, era):
    await asha.call("create_order", **buy("TCS", 2, order_key="first"))

    answer = await asha.call("get_activity")

    rows = answer.data["events"]
    assert set(names(answer)[: len(OF_AN_ORDER)]) == set(OF_AN_ORDER)
    assert names(answer)[-2:] == ["broker_selected", "session_created"]
    positions = [row["position"] for row in rows]
    assert positions == sorted(positions, reverse=True)
    assert (answer.data["total"], answer.data["nextCursor"]) == (len(rows), None)
    requested = next(row for row in rows if row["event"] == "order_requested")
    assert requested["summary"] == "PAPER order requested at paper: BUY 2 NSE:TCS CNC MARKET."
    assert (requested["orderKey"], requested["who"]) == ("first", "user")
    assert requested["client"] == ("Claude Code 1" if era == "auto" else None)
    assert datetime.fromisoformat(requested["at"]).utcoffset() == IST.utcoffset(None)
    assert answer.data["knownThen"] is None
    assert answer.data["stale"] is False
    assert "user: Session 'default' opened (number 1)." in answer.text.splitlines()[-1]
    assert "(order 'first')" in answer.text


async def test_one_order_is_followed_by_its_key_and_pages_join_without_gaps(asha):
    for key in ("one", "two"):
        await asha.call("create_order", **buy("ITC", order_key=key))

    whole = await asha.call("get_activity", order_key="two")
    first = await asha.call("get_activity", order_key="two", limit=2)
    rest = await asha.call(
        "get_activity", order_key="two", limit=200, cursor=first.data["nextCursor"]
    )

    assert {row["orderKey"] for row in whole.data["events"]} == {"two"}
    assert len(first.data["events"]) == 2
    assert first.data["events"] + rest.data["events"] == whole.data["events"]
    assert first.data["total"] == rest.data["total"] == len(whole.data["events"])
    assert f"get_activity(cursor='{first.data['nextCursor']}')" in first.text
    assert rest.data["nextCursor"] is None


async def test_as_of_a_moment_it_says_what_was_known_then(asha):
    await asha.call("create_order", **buy("INFY", 1, order_key="low", **LOW))
    placed = (await asha.call("get_activity", order_key="low", limit=1)).data["events"][0]
    await asha.call("cancel_order", order_id="low")
    await asha.call("create_order", **buy("TCS", 1, order_key="later"))

    then = await asha.call("get_activity", at=placed["at"])
    now = await asha.call("get_activity", at=placed["at"][:10])

    known = then.data["knownThen"]
    assert [(o["orderKey"], o["status"], o["open"]) for o in known["orders"]] == [
        ("low", "OPEN", True)
    ]
    (session,) = known["sessions"]
    assert (session["activeBroker"], session["ended"]) == ("paper", None)
    assert {row["orderKey"] for row in then.data["events"]} == {None, "low"}
    assert "1 sessions, 1 orders, 1 of them open." in then.text
    statuses = {o["orderKey"]: o["status"] for o in now.data["knownThen"]["orders"]}
    assert statuses == {"low": "CANCELLED", "later": "FILLED"}


async def test_a_day_is_told_from_its_midnight_to_its_end(asha):
    today = (await asha.call("get_activity")).data["events"][0]["at"][:10]

    of_today = await asha.call("get_activity", since=today, until=today)
    of_then = await asha.call("get_activity", since="2026-01-01", until="2026-01-01")

    assert names(of_today) == ["broker_selected", "session_created"]
    assert (of_then.data["events"], of_then.data["total"]) == ([], 0)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"since": "yesterday"}, "since is no date"),
        ({"since": "2026-11-20", "until": "2026-11-19"}, "since is later than until"),
        ({"at": "2099-01-01"}, "at lies ahead"),
        ({"cursor": "1 OR 1=1"}, "cursor must be a nextCursor"),
        ({"limit": 0}, "limit"),
    ],
)
async def test_what_cannot_be_meant_is_refused(market, asked, words):
    async with connected(market.server.url, market.site.token("asks-oddly")) as asha:
        refused = await asha.try_to("get_activity", **asked)

    assert refused.code == "INVALID_ARGUMENT"
    assert words in refused.text


async def test_nobody_reads_anybody_elses(market):
    url, site = market.server.url, market.site
    async with (
        connected(url, site.token("mira"), calls_itself="mira-client") as mira,
        connected(url, site.token("ravi"), label="ravi-label") as ravi,
    ):
        await mira.call("create_order", **buy("TCS", 7, order_key="miras"), broker="paper")
        await ravi.call("create_order", **buy("ITC", 3, order_key="ravis"), broker="paper")
        today = (await mira.call("get_activity")).data["events"][0]["at"][:10]
        told = [
            await ravi.call("get_activity", limit=200),
            await ravi.call("get_activity", order_key="miras", at=today),
        ]

    for answer in told:
        marks = ("miras", "mira-client", "TCS", str(site.principal("mira")))
        assert [mark for mark in marks if mark in answer.raw] == []
    assert told[1].data["events"] == told[1].data["knownThen"]["orders"] == []
    assert "ravis" in told[0].raw


async def test_a_token_that_may_only_audit_has_no_trail_to_read(market):
    async with connected(market.server.url, market.site.token("auditor-x", "audit")) as meera:
        refused = await meera.try_to("get_activity")

    assert refused.code == "SCOPE_MISSING"


def test_a_view_that_is_behind_says_so():
    behind = Activity(
        events=[],
        total=0,
        next_cursor=None,
        known_then=None,
        as_of_position=3,
        stale=True,
        session_id="s",
    )

    assert told_in_words(behind, "concise", "get_activity")[-1] == (
        "The views are behind: the newest events may be missing."
    )
