"""Credentials through the pages: every field of every form, what brokers send back, and what
browsers are made to send."""

from collections.abc import Iterator

from infrastructure import totp
from infrastructure.clock import SystemClock
from tests.mcp_interface.connect.browser import Browser, Page
from tests.mcp_interface.secrets.chat import BROKERS, Accounts, day_token
from tests.mcp_interface.secrets.installation import Installation, Teller

BOX = ("csrf", "method")


def good_forms(
    place: Installation, mine: Accounts, broker: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """Every way to log in through a form of ours: its name and what is typed in."""
    user, now = mine.users[broker], SystemClock().now()
    if broker == "kite":
        token = place.request_token(mine.kite_app["api_key"], user)
        address = f"https://app.example/?status=success&request_token={token}"
        yield "address", {**mine.kite_app, "request_token": address}
        yield "kite", {**mine.kite_app, "remember": "yes"}
    elif broker == "groww":
        key = {"api_key": mine.groww_app["api_key"]}
        code = place.canaries.note(
            "groww code of six digits", totp.code(mine.groww_totp_secret, now)
        )
        yield "totp", {**key, "totp": code}
        yield "totp", {**key, "totp": mine.groww_totp_secret}
        yield "approval", mine.groww_app
        yield "token", {"access_token": day_token(place, broker, user)}
    else:
        code = place.canaries.note("dhan code of six digits", totp.code(mine.dhan_totp_secret, now))
        yield "pin", {"client_id": user, "password": mine.dhan_pin, "totp": code}
        yield "token", {"client_id": user, "access_token": day_token(place, broker, user)}
        app_id = place.canaries.mint("dhan app id", "location", length=24)
        app_secret = place.canaries.mint("dhan app secret")
        place.register("dhan", app_id, app_secret)
        app = {"app_id": app_id, "app_secret": app_secret}
        yield "consent", {"client_id": user, **app, "remember": "yes"}


async def log_in_on_pages(place: Installation, person: Teller, mine: Accounts, broker: str) -> None:
    """Each way up to the code; wrong codes, the right one, and the same again."""
    for method, values in good_forms(place, mine, broker):
        browser = place.browser()
        browser.open(await person.link(broker))
        last = _through(place, browser, mine, method, values)
        await person.log_in(broker, confirmation_code="2222-3333")
        assert (await person.log_in(broker, confirmation_code=last.code)).data["authenticated"]
        await person.log_in(broker, confirmation_code=last.code)
        for address in dict.fromkeys([last.url, *browser.visited]):
            if address.startswith(place.server.url):
                browser.open(address)  # the back button, as far as it goes


def _through(
    place: Installation, browser: Browser, mine: Accounts, method: str, values: dict[str, str]
) -> Page:
    """Fill in what the form asks for (an app may be known already) and go on to the end."""
    asked = browser.page.form(method)
    fits = {name: v for name, v in values.items() if name in set(asked.fields) | asked.offered}
    page = browser.log_in(method, **fits)
    if page.url.startswith(place.simulator.url):
        there = {"kite": {"user_id": mine.users["kite"]}, "consent": {"decision": "allow"}}[method]
        page = browser.send(browser.page.forms[0], **there)
    return page


async def fill_in_wrong_values(place: Installation, person: Teller, name: str, broker: str) -> None:
    """Into every field of every form: what the broker refuses, and what no broker ever issued."""
    browser = place.browser()
    browser.open(await person.link(broker))
    methods = [form.fields["method"] for form in browser.page.forms]
    for method in methods:
        for kind, ends in (("refused", ""), ("malformed", " \n\u00e9")):
            browser = place.browser()
            browser.open(await person.link(broker))
            fields = [f for f in browser.page.form(method).fields if f not in BOX]
            # An app id goes to the broker's own page as a part of its address.
            typed = {
                f: place.canaries.mint(
                    f"{name} {broker} {method} {kind} {f}",
                    *(("location",) if f in ("api_key", "app_id") else ()),
                    cross=f not in ("api_key", "app_id"),
                )
                + ends
                for f in fields
            }
            page = browser.log_in(method, **typed)
            if page.url.startswith(place.simulator.url):
                browser.open(f"{place.server.url}/connect/{broker}/callback?status=failed")


async def misuse_the_pages(place: Installation, person: Teller, name: str) -> None:
    """What no page of ours would send."""
    mint = place.canaries.mint
    for broker in BROKERS:
        link = (await person.link(broker)).removeprefix(place.server.url)
        slot = f"{name} {broker} misuse"
        cookie = {"Cookie": f"connect-{'0' * 32}={mint(f'{slot} cookie')}"}
        place.ask("GET", f"/connect/{broker}?state={mint(f'{slot} state')}", headers=cookie)
        place.ask("GET", f"/connect/{broker}?login={mint(f'{slot} login')}", headers=cookie)
        brought = "&".join(
            f"{each}={mint(f'{slot} back {each}')}"
            for each in ("request_token", "tokenId", "state")
        )
        place.ask("GET", f"/connect/{broker}/callback?status=success&{brought}", headers=cookie)
        typed = {
            each: mint(f"{slot} {each}", cross=True) for each in ("csrf", "method", "api_secret")
        }
        place.ask("POST", link, data=typed, headers=cookie)
        place.ask("POST", link, data=typed, headers={"Origin": "http://evil.example"})
        place.ask("POST", link, json=typed)
        place.ask("POST", link, content=b"\xff" + typed["api_secret"].encode())
        place.ask("POST", link, content=mint(f"{slot} long").encode() * 2000)
        browser = place.browser()
        browser.open(place.server.url + link)
        form = browser.page.forms[0]
        form.fields = {"csrf": form.fields["csrf"], "method": mint(f"{slot} way")}
        form.fields |= {mint(f"{slot} field name"): mint(f"{slot} field")}
        browser.send(form)
