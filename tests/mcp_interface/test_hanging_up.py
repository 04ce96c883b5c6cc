"""A client that goes away in the middle of a call: what was begun is finished all the same.

An order passes ten points. A server that stands still at one of them loses its client there, goes
on, and is asked again by a new one. The product answers in JSON over HTTP, and the SDK does not
look after clients then; `streamed` is the other mode, in which it ends the calls of those who left.
"""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from domain.events import OrderDispatched, OrderEvent, OrderPlaced, OrderRequested
from domain.order_reports import OrderReport, order_reports
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.hanging_clients import (
    Desktop,
    Wish,
    approve_on_the_page,
    ask_in_rounds,
    ask_live,
    confirm,
    create_in_rounds,
)
from tests.mcp_interface.people import ERAS, buy, connected, eventually
from tests.support.halting import BYTES_LEFT, ENTERING, POINTS, Gate, halting_http
from tests.support.processes import Child
from tests.support.servers import Plain, Site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

OVER_HTTP = {
    "2026-07-28": (create_in_rounds, "json"),
    "2026-07-28 streamed": (create_in_rounds, "streams"),
    "2025-11-25": (confirm, "json"),
    "2025-11-25 streamed": (confirm, "streams"),
    "the page": (approve_on_the_page, "json"),
}
CALLS = [
    (way, point)
    for way in OVER_HTTP
    for point in POINTS
    if (way, point) != ("the page", ENTERING)  # a page needs no session
]
ASKED_BEFORE = (confirm, approve_on_the_page)
"""These come when the order has been proposed already."""
OVER_STDIO = ["cancels its call", "closes stdin", "dies"]


class Hall:
    """One installation with servers that halt where the gate is shut."""

    def __init__(self, market: Market, site: Site) -> None:
        self.market, self.site = market, site
        self.gate = Gate(site.directory / "gate")
        self._servers: dict[str, tuple[Child, str]] = {}
        for mode in ("json", "streams"):
            work = (dict(site.env), self.gate.address, site.directory / f"{mode}.log")
            server = Child(halting_http, (*work, mode == "streams"))
            self._servers[mode] = server, str(server.hear(seconds=60))

    def url(self, mode: str = "json") -> str:
        return self._servers[mode][1]

    def close(self) -> None:
        self.gate.close()
        for server, _ in self._servers.values():
            server.kill()

    async def wish(self, way: str, point: str, *, proposed: bool) -> Wish:
        """Somebody new, logged in, who wants a share of WIPRO."""
        number = POINTS.index(point)
        name = f"{way.replace(' ', '-')}-{number}"
        token, order = self.site.token(name), buy("WIPRO", order_key=f"cut-{number}")
        async with connected(self.url(), token, "legacy", visits_page=False) as person:
            await person.log_in_at_kite(self.market.simulator, account(name))
            await person.call("set_active_broker", broker="kite")
            if not proposed:
                return Wish(name, token, order)
            asked = await person.call("create_order", **order)
        return Wish(name, token, order, asked.data["proposalId"], asked.data["approvalUrl"])

    def sent(self, wish: Wish) -> list[Plain]:
        """Every order of this person's that came into existence at the broker."""
        log = self.market.simulator.wire_log()
        return [line for line in log if line["user"] == account(wish.name)]

    def report(self, wish: Wish) -> OrderReport | None:
        return order_reports(self._events(wish)).get(wish.order["order_key"])

    def count(self, wish: Wish, kind: type[OrderEvent]) -> int:
        return sum(isinstance(event, kind) for event in self._events(wish))

    def _events(self, wish: Wish):
        mine = self.site.principal(wish.name)
        return [r.event for r in self.site.recorded() if r.envelope.principal == mine]

    def check_held_at(self, point: str, wish: Wish) -> None:
        """While the server stands there: whether the broker has the order, and the log its end."""
        if POINTS.index(point) < POINTS.index(BYTES_LEFT):
            assert not self.sent(wish)
        else:
            wait_until(lambda: len(self.sent(wish)) == 1, "the order", seconds=30)
        told = self.report(wish)
        requested = POINTS.index(point) >= POINTS.index("after the intention is stored")
        stored = point == "after the outcome is stored"
        assert (told is not None) is requested
        # Its outcome, not its state: the reconciler may have seen the order in the book by now.
        assert (self.count(wish, OrderPlaced) == 1) is stored

    async def check_goes_on(self, wish: Wish) -> None:
        """The order is recorded and told to whoever asks with its key, by a new connection."""
        await eventually(
            lambda: (told := self.report(wish)) is not None and told.state == "PLACED",
            "the outcome",
        )
        await self.check_told(wish, repeated=True)

    async def check_told(self, wish: Wish, *, repeated: bool) -> None:
        async with connected(self.url(), wish.token) as person:
            again = await person.call("create_order", **wish.order)
        assert (again.data["state"], again.data["repeated"]) == ("PLACED", repeated)
        assert [line["orderId"] for line in self.sent(wish)] == [again.data["brokerOrderId"]]
        assert self.count(wish, OrderRequested) == self.count(wish, OrderDispatched) == 1


