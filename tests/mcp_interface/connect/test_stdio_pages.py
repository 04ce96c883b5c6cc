"""The pages of a server over stdio: on this machine only, while the client keeps it running."""

import socket
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.mcp_interface.connect.browser import Browser
from tests.mcp_interface.connect.conftest import APP, confirm, link_for
from tests.mcp_interface.people import ERAS
from tests.mcp_interface.test_stdio import client

pytestmark = pytest.mark.anyio


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_logs_in_at_a_desktop_without_a_credential_in_the_chat(
    place, era, free_port, monkeypatch
):
    monkeypatch.setitem(place.site.env, "TRADING_CONNECT_PORT", str(free_port))
    monkeypatch.setitem(place.site.env, "TRADING_CREDENTIALS_IN_CHAT", "off")
    monkeypatch.setitem(place.site.env, "TRADING_USER", f"desktop-{era}")
    place.control(
        "apps",
        broker="kite",
        api_key="desktopapp",
        redirect_url=f"http://127.0.0.1:{free_port}/connect/kite/callback",
    )
    app = {"api_key": "desktopapp", "api_secret": "desktopapp-secret"}
    browser = Browser()
    async with client(place.site, era) as person:
        await person.call("get_session_info")
        assert not listens(free_port)
        refused = await person.try_to("authenticate_broker", broker="kite", **app)
        assert refused.code == "INVALID_ARGUMENT"
        link = await link_for(person, "kite")
        assert link.startswith(f"http://127.0.0.1:{free_port}/connect/kite?state=")

        browser.open(link)
        assert f"session of desktop-{era}" in browser.page.text
        browser.log_in("kite", **app)
        last = browser.send(browser.page.forms[0], user_id="DESKTOP1")

        assert (await confirm(person, "kite", last)).data["authenticated"] is True
    assert not listens(free_port)


async def test_the_pages_answer_to_their_own_address_only(place, free_port, monkeypatch):
    monkeypatch.setitem(place.site.env, "TRADING_CONNECT_PORT", str(free_port))
    async with client(place.site, "auto") as person:
        link = await link_for(person, "kite")

        for host in (f"localhost:{free_port}", "evil.example", "127.0.0.1"):
            answer = httpx2.get(link, headers={"Host": host}, trust_env=False)
            assert answer.status_code == 421, host
        for origin in ("http://evil.example", "http://127.0.0.1:1"):
            answer = httpx2.post(link, headers={"Origin": origin}, trust_env=False)
            assert answer.status_code == 403, origin


async def test_where_the_port_is_taken_another_one_is_used(place, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setitem(place.site.env, "TRADING_CONNECT_PORT", str(port))
        async with client(place.site, "auto") as person:
            link = await link_for(person, "kite")

            assert urlsplit(link).port != port
            assert Browser().open(link).status == 200


async def test_two_clients_of_one_person_share_what_is_under_way(place, free_port, monkeypatch):
    """The broker sends people to the address that is registered, whichever process that is."""
    monkeypatch.setitem(place.site.env, "TRADING_CONNECT_PORT", str(free_port))
    monkeypatch.setitem(place.site.env, "TRADING_USER", "two-desktops")
    place.control(
        "apps",
        broker="kite",
        api_key=APP["api_key"],
        redirect_url=f"http://127.0.0.1:{free_port}/connect/kite/callback",
    )
    browser = Browser()
    try:
        async with client(place.site, "auto") as first, client(place.site, "auto") as second:
            await link_for(first, "kite")
            browser.open(await link_for(second, "kite"))
            assert urlsplit(browser.page.url).port != free_port
            browser.log_in("kite", **APP)
            last = browser.send(browser.page.forms[0], user_id="DESKTOP2")

            assert urlsplit(last.url).port == free_port
            assert (await confirm(second, "kite", last)).data["authenticated"] is True
    finally:
        place.register(place.server)
