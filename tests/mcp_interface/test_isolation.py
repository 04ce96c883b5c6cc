"""Nobody ever sees, or acts as, anybody else: over real HTTP, whatever a client sends along.

Each trader of the crowd has marks that no one else has. Afterwards every byte of every answer is
searched for the marks of the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio
import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import (
    ERAS,
    Answer,
    Era,
    Gathering,
    Person,
    buy,
    call_once,
    connected,
)
from tests.support.servers import Plain

pytestmark = pytest.mark.anyio

TRADERS, ROUNDS = 20, 4


@dataclass
class Trader:
    """Number n of the crowd. Every second one has an older client."""

    n: int
    answers: list[Answer] = field(default_factory=list)
    session_id: str = ""
    orders: list[Plain] = field(default_factory=list)

    @property
    def era(self) -> Era:
        return ERAS[self.n % 2]

    @property
    def kite_user(self) -> str:
        return f"CROWD{self.n:02}"

    @property
    def marks(self) -> set[str]:
        """What only this trader may ever see; some of it nobody."""
        return {
            self.session_id,
            self.kite_user,
            f"key-of-{self.n:02}",
            f"note-of-{self.n:02}",
            *(order["brokerOrderId"] for order in self.orders),
        }

    async def trade(self, person: Person, market: Market, everybody: Gathering) -> None:
        """Open a session, log in, wait for everybody, order at both brokers, look around."""
        self.session_id = await person.session_id()
        await person.log_in_at_kite(market.simulator, self.kite_user)
        await everybody.arrived()
        for broker in ("kite", "paper"):
            order = buy("ITC", 101 + self.n, order_key=f"key-of-{self.n:02}-{broker}")
            self.note(
                await person.call(
                    "create_order", **order, broker=broker, tag=f"note-of-{self.n:02}"
                )
            )
            self.orders.append(self.answers[-1].data)
        for _ in range(ROUNDS):
            self.note(await person.call("get_session_info"))
            self.note(await person.call("get_orders", broker="kite"))
            self.note(await person.call("list_brokers"))
            self.note(await person.call("get_orders", broker="paper"))
            self.note(await person.call("get_portfolio", broker="paper"))
            self.note(await person.try_to("create_order", **buy(quantity=0)))

    def note(self, answer: Answer) -> None:
        self.answers.append(answer)


@pytest.fixture(scope="module")
async def crowd(market: Market) -> list[Trader]:
    """Twenty people who traded at the same time, with everything they were told."""
    traders = [Trader(n) for n in range(TRADERS)]
    everybody = Gathering(TRADERS)

    async def come(trader: Trader) -> None:
        token = market.site.token(f"crowd-{trader.n:02}")
        async with connected(market.server.url, token, trader.era) as person:
            await trader.trade(person, market, everybody)

    async with anyio.create_task_group() as tasks:
        for trader in traders:
            tasks.start_soon(come, trader)
    return traders


async def test_nobody_is_told_anything_of_anybody_else(crowd):
    for trader in crowd:
        foreign = set().union(*(other.marks for other in crowd if other is not trader))
        for answer in trader.answers:
            assert [mark for mark in foreign if mark in answer.raw] == []


async def test_everybody_has_one_session_of_their_own(crowd):
    assert len({trader.session_id for trader in crowd}) == TRADERS
    for trader in crowd:
        named = {a.data["sessionId"] for a in trader.answers if not a.refused}
        assert named == {trader.session_id}


async def test_everybody_sees_their_own_orders_and_holdings_only(crowd):
    for trader in crowd:
        pages = [a.data for a in trader.answers if "orders" in a.data]
        rows = [row for page in pages for row in page["orders"]]
        assert len(rows) == 2 * ROUNDS
        assert {row["quantity"] for row in rows} == {101 + trader.n}
        held = [a.data["holdings"] for a in trader.answers if "holdings" in a.data]
        assert {row["quantity"] for page in held for row in page} == {101 + trader.n}


async def test_every_order_reached_the_broker_as_the_person_who_gave_it(crowd, market):
    sent = [line for line in market.simulator.wire_log() if line["user"].startswith("CROWD")]

    assert sorted((line["user"], line["quantityShares"]) for line in sent) == [
        (trader.kite_user, 101 + trader.n) for trader in crowd
    ]


async def test_events_name_neither_people_nor_accounts(crowd, market):
    by_principal = {
        market.site.principal(f"crowd-{trader.n:02}"): trader.session_id for trader in crowd
    }

    for recorded in market.site.recorded():
        stored = str(recorded.event)
        assert "crowd-" not in stored
        assert "CROWD" not in stored
        principal = recorded.envelope.principal
        if principal in by_principal and recorded.name.startswith("trading_session."):
            assert str(recorded.envelope.stream_id) == by_principal[principal]


async def test_two_people_stay_apart_when_every_call_is_a_connection_of_its_own(market):
    url = market.server.url
    tokens = {name: market.site.token(name) for name in ("farah", "gopal")}
    wanted = {"farah": "paper", "gopal": "kite"}
    seen: dict[str, list[Plain]] = {"farah": [], "gopal": []}

    async def live(name: str) -> None:
        await call_once(url, tokens[name], "set_active_broker", broker=wanted[name])
        for n in range(10):
            answer = await call_once(url, tokens[name], "get_session_info", ERAS[n % 2])
            seen[name].append(answer.data)

    async with anyio.create_task_group() as tasks:
        for name in wanted:
            tasks.start_soon(live, name)

    for name, broker in wanted.items():
        assert [info["activeBroker"] for info in seen[name]] == [broker] * 10
        assert len({info["sessionId"] for info in seen[name]}) == 1
    assert seen["farah"][0]["sessionId"] != seen["gopal"][0]["sessionId"]


async def test_two_clients_of_one_person_are_in_one_session(market):
    url, token = market.server.url, market.site.token("harini")

    async with connected(url, token, "auto") as phone, connected(url, token, "legacy") as desktop:
        await phone.call("set_active_broker", broker="paper")
        on_the_desktop = await desktop.call("get_session_info")
        await desktop.call("set_active_broker", broker="kite")
        on_the_phone = await phone.call("get_session_info")

    assert on_the_desktop.data["activeBroker"] == "paper"
    assert on_the_phone.data["activeBroker"] == "kite"
    assert on_the_phone.data["sessionId"] == on_the_desktop.data["sessionId"]


async def test_a_label_gives_the_same_person_another_session(market):
    url, token = market.server.url, market.site.token("indu")

    async with connected(url, token) as home, connected(url, token, label="work") as work:
        await work.call("set_active_broker", broker="paper")
        at_home = (await home.call("get_session_info")).data
        at_work = (await work.call("get_session_info")).data

    assert (at_home["label"], at_home["activeBroker"]) == ("default", None)
    assert (at_work["label"], at_work["activeBroker"]) == ("work", "paper")
    assert at_home["sessionId"] != at_work["sessionId"]


@pytest.mark.parametrize("era", ERAS)
async def test_nothing_that_a_client_sends_along_makes_it_somebody_else(market, era):
    url = market.server.url
    jaya = await call_once(url, market.site.token("jaya"), "get_session_info")
    session_id = jaya.data["sessionId"]
    pretended = {
        "Mcp-Session-Id": session_id,
        "X-Session-Id": session_id,
        "X-User": "jaya",
        "X-Forwarded-User": "jaya",
        "X-Principal": str(market.site.principal("jaya")),
        "Cookie": f"session={session_id}",
    }
    kiran = market.site.token("kiran")

    async with connected(url, kiran, era) as plain:
        usual = await plain.session_id()
    async with connected(url, kiran, era, headers=pretended, calls_itself="jaya") as person:
        answer = await person.call("get_session_info")

    assert answer.data["sessionId"] == usual != session_id
    assert session_id not in answer.raw


async def test_the_id_of_a_foreign_session_is_only_a_label(market):
    url = market.server.url
    jaya = await call_once(url, market.site.token("jaya"), "get_session_info")
    session_id = jaya.data["sessionId"]

    async with connected(url, market.site.token("lata"), label=session_id) as lata:
        answer = await lata.call("get_session_info")

    assert answer.data["label"] == session_id
    assert answer.data["sessionId"] != session_id


@pytest.mark.parametrize("era", ERAS)
async def test_the_server_hands_out_no_connection_ids_to_lean_on(market, era):
    seen: list[Mapping[str, str]] = []

    async with connected(
        market.server.url, market.site.token("mohan"), era, hears_headers=seen.append
    ) as mohan:
        await mohan.call("get_session_info")

    assert seen
    assert not any("mcp-session-id" in headers for headers in seen)
