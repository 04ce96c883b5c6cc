"""The HTTP face: one MCP endpoint for both protocol eras, health, and the admin API.

Whoever asks for anything of a person's brings a bearer token; host and origin are checked on
every path, because a browser can be made to send requests to a server on its own machine.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

import structlog
from anyio import to_thread
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import StoreUnavailable
from infrastructure.identity import Identity, IdentityDirectory
from infrastructure.settings import Settings
from mcp_interface.admin_api import admin_routes
from mcp_interface.app import App
from mcp_interface.approve.routes import approval_routes
from mcp_interface.background import Background
from mcp_interface.connect.routes import ConnectPages
from mcp_interface.http_body import MAX_BODY_BYTES, TOO_LARGE, ReadableBodies
from mcp_interface.server import NAME, VERSION, TradingServer

log = structlog.get_logger()

PAGES: Final = ("/connect/", "/approve")
GUARDED: Final = ("/mcp", "/admin")
WHAT_TO_DO: Final = (
    "This needs a bearer token. Next: ask the operator for one (trading-server users add NAME "
    "--scope trade) and send it as 'Authorization: Bearer ts_...'."
)


def transport_security(settings: Settings) -> TransportSecuritySettings:
    """Loopback names, the public address, and what TRADING_ALLOWED_HOSTS adds; nothing else."""
    hosts = ["127.0.0.1", "localhost", "[::1]", *settings.hosts]
    origins = [f"http://{h}" for h in hosts] + [f"https://{h}" for h in settings.hosts]
    if settings.public_url:
        public = urlsplit(settings.public_url)
        hosts.append(public.netloc)
        origins.append(f"{public.scheme}://{public.netloc}")
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[*hosts, *(f"{h}:*" for h in hosts if ":" not in h or h == "[::1]")],
        allowed_origins=[*origins, *(f"{o}:*" for o in origins)],
    )


class BearerTokens:
    """Verifies the token before anything under the guarded paths is reached."""

    def __init__(self, app: ASGIApp, identities: IdentityDirectory) -> None:
        self._app = AuthContextMiddleware(app)
        self._identities = identities

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(GUARDED):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("authorization", "")
        kind, _, token = given.partition(" ")
        try:
            identity = (
                await to_thread.run_sync(self._identities.verify, token.strip())
                if kind.lower() == "bearer" and token.strip()
                else None
            )
        except StoreUnavailable as away:
            await _refusal(503, away.code, str(away))(scope, receive, send)
            return
        if identity is None:
            unknown = "That token is unknown, expired or revoked. " if token else ""
            answer = _refusal(401, "TOKEN_REQUIRED", unknown + WHAT_TO_DO)
            answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            await answer(scope, receive, send)
            return
        scope["user"] = AuthenticatedUser(_access(identity))
        await self._app(scope, receive, send)


def _access(identity: Identity) -> AccessToken:
    """What the SDK carries to the tools. The token itself is not in it."""
    return AccessToken(
        token="",
        client_id=identity.principal.hex,
        scopes=sorted(identity.scopes),
        subject=identity.subject,
        claims={"iss": identity.issuer, "who": identity},
    )


def _refusal(status: int, code: str, text: str) -> JSONResponse:
    return JSONResponse({"error": code, "message": text}, status_code=status)


def http_app(server: TradingServer, app: App, background: Background) -> Starlette:
    """The whole application; its lifespan starts and drains the background work."""
    backend, settings = app.backend, app.backend.settings
    security = transport_security(settings)
    server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        max_request_body_size=MAX_BODY_BYTES,
        transport_security=security,
    )
    started = monotonic()

    async def health(_: Request) -> JSONResponse:
        try:
            active = await app.work.run(backend.store.active_sessions)
        except StoreUnavailable:
            return JSONResponse(
                {"status": "unhealthy", "activeSessions": None, "uptime": monotonic() - started},
                status_code=503,
            )
        return JSONResponse(
            {"status": "healthy", "activeSessions": active, "uptime": monotonic() - started}
        )

    async def livez(_: Request) -> JSONResponse:
        return JSONResponse({"status": "alive", "server": NAME, "version": VERSION})

    async def readyz(_: Request) -> JSONResponse:
        checks = await to_thread.run_sync(background.checks)
        ready = all(check["ok"] for check in checks.values())
        return JSONResponse(
            {"status": "ready" if ready else "not ready", "checks": checks},
            status_code=200 if ready else 503,
        )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with server.session_manager.run(), background.running(app.work):
            yield

    return Starlette(
        routes=[
            Route("/mcp", StreamableHTTPASGIApp(server.session_manager)),
            Route("/health", health),
            Route("/livez", livez),
            Route("/readyz", readyz),
            *admin_routes(app),
            *ConnectPages(
                backend.connecting, backend.clock, app.work, settings.public_url
            ).routes(),
            *approval_routes(backend, app.work, settings.public_url),
        ],
        middleware=[
            Middleware(Doorkeeper, settings=security),
            Middleware(BearerTokens, identities=backend.identities),
            Middleware(ReadableBodies),
        ],
        lifespan=lifespan,
    )


class Doorkeeper:
    """Refuses, before anything is read, what was addressed to another name or comes from a web page
    of another origin (DNS rebinding), and bodies larger than any call of ours."""

    def __init__(self, app: ASGIApp, settings: TransportSecuritySettings) -> None:
        self._app = app
        self._hosts = frozenset(settings.allowed_hosts)
        self._origins = frozenset(settings.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_http = scope["type"] == "http"
        refusal = self._refusal(Headers(scope=scope), scope["path"]) if is_http else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, headers: Headers, path: str) -> JSONResponse | None:
        origin, length = headers.get("origin"), headers.get("content-length", "0")
        if origin == "null" and path.startswith(PAGES):
            origin = None  # a form of a page that says nobody where it is; it has a token instead
        if not _is_listed(headers.get("host", ""), self._hosts):
            text = "This server does not answer to that host name. Next: TRADING_ALLOWED_HOSTS."
            return _refusal(421, "WRONG_HOST", text)
        if origin and not _is_listed(origin, self._origins):
            text = "Web pages of that origin may not call. Next: TRADING_ALLOWED_HOSTS."
            return _refusal(403, "WRONG_ORIGIN", text)
        if length.isdecimal() and int(length) > MAX_BODY_BYTES:
            return _refusal(413, "BODY_TOO_LARGE", TOO_LARGE)
        return None


def _is_listed(given: str, allowed: frozenset[str]) -> bool:
    """Whether it is in the list as it is, or with any port."""
    return given in allowed or f"{given.rpartition(':')[0]}:*" in allowed
