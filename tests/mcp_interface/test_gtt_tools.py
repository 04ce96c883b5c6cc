"""GTT orders and position conversions through a real client, at every broker that has them."""

import re
import zlib
from contextlib import AsyncExitStack

import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import Person, buy, connected
from tests.support.servers import Plain

pytestmark = pytest.mark.anyio

REAL = ["kite", "groww", "dhan"]
BELOW: Plain = {
    "trading_symbol": "INFY",
    "exchange": "NSE",
    "transaction_type": "BUY",
    "quantity": 2,
    "product": "CNC",
    "trigger_price": "1200.00",
    "price": "1199.00",
}
"""Far below the last price of INFY, so that nothing triggers it."""
OUT: Plain = {
    **BELOW,
    "transaction_type": "SELL",
    "product": "MIS",
    "kind": "OCO",
    "target_trigger_price": "1700.00",
    "target_price": "1699.00",
}


@pytest.fixture(params=REAL)
def broker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def meet(three_brokers: Market, request: pytest.FixtureRequest):
    """`await meet("asha", "kite")`: somebody new, who says yes when asked."""
    async with AsyncExitStack() as stack:

        async def arrive(name: str, broker: str, **more: object) -> Person:
            who = f"{name}-{request.node.name}"[:60]
            token = three_brokers.site.token(who)
            client = connected(three_brokers.server.url, token, **more)  # type: ignore[arg-type]
            person = await stack.enter_async_context(client)
            number = f"{zlib.crc32(who.encode()) % 10**8:08d}"
            await person.log_in_at(broker, three_brokers.simulator, f"8{number}")
            return person

        yield arrive


@pytest.fixture
async def asha(meet, broker: str) -> Person:
    person: Person = await meet("asha", broker)
    return person


async def listed(person: Person) -> list[Plain]:
    return list((await person.call("get_gtt_orders")).data["gttOrders"])


async def test_a_gtt_order_is_asked_about_kept_listed_and_taken_back(asha, broker):
    placed = await asha.call("place_gtt_order", **BELOW)
    (row,) = await listed(asha)
    gtt_id = placed.data["brokerOrderId"]
    gone = await asha.call("cancel_gtt_order", gtt_id=gtt_id)
    twice = await asha.try_to("cancel_gtt_order", gtt_id=gtt_id)
    session = await asha.call("get_session_info")

    assert twice.code == "ORDER_NOT_FOUND"
    assert session.data["openOrders"] == 0
    assert "Buy 2 shares of NSE:INFY, product CNC, at a limit of ₹1,199.00 once" in placed.text
    assert (placed.data["state"], placed.data["variety"]) == ("PLACED", "gtt")
    assert f"get_gtt_orders(broker='{broker}')" in placed.text
    assert (row["gttId"], row["kind"], row["quantity"]) == (gtt_id, "SINGLE", 2)
    assert row["legs"] == [{"triggerPrice": "1200.00", "price": "1199.00"}]
    assert gone.data["variety"] == "gtt_cancellation"
    assert [each["status"] for each in await listed(asha)] in ([], ["CANCELLED"])
    # One question, of the order; none of taking it back.
    assert len(asha.questions) == 1
    assert (
        "Buy 2 shares of NSE:INFY, product CNC, at a limit of ₹1,199.00 once the price reaches "
        "₹1,200.00." in asha.questions[0]
    )


async def test_stop_loss_and_target_go_as_one_order(asha, broker):
    # Dhan keeps such orders for delivery only, Groww gets out of an intraday position.
    product = "CNC" if broker == "dhan" else "MIS"
    await asha.call("create_order", **{**buy("INFY", 2), "product": product})

    placed = await asha.call("place_gtt_order", **{**OUT, "product": product})
    (row,) = await listed(asha)

    assert placed.data["state"] == "PLACED", placed.text
    assert (row["kind"], [leg["triggerPrice"] for leg in row["legs"]]) == (
        "OCO",
        ["1200.00", "1700.00"],
    )
    assert "whichever comes first, and the other is cancelled then" in asha.questions[-1]


async def test_a_repeated_key_tells_and_sends_nothing(asha):
    first = await asha.call("place_gtt_order", **BELOW, order_key="g1")
    again = await asha.call("place_gtt_order", **BELOW, order_key="g1")
    other = await asha.try_to("place_gtt_order", **{**BELOW, "price": "1198"}, order_key="g1")
    plain = await asha.try_to("create_order", **buy("INFY", 2), order_key="g1")
    gtt_id = first.data["brokerOrderId"]
    gone = await asha.call("cancel_gtt_order", gtt_id=gtt_id, order_key="g2")
    gone_again = await asha.call("cancel_gtt_order", gtt_id=gtt_id, order_key="g2")

    assert (again.data["brokerOrderId"], again.data["repeated"]) == (gtt_id, True)
    assert (other.code, plain.code) == ("ORDER_KEY_REUSED", "ORDER_KEY_REUSED")
    assert (gone.data["repeated"], gone_again.data["repeated"]) == (False, True)
    assert (await asha.call("get_order", order_key="g1")).data["variety"] == "gtt"


