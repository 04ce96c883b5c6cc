"""Who is let in over HTTP at all: tokens, scopes, host names, origins, sizes."""

from datetime import UTC, datetime, timedelta
from traceback import format_exception

import httpx2
import pytest

from tests.mcp_interface.people import ERAS, connected
from tests.support.servers import Plain, Server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

ONE_MEGABYTE = 1024 * 1024


def post(server: Server, token: str | None, body: bytes = b"{}", **headers: str) -> httpx2.Response:
    """A request to /mcp that no client of ours would send."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    kinds = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    return httpx2.post(
        f"{server.url}/mcp", content=body, headers=kinds | headers, timeout=20, trust_env=False
    )


def says(answer: httpx2.Response, status: int, code: str) -> None:
    """A code and a next step, as JSON, and nothing of what was sent."""
    assert answer.status_code == status
    told: Plain = answer.json()
    assert told["error"] == code
    assert "Next: " in told["message"]
    assert "ts_never" not in answer.text


def test_without_a_token_there_is_no_way_in(market):
    answer = post(market.server, None)

    says(answer, 401, "TOKEN_REQUIRED")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_nobody_gave_out_is_refused_without_repeating_it(market):
    before = market.server.log_head()

    says(post(market.server, "ts_never_made"), 401, "TOKEN_REQUIRED")
    says(post(market.server, None, Authorization="Basic ts_never"), 401, "TOKEN_REQUIRED")
    assert market.server.log_head() == before


def test_an_expired_token_is_refused(market):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    token = market.site.token("chitra", "trade", expires_at=yesterday)

    says(post(market.server, token), 401, "TOKEN_REQUIRED")


async def test_a_token_dies_the_moment_it_is_revoked(market):
    token = market.site.token("dev")
    async with connected(market.server.url, token) as dev:
        await dev.call("get_session_info")
    before = market.server.log_head()

    assert market.site.identities.revoke("dev") == 1

    says(post(market.server, token), 401, "TOKEN_REQUIRED")
    assert market.server.log_head() == before


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_with_a_dead_token_gets_no_connection(market, era):
    token = market.site.token(f"esha-{era}")
    market.site.identities.revoke(f"esha-{era}")

    with pytest.raises(ExceptionGroup) as refusal:
        async with connected(market.server.url, token, era) as esha:
            await esha.call("get_session_info")

    assert token not in "".join(format_exception(refusal.value))


@pytest.mark.parametrize("path", ["/admin/api/sessions", "/admin/api/statistics"])
def test_the_admin_api_is_for_operators_and_auditors(market, path):
    site, server = market.site, market.server

    assert server.get(path)[0] == 401
    assert server.get(path, "ts_never_made")[0] == 401
    for scope in ("read", "trade"):
        status, told = server.get(path, site.token("farid", scope))
        assert (status, told["error"]) == (403, "SCOPE_MISSING")
        assert "Next: " in told["message"]
    for scope in ("audit", "admin"):
        assert server.get(path, site.token("operator", scope))[0] == 200


def test_a_page_of_the_admin_api_has_bounds(market):
    token = market.site.token("operator", "audit")

    for query in ("limit=0", "limit=501", "limit=all", "offset=-1"):
        status, told = market.server.get(f"/admin/api/sessions?{query}", token)
        assert (status, told["error"]) == (400, "INVALID_ARGUMENT"), query


def test_a_body_that_no_call_needs_is_refused_unread(market):
    token = market.site.token("gauri")
    before = market.server.log_head()

    says(post(market.server, token, b"x" * (ONE_MEGABYTE + 1)), 413, "BODY_TOO_LARGE")

    pieces = (b"x" * 65_536 for _ in range(17))
    chunked = httpx2.post(
        f"{market.server.url}/mcp",
        content=pieces,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        trust_env=False,
    )
    says(chunked, 413, "BODY_TOO_LARGE")
    assert market.server.log_head() == before


@pytest.mark.parametrize(
    "body",
    [
        b'[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"api_secret":"CANARY"}}]',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":"CANARY"}',
        b'{"jsonrpc":"1.0","id":1,"method":"CANARY"}',
        b'{"jsonrpc":"2.0","id":1,"method":"CANARY"',
        b"[" * 100_000,
    ],
    ids=["a batch", "params that are a text", "another protocol", "half a message", "a well"],
)
def test_a_body_that_is_no_message_is_refused_and_not_repeated(market, body):
    answer = post(market.server, market.site.token("hari", "trade"), body)

    assert answer.status_code == 400
    assert "INVALID_REQUEST" in answer.text
    assert "Next:" in answer.text
    assert "CANARY" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_a_name_that_is_not_ours_gets_no_answer(market, host):
    token = market.site.token("hari", "admin", "trade")

    says(post(market.server, token, Host=host), 421, "WRONG_HOST")
    for path in ("/health", "/livez", "/readyz", "/admin/api/sessions"):
        assert market.server.get(path, token, Host=host)[0] == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://localhost.evil.example", "null", "file://"]
)
def test_web_pages_of_other_origins_get_no_answer(market, origin):
    token = market.site.token("isha", "admin", "trade")

    says(post(market.server, token, Origin=origin), 403, "WRONG_ORIGIN")
    assert market.server.get("/admin/api/sessions", token, Origin=origin)[0] == 403


def test_a_page_of_this_machine_may_ask(market):
    for origin in ("http://localhost:6274", "http://127.0.0.1"):
        assert market.server.get("/health", Origin=origin)[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"jsonrpc": "2.0"}'])
def test_what_is_no_request_is_refused_without_a_trace(market, body):
    token = market.site.token("jatin")
    before = market.server.log_head()

    answer = post(market.server, token, body)

    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert market.server.log_head() == before


def test_health_needs_no_token_and_tells_nothing_of_people(market):
    status, told = market.server.get("/health")

    assert (status, told["status"]) == (200, "healthy")
    assert set(told) == {"status", "activeSessions", "uptime"}
    assert market.server.get("/livez")[1]["status"] == "alive"
    wait_until(lambda: market.server.get("/readyz")[1]["status"] == "ready", "readiness")


def test_a_server_that_others_can_reach_needs_to_know_its_names(market):
    refused = market.site.run("serve", "--host", "0.0.0.0", "--port", "0", "--json")

    assert refused.returncode == 2
    assert "TRADING_ALLOWED_HOSTS" in refused.stdout
