"""What must not end with somebody's broker account in somebody else's session."""

import re
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import select, update

from infrastructure.store.schema import login_states
from mcp_interface.connect.routes import logins_of
from tests.mcp_interface.connect.browser import Browser
from tests.mcp_interface.connect.conftest import APP, DHAN_APP, at_kite, confirm, link_for
from tests.mcp_interface.people import connected
from tests.support.databases import disposing

pytestmark = pytest.mark.anyio

LONG_AGO = "2020-01-01T00:00:00.000000Z"


def forget_about_time(place, **columns: str) -> None:
    """Make every login under way as old as that."""
    with disposing(place.site.database.control_engine()) as engine, engine.begin() as connection:
        connection.execute(update(login_states).values(**columns))


def kept(place, name: str) -> list[bytes]:
    """What of this person's logins under way is still there, encrypted."""
    with disposing(place.site.database.control_engine()) as engine, engine.begin() as connection:
        mine = login_states.c.principal == place.site.principal(name)
        found = connection.execute(select(login_states.c.sealed).where(mine)).scalars()
        return [sealed for sealed in found if sealed is not None]


def callback(place, broker: str, **query: str) -> str:
    return str(httpx2.URL(f"{place.server.url}/connect/{broker}/callback", params=query))


def state_of(page_url: str) -> str:
    """The state that Kite will hand back, from the address of its login page."""
    found = re.search(r"state%3D(\w+)", page_url)
    assert found, page_url
    return found[1]


async def authenticated(person, broker: str = "kite") -> bool:
    told = await person.call("list_brokers")
    return bool(next(b["authenticated"] for b in told.data["brokers"] if b["name"] == broker))


async def test_a_mailed_link_puts_no_token_into_the_session_of_who_mailed_it(place):
    victim = Browser()
    async with connected(place.server.url, place.site.token("mallory")) as mallory:
        link = await link_for(mallory, "kite")

        victim.open(link)
        assert "session of mallory" in victim.page.text
        assert "If somebody sent you this link, close this page" in victim.page.text
        last = at_kite(victim, link, "VICTIM")

        assert "Give this code to nobody" in last.text
        mallorys = Browser()
        for address in (link, last.url):
            assert mallorys.open(address).status == 410
        assert (await mallory.try_to("get_portfolio", broker="kite")).refused
        assert not await authenticated(mallory)


async def test_the_brokers_own_page_of_an_attackers_login_is_of_no_use_in_another_browser(place):
    attacker, victim = Browser(), Browser()
    async with connected(place.server.url, place.site.token("mallet")) as mallet:
        attacker.open(await link_for(mallet, "kite"))
        attacker.log_in("kite", **APP)
        victim.open(attacker.page.url)

        landed = victim.send(victim.page.forms[0], user_id="VICTIM")

        assert landed.status == 410
        assert "This browser did not begin this login" in landed.text
        assert not await authenticated(mallet)


async def test_a_dhan_token_id_without_the_cookie_of_the_browser_is_not_used(place):
    attacker, victim = Browser(), Browser()
    async with connected(place.server.url, place.site.token("moll")) as moll:
        attacker.open(await link_for(moll, "dhan"))
        attacker.log_in("consent", client_id="VICTIM", **DHAN_APP)
        victim.open(attacker.page.url)

        landed = victim.send(victim.page.forms[0], decision="allow")

        assert landed.status == 410
        assert not await authenticated(moll, "dhan")


async def test_a_code_is_worth_nothing_in_the_session_of_somebody_else(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("nadia")) as nadia:
        last = at_kite(browser, await link_for(nadia, "kite"), "NADIA1")
        async with connected(place.server.url, place.site.token("oscar")) as oscar:
            stolen = await confirm(oscar, "kite", last)

        assert stolen.code == "LOGIN_LINK_REFUSED"
        assert (await confirm(nadia, "kite", last)).data["authenticated"] is True