@pytest.mark.parametrize("broker", ["kite"])
async def test_a_no_keeps_nothing_and_limits_and_halts_hold(meet, broker):
    ravi = await meet("ravi", broker, says="no")
    asha = await meet("asha", broker)

    said_no = await ravi.try_to("place_gtt_order", **BELOW)
    off_tick = await asha.try_to("place_gtt_order", **{**BELOW, "trigger_price": "1200.03"})
    placed = await asha.call("place_gtt_order", **BELOW)
    await asha.call("set_kill_switch", on=True)
    halted = await asha.try_to("place_gtt_order", **{**BELOW, "quantity": 1})
    taken_back = await asha.call("cancel_gtt_order", gtt_id=placed.data["brokerOrderId"])

    assert (said_no.code, await listed(ravi)) == ("PROPOSAL_REFUSED", [])
    assert off_tick.code == "ORDER_DENIED"
    assert "trigger price ₹1,200.03 is no multiple" in off_tick.text
    assert halted.code == "TRADING_HALTED"
    assert taken_back.data["state"] == "PLACED"


@pytest.mark.parametrize("broker", ["kite"])
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ({"kind": "OCO"}, "INVALID_ORDER", "target_trigger_price"),
        ({"target_price": "1700"}, "INVALID_ORDER", "leave both out"),
        ({**OUT, "target_trigger_price": "1200.00"}, "INVALID_ORDER", "same trigger price"),
        ({"trigger_price": "-1"}, "INVALID_ARGUMENT", "trigger_price"),
        ({"quantity": 0}, "INVALID_ARGUMENT", "quantity"),
        ({"broker": "paper"}, "NOT_SUPPORTED_BY_BROKER", "place a regular order"),
        ({"broker": "angelone"}, "BROKER_NOT_SUPPORTED", "angelone"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(asha, arguments, code, words):
    answer = await asha.try_to("place_gtt_order", **{**BELOW, **arguments})

    assert (answer.code, words in answer.text) == (code, True), answer.text
    assert asha.questions == []


async def test_a_position_changes_its_product_where_the_broker_can(asha, broker):
    await asha.call("create_order", **{**buy("INFY", 3), "product": "MIS"})
    asked = len(asha.questions)

    wanted: Plain = {
        "trading_symbol": "INFY",
        "exchange": "NSE",
        "transaction_type": "BUY",
        "quantity": 3,
        "old_product": "MIS",
        "new_product": "CNC",
    }

    short = await asha.try_to("convert_position", **{**wanted, "transaction_type": "SELL"})
    answer = await asha.try_to("convert_position", **wanted)

    if broker == "groww":
        assert answer.code == "NOT_SUPPORTED_BY_BROKER"
        assert "close the position and open it under the other product" in answer.text
        return
    assert (answer.data["state"], answer.data["variety"]) == ("PLACED", "conversion"), answer.text
    assert answer.data["brokerOrderId"] is None
    assert (short.code, "0 shares of a short position" in short.text) == ("INVALID_ORDER", True)
    assert re.search(
        r"Convert 3 shares of NSE:INFY of an open long position from product MIS to CNC\.",
        asha.questions[asked],
    )
    rows = (await asha.call("get_positions")).data["positions"]
    assert [(r["product"], r["quantity"]) for r in rows if r["quantity"]] == [("CNC", 3)]
    said = (await asha.call("get_activity")).text
    assert "requested at" in said
    assert "The broker accepted it. (" in said


@pytest.mark.parametrize("broker", ["kite"])
async def test_nobody_sees_or_takes_back_another_ones_gtt_order(meet, broker):
    asha, bob = await meet("asha", broker), await meet("bob", broker)

    placed = await asha.call("place_gtt_order", **BELOW, order_key="mine")
    stolen = await bob.try_to("cancel_gtt_order", gtt_id=placed.data["brokerOrderId"])
    known = await bob.try_to("get_order", order_key="mine")

    assert await listed(bob) == []
    assert (stolen.code, known.code) == ("ORDER_NOT_FOUND", "ORDER_NOT_FOUND")
    assert len(await listed(asha)) == 1
