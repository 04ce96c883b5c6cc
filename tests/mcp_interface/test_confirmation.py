"""Where money is at stake an order is sent after a person's yes to exactly it, never without."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.types import (
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    InputRequiredResult,
    InputResponses,
)

from domain.events import OrderConfirmed, OrderDeclined, OrderProposed
from domain.proposals import text_hash
from infrastructure.settings import load_settings
from mcp_interface.composition import Backend
from mcp_interface.serving import build, local_identity
from tests.fakes.clock import ManualClock
from tests.mcp_interface.confirmations import account, facts, sent
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import (
    ERAS,
    Era,
    Person,
    Says,
    buy,
    connected,
    eventually,
    on_the_page,
)
from tests.mcp_interface.test_stdio import client as over_stdio
from tests.support.servers import Server, Site

pytestmark = pytest.mark.anyio

ANSWERED_IN_CLIENT = ["http-auto", "stdio-auto", "stdio-legacy"]
"""Where the client itself can be asked."""


@pytest.fixture(scope="module")
def desktop(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with market.neighbour(tmp_path_factory.mktemp("confirmation")) as site:
        yield site


class Desk:
    """Somebody at a client that is connected in one of three ways."""

    def __init__(self, market: Market, desktop: Site, way: str, name: str) -> None:
        self.market = market
        self.name = f"{name}-{way}"
        self._over, _, era = way.partition("-")
        self._era: Era = "auto" if era == "auto" else "legacy"
        self.site = market.site if self._over == "http" else desktop

    def connected(self, says: Says) -> Any:  # Any: one of two context managers
        if self._over == "http":
            token = self.site.token(self.name)
            url = self.market.server.url
            return connected(url, token, self._era, says=says, visits_page=False)
        self.site.env["TRADING_USER"] = self.name
        return over_stdio(self.site, self._era, says=says)

    async def log_in(self, person: Person) -> None:
        await person.log_in_at("kite", self.market.simulator, account(self.name))


@pytest.fixture(params=ANSWERED_IN_CLIENT)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# Asked in the client


async def test_a_yes_sends_the_order_that_was_shown(market: Market, desktop: Site, way: str):
    desk = Desk(market, desktop, way, "yes")
    async with desk.connected("yes") as person:
        await desk.log_in(person)

        placed = await person.call("create_order", **buy(quantity=3, order_key="first"))

        assert (placed.data["state"], placed.data["repeated"]) == ("PLACED", False)
        assert placed.data["orderKeyMinted"] is False
        (proposed,) = facts(desk.site, desk.name, OrderProposed)
        (confirmed,) = facts(desk.site, desk.name, OrderConfirmed)
        assert person.questions == [f"{proposed.text}\nThis is good for 120 s."]
        assert proposed.text.startswith("Buy 3 shares of NSE:INFY at the market price")
        assert confirmed.method == "elicitation"
        assert confirmed.by == desk.site.principal(desk.name)
        assert confirmed.text_hash == text_hash(proposed.text)
        assert sent(market, desk.name) == 1

        again = await person.call("create_order", **buy(quantity=3, order_key="first"))

        assert (again.data["brokerOrderId"], again.data["repeated"]) == (
            placed.data["brokerOrderId"],
            True,
        )
        assert len(person.questions) == 1
        assert sent(market, desk.name) == 1


async def test_a_key_that_was_minted_survives_the_question(market: Market, desktop: Site, way: str):
    desk = Desk(market, desktop, way, "minted")
    async with desk.connected("yes") as person:
        await desk.log_in(person)

        placed = await person.call("create_order", **buy())

        (proposed,) = facts(desk.site, desk.name, OrderProposed)
        assert placed.data["orderKey"] == proposed.order_key
        assert placed.data["orderKeyMinted"] is True


@pytest.mark.parametrize(
    ("says", "reason"), [("no", "declined"), ("unticked", "declined"), ("dismiss", "dismissed")]
)
async def test_without_a_yes_nothing_is_sent_and_the_no_is_on_record(
    market: Market, desktop: Site, way: str, says: Says, reason: str
):
    desk = Desk(market, desktop, way, f"not-{says}")
    async with desk.connected(says) as person:
        await desk.log_in(person)

        refused = await person.try_to("create_order", **buy(order_key="first"))

        assert refused.code == "PROPOSAL_REFUSED"
        assert "nothing was sent" in refused.text
        (declined,) = facts(desk.site, desk.name, OrderDeclined)
        assert (declined.reason, declined.method) == (reason, "elicitation")
        told = await person.call("get_order", order_key="first")
        assert (told.data["state"], told.data["safeToRetry"]) == ("DECLINED", True)
    assert sent(market, desk.name) == 0


async def test_paper_money_asks_nobody(market: Market, desktop: Site, way: str):
    desk = Desk(market, desktop, way, "paper")
    async with desk.connected("no") as person:
        placed = await person.call("create_order", **buy(broker="paper"))

        assert (placed.data["state"], placed.data["mode"]) == ("PLACED", "PAPER")
        assert person.questions == []


async def test_an_argument_is_no_yes(market: Market, desktop: Site, way: str):
    desk = Desk(market, desktop, way, "argument")
    async with desk.connected("no") as person:
        await desk.log_in(person)

        for yes in ({"confirm": True}, {"approve": True}, {"confirmed": "yes"}):
            refused = await person.try_to("create_order", **buy(), **yes)
            assert refused.code == "INVALID_ARGUMENT"

        assert person.questions == []
    assert sent(market, desk.name) == 0


async def test_a_client_that_hangs_up_while_asked_leaves_a_question_and_no_order(
    market: Market, desktop: Site
):
    desk = Desk(market, desktop, "stdio-legacy", "hangs-up")
    async with desk.connected("nothing") as person:
        await desk.log_in(person)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: person.try_to("create_order", **buy()))
            await eventually(lambda: bool(person.questions), "the question")
            tasks.cancel_scope.cancel()
    assert len(facts(desk.site, desk.name, OrderProposed)) == 1
    assert facts(desk.site, desk.name, OrderConfirmed) == []
    assert facts(desk.site, desk.name, OrderDeclined) == []
    assert sent(market, desk.name) == 0


# In rounds, by hand

YES: InputResponses = {"answer": ElicitResult(action="accept", content={"approve": True})}


class ByHand:
    """A client of 2026-07-28 that carries the rounds itself."""

    def __init__(self, person: Person) -> None:
        self._session = person.client.session

    async def call(
        self,
        arguments: Mapping[str, object],
        answers: InputResponses | None = None,
        state: str | None = None,
    ) -> CallToolResult | InputRequiredResult:
        return await self._session.call_tool(
            "create_order",
            dict(arguments),
            input_responses=answers,
            request_state=state,
            allow_input_required=True,
        )


async def test_a_yes_that_is_sent_twice_tells_the_order_and_sends_no_second(market: Market):
    token = market.site.token("replay")
    async with connected(market.server.url, token) as person:
        await person.log_in_at("kite", market.simulator, account("replay"))
        by_hand, order = ByHand(person), buy()
        asked = await by_hand.call(order)
        assert isinstance(asked, InputRequiredResult)

        first = await by_hand.call(order, YES, asked.request_state)
        again = await by_hand.call(order, YES, asked.request_state)

        assert isinstance(first, CallToolResult)
        assert isinstance(again, CallToolResult)
        assert first.structured_content is not None
        assert again.structured_content is not None
        assert first.structured_content["orderKey"] == again.structured_content["orderKey"]
        assert first.structured_content["repeated"] is False
        assert again.structured_content["repeated"] is True
    assert sent(market, "replay") == 1


async def test_an_answer_without_a_question_is_asked_again(market: Market):
    token = market.site.token("forged")
    async with connected(market.server.url, token) as person:
        await person.log_in_at("kite", market.simulator, account("forged"))
        by_hand, order = ByHand(person), buy(order_key="first")

        forged = await by_hand.call(order, YES)
        unanswered = await by_hand.call(order, None, forged.request_state)  # type: ignore[union-attr]  # asked

        assert isinstance(forged, InputRequiredResult)
        assert isinstance(unanswered, InputRequiredResult)
    assert len(facts(market.site, "forged", OrderProposed)) == 1
    assert sent(market, "forged") == 0


async def test_a_made_up_state_is_refused(market: Market):
    token = market.site.token("made-up")
    async with connected(market.server.url, token) as person:
        await person.log_in_at("kite", market.simulator, account("made-up"))
        with pytest.raises(MCPError, match="requestState"):
            await ByHand(person).call(buy(), YES, "v1.AAAA")
    assert sent(market, "made-up") == 0


async def test_a_yes_counts_for_these_arguments_and_this_person_only(market: Market):
    mallory = market.site.token("mallory")
    token = market.site.token("victim")
    async with connected(market.server.url, token) as person:
        await person.log_in_at("kite", market.simulator, account("victim"))
        asked = await ByHand(person).call(buy(quantity=1))
        assert isinstance(asked, InputRequiredResult)

        with pytest.raises(MCPError, match="requestState"):
            await ByHand(person).call(buy(quantity=1000), YES, asked.request_state)
        async with connected(market.server.url, mallory) as other:
            await other.log_in_at("kite", market.simulator, account("mallory"))
            with pytest.raises(MCPError, match="requestState"):
                await ByHand(other).call(buy(quantity=1), YES, asked.request_state)
    assert sent(market, "victim") == 0
    assert sent(market, "mallory") == 0


# Too late


@contextmanager
def inside(market: Market, site: Site, user: str, monkeypatch: pytest.MonkeyPatch):
    """The server in this process, with a clock that a test moves."""
    for name, value in site.env.items():
        if name.startswith("TRADING_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRADING_USER", user)
    clock = ManualClock(datetime.now(UTC))
    with closing(Backend(load_settings(), clock=clock)) as backend:
        yield build(backend, local_identity(backend), "default")[0], clock


@pytest.mark.parametrize("era", ERAS)
async def test_a_yes_after_two_minutes_sends_nothing(
    market: Market, desktop: Site, era: Era, monkeypatch: pytest.MonkeyPatch
):
    name = f"late-{era}"
    with inside(market, desktop, name, monkeypatch) as (server, clock):

        async def late(context: Any, params: ElicitRequestParams) -> ElicitResult:
            clock.advance(timedelta(seconds=120))
            return ElicitResult(action="accept", content={"approve": True})

        async with Client(server, mode=era, elicitation_callback=late) as client:
            person = Person(client)
            await person.log_in_at("kite", market.simulator, account(name))

            refused = await person.try_to("create_order", **buy())

            assert refused.code == "PROPOSAL_REFUSED"
            assert "after 120 s" in refused.text
    assert sent(market, name) == 0


# On the page


async def test_a_client_that_cannot_be_asked_gets_a_link_for_the_person(market: Market):
    token = market.site.token("linked")
    async with connected(
        market.server.url, token, "legacy", says="cannot", visits_page=False
    ) as person:
        await person.log_in_at("kite", market.simulator, account("linked"))
        order = buy(quantity=2, order_key="first")

        asked = await person.call("create_order", **order)

        (proposed,) = facts(market.site, "linked", OrderProposed)
        assert asked.data["state"] == "AWAITING_APPROVAL"
        assert asked.data["approvalText"] == proposed.text
        assert asked.data["approvalUrl"] == (f"{market.server.url}/approve/{proposed.proposal_id}")
        assert asked.data["orderKey"] == "first"
        assert asked.data["safeToRetry"] is False
        assert "give the user this link" in asked.text
        assert (await person.call("create_order", **order)).data == asked.data
        assert (await person.call("get_order", order_key="first")).data["state"] == (
            "AWAITING_APPROVAL"
        )
        assert sent(market, "linked") == 0

        on_the_page(asked.data["approvalUrl"], token)

        told = await person.call("get_order", order_key="first")
        assert told.data["state"] == "PLACED"
        assert told.data["approval"]["method"] == "page"
        repeated = await person.call("create_order", **order)
        assert repeated.data["repeated"] is True
        assert repeated.data["brokerOrderId"] == told.data["brokerOrderId"]
    assert sent(market, "linked") == 1


@pytest.mark.parametrize("says", ["yes", "cannot"])
async def test_over_http_the_earlier_revision_is_sent_to_the_page(market: Market, says: Says):
    """There is no way back to the client here, whatever it could do."""
    name = f"earlier-{says}"
    token = market.site.token(name)
    async with connected(
        market.server.url, token, "legacy", says=says, visits_page=False
    ) as person:
        await person.log_in_at("kite", market.simulator, account(name))

        asked = await person.call("create_order", **buy())

        assert asked.data["state"] == "AWAITING_APPROVAL"
        assert person.questions == []


@pytest.mark.parametrize("era", ERAS)
async def test_at_a_desktop_the_page_is_on_this_machine(market: Market, desktop: Site, era: Era):
    desk = Desk(market, desktop, f"stdio-{era}", "desktop")
    async with desk.connected("cannot") as person:
        await desk.log_in(person)
        asked = await person.call("create_order", **buy(order_key="first"))
        assert asked.data["approvalUrl"].startswith("http://127.0.0.1:")

        on_the_page(asked.data["approvalUrl"], desktop.token(desk.name))

        assert (await person.call("get_order", order_key="first")).data["state"] == "PLACED"


# What the operator allows


def page_status(server: Server) -> int:
    return httpx2.get(f"{server.url}/approve", trust_env=False).status_code


@contextmanager
def under(market: Market, tmp_path: Any, policy: str) -> Iterator[tuple[Site, Server]]:
    with market.neighbour(tmp_path, TRADING_CONFIRM=policy) as site:
        yield site, site.server()


async def test_elicitation_alone_refuses_clients_that_cannot_ask_and_has_no_page(
    market: Market, tmp_path
):
    with under(market, tmp_path / "elicit", "elicit") as (site, server):
        token = site.token("strict")
        async with connected(server.url, token, says="cannot") as person:
            await person.log_in_at("kite", market.simulator, account("strict"))
            refused = await person.try_to("create_order", **buy(order_key="first"))
            assert refused.code == "CONFIRMATION_REQUIRED"
            assert page_status(server) == 404
        async with connected(server.url, token, says="yes") as person:
            placed = await person.call("create_order", **buy(order_key="first"))
            assert placed.data["state"] == "PLACED"
    assert sent(market, "strict") == 1


async def test_the_page_alone_asks_no_client(market: Market, tmp_path):
    with under(market, tmp_path / "page", "page") as (site, server):
        token = site.token("paged")
        async with connected(server.url, token, says="yes", visits_page=False) as person:
            await person.log_in_at("kite", market.simulator, account("paged"))
            asked = await person.call("create_order", **buy(order_key="first"))
            assert asked.data["state"] == "AWAITING_APPROVAL"
            assert person.questions == []
            confirmed = await person.try_to("confirm_order", order_key="first", proposal_id="x")
            assert confirmed.refused
    assert sent(market, "paged") == 0


async def test_a_tool_may_take_the_yes_where_the_operator_says_so(market: Market, tmp_path):
    with under(market, tmp_path / "tool", "tool") as (site, server):
        token = site.token("tooled")
        async with connected(server.url, token, says="cannot", visits_page=False) as person:
            await person.log_in_at("kite", market.simulator, account("tooled"))
            assert "confirm_order" in [t.name for t, _ in await person.tools()]
            asked = await person.call("create_order", **buy(order_key="first"))
            proposal = asked.data["proposalId"]

            other = await person.try_to("confirm_order", order_key="second", proposal_id=proposal)
            placed = await person.call("confirm_order", order_key="first", proposal_id=proposal)
            again = await person.call("confirm_order", order_key="first", proposal_id=proposal)

            assert other.code == "PROPOSAL_REFUSED"
            assert (placed.data["state"], again.data["repeated"]) == ("PLACED", True)
            approval = (await person.call("get_order", order_key="first")).data["approval"]
            assert approval["method"] == "tool"
    assert sent(market, "tooled") == 1


async def test_elsewhere_there_is_no_such_tool(market: Market):
    token = market.site.token("untooled")
    async with connected(market.server.url, token) as person:
        assert "confirm_order" not in [t.name for t, _ in await person.tools()]
        refused = await person.try_to("confirm_order", order_key="k", proposal_id="p")
        assert refused.refused


# Before and after


async def test_a_preview_stores_nothing_and_its_key_places_that_order(market: Market):
    token = market.site.token("previewer")
    async with connected(market.server.url, token) as person:
        await person.log_in_at("kite", market.simulator, account("previewer"))
        order = buy(quantity=4, order_type="LIMIT", price="1400.05")
        before = len(market.site.recorded())

        preview = await person.call("preview_order", **order)

        assert len(market.site.recorded()) == before
        assert (preview.data["passes"], preview.data["needsApproval"]) == (True, True)
        assert preview.data["risk"]["value"] == "5600.20"
        assert preview.data["text"].startswith("Buy 4 shares of NSE:INFY at a limit of ₹1,400.05")
        key = preview.data["orderKey"]
        placed = await person.call("create_order", **order, order_key=key)
        assert (placed.data["orderKey"], placed.data["orderKeyMinted"]) == (key, False)
        assert person.questions == [f"{preview.data['text']}\nThis is good for 120 s."]


async def test_a_preview_tells_what_forbids_the_order(market: Market, tmp_path):
    limits = "max_order_quantity_shares=3"
    with market.neighbour(tmp_path / "limits", TRADING_RISK_LIMITS=limits) as site:
        server, token = site.server(), site.token("limited")
        async with connected(server.url, token) as person:
            preview = await person.call("preview_order", **buy(quantity=4, broker="paper"))

            assert preview.data["passes"] is False
            assert preview.data["threshold"] == "max_order_quantity_shares=3"
            assert preview.text.splitlines()[-1].startswith("ORDER_DENIED: ")
            denied = await person.try_to(
                "create_order",
                **buy(quantity=4, broker="paper", order_key=preview.data["orderKey"]),
            )
            assert denied.code == "ORDER_DENIED"
            told = await person.call("get_order", order_key=preview.data["orderKey"])
            assert (told.data["state"], told.data["code"]) == ("DENIED", preview.data["rule"])


async def test_one_order_is_found_by_its_key_and_by_the_brokers_id(market: Market):
    token = market.site.token("finder")
    async with connected(market.server.url, token) as person:
        await person.log_in_at("kite", market.simulator, account("finder"))
        placed = await person.call("create_order", **buy(quantity=2, order_key="first"))

        by_key = await person.call("get_order", order_key="first")
        by_id = await person.call("get_order", order_id=placed.data["brokerOrderId"])

        assert by_key.data == by_id.data
        assert by_key.data["brokerTag"] == placed.data["brokerTag"]
        assert by_key.data["risk"]["ordersToday"] == 0
        assert by_key.data["filledQuantity"] == 2
        for nobodys in ({"order_key": "second"}, {"order_id": "1"}):
            assert (await person.try_to("get_order", **nobodys)).code == "ORDER_NOT_FOUND"
        for unclear in ({}, {"order_key": "first", "order_id": "1"}):
            assert (await person.try_to("get_order", **unclear)).code == "INVALID_ARGUMENT"