async def test_a_code_is_worth_nothing_under_another_label_of_the_same_person(place):
    browser, token = Browser(), place.site.token("omar")
    async with (
        connected(place.server.url, token) as omar,
        connected(place.server.url, token, label="work") as at_work,
    ):
        last = at_kite(browser, await link_for(omar, "kite"), "OMAR01")

        assert (await confirm(at_work, "kite", last)).code == "LOGIN_LINK_REFUSED"
        assert not await authenticated(at_work)
        assert (await confirm(omar, "kite", last)).data["authenticated"] is True


async def test_five_wrong_codes_throw_the_login_away(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("pia")) as pia:
        last = at_kite(browser, await link_for(pia, "kite"), "PIA001")
        assert len(kept(place, "pia")) == 1

        told = [
            await pia.try_to("authenticate_broker", broker="kite", confirmation_code=f"2222-222{n}")
            for n in range(2, 7)
        ]

        assert [answer.code for answer in told] == ["LOGIN_LINK_REFUSED"] * 5
        assert "4 more tries" in told[0].text
        assert (await confirm(pia, "kite", last)).code == "LOGIN_LINK_REFUSED"
        assert kept(place, "pia") == []
        assert not await authenticated(pia)


async def test_a_code_works_once(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("qasim")) as qasim:
        last = at_kite(browser, await link_for(qasim, "kite"), "QASIM1")
        await confirm(qasim, "kite", last)

        assert (await confirm(qasim, "kite", last)).code == "LOGIN_LINK_REFUSED"
        assert kept(place, "qasim") == []


async def test_a_link_that_one_browser_took_opens_nothing_in_another(place):
    first, second = Browser(), Browser()
    async with connected(place.server.url, place.site.token("rani")) as rani:
        link = await link_for(rani, "kite")
        first.open(link)
        second.open(link)
        first.log_in("kite", **APP)

        late = second.log_in("kite", **APP)

        assert late.status == 410
        assert "another browser" in late.text


async def test_looking_at_a_link_uses_nothing_up(place):
    preview, browser = Browser(), Browser()
    async with connected(place.server.url, place.site.token("ravi")) as ravi:
        link = await link_for(ravi, "kite")
        for _ in range(3):
            assert preview.open(link).status == 200

        last = at_kite(browser, link, "RAVI01")

        assert (await confirm(ravi, "kite", last)).data["authenticated"] is True


async def test_a_cookie_that_was_planted_before_is_not_the_one_that_counts(place):
    attacker, victim = Browser(), Browser()
    async with connected(place.server.url, place.site.token("sly")) as sly:
        link = await link_for(sly, "kite")
        attacker.open(link)
        for cookie in attacker.http.cookies.jar:
            victim.http.cookies.jar.set_cookie(cookie)

        last = at_kite(victim, link, "VICTIM")

        assert attacker.open(last.url).status == 410


def plant(browser: Browser, other: Browser) -> None:
    """What a page on a sibling of the server's name can do: give a browser somebody's cookies."""
    for cookie in browser.http.cookies.jar:
        other.http.cookies.jar.set_cookie(cookie)


async def test_a_cookie_that_was_planted_after_the_link_was_taken_shows_its_owner_no_code(place):
    attacker, victim = Browser(), Browser()
    async with connected(place.server.url, place.site.token("sid")) as sid:
        link = await link_for(sid, "kite")
        attacker.open(link)
        attacker.log_in("kite", **APP)
        plant(attacker, victim)

        assert at_kite(victim, link, "VICTIM").status == 200

        assert attacker.open(link).status == 410


@pytest.mark.parametrize("broker", ["kite", "dhan"])
async def test_who_was_sent_to_an_attackers_login_at_the_broker_alone_sees_the_code(place, broker):
    attacker, victim = Browser(), Browser()
    async with connected(place.server.url, place.site.token(f"sid-{broker}")) as sid:
        link = await link_for(sid, broker)
        attacker.open(link)
        if broker == "kite":
            attacker.log_in("kite", **APP)
        else:
            attacker.log_in("consent", client_id="VICTIM", **DHAN_APP)
        plant(attacker, victim)
        victim.open(attacker.page.url)
        said = {"user_id": "VICTIM"} if broker == "kite" else {"decision": "allow"}
        landed = victim.send(victim.page.forms[0], **said)

        assert f"session of sid-{broker}" in landed.text
        assert attacker.open(link).status == 410