def account(name: str) -> str:
    return "".join(letter for letter in name.upper() if letter.isalnum())


@pytest.fixture(scope="module")
def installation(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    directory: Path = tmp_path_factory.mktemp("hall")
    with market.neighbour(directory / "site", TRADING_CONFIRM="tool") as site:
        made = Hall(market, site)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def hall(installation: Hall) -> Iterator[Hall]:
    """Nobody is held from the test before."""
    yield installation
    installation.gate.open()


async def test_an_order_passes_the_ten_points_in_this_order(hall: Hall):
    wish = await hall.wish("passing", POINTS[0], proposed=True)
    hall.gate.passed.clear()
    named = {"order_key": wish.order["order_key"], "proposal_id": wish.proposal_id}
    async with connected(hall.url(), wish.token) as person:
        await person.call("confirm_order", **named)

    assert list(dict.fromkeys(hall.gate.passed)) == list(POINTS)


@pytest.mark.parametrize(("way", "point"), CALLS)
async def test_an_order_whose_client_hangs_up_over_http_is_recorded_and_told(
    hall: Hall, way: str, point: str
):
    client, mode = OVER_HTTP[way]
    wish = await hall.wish(way, point, proposed=client in ASKED_BEFORE)

    await to_thread.run_sync(client, hall.gate, hall.url(mode), wish, point)
    hall.check_held_at(point, wish)
    hall.gate.open()

    nobody_had_said_yes, ended_by_the_sdk = client is create_in_rounds, mode == "streams"
    if point == ENTERING and (nobody_had_said_yes or ended_by_the_sdk):
        await hall.check_told(wish, repeated=False)
    else:
        await hall.check_goes_on(wish)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("way", OVER_STDIO)
async def test_an_order_whose_client_leaves_over_stdio_is_recorded_and_told(
    hall: Hall, way: str, point: str
):
    wish = await hall.wish(way, point, proposed=False)
    with closing(Desktop(hall.site, hall.gate, wish.name)) as desktop:
        ask = ask_in_rounds if way == "dies" else ask_live
        number = await to_thread.run_sync(ask, desktop, hall.gate, wish, point)
        if way == "cancels its call":
            desktop.tell("notifications/cancelled", requestId=number, reason="tired of waiting")
            await to_thread.run_sync(partial(desktop.ask, "ping"))  # it has been heard
        elif way == "closes stdin":
            desktop.close_stdin()
        else:
            desktop.die()
        hall.check_held_at(point, wish)
        hall.gate.open()
        if way != "cancels its call":
            assert await to_thread.run_sync(desktop.process.hear_out) == ["done"]
        if point == ENTERING:
            await hall.check_told(wish, repeated=False)
        else:
            await hall.check_goes_on(wish)


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_gives_up_waiting_finds_its_order_later(hall: Hall, era):
    """The official client, told to stop waiting."""
    wish = await hall.wish(f"given up {era}", POINTS[0], proposed=True)
    named = {"order_key": wish.order["order_key"], "proposal_id": wish.proposal_id}
    hall.gate.shut(BYTES_LEFT)
    async with (
        connected(hall.url(), wish.token, era) as sunil,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(partial(sunil.call, "confirm_order", **named))
        await to_thread.run_sync(hall.gate.wait)
        tasks.cancel_scope.cancel()
    hall.gate.open()

    await hall.check_goes_on(wish)
    async with connected(hall.url(), wish.token, era) as sunil:
        book = await sunil.call("get_orders")
    assert [(row["orderKey"], row["status"]) for row in book.data["orders"]] == [
        (wish.order["order_key"], "FILLED")
    ]
