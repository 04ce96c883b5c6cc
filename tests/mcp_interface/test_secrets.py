"""Credentials and account names of brokers go into the vault, sealed, and nowhere else.

Each of these values is unlike anything else; afterwards every place where one could have been left
is searched, the databases' write-ahead logs and the server's debug log among them.
"""

import hashlib
from uuid import UUID

import httpx2
import pytest

from infrastructure.keystore.files import KeyFiles
from infrastructure.vault import SealedVault
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Answer, buy, connected
from tests.support.databases import disposing
from tests.support.servers import Site

pytestmark = pytest.mark.anyio

API_KEY, API_SECRET = "CanaryApiKey8c1f", "CanaryApiSecret8c1f"
WRONG = ["CanaryWrongSecret77aa", "CanaryWrongRequest77aa", "CanaryWrongAccess77aa"]
UNKNOWN = ["CanaryTotp33bb", "CanaryPassword33bb", "CanaryJwt33bb"]


class Searched:
    """What was given away, and what came back."""

    def __init__(self) -> None:
        self.secrets = {API_SECRET, *WRONG, *UNKNOWN}
        self.tokens: set[str] = set()
        self.answers: list[Answer] = []


@pytest.fixture(scope="module")
async def searched(market: Market) -> Searched:
    """Logins of every kind, good ones and bad ones, orders and a way out."""
    found, site, simulator = Searched(), market.site, market.simulator
    simulator.register_app(API_KEY, API_SECRET)
    for number, era in enumerate(ERAS):
        token = site.token(f"secretive-{era}")
        found.tokens.add(token)
        user = f"CANARY{number}"
        async with connected(market.server.url, token, era) as person:

            async def log_in(**given: str) -> Answer:
                answer = await person.try_to("authenticate_broker", broker="kite", **given)
                found.answers.append(answer)
                return answer

            login_url = f"{simulator.url}/connect/login?v=3&api_key={API_KEY}"
            await log_in(api_key=API_KEY, api_secret=WRONG[0], request_token=WRONG[1])
            await log_in(api_key=API_KEY, access_token=WRONG[2])
            await log_in(totp_secret=UNKNOWN[0], password=UNKNOWN[1], jwtToken=UNKNOWN[2])
            request_token = simulator.request_token(login_url, user)
            login = await log_in(
                api_key=API_KEY, api_secret=API_SECRET, request_token=request_token
            )
            kept = kept_in_the_vault(site, f"secretive-{era}", login.data["sessionId"])
            access_token = redeem(simulator.url, simulator.request_token(login_url, user))
            await log_in(api_key=API_KEY, access_token=access_token)
            found.secrets |= {user, request_token, kept["access_token"], access_token}
            order = buy(order_key="discreet")
            found.answers.append(await person.call("create_order", **order))
            for tool in ("get_orders", "get_portfolio", "list_brokers", "logout_broker"):
                found.answers.append(await person.call(tool))
    return found


def kept_in_the_vault(site: Site, name: str, session_id: str) -> dict[str, str]:
    """The login as the server itself would take it out again."""
    with disposing(site.database.control_engine()) as engine:
        vault = SealedVault(engine, KeyFiles(site.keys_dir))
        held = vault.get(site.principal(name), UUID(session_id), "kite", 1)
    assert held is not None
    return dict(held[1])


def redeem(simulator_url: str, request_token: str) -> str:
    """Somebody who already has an access token got it so."""
    checksum = hashlib.sha256((API_KEY + request_token + API_SECRET).encode()).hexdigest()
    form = {"api_key": API_KEY, "request_token": request_token, "checksum": checksum}
    answer = httpx2.post(f"{simulator_url}/session/token", data=form, trust_env=False)
    return str(answer.json()["data"]["access_token"])


def left_in(text: str, secrets: set[str]) -> list[str]:
    return [secret for secret in secrets if secret in text]


async def test_the_vault_did_hold_what_is_searched_for(searched):
    assert len(searched.secrets) == 1 + 3 + 3 + 2 * 4
    assert sum(not answer.refused for answer in searched.answers) == 2 * 7


async def test_no_answer_repeats_a_credential(searched):
    told = "".join(answer.raw for answer in searched.answers)

    assert left_in(told, searched.secrets | {API_KEY}) == []


async def test_no_file_of_the_data_directory_holds_a_credential(searched, market):
    files = [file for file in market.site.data_dir.rglob("*") if file.is_file()]

    names = {file.name for file in files}
    assert {"events.db", "events.db-wal", "views.db", "views.db-wal"} <= names
    for file in files:
        content = file.read_bytes().decode("latin-1")
        assert left_in(content, searched.secrets | searched.tokens | {API_KEY}) == [], file.name


async def test_no_key_file_holds_a_credential(searched, market):
    for file in market.site.keys_dir.iterdir():
        assert left_in(file.read_bytes().decode("latin-1"), searched.secrets) == [], file.name
        assert file.stat().st_mode & 0o077 == 0, file.name


async def test_no_log_holds_a_credential_a_token_or_a_whole_session_id(searched, market):
    logs = market.site.logs()

    sessions = {a.data["sessionId"] for a in searched.answers if not a.refused}
    assert '"level": "info"' in logs
    assert left_in(logs, searched.secrets | searched.tokens | sessions | {API_KEY}) == []


async def test_the_admin_api_shows_no_credential(searched, market):
    operator = market.site.token("operator", "admin")

    pages = [
        str(market.server.get(f"/admin/api/{path}", operator))
        for path in ("sessions?active=false&limit=500", "statistics")
    ]

    assert "secretive-auto" in pages[0]
    assert left_in("".join(pages), searched.secrets | searched.tokens | {API_KEY}) == []