async def test_a_form_with_a_token_in_other_letters_is_refused(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("simon")) as simon:
        browser.open(await link_for(simon, "kite"))

        assert browser.log_in("kite", **APP, csrf="\u0915" * 64).status == 410


def test_of_a_browser_with_thousands_of_cookies_only_some_are_looked_up():
    cookies = {"other": "1", **{f"connect-{n}": "1" for n in range(4000)}}

    found = logins_of(cookies)

    assert found == [str(n) for n in range(20)]


async def test_asking_again_and_again_takes_no_link_from_who_is_filling_in_its_page(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("sonu")) as sonu:
        browser.open(await link_for(sonu, "kite"))
        for _ in range(12):
            assert (await sonu.try_to("get_portfolio", broker="kite")).refused

        browser.log_in("kite", **APP)

        assert browser.send(browser.page.forms[0], user_id="SONU01").status == 200


async def test_a_form_without_its_cookie_or_its_token_is_refused(place):
    browser, stranger = Browser(), Browser()
    async with connected(place.server.url, place.site.token("sita")) as sita:
        link = await link_for(sita, "kite")
        page = browser.open(link)
        stranger.page = page

        assert stranger.log_in("kite", **APP).status == 410
        assert browser.log_in("kite", **APP, csrf="0" * 64).status == 410
        assert browser.open(link).status == 200


async def test_an_answer_of_the_broker_is_used_once(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("tara")) as tara:
        last = at_kite(browser, await link_for(tara, "kite"), "TARA01")
        used = next(url for url in browser.visited if "/callback?" in url)

        again = browser.open(used)

        assert again.code == last.code
        await confirm(tara, "kite", last)
        assert "You are connected" in browser.open(used).text
        facts = [r.name for r in place.site.recorded() if "authenticat" in r.name]
        assert facts[-1] == "trading_session.broker_authenticated.v1"


async def test_an_invented_state_is_refused(place):
    browser = Browser()
    for query in ({"state": "f" * 32}, {"state": "../../etc"}, {}):
        landed = browser.open(
            callback(place, "kite", request_token="CANARYrt", status="success", **query)
        )
        assert landed.status == 410
        assert "CANARYrt" not in landed.answer.text
    assert browser.open(f"{place.server.url}/connect/kite?state=nobodys").status == 410
    assert browser.open(f"{place.server.url}/connect/kite").status == 410


async def test_a_link_of_one_broker_is_no_link_of_another(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("uday")) as uday:
        link = await link_for(uday, "kite")

        assert browser.open(link.replace("/kite?", "/dhan?")).status == 410


async def test_every_step_has_its_ten_minutes(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("uma")) as uma:
        link = await link_for(uma, "kite")
        forget_about_time(place, expires_at=LONG_AGO)
        assert browser.open(link).status == 410

        browser.open(await link_for(uma, "kite"))
        browser.log_in("kite", **APP)
        forget_about_time(place, expires_at=LONG_AGO)
        assert browser.send(browser.page.forms[0], user_id="UMA001").status == 410

        last = at_kite(browser, await link_for(uma, "kite"), "UMA001")
        forget_about_time(place, expires_at=LONG_AGO)
        assert (await confirm(uma, "kite", last)).code == "LOGIN_LINK_REFUSED"
        assert not await authenticated(uma)


async def test_a_login_that_was_declined_at_kite_can_be_tried_again_with_the_same_link(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("vani")) as vani:
        browser.open(await link_for(vani, "kite"))
        browser.log_in("kite", **APP)
        state = state_of(browser.visited[-1])
        declined = browser.open(callback(place, "kite", status="failed", state=state))
        assert declined.status == 400
        assert "was not completed there" in declined.text

        browser.open(f"{place.server.url}/connect/kite{declined.links[0].partition('kite')[2]}")
        browser.log_in("kite", **APP)
        last = browser.send(browser.page.forms[0], user_id="VANI01")

        assert (await confirm(vani, "kite", last)).data["authenticated"] is True


