"""Two server processes over one store: as far as anybody can tell, they are one server."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing

import anyio
import pytest

from domain.events import SessionCreated, SessionEnded, SessionExpired
from tests.mcp_interface.people import ERAS, Answer, Gathering, Person, buy, call_once, connected
from tests.support.servers import Server, Site, site

pytestmark = pytest.mark.anyio

EVERYBODY = [f"p{n:02}" for n in range(50)]


class Pair:
    """Room for twenty sessions. Everybody of these tests is one of the fifty."""

    def __init__(self, place: Site, servers: list[Server]) -> None:
        self.site = place
        self.first, self.second = servers
        self.tokens = {name: place.token(name) for name in EVERYBODY}

    def opened(self) -> int:
        """How many sessions the log knows as open."""
        events = [recorded.event for recorded in self.site.recorded()]
        created = sum(isinstance(e, SessionCreated) for e in events)
        return created - sum(isinstance(e, SessionExpired | SessionEnded) for e in events)

    def counted(self) -> int:
        """The counter that appending moves."""
        with closing(self.site.database.open_store()) as store:
            return store.active_sessions()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_server").create_database()
    with site(tmp_path_factory.mktemp("pair"), url, MAX_SESSIONS="20") as place:
        yield Pair(place, place.servers(2))


async def test_fifty_first_calls_at_once_open_one_session(pair):
    answers: list[Answer] = []

    async def call(person: Person) -> None:
        answers.append(await person.call("get_session_info"))

    async with AsyncExitStack() as clients:
        people = [
            await clients.enter_async_context(connected(server.url, pair.tokens["p00"], era))
            for server in (pair.first, pair.second)
            for era in ERAS
        ]
        async with anyio.create_task_group() as tasks:
            for n in range(50):
                tasks.start_soon(call, people[n % 4])

    assert len(answers) == 50
    assert len({answer.data["sessionId"] for answer in answers}) == 1
    created = [r for r in pair.site.recorded() if isinstance(r.event, SessionCreated)]
    mine = pair.site.principal("p00")
    assert [r.event.generation for r in created if r.envelope.principal == mine] == [1]


async def test_what_was_done_through_one_is_seen_through_the_other_at_once(pair):
    token = pair.tokens["p01"]
    async with (
        connected(pair.first.url, token) as here,
        connected(pair.second.url, token, "legacy") as there,
    ):
        for n in range(10):
            for acting, looking, broker in ((here, there, "paper"), (there, here, "kite")):
                await acting.call("set_active_broker", broker=broker)
                seen = (await looking.call("get_session_info")).data
                assert (seen["activeBroker"], seen["stale"]) == (broker, False), n


async def test_an_order_key_is_one_order_whichever_process_is_asked(pair):
    order = {**buy("SBIN", 7), "broker": "paper", "order_key": "mine"}
    answers: list[Answer] = []

    async def place(server: Server) -> None:
        async with connected(server.url, pair.tokens["p02"]) as person:
            answers.append(await person.try_to("create_order", **order))

    async with anyio.create_task_group() as tasks:
        for n in range(10):
            tasks.start_soon(place, (pair.first, pair.second)[n % 2])
    book = await call_once(pair.second.url, pair.tokens["p02"], "get_orders", broker="paper")

    placed = [a.data for a in answers if not a.refused]
    assert len({receipt["brokerOrderId"] for receipt in placed if receipt["brokerOrderId"]}) == 1
    assert sum(not receipt["repeated"] for receipt in placed) == 1
    assert {a.code for a in answers if a.refused} <= {"ORDER_IN_PROGRESS"}
    assert [row["orderKey"] for row in book.data["orders"]] == ["mine"]


async def test_twenty_of_fifty_get_in_and_thirty_are_told_why_not(pair):
    answers: dict[str, Answer] = {}
    everybody = Gathering(50)

    async def come(name: str, server: Server) -> None:
        async with connected(server.url, pair.tokens[name]) as person:
            await everybody.arrived()
            answers[name] = await person.try_to("get_session_info")

    async with anyio.create_task_group() as tasks:
        for n, name in enumerate(EVERYBODY):
            tasks.start_soon(come, name, (pair.first, pair.second)[n % 2])

    inside = {name: a for name, a in answers.items() if not a.refused}
    assert Counter(a.code for a in answers.values()) == {None: 20, "SESSION_LIMIT": 30}
    assert len({a.data["sessionId"] for a in inside.values()}) == 20
    assert all("Next: " in a.text for a in answers.values() if a.refused)
    assert pair.counted() == pair.opened() == 20
    assert pair.first.get("/health")[1]["activeSessions"] == 20
    assert pair.second.get("/health")[1]["activeSessions"] == 20
    again = await call_once(pair.first.url, pair.tokens[min(inside)], "list_brokers")
    assert not again.refused
