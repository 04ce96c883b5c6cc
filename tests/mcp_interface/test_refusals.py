"""What cannot be done is refused with a code and a next step, and leaves no trace in the log."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from infrastructure.simulator.proof import simulator_key
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Answer, buy, call_once, connected
from tests.support.servers import Plain, Server, Site, site

pytestmark = pytest.mark.anyio

SECRET = "never-to-be-seen-4711"
CODE_AND_NEXT_STEP = re.compile(r"[A-Z_]+: .+ ?Next: .+", re.DOTALL)


class Mistake(NamedTuple):
    tool: str
    arguments: Plain
    code: str


def order(**changes: object) -> Plain:
    return {**buy(), "broker": "paper", **changes}


MISTAKES = {
    "an unknown broker": Mistake("set_active_broker", {"broker": "upstox"}, "BROKER_NOT_SUPPORTED"),
    "a broker of the predecessor": Mistake(
        "authenticate_broker",
        {"broker": "angelone", "client_code": SECRET, "totp_secret": SECRET},
        "BROKER_NOT_SUPPORTED",
    ),
    "an order at a broker without a login": Mistake(
        "create_order", order(broker="groww"), "BROKER_LOGIN_REQUIRED"
    ),
    "a missing argument": Mistake("set_active_broker", {}, "INVALID_ARGUMENT"),
    "an argument of another type": Mistake(
        "authenticate_broker", {"broker": "kite", "access_token": [SECRET]}, "INVALID_ARGUMENT"
    ),
    "a secret that is too long": Mistake(
        "authenticate_broker", {"broker": "kite", "api_key": SECRET * 300}, "INVALID_ARGUMENT"
    ),
    "an argument that does not exist": Mistake(
        "authenticate_broker", {"broker": "kite", "acess_token": SECRET}, "INVALID_ARGUMENT"
    ),
    "an argument of another tool": Mistake(
        "get_session_info", {"session_id": SECRET}, "INVALID_ARGUMENT"
    ),
    "a tool that does not exist": Mistake("transfer_money", {"to": SECRET}, "INVALID_ARGUMENT"),
    "no active broker to order at": Mistake("create_order", buy(), "NO_ACTIVE_BROKER"),
    "no active broker to ask for orders": Mistake("get_orders", {}, "NO_ACTIVE_BROKER"),
    "no active broker to ask for holdings": Mistake("get_portfolio", {}, "NO_ACTIVE_BROKER"),
    "no active broker to leave": Mistake("logout_broker", {}, "NO_ACTIVE_BROKER"),
    "an order before the login": Mistake(
        "create_order", order(broker="kite"), "BROKER_LOGIN_REQUIRED"
    ),
    "orders before the login": Mistake("get_orders", {"broker": "kite"}, "BROKER_LOGIN_REQUIRED"),
    "a quantity in a string": Mistake("create_order", order(quantity="10"), "INVALID_ARGUMENT"),
    "half a share": Mistake("create_order", order(quantity=1.5), "INVALID_ARGUMENT"),
    "a yes for a quantity": Mistake("create_order", order(quantity=True), "INVALID_ARGUMENT"),
    "no share at all": Mistake("create_order", order(quantity=0), "INVALID_ARGUMENT"),
    "a quantity beyond reason": Mistake("create_order", order(quantity=10**30), "INVALID_ORDER"),
    "a price that is no number": Mistake(
        "create_order", order(order_type="LIMIT", price="NaN"), "INVALID_ARGUMENT"
    ),
    "a limit order without a price": Mistake(
        "create_order", order(order_type="LIMIT"), "INVALID_ORDER"
    ),
    "a market order with a price": Mistake("create_order", order(price="10"), "INVALID_ORDER"),
    "a product of no broker": Mistake("create_order", order(product="GIFT"), "INVALID_ARGUMENT"),
    "an exchange that the symbol contradicts": Mistake(
        "create_order", order(trading_symbol="BSE:INFY"), "INVALID_ORDER"
    ),
    "no symbol": Mistake("create_order", order(trading_symbol=""), "INVALID_ORDER"),
    "a symbol with a control character": Mistake(
        "create_order", order(trading_symbol="INFY\x00"), "INVALID_ORDER"
    ),
    "an empty order key": Mistake("create_order", order(order_key=""), "INVALID_ORDER"),
    "an order key with blanks": Mistake("create_order", order(order_key="a b"), "INVALID_ORDER"),
    "something that the broker lacks": Mistake(
        "create_order", order(variety="iceberg"), "NOT_SUPPORTED_BY_BROKER"
    ),
    "a bracket order": Mistake("create_order", order(stoploss=5), "NOT_SUPPORTED_BY_BROKER"),
    "a cursor from nowhere": Mistake(
        "get_orders", {"broker": "paper", "cursor": "zz"}, "INVALID_ARGUMENT"
    ),
    "a page of no rows": Mistake("get_orders", {"broker": "paper", "limit": 0}, "INVALID_ARGUMENT"),
}


def is_a_good_refusal(answer: Answer, code: str) -> None:
    assert answer.refused
    assert answer.code == code
    assert CODE_AND_NEXT_STEP.fullmatch(answer.text), answer.text
    for leak in (SECRET, "Traceback", 'File "', "pydantic", "sqlalchemy"):
        assert leak not in answer.raw


@pytest.mark.parametrize("era", ERAS)
async def test_every_mistake_is_told_and_nothing_is_stored(market, era):
    server = market.server
    async with connected(server.url, market.site.token(f"tara-{era}"), era) as tara:
        await tara.call("get_session_info")
        before = server.log_head()
        told = {name: await tara.try_to(m.tool, **m.arguments) for name, m in MISTAKES.items()}
        after = server.log_head()

    assert {name: a.code for name, a in told.items()} == {n: m.code for n, m in MISTAKES.items()}
    for name, mistake in MISTAKES.items():
        is_a_good_refusal(told[name], mistake.code)
    assert after == before


async def test_an_order_key_that_means_another_order_is_refused(market):
    token = market.site.token("usha")
    await call_once(market.server.url, token, "create_order", **order(order_key="k"))
    before = market.server.log_head()

    answer = await call_once(
        market.server.url, token, "create_order", **order(order_key="k", quantity=2)
    )

    is_a_good_refusal(answer, "ORDER_KEY_REUSED")
    assert market.server.log_head() == before


@pytest.mark.parametrize("label", ["x" * 65, "%00", "%0a"])
async def test_a_label_that_cannot_be_one_is_refused(market, label):
    before = market.server.log_head()

    async with connected(market.server.url, market.site.token("vani"), label=label) as vani:
        answer = await vani.try_to("get_session_info")

    is_a_good_refusal(answer, "INVALID_ARGUMENT")
    assert market.server.log_head() == before


async def test_a_login_that_the_broker_refuses_is_on_record_without_its_values(market):
    async with connected(market.server.url, market.site.token("wafa")) as wafa:
        await wafa.call("get_session_info")
        before = market.server.log_head()
        answer = await wafa.try_to(
            "authenticate_broker",
            broker="kite",
            api_key="wafasapp",
            api_secret=SECRET,
            request_token=SECRET,
        )

    is_a_good_refusal(answer, "BROKER_LOGIN_FAILED")
    assert market.server.log_head() == before + 1
    assert SECRET not in str(market.site.recorded()[-1].event)


async def test_a_token_for_reading_places_no_order(market):
    async with connected(market.server.url, market.site.token("xenia", "read")) as xenia:
        await xenia.call("set_active_broker", broker="paper")
        before = market.server.log_head()
        answer = await xenia.try_to("create_order", **buy())
        book = await xenia.call("get_orders")

    is_a_good_refusal(answer, "SCOPE_MISSING")
    assert market.server.log_head() == before
    assert book.data["total"] == 0


async def test_a_token_for_the_audit_sees_nothing_of_any_session(market):
    answer = await call_once(
        market.server.url, market.site.token("yusuf", "audit"), "get_session_info"
    )

    is_a_good_refusal(answer, "SCOPE_MISSING")


@pytest.fixture(scope="module")
def careful(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Read-only, and without credentials in the chat."""
    settings = {"TRADING_READ_ONLY": "true", "TRADING_CREDENTIALS_IN_CHAT": "off"}
    with market.neighbour(tmp_path_factory.mktemp("careful"), **settings) as place:
        yield place


