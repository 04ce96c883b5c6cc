"""Every way to log in through a page, over real HTTP, with the brokers' own SDKs behind it."""

import re

import pytest

from infrastructure import totp
from infrastructure.clock import SystemClock
from infrastructure.simulator.tokens import totp_secret
from tests.mcp_interface.connect.browser import Browser
from tests.mcp_interface.connect.conftest import APP, DHAN_APP, at_kite, confirm, link_for
from tests.mcp_interface.people import ERAS, buy, connected

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_logs_in_at_kite_through_the_link_and_repeats_the_code(place, era):
    browser = Browser()
    async with connected(place.server.url, place.site.token(f"asha-{era}"), era) as asha:
        link = await link_for(asha, "kite")
        assert link.startswith(f"{place.server.url}/connect/kite?state=")

        browser.open(link)
        assert f"session of asha-{era}" in browser.page.text
        assert "simulated: nothing there is real" in browser.page.text
        assert (await asha.session_id())[:8] in browser.page.text
        browser.log_in("kite", **APP)
        last = browser.send(browser.page.forms[0], user_id="ASHA01")
        assert "ASHA01" in last.text
        assert (await asha.try_to("get_portfolio", broker="kite")).code == "BROKER_LOGIN_REQUIRED"
        answer = await confirm(asha, "kite", last)

        assert not answer.refused, answer.text
        assert answer.data["authenticated"] is True
        assert answer.data["mode"] == "SIMULATED"
        assert answer.data["loginEndsAt"].endswith("06:00:00.000+05:30")
        await asha.call("get_portfolio", broker="kite")
    assert "You are connected" in browser.open(last.url).text


async def test_a_person_consents_at_dhan_and_repeats_the_code(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("dhruv")) as dhruv:
        browser.open(await link_for(dhruv, "dhan"))
        browser.log_in("consent", client_id="DHRUV1", **DHAN_APP)
        assert "Let the app dhanapp trade for DHRUV1 ?" in browser.page.text
        last = browser.send(browser.page.forms[0], decision="allow")

        answer = await confirm(dhruv, "dhan", last)

        assert answer.data["authenticated"] is True


async def test_a_pin_and_a_code_of_six_digits_log_in_at_dhan(place):
    known = place.control("users", broker="dhan", user="DEEPA1")
    browser = Browser()
    async with connected(place.server.url, place.site.token("deepa")) as deepa:
        browser.open(await link_for(deepa, "dhan"))
        code = totp.code(known["totp_secret"], SystemClock().now())
        last = browser.log_in("pin", client_id="DEEPA1", password=known["pin"], totp=code)

        assert (await confirm(deepa, "dhan", last)).data["authenticated"] is True


async def test_a_pasted_token_logs_in_at_dhan(place):
    token = place.control("tokens", broker="dhan", user="DILIP1")["access_token"]
    browser = Browser()
    async with connected(place.server.url, place.site.token("dilip")) as dilip:
        browser.open(await link_for(dilip, "dhan"))
        last = browser.log_in("token", client_id="DILIP1", access_token=token)

        assert (await confirm(dilip, "dhan", last)).data["authenticated"] is True


@pytest.mark.parametrize("way", ["a code", "a secret", "an approval", "a token"])
async def test_every_way_into_groww_works(place, way):
    name = way.split()[1].upper()
    secret = totp_secret("groww", f"G{name}")
    token = place.control("tokens", broker="groww", user=f"G{name}")["access_token"]
    code = totp.code(secret, SystemClock().now())
    method, values = {
        "a code": ("totp", {"api_key": f"G{name}", "totp": code}),
        "a secret": ("totp", {"api_key": f"G{name}", "totp": secret}),
        "an approval": ("approval", {"api_key": f"G{name}", "api_secret": f"G{name}-secret"}),
        "a token": ("token", {"access_token": token}),
    }[way]
    browser = Browser()
    async with connected(place.server.url, place.site.token(f"gita-{name}")) as gita:
        browser.open(await link_for(gita, "groww"))
        last = browser.log_in(method, **values)

        assert (await confirm(gita, "groww", last)).data["authenticated"] is True


async def test_the_address_that_kite_sent_a_person_to_can_be_pasted(place):
    browser = Browser()
    login_page = f"{place.simulator.url}/connect/login?v=3&api_key=elsewhere"
    address = f"https://app.example/?{place.simulator.request_token(login_page, 'HARI01')}"
    token = address.partition("?")[2]
    async with connected(place.server.url, place.site.token("hari")) as hari:
        browser.open(await link_for(hari, "kite"))
        last = browser.log_in(
            "address",
            api_key="elsewhere",
            api_secret="elsewhere-secret",
            request_token=f"https://app.example/?status=success&request_token={token}",
        )

        assert (await confirm(hari, "kite", last)).data["authenticated"] is True


async def test_an_app_is_remembered_for_its_owner_and_forgotten_on_request(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("indu")) as indu:
        browser.open(await link_for(indu, "kite"))
        browser.log_in("kite", **APP, remember="yes")
        await confirm(indu, "kite", browser.send(browser.page.forms[0], user_id="INDU01"))

        browser.open(await link_for(indu, "kite"))
        assert "api_secret" not in browser.page.form("kite").fields
        browser.log_in("kite")
        last = browser.send(browser.page.forms[0], user_id="INDU01")
        assert (await confirm(indu, "kite", last)).data["authenticated"] is True

        browser.open(await link_for(indu, "kite"))
        browser.log_in("kite", forget="yes")
        assert "api_secret" in browser.page.form("kite").fields