async def test_a_request_token_that_kite_does_not_know_is_refused_without_repeating_it(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("veda")) as veda:
        browser.open(await link_for(veda, "kite"))
        browser.log_in("kite", **APP)
        state = state_of(browser.visited[-1])

        landed = browser.open(
            callback(place, "kite", status="success", request_token="CANARYrt", state=state)
        )

        assert landed.status == 400
        assert "CANARYrt" not in landed.answer.text
        assert not await authenticated(veda)


async def test_two_tabs_with_two_links_both_arrive(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("vikram")) as vikram:
        first, second = await link_for(vikram, "kite"), await link_for(vikram, "kite")
        browser.open(first)
        one = browser.log_in("kite", **APP)
        browser.open(second)
        two = browser.log_in("kite", **APP)

        browser.page = one
        last = browser.send(one.forms[0], user_id="VIKRAM")
        browser.page = two
        other = browser.send(two.forms[0], user_id="VIKRAM")

        assert last.code != other.code
        assert (await confirm(vikram, "kite", last)).data["authenticated"] is True
        assert (await confirm(vikram, "kite", other)).data["authenticated"] is True


async def test_two_tabs_at_dhan_bring_home_who_was_asked_for(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("wasim")) as wasim:
        browser.open(await link_for(wasim, "dhan"))
        one = browser.log_in("consent", client_id="WASIM1", **DHAN_APP)
        browser.open(await link_for(wasim, "dhan"))
        browser.log_in("consent", client_id="WASIM2", **DHAN_APP)

        browser.page = one
        landed = browser.send(one.forms[0], decision="allow")

        assert landed.status == 400
        assert "belongs to another client_id" in landed.text
        assert not await authenticated(wasim, "dhan")


async def test_the_back_button_from_the_broker_begins_the_same_login_again(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("xena")) as xena:
        link = await link_for(xena, "kite")
        browser.open(link)
        browser.log_in("kite", **APP)
        browser.open(link)
        browser.log_in("kite", **APP)
        last = browser.send(browser.page.forms[0], user_id="XENA01")

        assert (await confirm(xena, "kite", last)).data["authenticated"] is True


async def test_a_session_that_ended_meanwhile_gets_nothing(place):
    browser, token = Browser(), place.site.token("yash")
    async with connected(place.server.url, token) as yash:
        session_id = await yash.session_id()
        last = at_kite(browser, await link_for(yash, "kite"), "YASH01")
        other = await link_for(yash, "kite")

        ended = place.site.run("sessions", "expire", session_id, "--yes", "--json")

        assert ended.returncode == 0, ended.stdout
        assert kept(place, "yash") == []
        assert browser.open(last.url).status == 410
        assert browser.open(other).status == 410
        assert (await confirm(yash, "kite", last)).code == "LOGIN_LINK_REFUSED"
        assert not await authenticated(yash)


async def test_logging_out_throws_a_login_away_that_waits_for_its_code(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("yogi")) as yogi:
        last = at_kite(browser, await link_for(yogi, "kite"), "YOGI01")

        left = await yogi.call("logout_broker", broker="all")

        assert "A login that waited for its code was thrown away." in left.text
        assert kept(place, "yogi") == []
        assert (await confirm(yogi, "kite", last)).code == "LOGIN_LINK_REFUSED"


async def test_another_account_than_before_has_to_be_asked_for_on_the_page(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("zara")) as zara:
        first = at_kite(browser, await link_for(zara, "kite"), "ZARA01")
        await confirm(zara, "kite", first)

        differs = at_kite(browser, await link_for(zara, "kite"), "ZARA02")
        assert differs.status == 409
        assert "another kite account" in differs.text
        assert "tick the box that the next page has for it" in differs.text
        browser.open(f"{place.server.url}/connect/kite{differs.links[0].partition('kite')[2]}")
        assert "relink" in browser.page.form("kite").offered
        browser.log_in("kite", **APP)
        again = browser.send(browser.page.forms[0], user_id="ZARA02")
        assert again.status == 409
        browser.open(f"{place.server.url}/connect/kite{again.links[0].partition('kite')[2]}")
        browser.log_in("kite", **APP, relink="yes")
        last = browser.send(browser.page.forms[0], user_id="ZARA02")

        assert (await confirm(zara, "kite", last)).data["authenticated"] is True
        fact = place.site.recorded()[-1].event
        assert getattr(fact, "relinked", None) is True


