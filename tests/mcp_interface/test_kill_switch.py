"""A person stops their trading at once; only they themselves, asked anew, let it go on."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from mcp.types import CallToolResult, ElicitResult, InputRequiredResult, InputResponses

from application.writer import Context, Writer
from domain.catalog import CATALOG
from domain.control_events import TradingHalted, TradingResumed
from domain.events import BrokerAuthenticated
from domain.streams import account_switch_stream
from infrastructure.clock import RandomIds, SystemClock
from tests.mcp_interface.confirmations import account, facts
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.connect.browser import Browser, Page
from tests.mcp_interface.people import ERAS, Era, Person, buy, connected
from tests.mcp_interface.test_stdio import client as over_stdio
from tests.support.servers import Plain, Site

pytestmark = pytest.mark.anyio

LOW: Plain = {"order_type": "LIMIT", "price": "1400.05"}
"""Far below the last price of INFY, so that it stays open."""


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture(scope="module")
def desktop(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with market.neighbour(tmp_path_factory.mktemp("kill-switch")) as site:
        yield site


async def on_paper(person: Person) -> None:
    await person.call("set_active_broker", broker="paper")


# Stopping


async def test_after_a_halt_nothing_is_sent_and_the_reason_is_told(market: Market, era: Era):
    token = market.site.token(f"stopper-{era}")
    async with connected(market.server.url, token, era) as asha:
        await on_paper(asha)

        halted = await asha.call("set_kill_switch", on=True, reason="too fast\nfor me")
        refused = await asha.try_to("create_order", **buy())

        assert asha.questions == []
    assert (halted.data["state"], halted.data["changed"]) == ("HALTED", True)
    assert (halted.data["reason"], halted.data["haltedBy"]) == ("too fast for me", "the user")
    assert "Nothing new is sent and nothing is modified; cancelling works." in halted.text
    assert refused.code == "TRADING_HALTED"
    assert (
        "for you ('too fast for me'). Nothing was sent. Next: the user can end it" in refused.text
    )


async def test_another_person_goes_on_trading(market: Market):
    async with (
        connected(market.server.url, market.site.token("halted-one")) as asha,
        connected(market.server.url, market.site.token("other-one")) as ravi,
    ):
        await on_paper(ravi)
        await asha.call("set_kill_switch", on=True)

        placed = await ravi.call("create_order", **buy())

    assert placed.data["state"] == "PLACED"


async def test_one_account_can_be_stopped_alone(market: Market):
    token = market.site.token("one-account")
    async with connected(market.server.url, token) as asha:
        await asha.log_in_at("kite", market.simulator, account("one-account"))

        halted = await asha.call("set_kill_switch", on=True, scope="account")

        assert (halted.data["scope"], halted.data["broker"]) == ("account", "kite")
        refused = await asha.try_to("create_order", **buy())
        assert refused.code == "TRADING_HALTED"
        assert "halted in this account ('no reason given')" in refused.text
        placed = await asha.call("create_order", **buy(), broker="paper")
        assert placed.data["state"] == "PLACED"


async def test_open_orders_are_cancelled_on_request_and_each_outcome_told(market: Market):
    token = market.site.token("canceller")
    async with connected(market.server.url, token) as asha:
        await asha.log_in_at("kite", market.simulator, account("canceller"))
        await asha.call("create_order", **buy(order_key="k1", **LOW))
        await asha.call("create_order", **buy(order_key="k2", **LOW), broker="paper")

        halted = await asha.call("set_kill_switch", on=True, cancel_open_orders=True)
        again = await asha.call("set_kill_switch", on=True, cancel_open_orders=True)

    rows = [(row["orderKey"], row["broker"], row["state"]) for row in halted.data["cancelled"]]
    assert rows == [("k1", "kite", "ACCEPTED"), ("k2", "paper", "ACCEPTED")]
    assert "Open orders: 2, cancelled: 2." in halted.text
    assert (again.data["changed"], again.data["cancelled"]) == (False, [])


async def test_of_one_account_only_its_own_orders_are_cancelled(market: Market):
    token = market.site.token("account-canceller")
    async with connected(market.server.url, token) as asha:
        await asha.log_in_at("kite", market.simulator, account("account-canceller"))
        await asha.call("create_order", **buy(order_key="k1", **LOW))
        await asha.call("create_order", **buy(order_key="k2", **LOW), broker="paper")

        halted = await asha.call(
            "set_kill_switch", on=True, scope="account", broker="paper", cancel_open_orders=True
        )

    assert [row["orderKey"] for row in halted.data["cancelled"]] == ["k2"]


# Going on: asked in the client


async def test_a_yes_in_the_client_lets_trading_go_on(market: Market):
    token = market.site.token("goes-on")
    async with connected(market.server.url, token) as asha:
        await on_paper(asha)
        await asha.call("set_kill_switch", on=True, reason="too fast")

        resumed = await asha.call("set_kill_switch", on=False, reason="calm again")
        placed = await asha.call("create_order", **buy())

        [question] = asha.questions
    assert question.startswith("Let trading go on for you?\nIt was halted on ")
    assert "by the user: 'too fast'.\nThis is good for 120 s." in question
    assert (resumed.data["state"], resumed.data["changed"]) == ("ON", True)
    assert placed.data["state"] == "PLACED"
    [fact] = facts(market.site, "goes-on", TradingResumed)
    assert (fact.reason, fact.by) == (
        "calm again (elicitation)",
        market.site.principal("goes-on"),
    )


@pytest.mark.parametrize("says", ["no", "unticked", "dismiss"])
async def test_without_a_yes_trading_stays_halted(market: Market, says):
    token = market.site.token(f"stays-{says}")
    async with connected(market.server.url, token, says=says) as asha:
        await on_paper(asha)
        await asha.call("set_kill_switch", on=True)

        answer = await asha.try_to("set_kill_switch", on=False)
        refused = await asha.try_to("create_order", **buy())

    assert answer.code == "PROPOSAL_REFUSED"
    assert refused.code == "TRADING_HALTED"


async def test_at_the_desk_both_eras_are_asked(desktop: Site, era: Era):
    desktop.env["TRADING_USER"] = f"desk-{era}"
    async with over_stdio(desktop, era, says="yes") as asha:
        await asha.call("set_kill_switch", on=True)

        resumed = await asha.call("set_kill_switch", on=False)

        assert len(asha.questions) == 1
    assert resumed.data["state"] == "ON"


async def test_what_goes_on_is_not_asked_about(market: Market, era: Era):
    token = market.site.token(f"never-halted-{era}")
    async with connected(market.server.url, token, era) as asha:
        answer = await asha.call("set_kill_switch", on=False)

        assert asha.questions == []
    assert (answer.data["state"], answer.data["changed"]) == ("ON", False)


YES: InputResponses = {"answer": ElicitResult(action="accept", content={"approve": True})}


async def by_hand(
    person: Person, answers: InputResponses | None = None, state: str | None = None
) -> CallToolResult | InputRequiredResult:
    """A client of 2026-07-28 that carries the rounds itself."""
    return await person.client.session.call_tool(
        "set_kill_switch",
        {"on": False},
        input_responses=answers,
        request_state=state,
        allow_input_required=True,
    )


async def test_a_yes_that_is_used_again_lets_nothing_go_on(market: Market):
    token = market.site.token("replayer")
    async with connected(market.server.url, token) as asha:
        await asha.call("set_kill_switch", on=True)
        asked = await by_hand(asha)
        assert isinstance(asked, InputRequiredResult)
        first = await by_hand(asha, YES, asked.request_state)
        await asha.call("set_kill_switch", on=True, reason="again")

        again = await by_hand(asha, YES, asked.request_state)

        assert isinstance(first, CallToolResult)
        assert isinstance(again, CallToolResult)
        assert first.structured_content is not None
        assert first.structured_content["state"] == "ON"
        assert again.is_error
        assert (await asha.call("set_kill_switch", on=True)).data["changed"] is False
    assert len(facts(market.site, "replayer", TradingResumed)) == 1


async def test_an_answer_without_a_question_is_asked_again(market: Market):
    token = market.site.token("forger")
    async with connected(market.server.url, token) as asha:
        await asha.call("set_kill_switch", on=True)

        assert isinstance(await by_hand(asha, YES), InputRequiredResult)
    assert facts(market.site, "forger", TradingResumed) == []


# Going on: on the page


def at_the_page(url: str, token: str) -> Browser:
    browser = Browser()
    browser.open(url)
    browser.send(browser.page.forms[0], token=token, do="sign-in")
    return browser


def let_go_on(browser: Browser) -> Page:
    form = next(f for f in browser.page.forms if "switch" in f.fields)
    return browser.send(form, do="resume")


async def test_who_cannot_be_asked_in_the_client_lets_trading_go_on_at_the_page(market: Market):
    token = market.site.token("switch-page")
    async with connected(market.server.url, token, "legacy") as asha:
        await on_paper(asha)
        await asha.call("set_kill_switch", on=True, reason="<b>too fast</b>")

        waits = await asha.call("set_kill_switch", on=False)
        assert waits.data["state"] == "AWAITING_APPROVAL"
        browser = at_the_page(waits.data["approvalUrl"], token)
        assert "Trading is halted for you." in browser.page.text
        assert "by the user: '<b>too fast</b>'." in browser.page.text
        after = let_go_on(browser)

        told = await asha.call("set_kill_switch", on=False)
        placed = await asha.call("create_order", **buy())

    assert "Trading is halted" not in after.text
    assert (told.data["state"], placed.data["state"]) == ("ON", "PLACED")
    [fact] = facts(market.site, "switch-page", TradingResumed)
    assert fact.reason == "the user said yes (page)"


async def test_a_form_of_an_earlier_halt_lets_nothing_go_on(market: Market):
    token = market.site.token("old-form")
    async with connected(market.server.url, token) as asha:
        await asha.call("set_kill_switch", on=True)
        browser = at_the_page(f"{market.server.url}/approve", token)
        await asha.call("set_kill_switch", on=False)
        await asha.call("set_kill_switch", on=True)

        page = let_go_on(browser)

        assert "not how it stands any more" in page.text
        assert (await asha.call("set_kill_switch", on=True)).data["changed"] is False


async def test_nobody_lets_another_persons_trading_go_on(market: Market):
    ashas, ravis = market.site.token("page-owner"), market.site.token("page-stranger")
    async with (
        connected(market.server.url, ashas) as asha,
        connected(market.server.url, ravis) as ravi,
    ):
        await asha.call("set_kill_switch", on=True)
        await ravi.call("set_kill_switch", on=True)
        of_asha = at_the_page(f"{market.server.url}/approve", ashas)
        of_ravi = at_the_page(f"{market.server.url}/approve", ravis)
        theirs = next(f for f in of_asha.page.forms if "switch" in f.fields).fields["switch"]
        form = next(f for f in of_ravi.page.forms if "switch" in f.fields)
        form.fields["switch"] = theirs

        page = of_ravi.send(form, do="resume")

        assert "not how it stands any more" in page.text
        assert (await asha.call("set_kill_switch", on=True)).data["changed"] is False


# Frozen


async def test_a_frozen_account_says_why_and_is_resumed_the_same_way(market: Market):
    token = market.site.token("frozen")
    async with connected(market.server.url, token) as asha:
        await asha.log_in_at("kite", market.simulator, account("frozen"))
        freeze(market, "frozen", "the broker shows SELL 1 NSE:INFY under the id of our order k1")

        refused = await asha.try_to("create_order", **buy())
        resumed = await asha.call("set_kill_switch", on=False, scope="account")

        question = asha.questions[-1]
        assert refused.code == "TRADING_HALTED"
        assert question.startswith("Let trading go on in your kite account?")
        assert "by this server: 'the broker shows SELL 1 NSE:INFY under the id of our" in question
        assert "Look at the order book before you say yes." in question
        assert resumed.data["state"] == "ON"


def freeze(market: Market, name: str, reason: str) -> None:
    """As the reconciler does when the broker shows our id on another order."""
    [login] = facts(market.site, name, BrokerAuthenticated)
    stream = account_switch_stream(login.account_fingerprint)
    fact = TradingHalted(scope="account", reason=reason, by=None, order_key="k1")
    with closing(market.site.database.open_store()) as store:
        writer = Writer(store=store, clock=SystemClock(), ids=RandomIds(), catalog=CATALOG)
        context = Context(
            principal=market.site.principal(name),
            actor="reconciler",
            correlation_id=RandomIds().new(),
        )
        writer.decide(context, [stream], lambda _: [[fact]], shared=(stream,))


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "INVALID_ARGUMENT"),
        ({"on": False, "cancel_open_orders": True}, "INVALID_ARGUMENT"),
        ({"on": True, "broker": "kite"}, "INVALID_ARGUMENT"),
        ({"on": True, "scope": "global"}, "INVALID_ARGUMENT"),
        ({"on": True, "scope": "account"}, "NO_ACTIVE_BROKER"),
        ({"on": True, "scope": "account", "broker": "kite"}, "BROKER_LOGIN_REQUIRED"),
        ({"on": True, "scope": "account", "broker": "angelone"}, "BROKER_NOT_SUPPORTED"),
        ({"on": True, "reason": "x" * 201}, "INVALID_ARGUMENT"),
    ],
)
async def test_wrong_usage_halts_nothing(market: Market, arguments, code):
    token = market.site.token("wrong-usage")
    async with connected(market.server.url, token) as asha:
        answer = await asha.try_to("set_kill_switch", **arguments)

        assert answer.code == code
    assert facts(market.site, "wrong-usage", TradingHalted) == []


async def test_who_may_only_read_stops_nothing(market: Market):
    async with connected(market.server.url, market.site.token("reader", "read")) as ravi:
        assert (await ravi.try_to("set_kill_switch", on=True)).code == "SCOPE_MISSING"
