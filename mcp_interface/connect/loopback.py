"""The same pages for a server over stdio: on this machine only, from the first link on."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio
import structlog
import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from mcp_interface.http import Doorkeeper

log = structlog.get_logger()

LOOPBACK: Final = "127.0.0.1"


class LoopbackPages:
    """Listens once somebody wants the address, and as long as `run` does.

    `port` is taken if it is free, because brokers send people back to an address that is
    registered with them; otherwise any other.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._wanted = anyio.Event()
        self._listening = anyio.Event()
        self._address = ""

    async def address(self, _: object = None) -> str:
        """`http://127.0.0.1:<port>`, once it listens there."""
        self._wanted.set()
        await self._listening.wait()
        return self._address

    async def run(self, routes: list[Route]) -> None:
        """Serve until cancelled."""
        await self._wanted.wait()
        with _listener(self._port) as listener:
            host = f"{LOOPBACK}:{listener.getsockname()[1]}"
            self._address = f"http://{host}"
            server = _Server(
                uvicorn.Config(
                    _app(routes, host),
                    log_config=None,
                    access_log=False,
                    ws="none",
                    lifespan="off",
                    server_header=False,
                    timeout_graceful_shutdown=1,
                )
            )
            self._listening.set()
            log.info("login pages", address=self._address)
            await server.serve(sockets=[listener])


def _app(routes: list[Route], host: str) -> Starlette:
    """Only for who asks for this very address: a name could be anybody's (DNS rebinding)."""
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[host],
        allowed_origins=[f"http://{host}"],
    )
    return Starlette(routes=routes, middleware=[Middleware(Doorkeeper, settings=security)])


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process has its own way to end."""
        yield


@contextmanager
def _listener(port: int) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((LOOPBACK, port), backlog=64)
    except OSError:
        listener = socket.create_server((LOOPBACK, 0), backlog=64)
    with listener:
        yield listener
