"""What a person reads: where they are, a screenful, rupees as India writes them; and all of it as
data, however long it is."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import Person, buy, connected
from tests.support.servers import Plain

pytestmark = pytest.mark.anyio

ORDERS = 24
"""More than a screenful; within the minute's limit."""
LONG: list[tuple[str, Plain, str]] = [
    ("get_orders", {"limit": 50}, "orders"),
    ("get_activity", {"limit": 200}, "events"),
    ("get_trades", {"limit": 50}, "trades"),
    ("search_instruments", {"query": "in", "limit": 50}, "instruments"),
]
SHORT: list[tuple[str, Plain]] = [
    ("get_order", {"order_key": "k1"}),
    ("preview_order", buy("TCS", 900)),
    ("get_session_info", {}),
    ("list_brokers", {}),
    ("get_margins", {}),
]
INDICATOR = re.compile(
    r"\[PAPER · your session [0-9a-f]{8} · paper · \d{1,2} \w{3} \d{4} \d\d:\d\d IST\]"
)
AMOUNT = re.compile(r"₹[\d,]+(?:\.\d+)?")
GROUPED = re.compile(r"₹(?:\d{1,3}|\d{1,2}(?:,\d\d)*,\d{3})\.\d\d")
MOST_LINES = 25
MOST_CHARACTERS = 200


@pytest.fixture(scope="module")
async def asha(market: Market) -> AsyncIterator[Person]:
    """Somebody who traded a lot on paper today."""
    async with connected(market.server.url, market.site.token("asha-of-texts")) as person:
        await person.call("set_active_broker", broker="paper")
        for n in range(ORDERS):
            order = buy("ITC", n + 1, order_key=f"k{n}")
            await person.call("create_order", **order)
        yield person


def check(text: str) -> None:
    lines = text.splitlines()
    assert INDICATOR.fullmatch(lines[0]), lines[0]
    assert len(lines) <= MOST_LINES
    assert [line for line in lines if len(line) > MOST_CHARACTERS] == []
    assert [each for each in AMOUNT.findall(text) if not GROUPED.fullmatch(each)] == []
    assert "INR" not in text


@pytest.mark.parametrize(("tool", "arguments", "rows"), LONG, ids=[each[0] for each in LONG])
async def test_a_long_list_is_a_screenful_and_whole_as_data(asha, tool, arguments, rows):
    told = await asha.call(tool, **arguments)
    whole = await asha.call(tool, **arguments, response_format="detailed")

    check(told.text)
    found = len(told.data[rows])
    assert found > 20
    assert f"And {found - 20} more in the data; response_format='detailed' says them." in told.text
    assert len(whole.data[rows]) >= found
    assert len(whole.text.splitlines()) > found


@pytest.mark.parametrize(("tool", "arguments"), SHORT, ids=[each[0] for each in SHORT])
async def test_a_short_answer_reads_the_same_way(asha, tool, arguments):
    check((await asha.call(tool, **arguments)).text)


async def test_an_order_in_detail_tells_its_changes_the_yes_and_what_the_limits_saw(asha):
    low = buy("INFY", 1, order_type="LIMIT", price="1400", order_key="low")
    await asha.call("create_order", **low)
    await asha.call("modify_order", order_id="low", quantity=2, change_key="more")
    await asha.call("cancel_order", order_id="low", change_key="off")

    told = await asha.call("get_order", order_key="low")
    whole = await asha.call("get_order", order_key="low", response_format="detailed")

    assert "Cancel: ACCEPTED. (change 'off')" in told.text
    assert "Modify to 2 shares at ₹1,400.00: ACCEPTED. (change 'more')" in told.text
    assert "worth" not in told.text
    assert "When it was asked for: worth ₹1,400.00; before it " in whole.text
    check(whole.text)


async def test_amounts_are_grouped_in_texts_and_plain_in_data(asha):
    told = await asha.call("preview_order", **buy("TCS", 900))

    assert re.search(r"₹\d\d,\d\d,\d{3}\.\d\d", told.text), told.text
    assert re.fullmatch(r"\d{7}\.\d\d", told.data["risk"]["value"])
