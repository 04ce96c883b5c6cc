"""SIGKILL while orders are on their way: nothing acknowledged is lost, nothing is sent twice."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import anyio
import pytest

from domain.events import OrderDispatched, OrderKeyClaimed, OrderRequested
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Answer, Person, buy, connected, eventually
from tests.support.servers import Server, Site

pytestmark = pytest.mark.anyio

KILLS_AT_RANDOM = 2
ENDS = {"PLACED", "UNKNOWN", "DISPATCHED", "REJECTED"}
"""REJECTED is what was asked for and never sent, because the process died in between."""
"""`DISPATCHED` is the honest word for an order whose server died before it heard the broker, and
that the broker's book does not show."""


@dataclass
class Trader:
    """Orders one share after another, and asks about each until there is an answer."""

    name: str
    number: int
    token: str
    session_ids: set[str] = field(default_factory=set)
    answers: dict[str, Answer] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)

    @property
    def kite_user(self) -> str:
        return f"{self.name.upper()}{self.number}"

    async def trade(self, url: str, stop: anyio.Event) -> None:
        while not stop.is_set():
            try:
                async with connected(url, self.token, ERAS[self.number % 2]) as person:
                    while not stop.is_set():
                        await self._place_next(person)
            except Exception:  # noqa: BLE001 - however a dying server shows, the cure is a retry
                await anyio.sleep(0.2)

    async def _place_next(self, person: Person) -> None:
        """The order after the last one that was answered: so an unanswered one is tried again."""
        key = f"{self.name}-{len(self.answers):03}"
        self.tries[key] += 1
        answer = await person.call("create_order", **buy(order_key=key))
        self.answers[key] = answer
        self.session_ids.add(answer.data["sessionId"])


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, market: Market, tmp_path) -> Iterator[Site]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with market.neighbour(tmp_path, url) as neighbour:
        yield neighbour


async def test_no_order_is_lost_or_doubled_however_often_the_server_dies(place, market, request):
    kind = "Q" if place.database.on_postgres else "L"
    server = place.server()
    traders = [Trader(f"rush{kind}", n, place.token(f"rush-{n}")) for n in range(4)]
    for trader in traders:
        async with connected(server.url, trader.token) as person:
            await person.log_in_at_kite(market.simulator, trader.kite_user)
            trader.session_ids.add(await person.session_id())

    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        for trader in traders:
            tasks.start_soon(trader.trade, server.url, stop)
        for _ in range(KILLS_AT_RANDOM):
            server = await killed_at_a_bad_moment(place, server, traders)
        await flowing_again(traders)
        stop.set()
    server = await killed_in_the_middle_of_a_call(place, server, market, traders[0])

    await check_that_nothing_is_missing_or_double(place, market, server, traders)


async def killed_at_a_bad_moment(place: Site, server: Server, traders: list[Trader]) -> Server:
    """Kill it while everybody orders, and start it anew at the same address."""
    await flowing_again(traders)
    await anyio.sleep(random.uniform(0, 0.25))
    assert server.kill() < 0
    return await anyio.to_thread.run_sync(place.server, server.port)


async def killed_in_the_middle_of_a_call(
    place: Site, server: Server, market: Market, trader: Trader
) -> Server:
    """Kill it after the exchange has the order and before the server hears of it; ask again."""
    key, before = f"{trader.name}-halfway", sent_by(trader, market)
    market.simulator.fault("delay:30", route="/orders", method="POST", user=trader.kite_user)

    async def ask_in_vain() -> None:
        with pytest.raises(ExceptionGroup):
            async with connected(server.url, trader.token) as person:
                await person.call("create_order", **buy(order_key=key))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask_in_vain)
        await eventually(lambda: sent_by(trader, market) > before, "the order")
        server.kill()
    server = await anyio.to_thread.run_sync(place.server, server.port)
    async with connected(server.url, trader.token) as person:
        answer = await person.call("create_order", **buy(order_key=key))

    assert (answer.data["state"], answer.data["repeated"]) == ("PLACED", True)
    assert sent_by(trader, market) == before + 1
    trader.answers[key] = answer
    return server


def sent_by(trader: Trader, market: Market) -> int:
    return sum(line["user"] == trader.kite_user for line in market.simulator.wire_log())


async def flowing_again(traders: list[Trader]) -> None:
    """Return when everybody has got another answer."""
    before = [len(trader.answers) for trader in traders]
    await eventually(
        lambda: all(len(t.answers) > n for t, n in zip(traders, before, strict=True)), "answers"
    )


async def check_that_nothing_is_missing_or_double(
    place: Site, market: Market, server: Server, traders: list[Trader]
) -> None:
    recorded = place.recorded()
    users = {trader.kite_user for trader in traders}  # others trade there, too, and in slices
    lines = [line for line in market.simulator.wire_log() if line["user"] in users]
    wire = Counter(line["tag"] for line in lines)
    assert set(wire.values()) == {1}
    for trader in traders:
        assert len(trader.session_ids) == 1
        assert sum(tries > 1 for tries in trader.tries.values()) >= 1
        mine = [
            r.event
            for r in recorded
            if r.envelope.principal == place.principal(f"rush-{trader.number}")
        ]
        claimed = Counter(e.order_key for e in mine if isinstance(e, OrderKeyClaimed))
        requested = {e.order_key: e for e in mine if isinstance(e, OrderRequested)}
        dispatched = Counter(e.order_key for e in mine if isinstance(e, OrderDispatched))
        assert set(claimed) == set(requested) == set(trader.answers)
        for key, answer in trader.answers.items():
            ends_here = answer.data["state"] == "REJECTED"
            assert claimed[key] == 1
            assert dispatched[key] == (0 if ends_here else 1)
            assert answer.data["state"] in ENDS, answer.data
            assert answer.data["state"] == "PLACED" or answer.data["repeated"]
            if answer.data["state"] == "PLACED":
                assert wire[requested[key].broker_tag] == 1
            if ends_here:
                assert wire[requested[key].broker_tag] == 0
        async with connected(server.url, trader.token) as person:
            assert await person.session_id() in trader.session_ids
            book = (await person.call("get_orders", limit=200)).data
        rows = Counter(row["orderKey"] for row in book["orders"])
        assert set(rows) == set(trader.answers)
        assert set(rows.values()) == {1}
