"""Servers that were killed with an order on its way: the next one finds out what became of it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from anyio import to_thread

from domain.events import OrderDispatched, OrderObserved, OrderRejected
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import eventually
from tests.support import reconcile_jobs
from tests.support.processes import Child, child
from tests.support.servers import Site

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, market: Market, tmp_path) -> Iterator[Site]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with market.neighbour(tmp_path, url) as neighbour:
        yield neighbour


def ordering(
    place: Site, market: Market, user: str, moment: reconcile_jobs.Moment
) -> AbstractContextManager[Child]:
    """A process in which this Kite user's order is on its way."""
    login = f"{market.simulator.url}/connect/login?v=3&api_key=e2eapp"
    token = market.simulator.request_token(login, user)
    return child(reconcile_jobs.order, place.env, token, moment)


def facts(place: Site, kind: type) -> list[object]:
    return [r.event for r in place.recorded() if isinstance(r.event, kind)]


async def test_an_order_whose_server_died_in_the_call_is_found_without_anybody_asking(
    place, market
):
    user = f"DIED{'P' if place.database.on_postgres else 'S'}"
    market.simulator.fault("delay:30", route="/orders", method="POST", user=user)

    def sent() -> bool:
        return any(line["user"] == user for line in market.simulator.wire_log())

    with ordering(place, market, user, "in the call") as process:
        await eventually(sent, "the order at the broker")
        process.kill()
    assert len(facts(place, OrderDispatched)) == 1
    assert facts(place, OrderObserved) == []

    server = await to_thread.run_sync(place.server)

    await eventually(lambda: len(facts(place, OrderObserved)) == 1, "the order is seen")

    def told() -> object:
        return server.get("/readyz")[1]["checks"]["reconciler"]

    settled = {"ok": True, "why": None, "accounts": 1, "inDoubt": 0}
    await eventually(lambda: told() == settled, "readiness, without any order in doubt")
    assert sum(line["user"] == user for line in market.simulator.wire_log()) == 1


async def test_an_order_whose_server_died_before_the_dispatch_is_closed_and_never_sent(
    market, tmp_path
):
    with market.neighbour(tmp_path) as place:
        with ordering(place, market, "SHY", "before the dispatch") as process:
            assert process.hear() == "requested"
            process.kill()

        await to_thread.run_sync(place.server)

        await eventually(lambda: len(facts(place, OrderRejected)) == 1, "it is closed")
        [closed] = facts(place, OrderRejected)
    assert isinstance(closed, OrderRejected)
    assert (closed.code, closed.reached_broker) == ("ORDER_TOO_LATE", False)
    assert all(line["user"] != "SHY" for line in market.simulator.wire_log())
