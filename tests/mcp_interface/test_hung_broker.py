"""One person's hung calls are that person's own affair."""

import anyio
import pytest

from mcp_interface.work import THREADS_PER_PRINCIPAL
from tests.mcp_interface.hung_broker import HUNG_USER, hung_broker
from tests.mcp_interface.people import Answer, buy, connected, eventually

pytestmark = pytest.mark.anyio

HUNG_CALLS = 80  # more than a broker has threads


async def test_while_eighty_calls_of_one_user_hang_another_users_calls_complete(tmp_path):
    answered: list[Answer] = []
    with hung_broker(tmp_path) as market:
        site, url = market.site, market.server.url
        async with (
            connected(url, site.token("asha")) as asha,
            connected(url, site.token("bob")) as bob,
            anyio.create_task_group() as tasks,
        ):
            await market.log_in(asha, HUNG_USER)
            await market.log_in(bob, "BOB")

            async def hang() -> None:
                answered.append(await asha.try_to("get_orders", broker="kite"))

            for _ in range(HUNG_CALLS):
                tasks.start_soon(hang)
            await eventually(
                lambda: market.hung.requests >= THREADS_PER_PRINCIPAL,
                "all of asha's threads hang",
            )

            for number in range(3):
                placed = await bob.call("create_order", **buy(order_key=f"b{number}"))
                assert placed.data["mode"] == "SIMULATED"
                listed = await bob.call("get_orders", broker="kite")
                assert listed.data["total"] == number + 1

            # Eight at a time are given up after ten seconds each: most of them still hang.
            assert len(answered) < HUNG_CALLS - THREADS_PER_PRINCIPAL
            tasks.cancel_scope.cancel()