@pytest.fixture(scope="module")
def careful_server(careful: Site) -> Server:
    return careful.server()


@pytest.mark.parametrize("era", ERAS)
async def test_a_read_only_server_hides_and_refuses_what_moves_money(careful, careful_server, era):
    async with connected(careful_server.url, careful.token("zara"), era) as zara:
        await zara.call("set_active_broker", broker="paper")
        offered = [tool.name for tool, _ in await zara.tools()]
        before = careful_server.log_head()
        answer = await zara.try_to("create_order", **buy())

    assert "create_order" not in offered
    assert "get_orders" in offered
    is_a_good_refusal(answer, "READ_ONLY")
    assert careful_server.log_head() == before


async def test_a_server_without_credentials_in_the_chat_refuses_them_unread(
    careful, careful_server, market
):
    async with connected(careful_server.url, careful.token("anil")) as anil:
        told = await anil.call("get_broker_login_instructions", broker="kite", api_key="anilsapp")
        request_token = market.simulator.request_token(told.data["loginUrl"], "ANIL01")
        before = careful_server.log_head()
        answer = await anil.try_to(
            "authenticate_broker",
            broker="kite",
            api_key="anilsapp",
            api_secret="anilsapp-secret",
            request_token=request_token,
        )

    is_a_good_refusal(answer, "INVALID_ARGUMENT")
    assert "get_broker_login_instructions(broker='kite')" in answer.text
    assert request_token not in answer.raw
    assert careful_server.log_head() == before


async def test_a_server_without_credentials_in_the_chat_asks_for_none(careful, careful_server):
    async with connected(careful_server.url, careful.token("arti")) as arti:
        answer = await arti.try_to("authenticate_broker", broker="kite")

    is_a_good_refusal(answer, "INVALID_ARGUMENT")
    assert "takes no credentials through the chat" in answer.text
    assert "api_key" not in answer.text


@pytest.fixture(scope="module")
def pretender(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Its Kite is a simulator, but that of somebody with other keys."""
    settings = {"TRADING_KITE_URL": market.simulator.url}
    with site(tmp_path_factory.mktemp("pretender"), **settings) as place:
        simulator_key(place.keys_dir)
        yield place


async def test_no_order_goes_to_a_loopback_address_that_cannot_prove_itself(pretender, market):
    server = pretender.server()
    async with connected(server.url, pretender.token("bela")) as bela:
        login = await bela.log_in_at_kite(market.simulator, "BELA01")
        before = server.log_head()
        answer = await bela.try_to("create_order", **buy(order_key="real-money"))
        book = await bela.call("get_orders")

    assert login.data["mode"] == "LIVE"
    is_a_good_refusal(answer, "LIVE_TRADING_OFF")
    assert server.log_head() == before
    assert book.data["total"] == 0
    assert not any(line["user"] == "BELA01" for line in market.simulator.wire_log())