async def test_a_server_with_an_app_of_its_own_asks_for_none(place):
    settings = {
        "TRADING_KITE_API_KEY": APP["api_key"],
        "TRADING_KITE_API_SECRET": APP["api_secret"],
        "TRADING_CREDENTIALS_IN_CHAT": "off",
    }
    server = place.site.server(**settings)
    place.register(server)
    browser = Browser()
    try:
        async with connected(server.url, place.site.token("jaya")) as jaya:
            refused = await jaya.try_to(
                "authenticate_broker", broker="kite", api_key="k", access_token="CANARY"
            )
            assert refused.code == "INVALID_ARGUMENT"
            link = re.search(rf"{server.url}/connect/kite\?state=[\w-]+", refused.text)
            assert link, refused.text
            browser.open(link[0])
            assert set(browser.page.form("kite").fields) == {"csrf", "method"}
            browser.log_in("kite")
            last = browser.send(browser.page.forms[0], user_id="JAYA01")

            assert (await confirm(jaya, "kite", last)).data["authenticated"] is True
    finally:
        server.close()
        place.register(place.server)


async def test_whoever_needs_a_login_is_given_a_link_that_works(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("kabir")) as kabir:
        refused = await kabir.try_to("get_orders", broker="kite")
        link = re.search(r"http://\S+/connect/kite\?state=[\w-]+", refused.text)
        assert refused.code == "BROKER_LOGIN_REQUIRED"
        assert link, refused.text

        last = at_kite(browser, link[0], "KABIR1")

        assert (await confirm(kabir, "kite", last)).data["authenticated"] is True


async def test_an_order_that_finds_the_login_ended_records_that_and_gives_a_link(place):
    async with connected(place.server.url, place.site.token("lata")) as lata:
        await confirm(lata, "kite", at_kite(Browser(), await link_for(lata, "kite"), "LATA01"))
        place.control("faults", fault="expire_token", route="/orders", user="LATA01")
        await lata.call("get_orders", broker="kite")

        low = buy(order_key="too-late", broker="kite", order_type="LIMIT", price="1400.05")
        answer = await lata.try_to("create_order", **low)

        assert answer.code == "BROKER_LOGIN_REQUIRED"
        assert re.search(r"http://\S+/connect/kite\?state=[\w-]+", answer.text), answer.text
        names = [recorded.name.split(".")[1] for recorded in place.site.recorded()]
        assert names[-1] == "broker_authentication_expired"
        assert "order_requested" not in names
        assert (await lata.try_to("get_orders", broker="kite")).code == "BROKER_LOGIN_REQUIRED"


async def test_a_read_that_finds_the_login_ended_gives_a_link(place):
    async with connected(place.server.url, place.site.token("mira")) as mira:
        await confirm(mira, "kite", at_kite(Browser(), await link_for(mira, "kite"), "MIRA01"))
        place.control("faults", fault="expire_token", route="/orders", user="MIRA01")
        await mira.call("get_orders", broker="kite")

        refused = await mira.try_to("get_orders", broker="kite")

        assert refused.code == "BROKER_LOGIN_REQUIRED"
        assert re.search(r"http://\S+/connect/kite\?state=[\w-]+", refused.text), refused.text


async def test_every_argument_of_the_predecessor_still_logs_in(place):
    async with connected(place.server.url, place.site.token("nila")) as nila:
        login_page = f"{place.simulator.url}/connect/login?v=3&api_key=nila"
        known = place.control("users", broker="dhan", user="NILA01")
        groww = place.control("tokens", broker="groww", user="NILA01")["access_token"]
        for given in (
            {
                "broker": "kite",
                "api_key": "nila",
                "api_secret": "nila-secret",
                "request_token": place.simulator.request_token(login_page, "NILA01"),
            },
            {
                "broker": "dhan",
                "client_id": "NILA01",
                "password": known["pin"],
                "totp_secret": known["totp_secret"],
            },
            {"broker": "groww", "access_token": groww},
        ):
            unused = {"client_code": "c", "jwtToken": "j", "refreshToken": "r", "feedToken": "f"}
            answer = await nila.try_to("authenticate_broker", **given, **unused)
            assert answer.data.get("authenticated") is True, answer.text


async def test_a_code_and_credentials_do_not_go_together(place):
    async with connected(place.server.url, place.site.token("ojas")) as ojas:
        refused = await ojas.try_to(
            "authenticate_broker", broker="kite", confirmation_code="AAAA-BBBB", api_key="CANARYkey"
        )

    assert refused.code == "INVALID_ARGUMENT"
    assert "CANARYkey" not in refused.raw


async def test_another_account_in_the_chat_needs_a_word_too(place):
    tokens = [
        place.control("tokens", broker="groww", user=f"PADMA{n}")["access_token"] for n in (1, 2, 2)
    ]
    async with connected(place.server.url, place.site.token("padma")) as padma:

        async def log_in(token: str, **more: object):
            return await padma.try_to(
                "authenticate_broker", broker="groww", access_token=token, **more
            )

        assert (await log_in(tokens[0])).data["authenticated"] is True
        refused = await log_in(tokens[1])
        assert refused.code == "ACCOUNT_DIFFERS"
        assert "PADMA2" not in refused.text
        assert (await log_in(tokens[2], relink=True)).data["authenticated"] is True
