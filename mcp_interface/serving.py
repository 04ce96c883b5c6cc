"""Start a server: over HTTP for many people, or over stdio for one."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

import anyio
import structlog
import uvicorn

from application.sessions.enter_session import check_label
from infrastructure.identity import LOCAL_ISSUER, SCOPES, Identity
from infrastructure.settings import Settings
from mcp_interface import prompts, resources
from mcp_interface.app import AddressOfPages, App, Mcp
from mcp_interface.approve.routes import approval_routes
from mcp_interface.background import Background
from mcp_interface.caller import DEFAULT_LABEL, asking, callers
from mcp_interface.composition import Backend
from mcp_interface.connect.loopback import LoopbackPages
from mcp_interface.connect.routes import ConnectPages
from mcp_interface.databases import CannotStart
from mcp_interface.http import http_app
from mcp_interface.server import TradingServer
from mcp_interface.tools.activity import activity as activity_tools
from mcp_interface.tools.activity import oversight as oversight_tools
from mcp_interface.tools.analysis import analysis as analysis_tools
from mcp_interface.tools.analysis import comparison as comparison_tools
from mcp_interface.tools.classic import classic_analysis as classic_analysis_tools
from mcp_interface.tools.classic import classic_margins as classic_margin_tools
from mcp_interface.tools.classic import classic_orders as classic_order_tools
from mcp_interface.tools.market import instruments as instrument_tools
from mcp_interface.tools.market import market as market_tools
from mcp_interface.tools.market import status as status_tools
from mcp_interface.tools.orders import changes as change_tools
from mcp_interface.tools.orders import gtt as gtt_tools
from mcp_interface.tools.orders import offers as offer_tools
from mcp_interface.tools.orders import orders as order_tools
from mcp_interface.tools.orders import switch as switch_tools
from mcp_interface.tools.portfolio import account as account_tools
from mcp_interface.tools.portfolio import consolidated as consolidated_tools
from mcp_interface.tools.portfolio import portfolio as portfolio_tools
from mcp_interface.tools.session import login as login_tools
from mcp_interface.tools.session import session as session_tools
from mcp_interface.toolsets import Listing
from mcp_interface.work import Work

log = structlog.get_logger()

GRACE_SECONDS: Final = 30
"""How long a stopping server waits for calls in flight."""


def build(
    backend: Backend,
    fixed: Identity | None,
    label: str,
    address_of_pages: AddressOfPages | None = None,
) -> tuple[TradingServer, App]:
    """The MCP server over a backend. `fixed` is everybody's identity (stdio), or nobody's.

    `address_of_pages`: where browsers find the login pages, if not under the public address.
    """
    caller_of = callers(backend.ids, fixed, label)

    async def public_address(_: Mcp) -> str | None:
        return backend.settings.public_url

    app = App(backend, Work(), caller_of, address_of_pages or public_address)
    settings = backend.settings
    listing = Listing(toolsets=settings.toolsets, read_only=settings.read_only)
    server = TradingServer(caller_of, asking(fixed), backend.keys, app.login_link, listing)
    for tools in (
        session_tools,
        login_tools,
        order_tools,
        change_tools,
        switch_tools,
        portfolio_tools,
        consolidated_tools,
        offer_tools,
        instrument_tools,
        account_tools,
        market_tools,
        status_tools,
        analysis_tools,
        comparison_tools,
        gtt_tools,
        classic_analysis_tools,
        classic_order_tools,
        classic_margin_tools,
        activity_tools,
        oversight_tools,
    ):
        tools.register(server, app)
    prompts.register(server)
    resources.register(server, app)
    return server, app


def local_identity(backend: Backend) -> Identity:
    """The person at this machine: TRADING_USER, with every scope."""
    name = backend.settings.user
    principal = backend.identities.principal(LOCAL_ISSUER, name)
    return Identity(principal, LOCAL_ISSUER, name, frozenset(SCOPES))


def serve_http(
    settings: Settings,
    host: str,
    port: int,
    ready: Callable[[str], None],
    make_backend: Callable[[Settings], Backend] = Backend,
) -> None:
    """Serve until SIGTERM or SIGINT. `ready` is told the address once requests are answered.

    Raises:
        CannotStart: the address is taken or none of ours, or it is not local and nothing says
            which host names are ours.
    """
    if not _is_loopback(host) and not settings.hosts and not settings.public_url:
        raise CannotStart(
            f"{host} can be reached from other machines. Next: set TRADING_ALLOWED_HOSTS (or "
            "TRADING_PUBLIC_URL) to the names that clients will use, or bind 127.0.0.1."
        )
    _must_be_free(host, port)
    backend = make_backend(settings)
    server, app = build(backend, None, DEFAULT_LABEL, _as_it_was_asked(settings))
    config = uvicorn.Config(
        http_app(server, app, Background(backend)),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # uvicorn drains on these and then raises them again: all is done by then, a good end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    _Announcing(config, ready).run()


def _as_it_was_asked(settings: Settings) -> AddressOfPages:
    """The public address or, without one, the one that the call came to: the person's browser
    and client are on one machine."""

    async def address(mcp: Mcp) -> str | None:
        request = mcp.request_context.request
        return settings.public_url or (str(request.base_url) if request is not None else None)

    return address


def _must_be_free(host: str, port: int) -> None:
    """Ask before uvicorn does, whose exit code for it means something else here."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as e:
        raise CannotStart(
            f"{host}:{port} cannot be listened on ({e}). Next: stop what runs there, or choose "
            "another with --port or --host."
        ) from None


class _Announcing(uvicorn.Server):
    """Says when it listens, with the port that it really got."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._ready = ready

    def _log_started_message(self, listeners: object) -> None:
        for each in self.servers:
            for listening in each.sockets:
                host, port = listening.getsockname()[:2]
                self._ready(f"http://{host}:{port}")
                return


async def serve_stdio(settings: Settings, label: str) -> None:
    """Serve one client over stdin and stdout until it closes them, or until SIGTERM.

    Raises:
        InvalidArgument: the label cannot be one.
    """
    check_label(label)
    backend = Backend(settings)
    pages = LoopbackPages(settings.connect_port)
    server, app = build(backend, local_identity(backend), label, pages.address)
    connect = ConnectPages(backend.connecting, backend.clock, app.work, None)
    routes = [*connect.routes(), *approval_routes(backend, app.work, None)]
    background = Background(backend)
    try:
        async with background.running(app.work), anyio.create_task_group() as tasks:
            tasks.start_soon(pages.run, routes)
            tasks.start_soon(_leave_on_sigterm, background, app.work)
            await server.run_stdio_async()
            tasks.cancel_scope.cancel()
    except* BrokenPipeError:  # a client that was killed hears no answer; all else is done by now
        log.info("the client is gone")


async def _leave_on_sigterm(background: Background, work: Work) -> None:
    """Drain as over HTTP. A thread that waits for stdin can't be woken, so the process ends here,
    with everything done."""
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            await background.stop(work)
            os._exit(0)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
