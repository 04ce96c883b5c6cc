"""The approval pages, with a browser: the link is in the chat, so it alone is worth nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from typing import Any

import httpx2
import pytest

from domain.events import OrderConfirmed, OrderDeclined, OrderProposed
from tests.mcp_interface.confirmations import account, facts, sent
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.connect.browser import Browser, Page
from tests.mcp_interface.people import Answer, Person, buy, connected

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def trader(market: Market, name: str) -> AsyncIterator[tuple[Person, str]]:
    """Somebody at Kite whose client cannot ask them, with their token."""
    token = market.site.token(name)
    async with connected(
        market.server.url, token, "legacy", says="cannot", visits_page=False
    ) as person:
        await person.log_in_at("kite", market.simulator, account(name))
        yield person, token


async def wants(person: Person, key: str = "first", **order: Any) -> Answer:
    return await person.call("create_order", **buy(order_key=key, **order))


def sign_in(browser: Browser, token: str) -> Page:
    return browser.send(browser.page.forms[0], token=token, do="sign-in")


def say(browser: Browser, what: str) -> Page:
    """Press a button that the page has."""
    assert f'name="do" value="{what}"' in browser.page.answer.text
    return browser.send(browser.page.forms[0], do=what)


async def test_a_person_signs_in_sees_the_order_and_says_yes(market: Market):
    browser = Browser()
    async with trader(market, "page-yes") as (person, token):
        asked = await wants(person, quantity=7, tag="<b>bold</b>")

        browser.open(asked.data["approvalUrl"])
        assert "Who are you?" in browser.page.text
        assert "INFY" not in browser.page.answer.text
        order = sign_in(browser, token)

        assert order.url == asked.data["approvalUrl"]
        assert escape(asked.data["approvalText"]) in order.answer.text
        assert "SIMULATED: no real money" in order.text
        assert "Session of page-yes" in order.text
        assert asked.data["sessionId"][:8] in order.text
        assert "s left)" in order.text
        assert sent(market, "page-yes") == 0

        done = say(browser, "approve")

        told = await person.call("get_order", order_key="first")
        assert "The order was sent" in done.text
        assert told.data["brokerOrderId"] in done.text
        assert told.data["state"] == "PLACED"
        (confirmed,) = facts(market.site, "page-yes", OrderConfirmed)
        assert confirmed.method == "page"
        assert token not in market.site.logs()
    assert sent(market, "page-yes") == 1


async def test_a_second_click_and_a_look_back_tell_the_same_order(market: Market):
    browser = Browser()
    async with trader(market, "page-twice") as (person, token):
        asked = await wants(person)
        browser.open(asked.data["approvalUrl"])
        sign_in(browser, token)
        form = browser.page.forms[0]

        first = browser.send(form, do="approve")
        second = browser.send(form, do="approve")
        back = browser.open(asked.data["approvalUrl"])

        assert first.text == second.text == back.text
    assert sent(market, "page-twice") == 1


async def test_a_no_is_on_record_and_the_link_is_dead(market: Market):
    browser = Browser()
    async with trader(market, "page-no") as (person, token):
        asked = await wants(person)
        browser.open(asked.data["approvalUrl"])
        sign_in(browser, token)
        yes = browser.page.forms[0]

        assert "You declined the order" in say(browser, "decline").text

        assert browser.send(yes, do="approve").status == 410
        assert browser.open(asked.data["approvalUrl"]).status == 410
        (declined,) = facts(market.site, "page-no", OrderDeclined)
        assert (declined.method, declined.reason) == ("page", "declined")
        assert (await person.call("get_order", order_key="first")).data["state"] == "DECLINED"
    assert sent(market, "page-no") == 0


async def test_all_that_waits_is_listed_for_its_person(market: Market):
    browser = Browser()
    async with trader(market, "page-list") as (person, token):
        await wants(person, "first", quantity=2)
        second = await wants(person, "second", quantity=3)

        browser.open(f"{market.server.url}/approve")
        listed = sign_in(browser, token)

        assert "Buy 2 shares of NSE:INFY" in listed.text
        assert "Buy 3 shares of NSE:INFY" in listed.text
        browser.open(f"{market.server.url}/{listed.links[1]}")
        assert browser.page.url == second.data["approvalUrl"]
        assert "Send this order?" in browser.page.text


async def test_what_the_broker_said_is_shown_as_its_words_and_harmless(market: Market):
    browser = Browser()
    async with trader(market, "page-refused") as (person, token):
        asked = await wants(person, order_type="LIMIT", price="1.05")
        browser.open(asked.data["approvalUrl"])
        sign_in(browser, token)

        turned_down = say(browser, "approve")

        assert "It was turned down" in turned_down.text
        assert "The broker's words" in turned_down.text


async def test_a_limit_that_forbids_it_by_now_is_told(market: Market, tmp_path):
    with market.neighbour(
        tmp_path / "limited", TRADING_RISK_LIMITS="max_orders_per_day=1, market_hours=off"
    ) as site:
        server, token = site.server(), site.token("limited")
        async with connected(
            server.url, token, "legacy", says="cannot", visits_page=False
        ) as person:
            await person.log_in_at("kite", market.simulator, "LIMITED")
            browser = Browser()
            urls = [
                (await wants(person, key, quantity=n)).data["approvalUrl"]
                for n, key in enumerate(("first", "second"), start=1)
            ]
            browser.open(urls[0])
            sign_in(browser, token)
            assert "The order was sent" in say(browser, "approve").text
            browser.open(urls[1])

            denied = say(browser, "approve")

            assert denied.status == 409
            assert "Nothing was sent" in denied.text
            assert "order" in denied.text


# What must not happen


async def test_the_link_opens_nothing_to_somebody_else_than_to_its_person(market: Market):
    mallory = market.site.token("page-mallory")
    async with trader(market, "page-owner") as (person, token):
        asked = await wants(person)
        real = Browser()
        real.open(asked.data["approvalUrl"])
        sign_in(real, token)
        owners_form = real.page.forms[0]
        browser = Browser()
        browser.open(asked.data["approvalUrl"])
        theirs = sign_in(browser, mallory)
        unknown = browser.open(f"{market.server.url}/approve/{'0' * 32}")

        assert theirs.status == unknown.status == 410
        assert theirs.text == unknown.text
        browser.open(f"{market.server.url}/approve")
        assert "No order waits for you" in browser.page.text
        browser.page.url = asked.data["approvalUrl"]
        for form in (browser.page.forms[0], owners_form):
            form.offered.add("do")
            for what in ("approve", "decline"):
                assert browser.send(form, do=what).status in (409, 410)
                browser.page.url = asked.data["approvalUrl"]
        assert facts(market.site, "page-owner", OrderConfirmed) == []
        assert facts(market.site, "page-owner", OrderDeclined) == []
    assert sent(market, "page-owner") == 0


async def test_without_signing_in_a_form_does_nothing(market: Market):
    async with trader(market, "page-anonymous") as (person, _):
        asked = await wants(person)
        url = asked.data["approvalUrl"]
        browser = Browser()
        browser.open(url)
        guest = browser.page.forms[0].fields["csrf"]

        for form in ({"do": "approve"}, {"do": "approve", "csrf": "x"}):
            answer = httpx2.post(url, data=form, trust_env=False)
            assert answer.status_code == 409
        asked_again = browser.http.post(url, data={"do": "approve", "csrf": guest})
        assert "Who are you?" in asked_again.text
        assert facts(market.site, "page-anonymous", OrderConfirmed) == []
    assert sent(market, "page-anonymous") == 0


async def test_a_form_of_another_page_cannot_use_the_cookie(market: Market):
    async with trader(market, "page-forged") as (person, token):
        asked = await wants(person)
        url = asked.data["approvalUrl"]
        browser = Browser()
        browser.open(url)
        guest = browser.page.forms[0].fields["csrf"]
        sign_in(browser, token)

        for csrf in ("", "0" * 64, guest):
            answer = browser.http.post(url, data={"do": "approve", "csrf": csrf})
            assert answer.status_code == 409
            assert "not from this browser" in answer.text
        right = browser.page.forms[0].fields["csrf"]
        form = {"do": "approve", "csrf": right}
        for origin in ("http://evil.example", "https://127.0.0.1.evil.example"):
            answer = browser.http.post(url, data=form, headers={"Origin": origin})
            assert answer.status_code == 403
        for host in ("evil.example", f"evil.example:{market.server.port}"):
            answer = browser.http.post(url, data=form, headers={"Host": host})
            assert answer.status_code == 421
    assert sent(market, "page-forged") == 0


async def test_the_cookie_is_for_this_browser_and_these_pages_only(market: Market):
    async with trader(market, "page-cookie") as (person, token):
        asked = await wants(person)
        browser = Browser()
        browser.open(asked.data["approvalUrl"])
        before = browser.page.answer.headers["set-cookie"]
        form = {"do": "sign-in", "token": token, "csrf": browser.page.forms[0].fields["csrf"]}
        signed_in = browser.http.post(asked.data["approvalUrl"], data=form)

        cookie = signed_in.headers["set-cookie"]
        for word in ("HttpOnly", "Path=/approve", "SameSite=strict", "Max-Age=43200"):
            assert word in cookie
            assert word in before
        assert token not in cookie
        assert cookie.split(";")[0] != before.split(";")[0]
        for page in (browser.page.answer, browser.http.get(asked.data["approvalUrl"])):
            assert page.headers["cache-control"] == "no-store"
            assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
            assert page.headers["x-frame-options"] == "DENY"
            assert token not in page.text


async def test_a_revoked_token_ends_what_was_signed_in_with_it(market: Market):
    async with trader(market, "page-revoked") as (person, token):
        asked = await wants(person)
        browser = Browser()
        browser.open(asked.data["approvalUrl"])
        sign_in(browser, token)
        form = browser.page.forms[0]

        market.site.identities.revoke("page-revoked")

        assert "Who are you?" in browser.send(form, do="approve").text
        assert "Who are you?" in browser.open(asked.data["approvalUrl"]).text
    assert sent(market, "page-revoked") == 0


async def test_who_signs_out_is_asked_again(market: Market):
    async with trader(market, "page-leaves") as (person, token):
        asked = await wants(person)
        browser = Browser()
        browser.open(asked.data["approvalUrl"])
        sign_in(browser, token)

        assert "Who are you?" in say(browser, "sign-out").text
        assert "Who are you?" in browser.open(asked.data["approvalUrl"]).text


async def test_a_token_that_may_only_read_says_no_yes(market: Market):
    async with trader(market, "page-reads") as (person, _):
        asked = await wants(person)
        browser = Browser()
        browser.open(asked.data["approvalUrl"])

        refused = sign_in(browser, market.site.token("page-reads", "read"))

        assert refused.status == 403
        assert "scope 'trade'" in refused.text
        assert "Who are you?" in browser.open(asked.data["approvalUrl"]).text


async def test_wrong_tokens_are_slowed_down_and_never_shown(market: Market, tmp_path):
    with market.neighbour(tmp_path / "guessing") as site:
        server, token = site.server(), site.token("guessed")
        browser = Browser()
        browser.open(f"{server.url}/approve")
        for n in range(5):
            page = sign_in(browser, f"ts_guess{n}")
            assert page.status == 403
            assert f"guess{n}" not in page.answer.text

        assert sign_in(browser, "ts_guess5").status == 429
        assert sign_in(browser, token).status == 429
        assert "guess" not in site.logs()


async def test_a_browser_that_comes_from_another_site_is_let_in_with_one_more_click(
    market: Market,
):
    """It keeps the cookie to itself until then."""
    async with trader(market, "page-arrives") as (person, token):
        asked = await wants(person)
        url = asked.data["approvalUrl"]
        browser = Browser()
        browser.open(url)
        sign_in(browser, token)

        arrived = Page(httpx2.get(url, headers={"Sec-Fetch-Site": "cross-site"}, trust_env=False))

        assert "Show the order" in arrived.text
        assert "INFY" not in arrived.text
        assert "set-cookie" not in arrived.answer.headers
        assert "Send this order?" in browser.open(f"{url}{arrived.links[0]}").text


async def test_the_proposal_in_the_page_is_the_one_on_record(market: Market):
    async with trader(market, "page-exact") as (person, token):
        await wants(person, order_type="SL", price="1400.05", trigger_price="1400", quantity=9)
        (proposed,) = facts(market.site, "page-exact", OrderProposed)
        browser = Browser()
        browser.open(f"{market.server.url}/approve/{proposed.proposal_id}")

        sign_in(browser, token)

        assert f'<p class="order">{escape(proposed.text)}</p>' in browser.page.answer.text