async def test_the_box_to_change_accounts_counts_only_where_it_was_shown(place):
    browser = Browser()
    async with connected(place.server.url, place.site.token("zoya")) as zoya:
        await confirm(zoya, "kite", at_kite(browser, await link_for(zoya, "kite"), "ZOYA01"))
        browser.open(await link_for(zoya, "kite"))
        browser.page.form("kite").offered.add("relink")
        browser.log_in("kite", **APP, relink="yes")

        assert browser.send(browser.page.forms[0], user_id="ZOYA02").status == 409


async def test_another_account_under_another_label_is_another_account_too(place):
    token = place.site.token("arun")
    async with (
        connected(place.server.url, token) as arun,
        connected(place.server.url, token, label="work") as at_work,
    ):
        await confirm(arun, "kite", at_kite(Browser(), await link_for(arun, "kite"), "ARUN01"))

        differs = at_kite(Browser(), await link_for(at_work, "kite"), "ARUN02")

        assert differs.status == 409


@pytest.mark.parametrize("path", ["", "/callback"])
def test_no_page_may_be_kept_framed_scripted_or_told_to_others(place, path):
    answer = Browser().open(f"{place.server.url}/connect/kite{path}?state=nobodys").answer

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "script" not in answer.text


async def test_the_form_page_may_lead_to_the_brokers_own_page_and_nowhere_else(place):
    async with connected(place.server.url, place.site.token("bina")) as bina:
        answer = Browser().open(await link_for(bina, "kite")).answer

    policy = answer.headers["content-security-policy"]
    assert f"form-action 'self' {place.simulator.url};" in policy
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/connect/kite" in cookie


def test_pages_of_other_origins_and_other_names_get_no_answer(place):
    url = f"{place.server.url}/connect/kite?state=nobodys"

    for headers, status in (
        ({"Origin": "http://evil.example"}, 403),
        ({"Host": "evil.example"}, 421),
    ):
        assert httpx2.post(url, headers=headers, trust_env=False).status_code == status


async def test_nothing_that_passed_through_a_browser_is_in_a_log_or_in_the_store(place):
    browser, secrets = Browser(), {"CanaryConnectSecret5d"}
    place.control(
        "apps",
        broker="kite",
        api_key="Canary5dKey",
        api_secret="CanaryConnectSecret5d",
        redirect_url=f"{place.server.url}/connect/kite/callback",
    )
    async with connected(place.server.url, place.site.token("chand")) as chand:
        link = await link_for(chand, "kite")
        browser.open(link)
        browser.log_in(
            "kite", api_key="Canary5dKey", api_secret="CanaryConnectSecret5d", remember="yes"
        )
        last = browser.send(browser.page.forms[0], user_id="CHAND1")
        returned = next(url for url in browser.visited if "/callback?" in url)
        query = dict(httpx2.URL(returned).params)
        secrets |= {query["request_token"], query["state"], link.partition("state=")[2]}
        secrets |= {last.code, last.code.replace("-", ""), "Canary5dKey"}
        secrets |= {cookie.value or "" for cookie in browser.http.cookies.jar}
        await confirm(chand, "kite", last)

    served = place.server.log_file.read_text()
    assert '"level": "debug"' in served
    assert [s for s in secrets if s in served] == []
    in_the_open = {query["state"]}  # names the login, and opens nothing
    for file in place.site.data_dir.rglob("*"):
        content = file.read_bytes().decode("latin-1") if file.is_file() else ""
        assert [s for s in secrets - in_the_open if s in content] == [], file.name
    assert urlsplit(returned).path == "/connect/kite/callback"
