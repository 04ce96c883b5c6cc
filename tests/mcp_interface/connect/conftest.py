"""One server and one simulator with all three brokers, whose apps send people back to it."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from tests.mcp_interface.connect.browser import Browser, Page
from tests.mcp_interface.people import Person
from tests.support.servers import Server, Simulator, Site, site

APP = {"api_key": "connectapp", "api_secret": "connectapp-secret"}
DHAN_APP = {"app_id": "dhanapp", "app_secret": "dhanapp-secret"}


@dataclass(frozen=True)
class Place:
    site: Site
    simulator: Simulator
    server: Server

    def register(self, server: Server) -> None:
        """Tell the brokers where their apps send people back to."""
        for broker, api_key in (("kite", APP["api_key"]), ("dhan", DHAN_APP["app_id"])):
            self.control(
                "apps",
                broker=broker,
                api_key=api_key,
                redirect_url=f"{server.url}/connect/{broker}/callback",
            )

    def control(self, what: str, **body: object) -> dict[str, str]:
        answer = httpx2.post(f"{self.simulator.url}/simulator/{what}", json=body, trust_env=False)
        answer.raise_for_status()
        told: dict[str, str] = answer.json()
        return told


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with site(tmp_path_factory.mktemp("connect"), TRADING_LOG_LEVEL="debug") as shared:
        simulator = shared.simulator()
        shared.env |= {f"TRADING_{b}_URL": simulator.url for b in ("GROWW", "DHAN")}
        found = Place(shared, simulator, shared.server())
        found.register(found.server)
        yield found


async def link_for(person: Person, broker: str) -> str:
    """What the person's client gives them to open."""
    told = await person.call("get_broker_login_instructions", broker=broker)
    return str(told.data["connectUrl"])


def at_kite(browser: Browser, link: str, user: str) -> Page:
    """From the link through Kite's page to the last page of ours."""
    browser.open(link)
    browser.log_in("kite", **APP)
    return browser.send(browser.page.forms[0], user_id=user)


async def confirm(person: Person, broker: str, page: Page, **more: object):
    return await person.try_to(
        "authenticate_broker", broker=broker, confirmation_code=page.code, **more
    )
